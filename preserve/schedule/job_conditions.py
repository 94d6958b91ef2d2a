"""What the state of a job says of things that alarms are for. Pure: the state is durable, so nothing observed is lost.

An observation names its occasion (a due moment, a check); looking again at the same state is the same occasion. What
has none of its own, such as a full disk, is sampled once an hour.
"""

from collections.abc import Mapping, Sequence

from preserve.alarms.values import Condition, Observation
from preserve.config.alarm_kinds import AlarmKind
from preserve.findings import Finding
from preserve.limits import MIB
from preserve.model import moment_text
from preserve.provenance.receipts import failed_authority
from preserve.schedule.job_table import CAPTURE, SCHEDULE_CHANGED, JobEvent, JobStatus
from preserve.schedule.jobs import Job
from preserve.store.checks import Check, lasting_damage

FILE = "file"
"""The subject of a collection's file that has mistakes."""
_SAMPLE_S = 3600


def observe_job(job: Job, standing: JobStatus, now: int) -> list[Observation]:
    """Of how a job stands: failing, overdue, clock, steps; of a capture's report: challenges, certificates."""
    subject = "" if job.kind == CAPTURE else f"{job.kind} runs"
    failing = AlarmKind.CAPTURE_FAILING if job.kind == CAPTURE else AlarmKind.SCHEDULE_FAILING
    late = standing.overdue_since
    found = [
        Observation(
            collection=job.collection,
            kind=AlarmKind.OVERDUE,
            subject=subject,
            bad=late is not None,
            summary="nothing is overdue" if late is None else f"due {moment_text(late)}, no good run since",
            occasion=late if late is not None else standing.next_start,
        ),
        Observation(
            collection=job.collection,
            kind=AlarmKind.CLOCK_BACK,
            subject=subject,
            bad=standing.clock_back,
            summary=f"the clock is {'before' if standing.clock_back else 'past'} the last moment recorded",
            occasion=now // _SAMPLE_S,
        ),
    ]
    if (unseen := standing.unseen) is not None:
        missed = f"{unseen.missed:,} due moments were missed" if unseen.missed != 1 else "1 due moment was missed"
        found.append(
            Observation(
                collection=job.collection,
                kind=AlarmKind.NOT_LOOKED,
                subject=subject,
                bad=True,
                summary=f"none looked from {moment_text(unseen.began)} to {moment_text(unseen.ended)}: {missed}",
                # One such time begins after each look; an end may be a moment of a clock that was ahead.
                occasion=unseen.began,
            )
        )
    for event in _to_tell(standing.ended):
        bad = event.outcome != "ran"
        found.append(
            Observation(
                collection=job.collection,
                kind=failing,
                subject=subject,
                bad=bad,
                summary=event.reason if bad else f"the run due {moment_text(event.nominal)} was good",
                occasion=event.nominal,
            )
        )
    if standing.ended and standing.ended[-1].reason != SCHEDULE_CHANGED:
        found += _reported(job, standing.ended[-1])
    found += [
        Observation(
            collection=job.collection,
            kind=AlarmKind.STEP_FAILING,
            subject=step.name,
            bad=step.outcome == "failed",
            summary=step.detail if step.outcome == "failed" else "the step is good again",
            occasion=step.nominal,
        )
        for step in standing.steps
        if step.outcome in ("good", "failed")
    ]
    return found


def _to_tell(ended: Sequence[JobEvent]) -> list[JobEvent]:
    """Of the last moments that ended, oldest first: the last; before it one that failed, where the last is good.

    A moment may have been given up for the next one, which is good already when somebody looks.
    """
    if not ended or ended[-1].reason == SCHEDULE_CHANGED:
        return []
    last = ended[-1]
    given_up = [one for one in ended[:-1] if one.outcome != "ran" and one.reason != SCHEDULE_CHANGED]
    return [*given_up, last] if last.outcome == "ran" else [last]


def observe_checks(collection: str, checks: Sequence[Check]) -> list[Observation]:
    """Of the verifications noted: damage, until everything was read and found good."""
    damage = lasting_damage(checks)
    if not checks:
        return []
    codes = "" if damage is None else ", ".join(damage.codes)
    return [
        Observation(
            collection=collection,
            kind=AlarmKind.DAMAGE_FOUND,
            bad=damage is not None,
            summary=""
            if damage is None
            else f"found {moment_text(damage.ended)} ({damage.level}): {codes or 'a claim failed'}",
            occasion=(damage or checks[-1]).ended,
        )
    ]


def observe_log(collection: str, findings: Sequence[Finding], now: int) -> Observation:
    """Of what speaks against the log, held against what is known of it."""
    problems = [finding for finding in findings if finding.is_problem]
    return Observation(
        collection=collection,
        kind=AlarmKind.LOG_DIFFERS,
        bad=bool(problems),
        summary="; ".join(f"{finding.code}: {finding.detail}" for finding in problems),
        occasion=now // _SAMPLE_S,
    )


def observe_disk(collection: str, free: int, least: int, now: int) -> Observation:
    """Of the free bytes, and those below which captures stop."""
    bad = free < least
    return Observation(
        collection=collection,
        kind=AlarmKind.DISK_LOW,
        bad=bad,
        summary=f"{free // MIB} MiB are free, captures stop below {least // MIB} MiB",
        occasion=now // _SAMPLE_S,
    )


def observe_receipts(
    collection: str, authorities: Sequence[str], failures: Sequence[tuple[str, str]], covered: int
) -> list[Observation]:
    """Of receipts that could not be had: ``failures`` are file names ``SIZE.AUTHORITY.failed`` with reasons.

    ``covered``: how many statements a checkpoint covers now.
    """
    reasons = {failed_authority(name): (name, reason) for name, reason in failures}
    return [
        Observation(
            collection=collection,
            kind=AlarmKind.RECEIPTS_FAILING,
            subject=authority,
            bad=authority in reasons,
            summary=reasons[authority][1] if authority in reasons else "a receipt was had",
            occasion=reasons[authority][0] if authority in reasons else covered,
        )
        for authority in authorities
    ]


def observe_gone(job: Job, conditions: Sequence[Condition]) -> list[Observation]:
    """Of what is bad in the book and stands in the collection's file no more: steps, and time authorities.

    ``conditions`` are those of the job's collection.
    """
    known = {AlarmKind.RECEIPTS_FAILING: job.authorities}
    if job.kind == CAPTURE:
        known[AlarmKind.STEP_FAILING] = job.steps
    return [
        Observation(
            collection=job.collection,
            kind=one.kind,
            subject=one.subject,
            bad=False,
            summary="it is no longer in the collection's file",
            occasion="gone",
        )
        for one in conditions
        if one.kind in known and one.subject not in known[one.kind]
    ]


def observe_trouble(collection: str, subject: str, trouble: str, now: int) -> Observation:
    """Of what could not be looked at (`FILE`, a job, its changes), and why; good where ``trouble`` is empty."""
    return Observation(
        collection=collection,
        kind=AlarmKind.SCHEDULE_FAILING,
        subject=subject,
        bad=bool(trouble),
        summary=trouble,
        occasion=now // _SAMPLE_S,
    )


def _missing(job: Job, last: JobEvent) -> list[Observation]:
    """What a capture's report says of pages that are held. A run that lost too many is told as a failed one."""
    compared = last.report.get("compared")
    lost = compared.get("lost") if isinstance(compared, Mapping) else None
    if not isinstance(compared, Mapping) or not isinstance(lost, int) or compared.get("good") is not True:
        return []
    listed, looked = compared.get("addresses"), compared.get("looked")
    told = f"{lost:,} of the {looked} pages looked at were not to be had" if lost else "every page looked at is there"
    return [
        Observation(
            collection=job.collection,
            kind=AlarmKind.PAGE_MISSING,
            bad=lost > 0,
            summary=told,
            items=tuple(str(item) for item in listed) if isinstance(listed, list) else (),
            items_total=lost,
            occasion=last.nominal,
        )
    ]


def _reported(job: Job, last: JobEvent) -> list[Observation]:
    """What a capture's report says of held pages, bot walls and certificates."""
    found = _missing(job, last)
    reasons, addresses = last.report.get("reasons"), last.report.get("addresses")
    if not isinstance(reasons, Mapping) or not isinstance(addresses, Mapping):
        return found
    for kind, reason in ((AlarmKind.CHALLENGE_PAGE, "challenge"), (AlarmKind.CERTIFICATE_INVALID, "tls")):
        number, listed = reasons.get(reason), addresses.get(reason)
        # The table lies where anything may write.
        number = number if isinstance(number, int) else 0
        found.append(
            Observation(
                collection=job.collection,
                kind=kind,
                bad=number > 0,
                summary=f"{number:,} of the addresses" if number > 0 else "",
                items=tuple(str(url) for url in listed) if isinstance(listed, list) else (),
                items_total=number,
                occasion=last.nominal,
            )
        )
    return found
