"""Heads of HTTP replies as they travelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1.message import FramingKind, body_framing, parse_response_head, split_head
from preserve.limits import MAX_REPLY_HEAD_BYTES


def test_a_head_keeps_its_bytes_and_reads_its_fields_without_case() -> None:
    raw = b"HTTP/1.1 200 All  Right\r\nX-Odd:  two  blanks \r\nx-odd: again\r\nServer:x\r\n\r\n"
    head = parse_response_head(raw)
    assert head.raw == raw
    assert (head.version, head.status, head.reason) == (b"HTTP/1.1", 200, b"All  Right")
    assert head.get(b"x-odd") == b"two  blanks"
    assert head.get_all(b"x-odd") == [b"two  blanks", b"again"]
    assert head.get(b"absent") is None
    assert head.defects == ()


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"HTTP/1.1 200 OK\nA: b\n\n", "bare-lf"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded-field"),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "no-colon"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "blank-before-colon"),
        (b"HTTP/1.1 200 OK\r\n\xff\xfe: b\r\n\r\n", "bad-field-name"),
    ],
)
def test_odd_heads_are_read_and_their_defect_is_named(raw: bytes, defect: str) -> None:
    assert defect in parse_response_head(raw).defects


def test_a_folded_field_goes_on() -> None:
    assert parse_response_head(b"HTTP/1.1 200 OK\r\nA: b\r\n\t c\r\n\r\n").get(b"a") == b"b c"


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n\r\n", b"\r\n\r\nrubbish\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n"],
)
def test_without_a_status_line_there_is_no_head(raw: bytes) -> None:
    with pytest.raises(FormatError):
        parse_response_head(raw)


@pytest.mark.parametrize(
    ("fields", "method", "status", "kind", "length"),
    [
        (b"Content-Length: 5", "GET", 200, FramingKind.LENGTH, 5),
        (b"Content-Length: 5\r\nContent-Length: 5", "GET", 200, FramingKind.LENGTH, 5),
        (b"Content-Length: 5\r\nContent-Length: 6", "GET", 200, FramingKind.CLOSE, None),
        (b"Content-Length: -5", "GET", 200, FramingKind.CLOSE, None),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", "GET", 200, FramingKind.CHUNKED, None),
        (b"Transfer-Encoding: gzip, Chunked", "GET", 200, FramingKind.CHUNKED, None),
        (b"Transfer-Encoding: gzip", "GET", 200, FramingKind.CLOSE, None),
        (b"X: y", "GET", 200, FramingKind.CLOSE, None),
        (b"Content-Length: 5", "HEAD", 200, FramingKind.NONE, None),
        (b"Content-Length: 5", "GET", 304, FramingKind.NONE, None),
        (b"Content-Length: 5", "GET", 204, FramingKind.NONE, None),
    ],
)
def test_the_framing_is_that_of_rfc_9112(
    fields: bytes, method: str, status: int, kind: FramingKind, length: int | None
) -> None:
    head = parse_response_head(b"HTTP/1.1 %d X\r\n%s\r\n\r\n" % (status, fields))
    framing = body_framing(head, method)
    assert (framing.kind, framing.length) == (kind, length)


@pytest.mark.parametrize(
    ("fields", "kind", "length"),
    [
        (b"Transfer-Encoding: identity\r\nContent-Length: 5", FramingKind.LENGTH, 5),
        (b"Transfer-Encoding: identity", FramingKind.CLOSE, None),
        (b"Transfer-Encoding: Identity, chunked", FramingKind.CHUNKED, None),
        (b"Transfer-Encoding: chunked, identity", FramingKind.CHUNKED, None),
        (b"Transfer-Encoding: gzip, identity\r\nContent-Length: 5", FramingKind.CLOSE, None),
        (b"Transfer-Encoding:\r\nContent-Length: 5", FramingKind.LENGTH, 5),
        (b"Content-Length: 00000000000000000000005", FramingKind.LENGTH, 5),
        (b"Content-Length: 00000000000000000000000", FramingKind.LENGTH, 0),
        (b"Content-Length: 5, 5", FramingKind.LENGTH, 5),
        (b"Content-Length: 9999999999999999999", FramingKind.CLOSE, None),
        (b"Content-Length:", FramingKind.CLOSE, None),
    ],
)
def test_forms_that_servers_have_beside_the_standard_are_read_as_browsers_read_them(
    fields: bytes, kind: FramingKind, length: int | None
) -> None:
    framing = body_framing(parse_response_head(b"HTTP/1.1 200 X\r\n%s\r\n\r\n" % fields), "GET")
    assert (framing.kind, framing.length) == (kind, length)


@pytest.mark.parametrize("before", [b"\r\n", b"\n", b"\r\n\r\n\n", b"\r\r\n"])
def test_empty_lines_before_the_status_line_belong_to_the_head(before: bytes) -> None:
    raw = before + b"http/1.1 200 OK\r\nA: b\r\n\r\n"
    assert split_head(raw + b"\r\n\r\nbody") == (raw, b"\r\n\r\nbody")
    head = parse_response_head(raw)
    assert (head.raw, head.version, head.status, head.get(b"a")) == (raw, b"HTTP/1.1", 200, b"b")
    assert "blank-before-status" in head.defects


def test_two_carriage_returns_before_a_line_feed_count_as_one() -> None:
    raw = b"HTTP/1.1 200 OK\r\r\nA: b\r\r\n\r\r\n"
    assert split_head(raw + b"x") == (raw, b"x")
    head = parse_response_head(raw)
    assert (head.start, head.fields, head.defects) == (b"HTTP/1.1 200 OK", ((b"A", b"b"),), ())


def test_the_head_is_bounded_in_bytes_and_by_them_in_fields() -> None:
    start, end = b"HTTP/1.1 200 OK\r\n", b"\r\n"
    fields = b"a:b\n" * ((MAX_REPLY_HEAD_BYTES - len(start + end)) // 4)
    raw = start + b"x" * ((MAX_REPLY_HEAD_BYTES - len(start + end)) % 4) + fields + end
    assert len(raw) == MAX_REPLY_HEAD_BYTES
    assert split_head(raw) == (raw, b"")
    assert len(parse_response_head(raw).fields) > 60_000
    with pytest.raises(FormatError, match="within 262144 bytes"):
        split_head(start + b"y" + raw.removeprefix(start))


def test_a_list_field_is_taken_apart_over_its_lines() -> None:
    head = parse_response_head(b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive,\r\nconnection: , close\r\n\r\n")
    assert head.get_list(b"connection") == [b"keep-alive", b"close"]
    assert head.get_list(b"absent") == []


@given(st.binary(max_size=200))
def test_any_bytes_give_a_head_or_the_one_error(data: bytes) -> None:
    for block in (data, b"HTTP/1.1 200 OK\r\n" + data):
        try:
            head, rest = split_head(block)
            assert head + rest == block
            parse_response_head(head)
        except FormatError:
            continue
