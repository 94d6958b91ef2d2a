"""The payload of a block in pieces is the payload of the block in whole."""

from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1 import payload_of
from preserve.formats.http1stream import PayloadStream

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
    out.append(stream.finish())
    try:
        whole = payload_of(block)
    except FormatError:
        assert (stream.is_http, b"".join(out)) == (False, b"")
        return
    assert stream.is_http
    assert b"".join(out) == whole.payload
    assert stream.complete == whole.complete
    assert stream.defects == whole.defects
