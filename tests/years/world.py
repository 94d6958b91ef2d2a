"""Two sites that change every day, and the server's own log of what it served: the truth that alarms are held to."""

import gzip
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import cast

from tests.layout_pages import wikileaks_page

MAIN, OTHER = "127.0.0.1", "127.0.0.2"
_OTHERS = 5
"""Pages of the other site."""
_PERIODS = (3, 5, 8, 13, 21, 34, 55, 400)
"""Days between two editions of a page, by its number."""
COUNTER, GZIP, FLAPPING, REDACTED, CHARSET, OLDER = 1, 2, 4, 5, 6, 12
"""Pages with a way of their own: a counter outside of the text, a gzip header that changes, two editions in turn,
a redaction that comes and goes, another charset, an older copy that is put back with its older date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows: its edition, whether a name in it is redacted, and whether it is there at all."""

    edition: int
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One reply. ``status`` 0: the connection was closed without one. ``shown`` None: no page of the site."""

    url: str
    day: int
    status: int
    shown: Shown | None = None
    is_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a page from a day on, up to another: ``404``, ``410``, ``503``, ``soft`` (an error page that says
    200)."""

    page: int
    begins: int
    ends: int
    how: str

    def holds(self, day: int) -> bool:
        return self.begins <= day < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What is wrong with the whole main site: ``down`` (no reply), ``robots`` (its robots.txt fails), ``moved``."""

    begins: int
    ends: int
    how: str

    def holds(self, day: int) -> bool:
        return self.begins <= day < self.ends


@dataclass
class World:
    """``pages``: number of pages of the main site. ``day``: which day it is; ``log``: all that was served, in order.

    ``told_date``: what the servers' clocks say; None: they say nothing.
    """

    pages: int
    fates: tuple[Fate, ...] = ()
    outages: tuple[Outage, ...] = ()
    day: int = 0
    told_date: datetime | None = None
    older_from: int = 1_000_000
    """The day from which the page `OLDER` is its copy of ten days before."""
    log: list[Served] = field(default_factory=list)
    before: Callable[[int], None] | None = None
    """Called with the number of requests since it was set, before the reply is sent."""
    ports: dict[str, int] = field(default_factory=dict)
    _counted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str, host: str = MAIN) -> str:
        return f"http://{host}:{self.ports[host]}{path}"

    def page_url(self, number: int) -> str:
        return self.url(f"/cable/{number}")

    def outage(self) -> str:
        return next((one.how for one in self.outages if one.holds(self.day)), "")

    def fate(self, number: int) -> str:
        return next((one.how for one in self.fates if one.page == number and one.holds(self.day)), "")

    def watch_requests(self, watch: Callable[[int], None] | None) -> None:
        self.before, self._counted = watch, 0

    def answer(self, host: str, path: str, fields: Mapping[str, str]) -> bytes | None:
        """The reply to a request, noted in the log; None: the connection is closed."""
        with self._lock:
            if self.before is not None:
                self._counted += 1
                self.before(self._counted)
            status, shown, is_page, wire = self._answer(host, path, fields)
            self.log.append(Served(url=self.url(path, host), day=self.day, status=status, shown=shown, is_page=is_page))
            return wire

    def _answer(self, host: str, path: str, fields: Mapping[str, str]) -> tuple[int, Shown | None, bool, bytes | None]:
        outage = self.outage() if host == MAIN else ""
        if outage == "down":
            return 0, None, False, None
        if path == "/robots.txt":
            status = 503 if outage == "robots" else 404
            return status, None, False, self._wire(status)
        if outage == "moved":
            return 301, None, False, self._wire(301, f"Location: http://127.0.0.9:{self.ports[MAIN]}{path}")
        if path == "/":
            numbers = range(self.pages) if host == MAIN else range(_OTHERS)
            there = [number for number in numbers if host == OTHER or not self.fate(number)]
            links = "".join(f'<p><a href="/cable/{number}">A cable: {number}</a>' for number in there)
            return 200, None, True, self._wire(200, "Content-Type: text/html", body=links.encode())
        number = int(path.removeprefix("/cable/"))
        fate = "" if host == OTHER else self.fate(number)
        if fate == "soft":
            body = b"<html><title>Not found</title><p>The page was not found.</html>"
            return 200, None, False, self._wire(200, "Content-Type: text/html", body=body)
        if fate:
            return int(fate), None, False, self._wire(int(fate))
        return self._page(number if host == MAIN else 1_000 + number, fields)

    def _page(self, number: int, fields: Mapping[str, str]) -> tuple[int, Shown | None, bool, bytes]:
        shown, since = self.shows(number)
        charset = "windows-1252" if number == CHARSET and self.day // 11 % 2 else "utf-8"
        body = page(number, shown, counter=self.day if number == COUNTER else 0, charset=charset)
        named = [f"Content-Type: text/html; charset={charset}"]
        if number == GZIP:
            named.append("Content-Encoding: gzip")
            body = gzip.compress(body, mtime=self.day)
        elif number != COUNTER and number % 3 == 0 and number != OLDER:
            tag = f'"{shown.edition}-{shown.redacted}-{charset}"'
            named.append(f"ETag: {tag}")
            if fields.get("if-none-match") == tag:
                return 304, shown, True, self._wire(304, *named)
        elif number != COUNTER and (number % 3 == 1 or number == OLDER):
            date = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=since)
            named.append(f"Last-Modified: {format_datetime(date, usegmt=True)}")
            if is_not_modified(fields.get("if-modified-since", ""), date):
                return 304, None, True, self._wire(304, *named)
        return 200, shown, True, self._wire(200, *named, body=body)

    def shows(self, number: int) -> tuple[Shown, int]:
        """What a page shows today, and the day since when it is dated so."""
        day = self.day
        if number == FLAPPING:
            return Shown(edition=day // 2 % 2), day // 2 * 2
        if number == REDACTED:
            return Shown(edition=0, redacted=day // 9 % 2 == 1), day // 9 * 9
        if number in {COUNTER, GZIP, CHARSET}:
            return Shown(edition=0), 0
        if number == OLDER and day >= self.older_from:
            return Shown(edition=0), -10
        period = _PERIODS[number % len(_PERIODS)]
        edition = (day + number) // period
        return Shown(edition=edition), edition * period - number

    def _wire(self, status: int, *fields: str, body: bytes = b"") -> bytes:
        lines = [f"HTTP/1.1 {status} X", *fields]
        if self.told_date is not None:
            lines.append(f"Date: {format_datetime(self.told_date, usegmt=True)}")
        if status != 304:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def is_not_modified(asked: str, date: datetime) -> bool:
    """How many servers judge If-Modified-Since: what is older than asked is not modified since."""
    if not asked:
        return False
    return date <= datetime.strptime(asked, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)


def cable_name(number: int) -> str:
    return f"08SAMPLETOWN{number + 2_000}"


def page(number: int, shown: Shown, *, counter: int = 0, charset: str = "utf-8") -> bytes:
    """A cable's page."""
    name = "XXXXXXXXXXXX" if shown.redacted else "Anne Other"
    made = wikileaks_page(top=f"<p>Caf\N{LATIN SMALL LETTER E WITH ACUTE}. Readers so far: {counter:,}</p>").decode()
    made = made.replace("08SAMPLETOWN12", cable_name(number)).replace(
        "412 of them", f"many of them. Edition \n{shown.edition} for {name}"
    )
    return made.encode(charset)


class _Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        world: World = self.server.world  # type: ignore[attr-defined]
        host, _port = cast("tuple[str, int]", self.server.server_address)
        try:
            while len(start := self.rfile.readline(8_192).split()) == 3:
                fields: dict[str, str] = {}
                while (line := self.rfile.readline(8_192)) not in (b"\r\n", b"\n", b""):
                    name, _mark, value = line.decode("latin-1").partition(":")
                    fields[name.strip().lower()] = value.strip()
                wire = world.answer(host, start[1].decode("latin-1"), fields)
                if wire is None:
                    return
                self.wfile.write(wire)
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def served(world: World) -> Iterator[None]:
    """Both sites, at ports of their own."""
    servers = []
    for host in (MAIN, OTHER):
        server = _Server((host, 0), _Handler)
        server.world = world  # type: ignore[attr-defined]
        world.ports[host] = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
