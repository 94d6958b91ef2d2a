"""The CDX server: captures as lines, by address, prefix, host or domain; in pages that end, or from where one stopped.

The captures of one address are those that a TimeMap lists, proved. Of many addresses they are lines of the index, which
is derived: what is behind them is proved when it is asked for. Names are those of pywb and of the Wayback Machine.

Tested by ``tests/scenarios/test_exhibit.py``.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from preserve.errors import FormatError, UsageError
from preserve.formats.cdxj import CdxLine, format_line, parse_line
from preserve.formats.urls import surt
from preserve.regular import open_regular
from preserve.replay.recover import Capture
from preserve.store.index import first_line_from
from preserve.store.layout import CollectionPaths
from preserve.web.exhibit.held import Captures, Moment
from preserve.web.exhibit.memento import padded

MAX_LINES: Final = 1_000
"""Lines of one answer."""
MAX_SCANNED: Final = 200_000
"""Lines of the index that one question looks at."""
_MAX_S: Final = 3.0
"""Time of one question: where something is not shown, each line is looked up."""
_MAX_LINE_BYTES: Final = 65_536
_MAX_FILTERS: Final = 20
_MAX_PATTERN: Final = 100
_MAX_MATCHED: Final = 300
"""Characters of a value that an expression is held against."""
_MAX_SEVERAL: Final = 2
_NAMES: Final[Mapping[str, str]] = {
    "original": "url",
    "mimetype": "mime",
    "statuscode": "status",
    "key": "urlkey",
    "surt": "urlkey",
    "ts": "timestamp",
}
FIELDS: Final = ("urlkey", "timestamp", "url", "mime", "status", "digest", "length", "offset", "filename")
_MATCHES: Final = frozenset({"exact", "prefix", "host", "domain"})
_OUTPUTS: Final = frozenset({"cdxj", "json", "text", "link"})
_SIMPLE: Final = re.compile(r"(?:\\[.\-/?+*$^|()\[\]{}dwsDWS]|\[\^?[^\]\\\[]+\]|[^\\()\[\]{}*+?|]|[*+?])*\Z")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CdxQuery:
    """What is asked for. ``first`` and ``last``: 14 digits; ``resume``: key, timestamp, lines of these to pass by."""

    url: str
    match: str
    first: str
    last: str
    limit: int
    sort: str
    closest: str
    output: str
    keeps: tuple[Callable[[Row], bool], ...]
    fields: tuple[str, ...]
    collapse: Callable[[Row], str] | None
    page: int | None
    page_size: int
    counts_pages: bool
    resume: tuple[str, str, int] | None
    shows_resume: bool


def question_of(query: Sequence[tuple[str, str]]) -> CdxQuery:
    """The question in a query's parameters.

    Raises:
        UsageError: it is none, or asks for more than there is room for.
    """
    said: dict[str, str] = {}
    for name, value in query:
        said.setdefault(name, value)
    url, match = _matched(said.get("url", "").strip(), said.get("matchType", ""))
    output = said.get("output", "cdxj") or "cdxj"
    sort = said.get("sort", "")
    closest = said.get("closest", "")
    if output not in _OUTPUTS:
        raise UsageError(f"there is no output {output[:20]!r}", next_step="Write output=cdxj, json, text or link.")
    if sort not in {"", "default", "reverse", "closest"}:
        raise UsageError(f"there is no order {sort[:20]!r}", next_step="Write sort=reverse or sort=closest.")
    is_ordered = sort in {"reverse", "closest"} or bool(closest)
    if match != "exact" and (is_ordered or output == "link"):
        raise UsageError("an order, or output=link, is for one address", next_step="Leave out matchType.")
    filters = [value for name, value in query if name == "filter"]
    if len(filters) > _MAX_FILTERS:
        raise UsageError("too many filters")
    shown = said.get("fields", said.get("fl", ""))
    return CdxQuery(
        url=url,
        match=match,
        first=_moment(said.get("from", ""), "0"),
        last=_moment(said.get("to", ""), "9"),
        limit=min(_number(said, "limit", MAX_LINES), MAX_LINES),
        sort="closest" if closest else sort,
        closest=_closest(closest),
        output=output,
        keeps=tuple(_filter(one) for one in filters),
        fields=tuple(_NAMES.get(one, one) for one in shown.split(",") if one),
        collapse=_collapse(said.get("collapse", "")),
        page=_number(said, "page", 0) if "page" in said else None,
        page_size=min(max(_number(said, "pageSize", MAX_LINES), 1), MAX_LINES),
        counts_pages=said.get("showNumPages", "") == "true",
        resume=_resume(said.get("resumeKey", "")),
        shows_resume=said.get("showResumeKey", "") == "true",
    )


def _matched(url: str, match: str) -> tuple[str, str]:
    if not url:
        raise UsageError("no address is given", next_step="Write url=https://...")
    if not match and url.startswith("*."):
        url, match = url[2:], "domain"
    elif not match and url.endswith("*"):
        url, match = url[:-1], "prefix"
    match = match or "exact"
    if match not in _MATCHES:
        raise UsageError(f"there is no matchType {match[:20]!r}", next_step="Write exact, prefix, host or domain.")
    return (url if "://" in url else f"http://{url}"), match


def _number(said: Mapping[str, str], name: str, default: int) -> int:
    value = said.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 9):  # noqa: PLR2004 - enough for all
        raise UsageError(f"{name} is no number")
    return int(value)


def _closest(said: str) -> str:
    digits = padded(_moment(said, "0")[: len(said)]) if said else ""
    if digits is None:
        raise UsageError(f"{said[:20]!r} is no time", next_step="Write a year or more, up to 14 digits.")
    return digits


def _moment(said: str, fill: str) -> str:
    if said and not (said.isascii() and said.isdigit() and len(said) <= 14):  # noqa: PLR2004 - to the second
        raise UsageError(f"{said[:20]!r} is no time", next_step="Write up to 14 digits: 2011, 20110901120000.")
    return said.ljust(14, fill)


def _resume(said: str) -> tuple[str, str, int] | None:
    if not said:
        return None
    try:
        parts = base64.urlsafe_b64decode(said.encode("ascii")).decode().split(" ")
    except ValueError:
        parts = []
    if len(parts) != 3 or not all(one.isascii() and one.isdigit() for one in parts[1:]):  # noqa: PLR2004 - key, time, number
        raise UsageError("this is no resumeKey of ours")
    return parts[0], parts[1], int(parts[2][:9])


def _filter(said: str) -> Callable[[Row], bool]:
    """``[!][=|~]field:value``: the value contains it, is it (``=``), or begins as the expression says (``~``)."""
    rest = said.removeprefix("!")
    is_not = rest != said
    kind = rest[:1] if rest[:1] in {"=", "~"} else ""
    name, mark, value = rest.removeprefix(kind).partition(":")
    name = _NAMES.get(name, name)
    if not mark or not name:
        raise UsageError(f"{said[:40]!r} is no filter", next_step="Write filter==status:200 or filter=!~mime:image/.*")
    if kind == "~":
        pattern = _pattern(value)
        return lambda row: (pattern.match(row.get(name, "")[:_MAX_MATCHED]) is None) == is_not
    if kind == "=":
        return lambda row: (row.get(name, "") != value) == is_not
    return lambda row: (value not in row.get(name, "")) == is_not


def _pattern(said: str) -> re.Pattern[str]:
    """An expression that cannot take long: no groups, and little that repeats."""
    several = len(re.findall(r"(?<!\\)[*+?]", said))
    if len(said) > _MAX_PATTERN or several > _MAX_SEVERAL or _SIMPLE.match(said) is None:
        raise UsageError("this expression is not taken", next_step="Use no groups, and * + ? twice at most.")
    try:
        return re.compile(said)
    except re.error as error:
        raise UsageError(f"this is no expression: {error}") from error


def _collapse(said: str) -> Callable[[Row], str] | None:
    if not said:
        return None
    name, _, digits = said.partition(":")
    name = _NAMES.get(name, name)
    if name not in FIELDS or (digits and not (digits.isascii() and digits.isdigit())):
        raise UsageError(f"{said[:20]!r} cannot be collapsed", next_step="Write collapse=digest or timestamp:8.")
    length = int(digits[:3]) if digits else None
    return lambda row: row.get(name, "")[:length]


def moment_row(moment: Moment) -> Row:
    """The line of a capture that is proved."""
    capture = moment.capture
    row = {"urlkey": _key(capture.url), "timestamp": moment.digits, "url": capture.url}
    row |= _facts(capture)
    if capture.second_hand:
        row["second_hand"] = capture.second_hand
    return row


def _facts(capture: Capture) -> dict[str, str]:
    row = capture.row
    said = {
        "mime": "warc/revisit" if capture.is_revisit else (row.mime or "unk"),
        "status": "" if row.status is None else str(row.status),
        "digest": "" if row.payload_sha256 is None else f"sha256:{row.payload_sha256}",
        "length": str(row.place.length),
        "offset": str(row.place.offset),
        "filename": row.place.file,
    }
    return {name: value for name, value in said.items() if value}


def _key(url: str) -> str:
    try:
        return surt(url)
    except FormatError:
        return url.replace(" ", "%20")


def index_rows(paths: CollectionPaths, asked: CdxQuery) -> Iterator[Row]:
    """The lines of the index that may be meant, in its order, from where a question goes on.

    Raises:
        UsageError: the address is none.
    """
    try:
        file = open_regular(paths.index)
    except OSError:
        return
    with file:
        for prefix in _prefixes(asked):
            for line in _lines(file, prefix, asked.resume):
                try:
                    read = parse_line(line.decode("utf-8", "replace"))
                except FormatError:
                    continue
                yield {"urlkey": read.key, "timestamp": read.timestamp, **read.fields}


def _prefixes(asked: CdxQuery) -> list[bytes]:
    """What the lines that are meant begin with, in the order of the index."""
    try:
        key = surt(asked.url)
    except FormatError as error:
        raise UsageError("this is no http or https address", next_step="Write url=https://...") from error
    host, _, _path = key.partition(")")
    if asked.match == "domain":
        return [f"{host})".encode(), f"{host},".encode()]
    if asked.match == "host":
        return [f"{host})".encode()]
    # A slash at the end of a path is no part of a key, but of what is asked for here.
    slash = "/" if asked.url.rpartition("?")[2].endswith("/") and not key.endswith("/") else ""
    return [f"{key}{slash}".encode()]


def _lines(file: BinaryIO, prefix: bytes, resume: tuple[str, str, int] | None) -> Iterator[bytes]:
    begin = prefix
    if resume is not None and f"{resume[0]} {resume[1]}".encode() > prefix:
        begin = f"{resume[0]} {resume[1]}".encode()
        if not begin.startswith(prefix):
            return
    file.seek(first_line_from(file, begin))
    for line in iter(lambda: file.readline(_MAX_LINE_BYTES), b""):
        if not line.startswith(prefix):
            return
        yield line


def exact_rows(captures: Captures, asked: CdxQuery) -> Iterable[Row]:
    """The captures of one address, in the order that is asked for."""
    moments: Sequence[Moment] = captures.moments
    if asked.sort == "reverse":
        moments = moments[::-1]
    elif asked.sort == "closest" and asked.closest:
        moments = captures.by_distance(asked.closest)
    return (moment_row(moment) for moment in moments)


@dataclass(frozen=True, slots=True)
class Answered:
    """Some lines. ``resume``: where to go on; empty: there is nothing more."""

    rows: list[Row]
    resume: str


def select(rows: Iterable[Row], asked: CdxQuery, is_shown: Callable[[Row], bool]) -> Answered:
    """Of some lines those that are asked for, one page or up to the limit.

    Raises:
        UsageError: it takes too long to find them.
    """
    until = time.monotonic() + _MAX_S
    found = _kept(rows, asked, is_shown, until)
    if asked.page is not None:
        size = asked.page_size
        return Answered(list(islice(found, asked.page * size, (asked.page + 1) * size))[: asked.limit], "")
    taken = list(islice(found, asked.limit))
    has_more = len(taken) == asked.limit and asked.limit > 0 and next(found, None) is not None
    return Answered(taken, _resume_key(taken, asked) if has_more and asked.sort in {"", "default"} else "")


def _kept(rows: Iterable[Row], asked: CdxQuery, is_shown: Callable[[Row], bool], until: float) -> Iterator[Row]:
    last: str | None = None
    passed = 0
    for number, row in enumerate(rows):
        if number >= MAX_SCANNED or (number % 64 == 0 and time.monotonic() > until):
            raise UsageError("this is too much at a time", next_step="Narrow it, or go on with resumeKey, not page.")
        key, timestamp = row["urlkey"], row["timestamp"]
        if asked.resume is not None and asked.sort in {"", "default"}:
            if (key, timestamp) < asked.resume[:2]:
                continue
            if (key, timestamp) == asked.resume[:2] and passed < asked.resume[2]:
                passed += 1
                continue
        if not asked.first <= timestamp <= asked.last or not all(keep(row) for keep in asked.keeps):
            continue
        if not is_shown(row):
            continue
        if asked.collapse is not None:
            value = f"{key} {asked.collapse(row)}"
            if value == last:
                continue
            last = value
        yield row


def _resume_key(taken: Sequence[Row], asked: CdxQuery) -> str:
    key, timestamp = taken[-1]["urlkey"], taken[-1]["timestamp"]
    same = sum(1 for row in taken if (row["urlkey"], row["timestamp"]) == (key, timestamp))
    if asked.resume is not None and asked.resume[:2] == (key, timestamp):
        same += asked.resume[2]
    return base64.urlsafe_b64encode(f"{key} {timestamp} {same}".encode()).decode()


def written(row: Row, asked: CdxQuery) -> str:
    """A line as it is asked for, without its line end."""
    if asked.output == "text":
        return " ".join(row.get(name, "-").replace(" ", "%20") for name in asked.fields or FIELDS)
    if asked.output == "json":
        names = asked.fields or tuple(row)
        return json.dumps({name: row[name] for name in names if name in row}, ensure_ascii=True)
    names = tuple(name for name in (asked.fields or tuple(row)) if name not in {"urlkey", "timestamp"})
    fields = {name: row[name] for name in names if name in row}
    return format_line(CdxLine(key=row["urlkey"], timestamp=row["timestamp"], fields=fields))
