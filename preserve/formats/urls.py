"""Addresses: the form in which two are the same, the SURT key of an index, and references made absolute.

Sources: RFC 3986 section 6.2, the URL Standard for what browsers accept, and for `surt` the keys that pywb and
cdxj-indexer write (the tests hold agreed pairs).
"""

import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS

_PORTS = {"http": 80, "https": 443}
_ESCAPE = lazy_re(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "%/:?#[]@!$&'()*+,;=-._~|^`{}\"<>\\"
_REMOVED = lazy_re(r"[\t\r\n]")
_MAX_ROUNDS = 10
"""How often percent-encoding is taken off one text: addresses are seen that were encoded several times."""
_EDGES = "".join(map(chr, range(33)))
_WWW = lazy_re(r"www\d*\.")
_PATH_SESSION = lazy_re(r"^(.*/)(\((?:[a-z]\([0-9a-z]{24}\))+\)/|\([0-9a-z]{24}\)/)([^?]+\.aspx.*)$", re.IGNORECASE)
_QUERY_SESSIONS = tuple(
    lazy_re(pattern, re.IGNORECASE)
    for pattern in (
        r"^(.*)(?:jsessionid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(?:phpsessid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(?:sid=[0-9a-z]{32})(?:&(.*))?$",
        r"^(.*)(?:aspsessionid[a-z]{8}=[a-z]{24})(?:&(.*))?$",
        r"^(.*)(?:cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$",
    )
)


_PLAIN_URL = lazy_re(
    r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?!80/|443/)([1-9][0-9]{0,3}))?"
    r"(/[A-Za-z0-9_~=&,;+*$!@:/.-]*)(?:\?([A-Za-z0-9_~=&,;+*$!@:/.-]+))?"
)
"""An address that is its own canonical form, unless a segment of its path begins with a dot."""


def _plain_parts(url: str) -> tuple[str, str, str | None, str, str | None] | None:
    """Scheme, host, port, path and query of an address that is its own canonical form; None for any other."""
    match = _PLAIN_URL.fullmatch(url)
    return None if match is None or "/." in url else match.groups()  # type: ignore[return-value]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(_REMOVED.sub("", url.strip(_EDGES)))
        _ = parts.port
    except ValueError as error:
        raise FormatError(f"no address: {url[:80]!r}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise FormatError(f"no http or https address: {url[:80]!r}")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise FormatError(f"no host name: {host[:80]!r}") from error
    if not host or any(c.isspace() or c in '<>"^`{}|\\' for c in host):
        raise FormatError(f"no host name: {host[:80]!r}")
    return f"[{host}]" if ":" in host else host


def _escapes(text: str) -> str:
    """Percent-encoding in one form: capitals, and unreserved characters as themselves (RFC 3986 section 6.2.2)."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match.group(1), 16))
        return char if char in _UNRESERVED else match.group(0).upper()

    return _ESCAPE.sub(one, quote(text, safe=_SAFE, errors="replace"))


def _no_dots(path: str, *, keep_leading: bool = False) -> str:
    """The path without dot segments (RFC 3986 section 5.2.4); one that leads above the root is dropped or kept."""
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
            elif keep_leading:
                kept.append(segment)
            if last:
                kept.append("")
        elif segment == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept) or "/"


def canonical(url: str) -> str:
    """The form by which two addresses are compared: what RFC 3986 section 6.2 lets one change, and no fragment.

    Raises:
        FormatError: no http or https address with a host.
    """
    if _plain_parts(url) is not None:
        return url
    parts = _split(url)
    port = parts.port
    netloc = _host(parts) if port in (None, _PORTS[parts.scheme]) else f"{_host(parts)}:{port}"
    path = _no_dots(_escapes(parts.path)) if parts.path else "/"
    query = f"?{_escapes(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{path}{query}"


_SESSION_HINT = lazy_re(r"sid=|sessionid|cfid=|/\(", re.IGNORECASE)
_PATH_PARAMETER = lazy_re(r";jsessionid=[0-9a-z._!-]+(?=[;/?]|$)", re.IGNORECASE)


def without_session(url: str) -> str:
    """The address without the session ids that `surt` drops, and without ``;jsessionid=``."""
    if _SESSION_HINT.search(url) is None:
        return url
    address, mark, query = url.partition("?")
    address = _PATH_PARAMETER.sub("", address)
    match = _PATH_SESSION.match(address)
    if match is not None:
        address = match.group(1) + match.group(3)
    query = _no_session(query).rstrip("&")
    return f"{address}{mark if query else ''}{query}"


def _no_session(query: str) -> str:
    for pattern in _QUERY_SESSIONS:
        match = pattern.match(query)
        if match is not None:
            query = match.group(1) + (match.group(2) or "")
    return query


def host_name(url: str) -> str:
    """The host of an address, whatever its scheme and port: what pace is kept by.

    Raises:
        FormatError: no http or https address with a host.
    """
    plain = _plain_parts(url)
    return plain[1] if plain is not None else _host(_split(url))


def surt(url: str) -> str:
    """The key of an address in an index: the host's labels turned round, then path and query, all in small letters.

    Percent-encoding is taken off altogether and put back for control characters, blanks, ``#``, ``%`` and what is not
    ASCII; session ids are dropped; query arguments are sorted; a slash at the end of the path is dropped.

    Raises:
        FormatError: no http or https address with a host.
    """
    plain = _plain_parts(url)
    if plain is not None and "//" not in plain[3] and _SESSION_HINT.search(url) is None:
        _scheme, host, port, path, query = plain
        host = _WWW.sub("", host, count=1)
        key = ",".join(reversed(host.split("."))) + (f":{port}" if port else "")
        path = path.lower().rstrip("/") or "/"
        return f"{key}){path}?{'&'.join(sorted(query.lower().split('&')))}" if query else f"{key}){path}"
    parts = _split(url)
    host = _WWW.sub("", _host(parts).strip("[]"), count=1)
    key = host if ":" in host else ",".join(reversed(host.split(".")))
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    path = _no_dots(re.sub(r"/{2,}", "/", _plain(parts.path)), keep_leading=True) if parts.path else "/"
    match = _PATH_SESSION.match(path)
    if match is not None:
        path = match.group(1) + match.group(3)
    path = path.lower().rstrip("/") or "/"
    query = _no_session(_plain(parts.query))
    arguments = "&".join(sorted(query.lower().split("&")))
    return f"{key}{port}){path}" + (f"?{arguments}" if arguments else "")


def _plain(text: str) -> str:
    """Text with its percent-encoding taken off and the least of it put back."""
    data = text.encode("utf-8", "surrogatepass")
    for _round in range(_MAX_ROUNDS):
        plain = unquote_to_bytes(data)
        if plain == data:
            break
        data = plain
    return "".join(f"%{b:02X}" if b <= 0x20 or b >= 0x7F or b in b"#%" else chr(b) for b in data)  # noqa: PLR2004


def resolve(base: str, reference: str) -> str | None:
    """A reference on the page ``base`` as an absolute http or https address without fragment; None where it is none.

    Blanks around it and line ends in it are dropped, what is not ASCII is percent-encoded, as browsers do.
    """
    reference = _REMOVED.sub("", reference.strip(_EDGES))
    try:
        parts = _split(urljoin(base, reference))
        host = _host(parts)
    except (ValueError, FormatError):
        return None
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    path = quote(parts.path, safe=_SAFE, errors="replace") or "/"
    query = f"?{quote(parts.query, safe=_SAFE, errors='replace')}" if parts.query else ""
    url = f"{parts.scheme}://{netloc}{path.replace(' ', '%20')}{query.replace(' ', '%20')}"
    return url if len(url) <= DEFAULT_LIMITS.max_url_chars else None
