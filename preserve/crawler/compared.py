"""A run held against what was held before it: what each look shows, in numbers and address by address.

It is done once, at the end: what stands in the frontier is put beside what the catalogue has of each address, and pages
are read only where their payload has changed. Memory stays flat, but for the redirects of one chain.

Tested by ``tests/scenarios/test_held.py``.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from preserve.cables.extract import plain_text, read_page
from preserve.cables.page.layouts import Layout
from preserve.crawler.frontier import EndedAddress, Frontier
from preserve.crawler.outcomes import (
    ALARMED,
    DONE,
    NOT_DUE,
    OUT_OF_SCOPE,
    TOO_DEEP,
    TOO_LONG,
    TRAP_CALENDAR,
    TRAP_REPEAT,
)
from preserve.crawler.page import redirect_of
from preserve.errors import ArchiveError
from preserve.formats.errorpage import is_error_page
from preserve.formats.http1.message import REDIRECTS
from preserve.formats.http1.stream import Payload
from preserve.formats.urls import canonical, resolve
from preserve.limits import Limits
from preserve.provenance.describe import decoded_content, http_payload, type_of
from preserve.provenance.judgements import Judgements
from preserve.replay.comparing import LOST, TOLD, Led, Look, Page, Seen, compare, gist, is_crowd
from preserve.replay.muting import Muting
from preserve.store.catalogue import Catalogue, RecordRow
from preserve.store.external_sort import ExternalSort
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import read_record

_OK: Final = 200
_NOT_MODIFIED: Final = 304
_MOST_HOPS: Final = 8
_LEAST_LOST: Final = 3
MOST_TOLD: Final = 1_000
_NOT_TRIED: Final = frozenset({NOT_DUE, OUT_OF_SCOPE, TOO_DEEP, TOO_LONG, TRAP_REPEAT, TRAP_CALENDAR})
_KEPT: Final = 4_096
_NO_DOCUMENTS: Final = frozenset({"", "application/pdf"})
"""Kinds that pages of text may become, and still be themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One address: what the look showed, the reason of its outcome, and where it leads."""

    url: str
    seen: str
    reason: str
    leads_to: str = ""
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """A run in numbers. ``seen`` counts addresses by what their look showed, ``left`` held pages not looked at.

    ``looked``: those of pages that were held whole; ``lost`` of them were not to be had, ``accepted`` more neither, and
    somebody knows. ``muted`` of them raise no alarm, and of those ``quiet`` were not to be had. ``good``: false where
    that is too much, and ``why`` says so. ``told``: what is not as it was, the first thousand.

    ``muted_reasons``: how many muted addresses ended for each reason that there is an alarm of; ``muted_urls``: they,
    the first thousand.
    """

    seen: Mapping[str, int]
    left: Mapping[str, int]
    looked: int
    lost: int
    accepted: int
    good: bool
    muted: int = 0
    quiet: int = 0
    why: str = ""
    told: tuple[Told, ...] = ()
    muted_reasons: Mapping[str, int] = field(default_factory=dict)
    muted_urls: tuple[str, ...] = ()


NOTHING_HELD: Final = RunComparison(seen={}, left={}, looked=0, lost=0, accepted=0, good=True)


@dataclass(slots=True)
class RunComparer:
    """Compares one run. Not before all its records are sealed and in the catalogue."""

    catalogue: Catalogue
    paths: CollectionPaths
    layouts: Sequence[Layout]
    limits: Limits
    run: str
    seeds: frozenset[str]
    """Addresses to begin at, as the frontier has them."""
    alarm_lost: float
    """Per cent."""
    judgements: Judgements
    muting: Muting
    _pages: dict[str, tuple[Page, str]] = field(default_factory=dict)
    _rows: dict[str, tuple[RecordRow | None, RecordRow | None]] = field(default_factory=dict)

    def of(self, frontier: Frontier, left: Mapping[str, int]) -> RunComparison:
        """Compares all that ended, notes in the frontier what is to be told of each, and says what came of it."""
        counts: Counter[str] = Counter()
        told: list[Told] = []
        seeds = {False: 0, True: 0}
        others = array("q")
        muted, quiet = 0, 0
        muted_reasons: Counter[str] = Counter()
        muted_urls: list[str] = []
        # Numbers of addresses in the frontier: eight bytes each, however many there are.
        for end in frontier.endings():
            if end.reason in ALARMED and self.muting.holds(end.url):
                muted_reasons[end.reason] += 1
                muted_urls += [end.url] if len(muted_urls) < MOST_TOLD else []
            if self._is_as_it_was(end):
                muted += self.muting.holds(end.url)
                # So are nearly all pages of nearly all runs: no more is asked about them.
                counts[Seen.UNCHANGED] += 1
                seeds[False] += end.url in self.seeds
                self._rows.pop(end.url, None)
            else:
                others.append(end.number)
        crowds = self._crowds(frontier, others, counts[Seen.UNCHANGED])
        lost: Counter[str] = Counter()
        accepted = 0
        notes: list[tuple[int, str]] = []
        for end in map(frontier.ending, others):
            before, look, leads_to = self._look(end, crowds)
            seen = compare(before, look)
            if seen is None:
                continue
            home = self._home(end.url) if seen in LOST else ""
            if home:
                seen, leads_to = Seen.MOVED, home
            counts[seen] += 1
            is_accepted = seen in LOST and self._is_accepted(end.url)
            is_muted = before is not None and self.muting.holds(end.url)
            is_quiet = is_muted and seen in LOST and not is_accepted
            accepted += is_accepted
            muted += is_muted
            quiet += is_quiet
            is_known = is_accepted or is_quiet
            if seen in LOST and not is_known:
                lost[seen] += 1
            if end.url in self.seeds and before is not None and not is_known:
                seeds[seen in LOST] += 1
            if seen in TOLD:
                notes.append((end.number, seen))
                if seen in LOST or len(told) < MOST_TOLD // 2:
                    told.append(Told(url=end.url, seen=seen, reason=end.reason, leads_to=leads_to, muted=is_muted))
                    del told[MOST_TOLD:]
        frontier.note_seen(notes)
        looked = counts.total() - counts[Seen.NEW]
        why = self._why(lost, looked - accepted - quiet, all_seeds=seeds[True] > 0 and not seeds[False])
        return RunComparison(
            seen=dict(sorted(counts.items())),
            left=dict(sorted(left.items())),
            looked=looked,
            lost=lost.total(),
            accepted=accepted,
            muted=muted,
            quiet=quiet,
            good=not why,
            why=why,
            told=tuple(sorted(told, key=lambda one: one.seen not in LOST)),
            muted_reasons=dict(sorted(muted_reasons.items())),
            muted_urls=tuple(muted_urls),
        )

    def _why(self, lost: Counter[str], looked: int, *, all_seeds: bool) -> str:
        kinds = ", ".join(f"{count:,} {seen}" for seen, count in sorted(lost.items()))
        number = lost.total()
        if number >= _LEAST_LOST and number * 100 > self.alarm_lost * looked:
            return f"{number:,} of {looked:,} pages that are held were not to be had: {kinds}"
        return f"no address to begin at was to be had: {kinds}" if all_seeds else ""

    def _home(self, url: str) -> str:
        """Where a page is now, as somebody said, and a page is held; else nothing."""
        return next((home for home in self.judgements.homes_of(url) if self.catalogue.newest_response(home)), "")

    def _is_accepted(self, url: str) -> bool:
        return self.judgements.is_accepted(url, lambda: self.catalogue.last_whole(url, self.run))

    def _is_as_it_was(self, end: EndedAddress) -> bool:
        """Whether the server or the payload says that a page is the one that was found by the last look."""
        if end.state != DONE:
            return False
        now = self._now(end.url)
        if now is None or now.type != "revisit" or now.challenge is not None:
            return False
        before = self._held(end.url)
        return before is not None and before.payload_sha256 == now.payload_sha256

    def _crowds(self, frontier: Frontier, others: Sequence[int], pages: int) -> frozenset[str]:
        """Gists that stand for many pages at once now, and did not before. ``pages``: those that are as they were."""
        with ExternalSort() as gists:
            for end in map(frontier.ending, others):
                before = self._before(end)
                if before is None:
                    continue
                now = self._now(end.url)
                if now is None or now.status not in {None, _OK, _NOT_MODIFIED, *REDIRECTS}:
                    continue
                pages += 1
                shown = self._gist_now(end, before, now)
                if shown:
                    gists.add([(shown, self._gist(self._whole(before) or before, end.url), "")])
            return frozenset(shown for shown, number, others in _groups(gists) if is_crowd(number, others, pages))

    def _gist_now(self, end: EndedAddress, before: RecordRow, now: RecordRow) -> str:
        """The gist of what is shown now, there or where it leads to; empty where it is what was held."""
        final, way = end.url, ""
        if now.status in REDIRECTS:
            final, way = self._led(end.url, now)[0], "to "
            led = self._now(final)
            whole = None if led is None or final == end.url else self._whole(led)
            if whole is None:
                return f"to {final}"
        else:
            whole = self._whole(now)
        if whole is None or whole.payload_sha256 == before.payload_sha256:
            return ""
        kind = self._page(whole)[0].kind
        if kind not in _NO_DOCUMENTS and not self._page(self._whole(before) or before)[0].kind:
            # What is no text has no words: of pages that were text, many that are now pictures or data are no pages.
            return f"{way}kind {kind}"
        # The page that others are led to is no page like them.
        return way + self._gist(whole, f"{end.url} {final}")

    def _whole(self, now: RecordRow) -> RecordRow | None:
        """The record with the page that a look showed: a revisit refers to it."""
        if now.challenge is not None:
            return None
        if now.type == "revisit":
            return None if now.refers_to is None else self.catalogue.record(now.refers_to)
        return now if now.status == _OK and now.whole == "whole" else None

    def _before(self, end: EndedAddress) -> RecordRow | None:
        return self._held(end.url) if end.state == DONE else None

    def _now(self, url: str) -> RecordRow | None:
        """The newest reply that this run has from an address."""
        return self._asked(url)[0]

    def _held(self, url: str) -> RecordRow | None:
        """What was held of an address before this run."""
        return self._asked(url)[1]

    def _asked(self, url: str) -> tuple[RecordRow | None, RecordRow | None]:
        """Both, asked for once; kept for a while, as the same addresses come again for crowds and for their looks."""
        found = self._rows.get(url)
        if found is None:
            if len(self._rows) >= _KEPT:
                self._rows.pop(next(iter(self._rows)))
            now = self.catalogue.newest_of_run(url, self.run)
            found = self._rows[url] = (now, self.catalogue.held_before(url, self.run))
        return found

    def _look(self, end: EndedAddress, crowds: frozenset[str]) -> tuple[Page | None, Look, str]:
        held = self._held(end.url)
        before = None if held is None else Page(payload_sha256=held.payload_sha256 or "", text="")
        if end.reason in _NOT_TRIED:
            return before, Look(reason=end.reason, not_tried=True), ""
        now = self._now(end.url) if end.state == DONE else None
        if now is None:
            return before, Look(reason=end.reason), ""
        status = now.status
        whole = self._whole(now)
        if whole is not None:
            repeats = held is not None and whole.payload_sha256 == held.payload_sha256
            page = Page(payload_sha256=whole.payload_sha256 or "", text="")
            if held is None or repeats:
                return before, Look(reason=end.reason, status=_OK, repeats=repeats, page=page), ""
            in_crowd = self._gist_now(end, held, now) in crowds or self._was_lost(end.url, whole)
            was = self._page(self._whole(held) or held)[0]
            now_page = self._page(whole)[0]
            lost = self._has_lost(end.url, was, whole)
            return was, Look(reason=end.reason, status=_OK, page=now_page, in_crowd=in_crowd, lost_cable=lost), ""
        if now.challenge is not None or status in {_OK, _NOT_MODIFIED}:
            return before, Look(reason=end.reason, status=0), ""
        if held is not None and status in REDIRECTS:
            final, led = self._led(end.url, now)
            in_crowd = self._gist_now(end, held, now) in crowds
            at_end = None if led is None or led.status != _OK else self._now(final)
            whole = None if at_end is None else self._whole(at_end)
            if whole is None or led is None:
                return before, Look(reason=end.reason, status=status, led=led, in_crowd=in_crowd), final
            was = self._page(self._whole(held) or held)[0]
            led = replace(led, page=self._page(whole)[0])
            lost = self._has_lost(end.url, was, whole)
            return was, Look(reason=end.reason, status=status, led=led, in_crowd=in_crowd, lost_cable=lost), final
        return before, Look(reason=end.reason, status=status or 0), ""

    def _has_lost(self, url: str, was: Page, whole: RecordRow) -> bool:
        """Whether a cable is not there any more. A page that shows one after the other was never the page of one."""
        now, words = self._page(whole)
        if not was.has_lost(now, words):
            return False
        return not now.cables or not was.is_one_of_many(self.catalogue.cables_at(url) - now.cables)

    def _was_lost(self, url: str, whole: RecordRow) -> bool:
        """Whether this very page was taken for no page by the run before."""
        return self.catalogue.was_soft_gone(url, whole.payload_sha256 or "")

    def _led(self, url: str, row: RecordRow) -> tuple[str, Led | None]:
        """Where a redirect led in the end, as far as this run followed it."""
        at, status = url, row.status
        now: RecordRow | None = row
        for _hop in range(_MOST_HOPS):
            payload = None if now is None else self._payload(now)
            target = None if payload is None else redirect_of(at, payload)
            if target is None:
                break
            at = target
            now = self._now(at)
            status = None if now is None else _OK if now.type == "revisit" else now.status
        if at == url:
            return at, None
        home = resolve(url, "/")
        is_home = home is not None and _same(at, home) and not _same(url, home)
        return at, Led(home=is_home, status=status)

    def _gist(self, row: RecordRow, url: str) -> str:
        page, words = self._page(row)
        return gist(words, url) if words else page.payload_sha256

    def _page(self, row: RecordRow) -> tuple[Page, str]:
        """What a whole reply shows, and its words; kept for a while, as many addresses may share one."""
        key = row.payload_sha256 or row.record_id
        found = self._pages.get(key)
        if found is None:
            if len(self._pages) >= _KEPT:
                self._pages.pop(next(iter(self._pages)))
            found = self._pages[key] = self._read(row, key)
        return found

    def _read(self, row: RecordRow, key: str) -> tuple[Page, str]:
        payload = self._payload(row)
        content = None if payload is None else decoded_content(payload, self.limits)
        if payload is None or content is None:
            return Page(payload_sha256=key, text=key), ""
        kind = type_of(payload, content)
        if "html" not in kind.essence and not kind.essence.startswith("text/"):
            return Page(payload_sha256=key, text=key, is_empty=not content, kind=kind.essence if content else ""), ""
        cables = read_page(content, kind.value, self.layouts).cables
        plain = plain_text(content, kind.value)
        page = Page(
            payload_sha256=key,
            text=cables[0].comparison_sha256 if len(cables) == 1 else plain.comparison_sha256,
            is_empty=not plain.text.strip(),
            is_error=not cables and is_error_page(content, plain.text),
            cables=frozenset(
                name.lower() for cable in cables for name in (cable.published_id, cable.canonical_id) if name
            ),
        )
        return page, plain.text[: _KEPT * 8]

    def _payload(self, row: RecordRow) -> Payload | None:
        try:
            return http_payload(read_record(self.paths, row.place).block)
        except ArchiveError:
            return None


def _groups(gists: ExternalSort) -> Iterator[tuple[str, int, int]]:
    """Of each text that is shown now: it, by how many pages, and how many different texts were held of them."""
    shown, number, others, last = "", 0, 0, ""
    for now, before, _nothing in gists.in_order():
        if now != shown:
            if number:
                yield shown, number, others
            shown, number, others, last = now, 0, 0, ""
        number += 1
        others += before != last
        last = before
    if number:
        yield shown, number, others


def _same(one: str, other: str) -> bool:
    """True where two addresses differ in their scheme at most."""
    return canonical(one).partition("://")[2] == canonical(other).partition("://")[2]
