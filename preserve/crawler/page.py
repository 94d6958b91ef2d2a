"""What becomes of one exchange: records, the outcome's reason, the cable on the page, and the addresses it leads to."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from preserve.cables.extract import NOTHING_READ
from preserve.cables.page.layouts import Layout
from preserve.crawler.browser.load import PageLoad
from preserve.crawler.due import DueTimes
from preserve.crawler.frontier import FoundAddress, FrontierTarget
from preserve.crawler.group import GroupWriter
from preserve.crawler.links import LinkKind, PageLink, PageLinks, SeenTags, css_links, page_links
from preserve.crawler.listings import feed_links, sitemap_links
from preserve.crawler.outcomes import CHALLENGE, OUT_OF_SCOPE, reason_of
from preserve.crawler.records import FoundAs, RevisitOf, artefact_record, exchange_records
from preserve.crawler.revisit import HeldCapture, Revisits
from preserve.crawler.robots import RobotsRules
from preserve.crawler.scope import Scope
from preserve.errors import FormatError
from preserve.findings import Finding
from preserve.formats.http1.message import REDIRECTS
from preserve.formats.http1.stream import Payload, payload_of
from preserve.formats.markup import refresh
from preserve.formats.urls import of_header, resolve
from preserve.limits import Limits
from preserve.model import parse_utc
from preserve.net.exchange import Exchange
from preserve.provenance.describe import (
    KnownOfRecord,
    cables_in,
    challenge_in,
    decoded_content,
    media_type,
    read_cables,
    type_of,
)
from preserve.text import terminal_line

_OK = 200
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_MAX_SEEN = 1 << 17
_NEVER = 1 << 30
_LOADED = {
    "time": "the page was not loaded in its time; what came is kept",
    "failed": "the browser could not load it; what came is kept",
    "lost": "the browser ended before the page did; what came is kept",
}
_OF_THE_HOST = frozenset({LinkKind.SITEMAP, LinkKind.FEED})
"""What is read of the page's own host only: a list may name any address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """What is looked for on pages beside links: ``requisites`` is ``none``, ``scope`` or ``all``."""

    requisites: str
    sitemaps: bool
    feeds: bool


@dataclass(frozen=True, slots=True)
class _Reply:
    """A reply taken apart. ``content``: its body with the content coding removed, where that is wanted and can be."""

    payload: Payload | None
    content: bytes | None
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One address about to be fetched; ``asked``: the held reply whose validators go along."""

    target: FrontierTarget
    asked: HeldCapture | None
    robots: str

    @property
    def conditions(self) -> Mapping[str, str]:
        """Header fields of a conditional request."""
        return self.asked.conditions if self.asked is not None else {}


class PageWriter:
    """Turns exchanges into records and finds. Not for more than one thread."""

    def __init__(
        self,
        *,
        writer: GroupWriter,
        scope: Scope,
        revisits: Revisits | None,
        due: DueTimes | None,
        layouts: Sequence[Layout],
        limits: Limits,
        wanted: WantedPage,
        conditional: bool,
    ) -> None:
        self.writer = writer
        self.scope = scope
        self._revisits = revisits
        self._due = due
        self._layouts = layouts
        self._limits = limits
        self._wanted = wanted
        self._conditional = conditional
        self._seen_tags = SeenTags()
        self._seen: dict[str, dict[str, int]] = {}
        """Addresses handed over before, by hop, each with the least depth: most of a page's links are on every page."""
        self._seen_total = 0

    def begin(self, target: FrontierTarget, *, robots: str) -> Visit:
        """What is known before an address is asked for."""
        asked = None
        if self._conditional and self._revisits is not None and target.tries == 0:
            asked = self._revisits.newest(target.url)
        return Visit(target, asked, robots)

    def is_not_due(self, target: FrontierTarget) -> bool:
        """True where an address need not be asked for yet."""
        return self._due is not None and self._due.held_if_not_due(target.url) is not None

    def pass_over(self, target: FrontierTarget, found: list[FoundAddress], refused: dict[str, str]) -> bool:
        """True where an address need not be asked for yet: what its held reply leads to is added as if it came now."""
        held = self._due.held_if_not_due(target.url) if self._due is not None else None
        if held is None:
            return False
        self._follow(target, held.payload, self._content(held.payload), found, refused)
        return True

    def write(
        self,
        visit: Visit,
        exchange: Exchange,
        found: list[FoundAddress],
        refused: dict[str, str],
        load: PageLoad | None = None,
    ) -> str:
        """Writes the records of an exchange; returns the reason code, and adds to what was found and refused.

        ``load``: what the browser that made the exchange brought beside it.
        """
        target = visit.target
        payload = _payload(exchange)
        content = self._content(payload)
        challenge = None if payload is None else challenge_in(payload, content)
        reason = reason_of(exchange, challenge=challenge)
        repeats = None
        if self._revisits is not None:
            repeats = self._revisits.repeated(exchange, payload, visit.asked)
        found_as = FoundAs(via=target.via, hop=target.hop, robots=visit.robots, depth=target.depth)
        page_id = "" if load is None else load.page_id
        record_id = self._write(exchange, _Reply(payload, content, challenge), found_as, repeats, page_id)
        if repeats is not None:
            self._read_late(repeats.record_id)
        if load is not None:
            own = NOTHING_READ if payload is None else cables_in(payload, content, self._layouts)
            is_page = payload is not None and payload.head.status == _OK and reason != CHALLENGE
            self._write_load(target, load, record_id, reads_dom=is_page and not own.cables)
        if exchange.error is None and payload is not None and reason != CHALLENGE:
            if repeats is not None and repeats.not_modified and visit.asked is not None:
                # A page that was not sent again still has its links.
                payload = visit.asked.payload
                content = self._content(payload)
            self._follow(target, payload, content, found, refused, load)
        return reason

    def _write_load(self, target: FrontierTarget, load: PageLoad, record_id: str, *, reads_dom: bool) -> None:
        """Writes what a browser's visit brought beside the page's own exchange.

        ``reads_dom``: the page's own reply shows no cable, so that one is looked for in what its scripts made of it.
        """
        for exchange in load.robots:
            self.write_robots(exchange)
        for exchange in load.exchanges:
            payload = _payload(exchange)
            content = self._content(payload)
            challenge = None if payload is None else challenge_in(payload, content)
            repeats = None
            if self._revisits is not None and exchange.method == "GET":
                repeats = self._revisits.repeated(exchange, payload, None)
            verdict = load.verdicts.get(exchange.url, "")
            found_as = FoundAs(via=target.url, hop=LinkKind.REQUISITE, robots=verdict, depth=target.depth)
            self._write(exchange, _Reply(payload, content, challenge), found_as, repeats, load.page_id)
        for artefact in load.artefacts:
            self.writer.open_file()
            record = artefact_record(
                artefact,
                url=target.url,
                page_id=load.page_id,
                concurrent_to=record_id,
                warcinfo_id=self.writer.warcinfo_id,
            )
            read = NOTHING_READ
            if reads_dom and artefact.kind == "dom" and self._layouts:
                read = read_cables(record, self._layouts, self._limits)
            # That scripts made nothing of a layout's page is nothing that is wrong with it.
            self.writer.add([record], KnownOfRecord(), read if read.cables else NOTHING_READ)
        if load.state not in {"whole", "nothing"}:
            detail = f"{_LOADED.get(load.state, load.state)}{': ' if load.why else ''}{terminal_line(load.why, 300)}"
            self.writer.tell(Finding(code="W-PAGE-LOAD", where=target.url, detail=detail))
        if load.unsafe:
            self.writer.tell_browser(load.unsafe)

    def write_robots(self, exchange: Exchange) -> tuple[str, str | None]:
        """Writes a reply for robots.txt; returns its record's id, and where it redirects to."""
        payload = _payload(exchange)
        repeats = self._revisits.repeated(exchange, payload, None) if self._revisits is not None else None
        record_id = self._write(exchange, _Reply(payload, None, None), FoundAs(via=None, hop="robots"), repeats)
        return record_id, redirect_of(exchange.url, payload)

    def known_robots(self, address: str) -> RobotsRules | None:
        """The rules that this run read before it was stopped; None where they must be asked for."""
        held = self._revisits.of_this_run(address) if self._revisits is not None else None
        if held is None or redirect_of(address, held.payload) is not None:
            return None
        fetched, record_id = parse_utc(held.row.date), held.row.record_id
        rules = RobotsRules.from_payload(held.payload, self._limits, now=fetched, record_id=record_id)
        return None if rules.verdict == "unreachable" else rules

    def sitemaps(self, rules: RobotsRules, address: str, found: list[FoundAddress], refused: dict[str, str]) -> None:
        """Adds the sitemaps that a robots.txt names, where they are wanted."""
        urls = (resolve(address, named) for named in rules.sitemaps)
        links = [PageLink(url, LinkKind.SITEMAP) for url in urls if url is not None]
        self._add(links, address, depth=0, nested="", found=found, refused=refused)

    def _content(self, payload: Payload | None) -> bytes | None:
        return decoded_content(payload, self._limits) if payload is not None and _is_read(payload) else None

    def _write(
        self, exchange: Exchange, reply: _Reply, found_as: FoundAs, repeats: RevisitOf | None, page_id: str = ""
    ) -> str:
        self.writer.open_file()
        tls = exchange.peer.tls if exchange.peer is not None else None
        records = exchange_records(
            exchange,
            warcinfo_id=self.writer.warcinfo_id,
            found=found_as,
            payload=reply.payload,
            revisit_of=repeats,
            with_chain=tls is not None and self.writer.first_in_file(tls.chain),
            page_id=page_id,
        )
        read = NOTHING_READ
        if reply.payload is not None and repeats is None and exchange.method == "GET":
            read = cables_in(reply.payload, reply.content, self._layouts)
        self.writer.add(
            records,
            KnownOfRecord(head=exchange.head, challenge=reply.challenge, payload=reply.payload, content=reply.content),
            read,
        )
        return records[0].header.record_id

    def _read_late(self, record_id: str) -> None:
        """States the cables on a page that came again and is held, where it was read by no layout when it was kept."""
        if self._revisits is None or not self._layouts:
            return
        held = self._revisits.without_text(record_id)
        if held is None:
            return
        read = cables_in(held.payload, self._content(held.payload), self._layouts)
        if read.cables:
            self._revisits.read_late(record_id)
            self.writer.state_cables(record_id, None, read)

    def _follow(  # noqa: PLR0917 - what came, and where to put what is found
        self,
        target: FrontierTarget,
        payload: Payload,
        content: bytes | None,
        found: list[FoundAddress],
        refused: dict[str, str],
        load: PageLoad | None = None,
    ) -> None:
        """Adds a redirect's target, or what a page leads to."""
        location = redirect_of(target.url, payload)
        if location is not None:
            if target.hop.count("R") < self._limits.max_redirects:
                _one(location, target.url, target.depth, f"{target.hop}R", found)
            return
        if load is not None:
            # Where a script wanted to lead: a link like others, for it may name any host.
            there = [PageLink(url) for url in load.elsewhere]
            hops = "R" * (target.hop.count("R") + 1)
            if len(hops) <= self._limits.max_redirects:
                self._add(there, target.url, depth=target.depth, nested=hops, found=found, refused=refused)
        if payload.head.status != _OK:
            return
        if content is None:
            if media_type(payload.head) in _PAGES:
                detail = f"its content coding is damaged, or it is larger than {self._limits.max_decoded_bytes:,} bytes"
                self.writer.tell(Finding(code="W-LINKS-PART", where=target.url, detail=detail))
            return
        depth, nested = target.depth + 1, ""
        if target.hop.startswith(LinkKind.REQUISITE) and type_of(payload, content).essence == "text/css":
            depth, nested = target.depth, target.hop.removeprefix(LinkKind.REQUISITE).rstrip("R") + "+"
        finds = self._finds(target, payload, content, depth, nested)
        if finds.defect:
            self.writer.tell(Finding(code="W-LINKS-PART", where=target.url, detail=finds.defect))
        links = finds.links
        if load is not None:
            # What the page is made of, the browser has asked for; and it shows the links that scripts have made.
            dom = load.dom or b""
            links = [*links, *page_links(dom, "text/html; charset=utf-8", target.url, self._limits).links]
            links = [link for link in links if link.kind is not LinkKind.REQUISITE]
        self._add(links, target.url, depth=depth, nested=nested, found=found, refused=refused)
        field = payload.head.get(b"refresh")
        reference = None if field is None else refresh(of_header(field))
        url = None if reference is None else resolve(target.url, reference)
        if url is not None:
            self._add([PageLink(url)], target.url, depth=depth, nested="", found=found, refused=refused)

    def _finds(self, target: FrontierTarget, payload: Payload, content: bytes, depth: int, nested: str) -> PageLinks:
        """What a reply leads to, by what it is and how it was found."""
        read_as = type_of(payload, content)
        kind, declared = read_as.essence, read_as.value
        if target.hop.startswith(LinkKind.SITEMAP):
            return sitemap_links(content, declared, target.url, self._limits)
        if target.hop.startswith(LinkKind.FEED):
            return feed_links(content, declared, target.url, self._limits)
        if kind in _PAGES:
            return page_links(content, declared, target.url, self._limits, seen=self._seen_tags, depth=depth)
        if not nested:
            return PageLinks([])
        if len(nested) > self._limits.max_requisite_hops:
            return PageLinks([], f"style sheets more than {self._limits.max_requisite_hops} deep")
        return css_links(content, declared, target.url, self._limits)

    def _add(
        self,
        links: Sequence[PageLink],
        via: str,
        *,
        depth: int,
        nested: str,
        found: list[FoundAddress],
        refused: dict[str, str],
    ) -> None:
        for link in links:
            if link.kind is not LinkKind.LINK and not self._is_wanted(link.kind):
                continue
            hop = link.kind + nested
            seen = self._seen.setdefault(hop, {})
            if seen.get(link.url, _NEVER) <= depth:
                continue
            seen[link.url] = depth
            self._seen_total += 1
            reason = self.scope.refusal(link.url, depth=depth, hop=hop)
            if link.kind in _OF_THE_HOST and not _same_host(link.url, via):
                reason = OUT_OF_SCOPE
            if reason is None:
                _one(link.url, via, depth, hop, found)
            else:
                refused[link.url] = reason
        if self._seen_total > _MAX_SEEN:
            self._seen.clear()
            self._seen_total = 0

    def _is_wanted(self, kind: LinkKind) -> bool:
        match kind:
            case LinkKind.REQUISITE:
                return self._wanted.requisites != "none"
            case LinkKind.SITEMAP:
                return self._wanted.sitemaps
            case LinkKind.FEED:
                return self._wanted.feeds
            case _:
                return True


def _one(url: str, via: str, depth: int, hop: str, found: list[FoundAddress]) -> None:
    # What has no canonical form cannot be asked for.
    with suppress(FormatError):
        found.append(FoundAddress.of(url, via=via, depth=depth, hop=hop))


def redirect_of(url: str, payload: Payload | None) -> str | None:
    """Where a reply redirects to, absolute; None where it does not (RFC 9110 section 15.4)."""
    if payload is None or payload.head.status not in REDIRECTS:
        return None
    location = payload.head.get(b"location")
    if location is None:
        return None
    return resolve(url, of_header(location))


def _payload(exchange: Exchange) -> Payload | None:
    if not exchange.response_bytes or exchange.head is None:
        return None
    return payload_of(exchange.response_bytes, exchange.method, head=exchange.head)


def _is_read(payload: Payload) -> bool:
    """True where something may be looked for in the body."""
    kind = media_type(payload.head)
    return kind is None or not kind.startswith(("image/", "audio/", "video/", "font/"))


def _same_host(one: str, other: str) -> bool:
    return one.split("/", 3)[:3] == other.split("/", 3)[:3]
