"""The ledger's files: the journal of statements under no checkpoint yet, entry bundles, hash tiles, the checkpoint.

A journal line is ``{"index":N,"statement":S}`` with S byte for byte the canonical statement, so that an entry never
changes on its way into a bundle. A line is appended and synced before anything names the statement; the only thing a
crash can leave is a last line without its end, which was never a statement. Layout of tiles and bundles: C2SP
tlog-tiles; normative here: ``docs/formats/ledger.md``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from preserve.errors import ArchiveError, unreadable
from preserve.expressions import lazy_re
from preserve.formats.tlog import TILE_WIDTH, entries_path, format_bundle, parse_bundle, tile_path
from preserve.limits import DEFAULT_LIMITS
from preserve.regular import open_regular
from preserve.store.durable import append_synced, make_dir, truncate_synced, write_atomic
from preserve.store.layout import CollectionPaths

_LINE = lazy_re(rb'\{"index":(0|[1-9]\d{0,15}),"statement":(\{.*\})\}\n\Z')
_MAX_LINE_BYTES = DEFAULT_LIMITS.max_statement_bytes + 64
_HASH_BYTES = 32


class LedgerFiles:
    """Reads and writes the ledger's files. Writing is for the holder of the collection's lock."""

    def __init__(self, paths: CollectionPaths) -> None:
        self._paths = paths

    def pending(self) -> Iterator[tuple[int, bytes]]:
        """The journal's statements with their indexes, in order. A torn last line is passed over.

        Raises:
            ArchiveError: a line before the last cannot be read, or the indexes are not consecutive.
        """
        expected: int | None = None
        for number, (index, statement, _end) in enumerate(self._lines(), 1):
            if expected is not None and index != expected:
                raise self._damaged(f"line {number} has index {index} where {expected} belongs")
            expected = index + 1
            yield index, statement

    def append_pending(self, first_index: int, statements: Sequence[bytes]) -> None:
        """Appends to the journal in one synced write."""
        lines = [b'{"index":%d,"statement":%s}\n' % (first_index + n, s) for n, s in enumerate(statements)]
        make_dir(self._paths.ledger)
        append_synced(self._paths.pending, b"".join(lines))

    def cut_torn_line(self) -> int:
        """Cuts a torn last line off the journal; returns the bytes cut."""
        end, torn = self._torn()
        if torn:
            truncate_synced(self._paths.pending, end)
        return torn

    def torn_bytes(self) -> int:
        """Length of a torn last line of the journal, 0 where it ends as it should."""
        return self._torn()[1]

    def _torn(self) -> tuple[int, int]:
        path = self._paths.pending
        if not path.is_file():
            return 0, 0
        end = max((end for _index, _statement, end in self._lines()), default=0)
        return end, path.stat().st_size - end

    def drop_pending(self, size: int) -> None:
        """Removes from the journal what a checkpoint of ``size`` statements covers."""
        rest = [
            b'{"index":%d,"statement":%s}\n' % (index, statement)
            for index, statement in self.pending()
            if index >= size
        ]
        write_atomic(self._paths.pending, b"".join(rest))

    def _lines(self) -> Iterator[tuple[int, bytes, int]]:
        if not self._paths.pending.is_file():
            if self._paths.pending.exists():
                raise self._damaged("it is no file")
            return
        end = 0
        with open_regular(self._paths.pending) as file:
            while line := file.readline(_MAX_LINE_BYTES):
                match = _LINE.match(line)
                if match is None:
                    if not line.endswith(b"\n") and not file.read(1):
                        return
                    raise self._damaged(f"the line at byte {end} is no statement")
                end += len(line)
                yield int(match.group(1)), match.group(2), end

    def _damaged(self, detail: str) -> ArchiveError:
        return ArchiveError(
            f"{self._paths.pending}: {detail}",
            next_step=f"Make a copy of the collection, then run `preserve verify {self._paths.name}`.",
        )

    def checkpoint(self) -> bytes | None:
        """The signed checkpoint's bytes, or None where there is none."""
        return self._read(self._paths.checkpoint, DEFAULT_LIMITS.max_note_bytes)

    def write_checkpoint(self, note: bytes) -> None:
        """Puts a checkpoint in place of the last one."""
        write_atomic(self._paths.checkpoint, note)

    def has_tiles(self) -> bool:
        """True where bundles or tiles were ever written."""
        return (self._paths.ledger / "tile").is_dir()

    def bundle(self, number: int, width: int) -> tuple[bytes, ...]:
        """The first ``width`` entries of a bundle, from the bundle of that width or the full one.

        Raises:
            ArchiveError: it is missing.
            FormatError: it does not hold as many entries as its name says.
        """
        for held in dict.fromkeys((width, TILE_WIDTH)):
            path = self._paths.ledger / entries_path(number, held)
            data = self._read(path, TILE_WIDTH * (DEFAULT_LIMITS.max_statement_bytes + 2))
            if data is not None:
                return parse_bundle(data, held)[:width]
        raise ArchiveError(f"{self._paths.ledger / entries_path(number, width)} is missing")

    def has_bundle(self, number: int, width: int) -> bool:
        """True where the bundle of this width, or the full one, is there."""
        return any((self._paths.ledger / entries_path(number, held)).is_file() for held in (width, TILE_WIDTH))

    def bundle_widths(self, number: int) -> list[int]:
        """The widths of the partial bundles of a number that are there, in order."""
        folder = (self._paths.ledger / entries_path(number, 1)).parent
        return sorted(int(path.name) for path in folder.glob("[0-9]*")) if folder.is_dir() else []

    def write_bundle(self, number: int, entries: Sequence[bytes]) -> None:
        """Writes a bundle; the full one takes the place of narrower ones."""
        self._write_tile(entries_path(number, len(entries)), format_bundle(entries))

    def tile(self, level: int, number: int, width: int) -> tuple[bytes, ...]:
        """The first ``width`` hashes of a tile.

        Raises:
            ArchiveError: it is missing or has another size.
        """
        for held in dict.fromkeys((width, TILE_WIDTH)):
            path = self._paths.ledger / tile_path(level, number, held)
            data = self._read(path, TILE_WIDTH * _HASH_BYTES)
            if data is not None:
                if len(data) != held * _HASH_BYTES:
                    raise ArchiveError(f"{path} has {len(data)} bytes, not {held * _HASH_BYTES}")
                return tuple(data[n * _HASH_BYTES : (n + 1) * _HASH_BYTES] for n in range(width))
        raise ArchiveError(f"{self._paths.ledger / tile_path(level, number, width)} is missing")

    def write_tile(self, level: int, number: int, hashes: Sequence[bytes]) -> None:
        """Writes a tile of hashes."""
        self._write_tile(tile_path(level, number, len(hashes)), b"".join(hashes))

    def drop_narrower(self, relative: str, width: int) -> None:
        """Deletes the partial tiles beside a wider one of the same number."""
        base, _slash, _width = relative.partition(".p/")
        folder = self._paths.ledger / f"{base}.p"
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.name.isdigit() and int(path.name) < width:
                path.unlink()
        if width == TILE_WIDTH:
            folder.rmdir()

    def _write_tile(self, relative: str, data: bytes) -> None:
        path = self._paths.ledger / relative
        make_dir(path.parent)
        write_atomic(path, data)

    def _read(self, path: Path, most: int) -> bytes | None:
        try:
            with open_regular(path) as file:
                data = file.read(most + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(str(path), error) from error
        if len(data) > most:
            raise ArchiveError(f"{path} is larger than {most} bytes")
        return data
