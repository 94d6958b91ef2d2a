"""A connection that ends in time whatever the other side does, and the words for why one failed.

Tested by ``tests/unit/net/test_session.py``.
"""

import errno
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import IO, Any

import certifi

from preserve.net.tunnel import TunnelError, open_tunnel
from preserve.text import terminal_line

_MAX_ERROR_CHARS = 200
_Found = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family of addresses, and an address as `socket.connect` takes it in that family."""


class UnreachedError(Exception):
    """The other side cannot be used now: nothing would get through."""


class RefusedError(Exception):
    """The other side did not take what was sent. ``reached``: the mailboxes that have taken it."""

    def __init__(self, why: str, reached: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.reached = reached


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """A context that verifies certificates and names.

    Raises:
        UnreachedError: the file of authorities cannot be used.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise UnreachedError(f"{ca_file} cannot be used: {words(error)}") from error
    return context


@contextmanager
def connected(
    address: tuple[str, int],
    *,
    context: ssl.SSLContext | None,
    step_s: float,
    until: float,
    proxy: tuple[str, int] | None = None,
) -> Iterator[socket.socket]:
    """A connection, over TLS where there is a context; through a proxy where there is one, which then looks the name
    up. One step takes at most ``step_s`` seconds; all is cut at ``until`` (of the monotonic clock).

    A limit on each read is not enough: a server may send a byte whenever it is over.

    Raises:
        OSError: it cannot be made (also `ssl.SSLError`).
    """
    sock = _dial(proxy or address, step_s, until)
    is_cut = threading.Event()
    with sock, sock.dup() as guard:
        timer = threading.Timer(max(0.0, until - time.monotonic()), _cut, (guard, is_cut))
        timer.daemon = True
        timer.start()
        try:
            sock.settimeout(step_s)
            if proxy is not None:
                open_tunnel(sock, *address)
            if context is None:
                yield sock
            else:
                with context.wrap_socket(sock, server_hostname=address[0]) as wrapped:
                    yield wrapped
        except (OSError, HTTPException):
            if is_cut.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            timer.join()


class TooLongError(OSError):
    """The other side sends more than an answer can have."""

    def __init__(self) -> None:
        super().__init__(errno.EMSGSIZE, "the answer is too long")


class Bounded:
    """What comes from the other side, as a file that gives ``room`` bytes at most; TooLongError behind them.

    Readers of protocols put an answer together line by line, without an end of their own.
    """

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file = file
        self.room = room

    def read(self, size: int = -1) -> bytes:
        """Reads to a size, or to the end."""
        return self._taken(self._file.read(self.room + 1 if size < 0 else min(size, self.room + 1)))

    def readline(self, limit: int = -1) -> bytes:
        """Reads a line."""
        return self._taken(self._file.readline(self.room + 1 if limit < 0 else min(limit, self.room + 1)))

    def _taken(self, data: bytes) -> bytes:
        self.room -= len(data)
        if self.room < 0:
            raise TooLongError
        return data

    def flush(self) -> None:
        """There is nothing to do."""

    def close(self) -> None:
        """Closes it."""
        self._file.close()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._file.closed


def answer_of(line: HTTPConnection, room: int) -> HTTPResponse:
    """The answer to what was sent, head and all at most ``room`` bytes; endless interim answers end there too."""
    line.response_class = partial(_Response, room=room)  # type: ignore[assignment]
    return line.getresponse()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *given: Any, room: int, **named: Any) -> None:  # noqa: ANN401 - as given
        super().__init__(sock, *given, **named)
        self.fp = Bounded(self.fp, room)  # type: ignore[assignment]


def _dial(address: tuple[str, int], step_s: float, until: float) -> socket.socket:
    """A connection to the first of a server's addresses that answers."""
    failure: OSError = TimeoutError()
    for family, target in _look_up(address, min(until, time.monotonic() + step_s)):
        left = min(step_s, until - time.monotonic())
        if left <= 0:
            break
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left)
            sock.connect(target)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _look_up(address: tuple[str, int], until: float) -> list[_Found]:
    """The addresses of a server. The system's resolver knows no limit, so it is left behind when the time is over."""
    answers: queue.SimpleQueue[list[_Found] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
            answers.put([(family, target) for family, _kind, _protocol, _name, target in found])
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits for it
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.001, until - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _cut(guard: socket.socket, is_cut: threading.Event) -> None:
    """Ends what waits in a connection, through a second descriptor of it: TLS changes hands over the first."""
    is_cut.set()
    with suppress(OSError):
        guard.shutdown(socket.SHUT_RDWR)


def words(error: BaseException) -> str:
    """Why a connection failed, on one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, TunnelError):
        return str(error)
    if isinstance(error, socket.gaierror):
        return "the name of the server cannot be looked up"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {terminal_line(error.verify_message, _MAX_ERROR_CHARS)}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {terminal_line(error.reason or 'the connection was cut', _MAX_ERROR_CHARS)}"
    if isinstance(error, OSError) and error.strerror:
        return terminal_line(error.strerror, _MAX_ERROR_CHARS)
    return terminal_line(str(error) or type(error).__name__, _MAX_ERROR_CHARS)
