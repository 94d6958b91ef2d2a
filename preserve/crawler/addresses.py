"""Which machine answers for a name, and whether it may be asked: the guard against private and special addresses."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from preserve.crawler.exchange import ExchangeError, Failure
from preserve.expressions import lazy_re

_PORTS = {"http": 80, "https": 443}
_PLAIN_URL = lazy_re(r"(https?://[a-z0-9.-]+(?::[0-9]{1,5})?)(/[!-\"$-~]*)")
"""An address that needs no more than to be cut in two."""
_TARGET_SAFE = "%/:?#[]@!$&'()*+,;=-._~|^`{}\"<>\\"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (without brackets, in ASCII) and port: what one connection is made to (RFC 9110 section 4.3.1)."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """The value of the Host field: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def split_url(url: str) -> tuple[Origin, str]:
    """The origin of an address, and the request target as it was written (RFC 9112 section 3.2.1).

    Raises:
        ExchangeError: no http or https address.
    """
    match = _PLAIN_URL.fullmatch(url)
    if match is not None:
        return _plain_origin(match[1]), match[2]
    return _taken_apart(url)


@lru_cache(maxsize=1024)
def _plain_origin(text: str) -> Origin:
    return _taken_apart(text)[0]


def _taken_apart(url: str) -> tuple[Origin, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError as error:
        raise ExchangeError(Failure.BAD_URL) from error
    if parts.scheme not in _PORTS or not host or port == 0 or any(c.isspace() for c in host):
        raise ExchangeError(Failure.BAD_URL)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    if not (target.isascii() and target.isprintable() and " " not in target):
        target = quote(target, safe=_TARGET_SAFE, errors="replace")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme]), target


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
        """True where ``address``, to which ``host`` resolved, may be connected to. What is no IP address may not."""
        if host.lower() in self._hosts:
            return True
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip.version == network.version and ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast

    def refuses_literal(self, host: str) -> bool:
        """True where the host is itself an IP address that may not be connected to."""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return not self.permits(host, host)


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Every address of a name, in the resolver's order; families other than IPv4 and IPv6 are left out.

    Raises:
        ExchangeError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as error:
        raise ExchangeError(Failure.DNS) from error
    known = {int(socket.AF_INET), int(socket.AF_INET6)}
    addresses = [str(entry[4][0]) for entry in found if int(entry[0]) in known]
    if not addresses:
        raise ExchangeError(Failure.DNS)
    return tuple(dict.fromkeys(addresses))
