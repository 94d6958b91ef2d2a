"""One capture run of one collection: the wiring of the crawler.

The path of a URL here: frontier, keeper, worker (scope, robots.txt, pace, fetch), records, group, keeper, links. Every
URL ends as exactly one outcome; a run that was stopped is continued by the next.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from preserve import PROGRAM
from preserve.cables.layouts import Layout
from preserve.config.adaptive import AdaptiveConfig
from preserve.config.collection import CollectionConfig
from preserve.crawler.crew import Crew, ForkedCrew, MakeWorker, OneWorker
from preserve.crawler.dated import DatedFetches
from preserve.crawler.due import DueTimes
from preserve.crawler.frontier import Found, Frontier, RunInfo
from preserve.crawler.group import GroupWriter
from preserve.crawler.keeper import Keeper, Progress
from preserve.crawler.page import PageWriter, Wanted
from preserve.crawler.revisit import Revisits
from preserve.crawler.scope import Scope
from preserve.crawler.stamping import Ask, Stamped, stamp
from preserve.crawler.worker import Sink, Worker
from preserve.formats.note import Signer
from preserve.limits import Limits
from preserve.model import format_utc, parse_utc
from preserve.net.addresses import split_url
from preserve.net.fetch import Fetcher, Fetches
from preserve.provenance.clock import ServerClock, check_clock
from preserve.provenance.derive import Adopted, adopt_open_files, catch_up, refuse_newer
from preserve.provenance.ledger import Ledger
from preserve.provenance.rows import row_of
from preserve.provenance.statements import Ended, Run, Sealed, in_parts
from preserve.store.catalogue import Catalogue
from preserve.store.durable import Lock, free_bytes, remove_parts
from preserve.store.index import write_index
from preserve.store.layout import CollectionPaths

_MAX_PROBLEMS = 1000
"""Addresses without a full reply that are told one by one; the run's statement has them all."""
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
    adopted: tuple[Adopted, ...]
    checkpoint_size: int
    stamped: tuple[Stamped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run takes from outside, so that a test can give it other things."""

    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    stop: Callable[[], bool]
    """Asked between exchanges: when it says yes, what is under way is finished, sealed and stated."""
    progress: Callable[[Progress], None]
    account: Callable[[str, str, str], None] = lambda _url, _state, _reason: None
    """Takes address, state and reason of every address, at the end."""
    fetcher: Callable[[], Fetches] | None = None
    """Makes the fetcher of a worker; None: the real one."""
    ask: Ask | None = None
    """Asks a time authority; None: over HTTP."""
    clock_is_right: bool = False
    """Somebody says so: it is held against nothing."""


def capture(
    config: CollectionConfig,
    paths: CollectionPaths,
    signer: Signer,
    *,
    layouts: Mapping[str, Layout],
    secrets: Mapping[str, str],
    limits: Limits,
    around: Surroundings,
    processes: int = 1,
    adaptive: AdaptiveConfig | None = None,
) -> RunReport:
    """Captures the collection once, or goes on with a run that did not end.

    ``secrets`` are header fields for the seeds' hosts; their values go into no record. The outcome is cancelled where
    ``around.stop`` said so, and limit where the disk has less than ``min_free_bytes`` left. With more than one process,
    hosts are dealt among them. With ``adaptive``, only addresses that were due when the run began are asked for, and
    the links of the others are taken from what is held. Killed anywhere, the archive stays consistent
    (see ``docs/invariants.md``).

    Raises:
        LockedError: another process writes to the collection.
        ArchiveError: the archive cannot be used.
        NewerFormatError: its ledger has statements that a newer program wrote.
        EnvironmentFaultError: a capture process died.
        ClockError: the clock contradicts the ledger, its receipts or the first server that says a time.
    """
    chosen = [layouts[name] for name in config.layouts]
    with Lock(paths.lock, f"preserve capture {config.name}"):
        ledger = Ledger(paths)
        refuse_newer(paths, ledger)
        remove_parts(paths)
        with Frontier.open(paths) as frontier, Catalogue.open(paths) as catalogue:
            catch_up(paths, ledger, catalogue)
            if not around.clock_is_right:
                check_clock(paths, around.clock(), last_ended=catalogue.last_run_ended())
            info = frontier.start_or_resume_run(around.clock())
            first_statement = ledger.size
            adopted = adopt_open_files(paths, ledger, chosen, limits, run=info.run_id)
            catch_up(paths, ledger, catalogue)
            frontier.settle(catalogue.replies_of_run(info.run_id))
            holds_replies = catalogue.holds_replies
        recipe = _Recipe(config, paths, chosen, secrets, limits, around, info, holds_replies, adaptive)
        # Before the databases are opened again: no open database may cross a fork.
        forked = ForkedCrew(recipe.worker, processes) if processes > 1 else None
        try:
            with Frontier.open(paths) as frontier, Catalogue.open(paths) as catalogue:
                frontier.settle()
                keeper = Keeper(frontier, ledger, catalogue, progress=around.progress)
                crew = _crew(forked, recipe.worker, keeper)
                with closing(crew):
                    outcome = _crawl(recipe, keeper, crew)
                ending = _Ending(config, paths, ledger, frontier, catalogue, keeper, info, around)
                return ending.finish(signer, outcome=outcome, adopted=adopted, first_statement=first_statement)
        finally:
            if forked is not None:
                forked.close()


def _crew(forked: ForkedCrew | None, make_worker: MakeWorker, keeper: Keeper) -> Crew:
    if forked is None:
        return OneWorker(make_worker, keeper)
    forked.serve(keeper)
    return forked


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Everything that a worker is made from, in whatever process."""

    config: CollectionConfig
    paths: CollectionPaths
    layouts: list[Layout]
    secrets: Mapping[str, str]
    limits: Limits
    around: Surroundings
    info: RunInfo
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
            hand_over=sink.committed,
            second_reader=config.second_reader,
        )
        catalogue = Catalogue.open(self.paths, read_only=True) if self.holds_replies else None
        revisits = None if catalogue is None else Revisits(self.paths, catalogue, self.info.run_id)
        due = None
        if catalogue is not None and revisits is not None and self.adaptive is not None:
            # By the time at which the run began: continued later, it asks for what it would have asked for.
            began = parse_utc(self.info.started)
            due = DueTimes(catalogue, revisits, self.adaptive, now=began)
        pages = PageWriter(
            writer=writer,
            scope=Scope(
                include=config.scope.include,
                exclude=config.scope.exclude,
                max_depth=config.scope.max_depth,
                requisites=config.scope.requisites,
                this_year=around.clock().year,
                traps=config.scope.traps == "skip",
            ),
            revisits=revisits,
            due=due,
            layouts=self.layouts,
            limits=limits,
            wanted=Wanted(requisites=config.scope.requisites, sitemaps=config.scope.sitemaps, feeds=config.scope.feeds),
            conditional=config.politeness.conditional,
        )
        return Worker(
            pages=pages,
            fetcher=self._fetcher(),
            sink=sink,
            limits=limits,
            delay_s=config.politeness.delay_s,
            obey_robots=config.politeness.robots == "obey",
            clock=around.clock,
            wait=around.wait,
        )

    def _fetcher(self) -> Fetches:
        fetcher = self._plain_fetcher()
        if self.around.clock_is_right or self.config.server_clock == "ignore":
            return fetcher
        return DatedFetches(fetcher, ServerClock(self.around.clock))

    def _plain_fetcher(self) -> Fetches:
        if self.around.fetcher is not None:
            return self.around.fetcher()
        return Fetcher(
            user_agent=self.config.user_agent,
            limits=self.limits,
            allow_addresses=self.config.allow_addresses,
            verify_tls=self.config.tls == "verify",
            secrets=self.secrets,
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


def _crawl(recipe: _Recipe, keeper: Keeper, crew: Crew) -> str:
    """Deals and works until nothing is left, or it is told to stop; returns the outcome."""
    keeper.seed(Found.seeds(recipe.config.seeds))
    outcome = "cancelled"
    rounds = 0
    while not recipe.around.stop():
        if rounds % _DISK_EVERY == 0 and free_bytes(recipe.paths.folder) < recipe.limits.min_free_bytes:
            outcome = "limit"
            break
        rounds += 1
        keeper.deal(crew.assign)
        if keeper.is_done:
            # What a worker holds back may be addresses to be asked again.
            crew.work()
            if keeper.is_settled:
                outcome = "complete"
                break
            continue
        crew.work()
    crew.finish()
    return outcome


@dataclass(frozen=True, slots=True)
class _Ending:
    """The end of a run: the run's statement, the index, a signed checkpoint; and only then the run is over.

    Receipts for the checkpoint come last: an authority that fails takes nothing from the run.
    """

    config: CollectionConfig
    paths: CollectionPaths
    ledger: Ledger
    frontier: Frontier
    catalogue: Catalogue
    keeper: Keeper
    info: RunInfo
    around: Surroundings

    def finish(self, signer: Signer, *, outcome: str, adopted: list[Adopted], first_statement: int) -> RunReport:
        counts, refused = self.frontier.counts(), self.frontier.refused()
        run = Run(
            run=self.info.run_id,
            started=self.info.started,
            ended=format_utc(self.around.clock()),
            outcome=outcome,
            program=PROGRAM,
            files=tuple(
                Sealed(name=f.name, size=f.size, sha256=f.sha256, records=f.records) for f in self.keeper.sealed
            ),
            counts=counts,
            refused=refused,
            first_statement=first_statement,
            last_statement=self.ledger.size - 1,
        )
        for statement in in_parts(run, self._urls):
            indexes = self.ledger.append([statement])
            self.catalogue.apply(indexes.start, [row_of(statement)])
        self.catalogue.commit()
        # The index before the checkpoint: once all statements are covered, everything derived agrees with them.
        write_index(self.paths, self.catalogue)
        checkpoint = self.ledger.checkpoint(signer)
        for url, state, reason in chain(self.frontier.report(), self.frontier.left_out()):
            self.around.account(url, state, reason)
        if outcome == "complete":
            self.frontier.end_run(self.around.clock())
        stamped = stamp(
            self.paths,
            self.config.time_authorities,
            limits=self.config.limits,
            proxy=self.config.proxy,
            ask=self.around.ask,
        )
        return RunReport(
            run=self.info.run_id,
            resumed=self.info.resumed,
            outcome=outcome,
            counts=counts,
            reasons=self.frontier.reasons(),
            refused=refused,
            problems=tuple(self.frontier.problems(_MAX_PROBLEMS)),
            cables=self.keeper.cables,
            findings=tuple(self.keeper.findings),
            findings_total=self.keeper.found,
            files=tuple(f.name for f in self.keeper.sealed),
            adopted=tuple(adopted),
            checkpoint_size=checkpoint.size,
            stamped=tuple(stamped),
        )

    def _urls(self) -> Iterator[Ended]:
        for url, state, reason in self.frontier.report():
            yield Ended(url=url, outcome=state, reason=reason)
