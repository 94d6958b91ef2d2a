"""Where a reply ends on a connection."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1.framing import Begin, Data, Defect, End, Event, Extra, ReplyParser, Trailers
from preserve.formats.http1.message import parse_response_head
from preserve.formats.http1.stream import PayloadStream, payload_of, plain_body
from preserve.limits import MAX_CHUNK_LINE_BYTES, MAX_REPLY_HEAD_BYTES
from tests.examples import examples, pairs

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


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _scan(data: bytes, step: int = 1 << 20) -> ReplyParser:
    parser = ReplyParser()
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
    return parser


def _events(data: bytes, cuts: Iterable[int] = (), *, interim: bool = True) -> list[Event]:
    """The events of an input that is cut at these places; neighbours of one kind that hold bytes are joined."""
    parser, found, start = ReplyParser(interim=interim), list[Event](), 0
    for end in (*sorted(cuts), len(data)):
        found += parser.feed(data[start:end])
        start = end
    joined: list[Event] = []
    for event in (*found, *parser.finish()):
        last = joined[-1] if joined else None
        if isinstance(event, Data) and isinstance(last, Data):
            joined[-1] = Data(last.data + event.data)
        elif isinstance(event, Extra) and isinstance(last, Extra):
            joined[-1] = Extra(last.data + event.data)
        else:
            joined.append(event)
    return joined


def _facts(parser: ReplyParser) -> tuple[object, ...]:
    return (
        parser.done,
        parser.complete,
        parser.keeps_connection,
        parser.head,
        parser.interim_bytes,
        parser.body_bytes,
        parser.extra_bytes,
        parser.defects,
    )


@pytest.mark.parametrize("reply", REPLIES)
def test_a_framed_reply_ends_with_its_last_byte_and_not_before(reply: bytes) -> None:
    for end in range(len(reply)):
        assert not _scan(reply[:end]).done
    parser = _scan(reply)
    assert parser.done
    assert parser.extra_bytes == 0
    assert _scan(reply + b"more").extra_bytes == 4


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_the_cutting_of_the_input_changes_nothing(reply: bytes, step: int) -> None:
    assert _facts(_scan(reply + b"x", step)) == _facts(_scan(reply + b"x"))


PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\r\n",
            b"0\r\n",
            b"5\r\nhello\r\n",
            b"1;x\nx\n",
            b"00000000000000000000002\r\nab\r\n",
            b"0\r\n\r\n",
            b"A: b\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"http/1.0 103 x\n\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Length: 7\r\n",
            b";",
            b" ",
            b"fffffffffffffffff",
        ]
    ),
)
BEGINNINGS = st.sampled_from(
    [b"", OK, CHUNKED, CHUNKED + b"1\r\nx\r\n", CHUNKED + b"0\r\n", OK + b"Content-Length: 9\r\n\r\n"]
)


@given(BEGINNINGS, st.lists(PIECES, max_size=12).map(b"".join))
@example(CHUNKED, b"5\r\r\nhello\r\n0\r\n\r\n")
@example(b"\r\n", CHUNKED + b"zz")
def test_no_input_is_refused_and_no_cutting_changes_the_events(before: bytes, rest: bytes) -> None:
    data = before + rest
    whole = _events(data)
    assert _events(data, range(len(data))) == whole
    for cut in range(len(data)):
        assert _events(data, [cut]) == whole
    assert _facts(_scan(data, 1)) == _facts(_scan(data))


LARGE = {
    "head": lambda size: OK + b"X: " + b"y" * size + b"\r\nContent-Length: 2\r\n\r\nok",
    "fields": lambda size: OK + b"a:b\n" * (size // 4) + b"\nbody",
    "folded": lambda size: OK + b"a:b\r\n" + b" c\r\n" * (size // 4) + b"\r\nbody",
    "empty lines": lambda size: b"\r\n" * (size // 2) + OK + b"Content-Length: 2\r\n\r\nok",
    "carriage returns": lambda size: OK + b"\r" * size + b"\n\r\nbody",
    "extension": lambda size: CHUNKED + b"5;" + b"x" * size + b"\r\nhello\r\n0\r\n\r\nmore",
    "second extension": lambda size: CHUNKED + b"1\r\nx\r\n5;" + b"x" * size + b"\r\nhello\r\n0\r\n\r\nmore",
    "zeros": lambda size: CHUNKED + b"0" * size + b"5\r\nhello\r\n" + b"0" * size + b"\r\n\r\nmore",
    "blanks": lambda size: CHUNKED + b" " * size + b"5\r\nhello\r\n0\r\n\r\nmore",
    "no line": lambda size: CHUNKED + b"<p>" * (size // 3),
    "trailers": lambda size: CHUNKED + b"5\r\nhello\r\n0\r\n" + b"T: t\r\n" * (size // 6) + b"\r\nmore",
    "body": lambda size: OK + b"Content-Length: %d\r\n\r\n" % size + b"b" * size + b"more",
}


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from(sorted(LARGE)),
    st.sampled_from([MAX_CHUNK_LINE_BYTES, MAX_REPLY_HEAD_BYTES]),
    st.integers(-60, 20_000),
    st.lists(st.floats(0, 1), max_size=4),
    st.lists(
        st.tuples(st.sampled_from([MAX_CHUNK_LINE_BYTES, MAX_REPLY_HEAD_BYTES]), st.integers(-90, 90)), max_size=4
    ),
)
def test_beyond_every_bound_every_reader_says_the_same_of_any_cutting(
    kind: str, bound: int, more: int, places: list[float], near: list[tuple[int, int]]
) -> None:
    data = LARGE[kind](bound + more)
    cuts = [int(place * len(data)) for place in places] + [min(len(data), at + off) for at, off in near]
    whole = _events(data, interim=False)
    assert _events(data, cuts, interim=False) == whole
    payload = b"".join(event.data for event in whole if isinstance(event, Data))
    stream, out, start = PayloadStream(), b"", 0
    for end in (*sorted(cuts), len(data)):
        out += stream.feed(data[start:end])
        start = end
    stream.finish()
    parser = _scan(data, 1 << 16)
    assert (out, stream.head, stream.complete) == (payload, parser.head, parser.complete)
    if not stream.is_http:
        with pytest.raises(FormatError):
            payload_of(data)
        assert plain_body(data) is None
        return
    read = payload_of(data)
    assert (read.payload, read.complete, read.defects) == (out, stream.complete, stream.defects)
    plain = plain_body(data)
    assert plain is None or (read.head.status, len(read.head.raw)) == plain


class _Counted(bytes):
    """Bytes that count how many of them are copied."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return self._counted(found) if isinstance(found, bytes) else found

    def __radd__(self, other: bytes) -> "_Counted":
        return self._counted(other + bytes(self))

    @classmethod
    def _counted(cls, data: bytes) -> "_Counted":
        cls.copied += len(data)
        return cls(data)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("unit", "step"),
    pairs([b"1\r\nx\r\n", b"1;" + b"e" * 200 + b"\nx\n", b"3e8\r\n" + b"y" * 1000 + b"\r\n"], [1 << 12, 1 << 30, 7]),
)
def test_the_work_on_chunks_grows_as_the_input_does(unit: bytes, step: int) -> None:
    copied = []
    for size in (40_000, 80_000):
        data = CHUNKED + unit * (size // len(unit)) + b"0\r\n\r\n"
        parser, _Counted.copied = ReplyParser(), 0
        for start in range(0, len(data), step):
            parser.feed(_Counted(data[start : start + step]))
        assert parser.done
        copied.append(_Counted.copied)
    assert copied[1] < 2.2 * copied[0] + 1000
    assert copied[1] < (40 if step == 7 else 4) * 80_000


def test_interim_replies_stand_before_the_final_one() -> None:
    parser = _scan(REPLIES[6])
    assert parser.head is not None
    assert parser.head.status == 200
    assert REPLIES[6][parser.interim_bytes :].startswith(OK)


def test_a_reply_without_framing_ends_with_the_connection() -> None:
    parser = _scan(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
    assert (parser.done, parser.complete, parser.keeps_connection) == (False, True, False)


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
    parser = _scan(reply)
    assert (parser.done, parser.complete) == (False, complete)


def test_a_head_without_end_is_given_up_at_the_bound() -> None:
    parser = _scan(OK + b"X: " + b"y" * MAX_REPLY_HEAD_BYTES)
    assert parser.head is None
    assert parser.defects == ["no-head"]


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


def test_chunks_with_extensions_and_trailers_are_taken_apart() -> None:
    body = b'4;a=b\r\nWiki\r\n005 ; c="d"\r\npedia\r\n0\r\nX-Trailer: yes\r\n\r\n'
    begin, *events = _events(CHUNKED + body + b"rest")
    assert isinstance(begin, Begin)
    assert events == [Data(b"Wikipedia"), Trailers(b"X-Trailer: yes\r\n\r\n"), End(), Extra(b"rest")]


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\r\n0\r\r\n\r\r\n",
        b"00000000000000000000000000005\r\nhello\r\n000000000000000000000\r\n\r\n",
        b" 5\t\nhello\n0 \n\n",
    ],
)
def test_chunks_that_are_odd_and_clear_are_read(body: bytes) -> None:
    assert _events(CHUNKED + body)[1:] == [Data(b"hello"), End()]


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"5\r\nhellothere", [Data(b"hello"), Defect("bad-chunk")]),
        (b"5\r\nhello\r\nzz\r\n", [Data(b"hello"), Defect("bad-chunk")]),
        (b"5\r\nhello\r\n11111111111111111\r\n", [Data(b"hello"), Defect("bad-chunk")]),
        (b"<p>plain", [Defect("not-chunked"), Data(b"<p>plain")]),
        (b"5", []),
        (b"", []),
    ],
)
def test_what_is_no_chunk_is_named_and_what_was_cut_is_no_defect(body: bytes, events: list[Event]) -> None:
    assert _events(CHUNKED + body)[1:] == events


def test_a_head_that_was_read_before_is_not_read_again() -> None:
    head = parse_response_head(CHUNKED)
    parser = ReplyParser(head=head)
    assert parser.feed(b"2\r\nok\r\n0\r\n\r\n") == [Data(b"ok"), End()]
    assert (parser.head, parser.body_bytes) == (head, 12)


def test_a_stored_message_is_one_reply_whatever_its_status() -> None:
    events = _events(b"HTTP/1.1 100 Continue\r\n\r\nrest", interim=False)
    assert [type(event) for event in events] == [Begin, End, Extra]


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_parser_and_codec_agree_on_chunked_bodies(pieces: list[bytes]) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    reply = OK + b"Transfer-Encoding: chunked\r\n\r\n" + body
    for end in range(len(OK) + 30, len(reply) + 1):
        payload = payload_of(reply[:end])
        assert _scan(reply[:end]).done is (payload.complete and end == len(reply))


def test_a_flood_of_interim_replies_is_read_in_time_that_grows_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    stepped = []
    real = ReplyParser._step

    def counted(parser: ReplyParser, data: bytes, events: list[Event]) -> bytes:
        stepped.append(len(data))
        return real(parser, data, events)

    monkeypatch.setattr(ReplyParser, "_step", counted)
    interim, count = b"HTTP/1.1 100 Continue\r\n\r\n", 3_000
    parser = ReplyParser()
    events = parser.feed(interim * count + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert len(events) == count + 3
    assert parser.done
    assert parser.interim_bytes == count * len(interim)
    assert sum(stepped) <= count * 4_096 + 9_000
