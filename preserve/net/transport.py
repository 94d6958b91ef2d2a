"""Connections that keep every byte that passes: plain or TLS, straight or through a proxy, HTTP/1.1 only.

A connection is made to the very address that the guard looked at. What is sent and received is recorded behind TLS, as
it travelled; the end of a reply is found by `preserve.formats.http1.framing`, because the readers of HTTP libraries
give up on heads that real servers send. Design: ADR 4.

What has come before a request was sent answers another one, or none (RFC 9112 section 6.3): a connection on which
anything waits is given up, and what waits is kept as surplus. The look stands directly before the sending.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import certifi

from preserve.formats.http1.framing import ReplyParser
from preserve.formats.http1.message import ReplyHead
from preserve.limits import MAX_REPLY_HEAD_BYTES, Limits
from preserve.net.addresses import AddressGuard, Origin, resolve_host
from preserve.net.exchange import ExchangeError, Failure, Peer, Request, Surplus, TlsFacts, Truncation
from preserve.net.tunnel import open_tunnel

_READ_BYTES = 1 << 16
_REQUEST_TIMEOUT = 408
_SWITCHING = 101
_RECORD_HEAD = 5
_NOTHING_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Tap(Protocol):
    """Who reads along while a reply comes, and may end it. Nothing that it does may raise."""

    def began(self, cut: Callable[[], None]) -> None:
        """The request is about to be sent; ``cut`` ends the connection from any thread."""
        ...

    def head_came(self, head: ReplyHead) -> None:
        """The reply's head is there, and was given to `took`."""
        ...

    def took(self, data: bytes) -> None:
        """Bytes of the reply, or of what follows a 101, as they come."""
        ...

    def room_for(self, count: int) -> int:
        """How many of ``count`` bytes that came are kept; where not all of them are, the reply is cut there."""
        ...

    def switched(self, sock: Any, behind: int) -> None:  # noqa: ANN401 - a socket, plain or TLS
        """The connection goes on in another protocol (101). It is closed when this returns.

        ``behind``: bytes of that protocol that came with the 101, and were given to `took`.
        """
        ...

    @property
    def is_cut(self) -> bool:
        """True where the connection was cut from this side."""
        ...


@dataclass(slots=True)
class Recording:
    """What passed in one exchange. ``sent`` is empty where the request could not be handed over whole.

    ``surplus``: what came before it could be sent; it was then not sent at all.
    """

    scanner: ReplyParser
    room: int
    """Bytes that may still come."""
    deadline: float
    """Moment of the monotonic clock at which the exchange is cut."""
    ended: bool = False
    sent: bytes = b""
    received: list[bytes] = field(default_factory=list)
    truncated: Truncation | None = None
    failure: Failure | None = None
    after: str = ""
    """The address that was asked before on the connection; empty where there was none."""
    surplus: Surplus | None = None
    tap: "Tap | None" = None

    @property
    def answers_nothing(self) -> bool:
        """True where a kept connection ended, or was ended by the server, before it saw this request.

        Then the request may go out once more (RFC 9112 section 9.3.1; RFC 9110 section 15.5.9 of 408).
        """
        if not self.after:
            return False
        # Whoever reads along has the 408 already, and may ask again by itself.
        return self.failure in {Failure.DISCONNECT, Failure.UNASKED} or (self.tap is None and self._is_idle_timeout)

    @property
    def _is_idle_timeout(self) -> bool:
        head = self.scanner.head
        return self.ended and head is not None and head.status == _REQUEST_TIMEOUT

    def unanswering(self) -> Surplus | None:
        """What came and answers no request."""
        if self.surplus is None and self._is_idle_timeout:
            return Surplus(data=b"".join(self.received), after=self.after)
        return self.surplus


class Connection:
    """One connection to one origin, kept while both sides agree to; for one exchange at a time."""

    def __init__(self, sock: Any, peer: Peer, limits: Limits) -> None:  # noqa: ANN401 - a socket, plain or TLS
        self._sock = sock
        self._limits = limits
        self._timeout_s: float | None = None
        self.peer = peer
        self.open = True
        self._asked = ""
        self._waits = select.poll()
        self._waits.register(sock, select.POLLIN)

    def begin(self, request: Request, tap: Tap | None = None) -> Recording:
        """Sends a request. Where that fails, or something waits already, the recording says so."""
        limits = self._limits
        recording = Recording(
            ReplyParser(request.method),
            room=MAX_REPLY_HEAD_BYTES + limits.max_body_bytes,
            deadline=time.monotonic() + limits.fetch_timeout_s,
            after=self._asked,
            tap=tap,
        )
        self._asked = request.url
        if tap is not None:
            tap.began(self._cut)
        try:
            if self._is_used_up(recording):
                return recording
            self._wait_at_most(limits.read_timeout_s)
            self._sock.sendall(request.data)
            recording.sent = request.data
        except OSError as error:
            self._break(recording, error)
        return recording

    def _is_used_up(self, recording: Recording) -> bool:
        """Looks, without waiting, for bytes or an end that came unasked; they end the exchange before it begins."""
        if not self._waits.poll(0) and not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            return False
        self._wait_at_most(0.0)
        waiting = bytearray()
        # What is in a part of a record cannot be read, and yet has come before the request.
        ended = isinstance(self._sock, ssl.SSLSocket) and _holds_part_of_record(self._sock)
        while len(waiting) <= self._limits.max_surplus_bytes and not ended:
            try:
                data = self._sock.recv(_READ_BYTES)
            except _NOTHING_WAITS:
                break
            except OSError:
                data = b""
            waiting += data
            ended = not data
        if waiting:
            most = self._limits.max_surplus_bytes
            recording.surplus = Surplus(data=bytes(waiting[:most]), after=recording.after, cut=len(waiting) > most)
        if waiting or ended:
            recording.failure = Failure.UNASKED if waiting else Failure.DISCONNECT
            recording.ended = True
            self.close()
        return recording.ended

    def advance(self, recording: Recording, patience_s: float | None) -> bool:
        """Reads on to the end of the reply, of the connection, or to a bound; false where patience ran out first."""
        if not recording.ended:
            try:
                self._wait_at_most(self._limits.read_timeout_s if patience_s is None else patience_s)
                self._read(recording)
            except OSError as error:
                if isinstance(error, TimeoutError) and patience_s is not None:
                    return False
                self._break(recording, error)
        head = recording.scanner.head
        if recording.tap is not None and self.open and head is not None and head.status == _SWITCHING:
            recording.tap.switched(self._sock, recording.scanner.extra_bytes)
        if recording.failure or recording.truncated or not recording.scanner.keeps_connection:
            self.close()
        return True

    def _cut(self) -> None:
        """Ends what waits in the connection. TLS is passed by: another thread may be reading it."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _wait_at_most(self, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._sock.settimeout(timeout_s)

    @staticmethod
    def _break(recording: Recording, error: OSError) -> None:
        is_cut = recording.tap is not None and recording.tap.is_cut
        timed_out = isinstance(error, TimeoutError) or is_cut
        recording.ended = True
        if recording.received:
            recording.truncated = Truncation.TIME if timed_out else Truncation.DISCONNECT
            if is_cut:
                recording.truncated = Truncation.UNSPECIFIED
        else:
            recording.failure = Failure.TIMEOUT if timed_out else Failure.DISCONNECT

    def _read(self, recording: Recording) -> None:
        scanner = recording.scanner
        while not recording.ended:
            data = self._sock.recv(_READ_BYTES)
            if not data:
                if recording.tap is not None and recording.tap.is_cut:
                    raise TimeoutError
                recording.ended = True
                if not recording.received:
                    recording.failure = Failure.DISCONNECT
                elif not scanner.complete:
                    recording.truncated = Truncation.DISCONNECT
                self.close()
                return
            room = recording.room
            if recording.tap is not None:
                room = min(room, recording.tap.room_for(len(data)))
            if len(data) > room:
                recording.truncated = Truncation.LENGTH
                data = data[:room]
            recording.room -= len(data)
            if data:
                recording.received.append(data)
                had_head = scanner.head is not None
                scanner.feed(data)
                if recording.tap is not None:
                    recording.tap.took(data)
                    if scanner.head is not None and not had_head:
                        recording.tap.head_came(scanner.head)
            recording.ended = scanner.done or recording.truncated is not None
            if not recording.ended and time.monotonic() > recording.deadline:
                recording.truncated = Truncation.TIME
                recording.ended = True

    def close(self) -> None:
        """Closes it. The other side's faults while closing are nobody's concern any more."""
        if self.open:
            self.open = False
            self._sock.close()


def _holds_part_of_record(sock: ssl.SSLSocket) -> bool:
    """True where what waits below TLS ends inside a record (RFC 8446 section 5.1: five bytes of header, two of length).

    TLS reads whole records, one at a time, so that what waits begins with one.
    """
    try:
        raw = socket.socket.recv(sock, _READ_BYTES, socket.MSG_PEEK)
    except OSError:
        return False
    at = 0
    while at < len(raw):
        at += _RECORD_HEAD + int.from_bytes(raw[at + 3 : at + _RECORD_HEAD])
    return at > len(raw) and len(raw) < _READ_BYTES


class Connector:
    """Makes connections: resolves, asks the guard, connects, goes through the proxy, shakes hands.

    ``proxy`` is the address of an HTTP proxy, or None. ``ca_file`` names certificate authorities to trust beside the
    system's and Mozilla's. With ``verify_tls`` false a chain that is not accepted is no failure but a verdict.
    """

    def __init__(
        self, guard: AddressGuard, limits: Limits, *, verify_tls: bool, proxy: Origin | None, ca_file: str | None
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._verify_tls = verify_tls
        self._proxy = proxy
        self._ca_file = ca_file
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._verdicts: dict[Origin, str] = {}
        """Origins whose chain was not accepted, and why."""

    def connect(self, origin: Origin) -> Connection:
        """A new connection.

        Raises:
            ExchangeError: there is none to be had, or none may be made.
        """
        verdict = self._verdicts.get(origin)
        try:
            return self._connect(origin, verdict)
        except _NotAcceptedError as error:
            if self._verify_tls or verdict is not None:
                raise ExchangeError(Failure.TLS) from error
            self._verdicts[origin] = error.verdict
            return self._connect(origin, error.verdict)

    def _connect(self, origin: Origin, verdict: str | None) -> Connection:
        sock, peer = self._dial(origin)
        try:
            if origin.scheme == "https":
                sock, facts = self._shake_hands(sock, origin, verdict)
                peer = Peer(ip=peer.ip, addresses=peer.addresses, tls=facts, proxy=peer.proxy)
        except BaseException:
            sock.close()
            raise
        return Connection(sock, peer, self._limits)

    def _dial(self, origin: Origin) -> tuple[socket.socket, Peer]:
        """The socket to the origin, or through the proxy to it; and who is at its end."""
        if self._proxy is None:
            addresses = resolve_host(origin.host, origin.port)
            permitted = [address for address in addresses if self._guard.permits(origin.host, address)]
            if not permitted:
                raise ExchangeError(Failure.ADDRESS)
            sock, address = self._open(permitted, origin.port)
            return sock, Peer(ip=address, addresses=addresses, tls=None, proxy=None)
        # The proxy resolves the name: only how it is written can be looked at here.
        if not self._guard.permits_by_name(origin.host):
            raise ExchangeError(Failure.ADDRESS)
        sock, address = self._open(list(resolve_host(self._proxy.host, self._proxy.port)), self._proxy.port)
        if origin.scheme == "https":
            try:
                sock.settimeout(self._limits.connect_timeout_s)
                open_tunnel(sock, origin.host, origin.port)
            except BaseException as error:
                sock.close()
                if isinstance(error, OSError):
                    raise ExchangeError(Failure.PROXY) from error
                raise
        return sock, Peer(ip="", addresses=(), tls=None, proxy=f"http://{self._proxy.netloc} ({address})")

    def _open(self, addresses: list[str], port: int) -> tuple[socket.socket, str]:
        failure = Failure.CONNECT
        for address in addresses:
            try:
                sock = socket.create_connection((address, port), self._limits.connect_timeout_s)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except (OSError, OverflowError) as error:
                failure = Failure.CONNECT_TIMEOUT if isinstance(error, TimeoutError) else Failure.CONNECT
                continue
            return sock, address
        raise ExchangeError(failure)

    def _shake_hands(self, sock: socket.socket, origin: Origin, verdict: str | None) -> tuple[ssl.SSLSocket, TlsFacts]:
        try:
            # An end without close_notify is an error: who is between could have made it (RFC 9112 section 9.8).
            tls = self._context(verify=verdict is None).wrap_socket(
                sock, server_hostname=origin.host, suppress_ragged_eofs=False
            )
        except ssl.SSLCertVerificationError as error:
            raise _NotAcceptedError(error.verify_message) from error
        except TimeoutError as error:
            raise ExchangeError(Failure.CONNECT_TIMEOUT) from error
        except (OSError, ValueError) as error:
            raise ExchangeError(Failure.TLS) from error
        cipher = tls.cipher()
        return tls, TlsFacts(
            version=tls.version() or "",
            cipher=cipher[0] if cipher else "",
            chain=_chain(tls),
            verdict="verified" if verdict is None else verdict,
        )

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        context = self._contexts.get(verify)
        if context is None:
            context = self._contexts[verify] = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
            if self._ca_file is not None:
                context.load_verify_locations(self._ca_file)
            # WARC has no agreed form for HTTP/2.
            context.set_alpn_protocols(["http/1.1"])
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        return context


class _NotAcceptedError(Exception):
    """A certificate chain was not accepted; ``verdict`` says why, in the words of the TLS library."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def _chain(sock: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - the method is public from Python 3.13 on
    """The certificates that the server sent, its own first, as DER."""
    if hasattr(sock, "get_unverified_chain"):
        return tuple(sock.get_unverified_chain())
    inner = getattr(sock, "_sslobj", None)
    found = inner.get_unverified_chain() if inner is not None else None
    encoding = ssl._ssl.ENCODING_DER  # type: ignore[attr-defined] # noqa: SLF001
    return tuple(certificate.public_bytes(encoding) for certificate in found or ())
