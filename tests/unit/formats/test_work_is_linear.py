"""The work that a hostile file makes grows as the file does: counted in bytes that are looked at, never in seconds."""

import gzip
from io import BytesIO
from typing import Any

import pytest

from preserve.formats.warc import members
from preserve.formats.warc import stream as recordstream
from preserve.formats.warc.containers import Container, records_in
from preserve.formats.warc.members import Members

EMPTY = gzip.compress(b"", mtime=0)
TWO = gzip.compress(b"ab", mtime=0)
PIECES = {
    "members of nothing": (Container.WARC_GZIP, EMPTY),
    "members of two bytes": (Container.WARC_GZIP, TWO),
    "marks of gzip": (Container.WARC_GZIP, b"\x1f\x8b\x08"),
    "beginnings of members": (Container.WARC_GZIP, EMPTY[:10]),
    "members with a wrong checksum": (Container.WARC_GZIP, TWO[:-8] + bytes(8)),
    "marks of Zstandard": (Container.WARC_ZSTD, b"\x28\xb5\x2f\xfd"),
    "frames of empty blocks": (Container.WARC_ZSTD, b"\x28\xb5\x2f\xfd\x00\x58" + bytes(30)),
    "versions": (Container.WARC, b"WARC/1.0"),
    "versions in lines": (Container.WARC, b"WARC/1.0\r\n"),
    "headers without an end": (Container.WARC, b"WARC/1.0\r\nContent-Length: 5\r\n"),
    "headers in headers": (Container.WARC, b"WARC/1.0\r\nWARC-Type: x\r\nWARC-Block-Digest: sha1:x\r\n"),
    "lengths that are too great": (
        Container.WARC,
        b"WARC/1.0\r\nWARC-Type: x\r\nContent-Length: 30\r\n\r\nWARC/1.0\r\nContent-Length: 9\r\n\r\n",
    ),
    "lines of ARC": (Container.ARC, b"http://e.example/ 192.0.2.7 20010203040506 text/html x\n"),
}


class Counting(BytesIO):
    """A stream that counts the bytes which are read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def work(container: Container, data: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes that were read, given to a decompressor, or looked at in the buffer."""
    looked = 0

    def counted(codec: type) -> Any:
        class Pushed(codec):  # type: ignore[misc]
            def push(self, data: bytes | memoryview, limit: int) -> bytes:
                nonlocal looked
                looked += len(data)
                out: bytes = super().push(data, limit)
                return out

        return Pushed

    class Buffer(recordstream._Buffer):
        def peek(self, size: int) -> memoryview:
            nonlocal looked
            held = super().peek(size)
            # What is only measured, to be searched once, is counted where it is skipped.
            looked += len(held) if len(held) < recordstream._STEP else 0
            return held

    with monkeypatch.context() as patch:
        patch.setattr(members, "_Gzip", counted(members._Gzip))
        patch.setattr(members, "_Zstd", counted(members._Zstd))
        patch.setattr(recordstream, "_Buffer", Buffer)
        stream = Counting(data)
        for spot in records_in(stream, container):
            for _part in (spot.raw and spot.raw.more) or ():
                pass
        return looked + stream.taken


# Each kind of container has one that is quick.
_LONG = (
    "members of nothing",
    "beginnings of members",
    "headers in headers",
    "members of two bytes",
    "marks of gzip",
    "marks of Zstandard",
    "versions",
    "versions in lines",
    "headers without an end",
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in _LONG else ()) for name in PIECES]
)
def test_twice_the_file_is_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container, piece = PIECES[name]
    count = 250_000 // len(piece)
    once, twice = (work(container, piece * many, monkeypatch) for many in (count, 2 * count))
    assert twice < 2.6 * once


def test_a_stretch_looks_for_its_beginning_no_further_than_its_end() -> None:
    stream = Counting(EMPTY * 500_000)
    assert Members(stream, start=1 << 20).next_start(1 << 20, 2 << 20) >= 2 << 20
    assert stream.taken < 4 << 20
