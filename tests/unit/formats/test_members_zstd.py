"""Compressed pieces of both kinds: gzip members and Zstandard frames, with a dictionary and without."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.warc.members import GZIP_MAGIC, ZSTD_MAGIC, CompressedMember, Members, zstd_dictionary
from tests.warcs import DICTIONARY_MAGIC, dictionary, gz, page, zst

RECORDS = [page(n, size) for n, size in enumerate([10, 3000, 40, 9000, 500])]
DICTIONARY = dictionary()
FILES = {
    GZIP_MAGIC: (gz(*RECORDS), None),
    ZSTD_MAGIC: (zst(RECORDS), None),
    b"dictionary": (zst(RECORDS, DICTIONARY), DICTIONARY),
}


def read(data: bytes, kind: bytes, *, hold_bytes: int = 1 << 20, start: int = 0, stop: int | None = None) -> Members:
    used = FILES[kind][1]
    return Members(
        BytesIO(data),
        start=start + (0 if used is None else 8 + len(used)),
        stop=stop,
        hold_bytes=hold_bytes,
        magic=GZIP_MAGIC if kind == GZIP_MAGIC else ZSTD_MAGIC,
        dictionary=used,
    )


def content(member: CompressedMember) -> bytes | None:
    """The content of a piece, None where it is damaged."""
    if member.more is None:
        return member.data
    try:
        return b"".join(member.more)
    except FormatError:
        return None


@pytest.mark.parametrize("kind", FILES)
@given(hold_bytes=st.sampled_from([0, 1, 200, 1000, 1 << 20]))
def test_pieces_are_read_whatever_of_them_is_held(kind: bytes, hold_bytes: int) -> None:
    data, used = FILES[kind]
    begins = 0 if used is None else 8 + len(used)
    told = [(member, content(member)) for member in read(data, kind, hold_bytes=hold_bytes)]
    assert [text for _member, text in told] == RECORDS
    assert sum(member.length for member, _text in told) == len(data) - begins


@pytest.mark.parametrize("kind", FILES)
@given(draw=st.data(), hold_bytes=st.sampled_from([100, 1 << 20]))
def test_behind_damage_the_next_whole_piece_is_read(kind: bytes, draw: st.DataObject, hold_bytes: int) -> None:
    data, used = FILES[kind]
    begins = 0 if used is None else 8 + len(used)
    at = draw.draw(st.integers(begins, len(data) - 1))
    damaged = bytearray(data)
    damaged[at] ^= 1 << draw.draw(st.integers(0, 7))
    told = [(member, content(member)) for member in read(bytes(damaged), kind, hold_bytes=hold_bytes)]
    whole = [(member.offset, content(member)) for member in read(data, kind)]
    found = {(member.offset, text) for member, text in told}
    # A flip in a piece's own flags may be of no consequence; it never touches another piece.
    hit = max(offset for offset, _text in whole if offset <= at)
    assert {item for item in whole if item[0] != hit} <= found


def test_behind_damage_a_piece_is_found_that_begins_with_a_large_block() -> None:
    # The third piece is the smallest; the one behind it is a single block of more than 4 KiB.
    data, _used = FILES[b"dictionary"]
    whole = [(member.offset, content(member)) for member in read(data, b"dictionary")]
    damaged = bytearray(data)
    damaged[whole[2][0]] ^= 1
    told = [(member.offset, content(member)) for member in read(bytes(damaged), b"dictionary")]
    assert told[3:] == whole[3:]


@pytest.mark.parametrize("kind", FILES)
@given(cut=st.integers(0, 3000))
def test_a_cut_file_gives_every_whole_piece_and_one_stretch(kind: bytes, cut: int) -> None:
    data, used = FILES[kind]
    cut = max(len(data) - cut, 0 if used is None else 8 + len(used))
    told = [(m.offset, m.length, content(m)) for m in read(data[:cut], kind)]
    whole = [(m.offset, m.length, content(m)) for m in read(data, kind) if m.offset + m.length <= cut]
    assert told[: len(whole)] == whole
    assert len(told) <= len(whole) + 1


def test_no_piece_is_begun_at_its_stop() -> None:
    data, _ = FILES[GZIP_MAGIC]
    offsets = [member.offset for member in read(data, GZIP_MAGIC)]
    assert [m.offset for m in read(data, GZIP_MAGIC, start=offsets[1], stop=offsets[3])] == offsets[1:3]


def test_a_dictionary_is_found_plain_and_compressed() -> None:
    assert zstd_dictionary(BytesIO(zst([], DICTIONARY))) == (DICTIONARY, 8 + len(DICTIONARY))
    packed = zst([DICTIONARY])
    stored = DICTIONARY_MAGIC + len(packed).to_bytes(4, "little") + packed
    assert zstd_dictionary(BytesIO(stored)) == (DICTIONARY, len(stored))
    assert zstd_dictionary(BytesIO(zst(RECORDS))) == (None, 0)


@pytest.mark.parametrize(
    "data",
    [
        zst([], DICTIONARY)[:-1],
        DICTIONARY_MAGIC + b"\xff\xff\xff\xff",
        DICTIONARY_MAGIC + (20).to_bytes(4, "little") + zst([DICTIONARY])[:20],
        DICTIONARY_MAGIC + (20).to_bytes(4, "little") + ZSTD_MAGIC + b"\xff" * 16,
    ],
)
def test_a_damaged_dictionary_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        zstd_dictionary(BytesIO(data))


def test_a_dictionary_that_is_none_is_a_format_error() -> None:
    with pytest.raises(FormatError):
        Members(BytesIO(b""), magic=ZSTD_MAGIC, dictionary=b"WARC/1.1\r\nWARC-Type: response\r\n")
