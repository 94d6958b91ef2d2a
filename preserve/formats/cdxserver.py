"""Replies of CDX servers: the lists of captures that Wayback and pywb give for an address. Pure.

Three forms: one JSON array of rows whose first names the columns (Wayback, ``output=json``), one JSON object a line
(pywb, ``output=json``), and ``KEY TIMESTAMP {json}`` lines (CDXJ). Behind the rows of the array form an empty row and
a row of one text are the resume key. Anything else (an HTML page, a cut array) is no list: an error is never an empty
list.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from preserve.errors import FormatError
from preserve.expressions import lazy_re

MAX_LINE_BYTES = 65_536
MAX_ROWS = 100_000
_TIMESTAMP = lazy_re(r"\d{14}\Z", re.ASCII)
_MAX_DEFECTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CdxRow:
    """One capture as an archive lists it; None where it does not say. ``digest`` is a claim over its stored bytes."""

    timestamp: str
    original: str
    status: int | None
    mime: str | None
    digest: str | None

    @property
    def moment(self) -> datetime:
        """The timestamp as a moment."""
        return moment_of(self.timestamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdxList:
    """A list, or one part of it. ``resume_key`` leads to the next part. ``defects``: rows that could not be read."""

    rows: tuple[CdxRow, ...]
    resume_key: str | None
    defects: tuple[str, ...]


def moment_of(timestamp: str) -> datetime:
    """14 digits as a moment in UTC.

    Raises:
        FormatError: they are none.
    """
    try:
        return datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatError(f"no timestamp: {timestamp[:40]!r}") from error


def parse_cdx(data: bytes) -> CdxList:
    """The list in a reply's body (its content coding removed).

    Raises:
        FormatError: it is no list in any of the three forms.
    """
    text = data.strip()
    if not text:
        return CdxList(rows=(), resume_key=None, defects=())
    return _array(text) if text.startswith(b"[") else _lines(text)


def _array(data: bytes) -> CdxList:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON, or cut: {error}"[:200]) from error
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise FormatError("the list is no array of rows")
    if not value:
        return CdxList(rows=(), resume_key=None, defects=())
    names = value[0]
    if "timestamp" not in names or "original" not in names:
        raise FormatError("the list names no columns timestamp and original")
    resume: str | None = None
    rows: list[CdxRow] = []
    defects: list[str] = []
    body = value[1:]
    if len(body) > 1 and body[-2] == [] and len(body[-1]) == 1:
        resume = str(body[-1][0])
        body = body[:-2]
    for row in body:
        made = _row(dict(zip(names, row, strict=False))) if len(row) == len(names) else None
        _take(made, str(row), rows, defects)
    return CdxList(rows=tuple(rows), resume_key=resume, defects=tuple(defects))


def _lines(data: bytes) -> CdxList:
    rows: list[CdxRow] = []
    defects: list[str] = []
    for line in data.splitlines():
        if len(line) > MAX_LINE_BYTES:
            _take(None, f"a line of {len(line)} bytes", rows, defects)
            continue
        begin = line.find(b"{")
        try:
            value = json.loads(line[begin:]) if begin >= 0 else None
        except (ValueError, RecursionError):
            value = None
        made = None
        if isinstance(value, dict):
            head = line[:begin].decode("utf-8", "replace").split()
            if len(head) > 1:
                value.setdefault("timestamp", head[1])
            made = _row(value)
        _take(made, line[:200].decode("utf-8", "replace"), rows, defects)
    if not rows:
        raise FormatError(f"no list of captures: {data[:80]!r}")
    return CdxList(rows=tuple(rows), resume_key=None, defects=tuple(defects))


def _take(row: CdxRow | None, said: str, rows: list[CdxRow], defects: list[str]) -> None:
    if row is not None and len(rows) < MAX_ROWS:
        rows.append(row)
    elif len(defects) < _MAX_DEFECTS:
        defects.append(f"no row: {said[:160]}" if row is None else f"more than {MAX_ROWS} rows")


def _row(fields: dict[str, object]) -> CdxRow | None:
    timestamp, original = fields.get("timestamp"), fields.get("original", fields.get("url"))
    if not isinstance(timestamp, str) or not isinstance(original, str) or _TIMESTAMP.match(timestamp) is None:
        return None
    try:
        moment_of(timestamp)
    except FormatError:
        return None
    status = str(fields.get("statuscode", fields.get("status", "")))
    return CdxRow(
        timestamp=timestamp,
        original=original,
        status=int(status) if re.fullmatch(r"[1-9]\d\d", status, re.ASCII) else None,
        mime=_text(fields.get("mimetype", fields.get("mime"))),
        digest=_text(fields.get("digest")),
    )


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value not in {"", "-"} else None
