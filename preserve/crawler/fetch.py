"""Fetching one address: one request, one reply, as they travelled, within bounds. No redirect is followed here."""

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from preserve.crawler.exchange import Exchange, Failure, Truncation
from preserve.crawler.transport import AddressGuard, AddressRefusedError, CutError, NameError_, RecordingAdapter, Tape
from preserve.errors import FormatError
from preserve.formats.http1 import parse_response_head, split_head
from preserve.limits import Limits

_CHUNK = 1 << 16


class Fetcher:
    """Makes exchanges, one at a time. No cookies, no proxies and no credentials from the environment."""

    def __init__(self, *, user_agent: str, limits: Limits, allow_addresses: Sequence[str], verify_tls: bool) -> None:
        self._limits = limits
        self._tape = Tape(AddressGuard(allow_addresses), limits)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = verify_tls
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip, br",
        }
        adapter = RecordingAdapter(self._tape)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._session.close()

    def fetch(self, url: str) -> Exchange:
        """One exchange. Never raises for what the network or the server does: it is in the result."""
        exchange, stale = self._once(url)
        if stale:
            # The server closed a connection that was kept open, before it saw this request.
            exchange, _ = self._once(url)
        return exchange

    def _once(self, url: str) -> tuple[Exchange, bool]:
        tape = self._tape
        tape.rewind()
        started = datetime.now(UTC)
        failure: Failure | None = None
        truncated: Truncation | None = None
        try:
            self._exchange(url)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure, truncated = _judge(error)
        if tape.received:
            failure = None if _has_head(tape.received) else Failure.MALFORMED
        else:
            truncated = None
            failure = failure or Failure.DISCONNECT
        if not tape.connected and not tape.sent:
            tape.peer_ip, tape.tls = None, None
        exchange = Exchange(
            url=url,
            method="GET",
            request_bytes=bytes(tape.sent),
            response_bytes=bytes(tape.received),
            started=started,
            ended=datetime.now(UTC),
            peer_ip=tape.peer_ip,
            tls=tape.tls,
            truncated=truncated,
            error=failure,
        )
        return exchange, failure is Failure.DISCONNECT and not tape.connected and bool(tape.sent)

    def _exchange(self, url: str) -> None:
        request = requests.Request("GET", url, headers=self._headers).prepare()
        # The address goes out as it was written; `requests` would quote it anew.
        request.url = url
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            reply = self._session.send(
                request,
                stream=True,
                allow_redirects=False,
                timeout=(self._limits.connect_timeout_s, self._limits.read_timeout_s),
                verify=self._session.verify,
            )
        with reply:
            for _chunk in reply.raw.stream(_CHUNK, decode_content=False):
                pass


def _has_head(received: bytearray) -> bool:
    try:
        parse_response_head(split_head(bytes(received[: 1 << 20]))[0])
    except FormatError:
        return False
    return True


def _judge(error: BaseException) -> tuple[Failure, Truncation | None]:
    """What went wrong, from the chain of exceptions: the failure if nothing came, the truncation if something did."""
    chain = list(_chain(error))
    cut = next((e for e in chain if isinstance(e, CutError)), None)
    if cut is not None:
        return Failure.TIMEOUT, cut.truncation
    for kinds, failure, truncated in _JUDGEMENTS:
        if any(isinstance(e, kinds) for e in chain):
            return failure, truncated
    return Failure.DISCONNECT, Truncation.DISCONNECT


_JUDGEMENTS: tuple[tuple[tuple[type[BaseException], ...], Failure, Truncation | None], ...] = (
    ((AddressRefusedError,), Failure.ADDRESS, None),
    ((NameError_, urllib3.exceptions.NameResolutionError), Failure.DNS, None),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), Failure.TLS, Truncation.DISCONNECT),
    ((requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), Failure.CONNECT_TIMEOUT, None),
    ((InvalidURL, InvalidSchema, MissingSchema, urllib3.exceptions.LocationValueError), Failure.BAD_URL, None),
    (
        (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError),
        Failure.TIMEOUT,
        Truncation.TIME,
    ),
    ((urllib3.exceptions.NewConnectionError, ConnectionRefusedError), Failure.CONNECT, None),
    ((urllib3.exceptions.ProtocolError, ConnectionError), Failure.DISCONNECT, Truncation.DISCONNECT),
    ((ValueError,), Failure.BAD_URL, None),
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
