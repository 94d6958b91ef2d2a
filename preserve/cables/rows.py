r"""Tables with a cable a row, such as the dump ``cables.csv``: fields in quotes with line ends, ``\"`` for a quote.

A field begins with a quotation mark and ends at the next one that a comma, a line end or the end of the file follows;
in it ``\"`` is a quotation mark and ``\\`` a backslash, and every other backslash is itself. A field without quotation
marks ends at the next comma or line end. RFC 4180 doubles quotation marks instead; a reader of that kind loses text at
the first ``\"``.

The file is read in pieces, so that memory is that of one row, whatever its size. A row that has no end within
`MAX_ROW_BYTES`, or not as many fields as the layout has columns, is told, and reading goes on at the next line that
begins as rows of the layout do.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from preserve.cables.fields import FieldValue, make_field
from preserve.cables.layouts import Layout
from preserve.cables.reading import PageText, Reading, no_text, published_id
from preserve.cables.texts import Segment, TextBuilder
from preserve.formats.charset import Decoded, decode_piece

MAX_ROW_BYTES: Final = 8 * 1024 * 1024
"""Bytes of one row; the longest real body has some 300,000 characters."""

_FIELD: Final = re.compile(
    rb'"(?:[^"\\]++|\\.|\\\Z|"(?!,|\r?\n|\Z))*+"(?=,|\r?\n|\Z)|[^",\r\n][^,\r\n]*+|(?=,|\r?\n|\Z)', re.DOTALL
)
_ROW_END: Final = re.compile(rb"\r?\n|\Z")
_ESCAPE: Final = re.compile(r'\\(["\\])')
_LINE: Final = re.compile(rb"\n")
_BOM: Final = b"\xef\xbb\xbf"
_BEGINNING_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its bytes, where they begin in the file, and its fields' spans in them (quotation marks included).

    ``defect`` says what is wrong with it; then it has no fields.
    """

    start: int
    raw: bytes
    spans: tuple[tuple[int, int], ...] = ()
    defect: str = ""


Source = Callable[[int], bytes]
"""Gives at most so many further bytes of the file, none at its end."""


def iter_rows(source: Source, layout: Layout, *, piece_bytes: int = 1 << 20) -> Iterator[Row]:
    """The rows of a file, in order. Every byte but the line ends between rows is in one of them."""
    buffer, start, is_last = b"", 0, False
    need = piece_bytes
    while True:
        while len(buffer) < need and not is_last:
            piece = source(piece_bytes)
            is_last = not piece
            buffer += piece
        if not buffer:
            return
        position = len(_BOM) if not start and buffer.startswith(_BOM) else 0
        while position < len(buffer):
            row = _row(buffer, position, is_last=is_last)
            if row is None and not is_last and len(buffer) - position < MAX_ROW_BYTES:
                break
            spans, end, after, defect = _checked(row, layout)
            if defect:
                end, after = _skipped(buffer, position, layout)
            raw = buffer[position:end]
            if raw.strip():
                shifted = () if defect else tuple((a - position, b - position) for a, b in spans)
                yield Row(start=start + position, raw=raw, spans=shifted, defect=defect)
            position = after
        buffer, start = buffer[position:], start + position
        need = max(piece_bytes, 2 * len(buffer))
        if is_last and not buffer:
            return


_Ended = tuple[tuple[tuple[int, int], ...], int, int]


def _checked(row: _Ended | None, layout: Layout) -> tuple[tuple[tuple[int, int], ...], int, int, str]:
    if row is None:
        return (), 0, 0, "it has no end"
    spans, end, after = row
    if len(spans) != len(layout.columns):
        return (), end, after, f"{len(spans)} fields, {len(layout.columns)} expected"
    return spans, end, after, ""


def _row(buffer: bytes, position: int, *, is_last: bool) -> _Ended | None:
    """The spans of a row's fields, its end, and where the next begins; None where it does not end in the buffer."""
    spans: list[tuple[int, int]] = []
    while True:
        match = _FIELD.match(buffer, position)
        if match is None:
            return None
        spans.append(match.span())
        position = match.end()
        if buffer.startswith(b",", position):
            position += 1
            continue
        end = _ROW_END.match(buffer, position)
        if end is None or (not is_last and end.end() == len(buffer)):
            return None
        return tuple(spans), position, end.end()


def _skipped(buffer: bytes, position: int, layout: Layout) -> tuple[int, int]:
    """Where a row that cannot be read ends, and where the next begins: at a line that begins as rows do."""
    for match in _LINE.finditer(buffer, position):
        beginning = buffer[match.end() : match.end() + _BEGINNING_CHARS].decode("utf-8", "replace")
        if layout.begins is not None and layout.begins.match(beginning):
            return match.start(), match.end()
    return len(buffer), len(buffer)


def read_row(row: Row, decoded: Decoded, layout: Layout) -> Reading | None:
    """The cable in a row, which was decoded; None where it names none."""
    text = decoded.text
    spans = _characters(row, decoded)
    fields: dict[str, FieldValue] = {}
    places: dict[str, tuple[int, int]] = {}
    parts: dict[str, PageText] = {}
    for number, name in enumerate(layout.columns):
        start, end = spans[number]
        if text.startswith('"', start, end):
            start, end = start + 1, end - 1
        if name in {"header", "body"}:
            parts[name] = PageText(
                text=_ESCAPE.sub(r"\1", text[start:end]), segments=partial(_segments, text, start, end)
            )
        elif name != "-" and text[start:end].strip():
            fields[name] = make_field(name, _ESCAPE.sub(r"\1", text[start:end]), source="field", times=layout.times)
            places[name] = (start, end)
    identifier = published_id(fields["identifier"].printed) if "identifier" in fields else None
    if identifier is None:
        return None
    header = parts.get("header")
    note = layout.sentences.get("partial_note")
    match = note.pattern.search(header.text) if note is not None and header is not None else None
    if match is not None:
        fields["partial_note"] = make_field("partial_note", match[0], source="header")
    title = fields.pop("title", None)
    return Reading(
        published_id=identifier,
        title="" if title is None else title.printed,
        fields=fields,
        places=places,
        header=header if header is not None and header.text.strip() else None,
        body=parts.get("body", no_text()),
        strays=(),
        has_fields=len(fields) > 1,
    )


def _characters(row: Row, decoded: Decoded) -> list[tuple[int, int]]:
    """The spans of a row's fields in characters."""
    result: list[tuple[int, int]] = []
    last, last_byte = 0, decoded.bom_bytes
    for start, end in row.spans:
        first = last + len(decode_piece(row.raw[last_byte:start], decoded.encoding))
        last = first + len(decode_piece(row.raw[start:end], decoded.encoding))
        last_byte = end
        result.append((first, last))
    return result


def _segments(text: str, start: int, end: int) -> list[Segment]:
    builder = TextBuilder(text)
    position = start
    for match in _ESCAPE.finditer(text, start, end):
        builder.put(text[position : match.start()], position, match.start(), copied=True)
        builder.put(match[1], match.start(), match.end())
        position = match.end()
    builder.put(text[position:end], position, end, copied=True)
    return builder.segments(0, builder.length)
