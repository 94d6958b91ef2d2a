"""The state of collections in the text format of Prometheus (version 0.0.4). Pure: who asked makes a file of it.

`prometheus_client` writes the text (ADR 27). What is measured is read from disk at each call, so nothing is counted in
the registry of that library; one is made for each text.
"""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from preserve import __version__
from preserve.health.collections import CollectionState, JobState


class _Gauges(Collector):
    """Metrics by name: all samples of one stand together. What has no sample is left out."""

    def __init__(self) -> None:
        self._families: dict[str, GaugeMetricFamily] = {}

    def put(self, name: str, text: str, value: float | None, **labels: str) -> None:
        """Adds a sample, unless the value is not known. A metric has the same names of labels in every sample."""
        if value is None:
            return
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = GaugeMetricFamily(f"preserve_{name}", text, labels=tuple(labels))
        family.add_metric(tuple(labels.values()), value)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What was put, in that order."""
        yield from self._families.values()


def metrics(states: Sequence[CollectionState], now: int, *, open_alarms: int | None, unsent_alarms: int | None) -> str:
    """The exposition. Times are seconds since 1970; a value that is not known has no sample."""
    gauges = _Gauges()
    gauges.put("info", "The program that looked.", 1, version=__version__)
    gauges.put("status_time_seconds", "When it was looked.", now)
    gauges.put("alarms_open", "Alarms that are raised.", open_alarms)
    gauges.put("alarms_unsent", "Messages of alarms that no channel has taken yet.", unsent_alarms)
    for state in states:
        gauges.put("wrong", "Things that the operator must look at.", len(state.wrong), collection=state.name)
        for name, text, value in _of_collection(state):
            gauges.put(name, text, value, collection=state.name)
        for job in state.jobs:
            for name, text, value in _of_job(job):
                gauges.put(name, text, value, collection=state.name, job=job.job)
        if state.holding is not None:
            for authority, size in state.holding.receipts.items():
                text = "Statements that a time authority vouches for."
                gauges.put("receipt_statements", text, size, collection=state.name, authority=authority)
        if state.links is not None:
            for name, count in state.links.counts.items():
                gauges.put("links", "Addresses by what became of them.", count, collection=state.name, state=name)
    registry = CollectorRegistry()
    registry.register(gauges)
    return generate_latest(registry).decode("utf-8")


def _of_collection(state: CollectionState) -> Iterator[tuple[str, str, float | None]]:
    holding, checked = state.holding, state.checked
    if holding is not None:
        yield "runs", "Runs that kept records.", holding.runs
        yield "records", "Records held.", holding.records
        yield "cables", "Cables held, by their published ids.", holding.cables
        yield "warc_files", "WARC files held.", holding.warc_files
        yield "warc_bytes", "Size of the WARC files.", holding.warc_bytes
        yield "archive_bytes", "Size of the whole archive.", holding.all_bytes
        yield "ledger_statements", "Statements in the ledger.", holding.statements
        yield "ledger_covered_statements", "Statements under a signed checkpoint.", holding.covered
        yield "receipts_failing", "Receipts that time authorities failed to give.", len(holding.unstamped)
        yield "quarantined_files", "Damaged files that repairs moved away.", holding.quarantined
    full, last = checked.full, checked.last
    yield (
        "full_check_time_seconds",
        "Start of the last check of everything.",
        None if full is None else full.started,
    )
    yield "check_time_seconds", "End of the last check of any level.", None if last is None else last.ended
    yield (
        "damaged",
        "1 where damage was found and no good full check came after it.",
        float(checked.damage is not None),
    )
    yield "free_bytes", "Bytes free on the archive's disk.", state.free_bytes
    yield "min_free_bytes", "Bytes free below which captures stop.", state.min_free_bytes


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
