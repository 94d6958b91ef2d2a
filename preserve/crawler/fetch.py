"""Fetching one address: one request, one reply, as they travelled, within bounds. No redirect is followed here."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from preserve.crawler.addresses import AddressGuard, Origin, split_url
from preserve.crawler.exchange import WITHHELD, Exchange, ExchangeError, Failure, Peer
from preserve.crawler.transport import Connection, Connector, Recording
from preserve.limits import Limits

_MAX_KEPT = 32
"""Connections kept open at once, each to another origin."""


class Fetcher:
    """Makes exchanges, one at a time. No cookies, and no proxies or credentials from the environment.

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
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()

    def fetch(self, url: str, extra_headers: Mapping[str, str] | None = None) -> Exchange:
        """One exchange. Never raises for what the network or the server does: it is in the result."""
        started = datetime.now(UTC)
        try:
            origin, target = split_url(url)
            request, secrets = self._request(origin, target, extra_headers or {})
            connection, recording = self._exchange(origin, request)
        except ExchangeError as error:
            return _failed(url, started, error.failure)
        recording.sent = self._stored(recording.sent, secrets)
        return _made(url, started, recording, connection.peer, secrets)

    def _exchange(self, origin: Origin, request: bytes) -> tuple[Connection, Recording]:
        connection = self._kept.pop(origin, None) or self._connector.connect(origin)
        was_used = connection.used
        recording = connection.exchange(request)
        if was_used and recording.failure is Failure.DISCONNECT:
            # The server closed a connection that was kept open, before it saw this request.
            connection = self._connector.connect(origin)
            recording = connection.exchange(request)
        if connection.open:
            self._kept[origin] = connection
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)[1].close()
        return connection, recording

    def _request(
        self, origin: Origin, target: str, extra: Mapping[str, str]
    ) -> tuple[bytes, tuple[tuple[str, str], ...]]:
        """The request's bytes, and the secret fields in it."""
        secrets = tuple(self._secrets.items()) if origin in self._secret_origins else ()
        if self._proxy is not None and origin.scheme == "http":
            target = f"http://{origin.netloc}{target}"
        fields = "".join(f"{name}: {value}\r\n" for name, value in (*extra.items(), *secrets))
        text = f"GET {target} HTTP/1.1\r\nHost: {origin.netloc}\r\n{self._fields}{fields}\r\n"
        return text.encode("latin-1"), secrets

    @staticmethod
    def _stored(request: bytes, secrets: Sequence[tuple[str, str]]) -> bytes:
        """The request as it is stored: without the values of secret fields."""
        for name, value in secrets:
            line, withheld = f"\r\n{name}: {value}\r\n".encode("latin-1"), f"\r\n{name}: ".encode("ascii")
            request = request.replace(line, withheld + WITHHELD + b"\r\n")
        return request


def _failed(url: str, started: datetime, failure: Failure) -> Exchange:
    return Exchange(
        url=url,
        method="GET",
        request_bytes=b"",
        interim_bytes=b"",
        response_bytes=b"",
        expected_bytes=None,
        received_bytes=0,
        started=started,
        ended=datetime.now(UTC),
        peer=None,
        withheld=(),
        truncated=None,
        error=failure,
    )


def _made(
    url: str, started: datetime, recording: Recording, peer: Peer, secrets: Sequence[tuple[str, str]]
) -> Exchange:
    scanner = recording.scanner
    received = recording.received[0] if len(recording.received) == 1 else b"".join(recording.received)
    failure = recording.failure
    if received and scanner.head is None:
        failure = Failure.MALFORMED
    return Exchange(
        url=url,
        method="GET",
        request_bytes=recording.sent,
        interim_bytes=received[: scanner.interim_bytes],
        response_bytes=received[scanner.interim_bytes :],
        expected_bytes=scanner.expected,
        received_bytes=scanner.body_bytes,
        started=started,
        ended=datetime.now(UTC),
        peer=peer,
        withheld=tuple(name for name, _value in secrets) if recording.sent else (),
        truncated=recording.truncated,
        error=failure,
    )
