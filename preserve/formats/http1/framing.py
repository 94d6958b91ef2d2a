"""Where a reply ends, and what in it is payload: one automaton for capture, reading, verification and streaming.

Bytes go in, events come out; nothing is read or waited for here. How the input is cut makes no difference: the events
are the same once neighbouring `Data` events are joined, and neighbouring `Extra` events likewise. The work is linear in
the input, and no more is held than one line or one section of fields, within the bounds of `preserve.limits`. These
bounds decide what a stored reply is read as, so they are no setting: with another bound, an archive would read
otherwise than it did when it was stated.

Nothing is refused: a reply that cannot be understood goes on until the input ends. Sources: RFC 9112 sections 6 and 7.
"""

from enum import Enum, auto

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.http1.message import (
    BLANK,
    HEAD_END,
    HEAD_END_BYTES,
    Framing,
    FramingKind,
    ReplyHead,
    body_framing,
    parse_response_head,
)
from preserve.limits import MAX_CHUNK_LINE_BYTES, MAX_REPLY_HEAD_BYTES

# RFC 9112 section 7.1, and what is seen beside it: blanks around the size, a bare line feed, two carriage returns.
_CHUNK_LINE = lazy_re(rb"[ \t]*0*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r*\n")
_CHUNK_BEGINNING = lazy_re(rb"[ \t]*[0-9A-Fa-f]*[ \t]*(?:;[^\n]*|\r*)\Z")
"""What can still become a chunk's first line."""
_LINE_END = lazy_re(rb"\r{0,2}\n")
_PARTS_OF_LINE_END = frozenset({b"", b"\r", b"\r\r"})
_HEAD_STEP = 4_096
"""Bytes that are looked at in one step for the end of a head."""
_BEGINNING = b"HTTP/"
_SWITCHING = 101


class Interim(Struct, frozen=True):
    """A reply 1xx before the final one, whole."""

    raw: bytes


class Begin(Struct, frozen=True):
    """The final reply's head, and how its body is framed."""

    head: ReplyHead
    framing: Framing


class Data(Struct, frozen=True):
    """Bytes of the payload: the body without its transfer coding ``chunked``."""

    data: bytes


class Trailers(Struct, frozen=True):
    """The trailer section with its blank line, where there is more than that."""

    raw: bytes


class End(Struct, frozen=True):
    """All that the framing promises was there."""


class Defect(Struct, frozen=True):
    """What is wrong with the framing.

    ``no-head``: no readable head within the bound. ``not-chunked``: said to be chunked and begins without a chunk; the
    body is the payload as it is, and ends with the input. ``bad-chunk``: a later chunk, or the trailer section, is
    none; what follows is no payload.
    """

    code: str


class Extra(Struct, frozen=True):
    """Bytes behind the end of the reply."""

    data: bytes


Event = Interim | Begin | Data | Trailers | End | Defect | Extra


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    TO_CLOSE = auto()
    CHUNK_LINE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    LOST = auto()
    DONE = auto()


class ReplyParser:
    """Follows one reply, and the interim replies (1xx) before it.

    Args:
        method: of the request; a reply to ``HEAD`` has no body.
        head: the reply's head, where it was read before: the input is then what stands behind it.
        interim: false where the input is a stored message, which is one reply, whatever its status.
    """

    def __init__(self, method: str = "GET", *, head: ReplyHead | None = None, interim: bool = True) -> None:
        self._method = method
        self._interim = interim
        self._state = _State.HEAD
        self._held = bytearray()
        """What came of a line or section that is not at its end."""
        self._first: int | None = None
        """Where the status line begins in it, behind empty lines."""
        self._left = 0
        self._chunks = 0
        self._taken = 0
        self._head_bytes = 0
        self.head: ReplyHead | None = None
        """The final reply's head, once it is there."""
        self.expected: int | None = None
        """The body's length in bytes, where Content-Length frames it."""
        self.interim_bytes = 0
        """Bytes of interim replies before the final one."""
        self.extra_bytes = 0
        """Bytes behind the end."""
        self.defects: list[str] = []
        if head is not None:
            self._begin_body(head, [])

    @property
    def done(self) -> bool:
        """True where nothing more belongs to the reply."""
        return self._state is _State.DONE

    @property
    def complete(self) -> bool:
        """True where the reply is whole if the input ends here: a body without framing ends with it."""
        return self.done or (self._state is _State.TO_CLOSE and self.head is not None)

    @property
    def keeps_connection(self) -> bool:
        """True where another request may follow on the connection (RFC 9112 section 9.3)."""
        if not self.done or self.extra_bytes or self.head is None or self.head.version != b"HTTP/1.1":
            return False
        if self.head.status == _SWITCHING:
            # Another protocol goes on from here (RFC 9110 section 15.2.2).
            return False
        return b"close" not in self.head.get_list(b"connection")

    @property
    def body_bytes(self) -> int:
        """Bytes of the body as they travel; of the whole input, where there is no head."""
        return self._taken - self.interim_bytes - self._head_bytes - self.extra_bytes

    def feed(self, data: bytes) -> list[Event]:
        """Takes the next bytes."""
        self._taken += len(data)
        events: list[Event] = []
        at = 0
        while at < len(data):
            # Heads may be many and short, as interim replies are: none is looked for in all that came.
            piece = data[at : at + _HEAD_STEP] if self._state is _State.HEAD else data[at:]
            at += len(piece) - len(self._step(piece, events))
        return events

    def finish(self) -> list[Event]:
        """The input ends here. Gives what was held back until it was clear what it is."""
        events: list[Event] = []
        if self._state is _State.HEAD:
            self._lose("no-head", events)
        return events

    def _step(self, data: bytes, events: list[Event]) -> bytes:
        """Takes some of ``data``, which is not empty; returns the rest."""
        match self._state:
            case _State.LENGTH:
                taken = data[: self._left]
                events.append(Data(taken))
                self._left -= len(taken)
                if not self._left:
                    self._end(events)
                return data[len(taken) :]
            case _State.TO_CLOSE:
                events.append(Data(data))
                return b""
            case _State.HEAD:
                return self._in_head(data, events)
            case _State.TRAILERS:
                return self._in_trailers(data, events)
            case _State.DONE:
                self.extra_bytes += len(data)
                events.append(Extra(data))
                return b""
            case _State.LOST:
                return b""
            case _:
                return self._in_chunks(data, events)

    def _end(self, events: list[Event]) -> None:
        self._state = _State.DONE
        events.append(End())

    def _lose(self, code: str, events: list[Event]) -> None:
        self._state = _State.LOST
        self._held.clear()
        self.defects.append(code)
        events.append(Defect(code))

    def _in_head(self, data: bytes, events: list[Event]) -> bytes:
        held, before = self._held, len(self._held)
        held.extend(data)
        if self._first is None:
            text = data.lstrip(BLANK)
            if text:
                self._first = before + len(data) - len(text)
        first = len(held) if self._first is None else self._first
        match = HEAD_END.search(held, max(first, before - HEAD_END_BYTES + 1), MAX_REPLY_HEAD_BYTES)
        if match is None:
            beginning = bytes(held[first : first + len(_BEGINNING)]).upper()
            if len(held) >= MAX_REPLY_HEAD_BYTES or not _BEGINNING.startswith(beginning):
                self._lose("no-head", events)
            return b""
        raw = bytes(held[: match.end()])
        rest = data[match.end() - before :]
        held.clear()
        self._first = None
        try:
            head = parse_response_head(raw)
        except FormatError:
            self._lose("no-head", events)
            return b""
        if self._interim and 100 <= head.status < 200 and head.status != _SWITCHING:  # noqa: PLR2004 - RFC 9110 15.2
            self.interim_bytes += len(raw)
            events.append(Interim(raw))
        else:
            self._head_bytes = len(raw)
            self._begin_body(head, events)
        return rest

    def _begin_body(self, head: ReplyHead, events: list[Event]) -> None:
        self.head = head
        framing = body_framing(head, self._method)
        events.append(Begin(head, framing))
        match framing.kind:
            case FramingKind.NONE:
                self._end(events)
            case FramingKind.LENGTH:
                self.expected = self._left = framing.length or 0
                self._state = _State.LENGTH
                if not self._left:
                    self._end(events)
            case FramingKind.CHUNKED:
                self._state = _State.CHUNK_LINE
            case FramingKind.CLOSE:
                self._state = _State.TO_CLOSE

    def _in_chunks(self, data: bytes, events: list[Event]) -> bytes:
        """Takes chunks, as many as there are: a loop of its own, because a chunk may be one byte."""
        if self._held:
            data = bytes(self._held) + data
            self._held.clear()
        parts: list[bytes] = []
        at = self._through_chunks(data, parts)
        if parts:
            events.append(Data(b"".join(parts)))
        if self._state is _State.TRAILERS:
            return data[at:]
        if self._state is _State.CHUNK_DATA:
            return b""
        if self._may_go_on(data, at):
            self._held.extend(data[at:])
            return b""
        if self._chunks:
            self._lose("bad-chunk", events)
            return b""
        # What was said to be chunked and begins with no chunk is a plain body.
        self._state = _State.TO_CLOSE
        self.defects.append("not-chunked")
        events.append(Defect("not-chunked"))
        return data[at:]

    def _through_chunks(self, data: bytes, parts: list[bytes]) -> int:
        """Goes as far as it can; returns how far. The state says what is wanted there."""
        at = 0
        while True:
            if self._state is _State.CHUNK_DATA:
                end = at + self._left
                parts.append(data[at:end])
                if end > len(data):
                    self._left = end - len(data)
                    return len(data)
                at = end
                self._state = _State.CHUNK_END
            if self._state is _State.CHUNK_END:
                match = _LINE_END.match(data, at)
                if match is None:
                    return at
                at = match.end()
                self._state = _State.CHUNK_LINE
            match = _CHUNK_LINE.match(data, at, at + MAX_CHUNK_LINE_BYTES)
            if match is None:
                return at
            at = match.end()
            self._chunks += 1
            self._left = int(match[1], 16)
            if not self._left:
                self._state = _State.TRAILERS
                return at
            self._state = _State.CHUNK_DATA

    def _may_go_on(self, data: bytes, at: int) -> bool:
        """True where the input ends inside a line that can still become what is wanted."""
        if self._state is _State.CHUNK_END:
            return data[at : at + HEAD_END_BYTES] in _PARTS_OF_LINE_END
        if len(data) - at >= MAX_CHUNK_LINE_BYTES:
            return False
        return _CHUNK_BEGINNING.match(data, at) is not None

    def _in_trailers(self, data: bytes, events: list[Event]) -> bytes:
        held, before = self._held, len(self._held)
        held.extend(data)
        match = _LINE_END.match(held) if before < HEAD_END_BYTES else None
        if match is None:
            match = HEAD_END.search(held, max(0, before - HEAD_END_BYTES + 1), MAX_REPLY_HEAD_BYTES)
        if match is None:
            if len(held) >= MAX_REPLY_HEAD_BYTES:
                self._lose("bad-chunk", events)
            return b""
        raw = bytes(held[: match.end()])
        held.clear()
        if raw.strip(BLANK):
            events.append(Trailers(raw))
        self._end(events)
        return data[match.end() - before :]
