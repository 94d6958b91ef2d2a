"""One record by itself: what is found of it, held or read in pieces, and what is wrong."""

import base64
import gzip
import hashlib
import zlib
from io import BytesIO
from itertools import chain

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.http1.stream import payload_of, plain_body
from preserve.formats.warc.stream import RecordStream
from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import RecordQuery, facts_of
from tests.warcs import chunked, record, reply, sha1

ALL = RecordQuery(identity=True, statement=True)
WAYS = [ALL, RecordQuery(), RecordQuery(digests=False), RecordQuery(digests=False, identity=True)]
PAYLOAD = b"<p>some text, some text, some text</p>" * 9
PACKED = gzip.compress(PAYLOAD, mtime=0)
WARC_FIELDS = "application/warc-fields"
MESSAGE = "application/http; msgtype=request"
REQUEST = b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 4\r\n\r\na=bc"


def facts(data: bytes, wanted: RecordQuery = ALL, hold_bytes: int = 1 << 20) -> RecordFacts:
    (found,) = [facts_of(raw, wanted) for raw in RecordStream(BytesIO(data).read, hold_bytes=hold_bytes)]
    return found


def codes(data: bytes) -> list[str]:
    """The codes of what is wrong, the same whether the record is held or read in pieces."""
    held, large = facts(data), facts(data, hold_bytes=0)
    assert sorted(held.faults) == sorted(large.faults)
    return [code for code, _detail in held.faults]


BLOCKS = {
    "reply": record(1, reply(PAYLOAD, "Content-Type: text/html; charset=utf-8"), payload_digest=sha1(PAYLOAD)),
    "chunked reply": record(1, chunked(PAYLOAD), payload_digest=sha1(PAYLOAD)),
    "short reply": record(1, reply(PAYLOAD)[:-3], payload_digest=sha1(PAYLOAD[:-3])),
    "no reply": record(1, b"hello", payload_digest=sha1(b"hello")),
    "empty reply": record(1, b"", payload_digest=sha1(b"")),
    "request": record(2, REQUEST, kind="request", content_type=MESSAGE, payload_digest=sha1(b"a=bc")),
    "revisit": record(3, reply(b"", status="304 Not"), kind="revisit", payload_digest="sha256:" + "0" * 64),
    "resource": record(4, PAYLOAD, kind="resource", content_type="text/html", payload_digest=sha1(PAYLOAD)),
    "warcinfo": record(5, b"software: x\r\n", kind="warcinfo", content_type=WARC_FIELDS),
    "segment": record(6, b"abc", ("WARC-Segment-Number", "1"), payload_digest=sha1(b"abcdef")),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("wanted", WAYS)
def test_a_record_read_in_pieces_gives_the_facts_of_one_that_is_held(name: str, wanted: RecordQuery) -> None:
    held, large = facts(BLOCKS[name], wanted), facts(BLOCKS[name], wanted, hold_bytes=0)
    assert held._replace(faults=()) == large._replace(faults=())
    # What of its head is no reply is said in other words.
    assert sorted(code for code, _detail in held.faults) == sorted(code for code, _detail in large.faults)


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_whole_breaks_nothing(name: str) -> None:
    assert not [code for code, _detail in facts(BLOCKS[name]).faults if code[0] == "E"]


@given(
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", b"GET / HTTP/1.1\r\n"]),
    st.binary(max_size=30),
    st.sampled_from([b"", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n3\r\n"]),
    st.sampled_from(["response", "request", "revisit", "resource"]),
    st.sampled_from(["application/http", "text/html"]),
    st.sampled_from(WAYS),
    st.booleans(),
)
def test_any_block_gives_the_same_facts_held_and_in_pieces(
    head: bytes, body: bytes, between: bytes, kind: str, content_type: str, wanted: RecordQuery, fits: bool
) -> None:
    block = head + between + body
    digest = sha1(block if fits else b"other")
    data = record(1, block, kind=kind, content_type=content_type, payload_digest=digest)
    held, large = facts(data, wanted), facts(data, wanted, hold_bytes=0)
    if held.challenge is None:
        assert held._replace(faults=()) == large._replace(faults=())
        assert sorted(code for code, _ in held.faults) == sorted(code for code, _ in large.faults)


@given(
    st.lists(
        st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.0 404 No\r\n",
                b"HTTP/1.1 304 x\r\n",
                b"Content-Length: 5\r\n",
                b"content-length:0\r\n",
                b"Content-Length: 5, 5\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"X-Y: \r\n",
                b" folded\r\n",
                b"bad name: z\r\n",
                b"\r\n",
                b"\n",
                b"hello",
                b"0\r\n\r\n",
            ]
        ),
        max_size=7,
    ).map(b"".join)
)
def test_the_short_way_agrees_with_the_long_one(block: bytes) -> None:
    plain = plain_body(block)
    if plain is not None:
        payload = payload_of(block)
        assert plain == (payload.head.status, len(payload.head.raw))
        assert (payload.payload, payload.complete, payload.defects) == (block[plain[1] :], True, ())
        assert payload.head.defects == ()


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("encode", [bytes.hex, lambda d: base64.b32encode(d).decode(), base64.b64encode])
def test_every_digest_that_is_declared_is_checked(algorithm: str, encode: object) -> None:
    def declared(data: bytes) -> str:
        value = encode(hashlib.new(algorithm, data).digest())  # type: ignore[operator]
        return f"{algorithm}:{value.decode() if isinstance(value, bytes) else value}"

    block = reply(PAYLOAD)
    assert codes(record(1, block, block_digest=declared(block), payload_digest=declared(PAYLOAD))) == []
    wrong = record(1, block, block_digest=declared(b"x"), payload_digest=declared(b"x"))
    assert codes(wrong) == ["E-WARC-BLOCK-DIGEST", "E-WARC-PAYLOAD-DIGEST"]


def test_habits_of_writers_are_no_damage() -> None:
    framed = chunked(PAYLOAD)
    assert codes(record(1, framed, payload_digest=sha1(framed.partition(b"\r\n\r\n")[2]))) == ["I-WARC-DIGEST-CHUNKED"]
    assert codes(record(1, reply(PAYLOAD), payload_digest=sha1(reply(PAYLOAD)))) == ["I-WARC-DIGEST-BLOCK"]
    for coding, packed in (("gzip", PACKED), ("br", brotli.compress(PAYLOAD)), ("deflate", zlib.compress(PAYLOAD))):
        for message in (reply, chunked):
            data = record(1, message(packed, f"Content-Encoding: {coding}"), payload_digest=sha1(PAYLOAD))
            assert codes(data) == ["I-WARC-DIGEST-DECODED"]
    broken = record(1, reply(PACKED[:-9] + b"x" * 9, "Content-Encoding: gzip"), payload_digest=sha1(PAYLOAD))
    assert codes(broken) == ["E-WARC-PAYLOAD-DIGEST"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (record(1, reply(b""), block_digest="none"), "E-WARC-BLOCK-DIGEST"),
        (record(1, reply(b""), payload_digest="sha1:short"), "E-WARC-PAYLOAD-DIGEST"),
        (record(1, reply(b""), payload_digest="blake3:abc"), "I-WARC-DIGEST-UNKNOWN"),
        (BLOCKS["reply"].replace(b"WARC-Block-Digest", b"X-Block-Digest"), "I-WARC-NO-DIGEST"),
        (BLOCKS["reply"].replace(b"2026-01-02T", b"2026-13-02T"), "W-WARC-DATE"),
        (BLOCKS["reply"].replace(b"2026-01-02T03:04:05Z", b"2016-12-31T23:59:60Z"), "I-WARC-LEAP-SECOND"),
        (BLOCKS["reply"].replace(b"2026-01-02T03:04:05Z", b"20260102030405"), "W-WARC-DATE"),
        (BLOCKS["reply"].replace(b"2026-01-02T", b"yesterday, T"), "E-WARC-HEADER"),
        (BLOCKS["reply"].replace(b"http://example.org/1", b""), "W-WARC-URI"),
        (BLOCKS["reply"].replace(b"WARC-Target-URI: ", b"WARC-Target-URI:\r\n\t"), "I-WARC-FOLDED"),
        (BLOCKS["reply"].replace(b"Content-Length: ", b"Content-Length:\r\n ", 1), "I-WARC-FOLDED"),
        (BLOCKS["reply"].removesuffix(b"\r\n"), "W-WARC-LINE-ENDS"),
        (BLOCKS["reply"].removesuffix(b"\r\n\r\n"), "W-WARC-LINE-ENDS"),
        (BLOCKS["reply"] + b"\n", "W-WARC-LINE-ENDS"),
        (
            record(
                3,
                b"",
                ("WARC-Refers-To", "<urn:uuid:00000000-0000-4000-8000-000000000003>"),
                ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
                kind="revisit",
            ),
            "W-WARC-REVISIT",
        ),
        (BLOCKS["reply"].replace(b"WARC/1.1", b"warc/1.1"), "I-WARC-VERSION"),
        (BLOCKS["reply"].replace(b"<urn:uuid:", b"<no urn "), "E-WARC-HEADER"),
        (BLOCKS["reply"].replace(b"WARC-Target-URI", b"X-Target-URI"), "E-WARC-HEADER"),
        (BLOCKS["reply"].replace(b"WARC-Type: response\r\n", b"WARC-Type: response\r\n" * 2), "E-WARC-HEADER"),
        (record(1, reply(b""), uri="<http://example.org/>"), "I-WARC-URI-BRACKETS"),
        (BLOCKS["reply"].replace(b"WARC/1.1", b"WARC/0.9"), "I-WARC-VERSION"),
        (BLOCKS["no reply"], "I-HTTP-HEAD"),
        (BLOCKS["short reply"], "I-HTTP-SHORT"),
        (record(1, reply(b"abc") + b"d"), "I-HTTP-FRAMING"),
    ],
)
def test_what_is_wrong_has_its_code(data: bytes, code: str) -> None:
    assert [c for c, _detail in facts(data).faults] == [code]
    assert [c for c, _detail in facts(data, hold_bytes=0).faults] == [code]


@pytest.mark.parametrize(
    "text", ["2026", "2026-01", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05.123456789Z"]
)
def test_a_date_of_any_precision_is_one(text: str) -> None:
    assert codes(BLOCKS["reply"].replace(b"2026-01-02T03:04:05Z", text.encode())) == []


@pytest.mark.parametrize("name", ["WARC-Type", "WARC-Record-ID", "WARC-Date"])
def test_without_what_makes_it_a_record_it_is_none(name: str) -> None:
    data = BLOCKS["reply"].replace(name.encode() + b":", b"X-Other:")
    for hold_bytes in (0, 1 << 20):
        with pytest.raises(FormatError):
            facts(data, hold_bytes=hold_bytes)


def test_every_flip_of_a_bit_of_a_block_is_found_where_a_digest_is_declared() -> None:
    data = BLOCKS["chunked reply"]
    begins = data.index(b"\r\n\r\n") + 4
    for at in chain(range(begins, begins + 60), range(len(data) - 30, len(data) - 4)):
        flipped = bytearray(data)
        flipped[at] ^= 4
        assert "E-WARC-BLOCK-DIGEST" in [code for code, _detail in facts(bytes(flipped)).faults]
