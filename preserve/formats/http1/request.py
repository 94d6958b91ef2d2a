"""HTTP/1.x requests of a client that is read along: where one ends, and what it asks for.

The body is followed by the automaton of replies (`preserve.formats.http1.framing`): both kinds of message frame it
alike, but a request without a length has no body (RFC 9112 section 6.3). What a server and a reader between
could take for two different requests is refused, not guessed at.
"""

from dataclasses import dataclass, field

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.http1.framing import ReplyParser
from preserve.formats.http1.message import (
    BLANK,
    HEAD_END,
    HEAD_END_BYTES,
    FramingKind,
    ReplyHead,
    body_framing,
    parse_response_head,
)
from preserve.limits import MAX_REPLY_HEAD_BYTES

_LINE = lazy_re(rb"([A-Z]{1,20}) ([!-~]{1,65536}) (HTTP/1\.[01])\r?\n")
_STAND_IN = b"HTTP/1.1 200 \r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """The head of a request. ``raw`` holds every byte with the blank line; ``lines`` those behind the request line."""

    method: str
    target: str
    version: str
    raw: bytes
    lines: bytes
    fields: ReplyHead = field(repr=False)
    """The fields, under a stand-in for the status line."""

    @property
    def host(self) -> str:
        """The value of the Host field; empty where there is none or there are several."""
        values = self.fields.get_all(b"host")
        return values[0].decode("latin-1") if len(values) == 1 else ""

    def keeps_connection(self) -> bool:
        """True where the client wants to ask more on the connection (RFC 9112 section 9.3)."""
        return self.version == "HTTP/1.1" and b"close" not in self.fields.get_list(b"connection")


def parse_request_head(raw: bytes) -> RequestHead:
    """A request's head, from its bytes with the blank line.

    Raises:
        FormatError: no request line, or fields that different readers read differently.
    """
    match = _LINE.match(raw)
    if match is None:
        raise FormatError(f"no request line: {raw[:60]!r}")
    lines = raw[match.end() :]
    fields = parse_response_head(_STAND_IN + lines)
    if {"no-colon", "bad-field-name", "blank-before-colon", "folded-field"} & set(fields.defects):
        raise FormatError("fields that are none")
    method, target, version = (part.decode("ascii") for part in match.groups())
    return RequestHead(method=method, target=target, version=version, raw=raw, lines=lines, fields=fields)


class RequestParser:
    """Takes what a client sends, piece by piece, and finds the end of its request.

    Args:
        max_bytes: of the whole request.
    """

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes
        self._held = bytearray()
        self._body: ReplyParser | None = None
        self._length = 0
        self.head: RequestHead | None = None
        """The head, once it is there."""
        self.done = False
        """True where the request is whole."""

    @property
    def raw(self) -> bytes:
        """The request, every byte of it."""
        return bytes(self._held[: self._length] if self.done else self._held)

    @property
    def extra(self) -> bytes:
        """What came behind its end."""
        return bytes(self._held[self._length :]) if self.done else b""

    def feed(self, data: bytes) -> None:
        """Takes the next bytes.

        Raises:
            FormatError: it is no request, none that can be told from another, or a larger one than is taken.
        """
        self._held.extend(data)
        if self.head is None:
            head = self.head = self._found_head(data)
            if head is None:
                return
            data = bytes(self._held[len(head.raw) :])
            self._length = len(head.raw)
            self._begin_body(head)
        if self._body is not None and not self.done:
            self._body.feed(data)
            if self._body.defects:
                raise FormatError("a body that is not framed as it says")
            self.done = self._body.done
            self._length = len(self._held) - (self._body.extra_bytes if self.done else 0)
        if self._length > self._room or len(self._held) > self._room + MAX_REPLY_HEAD_BYTES:
            raise FormatError(f"a request of more than {self._room} bytes")

    def _found_head(self, data: bytes) -> RequestHead | None:
        # Empty lines may stand behind the request before (RFC 9112 section 2.2).
        del self._held[: len(self._held) - len(self._held.lstrip(BLANK))]
        start = max(0, len(self._held) - len(data) - HEAD_END_BYTES + 1)
        match = HEAD_END.search(self._held, start, MAX_REPLY_HEAD_BYTES)
        if match is not None:
            return parse_request_head(bytes(self._held[: match.end()]))
        if len(self._held) >= MAX_REPLY_HEAD_BYTES:
            raise FormatError("no end of the request's head")
        return None

    def _begin_body(self, head: RequestHead) -> None:
        fields = head.fields
        codings, lengths = fields.get_list(b"transfer-encoding"), fields.get_all(b"content-length")
        if not codings and not lengths:
            self.done = True
            return
        framing = body_framing(fields, "GET")
        if codings not in ([], [b"chunked"]) or (codings and lengths) or framing.kind is FramingKind.CLOSE:
            raise FormatError("a body whose end different readers find in different places")
        if (framing.length or 0) > self._room:
            raise FormatError(f"a request of more than {self._room} bytes")
        self._body = ReplyParser(head=fields)
        self.done = self._body.done
