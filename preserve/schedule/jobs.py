"""The jobs of a collection: what is due by which rule, which command does it, and which steps follow.

Tested by ``tests/unit/schedule/test_schedule.py``.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from preserve.config.stores import names_store
from preserve.errors import CancelledError, EnvironmentFaultError, LockedError
from preserve.limits import MIB
from preserve.schedule.child import ChildEnd
from preserve.schedule.job_table import CAPTURE, DAMAGE, VERIFICATION, Judged
from preserve.schedule.run_summary import summary_of

if TYPE_CHECKING:
    from preserve.config.collection import CollectionConfig
    from preserve.config.schedule import ScheduleConfig, ScheduleRuleConfig, StepConfig

ALIVE = "alive"
"""The last step: the alive file is touched and the alive address asked for, where all before it was good."""


class Job(Struct, frozen=True, kw_only=True):
    """One job. ``kind``: capture or verification; ``words``: the command that does it.

    ``steps`` follow a run, in their order. ``store``: the first place in object storage that the collection is copied
    to; empty: none. ``proxy``, ``min_free_bytes``, ``authorities`` (those of time) and ``mute``
    are what its collection asks for.
    """

    collection: str
    kind: str
    rule: "ScheduleRuleConfig"
    words: tuple[str, ...]
    steps: tuple[str, ...] = ()
    store: str = ""
    alive_file: str | None = None
    alive_url: str | None = None
    proxy: str | None = None
    min_free_bytes: int = 0
    authorities: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.collection if self.kind == CAPTURE else f"{self.collection} {self.kind}"


def jobs_of(config: "CollectionConfig") -> list[Job]:
    """The jobs that a collection's file asks for."""
    found = []
    name = config.name
    least, authorities = config.min_free_mb * MIB, tuple(config.time_authorities)
    rule = config.schedule
    copies = [step.replicate for step in (() if rule is None else rule.steps) if step.replicate is not None]
    store = next((copy for copy in copies if names_store(copy)), "")
    if rule is not None:
        found.append(
            Job(
                collection=name,
                kind=CAPTURE,
                rule=rule,
                words=("capture", name, *(["--adaptive"] if rule.adaptive is not None else []), "--json"),
                steps=step_names(rule),
                store=store,
                alive_file=rule.alive_file,
                alive_url=rule.alive_url,
                proxy=config.proxy,
                min_free_bytes=least,
                authorities=authorities,
                mute=config.mute,
            )
        )
    if config.verification is not None:
        words = ("verify", name, "--deepen", f"{config.verification.deep:g}", "--state", "--json")
        found.append(
            Job(
                collection=name,
                kind=VERIFICATION,
                rule=config.verification,
                words=words,
                store=store,
                min_free_bytes=least,
                authorities=authorities,
            )
        )
    return found


def step_names(schedule: "ScheduleConfig") -> tuple[str, ...]:
    """The steps as the table records them: a word, and what it is about (``verify 5``, ``replicate /mnt/copy``)."""
    is_watched = schedule.alive_file is not None or schedule.alive_url is not None
    return (*(_name(step) for step in schedule.steps), *([ALIVE] if is_watched else []))


def step_words(name: str, collection: str) -> tuple[str, ...]:
    """The command that does a step other than `ALIVE`."""
    kind, _blank, about = name.partition(" ")
    if kind == "verify":
        return "verify", collection, "--sample", about, "--json"
    if kind == "receipts":
        return "ledger", "stamp", collection, "--json"
    if kind == "replicate":
        return "replicate", about, collection, "--json"
    return "export", about.rpartition(".")[2], "--collection", collection, "--output", about, "--json"


def judge(kind: str, ended: ChildEnd) -> Judged:
    """The event that the end of a job's process makes.

    Status 1 with a report is a run: some address gave no reply, or a verification found something. Status 7 never is:
    it says that the work could not be done, not that something was found. A capture that lost too many
    held pages failed.
    """
    status = status_of(ended)
    if ended.stopped and ended.status != 0:
        return Judged(outcome="failed", reason="it was stopped, and goes on", is_counted=False, status=status)
    if ended.timed_out and ended.status != 0:
        return Judged(outcome="failed", reason="it was stopped at its time limit, and goes on", status=status)
    told = ended.report
    if kind == VERIFICATION and ended.status in (0, 1) and told is not None:
        return Judged(outcome="ran", reason=_found(told), status=1 if _is_damaged(told) else 0)
    if kind == CAPTURE and ended.status in (0, 1) and told is not None and "outcome" in told:
        if lost := _lost(told):
            return Judged(outcome="failed", reason=lost, report=summary_of(told), status=1, is_over=True)
        reason = "some addresses gave no reply, or pages no cable" if ended.status else ""
        return Judged(outcome="ran", reason=reason, report=summary_of(told))
    report = summary_of(told) if told is not None and "outcome" in told else ""
    outcome = "skipped" if ended.status == LockedError.exit_status else "failed"
    return Judged(outcome=outcome, reason=_why(ended), report=report, status=status)


def _lost(report: Mapping[str, object]) -> str:
    """Why a run is not good though it came to its end: too many of the pages that are held were not to be had."""
    compared = report.get("compared")
    if not isinstance(compared, Mapping) or compared.get("good") is not False:
        return ""
    return str(compared.get("why"))[:_MAX_WORDS]


def status_of(ended: ChildEnd) -> int:
    """The exit status that says why a process was not good: its own, 7 where it gave none."""
    return ended.status if 0 < ended.status <= EnvironmentFaultError.exit_status else EnvironmentFaultError.exit_status


def status_of_all(statuses: Iterable[int]) -> int:
    """One exit status for several ends: 1 where one of them found something, else what those that failed agree on."""
    failed = set(statuses) - {0}
    if not failed or 1 in failed:
        return 1 if failed else 0
    return failed.pop() if len(failed) == 1 else EnvironmentFaultError.exit_status


def judge_step(name: str, ended: ChildEnd) -> tuple[str, str]:
    """How a step ended, and why: ``good``, ``failed``, or ``waiting`` where it was stopped and is done again."""
    if ended.stopped and ended.status != 0:
        return "waiting", "it was stopped"
    if ended.timed_out:
        return "failed", "it was stopped at its time limit"
    if name.startswith("verify") and ended.status in (0, 1) and ended.report is not None:
        found = _found(ended.report)
        return ("failed" if _is_damaged(ended.report) else "good"), found
    if ended.status == 0:
        return "good", ""
    found = "" if ended.report is None else _details(ended.report)
    return "failed", found or _why(ended)


def is_made_anew(ended: ChildEnd) -> bool:
    """Whether a copy was made where the process that made it found none."""
    told = None if ended.report is None else ended.report.get("collections")
    return isinstance(told, list) and any(isinstance(one, dict) and one.get("relation") == "new" for one in told)


def _name(step: "StepConfig") -> str:
    if step.verify is not None:
        return f"verify {step.verify:g}"
    if step.replicate is not None:
        return f"replicate {step.replicate}"
    return "receipts" if step.export is None else f"export {step.export}"


_MAX_WORDS = 300
_WHY = {
    1: "it found something wrong",
    2: "its configuration or its command line is wrong",
    3: "there is no such archive",
    LockedError.exit_status: "another process was writing to the collection",
    5: "no address answered",
    6: "it stopped at a limit, and goes on",
    EnvironmentFaultError.exit_status: "it could not be done",
    CancelledError.exit_status: "it was stopped by somebody",
}


def _why(ended: ChildEnd) -> str:
    """Why it failed: in its own words, where it had some."""
    status = ended.status
    if status < 0:
        return f"it was killed by signal {-status}"
    return f"status {status}: {ended.said[:_MAX_WORDS] or _WHY.get(status, 'it gave no reason')}"


def _is_damaged(report: Mapping[str, object]) -> bool:
    collections = report.get("collections")
    return not isinstance(collections, list) or not all(one.get("good") is True for one in collections)


def _details(report: Mapping[str, object]) -> str:
    """What the report of a copy says that it found; empty where it says nothing."""
    collections = report.get("collections")
    found = [
        f"{finding.get('code')}: {finding.get('detail')}"
        for one in (collections if isinstance(collections, list) else ())
        for finding in one.get("findings", ())
    ]
    return "; ".join(found)[:_MAX_WORDS]


def _found(report: Mapping[str, object]) -> str:
    """What a verification found, in a few words."""
    collections = report.get("collections")
    if not isinstance(collections, list):
        return "its report cannot be read"
    codes = sorted({str(finding["code"]) for one in collections for finding in one.get("findings", ())})
    told = ", ".join(codes[:10]) + (" and more" if len(codes) > 10 else "")  # noqa: PLR2004 - a line's worth
    if _is_damaged(report):
        return f"{DAMAGE}: {told or 'a claim failed'}"
    return f"something was found: {told}" if told else ""
