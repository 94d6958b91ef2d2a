"""An exchange as WARC 1.1 records: response (or revisit), request, metadata; and the warcinfo record of a file.

The blocks are the bytes that travelled. A failed exchange leaves its request, where one was sent, and its metadata.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from preserve.crawler.browser.load import Artefact
from preserve.formats.http1.message import split_head
from preserve.formats.http1.stream import Payload
from preserve.formats.warc.record import METHOD_FIELD, WarcRecord, make_record
from preserve.model import format_utc, new_uuid, sha256_hex
from preserve.net.exchange import Exchange

REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED_PROFILE = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_HTTP_RESPONSE = "application/http;msgtype=response"
_Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAs:
    """How an address came to be fetched: the page that named it, by what kind of link, and what robots.txt said.

    ``depth``: links from a seed; None of robots.txt. ``robots``: ``rules`` (they allow it), ``none`` (there are none),
    ``ignored``; empty for robots.txt itself.
    """

    via: str | None
    hop: str
    robots: str = ""
    depth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitOf:
    """The held record whose payload came again, or (``not_modified``) is still the one by the server's word."""

    record_id: str
    uri: str | None
    date: str
    payload_sha256: str
    not_modified: bool


def warcinfo_record(*, file_name: str, now: datetime, fields: Mapping[str, str]) -> WarcRecord:
    """The record that every file begins with (WARC 1.1 section 6.2)."""
    block = _warc_fields(fields)
    head: _Fields = [
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", f"<urn:uuid:{new_uuid()}>"),
        ("WARC-Date", format_utc(now)),
        ("WARC-Filename", file_name),
        ("WARC-Block-Digest", f"sha256:{sha256_hex(block)}"),
        ("Content-Type", "application/warc-fields"),
    ]
    return make_record(head, block)


def exchange_records(
    exchange: Exchange,
    *,
    warcinfo_id: str,
    found: FoundAs,
    payload: Payload | None,
    revisit_of: RevisitOf | None,
    with_chain: bool,
    page_id: str = "",
) -> list[WarcRecord]:
    """The records of one exchange, in the order in which they are written. ``payload``: the reply, taken apart.

    ``with_chain`` adds the certificates that the server sent; the metadata record names them by hash in any case.
    ``page_id``: the visit of a browser that made the exchange, if one did.
    """
    build = _Builder(exchange, warcinfo_id, page_id)
    if exchange.response_bytes:
        if revisit_of is None:
            build.add(*_response(exchange, payload))
        else:
            build.add(*_revisit(exchange, revisit_of))
    if revisit_of is not None and revisit_of.not_modified:
        build.add([("WARC-Type", "metadata"), ("Content-Type", _HTTP_RESPONSE)], exchange.response_bytes)
    if exchange.request_bytes:
        own = [("WARC-Type", "request"), ("Content-Type", "application/http;msgtype=request")]
        build.add(own, exchange.request_bytes)
    if exchange.interim_bytes:
        # Replies 1xx are messages of their own, no part of the reply: readers of WARC expect one message a response.
        build.add([("WARC-Type", "metadata"), ("Content-Type", _HTTP_RESPONSE)], exchange.interim_bytes)
    if with_chain and exchange.peer is not None and exchange.peer.tls is not None and exchange.peer.tls.chain:
        own = [("WARC-Type", "metadata"), ("Content-Type", "application/pem-certificate-chain")]
        build.add(own, _pem(exchange.peer.tls.chain))
    facts = _warc_fields(_facts(exchange, found))
    build.add([("WARC-Type", "metadata"), ("Content-Type", "application/warc-fields")], facts)
    for surplus in exchange.surplus:
        # No message of this exchange, and perhaps of none: bytes, and no more is said of them.
        own = [("WARC-Type", "metadata"), ("Content-Type", "application/octet-stream")]
        if surplus.cut:
            own.append(("WARC-Truncated", "length"))
        build.add(own, surplus.data)
    return build.records


def artefact_record(artefact: Artefact, *, url: str, page_id: str, concurrent_to: str, warcinfo_id: str) -> WarcRecord:
    """What this program made of a page: a ``resource`` under an address that is none of the site's."""
    fields: _Fields = [
        ("WARC-Type", "resource"),
        ("WARC-Record-ID", f"<urn:uuid:{new_uuid()}>"),
        ("WARC-Date", format_utc(artefact.made)),
        ("WARC-Target-URI", f"urn:{artefact.kind}:{url}"),
        ("WARC-Concurrent-To", f"<{concurrent_to}>"),
        ("WARC-Page-ID", page_id),
        ("WARC-Warcinfo-ID", f"<{warcinfo_id}>"),
        ("WARC-Block-Digest", f"sha256:{sha256_hex(artefact.data)}"),
        ("Content-Type", artefact.content_type),
    ]
    return make_record(fields, artefact.data)


class _Builder:
    """Puts the fields that every record of an exchange has around those that are its own.

    The ids of one exchange differ in their last two digits only: they are random as a whole, and compress well.
    """

    def __init__(self, exchange: Exchange, warcinfo_id: str, page_id: str) -> None:
        self._exchange = exchange
        self._page_id = page_id
        self._warcinfo_id = warcinfo_id
        self._stem = f"<urn:uuid:{new_uuid()[:-2]}"
        self._date = format_utc(exchange.started)
        peer = exchange.peer
        self._way: _Fields = []
        """How the bytes travelled, for the records that hold them."""
        if peer is not None and peer.ip:
            self._way.append(("WARC-IP-Address", peer.ip))
        self._way.append(("WARC-Protocol", "http/1.1"))
        if peer is not None and peer.tls is not None and peer.tls.version.startswith("TLSv"):
            self._way.append(("WARC-Protocol", f"tls/{peer.tls.version.removeprefix('TLSv')}"))
        self.records: list[WarcRecord] = []

    def add(self, own: _Fields, block: bytes) -> None:
        """Adds a record; the first of ``own`` is its type."""
        fields: _Fields = [
            own[0],
            ("WARC-Record-ID", f"{self._stem}{len(self.records):02x}>"),
            ("WARC-Date", self._date),
            ("WARC-Target-URI", self._exchange.url),
        ]
        if self.records:
            fields.append(("WARC-Concurrent-To", f"{self._stem}00>"))
        if self._page_id:
            fields.append(("WARC-Page-ID", self._page_id))
        if own[0][1] != "metadata":
            fields += self._way
        if not self.records:
            # The others are concurrent to this one, and stand in the same file.
            fields.append(("WARC-Warcinfo-ID", f"<{self._warcinfo_id}>"))
        fields.append(("WARC-Block-Digest", f"sha256:{sha256_hex(block)}"))
        fields += own[1:]
        self.records.append(make_record(fields, block))


def _pem(chain: Sequence[bytes]) -> bytes:
    """Certificates in PEM, in the order sent (RFC 8555 section 9.1)."""
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n%b-----END CERTIFICATE-----\n" % _in_lines(base64.b64encode(der))
        for der in chain
    )


def _in_lines(text: bytes) -> bytes:
    """Lines of 64 characters (RFC 7468 section 2)."""
    return b"".join(text[start : start + 64] + b"\n" for start in range(0, len(text), 64))


def _response(exchange: Exchange, payload: Payload | None) -> tuple[_Fields, bytes]:
    head: _Fields = [("WARC-Type", "response"), ("Content-Type", _HTTP_RESPONSE)]
    if exchange.truncated is not None:
        head.append(("WARC-Truncated", str(exchange.truncated)))
    if payload is not None:
        head.append(("WARC-Payload-Digest", f"sha256:{sha256_hex(payload.payload)}"))
    if exchange.method != "GET":
        head.append((METHOD_FIELD, exchange.method))
    return head, exchange.response_bytes


def _revisit(exchange: Exchange, revisit_of: RevisitOf) -> tuple[_Fields, bytes]:
    profile = NOT_MODIFIED_PROFILE if revisit_of.not_modified else REVISIT_PROFILE
    head: _Fields = [
        ("WARC-Type", "revisit"),
        ("WARC-Profile", profile),
        ("WARC-Refers-To", f"<{revisit_of.record_id}>"),
    ]
    if revisit_of.uri is not None:
        head.append(("WARC-Refers-To-Target-URI", revisit_of.uri))
    head.append(("WARC-Refers-To-Date", revisit_of.date))
    # The digest is that of the payload referred to, also where the server sent none (WARC 1.1 section 6.7.3).
    head.append(("WARC-Payload-Digest", f"sha256:{revisit_of.payload_sha256}"))
    if revisit_of.not_modified:
        # Replay takes the status from a block: with none it shows the page referred to. The 304 is kept beside it.
        return head, b""
    # Section 6.7.2: a block that leaves the payload out is marked so.
    head += [("Content-Type", _HTTP_RESPONSE), ("WARC-Truncated", "length")]
    return head, split_head(exchange.response_bytes)[0]


def _facts(exchange: Exchange, found: FoundAs) -> dict[str, str]:
    elapsed = exchange.ended - exchange.started
    facts = {"fetchTimeMs": str(int(elapsed.total_seconds() * 1000)), "hopsFromSeed": found.hop}
    if found.depth is not None:
        facts["depth"] = str(found.depth)
    if found.via is not None:
        facts["via"] = found.via
    if found.robots:
        facts["robots"] = found.robots
    if exchange.error is not None:
        facts["failure"] = str(exchange.error)
    if exchange.truncated is not None:
        facts["truncated"] = str(exchange.truncated)
        facts["receivedBodyBytes"] = str(exchange.received_bytes)
        if exchange.expected_bytes is not None:
            facts["expectedBodyBytes"] = str(exchange.expected_bytes)
    if exchange.frames is not None:
        facts["framesNotKeptBytes"] = f"{exchange.frames[0]} sent, {exchange.frames[1]} received"
    if exchange.surplus:
        facts["surplusBytes"] = " ".join(str(len(surplus.data)) for surplus in exchange.surplus)
        facts["surplusAfter"] = " ".join(surplus.after or "-" for surplus in exchange.surplus)
    if exchange.withheld:
        facts["withheldRequestFields"] = " ".join(exchange.withheld)
    peer = exchange.peer
    if peer is not None and peer.proxy is not None:
        facts["proxy"] = peer.proxy
    if peer is not None and peer.addresses:
        facts["dnsAnswer"] = " ".join(peer.addresses)
    if peer is not None and peer.tls is not None:
        facts["tlsVersion"] = peer.tls.version
        facts["tlsCipher"] = peer.tls.cipher
        facts["tlsVerdict"] = peer.tls.verdict
        facts["tlsChainSha256"] = " ".join(sha256_hex(der) for der in peer.tls.chain)
    return facts


def _warc_fields(fields: Mapping[str, str]) -> bytes:
    """A block of ``application/warc-fields``; line ends in a value become blanks."""
    return "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in fields.items()).encode()
