"""The transmission header of a message: how it was sent, when, from where and to whom.

::

    VZCZCXRO5422
    PP RUEHAG RUEHROV
    DE RUEHXX #0355/01 1611342
    ZNR UUUUU ZZH
    P 101342Z JUN 09
    FM AMEMBASSY SAMPLETOWN
    TO RUEHC/SECSTATE WASHDC PRIORITY 4411
    INFO RUEHYY/AMEMBASSY OTHERTOWN 0012
    BT

Every line may be missing. Pages print it in a box of its own or inside the message's text, so that a header says
which text its offsets refer to.
"""

from typing import Final, Literal

from msgspec import Struct, field

from preserve.cables.message.classification import classification_at, is_footer
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.printed import PATTERN_CHARS, PrintedLine, PrintedValue, joined, lines_of, printed
from preserve.cables.page.fields import find_group
from preserve.cables.posts import PostReading, read_post
from preserve.expressions import lazy_re

Part = Literal["header", "body"]

_MOST_LINES: Final = 2_000
"""Lines of one header; the longest lists of addressees have a few hundred."""

_ONE_LINE: Final = 120
"""Characters of a header without line ends that has lost them."""
_BEGINS: Final = lazy_re(
    r"(?<=\S)[ \t](?=DE R[A-Z]{3,7} ?#|ZN[RY] [A-Z]{5}|[FOPRZWY]{2} R[A-Z]{3}|(?:[FOPRZ] ){1,2}\d{6}Z|FM [A-Z]{2}|"
    r"TO [A-Z]{2}|INFO [A-Z]{2}|R[UH][A-Z]{3,6}/)"
)
"""Blanks that stand for line ends in such a header."""

_MESSAGE_ID: Final = lazy_re(r"(?:NNNN)?V?ZCZC[A-Z0-9]{1,12}")
_ROUTING: Final = lazy_re(r"(?!FM )([FOPRZWYM]{2})((?: {1,3}[A-Z]{4,8}){1,40})$")
_ROUTES: Final = lazy_re(r"R[A-Z]{3,7}(?: {1,3}R[A-Z]{3,7}){0,40}$")
_SENDER: Final = lazy_re(r"(?:FM|FROM):?[ \t]++\S")
_SENT: Final = lazy_re(r"(?:FM:?[ \t]++\S|(?:[FOPRZWY] {1,3}){1,3}\d{6}Z)")
"""Lines before which no addressee of the message stands, only the distribution of its receiver."""
_DE: Final = lazy_re(r"DE {1,3}([A-Z]{4,8})(?: {0,3}#? ?(\d{1,7})(?:/(\d{1,3}))?)?(?: {1,3}(\d{7}))?")
_MARKS: Final = lazy_re(r"Z[A-Z]{2} {1,3}(?:[A-Z]{5}|[A-Z]{3}\b|STATE\b)")
_GROUP_LINE: Final = lazy_re(r"((?:[FOPRZWYM]{1,2} {1,3}){0,3})(?=\d{6}Z)")
_ROUTE: Final = lazy_re(r"(?:R[A-Z0-9]{2,8}|Z[A-Z]{2})\Z")
_GLUED_NUMBER: Final = lazy_re(r"([A-Z]{4,})(\d{3,7})\Z")
_PRECEDENCES: Final = frozenset({"IMMEDIATE", "PRIORITY", "ROUTINE", "FLASH", "NIACT", "IMMED", "PRIO"})
_SHORT: Final = {"NIACT": "NIACT IMMEDIATE", "IMMED": "IMMEDIATE", "PRIO": "PRIORITY"}
_CONTINUED: Final = lazy_re(
    r"(?:\d{1,7}|(?:NIACT )?IMMEDIATE(?: \d{1,7})?|(?:PRIORITY|ROUTINE|FLASH)(?: \d{1,7})?|"
    r"(?:WASHINGTON )?D\.?C\.?(?: (?:IMMEDIATE|PRIORITY|ROUTINE))?(?: \d{1,7})?)$"
)
"""Lines that name nobody: the rest of the addressee above."""
_OPEN: Final = ("/", "-", ",", " AND", " OF", " FOR", " THE")
"""Ends of lines whose addressee goes on."""
_MISSION: Final = lazy_re(r"AM(?:EMBASSY|CONSUL|CONGEN)|USMISSION|SECSTATE")
_KINDS: Final = lazy_re(r"(?:AM|US|SEC|REO|CDR|HQ|DEPT|JOINT|[A-Z]{2,8} ?/)")


class Routing(PrintedValue, frozen=True, kw_only=True):
    """``OO RUEHAG RUEHROV``: the precedence letters, and the routes that the message is sent over."""

    precedence: str
    routes: tuple[str, ...]


class SendingStation(PrintedValue, frozen=True, kw_only=True):
    """``DE RUEHXX #0355/01 1611342``: the station's route, the message's number, its section, and when it was filed.

    ``filed`` is day of the year, hour and minute, seven digits as printed.
    """

    route: str
    number: int | None
    section: int | None
    filed: str | None


class Addressee(PrintedValue, frozen=True, kw_only=True):
    """One addressee; ``text`` is its whole line, without ``TO`` and ``INFO``.

    ``route`` stands before a slash; ``precedence`` is IMMEDIATE, PRIORITY, ROUTINE, FLASH or NIACT IMMEDIATE;
    ``number`` are the digits at the end, as printed. ``post`` is the one that the name means, if it is one of the
    table.
    """

    name: str
    post: PostReading | None
    route: str | None
    precedence: str | None
    number: str | None


class TransmissionHeader(Struct, frozen=True, kw_only=True):
    """A transmission header. Offsets refer to the header's own text or to the body, as ``part`` says.

    ``precedence`` are the letters before the date-time group (``O P``), ``date_time`` what that group means: ISO 8601
    to the minute, in UTC. ``marks`` are the lines of operating signals (``ZNR UUUUU ZZH``). ``sent_from_post`` is the
    post that ``sent_from`` means, if it is one of the table.
    """

    part: Part
    message_id: PrintedValue | None
    routing: Routing | None
    de: SendingStation | None
    marks: tuple[PrintedValue, ...]
    precedence: PrintedValue | None
    date_time_group: PrintedValue | None
    date_time: str | None
    sent_from: PrintedValue | None
    sent_from_post: PostReading | None
    to: tuple[Addressee, ...]
    info: tuple[Addressee, ...]


class _Collected(Struct):
    """What was read so far; ``list_of`` says to whom a line without a label belongs.

    ``on_one_line`` is true of a header that has lost its line ends, so that none of its lines goes on in the next.
    """

    source: str
    on_one_line: bool = False
    message_id: PrintedValue | None = None
    routing: Routing | None = None
    de: SendingStation | None = None
    marks: list[PrintedValue] = field(default_factory=list)
    precedence: PrintedValue | None = None
    group: PrintedValue | None = None
    date_time: str | None = None
    sent_from: PrintedValue | None = None
    list_of: Literal["to", "info"] | None = None
    to: list[list[PrintedValue]] = field(default_factory=list)
    info: list[list[PrintedValue]] = field(default_factory=list)

    def begun(self) -> bool:
        return not (self.message_id is self.de is self.group is self.sent_from is None)


def read_header(source: str, start: int, end: int, part: Part) -> TransmissionHeader | None:
    """The header in ``[start, end)`` of a text; None where there is none, only a sentence in its place."""
    if end - start > _ONE_LINE and "\n" not in source[start:end].strip():
        source = source[:start] + _BEGINS.sub("\n", source[start:end]) + source[end:]
        found = _Collected(source, on_one_line=True)
    else:
        found = _Collected(source)
    for number, line in enumerate(lines_of(source, start, end)):
        text = line.text[:PATTERN_CHARS].strip(" \t\r\\")
        if not text or is_footer(text):
            continue
        if (text == "BT" and found.begun()) or number > _MOST_LINES or classification_at(text):
            break
        _read_line(found, line, text)
    if not found.begun():
        return None
    return TransmissionHeader(
        part=part,
        message_id=found.message_id,
        routing=found.routing,
        de=found.de,
        marks=tuple(found.marks),
        precedence=found.precedence,
        date_time_group=found.group,
        date_time=found.date_time,
        sent_from=found.sent_from,
        sent_from_post=None if found.sent_from is None else _post(found.sent_from.text),
        to=_addressees(found.to),
        info=_addressees(found.info),
    )


def _read_line(found: _Collected, line: PrintedLine, text: str) -> None:
    start = line.start + line.text.index(text)
    end = start + len(text)
    if text.startswith("PAGE ") and is_break_line(text):
        return
    if found.list_of == "info" and found.sent_from is None and not found.to and _SENT.match(text):
        found.list_of = None
        found.info.clear()
    if found.list_of is None and _opening(found, text, start, end):
        return
    label, _, rest = text.replace("\t", " ").partition(" ")
    label = label.removesuffix(":")
    if _SENDER.match(text) and found.sent_from is None and (found.list_of is None or label == "FM"):
        found.sent_from = printed(found.source, end - len(rest), end)
    elif label == "TO" or label.startswith("INFO"):
        found.list_of = "to" if label == "TO" else "info"
        if label in {"TO", "INFO"} and rest:
            _add(found, printed(found.source, end - len(rest), end), new=True)
    elif label == "XMT":
        found.list_of = found.list_of or "info"
    elif found.list_of is not None:
        _add(found, printed(found.source, start, end), new=not _goes_on(found, line.text, text))


def _opening(found: _Collected, text: str, start: int, end: int) -> bool:
    """Reads a line that stands before the addressees, and says whether it is one."""
    value = printed(found.source, start, end)
    if value is None:
        return False
    if found.message_id is None and (match := _MESSAGE_ID.match(text)) is not None:
        found.message_id = printed(found.source, start, start + match.end())
    elif (match := _DE.match(text)) is not None:
        if found.de is None:
            number, section = match[2], match[3]
            found.de = SendingStation(
                text=value.text,
                start=value.start,
                end=value.end,
                route=match[1],
                number=None if number is None else int(number),
                section=None if section is None else int(section),
                filed=match[4],
            )
    elif (match := _GROUP_LINE.match(text)) is not None and found.group is None:
        group = find_group(found.source, start, end)
        if group is not None:
            found.precedence = printed(found.source, start, start + match.end(1))
            found.group = printed(found.source, group[0], group[1])
            found.date_time = group[2]
    elif _MARKS.match(text):
        found.marks.append(value)
    else:
        return _routing(found, text, value)
    return True


def _routing(found: _Collected, text: str, value: PrintedValue) -> bool:
    old = found.routing
    if old is not None and found.de is None and _ROUTES.match(text):
        both = joined([old, value]) or value
        routes = (*old.routes, *text.split())
        found.routing = Routing(
            text=both.text, start=both.start, end=both.end, precedence=old.precedence, routes=routes
        )
        return True
    match = _ROUTING.match(text)
    if match is None or old is not None:
        return False
    found.routing = Routing(
        text=value.text, start=value.start, end=value.end, precedence=match[1], routes=tuple(match[2].split())
    )
    return True


def _goes_on(found: _Collected, line: str, text: str) -> bool:
    """Whether a line only continues the addressee above it."""
    addressees = found.to if found.list_of == "to" else found.info
    if not addressees or found.on_one_line:
        return False
    if _CONTINUED.match(text) or addressees[-1][-1].text.endswith(_OPEN):
        return True
    return line[:1] in {" ", "\t"} and _KINDS.match(text) is None


def _add(found: _Collected, value: PrintedValue | None, *, new: bool) -> None:
    if value is None:
        return
    addressees = found.to if found.list_of == "to" else found.info
    if new or not addressees:
        addressees.append([value])
    else:
        addressees[-1].append(value)


def _addressees(lines: list[list[PrintedValue]]) -> tuple[Addressee, ...]:
    values = (joined(parts) for parts in lines)
    return tuple(_addressee(value) for value in values if value is not None)


def _post(name: str) -> PostReading | None:
    """The post that a name means; only what says that it is one is read by likeness."""
    return read_post(name, alike=_MISSION.match(name) is not None)


def _addressee(value: PrintedValue) -> Addressee:
    """Reads the ends of a line, which have fixed forms; what is between them is the name."""
    before, slash, behind = value.text.partition("/")
    route = before.rstrip() if slash and _ROUTE.match(before.rstrip()) else None
    words = (value.text if route is None else behind).split()
    if len(words) > 1 and words[-1] == "GRNC":
        words.pop()
    number = precedence = None
    if len(words) > 1 and words[-1].isascii() and words[-1].isdigit():
        number = words.pop()
    elif words and (glued := _GLUED_NUMBER.match(words[-1])) is not None:
        words[-1], number = glued[1], glued[2]
    if len(words) > 1 and words[-1] in _PRECEDENCES:
        precedence = words.pop()
        if len(words) > 1 and words[-1] == "NIACT":
            precedence = f"{words.pop()} {precedence}"
    return Addressee(
        text=value.text,
        start=value.start,
        end=value.end,
        name=" ".join(words),
        post=_post(" ".join(words)),
        route=route,
        precedence=None if precedence is None else _SHORT.get(precedence, precedence),
        number=number,
    )
