"""Which addresses belong to a collection, and which are traps."""

import re
from collections import Counter
from collections.abc import Sequence

from preserve.config.collection import REGEX_MARK
from preserve.crawler.outcomes import OUT_OF_SCOPE, TOO_DEEP, TOO_LONG, TRAP_CALENDAR, TRAP_REPEAT
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS

_MAX_REPEATS = 3
_LONG_PATH = 10
_CALENDAR = lazy_re(r"\b(?:calendar|cal|month|year|week|day|date)\b", re.IGNORECASE)
_YEAR = lazy_re(r"(?<!\d)([12]\d{3})(?:[-/]?(?:0[1-9]|1[0-2]))?(?!\d)")
_FIRST_YEAR = 1900
_REQUISITE = "requisite"


class Scope:
    """Prefixes of addresses and, marked ``re:``, regular expressions that must match from their beginning.

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
        self._include = _Patterns(include)
        self._exclude = _Patterns(exclude)
        self._max_depth = max_depth
        self._requisites = requisites
        self._last_year = this_year + 2
        self._traps = traps

    def refusal(self, url: str, *, depth: int, hop: str) -> str | None:
        """Why an address is not of the collection, from a closed list; None where it is.

        A seed, and what a seed redirects to, is of the collection unless it is excluded. What a page is made of has the
        depth of its page, and with ``requisites: all`` it may lie anywhere.
        """
        if len(url) > DEFAULT_LIMITS.max_url_chars:
            return TOO_LONG
        if self._exclude.match(url):
            return OUT_OF_SCOPE
        if hop.startswith("seed"):
            return None
        requisite = hop.startswith(_REQUISITE)
        if not self._include.match(url) and not (requisite and self._requisites == "all"):
            return OUT_OF_SCOPE
        if depth > self._max_depth and not requisite:
            return TOO_DEEP
        return self._trap(url) if self._traps else None

    def _trap(self, url: str) -> str | None:
        start = url.find("/", 8)
        rest = url[start:] if start > 0 else ""
        path, _mark, query = rest.partition("?")
        if _repeats(path.split("/"), long=_LONG_PATH) or _repeats(query.split("&"), long=None):
            return TRAP_REPEAT
        years = _YEAR.findall(rest)
        if any(not _FIRST_YEAR <= int(year) <= self._last_year for year in years) and _CALENDAR.search(rest):
            return TRAP_CALENDAR
        return None


def _repeats(parts: list[str], *, long: int | None) -> bool:
    """True where a part stands more than three times; in a list of ``long`` parts, where two stand three times."""
    if len(parts) - len(set(parts)) < _MAX_REPEATS:
        # Too few are there twice: so it is with nearly all addresses.
        return False
    counts = Counter(part for part in parts if part)
    often = sum(1 for count in counts.values() if count >= _MAX_REPEATS)
    is_long = long is not None and counts.total() >= long
    return max(counts.values(), default=0) > _MAX_REPEATS or (often > 1 and is_long)


class _Patterns:
    def __init__(self, entries: Sequence[str]) -> None:
        self._prefixes = tuple(entry for entry in entries if not entry.startswith(REGEX_MARK))
        self._regexes = [re.compile(e.removeprefix(REGEX_MARK)) for e in entries if e.startswith(REGEX_MARK)]

    def match(self, url: str) -> bool:
        if url.startswith(self._prefixes):
            return True
        return any(regex.match(url) for regex in self._regexes)
