"""Connections that end where a client neither asks nor reads: nobody holds one for ever, and so no number of them.

The server closes a connection that is silent after an answer. What it does not look at is a head that comes byte by
byte, or never, and an answer that is not read.
"""

from typing import Any, Final, Protocol

from uvicorn.protocols.http.h11_impl import H11Protocol

LOOK_S: Final = 10.0
"""Between two looks at a connection."""
HEAD_LOOKS: Final = 3
"""Looks at which the head of a request may still not be there."""
STUCK_LOOKS: Final = 12
"""Looks at which not one byte of an answer may have been taken."""


class _Timer(Protocol):
    def cancel(self) -> object: ...


class BoundedConnection(H11Protocol):
    """One connection, looked at every now and then."""

    _look_at: _Timer | None = None
    _seen: tuple[object, int] = (None, -1)
    _same = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - it is handed on
        """A client is there."""
        super().connection_made(transport)
        self._look_at = self.loop.call_later(LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._look_at is not None:
            self._look_at.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        # There is none before the first request, whatever its type says.
        cycle = vars(self)["cycle"]
        is_waiting = cycle is None or cycle.response_complete
        unread = self.transport.get_write_buffer_size()
        # While an answer is being made, and what there is of it was taken, it is not the client that is slow.
        is_slow = is_waiting or unread > 0
        seen = (cycle, unread)
        self._same = self._same + 1 if is_slow and seen == self._seen else 0
        self._seen = seen
        if self._same >= (HEAD_LOOKS if is_waiting else STUCK_LOOKS) - 1:
            self.transport.abort()
        else:
            self._look_at = self.loop.call_later(LOOK_S, self._look)
