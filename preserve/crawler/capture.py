"""One capture run of one collection: the wiring of the crawler.

The path of a URL here: frontier, scope, robots.txt, pace, fetch, records, group commit, links. Every URL ends as
exactly one outcome; a run that was stopped is continued by the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from preserve import __version__
from preserve.cables.layouts import Layout
from preserve.config import CollectionConfig
from preserve.crawler.addresses import split_url
from preserve.crawler.exchange import Exchange
from preserve.crawler.fetch import Fetcher
from preserve.crawler.frontier import CHALLENGE, Frontier, Outcome, RunInfo, Target
from preserve.crawler.group import CaptureGroup
from preserve.crawler.links import extract_links
from preserve.crawler.pace import Pace
from preserve.crawler.records import BuiltRecord, RevisitOf, exchange_records
from preserve.crawler.revisit import Revisits
from preserve.crawler.robots import REFUSED, RobotsRules, robots_url
from preserve.crawler.scope import SCOPE_REASONS, Scope
from preserve.errors import CancelledError, FormatError
from preserve.formats.http1 import Payload, payload_of
from preserve.formats.note import Signer
from preserve.formats.urls import resolve
from preserve.limits import Limits
from preserve.model import format_utc
from preserve.provenance.derive import Adopted, adopt_open_files, catch_up
from preserve.provenance.describe import HTML_TYPES, challenge_in, decoded_content, media_type
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import run_statements
from preserve.store.catalogue import Catalogue
from preserve.store.durable import Lock, free_bytes, remove_parts
from preserve.store.index import write_index
from preserve.store.layout import CollectionPaths

PROGRAM = f"preserve/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is, for a display."""

    done: int
    waiting: int
    url: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did. ``outcome``: complete, cancelled, limit. ``problems``: address, state, reason of what failed."""

    run: str
    resumed: bool
    outcome: str
    counts: Mapping[str, int]
    problems: tuple[tuple[str, str, str], ...]
    cables: int
    files: tuple[str, ...]
    adopted: tuple[Adopted, ...]
    checkpoint_size: int


@dataclass(slots=True)
class _Run:
    """Everything one run holds."""

    config: CollectionConfig
    limits: Limits
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    stop: Callable[[], bool]
    progress: Callable[[Progress], None]
    fetcher: Fetcher
    scope: Scope
    pace: Pace
    frontier: Frontier
    catalogue: Catalogue
    revisits: Revisits
    folder: Path
    group: CaptureGroup
    robots: dict[str, RobotsRules] = field(default_factory=dict)
    done: int = 0


def capture(
    config: CollectionConfig,
    paths: CollectionPaths,
    signer: Signer,
    *,
    layouts: Mapping[str, Layout],
    secrets: Mapping[str, str],
    limits: Limits,
    clock: Callable[[], datetime],
    wait: Callable[[float], None],
    stop: Callable[[], bool],
    progress: Callable[[Progress], None],
) -> RunReport:
    """Captures the collection once, or goes on with a run that did not end.

    ``secrets`` are header fields for the seeds' hosts; their values go into no record.
    ``stop`` is asked between URLs: when it says yes, the group is finished, the file sealed and the run stated as
    cancelled; as limit where the disk has less than ``min_free_bytes`` left. Killed anywhere, the archive stays
    consistent (see ``docs/invariants.md``).

    Raises:
        LockedError: another process writes to the collection.
        ArchiveError: the archive cannot be used.
    """
    chosen = [layouts[name] for name in config.layouts]
    with (
        Lock(paths.lock, f"preserve capture {config.name}"),
        Catalogue.open(paths) as catalogue,
        Frontier.open(paths) as frontier,
    ):
        remove_parts(paths)
        ledger = Ledger(paths)
        info = frontier.start_or_resume_run(clock())
        # Only what was stated before counts as captured. Records adopted below are kept, but their links may not have
        # been saved, so their addresses are fetched again.
        catch_up(paths, ledger, catalogue)
        frontier.settle(catalogue.replies_of_run(info.run_id))
        first_statement = ledger.size
        adopted = adopt_open_files(paths, ledger, chosen, limits, run=info.run_id)
        catch_up(paths, ledger, catalogue)
        run = _Run(
            config=config,
            limits=limits,
            clock=clock,
            wait=wait,
            stop=stop,
            progress=progress,
            fetcher=Fetcher(
                user_agent=config.user_agent,
                limits=limits,
                allow_addresses=config.allow_addresses,
                verify_tls=config.tls == "verify",
                secrets=secrets,
                secret_origins=[split_url(seed)[0] for seed in config.seeds],
                proxy=config.proxy,
            ),
            scope=Scope(include=config.scope.include, exclude=config.scope.exclude, max_depth=config.scope.max_depth),
            pace=Pace(delay_s=config.politeness.delay_s),
            frontier=frontier,
            catalogue=catalogue,
            revisits=Revisits(paths, catalogue),
            folder=paths.folder,
            group=CaptureGroup(
                paths=paths,
                ledger=ledger,
                catalogue=catalogue,
                frontier=frontier,
                layouts=chosen,
                limits=limits,
                run=info.run_id,
                warcinfo=_warcinfo(config, info),
                clock=clock,
            ),
        )
        try:
            outcome = _crawl(run)
            return _finish(
                run,
                ledger=ledger,
                paths=paths,
                signer=signer,
                info=info,
                outcome=outcome,
                adopted=adopted,
                first_statement=first_statement,
            )
        finally:
            # After a fault the file stays open by name; the next run cuts its tail, seals it and adopts its records.
            run.group.abandon()
            run.fetcher.close()


def _warcinfo(config: CollectionConfig, info: RunInfo) -> dict[str, str]:
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
    }


def _crawl(run: _Run) -> str:
    for seed in run.config.seeds:
        run.frontier.add(seed, via=None, depth=0, hop="seed")
    try:
        while not run.stop():
            if free_bytes(run.folder) < run.limits.min_free_bytes:
                return "limit"
            target = run.frontier.next_target()
            if target is None:
                return "complete"
            _visit(run, target)
    except CancelledError:
        # Told to stop while the rules of a host were being asked for.
        return "cancelled"
    return "cancelled"


def _visit(run: _Run, target: Target) -> None:
    reason = _refusal(run, target)
    if reason is not None:
        state = "skipped" if reason in SCOPE_REASONS or reason == REFUSED else "failed"
        run.group.add([], Outcome(key=target.key, state=state, reason=reason))
        _tell(run, target.url, reason)
        return
    if not _pause(run, target.url):
        return
    asked = run.revisits.newest(target.url) if run.config.politeness.conditional else None
    exchange = run.fetcher.fetch(target.url, asked.conditions if asked is not None else None)
    run.pace.done(target.url, run.clock())
    payload = _payload(exchange)
    repeats = run.revisits.repeated(exchange, payload, asked)
    records = _records(run, exchange, repeats, via=target.via, hop=target.hop)
    label = _label(exchange, payload, run.limits)
    if exchange.error is None and payload is not None and label != CHALLENGE:
        # A page that was not sent again still has its links.
        unchanged = repeats is not None and repeats.not_modified and asked is not None
        _follow(run, target, asked.payload if unchanged and asked is not None else payload)
    state = "done" if exchange.response_bytes else "failed"
    run.group.add(records, Outcome(key=target.key, state=state, reason=label))
    _tell(run, target.url, label)


def _records(
    run: _Run, exchange: Exchange, repeats: RevisitOf | None, *, via: str | None, hop: str
) -> list[BuiltRecord]:
    run.group.open_file()
    tls = exchange.peer.tls if exchange.peer is not None else None
    return exchange_records(
        exchange,
        warcinfo_id=run.group.warcinfo_id,
        via=via,
        hop=hop,
        revisit_of=repeats,
        with_chain=tls is not None and run.group.first_in_file(tls.chain),
    )


def _label(exchange: Exchange, payload: Payload | None, limits: Limits) -> str:
    """The outcome in one word: a reason code where something failed or was cut, else ``http-STATUS``."""
    if exchange.error is not None:
        return str(exchange.error)
    if exchange.truncated is not None:
        return f"cut-{exchange.truncated}"
    if payload is not None and challenge_in(payload, limits) is not None:
        return CHALLENGE
    return f"http-{payload.head.status}" if payload is not None else "malformed-reply"


def _tell(run: _Run, url: str, outcome: str) -> None:
    run.done += 1
    run.progress(Progress(done=run.done, waiting=run.frontier.waiting(), url=url, outcome=outcome))


def _refusal(run: _Run, target: Target) -> str | None:
    """Why a URL is not fetched, from a closed list, or None."""
    reason = run.scope.refusal(target.url, depth=target.depth, hop=target.hop)
    if reason is not None:
        return reason
    if run.config.politeness.robots == "ignore":
        return None
    rules = _robots(run, target.url)
    return None if rules.allowed(target.url) else rules.refusal


def _robots(run: _Run, url: str) -> RobotsRules:
    """The host's rules, fetched (and recorded) once a run and again when they are older than a day."""
    address = robots_url(url)
    rules = run.robots.get(address)
    if rules is not None and not rules.expired(run.clock(), run.limits):
        return rules
    current: str | None = address
    hops = 0
    exchange: Exchange | None = None
    while current is not None and hops <= run.limits.max_robots_redirects:
        if not _pause(run, current):
            raise CancelledError("cancelled")
        exchange = run.fetcher.fetch(current)
        run.pace.done(current, run.clock())
        payload = _payload(exchange)
        repeats = run.revisits.repeated(exchange, payload, None)
        run.group.add(_records(run, exchange, repeats, via=None, hop="robots"), None)
        current = _redirect(current, payload)
        hops += 1
    rules = RobotsRules.from_exchange(exchange, run.limits, now=run.clock())
    run.robots[address] = rules
    return rules


def _pause(run: _Run, url: str) -> bool:
    """Waits until the host may be asked again, in small steps; False when told to stop."""
    while (seconds := run.pace.delay(url, run.clock())) > 0:
        if run.stop():
            return False
        run.group.commit()
        run.wait(min(seconds, 0.5))
    return not run.stop()


def _payload(exchange: Exchange) -> Payload | None:
    if not exchange.response_bytes:
        return None
    try:
        return payload_of(exchange.response_bytes, exchange.method)
    except FormatError:
        return None


def _redirect(url: str, payload: Payload | None) -> str | None:
    if payload is None or payload.head.status not in {301, 302, 303, 307, 308}:
        return None
    location = payload.head.get(b"location")
    if location is None:
        return None
    return resolve(url, location.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode("utf-8"))


def _follow(run: _Run, target: Target, payload: Payload) -> None:
    """Puts a redirect's target and a page's links into the frontier."""
    location = _redirect(target.url, payload)
    if location is not None:
        hops = target.hop.count("R")
        if hops < run.limits.max_redirects:
            run.frontier.add(location, via=target.url, depth=target.depth, hop=f"{target.hop}R")
        return
    mime = media_type(payload.head)
    if payload.head.status != 200 or mime not in HTML_TYPES:  # noqa: PLR2004
        return
    content = decoded_content(payload, run.limits)
    if content is None:
        return
    content_type = payload.head.get(b"content-type")
    for link in extract_links(
        content, content_type.decode("latin-1") if content_type else None, target.url, run.limits
    ):
        if run.scope.refusal(link.url, depth=target.depth + 1, hop="link") is None:
            run.frontier.add(link.url, via=target.url, depth=target.depth + 1, hop="link")


def _finish(
    run: _Run,
    *,
    ledger: Ledger,
    paths: CollectionPaths,
    signer: Signer,
    info: RunInfo,
    outcome: str,
    adopted: list[Adopted],
    first_statement: int,
) -> RunReport:
    """Seals, states the run, writes the index, signs a checkpoint, and only then ends the run in the frontier."""
    run.group.seal()
    counts = run.frontier.counts()
    problems = tuple(run.frontier.problems())
    statements = run_statements(
        run=info.run_id,
        started=info.started,
        ended=format_utc(run.clock()),
        outcome=outcome,
        program=PROGRAM,
        files=[{"name": f.name, "size": f.size, "sha256": f.sha256, "records": f.records} for f in run.group.sealed],
        counts=counts,
        first_statement=first_statement,
        last_statement=ledger.size - 1,
        urls=[{"url": url, "outcome": state, "reason": reason} for url, state, reason in problems],
        urls_per_part=run.limits.max_run_urls_per_statement,
    )
    indexes = ledger.append(statements)
    for index, statement in zip(indexes, statements, strict=True):
        run.catalogue.apply(index, statement, None)
    run.catalogue.commit()
    # The index before the checkpoint: once all statements are covered, everything derived agrees with them.
    write_index(paths, run.catalogue)
    checkpoint = ledger.checkpoint(signer)
    if outcome == "complete":
        run.frontier.end_run(run.clock())
    return RunReport(
        run=info.run_id,
        resumed=info.resumed,
        outcome=outcome,
        counts=counts,
        problems=problems,
        cables=run.group.cables,
        files=tuple(f.name for f in run.group.sealed),
        adopted=tuple(adopted),
        checkpoint_size=checkpoint.size,
    )
