"""Where a request ends, and which requests two readers could take for different ones."""

import pytest

from preserve.errors import FormatError
from preserve.formats.http1.request import RequestParser, parse_request_head

POST = b"POST /a?b HTTP/1.1\r\nHost: x.org\r\n"
WHOLE = {
    "no-body": b"GET http://x.org/a HTTP/1.1\r\nHost: x.org\r\n\r\n",
    "length": POST + b"Content-Length: 5\r\n\r\nhello",
    "no-length": POST + b"Content-Length: 0\r\n\r\n",
    "chunked": POST + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n",
    "head": b"HEAD / HTTP/1.1\r\nHost: x.org\r\n\r\n",
    "line-feeds": b"GET / HTTP/1.1\nHost: x.org\n\n",
}
REFUSED = {
    "no-line": b"hello\r\n\r\n",
    "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "small-method": b"get / HTTP/1.1\r\n\r\n",
    "two-lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length-and-chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "no-number": POST + b"Content-Length: +5\r\n\r\nhello",
    "folded": POST + b"X: a\r\n b\r\n\r\n",
    "blank-before-colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "no-chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nhello, this is no chunk",
    "too-large": POST + b"Content-Length: 1000000\r\n\r\n",
    "too-many": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n%b\r\n" % (b"x" * 1024) * 20,
}


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("name", WHOLE)
def test_a_request_ends_where_it_says_however_it_comes(name: str, step: int) -> None:
    data, parser = WHOLE[name], RequestParser(10_000)
    for start in range(0, len(data), step):
        assert not parser.done
        parser.feed(data[start : start + step])
    assert parser.done
    assert (parser.raw, parser.extra) == (data, b"")


@pytest.mark.parametrize("name", WHOLE)
def test_what_follows_a_request_is_none_of_it(name: str) -> None:
    parser = RequestParser(10_000)
    parser.feed(WHOLE[name] + b"GET /next HTTP/1.1\r\n")
    assert (parser.raw, parser.extra) == (WHOLE[name], b"GET /next HTTP/1.1\r\n")


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        RequestParser(10_000).feed(REFUSED[name])


def test_a_head_without_an_end_is_refused_at_the_bound() -> None:
    with pytest.raises(FormatError, match="head"):
        RequestParser(10_000).feed(b"X: " + b"y" * 300_000)


def test_the_head_of_a_request() -> None:
    head = parse_request_head(b"GET /a HTTP/1.1\r\nHost: x.org\r\nConnection: close\r\n\r\n")
    assert (head.method, head.target, head.host, head.keeps_connection()) == ("GET", "/a", "x.org", False)
    assert not parse_request_head(b"GET /a HTTP/1.1\r\nHost: x.org\r\nHost: y.org\r\n\r\n").host
