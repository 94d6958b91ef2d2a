"""Which pages raise no alarm: those that the collection's file names, and those that somebody stated."""

from collections.abc import Sequence

from preserve.errors import FormatError
from preserve.formats.urls import canonical
from preserve.provenance.judgements import Judgements
from preserve.replay.address_patterns import AddressPatterns


class Muting:
    """Pages are looked at and recorded whether they are muted or not."""

    def __init__(self, patterns: Sequence[str], judgements: Judgements) -> None:
        """``patterns``: ``mute`` in the collection's file."""
        self._patterns = AddressPatterns(patterns) if patterns else None
        self._stated = judgements.muted

    def __bool__(self) -> bool:
        return self._patterns is not None or bool(self._stated)

    def holds(self, url: str) -> bool:
        """Whether an address is muted."""
        if not self:
            return False
        try:
            key = canonical(url)
        except FormatError:
            return False
        return key in self._stated or (self._patterns is not None and self._patterns.match(url, key))
