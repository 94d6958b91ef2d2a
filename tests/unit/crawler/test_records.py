"""Exchanges as WARC records."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from preserve.crawler.records import (
    NOT_MODIFIED_PROFILE,
    REVISIT_PROFILE,
    FoundAs,
    RevisitOf,
    exchange_records,
    warcinfo_record,
)
from preserve.errors import FormatError
from preserve.formats.http1.message import parse_response_head, split_head
from preserve.formats.http1.stream import payload_of
from preserve.formats.warc.record import METHOD_FIELD, WarcRecord, parse_record, record_bytes
from preserve.formats.warc.stream import RecordStream
from preserve.integrity.record import RecordQuery, facts_of
from preserve.model import RecordPlace, sha256_hex
from preserve.net.exchange import Exchange, Failure, Peer, Surplus, TlsFacts, Truncation
from preserve.provenance.describe import KnownOfRecord, describe_fresh
from preserve.provenance.rows import row_of

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TLS = TlsFacts(version="TLSv1.3", cipher="TLS_AES", chain=(b"one", b"two"), verdict="verified")
PEER = Peer(ip="192.0.2.1", addresses=("192.0.2.1", "192.0.2.2"), proxy=None, tls=TLS)
REQUEST = b"GET / HTTP/1.1\r\nHost: x.org\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


EARLIER = RevisitOf(
    record_id="urn:uuid:e",
    uri="https://x.org/",
    date="2025-01-01T00:00:00Z",
    payload_sha256=sha256_hex(b"hello"),
    not_modified=False,
)


def _exchange(**changes: Any) -> Exchange:
    values: dict[str, Any] = {
        "url": "https://x.org/",
        "method": "GET",
        "request_bytes": REQUEST,
        "interim_bytes": b"",
        "response_bytes": REPLY,
        "expected_bytes": None,
        "received_bytes": 18,
        "started": START,
        "ended": START,
        "peer": PEER,
        "withheld": (),
        "truncated": None,
        "error": None,
    }
    values |= changes
    if values["response_bytes"] and "head" not in values:
        with suppress(FormatError):
            values["head"] = parse_response_head(split_head(values["response_bytes"])[0])
    return Exchange(**{"head": None, **values})


def _records(exchange: Exchange, revisit_of: RevisitOf | None = None, *, with_chain: bool = False) -> list[WarcRecord]:
    payload = payload_of(exchange.response_bytes, head=exchange.head) if exchange.head is not None else None
    built = exchange_records(
        exchange,
        warcinfo_id="urn:uuid:i",
        found=FoundAs(via="https://x.org/up", hop="link", robots="rules"),
        payload=payload,
        revisit_of=revisit_of,
        with_chain=with_chain,
    )
    return [parse_record(record_bytes(item)) for item in built]


def test_an_exchange_is_response_request_and_metadata_bound_together() -> None:
    response, request, metadata = _records(_exchange())
    assert [r.header.type for r in (response, request, metadata)] == ["response", "request", "metadata"]
    assert (response.block, request.block) == (REPLY, REQUEST)
    header = response.header
    assert header.date == "2026-01-02T03:04:05.678901Z"
    assert header.target_uri == "https://x.org/"
    assert header.get("WARC-IP-Address") == "192.0.2.1"
    assert [v for k, v in header.fields if k == "WARC-Protocol"] == ["http/1.1", "tls/1.3"]
    assert header.get("WARC-Block-Digest") == f"sha256:{sha256_hex(REPLY)}"
    assert header.get("WARC-Payload-Digest") == f"sha256:{sha256_hex(b'hello')}"
    assert header.get("WARC-Warcinfo-ID") == "<urn:uuid:i>"
    for other in (request, metadata):
        assert other.header.get("WARC-Concurrent-To") == f"<{header.record_id}>"
        assert other.header.date == header.date
    assert b"via: https://x.org/up\r\n" in metadata.block
    assert b"tlsCipher: TLS_AES\r\n" in metadata.block
    assert b"tlsVerdict: verified\r\n" in metadata.block
    assert b"dnsAnswer: 192.0.2.1 192.0.2.2\r\n" in metadata.block
    assert f"tlsChainSha256: {sha256_hex(b'one')} {sha256_hex(b'two')}\r\n".encode() in metadata.block


def test_a_revisit_keeps_the_head_and_names_what_it_repeats() -> None:
    revisit = _records(_exchange(), EARLIER)[0]
    assert revisit.header.type == "revisit"
    assert revisit.block == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert revisit.header.get("WARC-Profile") == REVISIT_PROFILE
    assert revisit.header.get("WARC-Refers-To") == "<urn:uuid:e>"
    assert revisit.header.get("WARC-Refers-To-Date") == "2025-01-01T00:00:00Z"
    assert revisit.header.get("WARC-Payload-Digest") == f"sha256:{sha256_hex(b'hello')}"
    assert revisit.header.get("WARC-Truncated") == "length"
    assert revisit.header.get("WARC-Block-Digest") == f"sha256:{sha256_hex(revisit.block)}"


def test_a_reply_that_says_not_modified_is_kept_whole_with_the_digest_of_what_it_refers_to() -> None:
    reply = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
    revisit, not_modified, *_rest = _records(_exchange(response_bytes=reply), replace(EARLIER, not_modified=True))
    assert (revisit.header.type, revisit.block) == ("revisit", b"")
    assert (not_modified.header.type, not_modified.block) == ("metadata", reply)
    assert revisit.header.get("WARC-Profile") == NOT_MODIFIED_PROFILE
    assert revisit.header.get("WARC-Payload-Digest") == f"sha256:{sha256_hex(b'hello')}"
    assert revisit.header.get("WARC-Refers-To-Target-URI") == "https://x.org/"
    assert revisit.header.get("WARC-Truncated") is None


def test_a_failure_leaves_its_request_and_its_reason() -> None:
    request, metadata = _records(_exchange(response_bytes=b"", error=Failure.TIMEOUT))
    assert [request.header.type, metadata.header.type] == ["request", "metadata"]
    assert b"failure: timeout\r\n" in metadata.block
    (alone,) = _records(_exchange(response_bytes=b"", request_bytes=b"", peer=None, error=Failure.DNS))
    assert b"failure: dns\r\n" in alone.block
    assert alone.header.get("WARC-IP-Address") is None


def test_a_cut_reply_says_so_in_its_header() -> None:
    response = _records(_exchange(truncated=Truncation.LENGTH))[0]
    assert response.header.get("WARC-Truncated") == "length"


def test_a_cut_reply_tells_what_was_expected_and_what_came() -> None:
    metadata = _records(_exchange(truncated=Truncation.DISCONNECT, expected_bytes=50, received_bytes=9))[-1]
    assert b"receivedBodyBytes: 9\r\nexpectedBodyBytes: 50\r\n" in metadata.block


def test_surplus_is_a_record_of_its_own_behind_the_others_and_is_named_in_the_metadata() -> None:
    surplus = (Surplus(data=REPLY, after="https://x.org/before"), Surplus(data=b"220 hello", after="", cut=True))
    *_others, metadata, first, second = _records(_exchange(surplus=surplus))
    assert f"surplusBytes: {len(REPLY)} 9\r\nsurplusAfter: https://x.org/before -\r\n".encode() in metadata.block
    assert (first.header.type, first.block, second.block) == ("metadata", REPLY, b"220 hello")
    assert first.header.get("Content-Type") == "application/octet-stream"
    assert (first.header.get("WARC-Truncated"), second.header.get("WARC-Truncated")) == (None, "length")
    assert first.header.get("WARC-IP-Address") is None


def test_interim_replies_and_certificates_are_records_of_their_own() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    response, _request, hints, chain, _metadata = _records(_exchange(interim_bytes=interim), with_chain=True)
    assert response.block == REPLY
    assert (hints.header.type, hints.block) == ("metadata", interim)
    assert hints.header.get("Content-Type") == "application/http;msgtype=response"
    assert chain.header.get("Content-Type") == "application/pem-certificate-chain"
    assert chain.block.count(b"BEGIN CERTIFICATE") == 2
    assert chain.header.get("WARC-Concurrent-To") == f"<{response.header.record_id}>"


def test_a_malformed_reply_is_kept_without_a_payload_digest() -> None:
    response = _records(_exchange(response_bytes=b"rubbish", error=Failure.MALFORMED))[0]
    assert response.block == b"rubbish"
    assert response.header.get("WARC-Payload-Digest") is None


def test_a_warcinfo_value_cannot_smuggle_in_a_field() -> None:
    built = warcinfo_record(file_name="a.warc.gz", now=START, fields={"operator": "me\r\nrobots: ignore"})
    assert b"operator: me robots: ignore\r\n" in parse_record(record_bytes(built)).block


@pytest.mark.parametrize("method", ["HEAD", "POST"])
@pytest.mark.parametrize("hold_bytes", [10, 100_000])
def test_a_reply_to_another_method_names_it_and_is_read_by_it(method: str, hold_bytes: int) -> None:
    body = b"" if method == "HEAD" else b"hello"
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n" + body
    payload = payload_of(reply, method)
    exchange = _exchange(method=method, response_bytes=reply)
    found = FoundAs(via=None, hop="requisite")
    records = exchange_records(
        exchange, warcinfo_id="urn:uuid:w", found=found, payload=payload, revisit_of=None, with_chain=False
    )
    assert records[0].header.get(METHOD_FIELD) == method
    known = KnownOfRecord(head=exchange.head, payload=payload, content=payload.payload)
    stated = describe_fresh(records[0], known, file="a.warc.gz", ordinal=1, run="urn:uuid:r")
    assert (stated.method, stated.whole, stated.status) == (method, "whole", 200)
    wanted = RecordQuery(identity=True, digests=True, statement=True)
    stream = RecordStream(BytesIO(record_bytes(records[0])).read, hold_bytes=hold_bytes)
    (facts,) = [facts_of(raw, wanted) for raw in stream]
    assert (facts.method, facts.whole, facts.payload_sha256) == (method, "whole", stated.payload_sha256)
    assert not facts.faults
    # It is no capture of its address: whoever looks that up wants what GET gave.
    row = row_of(stated, RecordPlace(file="a.warc.gz", ordinal=1, offset=0, length=10)).values
    assert row[3:5] == (None, None)
