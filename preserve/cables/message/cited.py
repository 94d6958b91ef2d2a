"""Which cables the entries of a REF list cite: ``05 PARIS 5459``, ``AMMAN 07718 99``, ``BRASILIA 2799 AND 2764``.

An entry names a station and one number or several, which share it. The year stands before the station, between it and
the number in brackets, or behind the number, in two, three or four digits; where it stands nowhere it is taken to be
that of the citing cable, and said to be assumed. Numbers have any width. An entry without a station has that of the
entry before it, and the first one that of the citing cable where others follow it.

Stations are read by `preserve.cables.posts`, and a reading names its rules. A name that the table does not have is
read as it is printed, and only where the piece of the entry holds nothing else. Much that is listed is no cable (an
e-mail, a newspaper, a date-time group, another service's report): a word that says so voids the piece that it stands
in. What stands in brackets is no citation, unless there is nothing else. A cable never cites itself: that is its page
line or its own number.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from preserve.cables.identity import canonical_id
from preserve.cables.likeness import one_letter_apart
from preserve.cables.posts import PostRule, letters_of, read_post
from preserve.expressions import lazy_re

CitedRule = (
    PostRule
    | Literal[
        "not in the table",
        "station of the number before",
        "station of the entry before",
        "station of the citing cable",
        "number before the station",
        "letter O for zero",
        "year of the citing cable",
        "year of three digits",
    ]
)
_IN_DOUBT: Final = frozenset(
    {
        "not in the table",
        "station of the entry before",
        "station of the citing cable",
        "year of three digits",
    }
)
"""Rules that leave a doubt, beside those of `preserve.cables.posts`; a year that is assumed is told by itself."""

_NO_CABLE: Final = lazy_re(
    r"\b(?:e-?mail(?:s|ed)?|fbis|osc|iir|tdx?|telcons?|phone|fax(?:ed)?|letters?|memo(?:s|randum)?|memcon|dip ?note|"
    r"notes?|articles?|reports?|press|treaty|convention|agreement|resolution|unscr|www|http|septels?|reftels?|"
    r"conversations?|meetings?|daily|public law|section|decree|cfr|fam|title|appendix|rights|poloff|econoff|polcouns|"
    r"econcouns|dtg|msgs?|poc|points|chapter|lic|visas?|passports?|sitrep|spot ?report|"
    r"sipdis|dated|edition|issue|book|reuters|\d{6}z)\b|@|://|\b[a-z]?\d{6}z\b",
    re.IGNORECASE,
)
_SEPARATOR: Final = lazy_re(r"[;,]|&|(?<![A-Z0-9])AND(?![A-Z0-9])", re.IGNORECASE)
_BRACKETS: Final = lazy_re(r"\(([^()]{0,200})\)")
_YEAR: Final = r"(?:19|20)\d{2}|\d{2}"
_KEPT_BRACKET: Final = lazy_re(rf"\s*'?(?:{_YEAR})\s*")
_WORD: Final = r"[A-Z](?:[A-Z'\u2019.-]|0(?=[A-Z])){0,20}"
_END: Final = r"(?![\dA-Z]|:\d|\.\d|/\d{1,2}/)"
_CITATION: Final = lazy_re(
    rf"(?:(?<![\w/.:-])'?(?P<before>(?:19|20)?\d{{2}}|0\d{{2}})[ /-]{{0,3}}|(?<![A-Z0-9]))"
    rf"(?P<name>{_WORD}(?: {{1,3}}{_WORD}){{0,5}}?)(?: ?\(\s*'?(?P<inside>{_YEAR})\s*\))?"
    rf"(?P<gap>[ :-]{{0,24}}(?:#|NO\. ?)?)(?P<number>\d{{1,8}}){_END}",
    re.IGNORECASE | re.ASCII,
)
_PLAIN: Final = lazy_re(r"(?:(?P<before>\d\d) )?(?P<name>[A-Z][A-Z ]{2,30}) (?P<number>\d{2,7})")
"""A station in capitals and its number, and nothing else but a year."""
_NUMBERS: Final = lazy_re(rf"[ #]*(?P<number>\d{{1,8}}){_END}", re.ASCII)
_NUMBER_FIRST: Final = lazy_re(
    rf"\s*(?:(?P<before>\d{{2}}) {{1,2}})?(?P<number>(?!(?:19|20)\d\d )\d{{3,8}}) {{1,2}}"
    rf"(?P<name>{_WORD}(?: {_WORD}){{0,4}}?)"
    rf"(?: {{1,2}}(?P<behind>{_YEAR}))?[\s.]*$",
    re.IGNORECASE | re.ASCII,
)
_SLASHED: Final = lazy_re(rf"/(?P<number>\d{{3,8}}){_END}", re.ASCII)
_BEHIND: Final = lazy_re(
    rf"(?:\s{{1,3}}'?|,\s{{1,2}}(?=(?:19|20)\d\d[\s.)]*$)|\s*\(\s*'?|[-/](?=\d\d(?!\d)))(?P<year>{_YEAR})(?![\w/:.-]?\d|[A-Z])"
    rf"(?! {{1,3}}{_WORD}(?: {_WORD}){{0,3}} {{1,3}}\d)",
    re.IGNORECASE | re.ASCII,
)
_MARK: Final = lazy_re(
    r"\((?:U|SBU|LOU|FOUO|C|S|TS)(?:/{1,2}[A-Z]{2,6})?\)|"
    r"(?<=[A-Z]) (?:UNCLAS(?:S|SIFIED)?|CONFIDENTIAL|SECRET)(?= {0,3}[O\d]{2,8}(?![A-Z]))",
    re.IGNORECASE,
)
_LETTER_O: Final = lazy_re(r"(?<![A-Za-z0-9])(?=O{0,8}\d)[O\d]{2,8}(?![A-Za-z0-9])")
_LEAD: Final = lazy_re(
    r"\s*(?:(?:SEE|ALSO|AND|CF\.?|REFS?:?(?: [A-Z](?=[ .:)]))?[.:)]?|REFERENCES?:?|REFTELS?:?|CABLES?|TELEGRAMS?|"
    r"UNCLAS(?:S|SIFIED)?|CONFIDENTIAL|SECRET|[A-Z][.:)\]]|[A-Z](?=\s+\d))\s+|[A-Z][)\]](?=[A-Z]{3}))+",
    re.IGNORECASE,
)
_TRAIL: Final = lazy_re(r"(?:\s+(?:CABLES?|TELEGRAMS?|TELS?\.?|NUMBERS?|NOS?\.?|AND|[-,]))+$", re.IGNORECASE)
_NOTHING_ELSE: Final = lazy_re(
    r"[\s.,:#)(\]\[-]*(?:(?:PREVIOUS|NOTAL|ALL|ET AL|ET SEQ|SERIES|EXDIS|NODIS|NOFORN|CIRCULAR|EARLIER|OTHERS?|"
    r"SEE|ALSO)[\s.,]*)*",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    """
JAN FEB MAR APR MAY JUN JUL AUG SEP SEPT OCT NOV DEC JANUARY FEBRUARY MARCH APRIL JUNE JULY AUGUST SEPTEMBER OCTOBER
NOVEMBER DECEMBER OF FROM TO ON AT IN BY FOR WITH THRU THROUGH NUMBER PART VOL VOLUME ANNEX ROUND VERSION SUMMIT EO E.O
LAW ACT BILL CASE FILE TEL TELEPHONE ROOM BOX PARA PARAS PARAGRAPH PARAGRAPHS PAGE PAGES PARTS
""".split()  # noqa: SIM905 - a list that can be read
)
"""Words that stand before numbers in lists and are in no name of a post."""
_LONGEST_ENTRY: Final = 500
_MOST_NUMBERS: Final = 50
_MOST_ENTRIES: Final = 200
_FIRST_YEAR: Final = 66
_SHORTEST_LONE: Final = 3
"""Digits of a number that stands for a cable without a station beside it."""


class Cited(Struct, frozen=True, kw_only=True):
    """A cable that an entry cites: its canonical id, and ``[start, end)`` of the entry that says so.

    ``rules`` made the reading, that of the station first. ``certain`` is False where one of them leaves a doubt;
    whether the year is only assumed is told apart from that.
    """

    id: str
    start: int
    end: int
    year_is_assumed: bool
    rules: tuple[CitedRule, ...]
    certain: bool


class _Station(Struct, frozen=True):
    name: str
    rules: tuple[CitedRule, ...]
    certain: bool


class _Reader(Struct):
    """Reads one entry, piece by piece. ``station`` is that of the number before, ``year`` the one printed with it."""

    entry: str
    text: str
    citing: str | None
    found: list[Cited]
    station: _Station | None = None
    year: str | None = None
    done: int = 0
    """Where the reading of the next piece begins at the earliest."""

    def add(self, station: _Station, number: str, year: str | None, span: tuple[int, int], *more: CitedRule) -> None:
        assumed = year is None
        short = (self.citing or "")[:2] if year is None else year[-2:]
        value = int(number)
        said = canonical_id(f"{short}{station.name}{value}") if value and short else None
        if said is None or said == self.citing or len(self.found) >= _MOST_NUMBERS:
            return
        rules: list[CitedRule] = [*station.rules, *more]
        if "O" in self.entry[span[0] : span[1]].upper() and _differs(self.entry, self.text, span):
            rules.append("letter O for zero")
        if year is not None and len(year) == 3:  # noqa: PLR2004 - digits of a year
            rules.append("year of three digits")
        if assumed:
            rules.append("year of the citing cable")
        certain = station.certain and not _IN_DOUBT.intersection(rules)
        self.found.append(
            Cited(id=said, start=span[0], end=span[1], year_is_assumed=assumed, rules=tuple(rules), certain=certain)
        )


def cited_cables(entries: Sequence[str], citing_id: str | None) -> tuple[tuple[Cited, ...], ...]:
    """For each entry of a list the cables that it cites, in order. Never fails; time is linear in the lengths.

    Entries are without enumerator, on one line; ``citing_id`` is the canonical id of the citing cable, whose year is
    taken where an entry has none. Without either an entry gives nothing.
    """
    result: list[tuple[Cited, ...]] = []
    station: _Station | None = None
    own = _own_station(citing_id) if len(entries) > 1 else None
    for number, entry in enumerate(entries):
        if number >= _MOST_ENTRIES:
            result.append(())
            continue
        cited, last = _read(entry[:_LONGEST_ENTRY], citing_id, own if number == 0 else station)
        station = last or station
        result.append(cited)
    return tuple(result)


def _own_station(citing_id: str | None) -> _Station | None:
    name = letters_of(citing_id or "")
    return _Station(name, ("station of the citing cable",), certain=False) if name else None


def _read(entry: str, citing: str | None, before: _Station | None) -> tuple[tuple[Cited, ...], _Station | None]:
    plain = _PLAIN.fullmatch(entry)
    if plain is not None and (known := read_post(plain["name"], alike=False)) is not None:
        # The commonest entry by far.
        station = _Station(known.station, (known.rule,), known.certain)
        reader = _Reader(entry, entry, citing, [])
        reader.add(station, plain["number"], plain["before"], (0, len(entry)))
        return tuple(reader.found), station
    text = _LETTER_O.sub(lambda number: number[0].replace("O", "0"), entry)
    text = _without_brackets(_MARK.sub(lambda mark: " " * len(mark[0]), text))
    reader = _Reader(entry, text, citing, [])
    start = 0
    for separator in (*_SEPARATOR.finditer(text), None):
        end = len(text) if separator is None else separator.start()
        if start < end and reader.done < end:
            _piece(reader, max(start, reader.done), end, before if start == 0 else None)
        start = end if separator is None else separator.end()
    return tuple(reader.found), reader.station


def _without_brackets(text: str) -> str:
    """A text with blanks for what stands in brackets and is no year; where all numbers stand there, it stays."""
    if "(" not in text:
        return text
    outside = _BRACKETS.sub("", text)
    if not any(character.isdigit() for character in outside):
        return text.replace("(", " ").replace(")", " ")
    return _BRACKETS.sub(lambda said: said[0] if _KEPT_BRACKET.fullmatch(said[1]) else " " * len(said[0]), text)


def _piece(reader: _Reader, start: int, end: int, before: _Station | None) -> None:
    """Reads what stands between two separators."""
    if _NO_CABLE.search(reader.text, start, end):
        reader.station = None
        return
    lead = _LEAD.match(reader.text, start, end)
    start = start if lead is None else lead.end()
    piece = reader.text[start:end]
    if not any(character.isdigit() for character in piece):
        known = read_post(piece.strip(" .:#"), alike=False)
        if known is not None:
            reader.station, reader.year = _Station(known.station, (known.rule,), known.certain), None
        return
    numbers = _NUMBERS.match(piece)
    if numbers is not None and _lone(reader, piece, start, numbers, before):
        return
    first = _NUMBER_FIRST.match(piece)
    if first is not None:
        station = _station(first["name"], letters_of(reader.citing or ""), alike=False)
        if station is not None:
            reader.station = station
            reader.year = first["before"] or first["behind"]
            begin = first.start("before") if first["before"] else first.start("number")
            span = start + begin, start + len(piece.rstrip(" ."))
            reader.add(station, first["number"], reader.year, span, "number before the station")
            return
    position = start
    while (match := _CITATION.search(reader.text, position, end)) is not None:
        position = _citation(reader, match, start, end)


def _lone(reader: _Reader, piece: str, start: int, match: re.Match[str], before: _Station | None) -> bool:
    """Reads a piece that is numbers and nothing else, and says whether it is one."""
    behind = _BEHIND.match(piece, match.end())
    end = match.end() if behind is None or not _is_year(behind["year"]) else behind.end()
    spans = [(match.start("number"), match.end("number"))]
    while (more := _SLASHED.match(piece, end)) is not None:
        spans.append((more.start("number"), more.end("number")))
        end = more.end()
    if not _only(piece[end:]):
        return False
    station, rule = reader.station, "station of the number before"
    if station is None:
        if before is None or len(match["number"]) < _SHORTEST_LONE:
            return True
        own = before.rules == ("station of the citing cable",)
        station = _Station(before.name, before.rules if own else ("station of the entry before",), certain=False)
        rule = ""
        reader.station, reader.year = station, None
    elif len(match["number"]) < _SHORTEST_LONE and reader.year is None and _is_year(match["number"]):
        return True
    year = reader.year if behind is None or not _is_year(behind["year"]) else behind["year"]
    for begin, stop in spans:
        more_rules: tuple[CitedRule, ...] = ("station of the number before",) if rule else ()
        stop_at = behind.end() if behind is not None and year == behind["year"] and len(spans) == 1 else stop
        reader.add(station, piece[begin:stop], year, (start + begin, start + stop_at), *more_rules)
    return True


def _citation(reader: _Reader, match: re.Match[str], first: int, end: int) -> int:
    """Reads the citation that begins with a match, and says where the search goes on."""
    text = reader.text
    name, dropped = _name(match["name"])
    glued = (not match["gap"] and match["name"][-1].isalpha()) or (
        match["before"] is not None and match.start("name") == match.end("before")
    )
    alike = not glued and not _has_other_words(name)
    station = _station(name, letters_of(reader.citing or ""), alike=alike)
    begin = match.start("name") + dropped
    year = match["before"] if dropped == 0 else None
    year = match["inside"] or year
    if year is None and (three := _THREE.match(text, match.start("number"), end)) is not None and station is not None:
        number, at = three, three.start("number")
        year = three["year"]
    else:
        number, at = match, match.start("number")
    position = number.end()
    if station is not None and _is_dropped(name, station) and _YEAR_ALONE.fullmatch(number["number"]):
        return position
    if station is None:
        trailed = not match["name"].rstrip("-.'").endswith(name)
        if (
            (glued and not _is_id(match))
            or trailed
            or not _may_be_station(name)
            or not _alone(text, match, first, end, dropped)
        ):
            return max(position, match.start("number") + 1)
        station = _Station(letters_of(name), ("not in the table",), certain=False)
    span_start = match.start() if dropped == 0 or begin == match.start("name") else begin
    spans = [(span_start, at, position)]
    while (more := _SLASHED.match(text, position, end)) is not None:
        spans.append((more.start("number"), more.start("number"), more.end()))
        position = more.end()
    if year is None:
        behind = _BEHIND.match(text, position, len(text))
        if behind is not None and _is_year(behind["year"]):
            year, position = behind["year"], behind.end()
            reader.done = position
            spans[-1] = spans[-1][0], spans[-1][1], position
    reader.station, reader.year = station, year if match["before"] or match["inside"] else None
    for index, (begin, at, stop) in enumerate(spans):
        digits = _DIGITS.match(text, at)
        rules: tuple[CitedRule, ...] = () if index == 0 else ("station of the number before",)
        if digits is not None:
            reader.add(station, digits[0], year, (begin, min(stop, len(text))), *rules)
    return max(position, match.start("number") + 1)


_THREE: Final = lazy_re(r"(?P<year>0\d\d) {1,2}(?P<number>\d{3,8})(?![\dA-Z])")
"""A year of three digits between a station and its number."""
_YEAR_ALONE: Final = lazy_re(r"(?:19|20)\d\d")
_DIGITS: Final = lazy_re(r"\d{1,8}")


def _name(said: str) -> tuple[str, int]:
    """A name without words that belong to the list, and how many characters were left out before it."""
    lead = _LEAD.match(said)
    begin = 0 if lead is None else lead.end()
    return _TRAIL.sub("", said[begin:]).rstrip("-.'"), begin


def _station(name: str, own: str, *, alike: bool) -> _Station | None:
    """The station that the last words of a name mean, as many of them as make one; alike only all of them.

    That of the citing cable, ``own``, is known here, whatever the table has.
    """
    words = name.split(" ")
    for at in range(len(words)):
        said = " ".join(words[at:])
        known = read_post(said, alike=alike and at == 0)
        if known is not None and (at == 0 or known.certain):
            return _Station(known.station, (known.rule,), known.certain)
        letters = letters_of(said)
        if own and letters == own:
            return _Station(own, ("not in the table",), certain=False)
        if own and alike and at == 0 and len(own) > len("STATE") and one_letter_apart(letters, own):
            return _Station(own, ("one letter",), certain=False)
    return None


def _is_dropped(name: str, station: _Station) -> bool:
    """Whether a name has more words than its station was read from."""
    return station.certain and read_post(name, alike=False) is None


def _is_id(match: re.Match[str]) -> bool:
    """Whether year, station and number stand as in an id, with nothing between."""
    return (
        bool(match["before"])
        and match.end("before") == match.start("name")
        and not match["gap"]
        and " " not in match["name"]
    )


def _may_be_station(name: str) -> bool:
    """Whether words that no table has may be a station: none of them is a post, or a word of other kinds of lists."""
    if _has_other_words(name):
        return False
    return not any(read_post(word.strip(".-"), alike=False) is not None for word in name.upper().split())


def _has_other_words(name: str) -> bool:
    """Whether a name has a word that stands before numbers and is in no name of a post."""
    return any(word.strip(".-") in _NO_NAMES for word in name.upper().split())


def _alone(text: str, match: re.Match[str], first: int, end: int, dropped: int) -> bool:
    """Whether a piece holds nothing but the citation."""
    behind = _BEHIND.match(text, match.end(), len(text))
    stop = match.end() if behind is None else min(behind.end(), end)
    slashed = _SLASHED.match(text, stop, end)
    while slashed is not None:
        stop = slashed.end()
        slashed = _SLASHED.match(text, stop, end)
    return (dropped > 0 or _only(text[first : match.start()])) and _only(text[stop:end])


def _only(rest: str) -> bool:
    return _NOTHING_ELSE.fullmatch(rest) is not None


def _is_year(said: str) -> bool:
    """Whether digits behind a number are a year; a small number is none."""
    return len(said) == 4 or int(said) >= _FIRST_YEAR or said.startswith("0") or said == "10"  # noqa: PLR2004


def _differs(entry: str, text: str, span: tuple[int, int]) -> bool:
    """Whether a digit was read for a letter in the span."""
    pairs = zip(entry[span[0] : span[1]], text[span[0] : span[1]], strict=False)
    return any(said != read and read == "0" for said, read in pairs)
