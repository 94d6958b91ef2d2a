"""The payload of a stored reply: of a block that is held, and of one that goes in piece by piece.

Both are loops over the one automaton of `preserve.formats.http1.framing`.
"""

from collections.abc import Iterable

from msgspec import Struct

from preserve.expressions import lazy_re
from preserve.formats.http1.framing import Data, Event, ReplyParser
from preserve.formats.http1.message import FramingKind, ReplyHead, body_framing, parse_response_head, split_head
from preserve.limits import MAX_REPLY_HEAD_BYTES

EXTRA_BYTES = "extra-bytes"
"""The defect of a block that goes on behind the end of its reply."""


class Payload(Struct, frozen=True, kw_only=True):
    """A reply taken apart: the entity body with transfer coding removed and content coding kept.

    ``expected`` is the declared Content-Length in bytes, where it frames the body; ``complete`` says whether all that
    the framing promises is there (a body that ends with the connection is taken as complete).
    """

    head: ReplyHead
    payload: bytes
    complete: bool
    expected: int | None
    defects: tuple[str, ...] = ()


def payload_of(block: bytes, request_method: str = "GET", *, head: ReplyHead | None = None) -> Payload:
    """Takes apart the block of a response record. ``head`` is that of this block, where it was read before.

    Raises:
        FormatError: no readable head.
    """
    if head is None:
        head = parse_response_head(split_head(block)[0])
    body, framing = block[len(head.raw) :], body_framing(head, request_method)
    if framing.kind is FramingKind.LENGTH and framing.length == len(body):
        # Nearly every reply: there is nothing to follow.
        return Payload(head=head, payload=body, complete=True, expected=framing.length)
    parser = ReplyParser(request_method, head=head)
    payload = _data(parser.feed(body))
    return Payload(
        head=head, payload=payload, complete=parser.complete, expected=parser.expected, defects=_defects(parser)
    )


class PayloadStream:
    """Takes a block in pieces; gives what `payload_of` gives of the whole.

    ``head`` is None until its blank line was seen. ``is_http`` is false from where it is certain that there is no head;
    the block then has no payload.
    """

    def __init__(self, request_method: str = "GET") -> None:
        self._parser = ReplyParser(request_method, interim=False)

    @property
    def head(self) -> ReplyHead | None:
        """The reply's head."""
        return self._parser.head

    @property
    def is_http(self) -> bool:
        """False where no head can be read."""
        return self._parser.head is not None or not self._parser.defects

    def feed(self, data: bytes) -> bytes:
        """The payload in one piece of the block."""
        return _data(self._parser.feed(data))

    def finish(self) -> None:
        """The block ends here; after it ``is_http``, ``complete`` and ``defects`` are known."""
        self._parser.finish()

    @property
    def complete(self) -> bool:
        """True where all that the framing promises was there."""
        return self._parser.complete

    @property
    def defects(self) -> tuple[str, ...]:
        """What is odd about the framing."""
        return _defects(self._parser)


def _data(events: Iterable[Event]) -> bytes:
    parts = [event.data for event in events if isinstance(event, Data)]
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _defects(parser: ReplyParser) -> tuple[str, ...]:
    return (*parser.defects, EXTRA_BYTES) if parser.extra_bytes else tuple(parser.defects)


_PLAIN_HEAD = lazy_re(
    rb"HTTP/1\.[01] (?!1|204|304)([0-9]{3})(?: [^\r\n]*)?\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n]*\r\n)*\r\n"
)
_LENGTH_FIELD = lazy_re(rb"\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r")


def plain_body(block: bytes) -> tuple[int, int] | None:
    """Status, and where the payload begins, of a whole reply that one Content-Length frames and that has no defect.

    That is nearly every reply, told at a fraction of the cost of `payload_of`. None: that one must look.
    """
    match = _PLAIN_HEAD.match(block, 0, MAX_REPLY_HEAD_BYTES)
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
