"""A ZIP file made of parts that can be gone through again: to a file in one pass, to anything else in two.

Memory is that of one piece. A file is gone back in for the checksum and the sizes of a member; what cannot be gone back
in is written after a first pass that only counts. Both give the same bytes.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

from preserve.errors import ArchiveError, UsageError
from preserve.formats.zipformat import DEFLATED, STORED, ZipMember, directory, local_header
from preserve.regular import FileIdentity, open_regular

_LEVEL: Final = 4
_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member to be: ``pieces`` gives its content each time anew. ``is_packed``: deflated in the ZIP.

    ``path``, ``stretches``: of a part that is nothing but stretches of one file, which.
    """

    name: str
    pieces: Callable[[], Iterable[bytes]]
    is_packed: bool = False
    path: Path | None = None
    stretches: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A part that was gone through: its member, and the SHA-256 of its content in hexadecimal digits."""

    part: Part
    member: ZipMember
    sha256: str


class _Counted:
    """What goes through: content in, the member's bytes out."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._hash = hashlib.sha256()
        self._crc = self._size = self._packed = 0

    def pieces(self) -> Iterator[bytes]:
        """The member's bytes."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS) if self._part.is_packed else None
        for piece in self._part.pieces():
            self._hash.update(piece)
            self._crc = zlib.crc32(piece, self._crc)
            self._size += len(piece)
            packed = piece if packer is None else packer.compress(piece)
            self._packed += len(packed)
            yield packed
        if packer is not None:
            packed = packer.flush()
            self._packed += len(packed)
            yield packed

    def measured(self) -> Measured:
        """What it was, at its end."""
        part = self._part
        method = DEFLATED if part.is_packed else STORED
        member = ZipMember(name=part.name, method=method, crc=self._crc, packed=self._packed, size=self._size)
        return Measured(part=part, member=member, sha256=self._hash.hexdigest())


def measured(part: Part) -> Measured:
    """Goes through a part and keeps nothing of it."""
    counted = _Counted(part)
    for _piece in counted.pieces():
        pass
    return counted.measured()


class ZipStream:
    """One ZIP being written. ``can_go_back``: the output is a file of our own, written from its beginning."""

    def __init__(self, out: IO[bytes], *, can_go_back: bool) -> None:
        self._out = out
        self._can_go_back = can_go_back
        self._place = 0
        self._members: list[tuple[int, ZipMember]] = []

    def add(self, parts: Iterable[Part]) -> list[Measured]:
        """Writes some parts, one behind the other.

        Raises:
            ArchiveError: what a part gives changed while it was written.
        """
        if self._can_go_back:
            return [self._patched(part) for part in parts]
        counted = [measured(part) for part in parts]
        for one in counted:
            self._known(one)
        return counted

    def finish(self) -> int:
        """Writes the directory; the size of the file in bytes."""
        end = directory(self._members, self._place)
        self._out.write(end)
        return self._place + len(end)

    def _patched(self, part: Part) -> Measured:
        method = DEFLATED if part.is_packed else STORED
        guess = ZipMember(name=part.name, method=method, crc=0, packed=0, size=0)
        room = local_header(guess)
        self._out.write(room)
        counted = _Counted(part)
        for piece in counted.pieces():
            self._out.write(piece)
        one = counted.measured()
        header = local_header(one.member)
        if len(header) != len(room):
            # Of more than 4 GiB: its header is longer than the room left, and it is written again behind that.
            self._out.seek(self._place)
            self._known(one)
            return one
        self._out.seek(self._place)
        self._out.write(header)
        self._members.append((self._place, one.member))
        self._place += len(header) + one.member.packed
        self._out.seek(self._place)
        return one

    def _known(self, one: Measured) -> None:
        header = local_header(one.member)
        self._out.write(header)
        counted = _Counted(one.part)
        for piece in counted.pieces():
            self._out.write(piece)
        if counted.measured().member != one.member:
            raise ArchiveError(
                f"{one.part.name} changed while it was exported",
                next_step="Run the export again; where that happens twice, `preserve verify` the collection.",
            )
        self._members.append((self._place, one.member))
        self._place += len(header) + one.member.packed


class LaidStretch(NamedTuple):
    """A stretch of a ZIP: ``size`` bytes that are held, or those of a file from ``start`` on.

    ``identity``: of the file, as it was before it was gone through.
    """

    size: int
    data: bytes
    path: Path | None
    start: int
    identity: FileIdentity | None = None


class PackageTooLargeError(UsageError):
    """A package is larger than what is made at a reader's request."""

    def again(self) -> "PackageTooLargeError":
        """The same, without what led to it."""
        return PackageTooLargeError(self.message, next_step=self.next_step)


def _too_large() -> PackageTooLargeError:
    return PackageTooLargeError(
        "it is too large to be made at a reader's request",
        next_step="Whoever runs this desk can write it with `preserve export wacz COLLECTION -o FILE`.",
    )


class LaidOut:
    """A ZIP that is not written: what has to be made is held, what lies in files is read when it is asked for.

    ``tag``: SHA-256 of its directory, in hexadecimal digits. It is never changed once it is made.
    """

    def __init__(
        self,
        parts: Iterable[Part],
        listing: Callable[[list[Measured]], list[Part]],
        *,
        most_held_bytes: int,
        most_bytes: int,
    ) -> None:
        """Goes through all parts once.

        Raises:
            PackageTooLargeError: more would be held than ``most_held_bytes``, or files have more than ``most_bytes``.
        """
        self._stretches: list[LaidStretch] = []
        self._held_left = most_held_bytes
        self._left = most_bytes
        self.size = 0
        parts = list(parts)
        # Before anything is read: that takes as long as the files are large.
        if sum(end - start for part in parts for start, end in part.stretches) > most_bytes:
            raise _too_large()
        members: list[tuple[int, ZipMember]] = []
        listed = [self._add(part, members) for part in parts]
        for part in listing(listed):
            self._add(part, members)
        end = directory(members, self.size)
        self._hold(end)
        self.tag = hashlib.sha256(end).hexdigest()

    def _add(self, part: Part, members: list[tuple[int, ZipMember]]) -> Measured:
        counted = _Counted(part)
        identity = None if part.path is None else _identity(part.path)
        held = []
        for piece in counted.pieces():
            if part.path is None:
                self._held_left -= len(piece)
                held.append(piece)
            else:
                self._left -= len(piece)
            if min(self._held_left, self._left) < 0:
                raise _too_large()
        one = counted.measured()
        members.append((self.size, one.member))
        self._hold(local_header(one.member))
        self._hold(b"".join(held))
        for start, end in part.stretches:
            self._put(LaidStretch(end - start, b"", part.path, start, identity))
        return one

    def _hold(self, data: bytes) -> None:
        self._put(LaidStretch(len(data), data, None, 0))

    def _put(self, stretch: LaidStretch) -> None:
        self._stretches.append(stretch)
        self.size += stretch.size

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Its bytes from ``start`` up to ``end``, in pieces.

        Raises:
            OSError: a file cannot be read, or is not the one that was gone through.
        """
        place = 0
        for stretch in self._stretches:
            first, last = max(start - place, 0), min(end - place, stretch.size)
            place += stretch.size
            if first >= last:
                continue
            if stretch.path is None:
                yield stretch.data[first:last]
                continue
            with open_regular(stretch.path) as file:
                _require_same(file, stretch)
                file.seek(stretch.start + first)
                left = last - first
                while left and (piece := file.read(min(_PIECE_BYTES, left))):
                    # What was written while it was read is not given out.
                    _require_same(file, stretch)
                    left -= len(piece)
                    yield piece
                if left:
                    raise OSError(f"{stretch.path.name} became shorter")

    def is_still(self) -> bool:
        """Whether every file that it reads from is the one that was gone through."""
        files = {stretch.path: stretch.identity for stretch in self._stretches if stretch.path is not None}
        return all(_identity(path) == identity for path, identity in files.items())


def _identity(path: Path) -> FileIdentity | None:
    """Of the file that is read there, through a link too; None where there is none."""
    with suppress(OSError), open_regular(path) as file:
        return FileIdentity.of_open(file)
    return None


def _require_same(file: BinaryIO, stretch: LaidStretch) -> None:
    """Raises `OSError` where an open file is not, or is no longer, the one that was hashed."""
    if FileIdentity.of_open(file) != stretch.identity:
        name = "a file" if stretch.path is None else stretch.path.name
        raise OSError(f"{name} was changed since it was hashed")
