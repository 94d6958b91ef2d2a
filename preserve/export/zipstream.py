"""A ZIP file made of parts that can be gone through again: to a file in one pass, to anything else in two.

Memory is that of one piece. A file is gone back in for the checksum and the sizes of a member; what cannot be gone back
in is written after a first pass that only counts. Both give the same bytes.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final

from preserve.errors import ArchiveError
from preserve.formats.zipformat import DEFLATED, STORED, ZipMember, directory, local_header

_LEVEL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member to be: ``pieces`` gives its content each time anew. ``is_packed``: deflated in the ZIP."""

    name: str
    pieces: Callable[[], Iterable[bytes]]
    is_packed: bool = False


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
