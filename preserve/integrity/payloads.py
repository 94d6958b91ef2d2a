"""The payload in a record's block: the reply it is of, and whether the digest that is declared of it fits.

Tested by ``tests/unit/integrity/test_record.py``.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.charset import beginning
from preserve.formats.digests import DeclaredDigest
from preserve.formats.http1.message import parse_response_head
from preserve.formats.http1.stream import Payload, payload_of, plain_body
from preserve.formats.warc.record import RecordHeader, request_method
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.provenance.describe import decoded_content, decodes, is_http, media_type, type_of
from preserve.readers.hashing import HASHES, Fault, declared_digest

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout

_TYPE_FIELD = lazy_re(rb"(?im)^content-type:[^\r\n]*\r\n")
NO_HEAD = "no HTTP status line, or no end of the head within the bound"
"""What is told of a reply that cannot be read, whether it was held or read in pieces."""


def payload_is_own(header: RecordHeader) -> bool:
    """False where the declared payload is not in this block: a revisit's, or that of a record in segments."""
    return header.type != "revisit" and header.get("WARC-Segment-Number") is None


class ReplyCheck:
    """The HTTP reply in a block, read no further than is asked."""

    def __init__(self, header: RecordHeader, block: bytes, faults: list[Fault]) -> None:
        self.is_reply = header.type == "response" and is_http(header)
        self.status: int | None = None
        self.content: bytes | memoryview = block
        self._block = block
        self._payload: Payload | None = None
        self._plain_end: int | None = None
        self._decoded: tuple[int, bytes | None] | None = None
        if not self.is_reply:
            if is_http(header):
                self.content = behind_head(block)
            return
        self._method = request_method(header)
        # What follows the head of a reply to HEAD is no body, whatever length it says.
        plain = None if self._method == "HEAD" else plain_body(block)
        if plain is not None:
            self.status, self._plain_end = plain
            self.content = memoryview(block)[self._plain_end :]
            return
        payload = self.whole(faults)
        if payload is not None:
            self.status, self.content = payload.head.status, payload.payload
            framing_faults(payload.complete, payload.defects, faults)

    @property
    def is_complete(self) -> bool:
        """True where all is there that the framing promises, or there is no framing to promise anything."""
        return self._plain_end is not None or self._payload is None or self._payload.complete

    def media_type(self) -> str | None:
        """The media type that the reply says it has; None where there is none, or no reply."""
        if self._plain_end is not None:
            return media_type_in(self._block, self._plain_end)
        payload = self.whole()
        return None if payload is None else media_type(payload.head)

    def decodes(self) -> bool:
        """True where its codings can be taken off."""
        if self._plain_end is not None and not has_content_coding(self._block, self._plain_end):
            return True
        payload = self.whole()
        return payload is None or decodes(payload, len(self._block), lambda: self.decoded(DEFAULT_LIMITS))

    def decoded(self, limits: Limits) -> bytes | None:
        """Its content with the codings taken off, once; None where they cannot be, or there is no reply."""
        payload = self.whole()
        if payload is None:
            return None
        if self._decoded is None or self._decoded[0] != limits.max_decoded_bytes:
            self._decoded = limits.max_decoded_bytes, decoded_content(payload, limits)
        return self._decoded[1]

    def may_show(self, layouts: "Sequence[Layout]") -> bool:
        """False where it shows no cable for certain."""
        if self._plain_end is None or has_content_coding(self._block, self._plain_end):
            return self.is_reply
        return any_may_be(layouts, self._block, self._plain_end)

    def whole(self, faults: list[Fault] | None = None) -> Payload | None:
        """The reply taken apart; None where there is none."""
        if self._payload is None and self.is_reply:
            try:
                self._payload = payload_of(self._block, self._method)
            except FormatError:
                if faults is not None:
                    faults.append(("I-HTTP-HEAD", NO_HEAD))
        return self._payload


def framing_faults(complete: bool, defects: Iterable[str], faults: list[Fault]) -> None:  # noqa: FBT001 - read together
    """What a server's framing was wrong in, as information."""
    if not complete:
        faults.append(("I-HTTP-SHORT", ""))
    faults += [("I-HTTP-FRAMING", defect) for defect in defects]


def payload_digest(header: RecordHeader, block: bytes, reply: ReplyCheck, faults: list[Fault]) -> DeclaredDigest | None:
    """Holds the declared digest against the payload; gives it where it is that of the payload itself."""
    if header.get("WARC-Payload-Digest") is None or not payload_is_own(header):
        return None
    declared = declared_digest(header, "WARC-Payload-Digest", faults)
    if declared is None:
        return None
    take = HASHES[declared.algorithm]
    if take(reply.content).digest() == declared.digest:
        return declared
    for code, other in _habits(block, reply.whole()):
        if take(other).digest() == declared.digest:
            faults.append((code, ""))
            return None
    faults.append(("E-WARC-PAYLOAD-DIGEST", ""))
    return None


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


def has_content_coding(block: bytes, end: int) -> bool:
    """Whether a reply whose head ends there may have a content coding."""
    return b"content-encoding" in block[:end].lower()


def any_may_be(layouts: "Sequence[Layout]", block: bytes, end: int) -> bool:
    """False for a reply without codings, whose plain head ends there, that shows no page of these for certain."""
    if not layouts:
        return False
    from preserve.cables.page.layouts import may_be_any  # noqa: PLC0415 - only those who read pages need it

    content = block[end:]

    def first(characters: int) -> str:
        return beginning(content, type_of(payload_of(block), content).value, characters)

    try:
        return may_be_any(layouts, content, first)
    except FormatError:
        return True


def media_type_in(block: bytes, end: int) -> str | None:
    """The media type that a reply says it has whose plain head ends there; None where there is none."""
    return _media_type_of(tuple(_TYPE_FIELD.findall(block, 0, end)))


@lru_cache(maxsize=256)
def _media_type_of(fields: tuple[bytes, ...]) -> str | None:
    """The media type of a reply that has these lines of Content-Type."""
    return media_type(parse_response_head(b"HTTP/1.1 200 OK\r\n" + b"".join(fields) + b"\r\n"))


def behind_head(block: bytes) -> bytes:
    """The body of a request: what stands behind its blank line."""
    return block.partition(b"\r\n\r\n")[2]
