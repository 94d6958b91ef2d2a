"""HTTP/1.x messages as they travelled: the head, how the body is framed, and the payload inside the framing.

Archived replies are read as they are. Nothing is rejected for a fault that a browser would live with: what is odd is
named in `Head.defects`, and only a reply without a readable status line is a `FormatError`. Sources: RFC 9112.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from preserve.errors import FormatError
from preserve.expressions import lazy_re

_STATUS_LINE = lazy_re(rb"(HTTP/\d(?:\.\d)?)[ \t]+(\d{3})(?:[ \t]+(.*))?\Z", re.DOTALL)
_TOKEN = lazy_re(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CHUNK_SIZE = lazy_re(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|\Z)")
_HEAD_END = lazy_re(rb"\r?\n\r?\n")
_MAX_CHUNK_LINE = 8 * 1024
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A message head. ``raw`` holds every byte up to and with the blank line; ``fields`` are in order, as sent."""

    start: bytes
    raw: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    version: bytes
    status: int
    reason: bytes
    defects: tuple[str, ...]
    _by_name: dict[bytes, list[bytes]] = field(compare=False, repr=False)
    """The values by name in lower case: a head is asked some twenty times."""

    def get(self, name: bytes) -> bytes | None:
        """The first value of a field, without blanks around it; ``name`` in lower case stands for every case."""
        values = self._by_name.get(name)
        return None if values is None else values[0]

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of a field, in order; ``name`` in lower case."""
        return self._by_name.get(name, [])


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """The head with its blank line, and what follows.

    Raises:
        FormatError: there is no blank line.
    """
    if data.startswith((b"\r\n\r\n", b"\n\n")):
        raise FormatError("a message begins with a blank line")
    match = _HEAD_END.search(data)
    if match is None:
        raise FormatError("no end of the message head")
    return data[: match.end()], data[match.end() :]


def parse_response_head(raw: bytes) -> Head:
    """A reply's head, from its bytes with the blank line.

    Raises:
        FormatError: no HTTP/1.x status line.
    """
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    match = _STATUS_LINE.match(lines[0])
    if match is None:
        raise FormatError(f"no HTTP status line: {lines[0][:60]!r}")
    fields, defects = _fields(lines[1:])
    by_name: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        by_name.setdefault(_lower(name), []).append(value)
    if b"\n" in raw.replace(b"\r\n", b""):
        defects.append("bare-lf")
    return Head(
        start=lines[0],
        raw=raw,
        fields=fields,
        version=match.group(1),
        status=int(match.group(2)),
        reason=(match.group(3) or b"").strip(),
        defects=tuple(dict.fromkeys(defects)),
        _by_name=by_name,
    )


def _fields(lines: list[bytes]) -> tuple[tuple[tuple[bytes, bytes], ...], list[str]]:
    fields: list[tuple[bytes, bytes]] = []
    defects: list[str] = []
    for line in lines:
        if not line:
            continue
        if line[:1] in b" \t" and fields:
            # RFC 9112 section 5.2: obsolete folding; the value goes on.
            defects.append("folded-field")
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            defects.append("no-colon")
            continue
        if not _is_token(name):
            if name != name.rstrip():
                defects.append("blank-before-colon")
            name = name.strip()
            if not _is_token(name):
                defects.append("bad-field-name")
        fields.append((name, value.strip(b" \t\r")))
    return tuple(fields), defects


@lru_cache(maxsize=512)
def _is_token(name: bytes) -> bool:
    return _TOKEN.match(name) is not None


@lru_cache(maxsize=512)
def _lower(name: bytes) -> bytes:
    return name.lower()


class FramingKind(StrEnum):
    """How a body ends (RFC 9112 section 6.3)."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Framing:
    """``length`` is in bytes, and set for ``length`` only."""

    kind: FramingKind
    length: int | None = None


def body_framing(head: Head, request_method: str) -> Framing:
    """How the body of a reply is framed. Transfer-Encoding wins over Content-Length (RFC 9112 section 6.3)."""
    if request_method == "HEAD" or head.status in _NO_BODY or 100 <= head.status < 200:  # noqa: PLR2004 - interim
        return Framing(FramingKind.NONE)
    codings = b",".join(head.get_all(b"transfer-encoding")).lower()
    if codings:
        last = codings.split(b",")[-1].strip()
        return Framing(FramingKind.CHUNKED if last == b"chunked" else FramingKind.CLOSE)
    declared = head.get_all(b"content-length")
    lengths = {part.strip() for value in declared for part in value.split(b",")}
    if len(lengths) == 1:
        text = lengths.pop()
        if text.isdigit() and len(text) <= 18:  # noqa: PLR2004 - below 2**63
            return Framing(FramingKind.LENGTH, int(text))
    return Framing(FramingKind.CLOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dechunked:
    """A body without its chunk framing. ``consumed``: bytes up to and with the trailer section's blank line."""

    payload: bytes
    complete: bool
    consumed: int
    trailers: bytes


def chunk_size(line: bytes) -> int | None:
    """Bytes that a chunk's first line announces (given without its line feed), or None where it is no such line."""
    match = _CHUNK_SIZE.match(line.rstrip(b"\r"))
    return None if match is None else int(match.group(1), 16)


def decode_chunked(body: bytes) -> Dechunked | None:
    """Takes the chunk framing off (RFC 9112 section 7.1), as far as it goes; None where the body begins without one.

    A body that was cut gives what is whole, with ``complete`` false.
    """
    parts: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\n", position, position + _MAX_CHUNK_LINE)
        size = chunk_size(body[position:end]) if end >= 0 else None
        if size is None:
            if position == 0:
                return None
            return Dechunked(payload=b"".join(parts), complete=False, consumed=position, trailers=b"")
        start = end + 1
        if size == 0:
            return _trailers(body, start, b"".join(parts))
        parts.append(body[start : start + size])
        position = start + size
        if body[position : position + 2] == b"\r\n":
            position += 2
        elif body[position : position + 1] == b"\n":
            position += 1
        else:
            # Cut inside the chunk or right behind it, or a chunk longer than it said.
            return Dechunked(payload=b"".join(parts), complete=False, consumed=min(position, len(body)), trailers=b"")


def _trailers(body: bytes, start: int, payload: bytes) -> Dechunked:
    if body[start : start + 2] == b"\r\n":
        return Dechunked(payload=payload, complete=True, consumed=start + 2, trailers=b"")
    if body[start : start + 1] == b"\n":
        return Dechunked(payload=payload, complete=True, consumed=start + 1, trailers=b"")
    match = _HEAD_END.search(body, start)
    if match is None:
        return Dechunked(payload=payload, complete=False, consumed=len(body), trailers=body[start:])
    return Dechunked(payload=payload, complete=True, consumed=match.end(), trailers=body[start : match.end()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A reply taken apart: the entity body with transfer coding removed and content coding kept.

    ``expected`` is the declared Content-Length in bytes, where it frames the body; ``complete`` says whether all that
    the framing promises is there (a body that ends with the connection is taken as complete).
    """

    head: Head
    payload: bytes
    complete: bool
    expected: int | None
    defects: tuple[str, ...] = ()


def payload_of(block: bytes, request_method: str = "GET", *, head: Head | None = None) -> Payload:
    """Takes apart the block of a response record. ``head`` is that of this block, where it was read before.

    Raises:
        FormatError: no readable head.
    """
    if head is None:
        head = parse_response_head(split_head(block)[0])
    body = block[len(head.raw) :]
    framing = body_framing(head, request_method)
    match framing.kind:
        case FramingKind.NONE:
            return Payload(head=head, payload=body, complete=True, expected=None, defects=_extra(body))
        case FramingKind.LENGTH:
            expected = framing.length or 0
            return Payload(
                head=head,
                payload=body[:expected],
                complete=len(body) >= expected,
                expected=expected,
                defects=_extra(body[expected:]),
            )
        case FramingKind.CHUNKED:
            chunks = decode_chunked(body)
            if chunks is None:
                # Declared and not done: some servers do so, and browsers show the body as it is.
                return Payload(head=head, payload=body, complete=not body, expected=None, defects=("not-chunked",))
            rest = body[chunks.consumed :] if chunks.complete else b""
            return Payload(
                head=head, payload=chunks.payload, complete=chunks.complete, expected=None, defects=_extra(rest)
            )
    return Payload(head=head, payload=body, complete=True, expected=None)


_PLAIN_HEAD = lazy_re(
    rb"HTTP/1\.[01] (?!1|204|304)([0-9]{3})(?: [^\r\n]*)?\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n]*\r\n)*\r\n"
)
_LENGTH_FIELD = lazy_re(rb"\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r")


def plain_body(block: bytes) -> tuple[int, int] | None:
    """Status, and where the payload begins, of a whole reply that one Content-Length frames and that has no defect.

    That is nearly every reply, told at a fraction of the cost of `payload_of`. None: that one must look.
    """
    match = _PLAIN_HEAD.match(block)
    if match is None:
        return None
    end = match.end()
    head = block[:end].lower()
    if b"\ntransfer-encoding:" in head or head.count(b"\ncontent-length:") != 1:
        return None
    length = _LENGTH_FIELD.search(head)
    if length is None or int(length.group(1)) != len(block) - end:
        return None
    return int(match.group(1)), end


def _extra(rest: bytes) -> tuple[str, ...]:
    return ("extra-bytes",) if rest else ()
