"""The check of one record by itself: its header, its length, the digests that it declares, the reply in it.

Nothing here knows a ledger: what cannot be told from the record alone (a changed date, a deleted neighbour) is for
those who hold one. What is odd in a reply is what a server sent, and no damage; it is told as information.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from preserve.errors import FormatError
from preserve.formats.digests import DeclaredDigest, parse_digest
from preserve.formats.http1.message import ReplyHead, transfer_codings
from preserve.formats.http1.stream import PayloadStream
from preserve.formats.warc.fields import BY_KEY, is_written_right, missing, misuses
from preserve.formats.warc.record import RecordHeader, WarcRecord, bare_uri, original_of, request_method
from preserve.formats.warc.stream import RawRecord
from preserve.integrity.facts import RecordFacts
from preserve.integrity.payloads import NO_HEAD, ReplyCheck, framing_faults, payload_digest, payload_is_own
from preserve.integrity.plain import REFERENCES, VERSIONS, plain_facts
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import sha256_hex, whole_date
from preserve.provenance.describe import (
    TakeText,
    cables_in,
    challenge_in,
    describe_cable,
    is_http,
    media_type,
    read_cables,
    resource_type,
    response_head,
    wholeness,
)
from preserve.provenance.statements import Whole, encode
from preserve.readers.hashing import HASHES, BehindHead, DecodedHash, Fault, Hash, declared_digest, new_hash

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout

_OK = 200
_CRAWLERS_OWN = frozenset({"warcinfo", "metadata"})


class RecordQuery(Struct, frozen=True, kw_only=True):
    """What to find out of each record, beside its header: the less, the faster.

    ``identity``: SHA-256 of header and block; with that, ``expected``: what follows from it for ledger, catalogue and
    index (`preserve.integrity.expected`). ``digests``: whether those that it declares fit; and, with these only,
    ``statement``: all that a ``record`` statement says, and ``layouts``: the cable on its page, as its statement's
    canonical bytes. ``take_text`` is given each cable with the id of its record, in whatever process read it.
    """

    digests: bool = True
    identity: bool = False
    expected: bool = False
    statement: bool = False
    layouts: "tuple[Layout, ...]" = ()
    limits: Limits = DEFAULT_LIMITS
    take_text: TakeText | None = None

    def load(self) -> None:
        """Loads what reads pages, if any is to be read: once, before helpers are forked, and not in each."""
        if self.layouts:
            import preserve.cables.extract  # noqa: F401, PLC0415 - a check that reads no page needs none of it


def facts_of(raw: RawRecord, wanted: RecordQuery) -> RecordFacts:
    """Reads one record to its end.

    Raises:
        FormatError: its header lacks what makes it a record, or its block cannot be read to its end.
    """
    header = raw.header
    if not isinstance(header, RecordHeader):
        raise FormatError(raw.defect or "no record")
    block = None if raw.block is None else bytes(raw.block)
    if block is not None and wanted.digests and not (wanted.statement or raw.defect or raw.habits):
        plain = plain_facts(header, block, identity=wanted.identity, mime=wanted.expected, layouts=wanted.layouts)
        if plain is not None:
            return plain
    faults: list[Fault] = []
    _header_faults(header, faults)
    facts = _large_facts(raw, header, wanted, faults) if block is None else _held_facts(header, block, wanted, faults)
    if raw.defect:
        faults.append(("E-WARC-LENGTH", raw.defect))
    faults += [(code, "") for code in (*header.habits, *raw.habits)]
    if facts.type == "revisit":
        facts = facts._replace(original=original_of(header))
        if facts.refers_to == facts.record_id or facts.original == (facts.uri, facts.date):
            faults.append(("W-WARC-REVISIT", "it names itself as its original"))
    return facts._replace(faults=tuple(faults)) if faults else facts


def _base(
    header: RecordHeader,
    status: int | None = None,
    record_sha256: str | None = None,
    block_sha256: str | None = None,
    payload_sha256: str | None = None,
) -> RecordFacts:
    """What the header says, with what was found of the block."""
    names = header.by_name
    refers_to = names.get("warc-refers-to")
    uri = names.get("warc-target-uri")
    method = request_method(header)
    # By position: this is done for every record.
    facts = RecordFacts(
        bare_uri(names["warc-record-id"]),
        names["warc-type"],
        None if uri is None else bare_uri(uri) or None,
        names["warc-date"],
        record_sha256,
        block_sha256,
        payload_sha256,
        names.get("warc-payload-digest"),
        status,
        None,
        None,
        () if names.keys().isdisjoint(REFERENCES) else _references(header),
        None if refers_to is None else bare_uri(refers_to),
    )
    return facts if method == "GET" else facts._replace(method=method)


def is_crawlers_own(facts: RecordFacts) -> bool:
    """True for a record in which a crawler speaks of itself: of the file, of its settings, its notes and logs."""
    is_own_resource = facts.type == "resource" and (facts.uri or "").startswith("metadata:")
    return facts.type in _CRAWLERS_OWN or is_own_resource


def _references(header: RecordHeader) -> tuple[tuple[str, str], ...]:
    return tuple((name, bare_uri(value)) for name, value in header.fields if name.lower() in REFERENCES)


def _header_faults(header: RecordHeader, faults: list[Fault]) -> None:
    misused = misuses(header)
    names = header.by_name
    if absent := missing(header):
        raise FormatError(f"record without {', '.join(absent)}")
    for misuse in misused:
        # A `warcinfo` with an address is read as any other record that has one.
        is_damage = misuse.rule.identifies and names["warc-type"] not in misuse.rule.must_not
        faults.append(("E-WARC-HEADER", misuse.detail) if is_damage else ("I-WARC-FIELD", misuse.detail))
    if (fault := _date_fault(names["warc-date"])) is not None:
        faults.append(fault)
    if not is_written_right("warc-record-id", bare_uri(names["warc-record-id"])):
        faults.append(("E-WARC-HEADER", f"WARC-Record-ID {header.record_id[:60]!r} is no URI"))
    uri = names.get("warc-target-uri")
    if uri is not None:
        if not bare_uri(uri) and names["warc-type"] in BY_KEY["warc-target-uri"].must:
            faults.append(("W-WARC-URI", f"{header.type} with an empty WARC-Target-URI"))
        elif uri.startswith("<"):
            faults.append(("I-WARC-URI-BRACKETS", ""))
    if header.version not in VERSIONS:
        faults.append(("I-WARC-VERSION", header.version))


@lru_cache(maxsize=1024)
def _date_fault(text: str) -> Fault | None:
    nearest = whole_date(text)
    if nearest is None:
        return "E-WARC-HEADER", f"WARC-Date {text[:40]!r} is none"
    if is_written_right("warc-date", text):
        if nearest.startswith(text.removesuffix("Z")):
            return None
        if "T23:59:60" in text:
            return "I-WARC-LEAP-SECOND", text
    return "W-WARC-DATE", f"{text[:40]!r}, taken for {nearest}"


def _held_facts(header: RecordHeader, block: bytes, wanted: RecordQuery, faults: list[Fault]) -> RecordFacts:
    identity = None
    if wanted.identity:
        taken = hashlib.sha256(header.raw)
        taken.update(block)
        identity = taken.hexdigest()
    if not wanted.digests:
        return _base(header, record_sha256=identity)
    declared = declared_digest(header, "WARC-Block-Digest", faults)
    if declared is not None:
        if HASHES[declared.algorithm](block).digest() != declared.digest:
            faults.append(("E-WARC-BLOCK-DIGEST", ""))
            declared = None
    elif "warc-block-digest" not in header.by_name:
        faults.append(("I-WARC-NO-DIGEST", ""))
    reply = ReplyCheck(header, block, faults)
    payload = payload_digest(header, block, reply, faults)
    if wanted.statement:
        facts = _stated(_base(header, reply.status, identity), header, block, reply, wanted)
    elif wanted.identity:
        digests = _sha256_of(block, declared), _payload_sha256(header, reply, payload)
        facts = _base(header, reply.status, identity, *digests)
    else:
        facts = _base(header, reply.status)
    if wanted.identity or wanted.statement:
        whole = wholeness(header, reply.status, complete=reply.is_complete, decodes=reply.decodes())
        facts = facts._replace(whole=whole, mime=reply.media_type() if wanted.expected else facts.mime)
    is_shown = reply.status == _OK and facts.method is UNSET and reply.may_show(wanted.layouts)
    if wanted.layouts and (is_shown or resource_type(header) is not None):
        from preserve.cables.extract import told_of  # noqa: PLC0415 - as above

        payload_read = reply.whole()
        if payload_read is None:
            read = read_cables(WarcRecord(header=header, block=block), wanted.layouts, wanted.limits)
        else:
            read = cables_in(payload_read, reply.decoded(wanted.limits), wanted.layouts)
        if wanted.take_text is not None:
            for cable in read.cables:
                wanted.take_text(facts.record_id, cable)
        facts = facts._replace(
            cables=tuple(encode(describe_cable(facts.record_id, facts.uri, cable)) for cable in read.cables),
            shown=tuple((finding.code, finding.detail) for finding in told_of(read)),
        )
    return facts


def _payload_sha256(header: RecordHeader, reply: ReplyCheck, declared: DeclaredDigest | None) -> str | None:
    """SHA-256 of the payload; one that was declared and fits is not taken again."""
    if header.type == "revisit":
        return _hex_sha256(header.get("WARC-Payload-Digest"))
    return None if reply.status is None else _sha256_of(reply.content, declared)


def _sha256_of(data: bytes | memoryview, known: DeclaredDigest | None) -> str:
    return known.digest.hex() if known is not None and known.algorithm == "sha256" else sha256_hex(data)


def _stated(
    facts: RecordFacts, header: RecordHeader, block: bytes, reply: ReplyCheck, wanted: RecordQuery
) -> RecordFacts:
    head, challenge, digest = None, None, None
    payload = reply.whole()
    if header.type == "revisit":
        head = response_head(block)
        digest = _hex_sha256(facts.declared_payload)
    elif payload is not None:
        head = payload.head
        digest = hashlib.sha256(payload.payload).hexdigest()
        challenge = challenge_in(payload, reply.decoded(wanted.limits))
    return _with_reply(facts, head)._replace(
        block_sha256=hashlib.sha256(block).hexdigest(), payload_sha256=digest, challenge=challenge
    )


def _with_reply(facts: RecordFacts, head: ReplyHead | None) -> RecordFacts:
    return facts if head is None else facts._replace(status=head.status, mime=media_type(head))


def _hex_sha256(text: str | None) -> str | None:
    """The digest that a revisit has of the payload it refers to, where that is SHA-256."""
    try:
        declared = parse_digest(text or "")
    except FormatError:
        return None
    return declared.digest.hex() if declared.algorithm == "sha256" else None


def _large_facts(raw: RawRecord, header: RecordHeader, wanted: RecordQuery, faults: list[Fault]) -> RecordFacts:
    """The same of a record that is read in pieces; but no cable, and no bot wall: their pages are never that large."""
    block_declared = declared_digest(header, "WARC-Block-Digest", faults) if wanted.digests else None
    payload_declared = declared_digest(header, "WARC-Payload-Digest", faults) if wanted.digests else None
    if not payload_is_own(header):
        payload_declared = None
    identity, block, behind = hashlib.sha256(header.raw), new_hash(block_declared), new_hash(payload_declared)
    whole, payload = new_hash(payload_declared), new_hash(payload_declared)
    decoded = DecodedHash(new_hash(payload_declared))
    block_sha, payload_sha = hashlib.sha256(), hashlib.sha256()
    wishes: list[tuple[bool, Callable[[bytes], None]]] = [
        (wanted.identity, identity.update),
        (wanted.statement or wanted.identity, block_sha.update),
        (block_declared is not None, block.update),
        (payload_declared is not None, whole.update),
        (payload_declared is not None, BehindHead(behind.update).feed),
    ]
    sinks = [sink for is_wanted, sink in wishes if is_wanted]
    is_reply = header.type == "response" and is_http(header)
    stream = PayloadStream(request_method(header)) if is_reply or header.type == "revisit" else None
    for part in raw.more or ():
        for sink in sinks:
            sink(part)
        if stream is not None:
            _feed(stream.feed(part), stream, (payload, payload_sha), decoded)
    if stream is not None:
        stream.finish()
    facts = _base(header)
    if wanted.identity:
        facts = facts._replace(record_sha256=identity.hexdigest())
    if not wanted.digests:
        return facts
    if header.get("WARC-Block-Digest") is None:
        faults.append(("I-WARC-NO-DIGEST", ""))
    elif block_declared is not None and block.digest() != block_declared.digest:
        faults.append(("E-WARC-BLOCK-DIGEST", ""))
    own = behind if is_http(header) and not is_reply else whole
    if is_reply and stream is not None:
        own = _large_reply(stream, payload, whole, faults)
    if payload_declared is not None:
        habits = (
            ("I-WARC-DIGEST-CHUNKED", behind.digest),
            ("I-WARC-DIGEST-DECODED", decoded.digest),
            ("I-WARC-DIGEST-BLOCK", whole.digest),
        )
        _large_payload(own, payload_declared, faults, habits)
    if wanted.identity or wanted.statement:
        facts = facts._replace(whole=_large_wholeness(header, stream))
    return _large_stated(facts, stream, block_sha.hexdigest(), payload_sha.hexdigest(), wanted)


def _large_reply(stream: PayloadStream, payload: Hash, whole: Hash, faults: list[Fault]) -> Hash:
    """What is wrong with the reply, and the hash of its payload: the block's, where it is none."""
    if not stream.is_http:
        faults.append(("I-HTTP-HEAD", NO_HEAD))
        return whole
    framing_faults(stream.complete, stream.defects, faults)
    return payload


def _feed(data: bytes, stream: PayloadStream, hashes: Iterable[Hash], decoded: DecodedHash) -> None:
    for one in hashes:
        one.update(data)
    decoded.feed(data, stream.head)


def _large_payload(
    own: Hash, declared: DeclaredDigest, faults: list[Fault], habits: Iterable[tuple[str, Callable[[], bytes]]]
) -> None:
    if own.digest() != declared.digest:
        found = (code for code, digest in habits if digest() == declared.digest)
        faults.append((next(found, "E-WARC-PAYLOAD-DIGEST"), ""))


def _large_stated(
    facts: RecordFacts, stream: PayloadStream | None, block: str, payload: str, wanted: RecordQuery
) -> RecordFacts:
    head = None if stream is None else stream.head
    if wanted.statement:
        facts = _with_reply(facts, head)
    elif head is not None and facts.type != "revisit":
        facts = facts._replace(status=head.status)
    if not wanted.statement and not wanted.identity:
        return facts
    digest = None if head is None else payload
    if facts.type == "revisit":
        digest = _hex_sha256(facts.declared_payload)
    return facts._replace(block_sha256=block, payload_sha256=digest)


def _large_wholeness(header: RecordHeader, stream: PayloadStream | None) -> Whole | None:
    head = None if stream is None else stream.head
    return wholeness(
        header,
        None if head is None else head.status,
        complete=stream is None or head is None or stream.complete,
        decodes=head is None or all(coding == b"chunked" for coding in transfer_codings(head)),
    )
