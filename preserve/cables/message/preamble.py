"""What stands in a body before the message: the marks of the seven ways in which bodies were handed on.

* ``standard``: nothing, or a transmission header;
* ``newspaper``: a time line, ``Friday, 08 May 2009, 15:04``;
* ``labelled record``: lines ``id:``, ``date:``, ... ``header:`` until ``---- header ends ----``, or with ``Source:``,
  ``Dunno:`` and a header behind ``Destination:``;
* ``dump row``: a row of a table with commas and quotes, ``1,1/6/2010 17:47,10SAMPLETOWN27,"Embassy Sampletown",...``;
* ``tab row``: a row with tabs, and a backslash at every line's end;
* ``run-on``: ``Cable dated:2009-11-23T14:44:00UNCLAS ...``, the first line ends lost;
* ``sentence case``: labels written ``Sipdis``, ``E.o.``, ``Tags:``.

Rows and records print true minutes, where pages print none.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct, field

from preserve.cables.message.classification import classification_at, is_footer
from preserve.cables.message.printed import PATTERN_CHARS, PrintedValue, lines_of, printed
from preserve.cables.page.fields import minute_of
from preserve.expressions import lazy_re
from preserve.text import MONTHS

Variant = Literal["standard", "newspaper", "labelled record", "dump row", "tab row", "run-on", "sentence case"]

_SEARCHED: Final = 4_000
"""Characters in which a preamble is looked for; rows stand behind a few lines of the message's beginning at most."""
_HEADER_CHARS: Final = 100_000
"""Characters of a header inside a body; the longest lists of addressees have some ten thousand."""

_PARTIAL: Final = lazy_re(
    r"\s*This record is a partial extract of the original cable\.\s+"
    r"The full text of the original cable is not available\.\s*"
)
_TIME_LINE: Final = lazy_re(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,? (\d{1,2}) ([a-z]{3,9})\.?,? (\d{4}),? (\d{1,2}):(\d{2})"
    r"(?: (?:utc|gmt|z))?[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL: Final = lazy_re(
    r"[ \t]*(id|date|refid|origin|source|classification|dunno|destination|header)[ \t]*:[ \t]*(.*)", re.IGNORECASE
)
_HEADER_ENDS: Final = lazy_re(r"\n?[ \t]*-{2,} {0,3}header ends {0,3}-{2,}[ \t\r]*(?:\n|$)", re.IGNORECASE)
_ROW_BEGINS: Final = lazy_re(r"\"?\d{1,6}\"?,\"?\d{1,2}/")
_LATER_ROW_BEGINS: Final = lazy_re(r"\n\"?\d{1,6}\"?,\"?\d{1,2}/")
_DUMP_ROW: Final = lazy_re(
    r"^\"?(?P<id>\d{1,6})\"?,\"?(?P<date>\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2})(?::\d\d)?\"?,"
    r"\"?(?P<refid>[^,\"\n]{3,60})\"?,\"?(?P<origin>[^,\"\n]{1,80})\"?,"
    r"\"?(?P<classification>[A-Z/][A-Z/ \n]{3,60})\"?,\"?(?P<destination>[^,\"]{0,3000})\"?,\"?",
    re.MULTILINE,
)
_TAB_ROW: Final = lazy_re(
    r"(?:(?P<id>\d{1,6})\t)?(?P<date>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)\t(?P<refid>[^\t\n]{0,60})\t"
    r"(?P<origin>[^\t\n]{0,80})\t(?P<classification>[^\t\n]{0,60})\t(?P<destination>[^\t]{0,3000})\t"
)
_COLUMNS: Final = ("id", "date", "refid", "origin", "classification", "destination")
_RUN_ON: Final = lazy_re(r"cable dated: ?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:Z|\.\d{1,6})?[ \t]*", re.IGNORECASE)
_ISO: Final = lazy_re(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)")
_AMERICAN: Final = lazy_re(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})")
_SENTENCE_CASE: Final = lazy_re(r"^[ \t]*(?:Sipdis\b|E\.o\. ?\d)", re.MULTILINE)
_HEADER_LINE: Final = lazy_re(
    r"[ \t]*(?:V?ZCZC[A-Z0-9]|DE [A-Z]{4,8} #?\d|[FOPRZWYM](?: [FOPRZWYM]){0,2} \d{6}Z|"
    r"FM:? {1,3}[A-Z]{3}|[FOPRZWY]{2} R[A-Z]{3})"
)
_QUOTE_END: Final = lazy_re(r'"\s*+\Z')


class Preamble(Struct, frozen=True, kw_only=True):
    """What stands before the message proper, which is ``[message_start, message_end)`` of the body.

    ``values`` are those of a record or row by their names (id, date, refid, origin, classification, destination);
    ``time`` is the time as printed, which is true to the minute, and ``time_value`` the same as ISO 8601 in UTC.
    ``header_span`` is where a transmission header stands in the body.
    """

    variant: Variant = "standard"
    message_start: int = 0
    message_end: int = 0
    values: Mapping[str, PrintedValue] = field(default_factory=dict)
    time: PrintedValue | None = None
    time_value: str | None = None
    header_span: tuple[int, int] | None = None


def read_preamble(body: str) -> Preamble:
    """The preamble of a body. Never fails; at most some thousand characters of it are looked at."""
    start = len(body) - len(body.lstrip("\ufeff \t\r\n\"'\u00a0"))
    if body.startswith("This", start) and (partial := _PARTIAL.match(body)) is not None:
        start = partial.end()
    character = body[start : start + 1]
    found: Preamble | None = None
    if character.isdigit():
        found = _tab_row(body, start)
    elif character in {"i", "I", "r", "R"}:
        found = _record(body, start)
    elif character in {"C", "c"}:
        found = _run_on(body, start)
    if found is None:
        found = _dump_row(body)
    if found is None and character.isalpha():
        found = _newspaper(body, start)
    return found or _standard(body, start)


def _standard(body: str, start: int) -> Preamble:
    head = body[start : start + _SEARCHED]
    span, begin = _leading_header(body, start)
    sentence = "Sipdis" in head or "E.o." in head
    return Preamble(
        variant="sentence case" if sentence and _SENTENCE_CASE.search(head) else "standard",
        message_start=begin,
        message_end=len(body),
        header_span=span,
    )


def _leading_header(body: str, start: int) -> tuple[tuple[int, int] | None, int]:
    """A header that stands before the classification line, and where the message begins."""
    first = footer = None
    line_one = body[start : start + PATTERN_CHARS].partition("\n")[0]
    if classification_at(line_one) and not is_footer(line_one):
        return None, start
    for line in lines_of(body, start, min(len(body), start + _HEADER_CHARS)):
        text = line.text[:PATTERN_CHARS]
        if is_footer(text):
            footer = line.start if first is not None and footer is None else footer
        elif first is None:
            if line.start > start + _SEARCHED:
                break
            if classification_at(text):
                break
            if _HEADER_LINE.match(text):
                first = line.start
        elif text.strip() == "BT":
            end = line.start + len(line.text)
            return (first, line.start), end + len(body[end:]) - len(body[end:].lstrip())
        elif classification_at(text):
            return (first, line.start), line.start
    return (None, start) if first is None or footer is None else ((first, footer), footer)


def _newspaper(body: str, start: int) -> Preamble | None:
    match = _TIME_LINE.match(body, start)
    if match is None:
        return None
    month = match[2][:3].lower()
    value = (
        minute_of(match[3], MONTHS.index(month.upper()) + 1, match[1], match[4], match[5])
        if month.upper() in MONTHS
        else None
    )
    begin = _next_text(body, match.end())
    span, begin = _leading_header(body, begin)
    return Preamble(
        variant="newspaper",
        message_start=begin,
        message_end=len(body),
        time=printed(body, match.start(), match.end()),
        time_value=value,
        header_span=span,
    )


def _run_on(body: str, start: int) -> Preamble | None:
    match = _RUN_ON.match(body, start)
    if match is None:
        return None
    time = printed(body, match.start(1), match.end(1))
    return Preamble(
        variant="run-on",
        message_start=_next_text(body, match.end()),
        message_end=len(body),
        values={} if time is None else {"date": time},
        time=time,
        time_value=_time(time),
    )


def _record(body: str, start: int) -> Preamble | None:
    spans: dict[str, tuple[int, int]] = {}
    name = ""
    header: int | None = None
    for line in lines_of(body, start, min(len(body), start + _SEARCHED)):
        match = _LABEL.match(line.text)
        if match is not None:
            name = match[1].lower()
            if name == "header" or (name == "destination" and _HEADER_LINE.match(match[2])):
                header = line.start + match.start(2)
                break
            spans.setdefault(name, (line.start + match.start(2), line.start + len(line.text)))
        elif classification_at(line.text):
            break
        elif not line.text.strip() or not name:
            name = ""
        elif _HEADER_ENDS.match(line.text):
            header = line.start
            break
        else:
            spans[name] = spans[name][0], line.start + len(line.text)
    if "refid" not in spans and not ("date" in spans and (header is not None or "origin" in spans)):
        return None
    after = max((end for _, end in spans.values()), default=start) if header is None else header
    rule = _HEADER_ENDS.search(body, after, after + _HEADER_CHARS)
    if rule is not None:
        span, begin = (after, rule.start()), _next_text(body, rule.end())
    else:
        found, begin = _leading_header(body, _next_text(body, after))
        span = found or (after, after)
    values = _values(body, spans)
    time = values.get("date")
    return Preamble(
        variant="labelled record",
        message_start=begin,
        message_end=len(body),
        values=values,
        time=time,
        time_value=_time(time),
        header_span=span if span[0] < span[1] else None,
    )


def _dump_row(body: str) -> Preamble | None:
    head = body[:_SEARCHED]
    if _ROW_BEGINS.match(head) is None and _LATER_ROW_BEGINS.search(head) is None:
        return None
    match = _DUMP_ROW.search(head)
    if match is None:
        return None
    position = match.end()
    header_end = body.find('","', position, position + _HEADER_CHARS)
    if header_end < 0:
        header_end = body.find('",', position, position + _HEADER_CHARS)
    begin = position if header_end < 0 else header_end + 2
    begin += len(body[begin : begin + 9]) - len(body[begin : begin + 9].lstrip('" \t\r\n'))
    quote = _QUOTE_END.search(body, max(begin, len(body) - PATTERN_CHARS))
    time = printed(body, *match.span("date"))
    return Preamble(
        variant="dump row",
        message_start=begin,
        message_end=len(body) if quote is None else quote.start(),
        values=_values(body, {name: match.span(name) for name in _COLUMNS}),
        time=time,
        time_value=_time(time),
        header_span=None if header_end <= position else (position, header_end),
    )


def _tab_row(body: str, start: int) -> Preamble | None:
    match = _TAB_ROW.match(body, start)
    if match is None:
        return None
    position = match.end()
    tab = body.find("\t", position, position + _HEADER_CHARS)
    begin = position if tab < 0 else _next_text(body, tab + 1)
    time = printed(body, *match.span("date"))
    return Preamble(
        variant="tab row",
        message_start=begin,
        message_end=len(body),
        values=_values(body, {name: match.span(name) for name in _COLUMNS}),
        time=time,
        time_value=_time(time),
        header_span=(position, tab) if tab > position else None,
    )


def _values(body: str, spans: Mapping[str, tuple[int, int]]) -> dict[str, PrintedValue]:
    values = {name: printed(body, start, end) for name, (start, end) in spans.items() if start >= 0}
    return {name: value for name, value in values.items() if value is not None}


def _time(time: PrintedValue | None) -> str | None:
    if time is None:
        return None
    if (match := _ISO.match(time.text)) is not None:
        year, month, day, hour, minute = match.groups()
    elif (match := _AMERICAN.match(time.text)) is not None:
        month, day, year, hour, minute = match.groups()
    else:
        return None
    return minute_of(year, int(month), day, hour, minute)


def _next_text(body: str, position: int) -> int:
    """The next character that is no white space, or the end; looks at no more than `_SEARCHED` characters."""
    piece = body[position : position + _SEARCHED]
    return position + len(piece) - len(piece.lstrip())
