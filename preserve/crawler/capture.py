"""One capture run of one collection: the wiring of the crawler.

The path of a URL here: frontier, coordinator, worker (scope, robots.txt, pace, fetch), records, group, coordinator,
links. Every URL ends as exactly one outcome; a run that was stopped is continued by the next.

Tested by ``tests/scenarios/test_resume.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET

from preserve import PROGRAM
from preserve.cables.page.layouts import Layout
from preserve.config.adaptive import AdaptiveConfig
from preserve.config.collection import HELD, LINKED, CollectionConfig
from preserve.config.spans import span_seconds
from preserve.crawler.browser.gates import FLEET_PATIENCE_S, GatedFetches, HostGates, HostTurns
from preserve.crawler.browser.visit import PAGE_S, Browser, Browsing, Clicks
from preserve.crawler.compared import NOTHING_HELD, RunComparer, RunComparison
from preserve.crawler.coordinator import Progress, RunCoordinator
from preserve.crawler.dated import DatedFetches
from preserve.crawler.due import DueTimes
from preserve.crawler.frontier import FoundAddress, Frontier, RunInfo
from preserve.crawler.group import GroupWriter
from preserve.crawler.held import HeldPages
from preserve.crawler.outcomes import troubles
from preserve.crawler.page import PageWriter, WantedPage
from preserve.crawler.pool import ForkPool, InProcessPool, MakeWorker, WorkerPool
from preserve.crawler.revisit import Revisits
from preserve.crawler.scope import Scope
from preserve.crawler.stamping import Ask, Stamped, stamp
from preserve.crawler.worker import Sink, Worker
from preserve.limits import Limits
from preserve.model import format_utc, parse_utc
from preserve.net.addresses import split_url
from preserve.net.fetch import Fetcher, Fetches
from preserve.provenance.clock import ServerClock, check_clock
from preserve.provenance.describe import TakeText, readers_of
from preserve.provenance.judgements import Judgements
from preserve.provenance.leaves import Leaves
from preserve.provenance.recovery import Recovered
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import (
    CableStatement,
    ComparedRun,
    RecordStatement,
    RunEnd,
    RunStatement,
    Sealed,
    in_parts,
)
from preserve.replay.address_patterns import AddressPatterns
from preserve.replay.indexing import index_stated
from preserve.replay.muting import Muting
from preserve.replay.text_spool import TextSpool
from preserve.store.catalogue import Catalogue
from preserve.store.durable import free_bytes
from preserve.store.layout import CollectionPaths
from preserve.store.readmarks import ReadMarks

_KINDS = (RecordStatement, CableStatement, RunStatement)
_MAX_PROBLEMS = 1000
"""Addresses without a full reply that are told one by one; the run's statement has them all."""
_MOST_PUT_OFF = 10_000
"""Addresses in trouble that wait for all others."""
_DISK_EVERY = 64
"""Rounds of work between two looks at the free space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did. ``outcome``: complete, cancelled, limit. ``problems``: address, state, reason of what failed,
    the first thousand.

    ``reasons`` counts addresses by the reason of their outcome (``docs/reference/outcomes.md``), ``refused`` addresses
    that were found and not followed, by theirs.
    """

    run: str
    resumed: bool
    outcome: str
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    refused: Mapping[str, int]
    problems: tuple[tuple[str, str, str], ...]
    cables: int
    findings: tuple[tuple[str, str, str], ...]
    """Address, code and detail of pages that a layout knows and that show no whole cable, the first thousand."""
    findings_total: int
    files: tuple[str, ...]
    recovered: tuple[Recovered, ...]
    """Files that the run before left open."""
    checkpoint_size: int
    stamped: tuple[Stamped, ...]
    browser_lacks: str
    """What the browser lacked of its safest way to run; empty where nothing, or where none ran."""
    compared: RunComparison = NOTHING_HELD
    """The run held against what was held before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnvironment:
    """What a run takes from outside, so that a test can give it other things."""

    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    stop: Callable[[], bool]
    """Asked between exchanges: when it says yes, what is under way is finished, sealed and stated."""
    progress: Callable[[Progress], None]
    account: Callable[[str, str, str], None] | None = None
    """Takes address, state and reason of every address, at the end; None: nobody asks for that."""
    fetcher: Callable[[], Fetches] | None = None
    """Makes the fetcher of a worker; None: the real one."""
    ask: Ask | None = None
    """Asks a time authority; None: over HTTP."""
    turns: HostTurns | None = None
    """Turns with hosts among machines; None: this one is alone."""
    clock_is_right: bool = False
    """Somebody says so: it is held against nothing."""


def capture(  # noqa: PLR0913 - what is captured, how, and in what surroundings
    config: CollectionConfig,
    paths: CollectionPaths,
    writer: Writer,
    *,
    layouts: Mapping[str, Layout],
    secrets: Mapping[str, str],
    limits: Limits,
    around: RunEnvironment,
    processes: int = 1,
    adaptive: AdaptiveConfig | None = None,
) -> RunReport:
    """Captures the collection once, or goes on with a run that did not end.

    ``layouts`` are those that pages are read by; ``secrets`` are header fields for the seeds' hosts, whose values go
    into no record. The outcome is cancelled where ``around.stop`` said so, and limit where the disk has less than
    ``min_free_bytes`` left. With more than one process, hosts are dealt among them. With ``adaptive``, only addresses
    that were due when the run began are asked for, and the links of the others are taken from what is held. Killed
    anywhere, the archive stays consistent
    (see ``docs/invariants.md``).

    Raises:
        LockedError: another process writes to the collection.
        ArchiveError: the archive cannot be used.
        NewerFormatError: its ledger has statements that a newer program wrote.
        EnvironmentFaultError: a capture process died.
        ClockError: the clock contradicts the ledger, its receipts or the first server that says a time.
    """
    with (
        WritingSession(paths, writer, command=f"capture {config.name}", kinds=_KINDS) as session,
        TextSpool.of(paths) as spool,
    ):
        if not around.clock_is_right:
            check_clock(paths, around.clock(), last_ended=session.catalogue.last_run_ended())
        with Frontier.open_sound(paths, session.mac_of) as frontier:
            info = frontier.start_or_resume_run(around.clock())
            first_statement = session.ledger.size
            frontier.settle(info.run_id, session.replies_of_run(info.run_id))
            holds_replies = session.catalogue.holds_replies
        leaves = session.leaves()
        judgements = Judgements.read(session.catalogue, None if leaves is None else leaves.entry)
        recipe = _Recipe(
            config=config,
            paths=paths,
            layouts=list(layouts.values()),
            secrets=secrets,
            limits=limits,
            around=around,
            info=info,
            token_of=session.token_of,
            take_text=spool.put,
            leaves=leaves,
            judgements=judgements,
            holds_replies=holds_replies,
            adaptive=adaptive,
        )
        # Before the databases are opened again: no open database may cross a fork.
        session.release_catalogue()
        forked = ForkPool(recipe.worker, processes) if processes > 1 else None
        try:
            with Frontier.open(paths, session.mac_of) as frontier:
                frontier.settle(info.run_id)
                coordinator = RunCoordinator(frontier, session, progress=around.progress)
                crew = _crew(forked, recipe.worker, coordinator)
                with closing(crew):
                    outcome, left = _crawl(recipe, coordinator, crew)
                ending = _Ending(recipe, session, frontier, coordinator, left)
                report = ending.finish(outcome=outcome, first_statement=first_statement)
                ReadMarks.of(paths).add(report.files, readers_of(recipe.layouts))
                index_stated(paths, writer.installation.readers_secret(), spool, around.stop)
                return report
        finally:
            if forked is not None:
                forked.close()


def _crew(forked: ForkPool | None, make_worker: MakeWorker, coordinator: RunCoordinator) -> WorkerPool:
    if forked is None:
        return InProcessPool(make_worker, coordinator)
    forked.serve(coordinator)
    return forked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """Everything that a worker is made from, in whatever process."""

    config: CollectionConfig
    paths: CollectionPaths
    layouts: list[Layout]
    secrets: Mapping[str, str]
    limits: Limits
    around: RunEnvironment
    info: RunInfo
    token_of: Callable[[str], str]
    take_text: TakeText
    leaves: Leaves | None
    judgements: Judgements
    holds_replies: bool
    adaptive: AdaptiveConfig | None

    def worker(self, sink: Sink) -> Worker:
        """A worker that gives to ``sink``."""
        config, limits, around = self.config, self.limits, self.around
        writer = GroupWriter(
            paths=self.paths,
            limits=limits,
            run=self.info.run_id,
            warcinfo=_warcinfo(config, self.info),
            clock=around.clock,
            token_of=self.token_of,
            hand_over=sink.committed,
            take_text=self.take_text,
            second_reader=config.second_reader,
        )
        catalogue = Catalogue.open(self.paths, read_only=True) if self.holds_replies else None
        revisits = None if catalogue is None else Revisits(self.paths, catalogue, self.leaves, self.info.run_id)
        due = None
        if catalogue is not None and revisits is not None and self.adaptive is not None:
            # By the time at which the run began: continued later, it asks for what it would have asked for.
            began = parse_utc(self.info.started)
            due = DueTimes(catalogue, revisits, self.adaptive, now=began, is_known=self._knows(catalogue))
        pages = PageWriter(
            writer=writer,
            scope=self.scope(),
            revisits=revisits,
            due=due,
            layouts=self.layouts,
            limits=limits,
            wanted=WantedPage(
                requisites=config.scope.requisites, sitemaps=config.scope.sitemaps, feeds=config.scope.feeds
            ),
            conditional=config.politeness.conditional,
        )
        fetcher = self._fetcher()
        browser = None
        gates = HostGates(config.politeness.delay_s, around.turns)
        if config.browser != "off" or around.turns is not None:
            # Longer than a page may have the turn of a host; among machines, for as long as it takes.
            fetcher = GatedFetches(fetcher, gates, 2 * PAGE_S if around.turns is None else FLEET_PATIENCE_S)
        if config.browser != "off":
            browser = self._browsing(fetcher, gates)
        return Worker(
            pages=pages,
            fetcher=fetcher,
            browser=browser,
            sink=sink,
            limits=limits,
            delay_s=config.politeness.delay_s,
            obey_robots=config.politeness.robots == "obey",
            clock=around.clock,
            wait=around.wait,
            rest=gates.rest,
        )

    def _browsing(self, plain: Fetches, gates: HostGates) -> Browsing:
        """The browser, and the pages that it loads."""
        config = self.config
        browser = Browser(
            fetcher=self._made_fetcher(secrets={}),
            plain=plain,
            gates=gates,
            scope=self.scope(),
            limits=self.limits,
            agent=config.user_agent,
            obey_robots=config.politeness.robots == "obey",
            page_s=PAGE_S,
            clicks=[
                Clicks(None, click=config.browser_click),
                *(Clicks(AddressPatterns(one.pages), one.dismiss, one.click) for one in config.browser_sites),
            ],
            needs_sandbox=config.browser_sandbox == "required",
        )
        return Browsing(browser, AddressPatterns(config.browser_for) if config.browser == "pages" else None)

    def _knows(self, catalogue: Catalogue) -> Callable[[str], bool]:
        """Whether somebody knows of a page that is lost, or wants to hear nothing of it."""
        muting = Muting(self.config.mute, self.judgements)
        return lambda url: muting.holds(url) or self.judgements.is_accepted(url, lambda: catalogue.last_whole(url, ""))

    def scope(self) -> Scope:
        """What belongs to the collection."""
        scope = self.config.scope
        return Scope(
            include=(*scope.include, *self.judgements.homes),
            exclude=scope.exclude,
            max_depth=scope.max_depth,
            requisites=scope.requisites,
            this_year=self.around.clock().year,
            traps=scope.traps == "skip",
        )

    def held_pages(self, catalogue: Catalogue) -> HeldPages | None:
        """What is looked at again; None where that is nothing."""
        config = self.config
        if config.recheck == LINKED or not self.holds_replies:
            return None
        began = parse_utc(self.info.started)
        due = None
        if self.adaptive is not None:
            revisits = Revisits(self.paths, catalogue, self.leaves, self.info.run_id)
            due = DueTimes(catalogue, revisits, self.adaptive, now=began, is_known=self._knows(catalogue)).is_due
        return HeldPages(
            catalogue=catalogue,
            paths=self.paths,
            scope=self.scope(),
            max_depth=config.scope.max_depth,
            run=self.info.run_id,
            began=began,
            imported=config.recheck_imported,
            interval=timedelta(seconds=0 if config.recheck == HELD else span_seconds(config.recheck)),
            most=config.max_recheck if self.adaptive is None else None,
            is_due=due,
        )

    def _fetcher(self) -> Fetches:
        fetcher = self._plain_fetcher()
        if self.around.clock_is_right or self.config.server_clock == "ignore":
            return fetcher
        return DatedFetches(fetcher, ServerClock(self.around.clock))

    def _plain_fetcher(self) -> Fetches:
        if self.around.fetcher is not None:
            return self.around.fetcher()
        return self._made_fetcher(self.secrets)

    def _made_fetcher(self, secrets: Mapping[str, str]) -> Fetcher:
        return Fetcher(
            user_agent=self.config.user_agent,
            limits=self.limits,
            allow_addresses=self.config.allow_addresses,
            verify_tls=self.config.tls == "verify",
            secrets=secrets,
            secret_origins=[split_url(seed)[0] for seed in self.config.seeds],
            proxy=self.config.proxy,
        )


def _warcinfo(config: CollectionConfig, info: RunInfo) -> dict[str, str]:
    not_read_again = {} if config.second_reader else {"second_reader": "false"}
    return {
        "software": PROGRAM,
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "http-header-user-agent": config.user_agent,
        "operator": config.contact,
        "isPartOf": config.name,
        "description": config.title,
        "robots": config.politeness.robots,
        "run": info.run_id,
        **not_read_again,
    }


def _crawl(recipe: _Recipe, coordinator: RunCoordinator, crew: WorkerPool) -> tuple[str, Mapping[str, int]]:
    """Deals and works until nothing is left, or it is told to stop.

    Returns the outcome, and how many held pages were not looked at, by reason.
    """
    coordinator.seed(FoundAddress.seeds(recipe.config.seeds))
    with Catalogue.open(recipe.paths, read_only=True) as catalogue:
        # What made its host pause is asked for last: the pages behind it are looked at first.
        coordinator.put_off(catalogue.in_trouble(troubles(), _MOST_PUT_OFF))
        held = recipe.held_pages(catalogue)
        rest = held
        if held is not None:
            coordinator.seed(held.sample())
        outcome = "cancelled"
        rounds = 0
        while not recipe.around.stop():
            if rounds % _DISK_EVERY == 0 and free_bytes(recipe.paths.folder) < recipe.limits.min_free_bytes:
                outcome = "limit"
                break
            rounds += 1
            coordinator.deal(crew.assign)
            if not coordinator.is_done:
                crew.work()
                continue
            # What a worker holds back may be addresses to be asked again.
            crew.work()
            if not coordinator.is_settled:
                continue
            is_more = (rest is not None and coordinator.seed_rest(rest)) or coordinator.release()
            rest = None
            if not is_more:
                outcome = "complete"
                break
        crew.finish()
        return outcome, {} if held is None else held.left


@dataclass(frozen=True, slots=True)
class _Ending:
    """The end of a run: the run's statement, the index, a signed checkpoint; and only then the run is over.

    Receipts for the checkpoint come last: an authority that fails takes nothing from the run.
    """

    recipe: _Recipe
    session: WritingSession
    frontier: Frontier
    coordinator: RunCoordinator
    left: Mapping[str, int]
    """Held pages that were not looked at, by reason."""

    def finish(self, *, outcome: str, first_statement: int) -> RunReport:
        """Ends the run with this outcome; the report for a person."""
        self.frontier.save()
        counts, refused = self.frontier.counts(), self.frontier.refused()
        compared = self._compared()
        run = RunStatement(
            run=self.recipe.info.run_id,
            started=self.recipe.info.started,
            ended=format_utc(self.recipe.around.clock()),
            outcome=outcome,
            program=PROGRAM,
            files=tuple(
                Sealed(name=f.name, size=f.size, sha256=f.sha256, records=f.records) for f in self.coordinator.sealed
            ),
            counts=counts,
            refused=refused,
            first_statement=first_statement,
            last_statement=self.session.ledger.size - 1,
            compared=UNSET if compared is NOTHING_HELD else _stated(compared),
        )
        for statement in in_parts(run, self._urls):
            self.session.state([statement])
        size = self.session.finish()
        if self.recipe.around.account is not None:
            for url, state, reason, _seen in self.frontier.report():
                self.recipe.around.account(url, state, reason)
            for url, state, reason in self.frontier.left_out():
                self.recipe.around.account(url, state, reason)
        if outcome == "complete":
            self.frontier.end_run(self.recipe.around.clock())
        stamped = stamp(
            self.recipe.paths,
            self.recipe.config.time_authorities,
            limits=self.recipe.config.limits,
            proxy=self.recipe.config.proxy,
            ask=self.recipe.around.ask,
        )
        return RunReport(
            run=self.recipe.info.run_id,
            resumed=self.recipe.info.resumed,
            outcome=outcome,
            counts=counts,
            reasons=self.frontier.reasons(),
            refused=refused,
            problems=tuple(self.frontier.problems(_MAX_PROBLEMS)),
            cables=self.coordinator.cables,
            findings=tuple(self.coordinator.findings),
            findings_total=self.coordinator.found,
            files=tuple(f.name for f in self.coordinator.sealed),
            recovered=self.session.recovered,
            checkpoint_size=size,
            stamped=tuple(stamped),
            browser_lacks=self.coordinator.browser_lacks,
            compared=compared,
        )

    def _compared(self) -> RunComparison:
        if not self.recipe.holds_replies:
            return NOTHING_HELD
        comparison = RunComparer(
            catalogue=self.session.catalogue,
            paths=self.recipe.paths,
            layouts=self.recipe.layouts,
            limits=self.recipe.config.limits,
            run=self.recipe.info.run_id,
            seeds=frozenset(found.url for found in FoundAddress.seeds(self.recipe.config.seeds)),
            alarm_lost=self.recipe.config.alarm_lost,
            judgements=self.recipe.judgements,
            muting=Muting(self.recipe.config.mute, self.recipe.judgements),
        )
        return comparison.of(self.frontier, self.left)

    def _urls(self) -> Iterator[RunEnd]:
        for url, state, reason, seen in self.frontier.report():
            yield RunEnd(url=url, outcome=state, reason=reason, seen=seen or UNSET)


def _stated(compared: RunComparison) -> ComparedRun:
    return ComparedRun(
        seen=dict(compared.seen),
        left=dict(compared.left),
        looked=compared.looked,
        lost=compared.lost,
        accepted=compared.accepted,
        muted=compared.muted,
        quiet=compared.quiet,
        good=compared.good,
    )
