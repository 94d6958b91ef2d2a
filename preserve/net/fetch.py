"""Fetching one address: one request, one reply, as they travelled, within bounds. No redirect is followed here."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from msgspec.structs import replace

from preserve.limits import Limits
from preserve.net.addresses import AddressGuard, Origin, split_url
from preserve.net.exchange import WITHHELD, Exchange, ExchangeError, Failure, Peer, Request, Surplus
from preserve.net.transport import Connection, Connector, Recording, Tap

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
_SWITCHING = 101
_MAX_KEPT = 64
"""Connections kept open at once, each to another origin."""


class Pending(Protocol):
    """An exchange that was begun."""

    def quick(self, patience_s: float) -> Exchange | None:
        """The exchange, where it comes to its end within the patience."""
        ...

    def finish(self) -> Exchange:
        """Waits for its end, on any thread."""
        ...


class Fetches(Protocol):
    """What a worker needs of a fetcher."""

    def begin(self, url: str, extra_headers: Mapping[str, str]) -> "Pending":
        """Begins an exchange: sends the request, where a connection is at hand."""
        ...

    def close(self) -> None:
        """Closes the connections that are kept open."""
        ...


class Fetcher:
    """Makes exchanges; any number of threads may, each with another origin. No cookies; nothing from the environment.

    With ``verify_tls`` false a chain that is not accepted is no failure: the exchange is made and holds the verdict.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        limits: Limits,
        allow_addresses: Sequence[str],
        verify_tls: bool,
        secrets: Mapping[str, str] | None = None,
        secret_origins: Collection[Origin] = (),
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._secrets = dict(secrets or {})
        self._secret_origins = frozenset(secret_origins)
        self._proxy = None if proxy is None else split_url(proxy)[0]
        self._connector = Connector(
            AddressGuard(allow_addresses), limits, verify_tls=verify_tls, proxy=self._proxy, ca_file=ca_file
        )
        self._fields = (
            f"User-Agent: {user_agent}\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
            "Accept-Encoding: gzip, br\r\nConnection: keep-alive\r\n"
        )
        self._kept: OrderedDict[Origin, Connection] = OrderedDict()

    def close(self) -> None:
        """Closes the connections that are kept open."""
        while self._kept:
            self._kept.popitem()[1].close()

    def fetch(self, url: str, extra_headers: Mapping[str, str] | None = None) -> Exchange:
        """One exchange. Never raises for what the network or the server does: it is in the result."""
        return self.begin(url, extra_headers or {}).finish()

    def begin(self, url: str, extra_headers: Mapping[str, str]) -> Pending:
        """Begins one exchange (see `Fetches`)."""
        started = datetime.now(UTC)
        try:
            origin, target = split_url(url)
        except ExchangeError as error:
            return _Ended(_failed(Request(url, "GET", b""), started, error.failure))
        secrets = tuple(self._secrets.items()) if origin in self._secret_origins else ()
        request = Request(url, "GET", self._request(origin, target, extra_headers, secrets))
        connection = self.take(origin)
        recording = None if connection is None else connection.begin(request)
        return _Call(self, request, origin, started, secrets, connection, recording)

    def relay(self, request: Request, origin: Origin, tap: Tap) -> Exchange:
        """One exchange with the request of somebody else, who reads along while the reply comes.

        A method that may change something goes out on a new connection: on one that was kept nobody could tell whether
        it arrived before the server closed it (RFC 9110 section 9.2.2).
        """
        if self._proxy is not None and origin.scheme == "http":
            method, target, rest = request.data.split(b" ", 2)
            request = replace(request, data=b"%b http://%b%b %b" % (method, origin.netloc.encode(), target, rest))
        connection = self.take(origin)
        if connection is not None and request.method not in _SAFE:
            connection.close()
            connection = None
        recording = None if connection is None else connection.begin(request, tap)
        return _Call(self, request, origin, datetime.now(UTC), (), connection, recording, tap=tap).finish()

    def _request(
        self, origin: Origin, target: str, extra: Mapping[str, str], secrets: Sequence[tuple[str, str]]
    ) -> bytes:
        if self._proxy is not None and origin.scheme == "http":
            target = f"http://{origin.netloc}{target}"
        fields = "".join([f"{name}: {value}\r\n" for name, value in (*extra.items(), *secrets)])
        return f"GET {target} HTTP/1.1\r\nHost: {origin.netloc}\r\n{self._fields}{fields}\r\n".encode("latin-1")

    def take(self, origin: Origin) -> Connection | None:
        """A kept connection, for the caller alone."""
        return self._kept.pop(origin, None)

    def connect(self, origin: Origin) -> Connection:
        """A new connection.

        Raises:
            ExchangeError: there is none to be had.
        """
        return self._connector.connect(origin)

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keeps a connection that is still open; the one that was not used for longest is closed for it."""
        if connection.open:
            other = self._kept.pop(origin, None)
            if other is not None:
                other.close()
            self._kept[origin] = connection
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)[1].close()


@dataclass(frozen=True, slots=True)
class _Ended:
    """An exchange that ended before it began."""

    exchange: Exchange

    def quick(self, _patience_s: float) -> Exchange | None:
        return self.exchange

    def finish(self) -> Exchange:
        return self.exchange


@dataclass(slots=True)
class _Call:
    """One exchange under way. It goes on where it stopped, on whatever thread."""

    fetcher: Fetcher
    request: Request
    origin: Origin
    started: datetime
    secrets: tuple[tuple[str, str], ...]
    connection: Connection | None
    recording: Recording | None
    surplus: tuple[Surplus, ...] = ()
    tap: Tap | None = None

    def quick(self, patience_s: float) -> Exchange | None:
        """The exchange, where a kept connection gives it within the patience."""
        if self.connection is None or self.recording is None:
            return None
        if not self.connection.advance(self.recording, patience_s):
            return None
        return None if self.recording.answers_nothing else self._made(self.connection, self.recording)

    def finish(self) -> Exchange:
        """The exchange, however long it takes within the bounds."""
        try:
            if self.connection is not None and self.recording is not None:
                self.connection.advance(self.recording, None)
                if self.recording.answers_nothing:
                    self._give_up(self.connection, self.recording)
            if self.connection is None or self.recording is None:
                self.connection = self.fetcher.connect(self.origin)
                self.recording = self.connection.begin(self.request, self.tap)
                self.connection.advance(self.recording, None)
        except ExchangeError as error:
            return _failed(self.request, self.started, error.failure, self.surplus)
        return self._made(self.connection, self.recording)

    def _give_up(self, connection: Connection, recording: Recording) -> None:
        """Keeps what came on a connection and answers nothing; the request goes out on another one."""
        connection.close()
        surplus = recording.unanswering()
        if surplus is not None:
            self.surplus += (surplus,)
        self.connection = self.recording = None

    def _made(self, connection: Connection, recording: Recording) -> Exchange:
        self.fetcher.give_back(self.origin, connection)
        for name, value in self.secrets:
            line, withheld = f"\r\n{name}: {value}\r\n".encode("latin-1"), f"\r\n{name}: ".encode("ascii")
            recording.sent = recording.sent.replace(line, withheld + WITHHELD + b"\r\n")
        surplus = self.surplus if recording.surplus is None else (*self.surplus, recording.surplus)
        return _made(self.request, self.started, recording, connection.peer, self.secrets, surplus=surplus)


def _failed(request: Request, started: datetime, failure: Failure, surplus: tuple[Surplus, ...] = ()) -> Exchange:
    return Exchange(
        url=request.url,
        method=request.method,
        request_bytes=b"",
        interim_bytes=b"",
        response_bytes=b"",
        head=None,
        expected_bytes=None,
        received_bytes=0,
        started=started,
        ended=datetime.now(UTC),
        peer=None,
        withheld=(),
        truncated=None,
        error=failure,
        surplus=surplus,
    )


def _made(
    request: Request,
    started: datetime,
    recording: Recording,
    peer: Peer,
    secrets: Sequence[tuple[str, str]],
    *,
    surplus: tuple[Surplus, ...],
) -> Exchange:
    scanner = recording.scanner
    received = recording.received[0] if len(recording.received) == 1 else b"".join(recording.received)
    # A reply may be large: it is held once.
    recording.received.clear()
    if recording.tap is not None and scanner.extra_bytes and scanner.head and scanner.head.status == _SWITCHING:
        # What follows is of another protocol, and was handed on.
        received = received[: -scanner.extra_bytes]
    failure = recording.failure
    if received and scanner.head is None:
        failure = Failure.MALFORMED
    return Exchange(
        url=request.url,
        method=request.method,
        request_bytes=recording.sent,
        interim_bytes=received[: scanner.interim_bytes],
        response_bytes=received[scanner.interim_bytes :] if scanner.interim_bytes else received,
        head=scanner.head,
        expected_bytes=scanner.expected,
        received_bytes=scanner.body_bytes,
        started=started,
        ended=datetime.now(UTC),
        peer=peer,
        withheld=tuple(name for name, _value in secrets) if recording.sent else (),
        truncated=recording.truncated,
        error=failure,
        surplus=surplus,
    )
