"""Content codings taken off for reading, and lines of an index."""

import functools
import gzip
import zlib
from collections.abc import Callable
from types import SimpleNamespace

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats import content
from preserve.formats.cdxj import CdxLine, format_line
from preserve.formats.content import ContentStream, decode_content, no_codings
from tests.cdxj import parse_line
from tests.examples import pairs

TEXT = b"some text, some text, some text"
RAW = zlib.compressobj(wbits=-15)
# Without a time of day in it: what a test is made from is the same in every process that collects it.
gzipped = functools.partial(gzip.compress, mtime=0)


@pytest.mark.parametrize(
    ("data", "codings"),
    [
        (TEXT, []),
        (TEXT, ["identity"]),
        (gzipped(TEXT), ["gzip"]),
        (gzipped(TEXT), ["X-GZip "]),
        (gzipped(TEXT[:9]) + gzipped(TEXT[9:]), ["gzip"]),
        (gzipped(TEXT) + b"\x00" * 20, ["gzip"]),
        (zlib.compress(TEXT), ["deflate"]),
        (RAW.compress(TEXT) + RAW.flush(), ["deflate"]),
        (brotli.compress(TEXT), ["br"]),
        (brotli.compress(gzipped(TEXT)), ["gzip", "br"]),
        (zstd.compress(TEXT), ["zstd"]),
        (TEXT, ["gzip"]),
        (TEXT, ["zstd"]),
        (TEXT, ["UTF-8"]),
        (TEXT, ["none", "identity", "*"]),
        (gzipped(TEXT), ["gzip", "utf-8"]),
    ],
)
def test_codings_are_taken_off_in_reverse_order(data: bytes, codings: list[str]) -> None:
    assert decode_content(data, codings, max_bytes=1000) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_an_empty_body_is_empty(coding: str) -> None:
    assert decode_content(b"", [coding], max_bytes=10) == b""


@pytest.mark.parametrize(
    ("data", "codings"),
    [
        (gzipped(bytes(2_000_000)), ["gzip"]),
        (zlib.compress(bytes(2_000_000)), ["deflate"]),
        (brotli.compress(bytes(2_000_000)), ["br"]),
        (gzipped(TEXT)[:-3], ["gzip"]),
        (brotli.compress(TEXT * 50)[:-3], ["br"]),
        (TEXT, ["compress"]),
        (zstd.compress(TEXT)[:-3], ["zstd"]),
        (zstd.compress(bytes(2_000_000)), ["zstd"]),
        (TEXT, ["gzip"] * 5),
        (b"\xff\xff\xff\xff", ["deflate"]),
    ],
)
def test_bombs_cuts_and_unknown_codings_are_refused(data: bytes, codings: list[str]) -> None:
    with pytest.raises(FormatError):
        decode_content(data, codings, max_bytes=1_000_000)


@pytest.mark.parametrize("bit", range(8))
def test_a_damaged_gzip_body_gives_what_zlib_makes_of_it(bit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def outcomes() -> list[bytes | None]:
        found: list[bytes | None] = []
        for data in damaged:
            try:
                found.append(decode_content(data, ["gzip"], max_bytes=100))
            except FormatError:
                found.append(None)
        return found

    sound = gzipped(TEXT) + gzipped(b"more") + b"\x00"
    changed = [bytes((*sound[:at], sound[at] ^ 1 << bit, *sound[at + 1 :])) for at in range(len(sound))]
    damaged = [*changed, *(sound[:at] for at in range(len(sound)))]
    quick = outcomes()
    monkeypatch.setattr(content, "_quick_inflate", lambda _data, _most: None)
    assert quick == outcomes()
    assert {None, TEXT, TEXT + b"more"} <= set(quick)


def test_what_names_no_coding_is_told() -> None:
    assert no_codings(["gzip", "UTF-8", "identity", "", " none ", "compress"]) == ["utf-8", "none"]


@given(st.binary(max_size=200), st.lists(st.sampled_from(["gzip", "deflate", "br", "zstd", "x"]), max_size=3))
def test_any_bytes_give_a_value_or_the_one_error(data: bytes, codings: list[str]) -> None:
    try:
        assert len(decode_content(data, codings, max_bytes=1000)) <= max(1000, len(data))
    except FormatError:
        return


LINE = (
    'com,example)/a 20260102030405 {"url": "http://example.com/a", "mime": "text/html", "status": "200", '
    '"digest": "sha256:00", "length": "12", "offset": "0", "filename": "a.warc.gz"}'
)


def test_a_line_is_written_in_the_order_of_the_field_and_read_back() -> None:
    line = parse_line(LINE)
    assert (line.key, line.timestamp, line.fields["offset"]) == ("com,example)/a", "20260102030405", "0")
    shuffled = CdxLine(key=line.key, timestamp=line.timestamp, fields=dict(sorted(line.fields.items())))
    assert format_line(shuffled) == LINE


@pytest.mark.parametrize(("key", "time"), [("a b", "20260102030405"), ("", "20260102030405"), ("a", "2026")])
def test_a_key_with_a_blank_or_a_short_time_is_not_written(key: str, time: str) -> None:
    with pytest.raises(FormatError):
        format_line(CdxLine(key=key, timestamp=time, fields={}))


LONG = b"".join(b"line %d\n" % number for number in range(60_000)) + bytes(1 << 20)


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzipped,
    "x-gzip": gzipped,
    "deflate": zlib.compress,
    "br": functools.partial(brotli.compress, quality=4),
}


@pytest.mark.parametrize(("coding", "size"), pairs(_PACKERS, [777, 1, 1 << 16, 1 << 22]))
def test_a_coding_is_taken_off_piece_by_piece(coding: str, size: int) -> None:
    data, stream = _PACKERS[coding](LONG), ContentStream(coding)
    pieces = [piece for at in range(0, len(data), size) for piece in stream.feed(data[at : at + size])]
    assert b"".join(pieces) == LONG
    assert not stream.failed


@given(st.sampled_from(["gzip", "deflate", "br", "identity", ""]), st.lists(st.binary(max_size=60), max_size=4))
def test_what_is_not_coded_so_fails_and_raises_nothing(coding: str, parts: list[bytes]) -> None:
    stream = ContentStream(coding)
    for part in parts:
        list(stream.feed(part))
    if coding in {"identity", ""}:
        assert stream.failed


def test_of_many_gzip_members_each_is_looked_at_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [gzip.compress(bytes(size)) for size in (0, 1, 63, 64, 65, 1_000, 70_000)] + [gzip.compress(b"")] * 500
    given = []

    class Counted:
        def __init__(self, window: int) -> None:
            self._real = zlib.decompressobj(window)

        def decompress(self, data: memoryview, most: int) -> bytes:
            given.append(len(data))
            return self._real.decompress(data, most)

        @property
        def eof(self) -> bool:
            return self._real.eof

        @property
        def unused_data(self) -> bytes:
            return self._real.unused_data

    monkeypatch.setattr(content, "zlib", SimpleNamespace(decompressobj=Counted, error=zlib.error))
    body = b"".join(members)
    assert decode_content(body + b"\0\0", ["gzip"], max_bytes=100_000) == bytes(71_193)
    assert sum(given) < 2 * len(body) + 64 * len(members)


@pytest.mark.parametrize("fault", [b"\x1f\x8b\x08", gzip.compress(b"x")[:-1], gzip.compress(b"x" * 99)])
def test_a_later_gzip_member_that_is_cut_damaged_or_too_large_is_none(fault: bytes) -> None:
    with pytest.raises(FormatError):
        decode_content(gzip.compress(b"page") + fault, ["gzip"], max_bytes=50)
