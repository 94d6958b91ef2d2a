"""The classification line of a message and its captions.

The line is searched for, because texts begin in many ways. Its parts are the classification in the words that are
printed, a section where the message has several, the station and the serial number::

    C O N F I D E N T I A L SECTION 01 OF 03 SAMPLETOWN 000123

Captions (``SIPDIS``, ``SENSITIVE``) stand on lines of their own or on this line; doubled ones are kept, in order.

Tested by ``tests/unit/cables/message/test_grammar.py``.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

from preserve.cables.message.printed import PATTERN_CHARS, PrintedLine, PrintedValue, printed
from preserve.expressions import lazy_re

Level = Literal["UNCLASSIFIED", "LIMITED OFFICIAL USE", "CONFIDENTIAL", "SECRET", "TOP SECRET"]

LONGEST: Final = 64
"""Characters of a classification line whose end is not lost; of longer ones what follows the serial is cut off."""
_REGION: Final = 400
"""Characters behind a classification in which captions are looked for where the line ends are lost."""

_LEVELS: Final[dict[str, Level]] = {
    "U": "UNCLASSIFIED",
    "L": "LIMITED OFFICIAL USE",
    "C": "CONFIDENTIAL",
    "S": "SECRET",
    "T": "TOP SECRET",
}
"""By the first letter, which tells them apart."""
_WORDS: Final = (
    r"UNCLASS?(?:IFIED)?|C ?O ?N ?F ?I ?D ?E ?N ?T ?I ?A ?L|(?:T ?O ?P {1,3})?S ?E ?C ?R ?E ?T|"
    r"L ?I ?M ?I ?T ?E ?D {1,3}O ?F ?F ?I ?C ?I ?A ?L {1,3}U ?S ?E"
)
_HANDLING: Final = r"(?:/{1,2} ?(?:FOR OFFICIAL USE ONLY|FOUO|NOFORN|NF|SBU|SENSITIVE)(?![A-Z])){0,3}+"
_CLASSIFICATION: Final = lazy_re(
    rf"[ \t\"\u00b6]*+({_WORDS})(?=[ \t]|\\?[ \t\r]*$|//|SECTION)(?! SERVICE)({_HANDLING})", re.MULTILINE
)
_INSIDE: Final = lazy_re(rf"[\t\"]({_WORDS})(?=[ \t]|\\?[ \t\r]*$|//)({_HANDLING})", re.MULTILINE)
"""The same where a table's row holds it; looked for only where no line begins with it."""
_SENTENCE: Final = lazy_re(
    rf"[ \t\"]*+({_WORDS})(?=[ \t])({_HANDLING})"
    r"(?=(?: section ?\d{1,2} of \d{1,2})? [a-z][a-z .'\u2019-]{1,40} \d{3,8}\s*$)",
    re.IGNORECASE,
)
"""The same in small letters; so that no prose is taken for it, station and serial must follow."""
_SECTION: Final = lazy_re(r"(?:SECTION|SECT?\.?) {0,3}(\d{1,3}) {0,3}[A-Z0]F {0,3}(\d{1,3})(?!\d)", re.IGNORECASE)
_STATION: Final = lazy_re(r"([A-Z][A-Z .'\u2019-]{1,40}?)[ \t]{1,4}(\d{1,8})(?!\d)", re.IGNORECASE)
_SERIAL: Final = lazy_re(r"(?<![A-Z])([A-Z][A-Z.'\u2019-]{1,30})[ \t]{1,4}(\d{3,8})(?!\d)", re.IGNORECASE)

_CORRECTED: Final = r"C ?O ?R ?R ?E ?C ?T ?E ?D {1,3}C ?O ?P ?Y"
_CAPTION_WORDS: Final = (
    r"SIPDIS|SENSITIVE|NOFORN|NODIS|EXDIS|LIMDIS|STADIS|ROGER CHANNEL|DS CHANNEL|MED CHANNEL|EFTO|E F T O|"
    r"S I P D I S|S E N S I T I V E|N O F O R N|N O D I S|E X D I S|NOCONTRACT|ORCON|PROPIN|TERREP|CHEROKEE|EYES ONLY|"
    + _CORRECTED
)
CAPTION: Final = lazy_re(rf"(?<![A-Za-z])(?:{_CAPTION_WORDS})(?![A-Za-z])", re.IGNORECASE)
_LOOSE_CAPTION: Final = lazy_re(rf"[ \t,/]*+({_CAPTION_WORDS})")
_CAPTION_LINE: Final = lazy_re(rf"[ \t(*]*+(?:(?:{_CAPTION_WORDS})(?:[ \t,;/.)*\\-]++|$))++", re.IGNORECASE)
_CORRECTED_LINE: Final = lazy_re(rf"[ \t(*]*+({_CORRECTED})(?![A-Za-z])", re.IGNORECASE)
_HEADINGS: Final = lazy_re(r"E\.?[Oo]\.?:? ?\d|TAGS|SUBJ|REF[S:]")


class ClassificationLine(PrintedValue, frozen=True, kw_only=True):
    """The line, and its parts as far as they are told.

    ``classification`` as printed (``C O N F I D E N T I A L``, ``UNCLASSIFIED//FOR OFFICIAL USE ONLY``), ``level``
    what it means, ``section`` of ``sections`` counted from 1, ``station`` as printed, ``serial`` the number behind it.
    """

    classification: PrintedValue
    level: Level
    section: int | None
    sections: int | None
    station: PrintedValue | None
    serial: int | None


def classification_at(line: str) -> bool:
    """Whether a line begins with a classification in capitals."""
    return _CLASSIFICATION.match(line[:PATTERN_CHARS]) is not None


def is_footer(line: str) -> bool:
    """Whether a line is a classification and nothing else, as pages of the 1970s have it at their heads and feet."""
    match = _CLASSIFICATION.match(line[:PATTERN_CHARS])
    return match is not None and not line[match.end() :].strip(" \t\r\\")


def is_captioned_footer(line: str) -> bool:
    """Whether a line is a classification with its handling and captions and nothing else: ``SECRET NODIS``."""
    match = _CLASSIFICATION.match(line[:PATTERN_CHARS])
    if match is None:
        return False
    rest = line[match.end() :].strip(" \t\r\\")
    return not rest or is_caption_line(rest)


def classification_lines(lines: Sequence[PrintedLine]) -> list[int]:
    """The numbers of the first two lines that begin with a classification.

    Those that say nothing else are footers of pages; one of them counts where there is no other line. A second one
    must have a serial, so that no address (``SECRET SERVICE FOR DOE``) is taken for it.
    """
    found: list[int] = []
    bare: list[int] = []
    for number, line in enumerate(lines):
        match = _CLASSIFICATION.match(line.text)
        if match is None:
            continue
        if not line.text[match.end() :].strip(" \t\r\\"):
            bare.append(number)
            continue
        if found and _SERIAL.search(line.text) is None:
            continue
        found.append(number)
        if len(found) > 1:
            break
    return found or bare[:1]


def read_classification(source: str, lines: Sequence[PrintedLine], known: int | None) -> ClassificationLine | None:
    """The classification line, ``known`` its number among the lines where it begins one of them."""
    if known is not None:
        match = _CLASSIFICATION.match(lines[known].text)
        return None if match is None else _parts(source, lines[known], match)
    for line in lines:
        match = _INSIDE.search(line.text) or _SENTENCE.match(line.text)
        if match is not None:
            return _parts(source, line, match)
    return None


def _parts(source: str, line: PrintedLine, match: re.Match[str]) -> ClassificationLine | None:
    text = line.text
    section = _SECTION.search(text, match.end(), match.end() + LONGEST)
    position = match.end() if section is None else section.end()
    while (caption := CAPTION.match(text, _blanks(text, position))) is not None:
        position = caption.end()
    position = _blanks(text, position)
    station = _STATION.match(text, position) or _SERIAL.search(text, position, position + 2 * LONGEST)
    end = len(text)
    if station is not None and end - match.start(1) > LONGEST:
        end = station.end()
    whole = printed(source, line.start + match.start(1), line.start + end)
    classification = printed(source, line.start + match.start(1), line.start + match.end())
    if whole is None or classification is None:
        return None
    return ClassificationLine(
        text=whole.text,
        start=whole.start,
        end=whole.end,
        classification=classification,
        level=_LEVELS[classification.text[0].upper()],
        section=None if section is None else int(section[1]),
        sections=None if section is None else int(section[2]),
        station=None
        if station is None
        else printed(source, line.start + station.start(1), line.start + station.end(1)),
        serial=None if station is None else int(station[2]),
    )


def _blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t/,":
        position += 1
    return position


def read_captions(
    source: str, lines: Sequence[PrintedLine], line: ClassificationLine | None
) -> tuple[PrintedValue, ...]:
    """The captions of a head, in order."""
    found: list[PrintedValue | None] = []
    for start, text in lines:
        if line is not None and start <= line.start < start + len(text):
            found += _on_the_line(source, line, start + len(text))
        elif is_caption_line(text):
            found += (printed(source, start + m.start(), start + m.end()) for m in CAPTION.finditer(text))
        elif (corrected := _CORRECTED_LINE.match(text)) is not None:
            found.append(printed(source, start + corrected.start(1), start + corrected.end(1)))
    return tuple(caption for caption in found if caption is not None)


def _on_the_line(source: str, line: ClassificationLine, end: int) -> list[PrintedValue | None]:
    """Captions before and behind station and serial; those directly behind may have lost the blanks between them."""
    heading = _HEADINGS.search(source, line.classification.end, end)
    end = min(end if heading is None else heading.start(), line.classification.end + _REGION)
    found = [printed(source, m.start(), m.end()) for m in CAPTION.finditer(source, line.classification.end, line.end)]
    position = line.end
    while (match := _LOOSE_CAPTION.match(source, position, end)) is not None:
        found.append(printed(source, match.start(1), match.end(1)))
        position = match.end()
    return found + [printed(source, m.start(), m.end()) for m in CAPTION.finditer(source, position, end)]


def is_caption_line(text: str) -> bool:
    """Whether a line holds nothing but captions."""
    return _CAPTION_LINE.fullmatch(text.rstrip(" \t\\\r") or "-") is not None
