"""Fetching one address: one request, one reply, as they travelled, within bounds. No redirect is followed here."""

import ssl
import warnings
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from preserve.crawler.exchange import WITHHELD, Exchange, Failure
from preserve.crawler.transport import AddressGuard, AddressRefusedError, NameError_, RecordingAdapter, Tape
from preserve.limits import Limits


class Fetcher:
    """Makes exchanges, one at a time. No cookies, no proxies and no credentials from the environment.

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
        secret_hosts: Collection[str] = (),
    ) -> None:
        self._secrets = dict(secrets or {})
        self._secret_hosts = frozenset(secret_hosts)
        self._limits = limits
        self._tape = Tape(AddressGuard(allow_addresses), limits)
        self._verify_tls = verify_tls
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip, br",
        }
        self._session = _session(RecordingAdapter(self._tape))
        self._lenient: dict[str, requests.Session] = {}
        """By host: sessions for hosts whose chain was not accepted."""

    def close(self) -> None:
        """Closes the connections that are kept open."""
        for session in (self._session, *self._lenient.values()):
            session.close()

    def fetch(self, url: str, extra_headers: Mapping[str, str] | None = None) -> Exchange:
        """One exchange. Never raises for what the network or the server does: it is in the result."""
        headers = {**self._headers, **(extra_headers or {})}
        host = _host(url)
        if host in self._secret_hosts:
            headers.update(self._secrets)
        session = self._lenient.get(host, self._session)
        exchange, stale, verdict = self._once(session, url, headers)
        if verdict and not self._verify_tls and session is self._session:
            session = _session(RecordingAdapter(self._tape, verdict=verdict))
            session.verify = False
            self._lenient[host] = session
            exchange, stale, _ = self._once(session, url, headers)
        if stale:
            # The server closed a connection that was kept open, before it saw this request.
            exchange, _, _ = self._once(session, url, headers)
        return exchange

    def _once(self, session: requests.Session, url: str, headers: Mapping[str, str]) -> tuple[Exchange, bool, str]:
        """The exchange; whether a kept connection was stale; why the server's chain was not accepted, or nothing."""
        tape = self._tape
        tape.rewind()
        started = datetime.now(UTC)
        failure: Failure | None = None
        verdict = ""
        try:
            self._send(session, url, headers)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure, verdict = _judge(error)
        if tape.received:
            failure = None if tape.scanner.head is not None else Failure.MALFORMED
        else:
            failure = failure or Failure.DISCONNECT
        split = tape.scanner.interim_bytes
        request, withheld = self._without_secrets(bytes(tape.sent))
        exchange = Exchange(
            url=url,
            method="GET",
            request_bytes=request,
            interim_bytes=bytes(tape.received[:split]),
            response_bytes=bytes(tape.received[split:]),
            expected_bytes=tape.scanner.expected,
            received_bytes=tape.scanner.body_bytes,
            started=started,
            ended=datetime.now(UTC),
            peer=tape.peer,
            withheld=withheld,
            truncated=tape.truncated if tape.received else None,
            error=failure,
        )
        return exchange, failure is Failure.DISCONNECT and not tape.connected and bool(tape.sent), verdict

    def _without_secrets(self, request: bytes) -> tuple[bytes, tuple[str, ...]]:
        """The request as it is stored, and the names of the fields whose values are withheld."""
        withheld = []
        for name, value in self._secrets.items():
            line = f"\r\n{name}: {value}\r\n".encode("ascii")
            if line in request:
                request = request.replace(line, f"\r\n{name}: ".encode("ascii") + WITHHELD + b"\r\n")
                withheld.append(name)
        return request, tuple(withheld)

    def _send(self, session: requests.Session, url: str, headers: Mapping[str, str]) -> None:
        request = requests.Request("GET", url, headers=dict(headers)).prepare()
        # The address goes out as it was written; `requests` would quote it anew.
        request.url = url
        timeout = (self._limits.connect_timeout_s, self._limits.read_timeout_s)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            reply = session.send(request, stream=True, allow_redirects=False, timeout=timeout, verify=session.verify)
        # Read already, onto the tape; this only gives the connection back.
        with reply:
            reply.raw.read()


def _host(url: str) -> str:
    """``host:port`` as the URL writes it; nothing where that cannot be told."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _session(adapter: RecordingAdapter) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _judge(error: BaseException) -> tuple[Failure, str]:
    """What went wrong, from the chain of exceptions; and why a certificate was not accepted, or nothing."""
    chain = _chain(error)
    refused = next((e for e in chain if isinstance(e, ssl.SSLCertVerificationError)), None)
    for kinds, failure in _JUDGEMENTS:
        if any(isinstance(e, kinds) for e in chain):
            return failure, "" if refused is None else refused.verify_message
    return Failure.DISCONNECT, ""


_JUDGEMENTS: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((AddressRefusedError,), Failure.ADDRESS),
    ((NameError_, urllib3.exceptions.NameResolutionError), Failure.DNS),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError), Failure.TLS),
    ((requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), Failure.CONNECT_TIMEOUT),
    ((InvalidURL, InvalidSchema, MissingSchema, urllib3.exceptions.LocationValueError), Failure.BAD_URL),
    ((requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError), Failure.TIMEOUT),
    ((urllib3.exceptions.NewConnectionError, ConnectionRefusedError), Failure.CONNECT),
    ((urllib3.exceptions.ProtocolError, ConnectionError), Failure.DISCONNECT),
    ((ValueError,), Failure.BAD_URL),
)


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 50:  # noqa: PLR2004 - chains are short; a cycle ends here
        current = waiting.pop()
        if not isinstance(current, BaseException) or current in found:
            continue
        found.append(current)
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
    return found
