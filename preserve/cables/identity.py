"""Cable identifiers: the published one, and the canonical one beside it.

A canonical id is ``YY`` + station + serial, ``05SAMPLETOWN342``: the year of two digits, 4 to 17 capital letters, a
number without leading zeros. Published ids can be malformed, because a program read something else of the message as
the station: a section label (``09SECTION01OF03SAMPLETOWN525``), a caption (``10EFTOSAMPLETOWN16``), a year twice.
They are kept as they are; the canonical id only says, where it can be told, which cable is meant.

What can be told comes from the id itself and from facts of the page: the station from the origin, the serial from the
message's classification line or its header. Where they disagree with a well-formed id, the id is right.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_WELL_FORMED: Final = re.compile(r"(\d{2})([A-Z]{4,17})(\d{1,7})\Z", re.ASCII)
_LONG_YEAR: Final = re.compile(r"(?:19|20)(\d{2})(?=[A-Z])", re.ASCII)
_COLLECTION: Final = re.compile(r"_[A-Z]\Z", re.ASCII)
"""The letter of a collection behind the number, in the names of PlusD's pages."""
_YEAR_TWICE: Final = re.compile(r"(\d{2})\1(?=[A-Z])", re.ASCII)
_SECTION: Final = re.compile(r"(?<=^\d{2})[A-Z]*ECTION\d{1,2}[A-Z0]F\d{1,2}|(?<=^\d{2})\d{1,2}OF\d{1,2}", re.ASCII)
_CAPTION: Final = re.compile(
    r"(?<=^\d{2})(?:EFTO|SIPDIS|SENSITIVE|NOFORN|AMEMBASSY|AMCONSUL|USMISSION)(?=[A-Z]{4})", re.ASCII
)
_SUFFIX: Final = re.compile(r"(?<=\d)(?:TOSEC|SUSPECTEDDUPLICATE)\d*\Z", re.ASCII)
_YEAR: Final = re.compile(r"(\d{2})", re.ASCII)
_CLASSIFICATION_SERIAL: Final = re.compile(
    r"(?:SECTION ?\d{1,2} OF \d{1,2} )?([A-Z][A-Z .'-]{2,30}?) {1,3}(\d{3,8})(?!\d)", re.ASCII
)
_WORDS_BEFORE: Final = re.compile(
    r"^(?:UNCLAS(?:SIFIED)?|CONFIDENTIAL|SECRET|C O N F I D E N T I A L|S E C R E T|E F T O|EFTO|NOFORN|"
    r"SECTION ?\d{1,2} OF \d{1,2}|[ /])+",
    re.ASCII,
)
_HEADER_SERIAL: Final = re.compile(r"^DE [A-Z]{4,8} #(\d{4})(?:/\d{2})? ", re.ASCII | re.MULTILINE)
_STATION_KINDS: Final = re.compile(
    r"^(?:(?:US|American|REO) )?(?:Embassy|Consulate(?: General)?|Mission|Office|Interests Section)\s+(?:to )?",
    re.IGNORECASE,
)
_STATIONS: Final = {
    "SECRETARYOFSTATE": "STATE",
    "SECRETARYOFDEFENSE": "SECDEF",
    "AMERICANINSTITUTETAIWANTAIPEI": "AITTAIPEI",
    "IRANRPODUBAI": "RPODUBAI",
}
"""Origins whose station is not simply their last words, by the letters of the origin as printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says that can tell which cable it shows; each may be missing."""

    origin: str | None = None
    """As printed: ``Embassy Sampletown``."""
    created: str | None = None
    """ISO 8601, at least a date."""
    classification_line: str | None = None
    """``UNCLAS SECTION 01 OF 03 SAMPLETOWN 000525``."""
    header: str | None = None
    """The text of the message's header, with a line ``DE RUEHXX #0525/01 1761847``."""


def canonical_id(published: str, facts: Facts | None = None) -> str | None:
    """The canonical id of the cable published under ``published``; None where it cannot be told.

    A well-formed id is itself, but for letter case, blanks, leading zeros of its serial, a year of four digits and the
    letter of a collection behind it: so two ways to write an id are the same where this is.
    """
    cleaned, changed = _cleaned(published)
    match = _WELL_FORMED.match(cleaned)
    if match is not None and not changed:
        return _join(match[1], match[2], int(match[3]))
    told = _from_facts(published, facts or Facts())
    if told is not None:
        return told
    return None if match is None else _join(match[1], match[2], int(match[3]))


def station_of(origin: str) -> str | None:
    """The station of an origin as printed: ``US Office Sampletown`` gives ``SAMPLETOWN``."""
    letters = _letters(origin[:200])
    if letters in _STATIONS:
        return _STATIONS[letters]
    station = _letters(_STATION_KINDS.sub("", origin[:200].strip()))
    return station if re.fullmatch(r"[A-Z]{4,17}", station) else None


def _cleaned(published: str) -> tuple[str, bool]:
    """An id without what is known not to belong to one, and whether something of a message was taken out of it."""
    text = _COLLECTION.sub("", "".join(published[:200].upper().split()))
    if _LONG_YEAR.match(text):
        text = _LONG_YEAR.sub(r"\1", text, count=1)
    if _YEAR_TWICE.match(text):
        text = text[2:]
    before = text
    for junk in (_SECTION, _CAPTION, _SUFFIX):
        text = junk.sub("", text, count=1)
    return text, text != before


def _from_facts(published: str, facts: Facts) -> str | None:
    year = _YEAR.match(published)
    station = station_of(facts.origin) if facts.origin else None
    named, serial = _classification_serial(facts.classification_line)
    station = station or named
    if serial is None and facts.header is not None:
        found = _HEADER_SERIAL.search(facts.header)
        serial = None if found is None else int(found[1])
    created = None if facts.created is None else facts.created[2:4]
    short_year = created or (None if year is None else year[1])
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
    station = _letters(match[1])
    return (station if re.fullmatch(r"[A-Z]{4,17}", station) else None), int(match[2])


def _letters(text: str) -> str:
    """The letters of a name in capitals, without accents, blanks and points."""
    plain = unicodedata.normalize("NFKD", text).upper()
    return "".join(character for character in plain if "A" <= character <= "Z")


def _join(year: str, station: str, serial: int) -> str:
    return f"{year}{station}{serial}"
