"""Which cables an entry of a REF list cites: ``05 PARIS 5459``, ``AMMAN 07718 99``, ``BRASILIA 2799 AND 2764``.

An entry names a station and one number or several, which share it. The year stands before the station or behind the
number, in two digits or four; where it stands nowhere it is taken to be that of the citing cable, and said to be
assumed. Numbers have any width. Much that is listed is no cable (an e-mail, a newspaper, a telephone call, another
service's report): words that say so make the whole entry none.
"""

import re
from dataclasses import dataclass
from typing import Final

from preserve.cables.identity import canonical_id
from preserve.expressions import lazy_re

_NO_CABLE: Final = lazy_re(
    r"\b(?:e-?mail(?:s|ed)?|fbis|osc|iir|tdx?|telcons?|phone|fax(?:ed)?|letter|memo|memcon|dip ?note|notes?|article|"
    r"reports?|press|treaty|convention|agreement|resolution|unscr|www|http|septels?|reftels?|conversation|meeting|"
    r"daily|usda|public law|section|decree|cfr|fam|title|appendix|rights|poloff|econoff|polcouns|econcouns)\b|@|://",
    re.IGNORECASE,
)
_NAME: Final = r"[A-Z][A-Z'\u2019.-]{0,20}"
_NUMBER: Final = r"(?P<number>\d{1,8})(?!\d|:|\.\d|/\d{1,2}/)"
_ENTRY: Final = lazy_re(
    rf"(?:(?P<before>(?:19|20)?\d{{2}}) {{1,2}})?(?P<station>{_NAME}(?: {_NAME}){{0,4}}?),? {{1,3}}#?{_NUMBER}",
    re.IGNORECASE | re.ASCII,
)
_MORE: Final = lazy_re(
    rf"(?:\s*,\s*(?:and\s+|&\s*)?|\s+and\s+|\s*&\s*|\s*;\s*|/(?=\d{{3}})){_NUMBER}(?! ?[A-Z]{{4}})",
    re.IGNORECASE | re.ASCII,
)
_BEHIND: Final = lazy_re(
    r"(?:\s*,?\s+|\s*\(|[-/](?=\d\d(?!\d)))(?P<year>(?:19|20)\d{2}|\d{2})\b(?![/:.-]\d|\d)", re.ASCII
)
_MONTHS: Final = frozenset(
    [
        "JAN",
        "FEB",
        "MAR",
        "APR",
        "MAY",
        "JUN",
        "JUL",
        "AUG",
        "SEP",
        "SEPT",
        "OCT",
        "NOV",
        "DEC",
        "JANUARY",
        "FEBRUARY",
        "MARCH",
        "APRIL",
        "JUNE",
        "JULY",
        "AUGUST",
        "SEPTEMBER",
        "OCTOBER",
        "NOVEMBER",
        "DECEMBER",
    ]
)
_SHORTENED: Final = {
    "SECSTATE": "STATE",
    "STATEDEPT": "STATE",
    "DEPT": "STATE",
    "DEPARTMENT": "STATE",
    "USUN": "USUNNEWYORK",
    "UNVIE": "UNVIEVIENNA",
    "HAGUE": "THEHAGUE",
    "HCMC": "HOCHIMINHCITY",
    "HOCHIMINH": "HOCHIMINHCITY",
    "HK": "HONGKONG",
    "RIO": "RIODEJANEIRO",
    "RIODEJAN": "RIODEJANEIRO",
    "ADDIS": "ADDISABABA",
}
_PREFIX: Final = lazy_re(r"^(?:(?:AND|SEE|ALSO|REF|CABLE|AMEMBASSY|AMCONSUL|EMBASSY|[A-Z][.)]) (?=\S))+", re.IGNORECASE)
_LONGEST_ENTRY: Final = 500
_MOST_NUMBERS: Final = 50
_FIRST_YEAR: Final = 66


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A cable that an entry cites: its canonical id, where the entry says so, and whether its year is only assumed."""

    id: str
    start: int
    end: int
    year_is_assumed: bool


def cited_ids(entry: str, citing_id: str | None) -> tuple[Cited, ...]:
    """The cables that an entry cites, in order. Never fails; time is linear in the entry's length.

    ``entry`` is one entry without its enumerator, on one line; ``citing_id`` the canonical id of the citing cable,
    whose year is taken where the entry has none. Without either the entry gives nothing.
    """
    entry = entry[:_LONGEST_ENTRY]
    if _NO_CABLE.search(entry):
        return ()
    found: list[Cited] = []
    position = 0
    while len(found) < _MOST_NUMBERS and (match := _ENTRY.search(entry, position)) is not None:
        cables, position = _cables(entry, match, citing_id)
        found += cables
    return tuple(found)


def _cables(entry: str, match: re.Match[str], citing_id: str | None) -> tuple[list[Cited], int]:
    """The cables that begin with one match, and where the search goes on."""
    station = _station(match["station"])
    if station is None:
        return [], match.start("number")
    spans = [(match.start(), match.end(), match["number"])]
    position = match.end()
    year = match["before"]
    if year is None:
        year, position = _year_behind(entry, position)
    while len(spans) < _MOST_NUMBERS and (more := _MORE.match(entry, position)) is not None:
        if year is None and len(more["number"]) == 2 and len(spans[-1][2]) > 2:  # noqa: PLR2004 - a year has two digits
            break
        spans.append((more.start("number"), more.end(), more["number"]))
        position = more.end()
    if year is None:
        year, position = _year_behind(entry, position)
    assumed = year is None
    short = (citing_id or "")[:2] if year is None else year[-2:]
    ids = ((start, end, canonical_id(f"{short}{station}{int(number)}")) for start, end, number in spans if int(number))
    return [
        Cited(id=said, start=start, end=end, year_is_assumed=assumed) for start, end, said in ids if said is not None
    ], position


def _year_behind(entry: str, position: int) -> tuple[str | None, int]:
    """A year that stands behind a number, and where the entry goes on; a small number is no year."""
    match = _BEHIND.match(entry, position)
    if match is None:
        return None, position
    year = match["year"]
    is_year = len(year) == 4 or int(year) >= _FIRST_YEAR or year.startswith("0") or year == "10"  # noqa: PLR2004
    return (year, match.end()) if is_year else (None, position)


def _station(said: str) -> str | None:
    """The station of an entry as it stands in ids; None for what cannot be one."""
    words = _PREFIX.sub("", said.upper().strip())
    if words in _MONTHS or words.split(" ")[-1] in _MONTHS:
        return None
    letters = "".join(character for character in words if "A" <= character <= "Z")
    return _SHORTENED.get(letters, letters) if 4 <= len(letters) <= 17 else _SHORTENED.get(letters)  # noqa: PLR2004
