"""What the demo mirror answers, byte for byte, in each of its two phases.

Between the phases: one page is edited (a name covered, a newer source stated), one goes (410), one moves (301), and the
rest stay as they are. In both: one page is disallowed by robots.txt, one answers 500, one travels chunked, one
gzip-coded, and one with header fields in unusual order, case and number.
"""

import gzip
from dataclasses import dataclass
from typing import Literal

from preserve.demo import pages, texts

Phase = Literal[1, 2]

PRIVATE_PATH = "/private/guest-book.html"
BROKEN_PATH = "/status.php"
NEW_MAP_PATH = "/cable.php?id=1415"
OLD_SOURCE = ("lampbrowser-1", "2011-08-23")
NEW_SOURCE = ("lampbrowser-2", "2011-10-04")

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
CHUNK_BYTES = 700
_HTML = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply: ``head`` with the empty line that ends it, and ``body`` as it travels."""

    head: bytes
    body: bytes


def reply(path: str, phase: Phase) -> Reply:
    """The reply to a GET of ``path`` (with its query). Equal at every call."""
    page = _special(path, phase) or _cable(path, phase)
    if page is not None:
        return page
    return _plain(b"404 Not Found", "Not here", "<p>No such page.</p>\n")


def _special(path: str, phase: Phase) -> Reply | None:
    if path == "/":
        return _html(pages.index_page(_links()))
    if path == "/robots.txt":
        return _sized(b"200 OK", [(b"Content-Type", b"text/plain")], ROBOTS)
    if path == PRIVATE_PATH:
        return _plain(b"200 OK", "Guest book", "<p>Guests asked not to be copied.</p>\n")
    if path == BROKEN_PATH:
        return _plain(b"500 Internal Server Error", "Out of lamp oil", "<p>The keeper has been told.</p>\n")
    if path == pages.cable_path(texts.MAP) and phase == 2:  # noqa: PLR2004 - the second of two
        moved = pages.plain_page("Moved", f'<p>Now <a href="{NEW_MAP_PATH}">here</a>.</p>\n').encode()
        fields = [(b"Location", NEW_MAP_PATH.encode()), (b"Content-Type", _HTML)]
        return _sized(b"301 Moved Permanently", fields, moved)
    if path == pages.cable_path(texts.CHOIR) and phase == 2:  # noqa: PLR2004
        return _plain(b"410 Gone", "Gone", "<p>This page was taken away.</p>\n")
    return None


def _cable(path: str, phase: Phase) -> Reply | None:
    source, released = OLD_SOURCE
    match path:
        case "/cable.php?id=101":
            return _odd(pages.table_page(texts.LIGHTHOUSE, source=source, released=released))
        case "/cable.php?id=214":
            return _chunked(pages.lines_page(texts.ALMONDS, source=source, released=released))
        case "/cable.php?id=307":
            return _html(_ferry(phase))
        case "/cable.php?id=522":
            return _html(pages.table_page(texts.CHOIR, source=source, released=released))
        case "/cable/2005/09/05LOWMERE61.html":
            return _html(pages.viewer_page(texts.ALMONDS, released="2011-08-30 01:01", counter="6 / 12"))
        case "/cable/2009/07/09QUILLPORT45.html":
            return _gzipped(pages.viewer_page(texts.SNOW, released="2011-08-30 01:01", counter="6 / 12"))
    if path == (pages.cable_path(texts.MAP) if phase == 1 else NEW_MAP_PATH):
        return _html(pages.lines_page(texts.MAP, source=source, released=released))
    return None


def _ferry(phase: Phase) -> str:
    source, released = OLD_SOURCE if phase == 1 else NEW_SOURCE
    page = pages.table_page(texts.FERRY, source=source, released=released)
    return page if phase == 1 else page.replace(texts.NAME_GIVEN, texts.NAME_COVERED)


def _links() -> list[tuple[str, str]]:
    mirror = [texts.LIGHTHOUSE, texts.ALMONDS, texts.FERRY, texts.MAP, texts.CHOIR]
    links = [(pages.cable_path(cable), f"{cable.identifier}: {cable.title}") for cable in mirror]
    links += [(pages.viewer_path(cable), f"{cable.identifier} in the viewer") for cable in (texts.ALMONDS, texts.SNOW)]
    return [*links, (PRIVATE_PATH, "Guest book"), (BROKEN_PATH, "State of the lamp")]


def _head(status: bytes, fields: list[tuple[bytes, bytes]]) -> bytes:
    lines = [b"HTTP/1.1 " + status, *(name + b": " + value for name, value in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _sized(status: bytes, fields: list[tuple[bytes, bytes]], body: bytes) -> Reply:
    length = (b"Content-Length", str(len(body)).encode())
    return Reply(head=_head(status, [(b"Server", b"lamp-room/1"), *fields, length]), body=body)


def _html(page: str) -> Reply:
    return _sized(b"200 OK", [(b"Content-Type", _HTML)], page.encode())


def _plain(status: bytes, title: str, content: str) -> Reply:
    return _sized(status, [(b"Content-Type", _HTML)], pages.plain_page(title, content).encode())


def _gzipped(page: str) -> Reply:
    coded = gzip.compress(page.encode(), mtime=0)
    return _sized(b"200 OK", [(b"Content-Type", _HTML), (b"Content-Encoding", b"gzip")], coded)


def _chunked(page: str) -> Reply:
    """Chunks with an extension and sizes in both cases of letters, as RFC 9112 section 7.1 allows."""
    content = page.encode()
    parts: list[bytes] = []
    for number, start in enumerate(range(0, len(content), CHUNK_BYTES)):
        chunk = content[start : start + CHUNK_BYTES]
        size = b"%X;lamp=lit" % len(chunk) if number % 2 == 0 else b"%x" % len(chunk)
        parts.append(size + b"\r\n" + chunk + b"\r\n")
    fields = [(b"Server", b"lamp-room/1"), (b"Content-Type", _HTML), (b"Transfer-Encoding", b"chunked")]
    return Reply(head=_head(b"200 OK", fields), body=b"".join(parts) + b"0\r\n\r\n")


def _odd(page: str) -> Reply:
    body = page.encode()
    head = (
        b"HTTP/1.1 200 Quite Alright\r\n"
        b"x-keeper: Barnaby Quince\r\n"
        b"content-LENGTH:%d\r\n"
        b"sErVeR:   lamp-room/1\r\n"
        b"X-Keeper: second watch\r\n"
        b'CONTENT-TYPE: text/html;charset="utf-8"\r\n'
        b"\r\n"
    ) % len(body)
    return Reply(head=head, body=body)
