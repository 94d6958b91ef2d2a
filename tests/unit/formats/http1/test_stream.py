"""The payload of a stored reply."""

from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1.stream import PayloadStream, payload_of


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
    assert (payload.payload, payload.complete, payload.defects) == (b"<html>plain</html>", True, ("not-chunked",))


HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        b"no reply\r\n\r\n",
        b"",
    ]
)
CHUNKS = [b"5\r\nabcde\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"3;x=y\nabc\n", b"2\r\nabc", b"zz\r\n", b"more"]
BODIES = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(CHUNKS),
        max_size=6,
    ).map(b"".join),
)


@given(HEADS, BODIES, st.lists(st.integers(1, 20), max_size=40))
def test_pieces_give_what_the_whole_gives(head: bytes, body: bytes, cuts: list[int]) -> None:
    block = head + body
    stream, out, at = PayloadStream(), [], 0
    for cut in [*cuts, len(block)]:
        out.append(stream.feed(block[at : at + cut]))
        at += cut
    stream.finish()
    try:
        whole = payload_of(block)
    except FormatError:
        assert (stream.is_http, b"".join(out)) == (False, b"")
        return
    assert stream.is_http
    assert b"".join(out) == whole.payload
    assert stream.complete == whole.complete
    assert stream.defects == whole.defects
