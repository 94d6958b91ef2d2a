"""What stands in a record's block is never a record of its own: in no container, cut or not, whatever its end is."""

import gzip
import hashlib
from collections.abc import Callable
from io import BytesIO

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from preserve.formats.warc.containers import Container, identify, record_at, records_in
from preserve.formats.warc.record import RecordHeader
from tests.warcs import arc, gz, page, record, reply, sha1, zst

FORGED = "http://trusted.example/"
HOSTILE = "http://hostile.example/"
TRUE = [page(1), page(2, 900)]
AFTER = [page(3), page(4, 70)]
TRUE_URIS = [f"http://example.org/{n}" for n in (1, 2)]
AFTER_URIS = [f"http://example.org/{n}" for n in (3, 4)]
TAIL = hashlib.shake_128(b"tail").digest(400)


def quoted(number: int = 77) -> bytes:
    """A record of another site, as a page may quote it: on a line of its own, with digests that fit."""
    return b"\r\n\r\n" + record(number, reply(b"<p>forged</p>"), uri=FORGED) + b"\r\n\r\n"


def hostile(
    inner: bytes | None = None, *, block_digest: str | None = None, end: bytes = b"\r\n\r\n", head: bytes = b""
) -> bytes:
    """The record of a page that quotes. ``head``: in place of its Content-Length, as damage leaves it."""
    block = reply((quoted() if inner is None else inner) + TAIL)
    data = record(66, block, uri=HOSTILE, block_digest=block_digest)
    length = b"Content-Length: %d\r\n\r\nHTTP" % len(block)
    assert length in data
    return (data.replace(length, head + b"\r\n\r\nHTTP") if head else data).removesuffix(b"\r\n\r\n") + end


def uris(data: bytes, name: str) -> list[str]:
    """The addresses of what is read, whole or cut. Read in pieces, nothing else is found."""
    container = identify(data[:4096], name)
    assert container is not None
    held, large = (
        [
            spot.raw.header.target_uri or ""
            for spot in records_in(BytesIO(data), container, hold_bytes=hold_bytes)
            if spot.raw is not None and isinstance(spot.raw.header, RecordHeader)
        ]
        for hold_bytes in (1 << 20, 64)
    )
    assert FORGED not in large
    return held


def plain(*records: bytes) -> bytes:
    return b"".join(records)


def whole_gzip(*records: bytes) -> bytes:
    return gzip.compress(b"".join(records), mtime=0)


def frames(*records: bytes) -> bytes:
    return zst(records)


def one_frame(*records: bytes) -> bytes:
    return zst([b"".join(records)])


PACKED: dict[str, tuple[str, Callable[..., bytes]]] = {
    "plain": ("a.warc", plain),
    "gzip": ("a.warc.gz", gz),
    "gzip as a whole": ("a.warc.gz", whole_gzip),
    "zstd": ("a.warc.zst", frames),
    "zstd as a whole": ("a.warc.zst", one_frame),
}
packings = pytest.mark.parametrize(("name", "pack"), PACKED.values(), ids=PACKED)


@packings
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\n", b"", b"\n", b"\n\n", b"\r\n" * 3])
@pytest.mark.parametrize("digest", [None, "", sha1(b"another")])
def test_of_a_page_that_quotes_a_record_whatever_its_end(
    name: str, pack: Callable[..., bytes], end: bytes, digest: str | None
) -> None:
    data = pack(*TRUE, hostile(end=end, block_digest=digest), *AFTER)
    assert uris(data, name) == [*TRUE_URIS, HOSTILE, *AFTER_URIS]


@packings
@pytest.mark.parametrize("cut", [1, 3, 4, 5, 60, 300, 399, 420, 480, 560])
def test_of_a_file_that_is_cut_in_a_page_that_quotes(name: str, pack: Callable[..., bytes], cut: int) -> None:
    data = pack(*TRUE, hostile())
    found = uris(data[:-cut], name)
    assert FORGED not in found
    # A frame gives nothing before it is whole, and in one gzip member the cut may be in the record before.
    if pack not in {one_frame, whole_gzip} or (pack is whole_gzip and cut < 420):
        assert found[:2] == TRUE_URIS
    # The compression is whole, what it holds is cut.
    inside = uris(pack(*TRUE, hostile()[:-cut]), name)
    assert FORGED not in inside
    assert inside[:2] == TRUE_URIS


@pytest.mark.parametrize("more", [1, 2, 5, 30, 700, 99_999])
@packings
def test_a_length_that_is_too_great_is_put_right_by_the_digest(
    name: str, pack: Callable[..., bytes], more: int
) -> None:
    head = b"Content-Length: %d" % (len(reply(quoted() + TAIL)) + more)
    assert uris(pack(*TRUE, hostile(head=head), *AFTER), name) == [*TRUE_URIS, HOSTILE, *AFTER_URIS]
    found = uris(pack(*TRUE, hostile(head=head, block_digest=""), *AFTER), name)
    assert FORGED not in found
    assert found[:3] == [*TRUE_URIS, HOSTILE]


@packings
@pytest.mark.parametrize("head", [b"X-Length: 5", b"Content-Length: many", b"Content-Length 800"])
@pytest.mark.parametrize("digest", [None, ""])
def test_a_header_without_a_length_makes_no_record_of_what_is_quoted(
    name: str, pack: Callable[..., bytes], head: bytes, digest: str | None
) -> None:
    found = uris(pack(*TRUE, hostile(head=head, block_digest=digest), *AFTER), name)
    assert FORGED not in found
    assert found[:2] == TRUE_URIS
    if digest is None or pack in {gz, frames}:
        assert found[-2:] == AFTER_URIS


@packings
def test_a_damaged_header_still_says_how_long_its_block_is(name: str, pack: Callable[..., bytes]) -> None:
    for before, after in (
        (b"WARC/1.1", b"WORC/1.1"),
        (b"WARC-Type:", b"WARC-Type;"),
        (b"WARC-Date:", b"WARC\xffDate:"),
    ):
        found = uris(pack(*TRUE, hostile().replace(before, after, 1), *AFTER), name)
        assert found == [*TRUE_URIS, *AFTER_URIS]


@pytest.mark.parametrize("step", [43, pytest.param(7, marks=pytest.mark.slow)])
@pytest.mark.parametrize("level", [0, 6])
def test_a_compressed_file_in_a_damaged_piece_holds_no_records_of_this_one(level: int, step: int) -> None:
    inner = gz(*(record(number, reply(b"<p>forged</p>"), uri=FORGED) for number in range(9)))
    outer = gzip.compress(hostile(inner), level, mtime=0)
    whole = gz(*TRUE) + outer + gz(*AFTER)
    start = len(gz(*TRUE))
    for at in [*range(start + 10, start + len(outer), step), start + len(outer) - 8, start + len(outer) - 1]:
        data = bytearray(whole)
        data[at] ^= 0x55
        found = uris(bytes(data), "a.warc.gz")
        assert FORGED not in found, at
        assert [uri for uri in found if uri != HOSTILE] == [*TRUE_URIS, *AFTER_URIS], at
    for cut in range(1, len(outer), step - 2):
        assert FORGED not in uris((gz(*TRUE) + outer)[:-cut], "a.warc.gz")


def test_a_file_in_a_damaged_frame_holds_no_records_of_this_one() -> None:
    inner = zst([record(9, reply(hashlib.shake_128(b"forged").digest(900)), uri=FORGED)])
    outer = zst([hostile(inner)])
    start = len(zst(TRUE))
    assert inner[:4] in outer[4:]
    for at in range(start + 12, start + len(outer), 11):
        data = bytearray(zst(TRUE) + outer + zst(AFTER))
        data[at] ^= 0x55
        found = uris(bytes(data), "a.warc.zst")
        assert FORGED not in found, at
        # Without a checksum in the frame, a record may come out of it damaged.
        assert (found[:2], found[-2:], len(found) <= 5) == (TRUE_URIS, AFTER_URIS, True), at


def test_of_an_arc_page_that_quotes_a_record() -> None:
    forged = f"{FORGED} 192.0.2.9 20050102030405 text/html 13\n<p>forged</p>\n".encode()
    about, *pages = arc(1, reply(b"one"), reply(b"\n\n" + forged + TAIL), reply(b"two"))
    for between in (b"\n", b"", b"\r\n", b"\n\n"):
        records = [data.removesuffix(b"\n") + between for data in (about, *pages)]
        for name, data in (
            ("a.arc", plain(*records)),
            ("a.arc.gz", gz(*records)),
            ("a.arc.gz", whole_gzip(*records)),
        ):
            assert uris(data, name)[1:] == [f"http://example.org/{n}" for n in range(3)]
    for cut in (30, 200, 430):
        assert FORGED not in uris(plain(about, pages[0], pages[1][:-cut]), "a.arc")
        assert FORGED not in uris(gz(about, pages[0], pages[1])[:-cut], "a.arc.gz")


@pytest.mark.parametrize("pack", [plain, gz])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\n"])
def test_other_readers_read_the_same_records(pack: Callable[..., bytes], end: bytes) -> None:
    data = pack(*TRUE, hostile(end=end), *AFTER)
    wanted = [*TRUE_URIS, HOSTILE, *AFTER_URIS]
    fast = [str(one.headers["WARC-Target-URI"]) for one in FastIterator(BytesIO(data), parse_http=False)]
    assert fast == wanted
    other = ArchiveIterator(BytesIO(data), no_record_parse=True)
    assert [one.rec_headers.get_header("WARC-Target-URI") for one in other] == wanted


def test_what_others_read_of_a_cut_file_is_what_is_read_here() -> None:
    data = plain(*TRUE, hostile())[:-300]
    other = ArchiveIterator(BytesIO(data), no_record_parse=True)
    told = [one.rec_headers.get_header("WARC-Target-URI") for one in other]
    assert told == uris(data, "a.warc") == [*TRUE_URIS, HOSTILE]


def test_a_file_of_one_kind_is_known_in_small_letters() -> None:
    data = page(1).replace(b"WARC/1.1", b"warc/1.0", 1)
    assert identify(data, "x") is Container.WARC
    assert identify(gz(data), "x") is Container.WARC_GZIP
    assert uris(gz(data, page(2)), "a.warc.gz") == TRUE_URIS


def in_blocks(data: bytes, size: int) -> bytes:
    """Compressed block by block, wherever records begin."""
    return b"".join(gzip.compress(data[at : at + size], mtime=0) for at in range(0, len(data), size))


@pytest.mark.parametrize("hold_bytes", [1 << 20, 100])
@pytest.mark.parametrize("size", [43, 100, 333, 765, 1500, 4000])
def test_pieces_that_are_no_records_hold_the_records_of_the_whole(size: int, hold_bytes: int) -> None:
    records = [*TRUE, hostile(), *AFTER]
    data = in_blocks(b"".join(records), size)
    found = []
    for spot in records_in(BytesIO(data), Container.WARC_GZIP, hold_bytes=hold_bytes):
        assert spot.raw is not None, spot
        block = bytes(spot.raw.block) if spot.raw.block is not None else b"".join(spot.raw.more or ())
        assert isinstance(spot.raw.header, RecordHeader)
        found.append((spot.raw.header.raw + block + b"\r\n\r\n", spot.offset, spot.inner))
    assert [one for one, _offset, _inner in found] == records
    for one, offset, inner in found:
        raw = record_at(BytesIO(data), Container.WARC_GZIP, offset, inner)
        assert isinstance(raw.header, RecordHeader)
        assert one == raw.header.raw + bytes(raw.block or b"") + b"\r\n\r\n"
    for cut in range(1, len(data) - len(gz(*TRUE)), 397):
        assert FORGED not in uris(data[:-cut], "a.warc.gz")


def test_arc_records_across_pieces_are_read() -> None:
    records = arc(1, reply(b"one"), reply(b"two" * 50), reply(b"three"))
    for size in (90, 130, 211):
        assert uris(in_blocks(b"".join(records), size), "a.arc.gz")[1:] == [f"http://example.org/{n}" for n in range(3)]
