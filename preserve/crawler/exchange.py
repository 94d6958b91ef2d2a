"""One HTTP exchange as it travelled: the bytes sent, the bytes received, and what the connection showed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Failure(StrEnum):
    """Why no readable reply came. A closed list: these codes stand in run statements."""

    BAD_URL = "bad-url"
    DNS = "dns"
    ADDRESS = "address-refused"
    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect-timeout"
    TLS = "tls"
    TIMEOUT = "timeout"
    DISCONNECT = "disconnect"
    MALFORMED = "malformed-reply"


class Truncation(StrEnum):
    """Why a reply was cut: the values of WARC-Truncated (WARC 1.1 section 5.13)."""

    LENGTH = "length"
    TIME = "time"
    DISCONNECT = "disconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What the TLS connection showed. ``certificate_sha256`` is over the server's DER certificate."""

    version: str
    cipher: str
    certificate_sha256: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back. ``response_bytes`` may be cut (``truncated``), malformed or empty (``error``)."""

    url: str
    method: str
    request_bytes: bytes
    response_bytes: bytes
    started: datetime
    ended: datetime
    peer_ip: str | None
    tls: TlsFacts | None
    truncated: Truncation | None
    error: Failure | None
