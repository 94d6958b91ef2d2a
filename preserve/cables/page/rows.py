r"""Tables with a cable a row, such as the dump ``cables.csv``: fields in quotes with line ends, ``\"`` for a quote.

A field begins with a quotation mark and ends at the next one that a comma, a line end or the end of the file follows;
in it ``\"`` is a quotation mark and ``\\`` a backslash, and every other backslash is itself. A field without quotation
marks ends at the next comma or line end. RFC 4180 doubles quotation marks instead; a reader of that kind loses text at
the first ``\"``.

The file is read in pieces, so that memory is that of one row, whatever its size. A row that does not begin as
rows of the layout do, has no end within `MAX_ROW_BYTES` or not as many fields as the layout has columns is told, and
reading goes on at the next line that begins as rows do.

Tested by ``tests/unit/cables/test_cables_csv.py``.
"""

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct, field

from preserve.cables.page.fields import FieldValue, make_field
from preserve.cables.page.layouts import Layout
from preserve.cables.page.reading import PageText, Reading, no_text, published_id
from preserve.cables.page.texts import Segment, TextBuilder
from preserve.expressions import lazy_re
from preserve.formats.charset import Decoded, decode_piece

MAX_ROW_BYTES: Final = 8 * 1024 * 1024
"""Bytes of one row; the longest real body has some 300,000 characters."""

_FIELD: Final = lazy_re(
    rb'"(?:[^"\\]++|\\.|\\\Z|"(?!,|\r?\n|\Z))*+"(?=,|\r?\n|\Z)|[^",\r\n][^,\r\n]*+|(?=,|\r?\n|\Z)', re.DOTALL
)
_ROW_END: Final = lazy_re(rb"\r?\n|\Z")
_ESCAPE: Final = lazy_re(r'\\(["\\])')
_LINE: Final = lazy_re(rb"\r?\n(?=[^\r\n])")
_BOM: Final = b"\xef\xbb\xbf"
_BEGINNING_BYTES: Final = 2_000
"""Bytes of a line at which ``begins`` looks."""
_LONG_BYTES: Final = 4_096
_NEVER: Final = 1 << 62
"""The end of a field that has none."""


class TableRow(Struct, frozen=True, kw_only=True):
    """One row: its bytes, where they begin in the file, and its fields' spans in them (quotation marks included).

    ``defect`` says what is wrong with it; then it has no fields.
    """

    start: int
    raw: bytes
    spans: tuple[tuple[int, int], ...] = ()
    defect: str = ""


Source = Callable[[int], bytes]
"""Gives at most so many further bytes of the file, none at its end."""


def iter_rows(source: Source, layout: Layout, *, piece_bytes: int = 1 << 20) -> Iterator[TableRow]:
    """The rows of a file, in order, the same whatever ``piece_bytes`` is. Time is linear in the file's length.

    Every byte is in one of them but for blank lines, the line ends between rows, and a byte order mark.
    """
    data, start, is_last, need = b"", 0, False, piece_bytes
    while data or not is_last:
        pieces = [data]
        while need > 0 and not is_last:
            pieces.append(source(piece_bytes))
            need -= len(pieces[-1])
            is_last = not pieces[-1]
        held = _Held(data=b"".join(pieces), is_last=is_last, layout=layout)
        position = len(_BOM) if not start and held.data.startswith(_BOM) else 0
        while position < len(held.data) and (found := held.row(position)) is not None:
            raw = held.data[position : found.end]
            if raw.strip():
                spans = tuple((first - position, last - position) for first, last in found.spans)
                yield TableRow(start=start + position, raw=raw, spans=spans, defect=found.defect)
            position = found.after
        data, start = held.data[position:], start + position
        need = max(piece_bytes, len(data))


class _Found(NamedTuple):
    """A row in what is held: its fields' spans, its end, and where the next begins."""

    spans: Sequence[tuple[int, int]]
    end: int
    after: int
    defect: str = ""


class _Held(Struct, kw_only=True):
    """The part of a file that is in memory."""

    data: bytes
    is_last: bool
    layout: Layout
    _long: list[tuple[int, int]] = field(default_factory=list)
    """Long fields found, in order: what begins inside one ends where it does, so that no byte is read often."""

    def row(self, position: int) -> _Found | None:
        """The row that begins at a place; None where more of the file must be read to tell."""
        if not self._is_enough(position) and position + _BEGINNING_BYTES > len(self.data):
            return None
        if not self._begins(position):
            return self._defect(position, "it does not begin as rows do")
        spans: list[tuple[int, int]] = []
        wanted = len(self.layout.columns)
        place = position
        while len(spans) < wanted:
            stop = self._field_end(place)
            if stop is None or stop - position > MAX_ROW_BYTES:
                return self._endless(position)
            spans.append((place, stop))
            if self.data.startswith(b",", stop):
                place = stop + 1
                continue
            end = _ROW_END.match(self.data, stop)
            if end is None or (not self.is_last and end.end() == len(self.data)):
                return self._endless(position)
            if len(spans) == wanted:
                return _Found(spans, stop, end.end())
            return self._defect(position, f"{len(spans)} fields, not {wanted}")
        return self._defect(position, f"more than {wanted} fields")

    def _begins(self, position: int) -> bool:
        """Whether what stands at a place begins as rows do."""
        beginning = self.data[position : position + _BEGINNING_BYTES].decode("utf-8", "replace")
        return self.layout.begins is None or self.layout.begins.match(beginning.removeprefix("\ufeff")) is not None

    def _field_end(self, position: int) -> int | None:
        """Where the field ends that begins at a place; None where it does not in what is held."""
        is_quoted = self.data.startswith(b'"', position)
        if is_quoted and self._long:
            first, end = self._long[max(0, bisect_right(self._long, (position, _NEVER)) - 1)]
            # The last byte of a field is its closing quotation mark; what begins there is another.
            if first <= position < end - 1:
                return None if end == _NEVER else end
        match = _FIELD.match(self.data, position)
        end = _NEVER if match is None else match.end()
        if is_quoted and end - position > _LONG_BYTES:
            insort(self._long, (position, end))
        return None if match is None else end

    def _is_enough(self, position: int) -> bool:
        """Whether nothing that is read later can change what the row at a place is."""
        return self.is_last or len(self.data) - position >= MAX_ROW_BYTES + _BEGINNING_BYTES

    def _endless(self, position: int) -> _Found | None:
        """A row that does not end in what is held: more must be read where a row may be as long."""
        return self._defect(position, "it has no end") if self._is_enough(position) else None

    def _defect(self, position: int, defect: str) -> _Found | None:
        """A row that cannot be read: it ends before a line that begins as rows do, or `MAX_ROW_BYTES` on.

        None where more must be read to find that line.
        """
        is_enough = self._is_enough(position)
        limit = min(position + MAX_ROW_BYTES, len(self.data))
        for match in _LINE.finditer(self.data, position, limit):
            after = match.end()
            if not is_enough and after + _BEGINNING_BYTES > len(self.data):
                return None
            if self._begins(after):
                return _Found((), match.start(), after, defect)
        return _Found((), limit, limit, defect) if is_enough else None


def read_row(row: TableRow, decoded: Decoded, layout: Layout) -> Reading | None:
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
    if header is not None and match is not None:
        fields["partial_note"] = make_field("partial_note", match[0], source="header")
        places["partial_note"] = header.origin(*match.span())
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


def _characters(row: TableRow, decoded: Decoded) -> list[tuple[int, int]]:
    """The spans of a row's fields in characters."""
    result: list[tuple[int, int]] = []
    last, last_byte = 0, decoded.bom_bytes
    for start, end in row.spans:
        # The first field begins with the byte order mark, which the text does not have.
        begin = max(start, last_byte)
        first = last + len(decode_piece(row.raw[last_byte:begin], decoded.encoding))
        last = first + len(decode_piece(row.raw[begin:end], decoded.encoding))
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
