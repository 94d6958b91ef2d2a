"""Where a reply ends on a connection."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preserve.formats.http1 import payload_of
from preserve.formats.reply import ReplyScanner

OK = b"HTTP/1.1 200 OK\r\n"
REPLIES = [
    OK + b"Content-Length: 5\r\n\r\nhello",
    OK + b"Content-Length: 0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: yes\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    + OK
    + b"Content-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200\nContent-Length: 2\n\nok",
]


def _scan(data: bytes, step: int = 1 << 20) -> ReplyScanner:
    scanner = ReplyScanner("GET", max_head_bytes=4096)
    for start in range(0, len(data), step):
        scanner.feed(data[start : start + step])
    return scanner


def _facts(scanner: ReplyScanner) -> tuple[object, ...]:
    return (
        scanner.done,
        scanner.complete_at_close,
        scanner.keeps_connection,
        scanner.head,
        scanner.interim_bytes,
        scanner.body_bytes,
        scanner.extra_bytes,
        scanner.defects,
    )


@pytest.mark.parametrize("reply", REPLIES)
def test_a_framed_reply_ends_with_its_last_byte_and_not_before(reply: bytes) -> None:
    for end in range(len(reply)):
        assert not _scan(reply[:end]).done
    scanner = _scan(reply)
    assert scanner.done
    assert scanner.extra_bytes == 0
    assert _scan(reply + b"more").extra_bytes == 4


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_the_cutting_of_the_input_changes_nothing(reply: bytes, step: int) -> None:
    assert _facts(_scan(reply + b"x", step)) == _facts(_scan(reply + b"x"))


@given(st.binary(max_size=120), st.integers(1, 9), st.booleans())
@example(b"0\r\n\r\n", 1, True)
def test_no_input_is_refused_and_its_cutting_changes_nothing(data: bytes, step: int, chunked: bool) -> None:
    for before in (b"", OK + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"")):
        whole, pieces = _scan(before + data), _scan(before + data, step)
        assert (whole.done, whole.head, whole.interim_bytes) == (pieces.done, pieces.head, pieces.interim_bytes)
        assert whole.complete_at_close == pieces.complete_at_close


def test_interim_replies_stand_before_the_final_one() -> None:
    scanner = _scan(REPLIES[6])
    assert scanner.head is not None
    assert scanner.head.status == 200
    assert REPLIES[6][scanner.interim_bytes :].startswith(OK)


def test_a_reply_without_framing_ends_with_the_connection() -> None:
    scanner = _scan(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
    assert (scanner.done, scanner.complete_at_close, scanner.keeps_connection) == (False, True, False)


@pytest.mark.parametrize(
    ("reply", "complete"),
    [
        (OK + b"Content-Length: 9\r\n\r\nhello", False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nrubbish\r\n", False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n<html>plain</html>\n", True),
        (b"rubbish", False),
        (OK + b"Content-Type: x\r\n<html>no blank line</html>", False),
    ],
)
def test_what_is_whole_when_the_connection_ends(reply: bytes, complete: bool) -> None:
    scanner = _scan(reply)
    assert (scanner.done, scanner.complete_at_close) == (False, complete)


def test_a_head_without_end_is_given_up_at_the_bound() -> None:
    scanner = _scan(OK + b"X: " + b"y" * 5000)
    assert scanner.head is None
    assert scanner.defects == ["no-head"]


@pytest.mark.parametrize(
    ("fields", "keeps"),
    [
        (b"", True),
        (b"Connection: close\r\n", False),
        (b"Connection: foo, Close\r\n", False),
        (b"Connection: foo\r\n", True),
    ],
)
def test_a_connection_is_kept_unless_the_server_says_otherwise(fields: bytes, keeps: bool) -> None:
    assert _scan(OK + fields + b"Content-Length: 0\r\n\r\n").keeps_connection is keeps


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_scanner_and_codec_agree_on_chunked_bodies(pieces: list[bytes]) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    reply = OK + b"Transfer-Encoding: chunked\r\n\r\n" + body
    for end in range(len(OK) + 30, len(reply) + 1):
        payload = payload_of(reply[:end])
        assert _scan(reply[:end]).done is (payload.complete and end == len(reply))
