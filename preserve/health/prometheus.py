"""The state of collections in the text format of Prometheus (version 0.0.4). Pure: who asked makes a file of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from preserve import __version__
from preserve.health.collections import CollectionState, JobState

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Family:
    """One metric: all its samples stand together."""

    kind: str
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)


def metrics(states: Sequence[CollectionState], now: int, *, open_alarms: int | None, unsent_alarms: int | None) -> str:
    """The exposition. Times are seconds since 1970; a value that is not known has no sample."""
    families: dict[str, _Family] = {}

    def put(name: str, kind: str, text: str, value: float | None, *labels: tuple[str, str]) -> None:
        family = families.setdefault(f"preserve_{name}", _Family(kind, text))
        if value is not None:
            family.samples.append((labels, value))

    put("info", "gauge", "The program that looked.", 1, ("version", __version__))
    put("status_time_seconds", "gauge", "When it was looked.", now)
    put("alarms_open", "gauge", "Alarms that are raised.", open_alarms)
    put("alarms_unsent", "gauge", "Messages of alarms that no channel has taken yet.", unsent_alarms)
    for state in states:
        label = ("collection", state.name)
        put("wrong", "gauge", "Things that a keeper must look at.", len(state.wrong), label)
        for name, kind, text, value in _of_collection(state):
            put(name, kind, text, value, label)
        for job in state.jobs:
            for name, text, value in _of_job(job):
                put(name, "gauge", text, value, label, ("job", job.job))
        if state.holding is not None:
            for authority, size in state.holding.receipts.items():
                text = "Statements that a time authority vouches for."
                put("receipt_statements", "gauge", text, size, label, ("authority", authority))
        if state.links is not None:
            for name, count in state.links.counts.items():
                put("links", "gauge", "Addresses by what became of them.", count, label, ("state", name))
    return "".join(_lines(families.items()))


def _of_collection(state: CollectionState) -> Iterator[tuple[str, str, str, float | None]]:
    holding, checked = state.holding, state.checked
    if holding is not None:
        yield "runs", "gauge", "Runs that kept records.", holding.runs
        yield "records", "gauge", "Records held.", holding.records
        yield "cables", "gauge", "Cables held, by their published ids.", holding.cables
        yield "warc_files", "gauge", "WARC files held.", holding.warc_files
        yield "warc_bytes", "gauge", "Size of the WARC files.", holding.warc_bytes
        yield "archive_bytes", "gauge", "Size of the whole archive.", holding.all_bytes
        yield "ledger_statements", "gauge", "Statements in the ledger.", holding.statements
        yield "ledger_covered_statements", "gauge", "Statements under a signed checkpoint.", holding.covered
        yield "receipts_failing", "gauge", "Receipts that time authorities failed to give.", len(holding.unstamped)
        yield "quarantined_files", "gauge", "Damaged files that repairs moved away.", holding.quarantined
    full, last = checked.full, checked.last
    yield (
        "full_check_time_seconds",
        "gauge",
        "Start of the last check of everything.",
        None if full is None else full.started,
    )
    yield "check_time_seconds", "gauge", "End of the last check of any level.", None if last is None else last.ended
    yield (
        "damaged",
        "gauge",
        "1 where damage was found and no good full check came after it.",
        float(checked.damage is not None),
    )
    yield "free_bytes", "gauge", "Bytes free on the archive's disk.", state.free_bytes
    yield "min_free_bytes", "gauge", "Bytes free below which captures stop.", state.min_free_bytes


def _of_job(job: JobState) -> Iterator[tuple[str, str, float | None]]:
    standing = job.standing
    yield "schedule_begun", "1 where a scheduler has looked at the job.", float(standing is not None)
    if standing is None:
        return
    good, last, late = standing.last_good, standing.last, standing.overdue_since
    yield "schedule_next_time_seconds", "When the job is due next.", standing.next_start
    yield "schedule_last_time_seconds", "When the last run of the job was due.", None if last is None else last.start
    yield (
        "schedule_last_good_time_seconds",
        "When the last good run of the job was due.",
        None if good is None else good.start,
    )
    yield "schedule_looked_time_seconds", "When a scheduler last looked, within minutes.", standing.looked
    yield "schedule_overdue", "1 where the job is overdue.", float(late is not None)
    yield "schedule_failed_in_a_row", "Moments that failed since the last good run.", standing.failed_in_a_row
    yield (
        "schedule_steps_failed",
        "Steps that failed after the last capture.",
        sum(step.outcome == "failed" for step in standing.steps),
    )


def _lines(families: Iterable[tuple[str, _Family]]) -> Iterator[str]:
    for name, family in families:
        if not family.samples:
            continue
        yield f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n"
        for labels, value in family.samples:
            inner = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels)
            number = f"{value:d}" if isinstance(value, int) else repr(value)
            yield f"{name}{f'{{{inner}}}' if inner else ''} {number}\n"
