"""The recording transport: urllib3 connections whose sockets keep every byte that passes, and a guard on addresses.

The wrapping is done after TLS, so the bytes are those of HTTP. One `Tape` serves one fetcher, which makes one exchange
at a time. Written against urllib3 2.8: it leans on ``pool_classes_by_scheme``, ``_new_conn`` and the hand-over of
``sock``.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.connection import create_connection

from preserve.crawler.exchange import TlsFacts, Truncation
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import sha256_hex

_BUFFER = 1 << 16

# The standard library gives up on replies with more than 100 fields, which real sites send.
http.client._MAXHEADERS = DEFAULT_LIMITS.max_header_fields  # type: ignore[attr-defined] # noqa: SLF001


class CutError(OSError):
    """A bound was reached while reading; ``truncation`` says which."""

    def __init__(self, truncation: Truncation) -> None:
        super().__init__(f"stopped: {truncation}")
        self.truncation = truncation


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
        self.sent = bytearray()
        self.received = bytearray()
        self.connected = False
        self.peer_ip: str | None = None
        self.tls: TlsFacts | None = None
        self._deadline = 0.0
        self._most = limits.max_header_bytes + limits.max_body_bytes

    def rewind(self) -> None:
        """Begins a new exchange."""
        self.sent = bytearray()
        self.received = bytearray()
        self.connected = False
        self._deadline = time.monotonic() + self.limits.fetch_timeout_s

    def take(self, data: memoryview) -> None:
        """Keeps bytes that came; raises `CutError` when a bound is reached."""
        room = self._most - len(self.received)
        self.received += data[:room]
        if len(data) > room:
            raise CutError(Truncation.LENGTH)
        if time.monotonic() > self._deadline:
            raise CutError(Truncation.TIME)


class _RecordedReader(io.RawIOBase):
    """What `http.client` reads a reply from."""

    def __init__(self, sock: Any, tape: Tape) -> None:  # noqa: ANN401 - a socket, plain or TLS
        self._inner = sock.makefile("rb", buffering=0)
        self._tape = tape

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        count = self._inner.readinto(buffer)
        if count:
            self._tape.take(memoryview(buffer)[:count])
        return count or 0

    def close(self) -> None:
        self._inner.close()
        super().close()


class _RecordedSocket:
    """A socket that keeps what passes. Everything not named here is the socket's own."""

    def __init__(self, sock: Any, tape: Tape, peer: tuple[str | None, TlsFacts | None]) -> None:  # noqa: ANN401
        self._sock = sock
        self._tape = tape
        self._peer = peer

    def sendall(self, data: Any, *rest: Any) -> None:  # noqa: ANN401
        self._tape.peer_ip, self._tape.tls = self._peer
        self._sock.sendall(data, *rest)
        self._tape.sent += data

    def makefile(self, *_args: Any, **_named: Any) -> io.BufferedReader:  # noqa: ANN401
        return io.BufferedReader(_RecordedReader(self._sock, self._tape), _BUFFER)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._sock, name)


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
        tape.peer_ip = address
        return sock
    raise last if last is not None else NameError_(host)


def _tls_facts(sock: ssl.SSLSocket, *, verified: bool) -> TlsFacts:
    cipher = sock.cipher()
    return TlsFacts(
        version=sock.version() or "",
        cipher=cipher[0] if cipher else "",
        certificate_sha256=sha256_hex(sock.getpeercert(binary_form=True) or b""),
        verified=verified,
    )


def _pool_classes(tape: Tape) -> dict[str, type[HTTPConnectionPool]]:
    """Connection classes bound to one tape."""

    class RecordedHttp(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, tape)

        def connect(self) -> None:
            super().connect()
            self.sock: Any = _RecordedSocket(self.sock, tape, (tape.peer_ip, None))

    class RecordedHttps(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, tape)

        def connect(self) -> None:
            super().connect()
            facts = _tls_facts(self.sock, verified=bool(self.is_verified))
            self.sock: Any = _RecordedSocket(self.sock, tape, (tape.peer_ip, facts))

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = RecordedHttp

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = RecordedHttps

    return {"http": HttpPool, "https": HttpsPool}


class RecordingAdapter(HTTPAdapter):
    """The transport adapter of `requests` that puts everything through a tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        super().__init__(pool_connections=8, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:  # noqa: ANN401
        """Makes the pools with the recording connections."""
        super().init_poolmanager(*args, **named)
        manager: urllib3.PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pool_classes(self._tape)
