"""The texts in files, read by an engine, for tables that go through the ledger in its order.

Tested by ``tests/scenarios/test_export_on.py``.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

import msgspec

from preserve.cables.page.layouts import Layout
from preserve.cluster.parts import EngineParts
from preserve.cluster.rows import Read, RowCodec
from preserve.errors import FormatError
from preserve.export.tables import TEXT_TABLES, Part
from preserve.formats.warc.containers import Container, RecordSpan, records_in
from preserve.formats.warc.record import RecordHeader, WarcRecord, record_sha256
from preserve.limits import Limits
from preserve.provenance.describe import read_cables
from preserve.replay.stated_texts import TextSource, read_here
from preserve.store.catalogue import ShownCable
from preserve.store.heldfiles import open_written
from preserve.store.warcfile import container_of

_MOST_PASSES: Final = 8
"""How often what was found in a file is gone through. What is asked for in no order at all is read here."""
_MOST_OPEN: Final = 8
"""Files whose texts are under way at once."""


class TextParts(NamedTuple):
    """A text, by what its statement says of it, and what the rows of a table say of it alone."""

    published_id: str
    body_sha256: str
    parts: list[dict[str, str | int | bool | list[str] | None]]


class RecordTexts(NamedTuple):
    """The texts of one record, and where that lies in its file."""

    offset: int
    inner: int
    record_sha256: str
    texts: list[TextParts]

    @property
    def key(self) -> tuple[int, int]:
        """Rises from record to record of a file."""
        return self.offset, self.inner


def _write(row: RecordTexts) -> bytes:
    # This library writes what is no text in UTF-8, too: half of a pair.
    return json.dumps(row).encode() + b"\n"


def _read(line: bytes, _more: Read) -> RecordTexts:
    return msgspec.convert(json.loads(line), RecordTexts)


TEXTS: Final = RowCodec(_write, _read)


@dataclass(frozen=True, slots=True)
class TextsWork:
    """The texts in the records of a file, as far as a table has them. Rows: `TEXTS`."""

    layouts: tuple[Layout, ...]
    table: str
    limits: Limits
    is_hashed: ClassVar[bool] = False

    def rows_in(self, path: Path) -> Iterator[bytes]:
        """See `Work`. What is damaged is passed over: who asks for it reads it again, and says why it cannot be."""
        container = container_of(path)
        if container is None or container is Container.WACZ:
            return
        with suppress(FormatError), open_written(path) as file:
            for spot in records_in(file, container):
                if (found := self._texts(spot)) is not None:
                    yield TEXTS.write(found)

    def _texts(self, spot: RecordSpan) -> RecordTexts | None:
        raw = spot.raw
        if raw is None or raw.defect or raw.block is None or not isinstance(raw.header, RecordHeader):
            return None
        record = WarcRecord(header=raw.header, block=bytes(raw.block))
        try:
            cables = read_cables(record, self.layouts, self.limits).cables
        except FormatError:
            return None
        if not cables:
            return None
        parts = TEXT_TABLES[self.table].parts
        texts = [TextParts(text.published_id, text.body_sha256, parts(text)) for text in cables]
        return RecordTexts(spot.offset, spot.inner, record_sha256(record.header.raw, record.block), texts)


class EngineTexts:
    """See `preserve.export.tables.ReadTexts`. ``paths``: the files that ``parts`` reads."""

    def __init__(self, source: TextSource, table: str, parts: EngineParts[RecordTexts], paths: Iterable[Path]) -> None:
        self._source = source
        self._parts = TEXT_TABLES[table].parts
        self._files = parts
        self._paths = frozenset(paths)
        self._open: dict[Path, _Walk] = {}

    @property
    def unread(self) -> Mapping[Path, str]:
        """Files that nobody could read, with the reason."""
        return self._files.unread

    @property
    def count(self) -> int:
        """Number of files."""
        return len(self._paths)

    def read(self, cables: Iterable[ShownCable]) -> Iterator[tuple[ShownCable, list[Part] | None]]:
        """The texts of a file that nobody could read are no rows, and are not told of one by one."""
        for cable in cables:
            yield cable, self._of(cable)

    def _of(self, cable: ShownCable) -> list[Part] | None:
        place = cable.record.place
        path = self._source.paths.held_file(place.file)
        found = self._walk(path).to((place.offset, place.inner)) if path in self._paths else None
        if path in self._files.unread:
            return []
        if found is None:
            text = read_here(self._source, cable)
            return None if text is None else self._parts(text)
        if found.record_sha256 != cable.record.record_sha256:
            return None
        meant = (t for t in found.texts if (t.published_id, t.body_sha256) == (cable.published_id, cable.body_sha256))
        same = next(meant, None)
        return None if same is None else list(same.parts)

    def _walk(self, path: Path) -> "_Walk":
        walk = self._open.get(path)
        if walk is None:
            if len(self._open) == _MOST_OPEN:
                del self._open[next(iter(self._open))]
            walk = self._open[path] = _Walk(lambda: self._files.parts_in(path))
        return walk


class _Walk:
    """Goes through the texts of a file, as records are asked for: forward, or again from the beginning."""

    def __init__(self, begin: Callable[[], Iterator[RecordTexts]]) -> None:
        self._begin = begin
        self._rows: Iterator[RecordTexts] = iter(())
        self._row: RecordTexts | None = None
        self._passes = 0

    def to(self, key: tuple[int, int]) -> RecordTexts | None:
        """The texts of the record at this place; None where none were found there, or it was passed too often."""
        if not self._passes or (self._row is not None and key < self._row.key):
            if self._passes == _MOST_PASSES:
                return None
            self._passes += 1
            self._rows, self._row = self._begin(), None
        while self._row is None or self._row.key < key:
            row = next(self._rows, None)
            if row is None:
                return None
            self._row = row
        return self._row if self._row.key == key else None
