"""Where a reply ends on a connection: a scanner that is fed bytes as they come and keeps none of the body.

It reads as leniently as `preserve.formats.http1`: a reply that it cannot understand goes on until the connection ends,
and is kept by who feeds it. How the input is cut into pieces never changes the outcome. Source: RFC 9112 section 6.3.
"""

import re
from enum import Enum, auto

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.http1 import FramingKind, Head, body_framing, parse_response_head

_HEAD_END = lazy_re(rb"\r?\n\r?\n")
_CHUNK_SIZE = lazy_re(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|\Z)")
_CHUNK_BEGINNING = lazy_re(rb"[ \t]*[0-9A-Fa-f]{0,16}[ \t]*(?:;.*)?\r?\Z", re.DOTALL)
"""What can still become a line with a chunk's size."""
_MAX_CHUNK_LINE = 8 * 1024
_BEGINNING = b"HTTP/"
_SWITCHING = 101


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    TO_CLOSE = auto()
    CHUNK_LINE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    DONE = auto()


class ReplyScanner:
    """Follows one reply, and the interim replies (1xx) before it.

    ``head``: the final reply's head once it is there. ``interim_bytes``: bytes of interim replies before it.
    ``body_bytes``: bytes of the body as they travel. ``done``: everything that the framing promises is there.
    ``extra_bytes``: bytes behind the end.
    """

    def __init__(self, method: str, *, max_head_bytes: int) -> None:
        self._method = method
        self._max_head_bytes = max_head_bytes
        self._state = _State.HEAD
        self._buffer = bytearray()
        self._left = 0
        self._chunks = 0
        self.head: Head | None = None
        self.interim_bytes = 0
        self.body_bytes = 0
        self.expected: int | None = None
        self.extra_bytes = 0
        self.defects: list[str] = []

    @property
    def done(self) -> bool:
        """True where nothing more belongs to the reply."""
        return self._state is _State.DONE

    @property
    def complete_at_close(self) -> bool:
        """True where the reply is whole if the connection ends here."""
        return self.done or (self._state is _State.TO_CLOSE and self.head is not None and not self._broken)

    @property
    def keeps_connection(self) -> bool:
        """True where another request may follow on the connection (RFC 9112 section 9.3)."""
        if not self.done or self.extra_bytes or self.head is None or self.head.version != b"HTTP/1.1":
            return False
        options = b",".join(self.head.get_all(b"connection")).lower()
        return b"close" not in [option.strip() for option in options.split(b",")]

    @property
    def _broken(self) -> bool:
        return "bad-chunk" in self.defects

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the connection."""
        while data:
            if self._state is _State.DONE:
                self.extra_bytes += len(data)
                return
            data = self._step(data)

    def _step(self, data: bytes) -> bytes:
        """Takes some of ``data``; returns the rest."""
        match self._state:
            case _State.HEAD:
                return self._in_head(data)
            case _State.LENGTH:
                return self._count(data, _State.DONE)
            case _State.CHUNK_DATA:
                return self._count(data, _State.CHUNK_END)
            case _State.TO_CLOSE:
                self.body_bytes += len(data)
                return b""
            case _:
                return self._in_line(data)

    def _count(self, data: bytes, then: _State) -> bytes:
        """Counts bytes of a stretch of known length; what stands behind it is left over."""
        taken = min(len(data), self._left)
        self._left -= taken
        self.body_bytes += taken
        if self._left == 0:
            self._state = then
        return data[taken:] if taken < len(data) else b""

    def _in_head(self, data: bytes) -> bytes:
        before = len(self._buffer)
        self._buffer += data
        match = _HEAD_END.search(self._buffer, max(0, before - 3))
        if match is None:
            beginning = bytes(self._buffer[: len(_BEGINNING)])
            if len(self._buffer) > self._max_head_bytes or not _BEGINNING.startswith(beginning[: len(_BEGINNING)]):
                self._to_close("no-head")
            return b""
        raw = bytes(self._buffer[: match.end()])
        rest = bytes(self._buffer[match.end() :])
        self._buffer.clear()
        try:
            head = parse_response_head(raw)
        except FormatError:
            self._to_close("no-head")
            self.body_bytes = len(raw)
            return rest
        if 100 <= head.status < 200 and head.status != _SWITCHING:  # noqa: PLR2004 - RFC 9110 section 15.2
            self.interim_bytes += len(raw)
            return rest
        self._begin_body(head)
        return rest

    def _begin_body(self, head: Head) -> None:
        self.head = head
        framing = body_framing(head, self._method)
        match framing.kind:
            case FramingKind.NONE:
                self._state = _State.DONE
            case FramingKind.LENGTH:
                self.expected = self._left = framing.length or 0
                self._state = _State.LENGTH if self._left else _State.DONE
            case FramingKind.CHUNKED:
                self._state = _State.CHUNK_LINE
            case FramingKind.CLOSE:
                self._state = _State.TO_CLOSE

    def _in_line(self, data: bytes) -> bytes:
        """Takes one line: a chunk's size, the end of a chunk, or a trailer field."""
        end = data.find(b"\n")
        taken = data if end < 0 else data[: end + 1]
        self._buffer += taken
        self.body_bytes += len(taken)
        most = self._max_head_bytes if self._state is _State.TRAILERS else _MAX_CHUNK_LINE
        if end < 0:
            if len(self._buffer) > most or not self._may_become_line():
                self._bad_chunk()
            return b""
        line = bytes(self._buffer).rstrip(b"\n").removesuffix(b"\r")
        self._buffer.clear()
        self._line(line)
        return data[len(taken) :]

    def _may_become_line(self) -> bool:
        match self._state:
            case _State.CHUNK_END:
                return bytes(self._buffer) == b"\r"
            case _State.CHUNK_LINE:
                return _CHUNK_BEGINNING.match(self._buffer) is not None
            case _:
                return True

    def _line(self, line: bytes) -> None:
        if self._state is _State.TRAILERS:
            if not line:
                self._state = _State.DONE
        elif self._state is _State.CHUNK_END:
            if line:
                self._bad_chunk()
            else:
                self._state = _State.CHUNK_LINE
        else:
            match = _CHUNK_SIZE.match(line)
            if match is None:
                self._bad_chunk()
                return
            self._chunks += 1
            self._left = int(match.group(1), 16)
            self._state = _State.CHUNK_DATA if self._left else _State.TRAILERS

    def _bad_chunk(self) -> None:
        # What was said to be chunked and begins with no chunk is a plain body; a later fault loses the thread.
        self._to_close("not-chunked" if self._chunks == 0 else "bad-chunk")

    def _to_close(self, defect: str) -> None:
        self.defects.append(defect)
        if self.head is None:
            self.body_bytes = len(self._buffer)
        self._buffer.clear()
        self._state = _State.TO_CLOSE
