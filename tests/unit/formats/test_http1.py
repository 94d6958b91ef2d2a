"""HTTP replies as they travelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1 import (
    FramingKind,
    body_framing,
    decode_chunked,
    parse_response_head,
    payload_of,
    split_head,
)


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


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n"])
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


def test_chunks_with_extensions_and_trailers_are_taken_apart() -> None:
    body = b'4;a=b\r\nWiki\r\n005 ; c="d"\r\npedia\r\n0\r\nX-Trailer: yes\r\n\r\n'
    chunks = decode_chunked(body + b"rest")
    assert chunks is not None
    assert (chunks.payload, chunks.complete, chunks.consumed) == (b"Wikipedia", True, len(body))
    assert chunks.trailers == b"X-Trailer: yes\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_any_cut_of_a_chunked_body_gives_a_beginning_of_its_payload(pieces: list[bytes]) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    whole = b"".join(pieces)
    for end in range(len(body) + 1):
        chunks = decode_chunked(body[:end])
        if chunks is not None:
            assert whole.startswith(chunks.payload)
            assert chunks.complete is (end == len(body))
            assert chunks.consumed <= end


def _reply(fields: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n%s\r\n\r\n%s" % (fields, body)


def test_the_payload_has_no_transfer_coding_and_keeps_its_content_coding() -> None:
    fields = b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip"
    payload = payload_of(_reply(fields, b"3\r\n\x1f\x8b\x08\r\n0\r\n\r\n"))
    assert (payload.payload, payload.complete) == (b"\x1f\x8b\x08", True)


def test_a_short_body_is_not_complete_and_a_long_one_has_extra_bytes() -> None:
    short = payload_of(_reply(b"Content-Length: 5", b"abc"))
    assert (short.payload, short.complete, short.expected) == (b"abc", False, 5)
    long = payload_of(_reply(b"Content-Length: 2", b"abc"))
    assert (long.payload, long.complete, long.defects) == (b"ab", True, ("extra-bytes",))


def test_a_body_said_to_be_chunked_that_is_not_is_kept_as_it_is() -> None:
    payload = payload_of(_reply(b"Transfer-Encoding: chunked", b"<html>plain</html>"))
    assert (payload.payload, payload.complete, payload.defects) == (b"<html>plain</html>", False, ("not-chunked",))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_one_error(data: bytes) -> None:
    decode_chunked(data)
    for block in (data, b"HTTP/1.1 200 OK\r\n" + data, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data):
        try:
            head, rest = split_head(block)
            assert head + rest == block
            payload_of(block)
        except FormatError:
            continue
