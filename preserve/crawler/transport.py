"""The recording transport: urllib3 connections that keep every byte that passes, and a guard on addresses.

urllib3 connects, shakes hands and keeps connections; sending and reading are recorded behind TLS, and a reply is read
by a loop of ours, because the standard library gives up on heads that real servers send. One `Tape` serves one fetcher,
which makes one exchange at a time. Written against urllib3 2.8: it leans on ``pool_classes_by_scheme``, ``_new_conn``
and the hand-over of ``sock``.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.connection import create_connection

from preserve.crawler.exchange import Peer, TlsFacts, Truncation
from preserve.formats.reply import ReplyScanner
from preserve.limits import Limits

_READ_BYTES = 1 << 16


class AddressRefusedError(HTTPError):
    """Every address of the host is private and not allowed."""


class NameError_(HTTPError):  # noqa: N801, N818 - `NameError` is taken
    """The host's name cannot be resolved."""


class AddressGuard:
    """Which peers may be connected to: public addresses, and the private ones that the configuration names."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._hosts = {entry.lower() for entry in allowed}
        self._networks = []
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                continue

    def permits(self, host: str, address: str) -> bool:
        """True where ``address``, to which ``host`` resolved, may be connected to."""
        if host.lower() in self._hosts:
            return True
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip.version == network.version and ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast


class Tape:
    """The recording of the exchange under way, and its bounds."""

    def __init__(self, guard: AddressGuard, limits: Limits) -> None:
        self.guard = guard
        self.limits = limits
        self.rewind()

    def rewind(self) -> None:
        """Begins a new exchange."""
        self.sent = bytearray()
        self.received = bytearray()
        self.scanner = ReplyScanner("GET", max_head_bytes=self.limits.max_header_bytes)
        self.connected = False
        self.peer: Peer | None = None
        self.truncated: Truncation | None = None
        self.deadline = time.monotonic() + self.limits.fetch_timeout_s

    def read_reply(self, sock: Any) -> None:  # noqa: ANN401 - a socket, plain or TLS
        """Reads one reply to its end, to the end of the connection or to a bound; ``truncated`` says which.

        Raises:
            OSError: the connection broke before the first byte.
        """
        most = self.limits.max_header_bytes + self.limits.max_body_bytes
        while not self.scanner.done and self.truncated is None:
            try:
                data = sock.recv(_READ_BYTES)
            except OSError as error:
                if not self.received:
                    raise
                self.truncated = Truncation.TIME if isinstance(error, TimeoutError) else Truncation.DISCONNECT
                return
            if not data:
                self.truncated = None if self.scanner.complete_at_close else Truncation.DISCONNECT
                return
            room = most - len(self.received)
            self.received += data[:room]
            self.scanner.feed(data[:room])
            if len(data) > room:
                self.truncated = Truncation.LENGTH
            elif time.monotonic() > self.deadline and not self.scanner.done:
                self.truncated = Truncation.TIME


class _RecordedSocket:
    """A socket that keeps what is sent. Everything not named here is the socket's own."""

    def __init__(self, sock: Any, tape: Tape) -> None:  # noqa: ANN401
        self._sock = sock
        self._tape = tape
        self._peer = tape.peer

    def sendall(self, data: Any, *rest: Any) -> None:  # noqa: ANN401
        # A kept connection has the peer that it was made to.
        self._tape.peer = self._peer
        self._sock.sendall(data, *rest)
        self._tape.sent += data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._sock, name)


def _read_reply(connection: Any, tape: Tape) -> urllib3.HTTPResponse:  # noqa: ANN401 - one of the classes below
    """Reads the reply onto the tape; urllib3 gets an empty stand-in, which only lets it keep the connection."""
    connection.sock.settimeout(connection.timeout)
    try:
        tape.read_reply(connection.sock)
    finally:
        # The standard library's connection must not wait for a reply that it will never read.
        connection._HTTPConnection__state = http.client._CS_IDLE  # type: ignore[attr-defined] # noqa: SLF001
        if tape.truncated is not None or not tape.scanner.keeps_connection:
            connection.close()
    status = tape.scanner.head.status if tape.scanner.head is not None else 0
    return urllib3.HTTPResponse(body=io.BytesIO(), status=status, preload_content=False, decode_content=False)


def _connect(connection: HTTPConnection, tape: Tape) -> socket.socket:
    """Resolves the host, refuses what the guard refuses, and connects to the very address that was looked at."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameError_(str(error)) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    permitted = [address for address in addresses if tape.guard.permits(host, address)]
    if not permitted:
        raise AddressRefusedError(", ".join(addresses))
    last: OSError | None = None
    for address in permitted:
        try:
            sock = create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            last = error
            continue
        tape.connected = True
        tape.peer = Peer(ip=address, addresses=tuple(addresses), tls=None)
        return sock
    raise last if last is not None else NameError_(host)


def _tls_facts(sock: ssl.SSLSocket, verdict: str) -> TlsFacts:
    cipher = sock.cipher()
    name = cipher[0] if cipher else ""
    return TlsFacts(version=sock.version() or "", cipher=name, chain=_chain(sock), verdict=verdict)


def _chain(sock: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - the method is public from Python 3.13 on
    """The certificates that the server sent, its own first, as DER."""
    if hasattr(sock, "get_unverified_chain"):
        return tuple(sock.get_unverified_chain())
    inner = getattr(sock, "_sslobj", None)
    found = inner.get_unverified_chain() if inner is not None else None
    encoding = ssl._ssl.ENCODING_DER  # type: ignore[attr-defined] # noqa: SLF001
    return tuple(certificate.public_bytes(encoding) for certificate in found or ())


def _pool_classes(tape: Tape, verdict: str) -> dict[str, type[HTTPConnectionPool]]:
    """Connection classes bound to one tape. ``verdict`` is that of TLS connections which are not verified."""

    class RecordedHttp(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, tape)

        def connect(self) -> None:
            super().connect()
            self.sock: Any = _RecordedSocket(self.sock, tape)

        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            return _read_reply(self, tape)

    class RecordedHttps(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, tape)

        def connect(self) -> None:
            super().connect()
            if tape.peer is not None:
                facts = _tls_facts(self.sock, "verified" if self.is_verified else verdict)
                tape.peer = replace(tape.peer, tls=facts)
            self.sock: Any = _RecordedSocket(self.sock, tape)

        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            return _read_reply(self, tape)

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = RecordedHttp

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = RecordedHttps

    return {"http": HttpPool, "https": HttpsPool}


class RecordingAdapter(HTTPAdapter):
    """The transport adapter of `requests` that puts everything through a tape."""

    def __init__(self, tape: Tape, *, verdict: str = "not verified") -> None:
        self._tape = tape
        self._verdict = verdict
        super().__init__(pool_connections=8, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:  # noqa: ANN401
        """Makes the pools with the recording connections."""
        super().init_poolmanager(*args, **named)
        manager: urllib3.PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pool_classes(self._tape, self._verdict)
