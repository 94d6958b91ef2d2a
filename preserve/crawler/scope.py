"""Which addresses belong to a collection, and which are traps."""

import re
from collections import Counter
from collections.abc import Sequence

from preserve.crawler.outcomes import OUT_OF_SCOPE, TOO_DEEP, TOO_LONG, TRAP_CALENDAR, TRAP_REPEAT
from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.urls import canonical
from preserve.limits import DEFAULT_LIMITS
from preserve.replay.address_patterns import AddressPatterns

_MAX_REPEATS = 3
_LONG_PATH = 10
_YEAR_OF_CALENDAR = lazy_re(
    r"\byear[=/]([0-9]{4})(?![0-9])|\b(?:calendar|cal|month|week|day|date)[=/]([0-9]{4})[-/](?:0[1-9]|1[0-2])(?![0-9])",
    re.IGNORECASE,
)
"""A year that is said to be one: a number elsewhere in an address may be anything."""
_REQUISITE = "requisite"
HELD = "held"
"""How an address came to be asked for that nothing led to: it is held."""


class Scope:
    """Beginnings of addresses and, marked ``re:``, regular expressions that must match from their beginning.

    ``requisites`` is ``none``, ``scope`` or ``all``; ``this_year`` is what calendars are held against.
    """

    def __init__(
        self,
        *,
        include: Sequence[str],
        exclude: Sequence[str],
        max_depth: int,
        requisites: str,
        this_year: int,
        traps: bool = True,
    ) -> None:
        self._include = AddressPatterns(include)
        self._exclude = AddressPatterns(exclude)
        self._max_depth = max_depth
        self._requisites = requisites
        self._last_year = this_year + 2
        self._traps = traps

    def refusal(self, url: str, *, depth: int, hop: str) -> str | None:
        """Why an address is not of the collection, from a closed list; None where it is.

        A seed, and what a seed redirects to, is of the collection unless it is excluded. What a page is made of has the
        depth of its page, and with ``requisites: all`` it may lie anywhere. What is held is judged as if it were
        found now, but is never a trap.
        """
        if len(url) > DEFAULT_LIMITS.max_url_chars:
            return TOO_LONG
        try:
            key = canonical(url)
        except FormatError:
            return OUT_OF_SCOPE
        if self._exclude.match(url, key):
            return OUT_OF_SCOPE
        if hop.startswith("seed"):
            return None
        requisite = hop.startswith(_REQUISITE)
        if not self._include.match(url, key) and not (requisite and self._requisites == "all"):
            return OUT_OF_SCOPE
        if depth > self._max_depth and not requisite:
            return TOO_DEEP
        # A page that came whole is no trap.
        return self._trap(url) if self._traps and hop != HELD else None

    def _trap(self, url: str) -> str | None:
        start = url.find("/", 8)
        rest = url[start:] if start > 0 else ""
        path, _mark, query = rest.partition("?")
        # Where a part stands more than three times, there are more than three.
        if path.count("/") > _MAX_REPEATS and _repeats(_words(path), long=_LONG_PATH):
            return TRAP_REPEAT
        if query.count("&") >= _MAX_REPEATS and _repeats(_arguments(query), long=None):
            return TRAP_REPEAT
        # Calendars go on for ever into the future; what they say of the past may have happened.
        years = (match[1] or match[2] for match in _YEAR_OF_CALENDAR.finditer(rest))
        return TRAP_CALENDAR if any(int(year) > self._last_year for year in years) else None


def _words(path: str) -> list[str]:
    """The folders of a path but those that are numbers: archives are filed in such (``/0/0/0/0/12.html``)."""
    return [part for part in path.split("/") if not part.isdecimal()]


def _arguments(query: str) -> list[str]:
    """The arguments of a query but those without a value: forms send what was not filled in."""
    return [one for one in query.split("&") if not one.endswith("=")]


def _repeats(parts: list[str], *, long: int | None) -> bool:
    """True where a part stands more than three times; in a list of ``long`` parts, where two stand three times."""
    if len(parts) - len(set(parts)) < _MAX_REPEATS:
        # Too few are there twice: so it is with nearly all addresses.
        return False
    counts = Counter(part for part in parts if part)
    often = sum(1 for count in counts.values() if count >= _MAX_REPEATS)
    is_long = long is not None and counts.total() >= long
    return max(counts.values(), default=0) > _MAX_REPEATS or (often > 1 and is_long)
