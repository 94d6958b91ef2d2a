"""One capture as an answer: its status, its bytes led elsewhere or as they are, and fields that say what it is.

Tested by ``tests/scenarios/test_exhibit.py``.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from preserve.formats.http1.stream import Payload
from preserve.formats.rewriting.content import HTML_TYPES, STYLE_TYPES, XML_TYPES
from preserve.formats.rewriting.edits import Use
from preserve.formats.urls import canonical, of_header, resolve
from preserve.replay.recover import Capture, RecoveredPage
from preserve.web.exhibit.kept_edits import KeptEdits
from preserve.web.exhibit.policy import Fields

_SHOWN: Final = frozenset(
    {
        *HTML_TYPES,
        *XML_TYPES,
        *STYLE_TYPES,
        "text/plain",
        "text/javascript",
        "application/javascript",
        "application/x-javascript",
        "application/json",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/jpg",
        "image/pjpeg",
        "image/png",
        "image/vnd.microsoft.icon",
        "image/webp",
        "image/x-icon",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "video/mp4",
        "video/ogg",
        "video/webm",
        "font/otf",
        "font/ttf",
        "font/woff",
        "font/woff2",
        "application/font-woff",
        "application/font-woff2",
        "application/vnd.ms-fontobject",
        "application/x-font-ttf",
        "application/x-font-woff",
    }
)
"""What a browser shows by itself, without a viewer. Anything else, PDF too, is given to be saved."""
_IMAGES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
)
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9._:+-]{1,40})""", re.IGNORECASE)
_FIELD_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_NO_FIELD_CHARS: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_COOKIES: Final = frozenset({b"set-cookie", b"set-cookie2"})
_MOST_FIELDS: Final = 100
_MOST_VALUE: Final = 4_096
_CODINGS: Final = frozenset({b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LEAST_STATUS: Final = 200
_NO_CONTENT: Final = frozenset({204, 205, 304})
_MOST_STATUS: Final = 599


@dataclass(frozen=True, slots=True)
class Shown:
    """What is sent of a capture, but for what every answer has."""

    status: int
    fields: Fields
    body: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a capture is shown: the prefix of the room, the collection, the time in its address, and its modifier.

    ``held`` gives those of some addresses that something is held of; ``edits`` finds the addresses in a content.
    """

    prefix: str
    collection: str
    digits: str
    modifier: str
    held: Callable[[Collection[str]], set[str]]
    edits: KeptEdits

    def leading(self, use: Use, url: str | None, held: Collection[str]) -> str:
        """What is put before an address of a page."""
        modifier = "" if use is Use.LINK else use.value
        if use is Use.LINK and (url is None or url not in held):
            modifier = "no_"
        return f"{self.prefix}/{self.collection}/{self.digits}{modifier}/"


def as_captured(page: RecoveredPage, frame: Frame, accept_encoding: str | None) -> Shown:
    """The stored bytes of a page, as raw replay gives them: in their own coding, or without where it is not taken."""
    payload = page.payload
    fields = [*_type_fields(page, ""), *_original_fields(payload), *_redirect(page, frame)]
    body = page.content
    coding = b"" if payload is None else b",".join(payload.head.get_list(b"content-encoding"))
    if payload is not None and coding in _CODINGS and payload.payload != page.content:
        fields.append((b"vary", b"accept-encoding"))
        taken = accept_encoding is None or coding.decode() in re.split(r"[,;\s]+", accept_encoding.lower())
        if taken:
            fields.append((b"content-encoding", coding))
            body = payload.payload
    elif payload is not None and coding not in _CODINGS:
        body = payload.payload
    return Shown(_status(page.capture), fields, body)


def rewritten(page: RecoveredPage, frame: Frame) -> Shown:
    """A page whose addresses lead to what is held. Its codings are removed."""
    capture = page.capture
    fields = [*_type_fields(page, frame.modifier), *_original_fields(page.payload)]
    status, body = _status(capture), page.content
    found = frame.edits.find(page.content, capture.url, _media_type(page, frame.modifier), page.content_type)
    if found is not None:
        held = frame.held(found.links)
        led = found.rewritten(lambda use, url: frame.leading(use, url, held))
        body = page.content if led is None else led
    return Shown(status, [*fields, *_redirect(page, frame)], body)


def _redirect(page: RecoveredPage, frame: Frame) -> Fields:
    """Location of a captured redirect, within the room."""
    location = None if page.payload is None else page.payload.head.get(b"location")
    target = None if location is None else resolve(page.capture.url, of_header(location))
    if target is None or page.capture.source.status not in _REDIRECTS:
        return []
    if canonical(target) == canonical(page.capture.url):
        # With a cookie the server gave something else then; here a browser would go round in a ring.
        return []
    modifier = frame.modifier if frame.modifier or frame.held((target,)) else "no_"
    said = quote(target, safe="%:/?#[]@!$&'()*+,;=-._~")
    leads = f"{frame.prefix}/{frame.collection}/{frame.digits}{modifier}/{said}"
    return [(b"location", leads.encode("ascii", "replace"))]


def _status(capture: Capture) -> int:
    status = capture.source.status
    return (
        status if status is not None and _LEAST_STATUS <= status <= _MOST_STATUS and status not in _NO_CONTENT else 200
    )


def _media_type(page: RecoveredPage, modifier: str) -> str | None:
    """The type that a page is sent as: its own, or, where it says none, what it is used as."""
    media_type = page.media_type
    if page.payload is None or page.payload.head.get(b"content-type") is not None:
        return media_type
    if modifier == "cs_" and media_type == "text/plain":
        return "text/css"
    if modifier == "im_":
        return next((name for begin, name in _IMAGES if page.content.startswith(begin)), media_type)
    return media_type


def _type_fields(page: RecoveredPage, modifier: str) -> Fields:
    """Content-Type, with a charset only where the reply named one; what is not shown is to be saved."""
    media_type = _media_type(page, modifier) or "application/octet-stream"
    charset = _CHARSET.search(page.content_type or "")
    value = media_type + (f"; charset={charset[1]}" if charset is not None else "")
    fields = [(b"content-type", value.encode("ascii", "replace"))]
    if media_type not in _SHOWN:
        if media_type.startswith("multipart/"):
            # Browsers have shown its parts in spite of what follows.
            fields = [(b"content-type", b"application/octet-stream")]
        fields.append((b"content-disposition", f'attachment; filename="{_file_name(page.capture.url)}"'.encode()))
    return fields


def _file_name(url: str) -> str:
    last = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last)[:100].strip("-.") or "page"


def _original_fields(payload: Payload | None) -> Fields:
    """The fields of the reply, under names that mean nothing to a browser; of cookies no value."""
    if payload is None:
        return []
    found: Fields = []
    for name, value in payload.head.fields[:_MOST_FIELDS]:
        lower = name.lower()
        if _FIELD_NAME.match(name) is None:
            continue
        said = b"" if lower in _COOKIES else _NO_FIELD_CHARS.sub(b" ", value)[:_MOST_VALUE].strip()
        found.append((b"x-archive-orig-" + lower, said))
    return found
