"""The head of an HTTP/1.x reply, and how it says that the body is framed.

Archived replies are read as they are. Nothing is rejected for a fault that a browser would live with: what is odd is
named in `ReplyHead.defects`, and only a reply without a readable status line is a `FormatError`. Sources: RFC 9112.
"""

import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.limits import MAX_REPLY_HEAD_BYTES

# RFC 9112 section 2.3 has the name of the protocol in capitals; servers that write it small are read by browsers.
_STATUS_LINE = lazy_re(rb"(HTTP/\d(?:\.\d)?)[ \t]+(\d{3})(?:[ \t]+(.*))?\Z", re.DOTALL | re.IGNORECASE)
_TOKEN = lazy_re(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
HEAD_END = lazy_re(rb"\n\r{0,2}\n")
"""Where a section of fields ends: a line feed, and behind it an empty line. Two carriage returns count as one."""
HEAD_END_BYTES = 4
"""The longest match of `HEAD_END`."""
BLANK = b"\r\n"
"""The bytes of empty lines, which may stand before a status line (RFC 9112 section 2.2 has it of requests)."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses whose Location a browser follows (RFC 9110 section 15.4)."""
MISSING = frozenset({404, 410, 451})
"""Statuses by which a server says that a page is not to be had there (RFC 9110 section 15.5, RFC 7725)."""
_NO_BODY = frozenset({204, 304})
_MAX_KEPT_LINE = 128
"""Bytes of the longest line of a head that is remembered."""
_MAX_LENGTH_DIGITS = 18
"""Below 2**63."""


class ReplyHead(Struct, frozen=True, kw_only=True):
    """A message head. ``raw`` holds every byte up to and with the blank line; ``fields`` are in order, as sent.

    ``version`` is in capitals.
    """

    start: bytes
    raw: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    version: bytes
    status: int
    reason: bytes
    defects: tuple[str, ...]
    _by_name: dict[bytes, list[bytes]]
    """The values by name in lower case: a head is asked some twenty times."""

    def get(self, name: bytes) -> bytes | None:
        """The first value of a field, without blanks around it; ``name`` in lower case stands for every case."""
        values = self._by_name.get(name)
        return None if values is None else values[0]

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of a field, in order; ``name`` in lower case."""
        return self._by_name.get(name, [])

    def get_list(self, name: bytes) -> list[bytes]:
        """The members of a field that is a list (RFC 9110 section 5.6.1), in lower case, in order; none is empty."""
        values = self._by_name.get(name)
        if values is None:
            return []
        members = b",".join(values).lower().split(b",")
        return [member for part in members if (member := part.strip(b" \t"))]


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """The head with its blank line, and what follows. Empty lines before the status line belong to the head.

    Raises:
        FormatError: there is no blank line within `MAX_REPLY_HEAD_BYTES`.
    """
    first = len(data) - len(data.lstrip(BLANK)) if data[:1] in BLANK else 0
    match = HEAD_END.search(data, first, MAX_REPLY_HEAD_BYTES)
    if match is None:
        raise FormatError(f"no end of the reply's head within {MAX_REPLY_HEAD_BYTES} bytes")
    return data[: match.end()], data[match.end() :]


def parse_response_head(raw: bytes) -> ReplyHead:
    """A reply's head, from its bytes with the blank line.

    Raises:
        FormatError: no HTTP/1.x status line.
    """
    text = raw.lstrip(BLANK) if raw[:1] in BLANK else raw
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    start = lines[0].rstrip(b"\r")
    match = _STATUS_LINE.match(start)
    if match is None:
        raise FormatError(f"no HTTP status line: {start[:60]!r}")
    fields, defects = _fields(lines[1:])
    by_name: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        by_name.setdefault(_lower(name), []).append(value)
    if text is not raw:
        defects.append("blank-before-status")
    if text.count(b"\n") != text.count(b"\r\n"):
        defects.append("bare-lf")
    return ReplyHead(
        start=start,
        raw=raw,
        fields=fields,
        version=match.group(1).upper(),
        status=int(match.group(2)),
        reason=(match.group(3) or b"").strip(),
        defects=tuple(dict.fromkeys(defects)),
        _by_name=by_name,
    )


def _fields(lines: list[bytes]) -> tuple[tuple[tuple[bytes, bytes], ...], list[str]]:
    fields: list[tuple[bytes, bytes]] = []
    folded: list[bytes] = []
    defects: list[str] = []
    for line in lines:
        plain = _plain_field(line) if len(line) <= _MAX_KEPT_LINE else None
        if plain is not None:
            if folded:
                _unfold(fields, folded, defects)
            fields.append(plain)
            continue
        if not line or line == b"\r":
            continue
        if line[:1] in b" \t" and fields:
            # RFC 9112 section 5.2: obsolete folding; the value goes on.
            folded.append(line.strip())
            continue
        _unfold(fields, folded, defects)
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
    _unfold(fields, folded, defects)
    return tuple(fields), list(dict.fromkeys(defects))


@lru_cache(maxsize=1024)
def _plain_field(line: bytes) -> tuple[bytes, bytes] | None:
    """Name and value of a line that is a field by itself and without a defect; None of any other.

    Most lines of a host's replies are the same in all of them.
    """
    name, colon, value = line.partition(b":")
    return (name, value.strip(b" \t\r")) if colon and _is_token(name) else None


def _unfold(fields: list[tuple[bytes, bytes]], folded: list[bytes], defects: list[str]) -> None:
    """Joins folded lines to the last field at once: one at a time, many of them take time by their square."""
    if folded:
        defects.append("folded-field")
        name, value = fields[-1]
        fields[-1] = (name, b" ".join((value, *folded)))
        folded.clear()


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


class Framing(Struct, frozen=True):
    """``length`` is in bytes, and set for ``length`` only."""

    kind: FramingKind
    length: int | None = None


def transfer_codings(head: ReplyHead) -> list[bytes]:
    """The transfer codings of a reply, in the order in which they were applied, in lower case.

    ``identity`` is none: RFC 2616 had it as a name for no coding, and browsers read it so (ADR 17).
    """
    return [coding for coding in head.get_list(b"transfer-encoding") if coding != b"identity"]


def body_framing(head: ReplyHead, request_method: str) -> Framing:
    """How the body of a reply is framed. Transfer-Encoding wins over Content-Length (RFC 9112 section 6.3)."""
    if request_method == "HEAD" or head.status in _NO_BODY or 100 <= head.status < 200:  # noqa: PLR2004 - interim
        return Framing(FramingKind.NONE)
    codings = transfer_codings(head)
    if codings:
        return Framing(FramingKind.CHUNKED if codings[-1] == b"chunked" else FramingKind.CLOSE)
    values = head.get_all(b"content-length")
    if len(values) == 1 and len(values[0]) <= _MAX_LENGTH_DIGITS and values[0].isdigit():
        return Framing(FramingKind.LENGTH, int(values[0]))
    lengths = {part.strip() for value in values for part in value.split(b",")}
    if len(lengths) == 1:
        text = lengths.pop()
        digits = text.lstrip(b"0") or text[-1:]
        if text.isdigit() and len(digits) <= _MAX_LENGTH_DIGITS:
            return Framing(FramingKind.LENGTH, int(digits))
    return Framing(FramingKind.CLOSE)
