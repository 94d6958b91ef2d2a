"""Which addresses belong to a collection."""

import re
from collections.abc import Sequence

from preserve.config.collection import REGEX_MARK
from preserve.limits import DEFAULT_LIMITS

OUT_OF_SCOPE = "out-of-scope"
TOO_DEEP = "too-deep"
TOO_LONG = "url-too-long"
SCOPE_REASONS = frozenset({OUT_OF_SCOPE, TOO_DEEP, TOO_LONG})


class Scope:
    """Prefixes of addresses and, marked ``re:``, regular expressions that must match from their beginning."""

    def __init__(self, *, include: Sequence[str], exclude: Sequence[str], max_depth: int) -> None:
        self._include = _Patterns(include)
        self._exclude = _Patterns(exclude)
        self._max_depth = max_depth

    def refusal(self, url: str, *, depth: int, hop: str) -> str | None:
        """Why an address is not of the collection, from a closed list; None where it is.

        A seed, and what a seed redirects to, is of the collection unless it is excluded.
        """
        if len(url) > DEFAULT_LIMITS.max_url_chars:
            return TOO_LONG
        if self._exclude.match(url):
            return OUT_OF_SCOPE
        if hop.startswith("seed"):
            return None
        if not self._include.match(url):
            return OUT_OF_SCOPE
        return TOO_DEEP if depth > self._max_depth else None


class _Patterns:
    def __init__(self, entries: Sequence[str]) -> None:
        self._prefixes = tuple(entry for entry in entries if not entry.startswith(REGEX_MARK))
        self._regexes = [re.compile(e.removeprefix(REGEX_MARK)) for e in entries if e.startswith(REGEX_MARK)]

    def match(self, url: str) -> bool:
        return url.startswith(self._prefixes) or any(regex.match(url) for regex in self._regexes)
