"""Members beyond 4 GiB, and more of them than 65,535: as Python and unzip read them. The files have holes."""

import hashlib
import io
import os
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preserve.export.zipstream import Part, ZipStream
from preserve.formats.zipformat import DEFLATED, STORED, ZipMember, directory, local_header

_LARGE = (4 << 30) + 5


def _small(name: str, content: bytes) -> ZipMember:
    return ZipMember(name=name, method=STORED, crc=zlib.crc32(content), packed=len(content), size=len(content))


def _written(path: Path, first: ZipMember, behind: bytes) -> None:
    """A package whose first member is a hole, with a small one behind it."""
    last = _small("behind", behind)
    with path.open("wb") as file:
        file.write(local_header(first))
        file.seek(first.packed, io.SEEK_CUR)
        at = file.tell()
        file.write(local_header(last) + behind)
        file.write(directory([(0, first), (at, last)], file.tell()))


@pytest.mark.parametrize("size", [(1 << 32) - 2, (1 << 32) - 1, 1 << 32, _LARGE])
def test_a_member_of_any_size_and_what_lies_behind_it_are_found(tmp_path: Path, size: int) -> None:
    path = tmp_path / "large.zip"
    _written(path, ZipMember(name="large", method=STORED, crc=0, packed=size, size=size), b"what lies behind")
    with zipfile.ZipFile(path) as package:
        large, behind = package.infolist()
        assert (large.file_size, large.compress_size, large.header_offset) == (size, size, 0)
        assert behind.header_offset > size
        assert package.read("behind") == b"what lies behind"
        with package.open("large") as member:
            assert member.read(4) == bytes(4)
    # Info-ZIP 6.00 takes the very size that marks larger ones for a mark again.
    if shutil.which("unzip") and size != (1 << 32) - 1:
        told = subprocess.run(["unzip", "-p", path, "behind"], capture_output=True, check=True)
        assert (told.stdout, told.stderr) == (b"what lies behind", b"")


def test_a_member_that_is_small_only_while_it_is_packed(tmp_path: Path) -> None:
    packed = zlib.compress(b"", wbits=-zlib.MAX_WBITS)
    path = tmp_path / "a.zip"
    member = ZipMember(name="a", method=DEFLATED, crc=0, packed=len(packed), size=_LARGE)
    start = local_header(member) + packed
    path.write_bytes(start + directory([(0, member)], len(start)))
    (found,) = zipfile.ZipFile(path).infolist()
    assert (found.file_size, found.compress_size) == (_LARGE, len(packed))


def test_more_members_than_a_plain_directory_counts(tmp_path: Path) -> None:
    members = [(0, _small(f"{number}", b"")) for number in range(65_536)]
    path = tmp_path / "many.zip"
    header = local_header(members[0][1])
    path.write_bytes(header + directory(members, len(header)))
    assert len(zipfile.ZipFile(path).infolist()) == len(members)


class _WithHoles(io.FileIO):
    """A file in which zeros are holes."""

    def write(self, data: Any) -> int:
        if data.count(0) == len(data):
            self.seek(len(data), os.SEEK_CUR)
            return len(data)
        return super().write(data)


@pytest.mark.slow
@pytest.mark.parametrize("can_go_back", [True, False])
def test_a_stream_writes_a_part_beyond_4_gib(tmp_path: Path, *, can_go_back: bool) -> None:
    piece = bytes(16 << 20)

    def pieces() -> Iterator[bytes]:
        for _number in range(_LARGE // len(piece)):
            yield piece
        yield piece[: _LARGE % len(piece)]

    path = tmp_path / "stream.zip"
    with _WithHoles(path, "w+") as out:
        stream = ZipStream(out, can_go_back=can_go_back)
        large, behind = stream.add(
            [Part(name="archive/large", pieces=pieces), Part(name="behind", pieces=lambda: (b"this",), is_packed=True)]
        )
        assert stream.finish() == path.stat().st_size
    assert large.member.size == _LARGE
    assert behind.sha256 == hashlib.sha256(b"this").hexdigest()
    with zipfile.ZipFile(path) as package:
        assert [one.file_size for one in package.infolist()] == [_LARGE, 4]
        assert package.read("behind") == b"this"
        assert large.member.crc == package.getinfo("archive/large").CRC
