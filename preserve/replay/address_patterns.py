"""Beginnings of addresses and expressions, as scopes and mutes name them."""

from collections.abc import Sequence

from preserve.config.collection import REGEX_MARK
from preserve.config.patterns import linear
from preserve.formats.urls import canonical


class AddressPatterns:
    """Beginnings of addresses, compared in canonical form, and expressions, held against addresses as they stand."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._prefixes = tuple(_beginning(entry) for entry in entries if not entry.startswith(REGEX_MARK))
        self._regexes = [linear(e.removeprefix(REGEX_MARK)) for e in entries if e.startswith(REGEX_MARK)]

    def match(self, url: str, key: str) -> bool:
        """True where an address, whose canonical form is ``key``, is one of these."""
        return key.startswith(self._prefixes) or any(regex.match(url) is not None for regex in self._regexes)


def _beginning(entry: str) -> str:
    """A beginning of addresses in canonical form, which has no empty query but where one begins."""
    return canonical(entry) + ("?" if entry.endswith("?") else "")
