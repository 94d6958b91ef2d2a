r"""Addresses: references made absolute as browsers do, the form in which two are the same, the SURT key of an index.

What an address means is said by the URL Standard (section 4.4, "URL parsing"): `ada_url` reads it, and addresses and
references that hold nothing special take a short way to the same result. All addresses that this module gives are
ASCII, without fragment and without a name or password.

- `Base.join` and `resolve`: what a browser asks for.
- `canonical`: a key, never asked for: addresses that differ only in how they are written have one.
- `surt`: a key of an index, as pywb and cdxj-indexer write it (the tests hold agreed pairs).

Worked example: on ``http://x.org/a/b``, the reference ``..\\c d?q="é"#top`` is ``http://x.org/c%20d?q=%22%C3%A9%22``.
"""

import re
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

import webencodings

from preserve.errors import FormatError
from preserve.expressions import lazy_re

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_EDGES = "".join(map(chr, range(33)))
"""C0 controls and the blank: dropped around an address (URL Standard, section 4.4, step 1.3)."""
_REMOVED = lazy_re(r"[\t\r\n]")
_SURROGATE = lazy_re(r"[\ud800-\udfff]")

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_PLAIN_URL = lazy_re(
    rf"(https?)://((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|{_BYTE}(?:\.{_BYTE}){{3}})"
    rf"(?::(?!80/|443/)({_PORT}))?"
    r"(/[A-Za-z0-9_~=&,;+*$!@:/.-]*)(?:\?([A-Za-z0-9_~=&,;+*$!@:/.-]+))?"
)
"""An address that is its own canonical form, unless a segment of its path begins with a dot."""
_SEGMENTS = r"[A-Za-z0-9_~=&,;+*$!@()'-][A-Za-z0-9_~=&,;+*$!@()'./-]*"
PLAIN_REFERENCE = rf"((?:\.\./)*+|/)((?:{_SEGMENTS})?)((?:\?[A-Za-z0-9_~=&,;+*$!@:/.?()%-]*)?)"
"""A reference in three parts (`Base.behind`), but for its fragment, as an expression."""
_PLAIN_REFERENCE = lazy_re(rf"{PLAIN_REFERENCE}(?:\#.*)?", re.DOTALL)
_SERIALISED = lazy_re(
    r"(https?)://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)(?::([0-9]+))?(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL
)
_WRITTEN = lazy_re(r"https?:[/\\]*[^/\\?#]*([^?#]*)(?:\?([^#]*))?", re.IGNORECASE)

_ESCAPE = lazy_re(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = "%/:@!$&'()*+,;=~"
_QUERY_SAFE = "%/:@!$&()*+,;=~?"
"""What RFC 3986 lets stand in a path and a query; the URL Standard has ``'`` encoded in a query."""
_SPECIAL_QUERY_SAFE = "!$%&()*+,-./:;=?@[\\]^_`{|}~"
"""What the special-query percent-encode set leaves alone (URL Standard, section 1.3)."""

_MAX_ROUNDS = 10
_IN_PATH = "%:/?#[]@!$&'()*+,;=-._~"
_DOT_SEGMENT = lazy_re(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
"""How often percent-encoding is taken off one text: addresses are seen that were encoded several times."""
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
"""Session ids as pywb's keys leave them out; `without_session` is more careful."""


class _Parts(NamedTuple):
    """An http or https address taken apart. ``port`` and ``query`` are None where there is none, or the default one."""

    scheme: str
    host: str
    port: str | None
    path: str
    query: str | None

    @property
    def origin(self) -> str:
        """What stands before the path."""
        return f"{self.scheme}://{self.host}" if self.port is None else f"{self.scheme}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address without its fragment, and without a name and password."""
        return self.origin + self.path + ("" if self.query is None else f"?{self.query}")


@lru_cache(maxsize=1 << 10)
def _plain_parts(url: str) -> _Parts | None:
    """The parts of an address that is its own canonical form; None for any other."""
    match = _PLAIN_URL.fullmatch(url)
    return None if match is None or "/." in url else _Parts._make(match.groups())


def _parse(text: str) -> _Parts:
    """The parts of an address.

    Raises:
        FormatError: no http or https address.
    """
    plain = _plain_parts(text)
    if plain is not None:
        return plain
    href = _href(text, None)
    match = None if href is None else _SERIALISED.fullmatch(href)
    if match is None:
        raise FormatError(f"no http or https address: {text[:80]!r}")
    return _Parts._make(match.groups())


def _href(text: str, base: str | None) -> str | None:
    """What the URL parser makes of a text; None where it fails."""
    import ada_url  # noqa: PLC0415 - a shared library that commands without unusual addresses do not need

    if _SURROGATE.search(text) is not None:
        # A scalar value string (Infra Standard, section 4.6): pairs are characters, what is left alone is U+FFFD.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    try:
        return ada_url.normalize_url(text) if base is None else ada_url.join_url(base, text)
    except ValueError:
        return None


class Base:
    """An address that references are joined to, with the encoding of the text that they stand in.

    ``encoding`` is the Encoding Standard's name for it: queries are encoded in it, everything else in UTF-8 (URL
    Standard, section 4.4, "query state").
    """

    __slots__ = ("_encoding", "_folders", "href")

    def __init__(self, url: str, encoding: str = "utf-8") -> None:
        """Takes an address of any scheme.

        Raises:
            FormatError: no address.
        """
        plain = _plain_parts(url)
        href = url if plain is not None else _href(url, None)
        if href is None:
            raise FormatError(f"no address: {url[:80]!r}")
        self.href = href
        """The address as browsers write it."""
        self._encoding = None if encoding in {"utf-8", "utf-16le", "utf-16be"} else encoding
        match = _SERIALISED.fullmatch(href)
        parts = None if match is None else _Parts._make(match.groups())
        self._folders = () if parts is None else _folders(parts.origin, parts.path[: parts.path.rfind("/")])

    @property
    def folder(self) -> str:
        """What plain references are put behind: they mean the same on all pages of one folder."""
        return self._folders[0] if self._folders else self.href

    def behind(self, up: str, path: str, query: str) -> str | None:
        """A plain reference, in its parts, put behind a folder of the address; None where more has to be done.

        ``up`` is a slash, or two dots and a slash for each folder that it leads up; ``query`` begins with its mark.
        """
        folders = self._folders
        if not folders or not (path or up == "/") or "/." in path:
            return None
        steps = len(up) // 3
        return (folders[-1] if up == "/" or steps >= len(folders) else folders[steps]) + path + query

    def join(self, reference: str) -> str | None:
        """A reference as the http or https address that a browser asks for; None where it is none. Never raises."""
        match = _PLAIN_REFERENCE.fullmatch(reference)
        url = None if match is None else self.behind(*match.groups())
        if url is not None:
            return url
        href = _href(self._with_query_encoded(reference), self.href)
        parts = None if href is None else _SERIALISED.fullmatch(href)
        return None if parts is None else _Parts._make(parts.groups()).url

    def against(self, reference: str) -> "Base | None":
        """What the reference of a ``base`` element on the page makes the base, of whatever scheme.

        None where it is no address, or of a scheme that never is one: the page's own address stays (HTML Standard,
        section 4.2.3, "set the frozen base URL").
        """
        href = _href(reference, self.href)
        if href is None or href.startswith(("data:", "javascript:")):
            return None
        return Base(href, self._encoding or "utf-8")

    def _with_query_encoded(self, reference: str) -> str:
        """The reference with what is not ASCII in its query percent-encoded in the encoding of its page."""
        if self._encoding is None or reference.isascii():
            return reference
        text = _REMOVED.sub("", reference.strip(_EDGES))
        address, mark, fragment = text.partition("#")
        path, question, query = address.partition("?")
        return f"{path}{question}{_percent_encoded(query, self._encoding)}{mark}{fragment}"


@lru_cache(maxsize=256)
def _folders(origin: str, path: str) -> tuple[str, ...]:
    """A folder, its path without the slash at its end, and all above it up to the root; each ends in a slash."""
    pieces = path.split("/")[1:]
    return tuple("/".join((origin, *pieces[:depth], "")) for depth in range(len(pieces), -1, -1))


def _percent_encoded(query: str, encoding: str) -> str:
    """URL Standard, section 1.3, "percent-encode after encoding"; what the encoding lacks becomes a reference."""
    encode = webencodings.lookup(encoding).codec_info.encode
    query = _SURROGATE.sub("\ufffd", query)
    lacking = frozenset(char for char in set(query) if not encode(char, "ignore")[0])
    pieces: list[str] = []
    for is_lacking, run in groupby(query, lacking.__contains__):
        if is_lacking:
            pieces += [f"%26%23{ord(char)}%3B" for char in run]
        else:
            pieces.append(quote(encode("".join(run), "strict")[0], safe=_SPECIAL_QUERY_SAFE))
    return "".join(pieces)


@lru_cache(maxsize=256)
def _base(url: str) -> Base | None:
    try:
        return Base(url)
    except FormatError:
        return None


def resolve(base: str, reference: str) -> str | None:
    """A reference on the page ``base`` as the http or https address that a browser asks for; None where it is none."""
    joined = _base(base)
    return None if joined is None else joined.join(reference)


def of_header(value: bytes) -> str:
    """A reference as a header field holds it: bytes that are not ASCII are percent-encoded as they are."""
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in value)  # noqa: PLR2004


def canonical(url: str) -> str:
    """The form by which two addresses are compared. A key: it need not be an address that anybody asked for.

    To the URL Standard's own form come RFC 3986's: what it does not let stand in a path or query (section 3.3 and 3.4)
    is percent-encoded, unreserved characters are as themselves and the rest of percent-encoding is in capitals
    (section 6.2.2), an empty query and a dot behind the host are dropped.

    Raises:
        FormatError: no http or https address with a host.
    """
    if _plain_parts(url) is not None:
        return url
    parts = _parse(url)
    query = _escapes(parts.query, _QUERY_SAFE) if parts.query else None
    return parts._replace(host=_without_dot(parts.host), path=_escapes(parts.path, _PATH_SAFE), query=query).url


def in_path(url: str) -> str | None:
    """An address as the end of the path and query of another one; None where it would be read as another address there.

    So it is where a client takes dot segments out of the whole path (URL Standard, 4.4), and where an address has signs
    that only its own reading takes for others, as a backslash for a slash. None too of what is no http or https one.
    """
    if _plain_parts(url) is not None:
        return url
    with suppress(FormatError, UnicodeEncodeError):
        said = quote(url, safe=_IN_PATH)
        if _DOT_SEGMENT.search(said.partition("?")[0].partition("#")[0]) is None and canonical(said) == canonical(url):
            return said
    return None


def _escapes(text: str, safe: str) -> str:
    """Percent-encoding in one form: capitals, and unreserved characters as themselves."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match.group(1), 16))
        return char if char in _UNRESERVED else match.group(0).upper()

    return _ESCAPE.sub(one, quote(text, safe=safe))


def _without_dot(host: str) -> str:
    """The host without the dot that ends a full name.

    Raises:
        FormatError: an empty label is left at its end.
    """
    host = host.removesuffix(".")
    if not host or host.endswith("."):
        raise FormatError(f"no host name: {host[:80]!r}")
    return host


def host_name(url: str) -> str:
    """The host of an address, whatever its scheme and port: what pace is kept by.

    Raises:
        FormatError: no http or https address with a host.
    """
    return _without_dot(_parse(url).host)


_SESSION_HINT = lazy_re(r"sid=|sessionid|cfid=|/\(", re.IGNORECASE)
_PATH_PARAMETER = lazy_re(r";jsessionid=[0-9a-z._!-]+(?=[;/?]|$)", re.IGNORECASE)
_PLATFORM_SESSION = lazy_re(r"(?:jsessionid|phpsessid)=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}", re.IGNORECASE)
"""What programming languages put behind addresses by themselves: it never says which page."""
_SESSION_ARGUMENT = lazy_re(r"(?:sid|sessionid)=[0-9a-z]{32}", re.IGNORECASE)
_COLDFUSION_SESSION = lazy_re(r"(cfid|cftoken)=.+", re.IGNORECASE)
"""Only both together are one."""


def without_session(url: str) -> str:
    """The address without what is only a session id: ``;jsessionid=``, ASP.NET's folder, arguments of known names.

    A name is the whole name: ``docsid`` is none. Arguments of names that sites choose are taken off beside others
    only: where nothing else is asked for, they say which page it is.
    """
    if _SESSION_HINT.search(url) is None:
        return url
    address, mark, query = url.partition("?")
    address = _PATH_PARAMETER.sub("", address)
    match = _PATH_SESSION.match(address)
    if match is not None:
        address = match.group(1) + match.group(3)
    arguments = [one for one in query.split("&") if _PLATFORM_SESSION.fullmatch(one) is None]
    others = [one for one in arguments if _SESSION_ARGUMENT.fullmatch(one) is None]
    coldfusion = {one for one in others if _COLDFUSION_SESSION.fullmatch(one) is not None}
    if len({one.partition("=")[0].lower() for one in coldfusion}) == len(("cfid", "cftoken")):
        others = [one for one in others if one not in coldfusion]
    query = "&".join(others if any(others) else arguments)
    return f"{address}{mark if query else ''}{query}"


def _hints_at_session(plain: str) -> bool:
    """What `_SESSION_HINT` looks for, in a plain address in small letters: most have nothing of it."""
    return "sid=" in plain or "sessionid" in plain or "cfid=" in plain or "/(" in plain


def _no_session(query: str) -> str:
    for pattern in _QUERY_SESSIONS:
        match = pattern.match(query)
        if match is not None:
            query = match.group(1) + (match.group(2) or "")
    return query


def surt(url: str) -> str:
    """The key of an address in an index: the host's labels turned round, then path and query, all in small letters.

    Percent-encoding is taken off altogether and put back for control characters, blanks, ``#``, ``%`` and what is not
    ASCII; session ids are dropped; query arguments are sorted; a slash at the end of the path is dropped.

    Raises:
        FormatError: no http or https address with a host.
    """
    plain = _plain_parts(url)
    if plain is not None and "//" not in plain.path and not _hints_at_session(url.lower()):
        key = _turned(plain.host, plain.port)
        path = plain.path.lower().rstrip("/") or "/"
        return f"{key}){path}?{'&'.join(sorted(plain.query.lower().split('&')))}" if plain.query else f"{key}){path}"
    parts = _parse(url)
    host = _WWW.sub("", _without_dot(parts.host).strip("[]"), count=1)
    key = host if ":" in host else ",".join(reversed(host.split(".")))
    port = "" if parts.port is None else f":{parts.port}"
    written = _WRITTEN.match(_REMOVED.sub("", url.strip(_EDGES)))
    # Path and query as they were written: such keys tell apart what the URL Standard makes one.
    said, asked = ("", "") if written is None else (written[1].replace("\\", "/"), written[2] or "")
    path = _no_dots(re.sub(r"/{2,}", "/", _plain(said))) if said else "/"
    match = _PATH_SESSION.match(path)
    if match is not None:
        path = match.group(1) + match.group(3)
    path = path.lower().rstrip("/") or "/"
    query = _no_session(_plain(asked))
    arguments = "&".join(sorted(query.lower().split("&")))
    return f"{key}{port}){path}" + (f"?{arguments}" if arguments else "")


@lru_cache(maxsize=256)
def _turned(host: str, port: str | None) -> str:
    """The beginning of a key: the labels of a plain host turned round, and its port."""
    key = ",".join(reversed(_WWW.sub("", host, count=1).split(".")))
    return f"{key}:{port}" if port else key


def _no_dots(path: str) -> str:
    """The path without dot segments (RFC 3986 section 5.2.4), but that one that leads above the root is kept."""
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
            else:
                kept.append(segment)
            if last:
                kept.append("")
        elif segment == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept) or "/"


def _plain(text: str) -> str:
    """Text with its percent-encoding taken off and the least of it put back."""
    data = text.encode("utf-8", "surrogatepass")
    for _round in range(_MAX_ROUNDS):
        plain = unquote_to_bytes(data)
        if plain == data:
            break
        data = plain
    return "".join(f"%{b:02X}" if b <= 0x20 or b >= 0x7F or b in b"#%" else chr(b) for b in data)  # noqa: PLR2004
