"""The ledger's files: entry bundles, hash tiles, the checkpoint.

Layout: C2SP tlog-tiles; normative here: ``docs/formats/ledger.md``.

Tested by ``tests/unit/provenance/test_ledger.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from preserve.errors import ArchiveError, unreadable
from preserve.formats.tlog.files import TILE_WIDTH, entries_path, format_bundle, parse_bundle, tile_path
from preserve.limits import DEFAULT_LIMITS
from preserve.regular import open_regular
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths

_HASH_BYTES = 32


class LedgerFiles:
    """Reads and writes the ledger's files. Writing is for the holder of the collection's lock."""

    def __init__(self, paths: CollectionPaths) -> None:
        self._paths = paths

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
        """The first ``width`` entries of a bundle, from the bundle of that width or a wider one.

        Raises:
            ArchiveError: it is missing.
            FormatError: it does not hold as many entries as its name says.
        """
        data, held = self._bundle_bytes(number, width)
        return parse_bundle(data, held)[:width]

    def bundle_bytes(self, number: int, width: int) -> bytes:
        """A bundle of that width, or the full one, as it lies there.

        Raises:
            ArchiveError: it is missing or cannot be read.
        """
        return self._bundle_bytes(number, width)[0]

    def may_have(self, number: int, width: int, text: bytes) -> bool:
        """Whether the bytes of a bundle, or of a wider one, have a text in them: only then can an entry have it.

        Raises:
            ArchiveError: it is missing.
        """
        return text in self._bundle_bytes(number, width)[0]

    def _bundle_bytes(self, number: int, width: int) -> tuple[bytes, int]:
        for held in self._widths(width, lambda held: entries_path(number, held)):
            path = self._paths.ledger / entries_path(number, held)
            data = self._read(path, TILE_WIDTH * (DEFAULT_LIMITS.max_statement_bytes + 2))
            if data is not None:
                return data, held
        raise ArchiveError(f"{self._paths.ledger / entries_path(number, width)} is missing")

    def has_bundle(self, number: int, width: int) -> bool:
        """True where the bundle of this width, or the full one, is there."""
        return any((self._paths.ledger / entries_path(number, held)).is_file() for held in (width, TILE_WIDTH))

    def bundle_widths(self, number: int) -> list[int]:
        """The widths of the partial bundles of a number that are there, in order."""
        return self._partial_widths(entries_path(number, 1))

    def _widths(self, width: int, path: Callable[[int], str]) -> Iterator[int]:
        """The widths to try: that one, the full one, and, as a checkpoint may be set meanwhile, those between."""
        yield from dict.fromkeys((width, TILE_WIDTH))
        yield from (held for held in self._partial_widths(path(1)) if width < held < TILE_WIDTH)

    def _partial_widths(self, relative: str) -> list[int]:
        folder = (self._paths.ledger / relative).parent
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= len("255"))

    def write_bundle(self, number: int, entries: Sequence[bytes]) -> None:
        """Writes a bundle; the full one takes the place of narrower ones."""
        self._write_tile(entries_path(number, len(entries)), format_bundle(entries))

    def tile(self, level: int, number: int, width: int) -> tuple[bytes, ...]:
        """The first ``width`` hashes of a tile.

        Raises:
            ArchiveError: it is missing or has another size.
        """
        data = self.tile_bytes(level, number, width)
        return tuple(data[n * _HASH_BYTES : (n + 1) * _HASH_BYTES] for n in range(width))

    def tile_bytes(self, level: int, number: int, width: int) -> bytes:
        """A tile of at least that width, as it lies there.

        Raises:
            ArchiveError: it is missing, cannot be read, or has another size.
        """
        for held in self._widths(width, lambda held: tile_path(level, number, held)):
            path = self._paths.ledger / tile_path(level, number, held)
            data = self._read(path, TILE_WIDTH * _HASH_BYTES)
            if data is not None:
                if len(data) != held * _HASH_BYTES:
                    raise ArchiveError(f"{path} has {len(data)} bytes, not {held * _HASH_BYTES}")
                return data
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
            if path.name.isascii() and path.name.isdigit() and int(path.name) < width:
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
