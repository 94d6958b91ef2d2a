"""What an operator must look at in how a job stands, in words."""

from preserve.model import moment_text
from preserve.schedule.job_table import LONG_UNSEEN_S, JobStatus


def wrongs(standing: JobStatus | None, collection: str, now: int) -> list[str]:
    """One line each; none where all is well. None: no scheduler has looked at the job yet."""
    if standing is None:
        return ["no scheduler has looked at it yet: start `preserve schedule run`, or see `preserve schedule install`"]
    found = []
    if standing.looked is not None and now - standing.looked > LONG_UNSEEN_S:
        found.append(f"no scheduler has looked at it since {moment_text(standing.looked)}: is one running?")
    if standing.overdue_since is not None:
        found.append(f"overdue: due {moment_text(standing.overdue_since)}, no good run since")
    last = standing.last
    if last is not None and last.outcome in ("failed", "skipped", "waiting"):
        word = "was skipped" if last.outcome == "skipped" else "failed"
        again = f", is tried again at {moment_text(last.again)}" if last.again is not None else ""
        found.append(f"the last run {word}: {last.reason}{again}")
    found += [f"step {step.name} failed: {step.detail}" for step in standing.steps if step.outcome == "failed"]
    if standing.clock_back:
        found.append(
            "the clock is before the last moment recorded: it was set back, nothing is due until it is past it;"
            f" if it is right now, run `preserve schedule forget {collection}`"
        )
    return found
