"""Cable identifiers: the published one, and the canonical one beside it.

A canonical id is ``YY`` + station + serial, ``05SAMPLETOWN342``: the year of two digits, 4 to 17 capital letters, a
number without leading zeros. Published ids can be malformed, because a program read something else of the message as
the station: a section label (``09SECTION01OF03SAMPLETOWN525``), a caption (``10EFTOSAMPLETOWN16``), a year twice.
They are kept as they are; the canonical id only says, where it can be told, which cable is meant.

What can be told comes from the id itself and from facts of the page: the station from the origin, the serial from the
message's classification line or its header. Where they disagree with a well-formed id, the id is right, unless its
station is none that is known and is like the name of the origin, which is known: ``07SOIA828`` of ``Embassy Sofia``.
"""

import re
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from preserve.cables.posts import PostRule, is_station, letters_of, read_post, same_post, station_of_origin
from preserve.expressions import lazy_re

_WELL_FORMED: Final = lazy_re(r"(\d{2})([A-Z]{4,17})(\d{1,7})\Z", re.ASCII)
_LONG_YEAR: Final = lazy_re(r"(?:19|20)(\d{2})(?=[A-Z])(?!OF\d)", re.ASCII)
_COLLECTION: Final = lazy_re(r"_[A-Z]\Z", re.ASCII)
"""The letter of a collection behind the number, in the names of PlusD's pages."""
_SPELLING: Final = lazy_re(r"[\s.'\u2019-]+")
"""What stands between the parts of an id, or in a post's name, and is no part of an id."""
_YEAR_TWICE: Final = lazy_re(r"(\d{2})\1(?=[A-Z])(?!OF\d)", re.ASCII)
_SECTION: Final = lazy_re(r"(?<=^\d{2})S?E?C?T?I?O?N?\d{1,2}OF\d{1,2}(?=[A-Z])", re.ASCII)
"""A section label, whole or with letters missing; one with other letters in it is told by the facts of the page."""
_CAPTION: Final = lazy_re(
    r"(?<=^\d{2})(?:EFTO|SIPDIS|SENSITIVE|NOFORN|CORRECTEDCOPY|AMEMBASSY|AMCONSUL|USMISSION|EMBASSY)(?=[A-Z]{4})",
    re.ASCII,
)
_SUFFIX: Final = lazy_re(r"(?<=\d)(?:TOSEC\d*|Z[A-Z]{2}\d{1,7})\Z", re.ASCII)
"""A number of another series, or behind an operating signal that of the message meant by it."""
_DUPLICATE: Final = lazy_re(r"(?<=[A-Z])(\d{1,7})SUSPECTEDDUPLICATE(\d{0,7})\Z", re.ASCII)
_GARBLED: Final = lazy_re(r"(\d{2})[A-Z0-9]*\d([A-Z]{4,40})(\d{1,7})\Z", re.ASCII)
"""Anything with a digit at its end in front of what may be a station."""
_GARBLES: Final = 3
"""Letters by which a garbled name may differ; more are in no id that is known."""
_YEAR: Final = lazy_re(r"(\d{2})", re.ASCII)
_CLASSIFICATION_SERIAL: Final = lazy_re(
    r"(?:SECTION ?\d{1,2} OF \d{1,2} )?([A-Z][A-Z .'-]{2,30}?) {1,3}(\d{3,8})(?!\d)", re.ASCII
)
_WORDS_BEFORE: Final = lazy_re(
    r"^(?:UNCLAS(?:SIFIED)?|CONFIDENTIAL|SECRET|C O N F I D E N T I A L|S E C R E T|E F T O|EFTO|NOFORN|"
    r"SECTION ?\d{1,2} OF \d{1,2}|[ /])+",
    re.ASCII,
)
_HEADER_SERIAL: Final = lazy_re(r"^DE [A-Z]{4,8} #(\d{4})(?:/\d{2})? ", re.ASCII | re.MULTILINE)
_CREATED: Final = lazy_re(r"\d{2}(\d{2})-\d{2}", re.ASCII)
_BUSY: Final = frozenset({"STATE", "SECDEF", "BEIJING", "JAKARTA", "ISLAMABAD", "GUANGZHOU", "FRANKFURT"})
"""Stations with more than 9,999 cables in a year: the header has only the last four digits of the number."""
_STATION_KINDS: Final = lazy_re(
    r"^(?:(?:US|American|REO) )?(?:Embassy|Consulate(?: General)?|Mission|Office|Interests Section)\s+(?:to )?",
    re.IGNORECASE,
)
_SHORT: Final = lazy_re(r"(\d{2})([A-Z]{2,3})(\d{1,7})\Z", re.ASCII)
"""An id whose station may be a short form of fewer letters than stations have."""
_SHORTEST_STATION: Final = 4
_ZERO: Final = lazy_re(r"(\d{2})([A-Z]+(?:0[A-Z]+)+)(\d{1,7})\Z", re.ASCII)
"""An id with the digit 0 between letters of its station."""


IdRule = PostRule | Literal["as printed", "cleaned", "facts of the page", "origin", "behind a garble"]


class IdentityHints(Struct, frozen=True, kw_only=True):
    """What a page says that can tell which cable it shows; each may be missing."""

    origin: str | None = None
    """As printed: ``Embassy Sampletown``."""
    created: str | None = None
    """ISO 8601, at least a date."""
    classification_line: str | None = None
    """``UNCLAS SECTION 01 OF 03 SAMPLETOWN 000525``."""
    header: str | None = None
    """The text of the message's header, with a line ``DE RUEHXX #0525/01 1761847``."""


class IdReading(Struct, frozen=True, kw_only=True):
    """A canonical id, the rule that made it and whether that leaves no doubt.

    ``rule`` is ``as printed`` for a well-formed id in whatever spelling, ``cleaned`` where labels and captions were
    left out of it, ``facts of the page``, ``origin`` where its station is that of the origin garbled, ``behind a
    garble``, or the rule by which its station was read as a post (`preserve.cables.posts`).
    """

    id: str
    rule: IdRule
    certain: bool


def canonical_id(published: str, facts: IdentityHints | None = None) -> str | None:
    """The canonical id of the cable published under ``published``; None where it cannot be told: see `read_id`."""
    told = read_id(published, facts)
    return None if told is None else told.id


def read_id(published: str, facts: IdentityHints | None = None) -> IdReading | None:
    """The canonical id of the cable published under ``published``, and the rule that tells it.

    A well-formed id with a station that the table of posts has, or that is like none there, is itself, but for letter
    case, blanks, points and hyphens in it, leading zeros of its serial, a year of four digits and the letter of a
    collection behind it: so two ways to write an id are the same where this is. Never fails.
    """
    text = _spelt(published)
    cleaned = text
    while (fewer := _SECTION.sub("", _CAPTION.sub("", _SUFFIX.sub("", cleaned)))) != cleaned:
        cleaned = fewer
    match = _WELL_FORMED.match(cleaned)
    if match is None or cleaned != text:
        own_serial = None if match is None else int(match[3])
        told = _from_facts(text, facts or IdentityHints(), own_serial)
        if told is not None:
            return _reading(told, "facts of the page", certain=True) if canonical_id(told) == told else None
    match = match or _SHORT.match(cleaned) or _ZERO.match(cleaned)
    if match is None:
        return _reading(_behind_garble(cleaned), "behind a garble", certain=True)
    year, station, serial = match.groups()
    rule: IdRule = "as printed" if cleaned == text else "cleaned"
    if facts is not None and facts.origin and (mended := _mended(station, station_of(facts.origin))) != station:
        return _reading(_join(year, mended, int(serial)), "origin", certain=True)
    post = None if is_station(station) else read_post(station)
    if post is not None and len(post.station) >= _SHORTEST_STATION:
        return _reading(_join(year, post.station, int(serial)), post.rule, certain=post.certain)
    if _WELL_FORMED.match(cleaned) is None:
        return None
    return _reading(_join(year, station, int(serial)), rule, certain=True)


def _reading(told: str | None, rule: IdRule, *, certain: bool) -> IdReading | None:
    return None if told is None else IdReading(id=told, rule=rule, certain=certain)


def cable_key(cable_id: str) -> str:
    """One key for a cable under every id that means it: of a canonical id, with one station for a post of several.

    ``05KIEV12`` and ``05KYIV12`` have one key. Anything else is its own key.
    """
    match = _WELL_FORMED.match(cable_id)
    return cable_id if match is None else f"{match[1]}{same_post(match[2])}{match[3]}"


def _behind_garble(text: str) -> str | None:
    """The id whose known station and serial stand behind what cannot be read."""
    match = _GARBLED.match(text)
    if match is None:
        return None
    letters = match[2]
    station = next((letters[at:] for at in range(len(letters)) if is_station(letters[at:])), None)
    return None if station is None else _join(match[1], station, int(match[3]))


def _mended(station: str, origin: str | None) -> str:
    """The station of an id, or that of the origin where the id has the same one garbled."""
    if origin is None or is_station(station) or not is_station(origin):
        return station
    # The mission's name may stand before that of its town in one of them only.
    near = (origin, origin[-len(station) - 1 :])
    if station.endswith(origin) or any(_distance(station, one) <= _GARBLES for one in near):
        return origin
    return station


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed to make one word of another (Levenshtein)."""
    row = list(range(len(other) + 1))
    for letter in one:
        before, row[0] = row[0], row[0] + 1
        for at, wanted in enumerate(other, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != wanted))
    return row[-1]


def station_of(origin: str) -> str | None:
    """The station of an origin as printed: ``US Office Sampletown`` gives ``SAMPLETOWN``."""
    return _station_of(origin[:200])


@lru_cache(maxsize=1_024)
def _station_of(origin: str) -> str | None:
    known = station_of_origin(origin)
    if known is not None:
        return known
    station = letters_of(_STATION_KINDS.sub("", origin.strip()))
    post = read_post(station, alike=False)
    if post is not None:
        return post.station
    return station if re.fullmatch(r"[A-Z]{4,17}", station) else None


def _spelt(published: str) -> str:
    """An id in the regular spelling; what is not ASCII stays, so that it is none."""
    if not published.isascii():
        return published[:200]
    text = _SPELLING.sub("", _COLLECTION.sub("", published[:200].strip().upper()))
    text = _LONG_YEAR.sub(r"\1", text, count=1) if _LONG_YEAR.match(text) else text
    text = _DUPLICATE.sub(lambda match: match[2] or match[1], text)
    return text[2:] if _YEAR_TWICE.match(text) else text


def _from_facts(published: str, facts: IdentityHints, own_serial: int | None) -> str | None:
    """What the page tells; ``own_serial`` is the id's own, where it has one."""
    year = _YEAR.match(published)
    from_origin = station_of(facts.origin) if facts.origin else None
    named, serial = _classification_serial(facts.classification_line)
    station = from_origin or named
    if serial is None and facts.header is not None and station not in _BUSY:
        found = _HEADER_SERIAL.search(facts.header)
        serial = None if found is None else int(found[1])
    if serial is None and from_origin is not None:
        serial = own_serial
    created = _CREATED.match(facts.created or "")
    short_year = created[1] if created is not None else None if year is None else year[1]
    if short_year is None or station is None or serial is None:
        return None
    return _join(short_year, station, serial)


def _classification_serial(line: str | None) -> tuple[str | None, int | None]:
    """Station and serial at the end of a classification line."""
    if line is None:
        return None, None
    match = _CLASSIFICATION_SERIAL.match(_WORDS_BEFORE.sub("", line[:200]))
    if match is None:
        return None, None
    station = letters_of(match[1])
    return (station if re.fullmatch(r"[A-Z]{4,17}", station) else None), int(match[2])


def _join(year: str, station: str, serial: int) -> str | None:
    """The id of these parts; no cable has the number 0."""
    return f"{year}{station}{serial}" if serial else None
