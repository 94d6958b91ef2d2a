"""WARC records and the gzip members that hold them."""

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.warc.members import iter_members, read_member
from preserve.formats.warc.record import (
    compress_member,
    make_record,
    parse_header,
    parse_record,
    record_bytes,
    record_sha256,
)
from preserve.model import sha256_hex

FIELDS = [("WARC-Type", "resource"), ("WARC-Record-ID", "<urn:uuid:1>"), ("WARC-Date", "2026-01-01T00:00:00Z")]
_VALUE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(st.binary(max_size=300), _VALUE)
def test_a_built_record_is_read_back_as_it_was(block: bytes, value: str) -> None:
    data = record_bytes(make_record([*FIELDS, ("X-Note", value)], block))
    record = parse_record(data)
    assert record.block == block
    assert record.header.record_id == "urn:uuid:1"
    assert record.header.content_length == len(block)
    assert record.header.get("x-note") == value.strip(" \t")
    assert record_sha256(record.header.raw, record.block) == sha256_hex(data[:-4])


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb"])
def test_a_value_with_a_line_end_is_refused(value: str) -> None:
    with pytest.raises(FormatError):
        record_bytes(make_record([("X", value)], b""))


def test_record_hash_covers_date_and_address_which_block_digests_do_not() -> None:
    one = parse_record(record_bytes(make_record([*FIELDS, ("WARC-Target-URI", "http://a/")], b"x")))
    two = parse_record(record_bytes(make_record([*FIELDS, ("WARC-Target-URI", "http://b/")], b"x")))
    assert record_sha256(one.header.raw, one.block) != record_sha256(two.header.raw, two.block)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"WARC/1.1\r\n",
        b"WARC/1.1\r\n\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: x\r\n\r\n\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 5\r\n\r\nabc\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 1\r\n\r\nabc\r\n\r\n",
        b"WARC/1.1\r\nno colon\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
        b"WARC/1.1\r\n\xff: x\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
    ],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_record(data)


def test_a_header_of_other_writers_is_read() -> None:
    header = parse_header(b"WARC/1.0\r\nwarc-target-uri: <http://a/>\r\nX: a\r\n\tb\r\n\r\n")
    assert (header.version, header.target_uri, header.get("x")) == ("WARC/1.0", "http://a/", "a b")


@given(st.binary(max_size=2000))
def test_a_member_is_what_other_gzip_readers_read(data: bytes) -> None:
    member = compress_member(data)
    assert gzip.decompress(member) == data
    assert read_member(member) == data
    assert read_member(gzip.compress(data)) == data


def test_a_member_is_refused_when_cut_followed_changed_or_too_large() -> None:
    member = compress_member(b"x" * 100_000)
    for bad in (member[:-1], member + b"x", member[:-5] + b"\x00" + member[-4:], b"", b"rubbish"):
        with pytest.raises(FormatError):
            read_member(bad)
    with pytest.raises(FormatError):
        read_member(member, max_bytes=99_999)
    assert len(read_member(member, max_bytes=100_000)) == 100_000


@given(st.binary(max_size=400))
def test_any_bytes_give_a_value_or_the_one_error(data: bytes) -> None:
    for function in (parse_record, parse_header, read_member):
        try:
            function(data)
        except FormatError:
            continue
    assert sum(member.length for member in iter_members(io.BytesIO(data))) == len(data)


def _file() -> tuple[bytes, list[tuple[int, int, bytes]]]:
    blocks = [zlib.crc32(b"%d" % n).to_bytes(4, "big") * 30 for n in range(5)]
    records = [record_bytes(make_record([*FIELDS, ("X-Number", str(n))], block)) for n, block in enumerate(blocks)]
    data, places = b"", []
    for record in records:
        member = compress_member(record)
        places.append((len(data), len(member), record))
        data += member
    return data, places


def test_every_flipped_byte_costs_its_own_record_at_most() -> None:
    data, places = _file()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0xFF
        found = {m.offset: m.data for m in iter_members(io.BytesIO(bytes(changed))) if m.data is not None}
        for offset, length, record in places:
            if not offset <= position < offset + length:
                assert found.get(offset) == record, position


def test_every_cut_keeps_the_whole_records_before_it() -> None:
    data, places = _file()
    for end in range(len(data)):
        members = list(iter_members(io.BytesIO(data[:end])))
        whole = [m.data for m in members if m.data is not None]
        assert whole == [record for offset, length, record in places if offset + length <= end]
        assert sum(m.length for m in members) == end


def test_rubbish_between_records_is_told_and_passed_over() -> None:
    data, places = _file()
    second = places[1][0]
    mixed = data[:second] + b"\x1f\x8b\x08 not a member" * 3 + data[second:]
    members = list(iter_members(io.BytesIO(mixed)))
    assert [m.data for m in members if m.data is not None] == [record for _o, _l, record in places]
    (gap,) = (m for m in members if m.data is None)
    assert (gap.offset, gap.length) == (second, 48)
    assert gap.defect


def test_a_bomb_is_passed_over_within_the_bound() -> None:
    bomb = compress_member(b"\x00" * 5_000_000)
    data, places = _file()
    members = list(iter_members(io.BytesIO(bomb + data), max_bytes=100_000))
    assert members[0].data is None
    assert [m.data for m in members[1:]] == [record for _o, _l, record in places]
