"""Which machine answers for a name, and whether it may be asked: the guard against private and special addresses.

Tested by ``tests/scenarios/test_addresses.py``.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from preserve.expressions import lazy_re
from preserve.formats.urls import resolve
from preserve.net.exchange import ExchangeError, Failure

_PORTS = {"http": 80, "https": 443}
_PLAIN_URL = lazy_re(r"(https?://[a-z0-9.-]+(?::[0-9]{1,5})?)(/[!-\"$-~]*)")
"""An address that needs no more than to be cut in two."""
_NUMBER = lazy_re(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address and no name (URL Standard, "ends in a number")."""
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
        authority = self.authority
        return authority.rpartition(":")[0] if self.port == _PORTS[self.scheme] else authority

    @property
    def authority(self) -> str:
        """Host and port, also where the port is the scheme's own."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


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
    if not url.isascii():
        url = resolve(url, "") or ""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise ExchangeError(Failure.BAD_URL) from error
    if parts.scheme not in _PORTS or not host or port == 0 or any(c.isspace() for c in host):
        raise ExchangeError(Failure.BAD_URL)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    if not (target.isascii() and target.isprintable() and " " not in target):
        target = quote(target, safe=_TARGET_SAFE, errors="replace")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme]), target


_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
        "2001::/23",  # IETF protocol assignments, Teredo among them (RFC 4380)
        "2002::/16",  # 6to4: an IPv4 address stands in it (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""Ranges that no page is served from, and that ``ipaddress`` takes for public in one Python or another."""
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out as global unicast (RFC 4291): compatible, translated and local addresses lie outside."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""The well-known prefix of translators (RFC 6052): the last 32 bits are the IPv4 address that is reached."""
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""First half of an interface identifier behind which an IPv4 address stands (RFC 5214 section 6.1)."""
_LOCAL_NAMES = frozenset(
    ["localhost", "local", "internal", "localdomain", "home.arpa", "lan", "home", "corp", "private", "intranet"]
)
"""Last labels of names that mean this machine or its network (RFC 6761, 6762 appendix G, 8375; `.internal`)."""


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
        return _is_public(ip)

    def permits_by_name(self, host: str) -> bool:
        """True where a proxy may be asked for ``host``, which it resolves by itself.

        What can be told from the name alone is told: addresses in every form that ``inet_aton`` reads (decimal, octal
        and hexadecimal numbers, one to four of them), and names that mean a machine of the proxy's own network.
        """
        name = host.lower().rstrip(".")
        if host.lower() in self._hosts or name in self._hosts:
            return True
        address = _written_address(name)
        if address is not None:
            return self.permits(host, address)
        return "." in name and not any(name.endswith(f".{each}") for each in _LOCAL_NAMES) and name not in _LOCAL_NAMES


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip not in _IPV6_UNICAST or (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP:
            return False
    if any(ip.version == network.version and ip in network for network in _NOT_PUBLIC):
        return False
    return ip.is_global and not ip.is_multicast


def _written_address(host: str) -> str | None:
    """The IP address that a host is written as, in any form that a resolver takes; None for a name."""
    plain = host.partition("%")[0]
    if ":" in plain:
        return plain
    try:
        return socket.inet_ntoa(socket.inet_aton(plain))
    except OSError:
        # Numbers that no resolver here takes for an address may be one to another: they are no name either.
        return plain if _NUMBER.fullmatch(plain.rpartition(".")[2]) else None


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
