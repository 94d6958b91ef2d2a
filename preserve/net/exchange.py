"""One HTTP exchange as it travelled: the bytes sent, the bytes received, and what the connection showed.

Tested by ``tests/unit/net/test_transport.py``.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from preserve.formats.http1.message import ReplyHead

WITHHELD = b"[withheld]"
"""What stands in a stored request in place of a secret (``docs/formats/archive.md``)."""


class Failure(StrEnum):
    """Why no readable reply came. A closed list: these codes stand in run statements."""

    BAD_URL = "bad-url"
    DNS = "dns"
    ADDRESS = "address-refused"
    PROXY = "proxy"
    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect-timeout"
    TLS = "tls"
    TIMEOUT = "timeout"
    DISCONNECT = "disconnect"
    UNASKED = "unasked-reply"
    MALFORMED = "malformed-reply"


class ExchangeError(Exception):
    """No exchange could be made; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class Truncation(StrEnum):
    """Why a reply was cut: the values of WARC-Truncated (WARC 1.1 section 5.15)."""

    LENGTH = "length"
    TIME = "time"
    DISCONNECT = "disconnect"
    UNSPECIFIED = "unspecified"
    """From this side: the page that asked for it was over, or the connection went on in another protocol."""


class TlsFacts(Struct, frozen=True, kw_only=True):
    """What the TLS connection showed. ``chain`` is what the server sent: DER certificates, its own first.

    ``verdict``: ``verified``, or why the chain was not accepted, in the words of the TLS library.
    """

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    verdict: str


class Peer(Struct, frozen=True, kw_only=True):
    """Who answered: the address connected to, and every address that the name resolved to at that moment.

    Behind a proxy both are unknown: ``ip`` and ``addresses`` are empty, and ``proxy`` names it and its address.
    """

    ip: str
    addresses: tuple[str, ...]
    tls: TlsFacts | None
    proxy: str | None


class Surplus(Struct, frozen=True, kw_only=True):
    """Bytes that answer no request of ours: they came before one was sent, or end an idle connection (408).

    ``after``: the address that was asked before on the connection; empty where there was none. ``cut``: there were more
    of them than are kept.
    """

    data: bytes
    after: str
    cut: bool = False


class Request(Struct, frozen=True):
    """A request as it is sent, every byte of it; ``url`` is what it asks for, ``method`` in capitals."""

    url: str
    method: str
    data: bytes


class Exchange(Struct, frozen=True, kw_only=True):
    """One request and what came back.

    ``response_bytes`` may be cut (``truncated``), malformed or empty (``error``). ``interim_bytes``: replies 1xx before
    it. ``expected_bytes`` and ``received_bytes``: the body as it travels; None where no length was declared.
    """

    url: str
    method: str
    request_bytes: bytes
    interim_bytes: bytes
    response_bytes: bytes
    head: ReplyHead | None
    """The final reply's head, where one could be read."""
    expected_bytes: int | None
    received_bytes: int
    started: datetime
    ended: datetime
    peer: Peer | None
    withheld: tuple[str, ...]
    """Names of the request's fields whose values stand as `WITHHELD` in ``request_bytes``."""
    truncated: Truncation | None
    error: Failure | None
    surplus: tuple[Surplus, ...] = ()
    """What came on connections that were given up for this exchange."""
    frames: tuple[int, int] | None = None
    """Bytes that were sent and received behind a 101, in another protocol, and not kept."""
