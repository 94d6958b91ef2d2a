"""A page's visit by a browser: what it may ask for, what came of it, and what was made of it.

Tested by ``tests/unit/crawler/test_browser_visit.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import base64
import binascii
import json
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from preserve import PROGRAM
from preserve.crawler.browser.gates import HostGates, host_of
from preserve.crawler.browser.load import Artefact, PageLoad
from preserve.crawler.browser.process import Driver, LostBrowserError, find_browser
from preserve.crawler.browser.ways import left, ways
from preserve.crawler.frontier import FrontierTarget
from preserve.crawler.outcomes import OUT_OF_SCOPE, TOO_LONG
from preserve.crawler.robots import RobotsRules, robots_url
from preserve.crawler.scope import Scope
from preserve.errors import EnvironmentFaultError
from preserve.formats.http1.message import REDIRECTS, ReplyHead
from preserve.formats.urls import canonical, of_header, resolve
from preserve.limits import DEFAULT_LIMITS, MIB, Limits
from preserve.model import format_utc, new_uuid
from preserve.net.certificates import RunAuthority
from preserve.net.exchange import Exchange
from preserve.net.fetch import Fetcher, Fetches
from preserve.net.recordingproxy import STAY, RecordingProxy
from preserve.regular import read_regular
from preserve.replay.address_patterns import AddressPatterns

PAGE_S = 300.0
"""Time of one page; politeness is in it."""
MAX_EXCHANGES = 2_000
"""Of one page."""
MAX_LOADS = 10
"""How often a page may load itself again: some do so once or twice, and some for ever."""
_MAX_ASKED = 20_000
"""Addresses of one page that its browser has told of."""
MAX_PAGE_BYTES = 256 * MIB
"""Bytes of a page's requests and replies, held until they are written: what goes beyond is cut there."""
_MAX_ARTEFACT_BYTES = 64 * MIB
_ASKED_S = 15.0
"""How long it may take until the browser tells a request that it makes for a page."""
_ENDING_S = 10.0
_NO_PAGES = ("requisite", "sitemap", "feed", "robots")
BEHAVIOURS: Mapping[str, Any] = {
    "millis": 30_000, "pause": 250, "scrolls": 100, "candidates": 200, "media": 4, "clicks": 20,
}  # fmt: skip
"""Bounds of what is done on a page (``behaviours.js``)."""
_COUNTED = ("scrolled", "candidates", "played", "clicked", "dismissed")
LANGUAGE, ZONE = "en-US", "UTC"

OWN = "browser-own"
"""Refused: nothing on the page asked for it."""
TOO_MUCH = "page-bound"
PAGE_OVER = "page-over"
UNDER_WAY = "under-way"
"""Not refused: no end came of it in the time that a page's last exchanges have, so that nothing of it is kept."""
TOO_MANY = "connections-bound"


_FILES = {
    "view.png": ("view", "image/png"),
    "thumbnail.jpg.base64": ("thumbnail", "image/jpeg"),
    "full.png": ("fullPageFinal", "image/png"),
    "text.txt": ("text", "text/plain; charset=utf-8"),
    "dom.html": ("dom", "text/html; charset=utf-8"),
    "page.pdf": ("pdf", "application/pdf"),
    "accessibility.txt": ("accessibility", "text/plain; charset=utf-8"),
}


class RobotsOfHosts:
    """The rules of every host that a page asked, of one run. Any number of threads may ask."""

    def __init__(self, fetches: Fetches, limits: Limits) -> None:
        self._fetches = fetches
        self._limits = limits
        self._rules: dict[str, RobotsRules] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._came: list[Exchange] = []
        self._under_way = 0
        self._changed = threading.Condition()

    def know(self, address: str, rules: RobotsRules) -> None:
        """Takes rules that the crawler read."""
        self._rules[address] = rules

    def of(self, url: str, gates: HostGates, count: Callable[[Exchange], None]) -> RobotsRules:
        """The rules for an address; its robots.txt is asked for where it is not known. ``count`` is told what came."""
        address = robots_url(url)
        with self._changed:
            lock = self._locks.setdefault(address, threading.Lock())
        with lock:
            known = self._rules.get(address)
            if known is None or known.expired(datetime.now(UTC), self._limits):
                known = self._rules[address] = self._asked(address, count)
                gates.ask_for(host_of(address), min(known.delay_s, self._limits.max_crawl_delay_s))
            return known

    def taken(self, wait_s: float) -> tuple[Exchange, ...]:
        """What came and was not taken yet, whichever page it was asked for; what is under way is waited for."""
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, wait_s)
            came, self._came = self._came, []
            return tuple(came)

    def _asked(self, address: str, count: Callable[[Exchange], None]) -> RobotsRules:
        with self._changed:
            self._under_way += 1
        try:
            exchange = self._exchange(address, count)
            for _hop in range(self._limits.max_robots_redirects):
                location = redirect_of(exchange)
                if location is None:
                    break
                exchange = self._exchange(location, count)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
        return RobotsRules.from_exchange(exchange, self._limits, now=datetime.now(UTC))

    def _exchange(self, address: str, count: Callable[[Exchange], None]) -> Exchange:
        exchange = self._fetches.begin(address, {}).finish()
        count(exchange)
        with self._changed:
            self._came.append(exchange)
        return exchange


def redirect_of(exchange: Exchange) -> str | None:
    """Where a reply redirects to, absolute; None where it does not."""
    head = exchange.head
    location = None if head is None or head.status not in REDIRECTS else head.get(b"location")
    return None if location is None else resolve(exchange.url, of_header(location))


@dataclass
class PageVisit:
    """One page under way (`preserve.net.recordingproxy.Visitor`). Called from the proxy's threads."""

    url: str
    depth: int
    scope: Scope
    gates: HostGates
    robots: RobotsOfHosts | None
    until: float
    exchanges: list[Exchange] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    refused: "Counter[str]" = field(default_factory=Counter)
    elsewhere: dict[str, None] = field(default_factory=dict)
    _asked: dict[str, bool] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _bytes: int = 0
    _entered: int = 0
    _loads: int = 0
    _is_over: bool = False

    def asks(self, url: str, is_main: bool) -> None:  # noqa: FBT001 - as the driver says it
        """The browser told that its page asks for an address; ``is_main``: as the page itself."""
        with self._changed:
            if len(url) > DEFAULT_LIMITS.max_url_chars:
                self.refused[TOO_LONG] += 1
            elif len(self._asked) < _MAX_ASKED:
                # Else it is refused as one that no page asked for.
                self._asked[url] = is_main or self._asked.get(url, False)
                self._changed.notify_all()

    def enter(self, url: str) -> str:
        """Waits until an address may be asked for; empty, or why it may not be."""
        refusal = self._refusal(url)
        # Of one that is too long the browser told, and of one that is much too long nothing comes here.
        if refusal and refusal != TOO_LONG:
            with self._changed:
                self.refused["elsewhere" if refusal == STAY else refusal] += 1
        return refusal

    def _refusal(self, url: str) -> str:
        if len(url) > DEFAULT_LIMITS.max_url_chars:
            return TOO_LONG
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or url in self._asked, _ASKED_S)
            refusal = self._refusal_of_page(url)
        if not refusal and not self.is_page(url):
            refusal = self.scope.refusal(url, depth=self.depth, hop="requisite") or ""
        refusal = refusal or self._refusal_of_robots(url)
        if not refusal and not self.gates.enter(host_of(url), self.until, lambda: self._is_over):
            refusal = PAGE_OVER
        if not refusal:
            with self._changed:
                self._entered += 1
                self._loads += self._asked[url]
        return refusal

    def _refusal_of_page(self, url: str) -> str:
        if self._is_over:
            return PAGE_OVER
        if url not in self._asked:
            return OWN
        if self._asked[url] and not self.is_page(url):
            if len(self.elsewhere) < MAX_EXCHANGES:
                self.elsewhere[url] = None
            return STAY
        if self._asked[url] and self._loads >= MAX_LOADS:
            return STAY
        return TOO_MUCH if self._bytes >= MAX_PAGE_BYTES or self._entered >= MAX_EXCHANGES else ""

    def _refusal_of_robots(self, url: str) -> str:
        if self.robots is None:
            self.verdicts[url] = "ignored"
            return ""
        rules = self.robots.of(url, self.gates, self._count_robots)
        if not rules.allowed(url):
            return rules.refusal or OUT_OF_SCOPE
        self.verdicts[url] = rules.verdict
        return ""

    def is_page(self, url: str) -> bool:
        """True for the address of the page itself."""
        return url == self.url or url == resolve(self.url, "")

    def _count_robots(self, exchange: Exchange) -> None:
        with self._changed:
            self._bytes += len(exchange.response_bytes)
            self._entered += 1

    def leave(self, url: str) -> None:
        """The turn of the host is over."""
        self.gates.leave(host_of(url))

    def take(self, count: int) -> int:
        """Counts in bytes that are going to be held; how many of them may be."""
        with self._changed:
            taken = max(0, min(count, MAX_PAGE_BYTES - self._bytes))
            self._bytes += taken
            return taken

    def made(self, exchange: Exchange) -> None:
        """Takes an exchange."""
        with self._changed:
            self.exchanges.append(exchange)
            self._bytes += sum(len(surplus.data) for surplus in exchange.surplus)

    def over(self) -> None:
        """The page is over: whoever waits is told so."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self.gates.wake()

    def is_streaming(self, head: ReplyHead) -> bool:
        """True where a server keeps a reply open to say more when it has more."""
        return (head.get(b"content-type") or b"").lower().startswith(b"text/event-stream")


@dataclass(frozen=True, slots=True)
class Clicks:
    """CSS selectors of what is clicked on the pages that ``pages`` matches; None: on every page."""

    pages: AddressPatterns | None
    dismiss: tuple[str, ...] = ()
    """Clicked once each, before anything else is done."""
    click: tuple[str, ...] = ()
    """Clicked again while it is there."""

    def fits(self, url: str) -> bool:
        """True where a page is one of them."""
        return self.pages is None or self.pages.match(url, canonical(url))


class Browser:
    """Loads pages, one at a time. ``close`` ends proxy and browser."""

    def __init__(  # noqa: PLR0913 - all that a page is judged by
        self, *, fetcher: Fetcher, plain: Fetches, gates: HostGates, scope: Scope, limits: Limits, agent: str,
        obey_robots: bool, page_s: float, clicks: Sequence[Clicks] = (), needs_sandbox: bool = False,
    ) -> None:  # fmt: skip
        """``plain`` asks for robots.txt, and for a page whose browser was lost. ``agent``: this program's name.

        Raises:
            EnvironmentFaultError: there is no browser, or (``needs_sandbox``) none that has its sandbox here.
        """
        self._clicks = clicks
        browser = find_browser()
        self._plain = plain
        self._gates = gates
        self._scope = scope
        self._agent = agent
        self._limits = limits
        self._page_s = page_s
        self._robots = RobotsOfHosts(plain, limits) if obey_robots else None
        self._proxy = RecordingProxy(fetcher, RunAuthority(), limits)
        self._driver = Driver(browser)
        self._ways = ways(needs_sandbox=needs_sandbox)
        self._is_told = False
        self._turn = threading.Lock()
        self._is_over = False
        self._own_agent = ""
        if needs_sandbox:
            self._must_begin()

    def know(self, address: str, rules: RobotsRules) -> None:
        """Takes rules that the crawler read."""
        if self._robots is not None:
            self._robots.know(address, rules)
            self._gates.ask_for(host_of(address), min(rules.delay_s, self._limits.max_crawl_delay_s))

    def open(self, url: str, depth: int) -> "OpenedPage":
        """A page about to be loaded."""
        return OpenedPage(self, url, depth)

    def load(self, url: str, depth: int) -> tuple[Exchange, PageLoad]:
        """Loads a page: its own exchange, and what else came."""
        with self._turn, tempfile.TemporaryDirectory(prefix="preserve-page-", ignore_cleanup_errors=True) as folder:
            visit = PageVisit(
                url=url,
                depth=depth,
                scope=self._scope,
                gates=self._gates,
                robots=self._robots,
                until=time.monotonic() + self._page_s,
            )
            page_id, word = new_uuid().removeprefix("urn:uuid:"), secrets.token_hex(16)
            door = self._proxy.open(page_id, word, visit)
            uninvited, turned_away = self._proxy.uninvited, self._proxy.turned_away
            started = datetime.now(UTC)
            try:
                done = self._driven(visit, page_id, word, folder)
            finally:
                visit.refused[UNDER_WAY] += self._proxy.shut(door, _ENDING_S)
            visit.refused["no-page"] += self._proxy.uninvited - uninvited
            visit.refused[TOO_MANY] += self._proxy.turned_away - turned_away
            return self._loaded(visit, page_id, done, Path(folder), started)

    def _driven(self, visit: PageVisit, page_id: str, word: str, folder: str) -> dict[str, Any]:
        if self._is_over:
            return {"state": "lost", "why": "the run ended"}
        job = {
            "url": visit.url,
            "folder": folder,
            "proxy": f"http://127.0.0.1:{self._proxy.port}",
            "page": page_id,
            "word": word,
            "seconds": self._page_s,
            "behaviours": self._behaviours(visit.url),
        }
        try:
            if not self._own_agent and (why := self._begin()):
                return {"state": "lost", "why": why}
            agent = f"{self._own_agent} {self._agent}"
            return self._driver.visit({**self._job, **job, "agent": agent}, visit.asks)
        except LostBrowserError as error:
            return {"state": "lost", "why": str(error)}

    def _behaviours(self, url: str) -> dict[str, Any]:
        """What is done on a page, with its bounds."""
        fit = [one for one in self._clicks if one.fits(url)]
        return {
            **BEHAVIOURS,
            "dismiss": [selector for one in fit for selector in one.dismiss],
            "click": [selector for one in fit for selector in one.click],
        }

    @property
    def _job(self) -> dict[str, Any]:
        """What each start of the browser is told."""
        way = self._ways[0]
        return {
            "user": way.user,
            "sandbox": way.sandbox,
            "spki": self._proxy.authority.spki_sha256,
            "language": LANGUAGE,
            "zone": ZONE,
        }

    def _begin(self) -> str:
        """Starts the browser in the safest way that this machine lets it have, and takes its own name.

        Empty, or why it does not start.

        Raises:
            LostBrowserError: see `Driver.visit`.
        """
        nowhere = {"proxy": f"http://127.0.0.1:{self._proxy.port}", "page": "", "word": "", "agent": ""}
        while True:
            said = self._driver.visit({**self._job, **nowhere, "seconds": self._page_s}, lambda _url, _main: None)
            self._own_agent = str(said.get("agent") or "")
            if self._own_agent:
                return ""
            others = left(self._ways, said.get("refused"))
            if not others or others == self._ways:
                return str(said.get("why") or "the browser does not start")
            self._ways = others

    def _must_begin(self) -> None:
        try:
            why = self._begin()
        except LostBrowserError as error:
            why = str(error)
        if why:
            self.close()
            raise EnvironmentFaultError(
                f"`browser_sandbox: required`, and the browser does not start with its sandbox: {why}",
                next_step="Allow user namespaces to users (the threat model says how), or write `where-possible`.",
            )

    def _told_once(self) -> str:
        """What the way lacks in which the browser runs, the first time that it is asked for."""
        lacks = "" if self._is_told or not self._own_agent else self._ways[0].lacks
        self._is_told = self._is_told or bool(lacks)
        return lacks

    def _loaded(
        self, visit: PageVisit, page_id: str, done: Mapping[str, Any], folder: Path, started: datetime
    ) -> tuple[Exchange, PageLoad]:
        exchanges = list(visit.exchanges)
        main = next((one for one in exchanges if one.method == "GET" and visit.is_page(one.url)), None)
        if main is None:
            main = self._plain.begin(visit.url, {}).finish()
            if done.get("state") in {"whole", "time"}:
                done = {"state": "failed", "why": "its browser did not get the page"}
        else:
            exchanges.remove(main)
        is_moved = redirect_of(main) is not None
        # Where no reply came, what the browser shows is said by the proxy.
        artefacts = [] if is_moved or main.error is not None else _artefacts(done, folder, started)
        said = {
            **done,
            "artefacts": _told(done, artefacts),
            "bounds": self._behaviours(visit.url),
            "way": self._ways[0],
        }
        info = _pageinfo(visit, page_id, said, [main, *exchanges], started)
        return main, PageLoad(
            page_id=page_id,
            state="nothing" if is_moved else str(done.get("state")),
            exchanges=tuple(exchanges),
            robots=self.robots_taken(0.0),
            verdicts=visit.verdicts,
            artefacts=(*artefacts, Artefact("pageinfo", "application/json", info, datetime.now(UTC))),
            dom=next((one.data for one in artefacts if one.kind == "dom"), None),
            elsewhere=() if is_moved else tuple(visit.elsewhere),
            why=str(done.get("why") or "")[:500],
            refused=+visit.refused,
            unsafe=self._told_once(),
        )

    def robots_taken(self, wait_s: float) -> tuple[Exchange, ...]:
        """Replies for robots.txt that came, of this page or of one that was over before they did."""
        return () if self._robots is None else self._robots.taken(wait_s)

    def hurry(self) -> None:
        """The run is to end: the page under way is over, what came of it is kept, and no other is begun."""
        self._is_over = True
        self._driver.kill()

    def close(self) -> None:
        """Ends browser and proxy."""
        self._driver.end()
        self._proxy.close()


@dataclass(frozen=True, slots=True)
class Browsing:
    """A browser, and which addresses it loads: those that ``only`` matches, or (None) every page."""

    browser: Browser
    only: AddressPatterns | None

    def wants(self, target: FrontierTarget) -> bool:
        """True where a browser loads an address. What pages are made of, and lists, it does not."""
        if target.hop.startswith(_NO_PAGES):
            return False
        return self.only is None or self.only.match(target.url, canonical(target.url))


@dataclass
class OpenedPage:
    """A page's visit as an exchange that is under way (`preserve.net.fetch.Pending`)."""

    browser: Browser
    url: str
    depth: int
    load: PageLoad | None = None

    def quick(self, _patience_s: float) -> Exchange | None:
        """No page is loaded in a moment."""
        return None

    def finish(self) -> Exchange:
        """Loads the page; ``load`` has what came beside its own exchange."""
        exchange, self.load = self.browser.load(self.url, self.depth)
        return exchange


def _artefacts(done: Mapping[str, Any], folder: Path, started: datetime) -> list[Artefact]:
    said = _named(done)
    found = []
    for name, (kind, content_type) in _FILES.items():
        if said.get(name) != "":
            continue
        with suppress(OSError, OverflowError, ValueError):
            data = read_regular(folder / name, _MAX_ARTEFACT_BYTES)
            written = datetime.fromtimestamp((folder / name).stat().st_mtime, UTC)
            if name.endswith(".base64"):
                data = _unpacked(data)
            if data:
                # A file system's clock may be coarser, and whoever drew the page may have set it.
                made = min(max(written, started), datetime.now(UTC))
                found.append(Artefact(kind, content_type, data, made))
    return found


def _told(done: Mapping[str, Any], kept: Sequence[Artefact]) -> dict[str, str]:
    """By name, why an artefact is not there; empty where it is."""
    kinds = {one.kind for one in kept}
    lost = f"not kept: empty, or larger than {_MAX_ARTEFACT_BYTES} bytes"
    said = {name: _text(_named(done), name) for name in _FILES if name in _named(done)}
    return {name: why or ("" if _FILES[name][0] in kinds else lost) for name, why in said.items()}


def _unpacked(data: bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return b""


def _pageinfo(
    visit: PageVisit, page_id: str, done: Mapping[str, Any], exchanges: Sequence[Exchange], started: datetime
) -> bytes:
    """What is known of the visit, in the form that browsertrix-crawler has, and behind it what it does not have."""
    facts = done.get("page") if isinstance(done.get("page"), dict) else {}
    said = {
        "pageid": page_id,
        "url": visit.url,
        "ts": format_utc(started),
        "loadState": done.get("state"),
        "title": _text(facts, "title"),
        "urls": {
            one.url if one.method == "GET" else f"{one.method} {one.url}": {
                "status": 0 if one.head is None else one.head.status,
                **({"error": str(one.error)} if one.error is not None else {}),
                **({"truncated": str(one.truncated)} if one.truncated is not None else {}),
            }
            for one in exchanges
        },
        "preserve": {
            "made_by": PROGRAM,
            "browser": _text(done, "version"),
            "user_agent": _text(facts, "userAgent"),
            "viewport": "1280x800",
            "language": _text(facts, "language"),
            "zone": _text(facts, "zone"),
            "sandbox": done["way"].sandbox,
            "own_user": done["way"].user is not None,
            "behaviours": _behaved(done.get("behaviours")),
            "bounds": done.get("bounds"),
            "artefacts": done["artefacts"],
            "asked_not_made": dict(+visit.refused),
            "leads_to": list(visit.elsewhere)[:100],
            "why": _text(done, "why"),
        },
    }
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "replace")


def _behaved(said: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of the driver
    """What was done on the page, as the page's own scripts let it be said: what has another form is left out."""
    if not isinstance(said, dict):
        return {}
    counts = {name: said[name] for name in _COUNTED if type(said.get(name)) is int and abs(said[name]) < 1 << 31}
    mistakes = said.get("mistakes")
    told = [str(one)[:200] for one in mistakes[:20]] if isinstance(mistakes, list) else []
    return {**counts, "ended": _text(said, "ended")[:200], **({"mistakes": told} if told else {})}


def _named(done: Mapping[str, Any]) -> Mapping[str, Any]:
    made = done.get("artefacts")
    return made if isinstance(made, dict) else {}


def _text(facts: Any, name: str) -> str:  # noqa: ANN401 - JSON of the driver
    return str(facts.get(name) or "")[:1000] if isinstance(facts, dict) else ""
