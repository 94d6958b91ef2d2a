"""Rescue: pages that are lost, asked of web archives, kept as second-hand evidence and linked to their addresses.

Of each address: the lists of every configured archive, then mementos from the newest on until one is the page. What
came is kept as records under the address that was really asked; ``listing`` and ``memento`` statements say what each
was. Everything of one exchange is durable before the next page is asked for: a killed rescue goes on where it stopped.

Tested by ``tests/scenarios/test_rescue.py``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from preserve import PROGRAM
from preserve.cables.page.layouts import Layout
from preserve.config.archives import ArchiveConfig
from preserve.config.collection import CollectionConfig
from preserve.crawler.browser.gates import HostTurns, in_turn
from preserve.crawler.outcomes import NO_ANSWER, NO_GOOD_MEMENTO, NOT_ARCHIVED, RESCUED, state_of
from preserve.findings import Finding
from preserve.formats.urls import canonical
from preserve.limits import Limits
from preserve.model import format_utc, new_uuid
from preserve.net.fetch import Fetcher, Fetches
from preserve.provenance import statements
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import CableStatement, RecordStatement, RunEnd, RunStatement, Sealed, in_parts
from preserve.replay.indexing import index_stated
from preserve.replay.recover import current_catalogue
from preserve.replay.text_spool import TextSpool
from preserve.rescue.ask import STOPPED, Asker, NotAskedError
from preserve.rescue.fetch import KnownMemento, fetch_memento
from preserve.rescue.judge import PAGE, PASSING, order
from preserve.rescue.listing import NONE, Candidate, MementoListing, list_mementos
from preserve.rescue.record import RescueRecorder
from preserve.store.catalogue import Catalogue
from preserve.store.durable import free_bytes
from preserve.store.layout import CollectionPaths
from preserve.store.mementos import MementoRow
from preserve.store.quota import Quotas

_KINDS = (RecordStatement, CableStatement, statements.ListingStatement, statements.MementoStatement, RunStatement)
_MOST_TRIES = 5
"""Mementos of one address that are asked for in one rescue, beyond those that were the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueRequest:
    """What is to be rescued: ``copies`` mementos of each address, none newer than ``moment`` where that is given.

    ``again``: also where as many are held already. ``dry``: only ask for the lists, and keep nothing.
    """

    urls: Sequence[str]
    copies: int = 1
    moment: datetime | None = None
    again: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """One memento that is held: where it came from, and how it compares with what was held before."""

    archive: str
    requested: str
    served: str
    record_id: str
    digest: str
    held: str
    cables: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Saved:
    """What became of one address: ``outcome`` is a reason code, ``answers`` what each archive said of it."""

    url: str
    outcome: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    complete: dict[str, bool] = field(default_factory=dict)
    listed: int = 0
    would_fetch: list[str] = field(default_factory=list)
    mementos: list[Rescued] = field(default_factory=list)
    held_before: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueReport:
    """What a rescue did. ``outcome``: complete, cancelled, or limit: a budget is used up, or the disk nearly full.

    ``asked``: requests by archive.
    """

    run: str
    outcome: str
    saved: tuple[Saved, ...]
    asked: Mapping[str, int]
    cables: int
    files: tuple[str, ...]
    checkpoint_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueEnvironment:
    """What a rescue works with."""

    config: CollectionConfig
    archives: Sequence[ArchiveConfig]
    layouts: Sequence[Layout]
    limits: Limits
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    stop: Callable[[], bool]
    progress: Callable[[str, str], None] = lambda _url, _what: None
    fetcher: Callable[[ArchiveConfig], Fetches] | None = None
    """Makes the fetcher for an archive; None: the real one."""
    turns: HostTurns | None = None
    """Those of other machines, where there are some."""


def rescue(
    request: RescueRequest, paths: CollectionPaths, writer: Writer | None, budgets: Quotas, env: RescueEnvironment
) -> RescueReport:
    """Rescues into a collection; without ``writer`` it is dry.

    Killed anywhere, the archive stays consistent and the next call goes on.

    Raises:
        LockedError: another process writes to the collection.
        ArchiveError: the archive cannot be used.
    """
    run = f"urn:uuid:{new_uuid()}"
    askers = [_asker(archive, budgets, env) for archive in env.archives]
    try:
        if request.dry or writer is None:
            ledger = Ledger.of_user(paths)
            with current_catalogue(paths, ledger, ProvedLog(paths, ledger)) as catalogue:
                work = _Work(request, env, askers, catalogue, None, run, paths)
                return _report(run, work, tuple(work.all()), recorder=None, size=0)
        return _kept(request, paths, writer, env, askers, run=run)
    finally:
        for asker in askers:
            asker.close()


def _kept(
    request: RescueRequest,
    paths: CollectionPaths,
    writer: Writer,
    env: RescueEnvironment,
    askers: Sequence[Asker],
    *,
    run: str,
) -> RescueReport:
    started = format_utc(env.clock())
    with (
        WritingSession(paths, writer, command=f"rescue --into {paths.name}", kinds=_KINDS) as session,
        TextSpool.of(paths) as spool,
    ):
        first = session.ledger.size
        recorder = RescueRecorder(
            paths,
            session,
            limits=env.limits,
            run=run,
            warcinfo=_warcinfo(env, run),
            clock=env.clock,
            take_text=spool.put,
        )
        held = ProvedLog(paths, Ledger(paths, writer.installation.secret()), own_from=first)
        work = _Work(request, env, askers, session.catalogue.proved_by(held), recorder, run, paths)
        try:
            saved = tuple(work.all())
            recorder.seal()
            for where, code, detail in recorder.findings if saved else ():
                saved[-1].findings.append(Finding(code=code, where=where, detail=detail))
        except BaseException:
            recorder.abandon()
            raise
        _state_run(session, recorder, run=run, started=started, first=first, saved=saved, work=work)
        size = session.finish()
        index_stated(paths, writer.installation.readers_secret(), spool, env.stop)
        return _report(run, work, saved, recorder=recorder, size=size)


def _asker(archive: ArchiveConfig, budgets: Quotas, env: RescueEnvironment) -> Asker:
    make: Callable[[ArchiveConfig], Fetches] = env.fetcher or (
        lambda chosen: Fetcher(
            user_agent=env.config.user_agent,
            limits=env.limits,
            allow_addresses=chosen.allow_addresses,
            verify_tls=True,
            proxy=env.config.proxy,
        )
    )
    fetcher = in_turn(make(archive), env.turns, archive.delay_s)
    return Asker(archive, fetcher, budgets, limits=env.limits, clock=env.clock, wait=env.wait, stop=env.stop)


def _report(
    run: str, work: "_Work", saved: tuple[Saved, ...], *, recorder: RescueRecorder | None, size: int
) -> RescueReport:
    return RescueReport(
        run=run,
        outcome=work.outcome,
        saved=saved,
        asked={asker.archive.name: asker.asked for asker in work.askers},
        cables=0 if recorder is None else recorder.cables,
        files=() if recorder is None else tuple(f.name for f in recorder.sealed),
        checkpoint_size=size,
    )


def _warcinfo(env: RescueEnvironment, run: str) -> dict[str, str]:
    return {
        "software": PROGRAM,
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "http-header-user-agent": env.config.user_agent,
        "operator": env.config.contact,
        "isPartOf": env.config.name,
        "description": "Mementos of lost pages, as web archives served them",
        "run": run,
    }


def _state_run(
    session: WritingSession,
    recorder: RescueRecorder,
    *,
    run: str,
    started: str,
    first: int,
    saved: Sequence[Saved],
    work: "_Work",
) -> None:
    def urls() -> Iterator[RunEnd]:
        for one in saved:
            yield RunEnd(url=one.url, outcome=state_of(one.outcome), reason=one.outcome)

    manifest = RunStatement(
        run=run,
        started=started,
        ended=format_utc(work.env.clock()),
        outcome=work.outcome,
        program=PROGRAM,
        files=tuple(Sealed(name=f.name, size=f.size, sha256=f.sha256, records=f.records) for f in recorder.sealed),
        counts=dict(Counter(state_of(one.outcome) for one in saved)),
        refused={},
        first_statement=first,
        last_statement=session.ledger.size - 1,
    )
    for statement in in_parts(manifest, urls):
        session.state([statement])


@dataclass(slots=True)
class _Work:
    """The addresses of one rescue, one after another."""

    request: RescueRequest
    env: RescueEnvironment
    askers: Sequence[Asker]
    catalogue: Catalogue
    recorder: RescueRecorder | None
    run: str
    paths: CollectionPaths
    outcome: str = "complete"

    def all(self) -> Iterator[Saved]:
        """What became of each address, until it is told to stop."""
        seen: set[str] = set()
        for url in self.request.urls:
            key = canonical(url)
            if key in seen:
                continue
            seen.add(key)
            if self.env.stop():
                self.outcome = "cancelled"
                return
            if free_bytes(self.paths.folder) < self.env.limits.min_free_bytes:
                self.outcome = "limit"
                return
            yield self._one(url)

    def _one(self, url: str) -> Saved:
        saved = Saved(url=url)
        tried = {(row.archive, row.requested): row for row in self.catalogue.mementos_of(url)}
        saved.held_before = sum(row.verdict == PAGE for row in tried.values())
        if saved.held_before >= self.request.copies and not self.request.again:
            saved.outcome = RESCUED
            return saved
        candidates: list[Candidate] = []
        for asker in self.askers:
            listing = self._list(asker, url, saved)
            candidates += listing.candidates.values()
        saved.listed = len(candidates)
        self._fetch(url, order(candidates, self.request.moment), tried, saved)
        if saved.mementos or saved.would_fetch or saved.held_before:
            saved.outcome = RESCUED
        elif candidates:
            saved.outcome = NO_GOOD_MEMENTO
        else:
            # "Not archived" only where every archive said so.
            saved.outcome = NOT_ARCHIVED if set(saved.answers.values()) == {NONE} else NO_ANSWER
        return saved

    def _list(self, asker: Asker, url: str, saved: Saved) -> MementoListing:
        self.env.progress(url, f"asking {asker.archive.name}")
        asked = format_utc(self.env.clock())
        records: list[str] = []
        recorder = self.recorder
        listing = list_mementos(
            asker,
            url,
            lambda reply: None if recorder is None else records.append(recorder.keep(reply, via=url, hop="listing")),
        )
        self._note_stop(listing.not_asked)
        saved.answers[asker.archive.name] = listing.answer
        saved.complete[asker.archive.name] = listing.complete
        saved.findings += listing.findings
        if recorder is not None:
            recorder.state(
                statements.ListingStatement(
                    run=self.run,
                    archive=asker.archive.name,
                    uri=url,
                    asked=asked,
                    answer=listing.answer,
                    complete=listing.complete,
                    mementos=len(listing.candidates),
                    records=tuple(records[:_MOST_NAMED]),
                    reasons=tuple(sorted({finding.code for finding in listing.findings})),
                )
            )
            recorder.commit()
        return listing

    def _fetch(
        self, url: str, candidates: Sequence[Candidate], tried: Mapping[tuple[str, str], MementoRow], saved: Saved
    ) -> None:
        by_name = {asker.archive.name: asker for asker in self.askers}
        wanted = self.request.copies - (0 if self.request.again else saved.held_before)
        tries = 0
        for candidate in candidates:
            before = tried.get((candidate.archive, format_utc(candidate.moment)))
            if before is not None and before.verdict not in PASSING and not self.request.again:
                continue
            if len(saved.mementos) + len(saved.would_fetch) >= wanted or tries >= _MOST_TRIES + wanted:
                return
            tries += 1
            if self.recorder is None:
                saved.would_fetch.append(candidate.url)
                continue
            self.env.progress(url, f"{candidate.archive} {candidate.timestamp}")
            try:
                self._memento(by_name[candidate.archive], candidate, url, saved, self.recorder)
            except NotAskedError as error:
                self._note_stop(error.reason)
                saved.findings.append(Finding(code="W-RESCUE-NOT-ASKED", where=candidate.url, detail=error.reason))
                return

    def _memento(self, asker: Asker, candidate: Candidate, url: str, saved: Saved, recorder: RescueRecorder) -> None:
        held = KnownMemento(self.paths, self.catalogue, self.env.layouts, self.env.limits)
        got = fetch_memento(asker, candidate, url, recorder, held, layouts=self.env.layouts)
        verdict = got.verdict
        saved.findings += verdict.findings
        served = None if verdict.served is None else format_utc(verdict.served)
        recorder.state(
            statements.MementoStatement(
                run=self.run,
                archive=candidate.archive,
                archive_title=asker.archive.title,
                uri=url,
                memento=got.address,
                requested=format_utc(candidate.moment),
                served=served,
                record_id=got.record_id,
                status=got.status,
                verdict=verdict.kind,
                reasons=tuple(sorted({finding.code for finding in verdict.findings})),
                claimed_digest=candidate.digest,
                digest=verdict.digest,
                held=got.held,
            )
        )
        recorder.commit()
        if verdict.kind == PAGE:
            saved.mementos.append(
                Rescued(
                    archive=candidate.archive,
                    requested=format_utc(candidate.moment),
                    served=served or "",
                    record_id=got.record_id or "",
                    digest=verdict.digest,
                    held=got.held,
                    cables=got.cables,
                )
            )

    def _note_stop(self, reason: str) -> None:
        if reason == STOPPED:
            self.outcome = "cancelled"
        elif reason and self.outcome == "complete":
            self.outcome = "limit"


_MOST_NAMED = 200
"""Records of one list that are named in its statement."""
