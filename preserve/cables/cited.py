"""Which cables an entry of a REF list cites: ``05 PARIS 5459``, ``AMMAN 07718 99``, ``BRASILIA 2799 AND 2764``.

An entry names a station and one number or several, which share it. The year stands before the station or behind the
number, in two digits or four; where it stands nowhere it is taken to be that of the citing cable, and said to be
assumed. Numbers have any width. Much that is listed is no cable (an e-mail, a newspaper, a telephone call, another
service's report): words that say so make the whole entry none.

A classification may stand between station and number (``KUWAIT (C) 02293``), and the letter O for a zero. A number
before its station (``377 KATHMANDU``) or beside it without a blank (``HK05511``) is read only with a known station.
"""

import re
from dataclasses import dataclass
from typing import Final

from preserve.cables.identity import canonical_id
from preserve.cables.stations import STATIONS
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
    rf"(?:(?<!\d)(?P<before>(?:19|20)?\d{{2}}) {{0,2}})?"
    rf"(?P<station>{_NAME}(?: {_NAME}){{0,4}}?)(?:,? {{1,24}}#?|(?<=[A-Z]{{2}})){_NUMBER}",
    re.IGNORECASE | re.ASCII,
)
_NUMBER_FIRST: Final = lazy_re(
    rf"(?<![\w.,/:#-])(?:(?P<before>\d{{2}}) {{1,2}})?(?P<number>(?!(?:19|20)\d\d )\d{{3,8}}) {{1,2}}"
    rf"(?P<station>{_NAME}(?: {_NAME}){{0,3}}?)(?= *(?:$|[,;.()])| AND\b| \d\d(?!\d))",
    re.IGNORECASE | re.ASCII,
)
_MARK: Final = lazy_re(
    r"(?<=[A-Z])(?: ?\((?:U|SBU|LOU|FOUO|C|S|TS)(?:/{1,2}[A-Z]{2,6})?\)|"
    r" (?:UNCLAS(?:SIFIED)?|CONFIDENTIAL|SECRET)(?= ))"
    r"(?= {0,3}[O\d]{2,8}(?![A-Z]))",
    re.IGNORECASE,
)
_LETTER_O: Final = lazy_re(r"(?<![A-Za-z0-9])(?=O{0,8}\d)[O\d]{2,8}(?![A-Za-z0-9])")
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
    entry = _LETTER_O.sub(lambda number: number[0].replace("O", "0"), entry)
    entry = _MARK.sub(lambda mark: " " * len(mark[0]), entry)
    found: list[Cited] = []
    position = 0
    while len(found) < _MOST_NUMBERS:
        match, number_first = _ENTRY.search(entry, position), _NUMBER_FIRST.search(entry, position)
        if (
            number_first is not None
            and (match is None or number_first.start() <= match.start())
            and _station(number_first["station"]) in STATIONS
        ):
            cable, position = _behind_its_number(entry, number_first, citing_id)
            found += cable
            continue
        if match is None:
            break
        cables, position = _cables(entry, match, citing_id)
        found += cables
    return tuple(found)


def _cables(entry: str, match: re.Match[str], citing_id: str | None) -> tuple[list[Cited], int]:
    """The cables that begin with one match, and where the search goes on."""
    station = _station(match["station"])
    glued = match.end("station") == match.start("number") or match.start("station") == match.end("before")
    if station is None or (glued and station not in STATIONS):
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


def _behind_its_number(entry: str, match: re.Match[str], citing_id: str | None) -> tuple[list[Cited], int]:
    """The cable of a known station whose number stands before it, and where the search goes on."""
    year, position = match["before"], match.end()
    if year is None:
        year, position = _year_behind(entry, position)
    short = (citing_id or "")[:2] if year is None else year[-2:]
    said = canonical_id(f"{short}{_station(match['station'])}{int(match['number'])}")
    if said is None or not int(match["number"]):
        return [], position
    return [Cited(id=said, start=match.start(), end=match.end(), year_is_assumed=year is None)], position


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
