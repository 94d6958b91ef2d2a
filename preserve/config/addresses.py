"""Addresses that a person writes: what is wrong with one, wherever it stands."""

import ipaddress
import re
from urllib.parse import urlsplit

from preserve.limits import DEFAULT_LIMITS

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?")

_NO_HOST = frozenset("<>^|%\\")
"""What no host name has (URL Standard, "forbidden domain code point"), beside what ends one."""

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address (URL Standard, "ends in a number")."""


def _is_bad_number(host: str) -> bool:
    """True for a host that would be an IPv4 address and is not written as one."""
    if _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]) is None:
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def url_mistake(text: str) -> str | None:
    """What is wrong with an address; None where nothing is."""
    if len(text) > DEFAULT_LIMITS.max_url_chars:
        return f"the address is longer than {DEFAULT_LIMITS.max_url_chars} characters"
    if any(c.isspace() or not c.isprintable() for c in text):
        return "blanks or control characters in an address"
    try:
        parts = urlsplit(text)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return f"{text!r} is no address"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        return f"{text!r} is no http or https address"
    if ":" not in parts.hostname and (_NO_HOST & set(parts.hostname) or _is_bad_number(parts.hostname)):
        return f"{parts.hostname!r} is no host"
    if parts.username is not None or parts.password is not None:
        return "a name or password stands in the address"
    return None


def check_address(text: str) -> str:
    """The text itself, if it is a host or a network.

    Raises:
        ValueError: it is not.
    """
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        numeric = set(text) <= set("0123456789./:")
        if numeric or _HOST.fullmatch(text) is None:
            raise ValueError(
                f"{text!r} is no host and no network; write 127.0.0.1, 10.0.0.0/8 or a host name"
            ) from None
    return text


def check_proxy(text: str | None) -> str | None:
    """The text itself, if it is the address of an HTTP proxy, or None.

    Raises:
        ValueError: it is neither.
    """
    if text is None:
        return None
    mistake = url_mistake(text)
    if mistake is not None or urlsplit(text).scheme != "http" or urlsplit(text).path not in ("", "/"):
        raise ValueError(f"{mistake or f'{text!r} is no proxy'}; write it like http://127.0.0.1:3128")
    return text
