"""The check of one record by itself: its header, its length, the digests that it declares, the reply in it.

Nothing here knows a ledger: what cannot be told from the record alone (a changed date, a deleted neighbour) is for
those who hold one. What is odd in a reply is what a server sent, and no damage; it is told as information.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from preserve.cables.layouts import Layout, may_be
from preserve.errors import FormatError
from preserve.formats.digests import Declared, UnknownAlgorithmError, parse_digest
from preserve.formats.http1 import Head, Payload, payload_of, plain_body
from preserve.formats.http1stream import PayloadStream
from preserve.formats.recordstream import RawRecord
from preserve.formats.statements import encode
from preserve.formats.warc import Record, RecordHeader, bare_uri
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import format_utc, parse_utc
from preserve.provenance.describe import (
    challenge_in,
    decoded_content,
    describe_cable,
    media_type,
    read_cable,
    response_head,
)

Fault = tuple[str, str]
"""A finding's code, and its detail."""
_W3C_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z)?)?)?\Z")
_SECONDS = len("2011-10-04T00:00:00Z")
_BEGINNING = "0001-01-01T00:00:00Z"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NEEDS_URI = frozenset({"response", "resource", "request", "revisit", "conversion", "continuation"})
_VERSIONS = frozenset({"WARC/1.0", "WARC/1.1", "ARC"})
_MANDATORY = ("warc-type", "warc-record-id", "warc-date", "content-length")
"""WARC 1.1 section 5: every record has these."""
_ONCE = ("warc-type", "warc-record-id", "warc-date", "content-length", "warc-target-uri")
_HTTP = "application/http"
_OK = 200
_REFERENCES = frozenset({"warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to find out of each record, beside its header: the less, the faster.

    ``identity``: SHA-256 of header and block. ``digests``: whether those that it declares fit; and, with these only,
    ``statement``: all that a ``record`` statement says, and ``layouts``: the cable on its page, as its statement's
    canonical bytes.
    """

    digests: bool = True
    identity: bool = False
    statement: bool = False
    layouts: tuple[Layout, ...] = ()
    limits: Limits = DEFAULT_LIMITS


class Facts(NamedTuple):
    """What was found of one record. Digests are hexadecimal; None where they were not asked for or there are none."""

    record_id: str
    type: str
    uri: str | None
    date: str
    record_sha256: str | None = None
    block_sha256: str | None = None
    payload_sha256: str | None = None
    declared_payload: str | None = None
    status: int | None = None
    mime: str | None = None
    challenge: str | None = None
    references: tuple[tuple[str, str], ...] = ()
    refers_to: str | None = None
    cable: bytes | None = None
    faults: tuple[Fault, ...] = ()


def facts_of(raw: RawRecord, wanted: Wanted) -> Facts:
    """Reads one record to its end.

    Raises:
        FormatError: its header lacks what makes it a record, or its block cannot be read to its end.
    """
    header = raw.header
    if not isinstance(header, RecordHeader):
        raise FormatError(raw.defect or "no record")
    faults: list[Fault] = []
    _header_faults(header, faults)
    if raw.block is None:
        facts = _large_facts(raw, header, wanted, faults)
    else:
        facts = _held_facts(header, bytes(raw.block), wanted, faults)
    if raw.defect:
        faults.append(("E-WARC-LENGTH", raw.defect))
    return facts._replace(faults=tuple(faults))


def _base(header: RecordHeader) -> Facts:
    names = header.by_name
    refers_to = names.get("warc-refers-to")
    uri = names.get("warc-target-uri")
    return Facts(
        record_id=bare_uri(names["warc-record-id"]),
        type=names["warc-type"],
        uri=None if uri is None else bare_uri(uri),
        date=names["warc-date"],
        declared_payload=names.get("warc-payload-digest"),
        references=() if names.keys().isdisjoint(_REFERENCES) else _references(header),
        refers_to=None if refers_to is None else bare_uri(refers_to),
    )


def _references(header: RecordHeader) -> tuple[tuple[str, str], ...]:
    return tuple((name, bare_uri(value)) for name, value in header.fields if name.lower() in _REFERENCES)


def _header_faults(header: RecordHeader, faults: list[Fault]) -> None:
    if len(header.by_name) != len(header.fields):
        counts = Counter(name.lower() for name, _value in header.fields)
        faults += [("E-WARC-HEADER", f"{name} stands {counts[name]} times") for name in _ONCE if counts[name] > 1]
    names = header.by_name
    missing = [name for name in _MANDATORY if not names.get(name)]
    if missing:
        raise FormatError(f"record without {', '.join(missing)}")
    if not _is_date(names["warc-date"]):
        faults.append(("E-WARC-HEADER", f"WARC-Date {header.date[:40]!r} is none"))
    if _ABSOLUTE.match(bare_uri(names["warc-record-id"])) is None:
        faults.append(("E-WARC-HEADER", f"WARC-Record-ID {header.record_id[:60]!r} is no URI"))
    uri = names.get("warc-target-uri")
    if uri is None:
        if names["warc-type"] in _NEEDS_URI:
            faults.append(("E-WARC-HEADER", f"{header.type} without WARC-Target-URI"))
    elif uri.startswith("<"):
        faults.append(("I-WARC-URI-BRACKETS", ""))
    if header.version not in _VERSIONS:
        faults.append(("I-WARC-VERSION", header.version))


@lru_cache(maxsize=1024)
def _is_date(text: str) -> bool:
    return _W3C_DATE.match(text) is not None and whole_date(text) is not None


def whole_date(text: str) -> str | None:
    """A WARC-Date with all its parts: one of less precision stands for its beginning. None: it is none.

    WARC 1.1 section 5.4 allows any precision from the year to the nanosecond.
    """
    whole = text if len(text) >= _SECONDS else text.removesuffix("Z") + _BEGINNING[len(text.removesuffix("Z")) :]
    try:
        moment = parse_utc(whole)
        return whole if len(text) >= _SECONDS else format_utc(moment)
    except FormatError:
        return None


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


_HASHES: Mapping[str, Callable[..., _Hash]] = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""Old digests are checked, none is ever made."""


def _declared(header: RecordHeader, name: str, faults: list[Fault]) -> Declared | None:
    text = header.get(name)
    if text is None:
        return None
    try:
        return parse_digest(text)
    except UnknownAlgorithmError as error:
        faults.append(("I-WARC-DIGEST-UNKNOWN", f"{name}: {error}"))
    except FormatError as error:
        faults.append((_mismatch(name), str(error)))
    return None


def _mismatch(name: str) -> str:
    return "E-WARC-BLOCK-DIGEST" if name == "WARC-Block-Digest" else "E-WARC-PAYLOAD-DIGEST"


def _is_http(header: RecordHeader) -> bool:
    return (header.get("Content-Type") or "").lower().startswith(_HTTP)


def _payload_is_own(header: RecordHeader) -> bool:
    """False where the declared payload is not in this block: a revisit's, or that of a record in segments."""
    return header.type != "revisit" and header.get("WARC-Segment-Number") is None


def _held_facts(header: RecordHeader, block: bytes, wanted: Wanted, faults: list[Fault]) -> Facts:
    facts = _base(header)
    if wanted.identity:
        identity = hashlib.sha256(header.raw)
        identity.update(block)
        facts = facts._replace(record_sha256=identity.hexdigest())
    if not wanted.digests:
        return facts
    declared = _declared(header, "WARC-Block-Digest", faults)
    if declared is not None:
        if _HASHES[declared.algorithm](block).digest() != declared.digest:
            faults.append(("E-WARC-BLOCK-DIGEST", ""))
    elif header.get("WARC-Block-Digest") is None:
        faults.append(("I-WARC-NO-DIGEST", ""))
    reply = _Reply(header, block, faults)
    _payload_digest(header, block, reply, faults)
    facts = facts._replace(status=reply.status)
    if wanted.statement:
        facts = _stated(facts, header, block, reply, wanted)
    if wanted.layouts and facts.status == _OK and reply.may_show(wanted.layouts):
        extraction = read_cable(Record(header=header, block=block), wanted.layouts, wanted.limits)
        if extraction is not None:
            facts = facts._replace(cable=encode(describe_cable(facts.record_id, extraction)))
    return facts


class _Reply:
    """The HTTP reply in a block, read no further than is asked."""

    def __init__(self, header: RecordHeader, block: bytes, faults: list[Fault]) -> None:
        self.is_reply = header.type == "response" and _is_http(header)
        self.status: int | None = None
        self.content: bytes | memoryview = block
        self._block = block
        self._payload: Payload | None = None
        self._plain_end: int | None = None
        if not self.is_reply:
            if _is_http(header):
                self.content = _behind_head(block)
            return
        plain = plain_body(block)
        if plain is not None:
            self.status, self._plain_end = plain
            self.content = memoryview(block)[self._plain_end :]
            return
        payload = self.whole(faults)
        if payload is not None:
            self.status, self.content = payload.head.status, payload.payload
            _framing_faults(payload.complete, payload.defects, faults)

    def may_show(self, layouts: Iterable[Layout]) -> bool:
        """False where it shows no cable for certain."""
        if self._plain_end is None or b"content-encoding" in self._block[: self._plain_end].lower():
            return self.is_reply
        content = bytes(self.content)
        return any(may_be(layout, content) for layout in layouts)

    def whole(self, faults: list[Fault] | None = None) -> Payload | None:
        """The reply taken apart; None where there is none."""
        if self._payload is None and self.is_reply:
            try:
                self._payload = payload_of(self._block)
            except FormatError as error:
                if faults is not None:
                    faults.append(("I-HTTP-HEAD", str(error)))
        return self._payload


def _framing_faults(complete: bool, defects: Iterable[str], faults: list[Fault]) -> None:  # noqa: FBT001 - read together
    if not complete:
        faults.append(("I-HTTP-SHORT", ""))
    faults += [("I-HTTP-FRAMING", defect) for defect in defects]


def _payload_digest(header: RecordHeader, block: bytes, reply: _Reply, faults: list[Fault]) -> None:
    if header.get("WARC-Payload-Digest") is None or not _payload_is_own(header):
        return
    declared = _declared(header, "WARC-Payload-Digest", faults)
    if declared is None:
        return
    take = _HASHES[declared.algorithm]
    if take(reply.content).digest() == declared.digest:
        return
    for code, other in _habits(block, reply.whole()):
        if take(other).digest() == declared.digest:
            faults.append((code, ""))
            return
    faults.append(("E-WARC-PAYLOAD-DIGEST", ""))


def _habits(block: bytes, payload: Payload | None) -> Iterable[tuple[str, bytes]]:
    """What writers were seen to take for the payload, other than the standard's."""
    if payload is not None:
        if len(block) - len(payload.head.raw) != len(payload.payload):
            yield "I-WARC-DIGEST-CHUNKED", block[len(payload.head.raw) :]
        if payload.head.get(b"content-encoding") is not None:
            content = decoded_content(payload, DEFAULT_LIMITS)
            if content is not None:
                yield "I-WARC-DIGEST-DECODED", content
    yield "I-WARC-DIGEST-BLOCK", block


def _behind_head(block: bytes) -> bytes:
    """The body of a request: what stands behind its blank line."""
    return block.partition(b"\r\n\r\n")[2]


def _stated(facts: Facts, header: RecordHeader, block: bytes, reply: _Reply, wanted: Wanted) -> Facts:
    head, challenge, digest = None, None, None
    payload = reply.whole()
    if header.type == "revisit":
        head = response_head(block)
        digest = _hex_sha256(facts.declared_payload)
    elif payload is not None:
        head = payload.head
        digest = hashlib.sha256(payload.payload).hexdigest()
        challenge = challenge_in(payload, decoded_content(payload, wanted.limits))
    return _with_reply(facts, head)._replace(
        block_sha256=hashlib.sha256(block).hexdigest(), payload_sha256=digest, challenge=challenge
    )


def _with_reply(facts: Facts, head: Head | None) -> Facts:
    return facts if head is None else facts._replace(status=head.status, mime=media_type(head))


def _hex_sha256(text: str | None) -> str | None:
    """The digest that a revisit has of the payload it refers to, where that is SHA-256."""
    try:
        declared = parse_digest(text or "")
    except FormatError:
        return None
    return declared.digest.hex() if declared.algorithm == "sha256" else None


def _large_facts(raw: RawRecord, header: RecordHeader, wanted: Wanted, faults: list[Fault]) -> Facts:
    """The same of a record that is read in pieces. A cable's page is never that large."""
    facts = _base(header)
    block_declared = _declared(header, "WARC-Block-Digest", faults) if wanted.digests else None
    payload_declared = _declared(header, "WARC-Payload-Digest", faults) if wanted.digests else None
    if not _payload_is_own(header):
        payload_declared = None
    is_reply = header.type == "response" and _is_http(header)
    stream = PayloadStream() if _is_http(header) else None
    identity, block_hash, payload_hash = hashlib.sha256(header.raw), _new(block_declared), _new(payload_declared)
    chunked_hash = _new(payload_declared)
    block_sha, payload_sha = hashlib.sha256(), hashlib.sha256()
    sinks: list[Callable[[bytes], None]] = [identity.update, block_hash.update]
    if wanted.statement:
        sinks.append(block_sha.update)
    behind = _BehindHead(chunked_hash.update)
    sinks.append(behind.feed)
    for part in raw.more or ():
        for sink in sinks:
            sink(part)
        own = part if stream is None else stream.feed(part)
        payload_hash.update(own)
        payload_sha.update(own)
    if stream is not None:
        rest = stream.finish()
        payload_hash.update(rest)
        payload_sha.update(rest)
        if is_reply and stream.is_http:
            _framing_faults(stream.complete, stream.defects, faults)
        elif is_reply:
            faults.append(("I-HTTP-HEAD", "no HTTP status line"))
    if wanted.digests and header.get("WARC-Block-Digest") is None:
        faults.append(("I-WARC-NO-DIGEST", ""))
    if block_declared is not None and block_hash.digest() != block_declared.digest:
        faults.append(("E-WARC-BLOCK-DIGEST", ""))
    if payload_declared is not None and payload_hash.digest() != payload_declared.digest:
        habit = chunked_hash.digest() == payload_declared.digest
        faults.append(("I-WARC-DIGEST-CHUNKED" if habit else "E-WARC-PAYLOAD-DIGEST", ""))
    facts = facts._replace(record_sha256=identity.hexdigest(), block_sha256=block_sha.hexdigest())
    if is_reply and stream is not None and stream.head is not None:
        facts = _with_reply(facts, stream.head)._replace(payload_sha256=payload_sha.hexdigest())
    return facts


def _new(declared: Declared | None) -> _Hash:
    return _HASHES[declared.algorithm if declared is not None else "sha256"]()


class _BehindHead:
    """Passes on what stands behind a message's head, the chunk framing with it."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._early: bytes | None = b""

    def feed(self, part: bytes) -> None:
        if self._early is None:
            self._sink(part)
            return
        self._early += part
        _head, end, body = self._early.partition(b"\r\n\r\n")
        if end or len(self._early) > DEFAULT_LIMITS.max_header_bytes:
            self._early = None
            self._sink(body)
