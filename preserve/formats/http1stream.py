"""The payload of an HTTP reply that is too large to be held: the block goes in piece by piece, the payload comes out.

It gives what `preserve.formats.http1.payload_of` gives of the whole block; a test holds the two together.
"""

from preserve.errors import FormatError
from preserve.formats.http1 import Framing, FramingKind, Head, body_framing, chunk_size, parse_response_head, split_head
from preserve.limits import DEFAULT_LIMITS

_MAX_LINE = 8 * 1024


class PayloadStream:
    """Takes a block in pieces. ``head`` is None until its blank line was seen, and for ever where there is none."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.defects: tuple[str, ...] = ()
        self.is_http = True
        self._framing = Framing(FramingKind.CLOSE)
        self._early = b""
        self._left: int | None = None
        self._chunks: _Chunks | None = None
        self._extra = 0

    def feed(self, data: bytes) -> bytes:
        """The payload in one piece of the block."""
        if self.head is not None:
            return self._body(data)
        if not self.is_http:
            return b""
        self._early += data
        try:
            raw, body = split_head(self._early)
            self.head = parse_response_head(raw)
        except FormatError:
            self.is_http = len(self._early) <= DEFAULT_LIMITS.max_header_bytes
            return b""
        self._early = b""
        self._framing = body_framing(self.head, "GET")
        self._left = self._framing.length
        if self._framing.kind is FramingKind.CHUNKED:
            self._chunks = _Chunks()
        return self._body(body)

    def _body(self, data: bytes) -> bytes:
        if self._chunks is not None:
            return self._chunks.feed(data)
        if self._left is None:
            self._extra += len(data) if self._framing.kind is FramingKind.NONE else 0
            return data
        part = data[: self._left]
        self._left -= len(part)
        self._extra += len(data) - len(part)
        return part

    def finish(self) -> bytes:
        """What is left of the payload; after it ``complete`` and ``defects`` are known."""
        if self.head is None:
            self.is_http = False
            return b""
        if self._chunks is not None:
            rest = self._chunks.finish()
            self.defects = self._chunks.defects
            self._complete = self._chunks.complete
            return rest
        self.defects = ("extra-bytes",) if self._extra else ()
        self._complete = not self._left
        return b""

    @property
    def complete(self) -> bool:
        """True where all that the framing promises was there."""
        return self._complete

    _complete: bool = False


class _Chunks:
    """Takes the chunk framing off (RFC 9112 section 7.1)."""

    def __init__(self) -> None:
        self.complete = False
        self.defects: tuple[str, ...] = ()
        self._buffer = b""
        self._left = 0
        self._state = "size"
        self._any = False
        self._extra = 0

    def feed(self, data: bytes) -> bytes:
        out: list[bytes] = []
        self._buffer += data
        while self._step(out):
            pass
        return b"".join(out)

    def finish(self) -> bytes:
        if self._state == "plain":
            self.defects = ("not-chunked",)
            return b""
        if self._state == "size" and not self._any:
            # Declared and not done: the body is the payload as it is.
            self.complete = not self._buffer
            self.defects = ("not-chunked",)
            return self._buffer
        if self._extra:
            self.defects = ("extra-bytes",)
        return b""

    def _step(self, out: list[bytes]) -> bool:
        match self._state:
            case "size":
                return self._size(out)
            case "data":
                part = self._buffer[: self._left]
                self._buffer = self._buffer[len(part) :]
                self._left -= len(part)
                out.append(part)
                if not self._left:
                    self._state = "end"
                return bool(part)
            case "end":
                return self._line_end()
            case "trailers":
                return self._trailers()
            case "plain":
                out.append(self._buffer)
            case "done":
                self._extra += len(self._buffer)
        self._buffer = b""
        return False

    def _size(self, out: list[bytes]) -> bool:
        end = self._buffer.find(b"\n", 0, _MAX_LINE)
        if end < 0 and len(self._buffer) < _MAX_LINE:
            return False
        size = None if end < 0 else chunk_size(self._buffer[:end])
        if size is None:
            self._state = "stopped" if self._any else "plain"
            if not self._any:
                out.append(self._buffer)
            self._buffer = b""
            return False
        self._any = True
        self._buffer = self._buffer[end + 1 :]
        self._left = size
        self._state = "data" if size else "trailers"
        return True

    def _line_end(self) -> bool:
        if self._buffer.startswith(b"\n"):
            self._buffer = self._buffer[1:]
        elif self._buffer.startswith(b"\r\n"):
            self._buffer = self._buffer[2:]
        else:
            if len(self._buffer) > 1 or (self._buffer and self._buffer != b"\r"):
                self._state, self._buffer = "stopped", b""
            return False
        self._state = "size"
        return True

    def _trailers(self) -> bool:
        for end in (b"\r\n", b"\n"):
            if self._buffer.startswith(end):
                self._buffer = self._buffer[len(end) :]
                self._state, self.complete = "done", True
                return True
        try:
            trailers, rest = split_head(self._buffer)
        except FormatError:
            if len(self._buffer) > DEFAULT_LIMITS.max_header_bytes:
                self._state, self._buffer = "stopped", b""
            return False
        del trailers
        self._buffer = rest
        self._state, self.complete = "done", True
        return True
