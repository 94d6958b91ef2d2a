"""Answers of the desk: a page from a template, the same as JSON, a file; with headers, validators and links.

Tested by ``tests/scenarios/test_desk.py``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from preserve import __version__
from preserve.cables.difference import MARK
from preserve.formats.citations.data import is_web
from preserve.text import escaped_json

JSON: Final = "application/json"
_SHAPING: Final = frozenset("\u200c\u200d\u200e\u200f\u061c\u00ad")
"""What titles in Persian, Hebrew and Arabic are written with, and where words may be parted."""
_BLANKS: Final = frozenset("\n\t\u00a0\u3000\u2002\u2003\u2009\u202f")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CONDITION: Final = re.compile(r'(?:W/)?"([^"]*)"|\*')
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), "
        "geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}


class Link(NamedTuple):
    """A typed link (RFC 8288) from a page to something beside it. ``href`` is a path of the desk, or an address."""

    rel: str
    href: str
    type: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPage:
    """A page: what a template gets, and ``data``, the same for programs. ``meta``: (name, content) for the head.

    ``structured``: JSON-LD, or nothing.
    """

    template: str
    title: str
    data: Mapping[str, object]
    context: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    links: Sequence[Link] = ()
    meta: Sequence[tuple[str, str]] = ()
    structured: Mapping[str, object] | None = None
    is_indexed: bool = True
    twin: str = ""
    """Path and query of the JSON twin; empty: there is none."""
    frames: str = ""
    """What is framed: an address of the exhibit room; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes of another type than a page's. ``name``: to be saved under; empty: to be shown."""

    body: bytes
    media_type: str
    name: str = ""
    is_data: bool = True
    links: Sequence[Link] = ()
    max_age_s: int = 0


@dataclass(frozen=True, slots=True)
class DeskRedirect:
    """Another path of the desk."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranged:
    """Bytes that are given out in ranges: ``read(start, end)`` gives some of them. ``tag``: a strong validator."""

    size: int
    read: Callable[[int, int], Iterator[bytes]]
    tag: str
    media_type: str
    name: str


Answer = DeskPage | File | DeskRedirect | Ranged


def reader_has(if_none_match: str, tag: str) -> bool:
    """Whether a condition names what would be sent (RFC 9110, section 13.1.2): the reader has it already."""
    return any(match[0] == "*" or match[1] == tag for match in _CONDITION.finditer(if_none_match[:4_096]))


def ranged(answer: Ranged, headers: Mapping[str, str], *, is_head: bool) -> Response:
    """The bytes that are asked for (RFC 9110 section 14): all, or one range; other requests for ranges get all."""
    tag = f'"{answer.tag}"'
    given = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Accept-Ranges, Content-Range, Content-Length",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": f'attachment; filename="{answer.name}"',
        "X-Robots-Tag": "noindex",
    }
    if reader_has(headers.get("if-none-match", ""), answer.tag):
        return Response(status_code=304, headers=given)
    start, end, status = 0, answer.size, 200
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if asked is not None and any(asked.groups()) and headers.get("if-range", tag) == tag:
        first, last = asked.groups()
        start = int(first) if first else max(0, answer.size - int(last))
        end = min(int(last) + 1, answer.size) if first and last else answer.size
        status = 206
        if start >= end:
            return Response(status_code=416, headers={**given, "Content-Range": f"bytes */{answer.size}"})
        given["Content-Range"] = f"bytes {start}-{end - 1}/{answer.size}"
    given["Content-Length"] = str(end - start)
    pieces = iter(()) if is_head else answer.read(start, end)
    return StreamingResponse(pieces, status_code=status, headers=given, media_type=answer.media_type)


def path_of(*parts: str, **query: str) -> str:
    """A path of the desk out of segments, each of which may hold anything, and a query."""
    path = "/" + "/".join(quote(part, safe=":@!$'()*,;~") for part in parts)
    return path + (f"?{urlencode(query)}" if query else "")


def shown(value: object) -> object:
    """Text for a page: what is no character to read, or turns the order of others, becomes U+FFFD."""
    if not isinstance(value, str) or value.isprintable() or isinstance(value, Markup):
        return value
    value = value.replace("\r\n", "\n")
    return "".join(sign if sign.isprintable() or sign in _BLANKS or sign in _SHAPING else "\ufffd" for sign in value)


def redacted(text: str) -> list[tuple[bool, str]]:
    """Text in pieces, each with whether it is a redaction mark."""
    pieces: list[tuple[bool, str]] = []
    at = 0
    for mark in MARK.finditer(text):
        pieces += [(False, text[at : mark.start()]), (True, mark[0])]
        at = mark.end()
    pieces.append((False, text[at:]))
    return [piece for piece in pieces if piece[1]]


def minute(moment: object) -> str:
    """A moment of ISO 8601 to the minute, as pages write it."""
    return str(moment or "")[:16].replace("T", " ")


def second(moment: object) -> str:
    """The same to the second: captures of one minute are told apart."""
    return str(moment or "")[:19].replace("T", " ")


_THOUSAND: Final = 1_000
_TEN: Final = 10


def size_words(size_bytes: int) -> str:
    """Bytes in words: two digits at least, in a unit of 1,000s."""
    value, units = float(max(0, size_bytes)), ["B", "kB", "MB", "GB", "TB"]
    while value >= _THOUSAND and len(units) > 1:
        value /= _THOUSAND
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" or value >= _TEN else f"{value:.1f} {units[0]}"


@cache
def environment() -> jinja2.Environment:
    """Templates with every value escaped, and an error for every name that is not there. Each is compiled once."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("preserve.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["thousands"] = lambda number: f"{number:,}"
    made.filters["redacted"] = redacted
    made.filters["size"] = size_words
    made.filters["day"] = lambda moment: str(moment or "")[:10]
    made.filters["minute"] = minute
    made.filters["second"] = second
    made.tests["web"] = is_web
    made.globals["path_of"] = path_of
    made.globals["version"] = __version__
    return made


def json_bytes(data: object) -> bytes:
    """One JSON document, with every sign escaped that a terminal acts upon."""
    return escaped_json(json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def script_json(data: object) -> Markup:
    """JSON as it may stand in a ``script`` element: no sign of markup is left in it."""
    text = json.dumps(data, ensure_ascii=True)
    for sign, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escaped)
    return Markup(text)  # noqa: S704 - escaped on the lines before


def link_header(links: Sequence[Link], base: str) -> str:
    """The Link field (RFC 8288, section 3). What is no address cannot leave its angle brackets."""
    said = []
    for link in links:
        href = f"{base}{link.href}" if link.href.startswith("/") else link.href
        target = quote(href, safe="%:/?#[]@!$&'()*+,;=-._~")
        parts = [f"<{target}>", f'rel="{link.rel}"']
        parts += [f'type="{link.type}"'] if link.type else []
        parts += [f'profile="{link.profile}"'] if link.profile else []
        said.append("; ".join(parts))
    return ", ".join(said)


def finished(
    response: Response, *, if_none_match: str, is_data: bool, max_age_s: int = 0, validated: bool = True
) -> Response:
    """The response with a strong validator over its bytes, or 304 where the reader has them."""
    headers = response.headers
    headers["Cache-Control"] = f"public, max-age={max_age_s}, immutable" if max_age_s else "no-cache"
    headers["Cross-Origin-Resource-Policy"] = "cross-origin" if is_data else "same-origin"
    if is_data:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "ETag, Link, Content-Disposition"
    if not validated or response.status_code != 200:  # noqa: PLR2004 - what has no content to keep
        headers["Cache-Control"] = "no-store"
        return response
    tag = hashlib.sha256(bytes(response.body)).hexdigest()[:32]
    headers["ETag"] = f'"{tag}"'
    if reader_has(if_none_match, tag):
        kept = {name: value for name, value in headers.items() if name not in {"content-length", "content-type"}}
        return Response(status_code=304, headers=kept)
    return response


def negotiates_json(accept: str) -> bool:
    """Whether JSON is asked for before HTML."""
    weights: dict[str, float] = {}
    for part in accept[:1_024].split(","):
        name, _, rest = part.partition(";")
        quality = re.search(r"q=([01](?:\.\d{0,3})?)", rest)
        weights[name.strip().lower()] = 1.0 if quality is None else float(quality[1])
    return weights.get(JSON, 0.0) > weights.get("text/html", weights.get("*/*", 0.0) if JSON not in weights else 0.0)
