"""Telling whoever watches this machine that a run was good: a file's time of change, and a request for an address."""

from pathlib import Path

from preserve.net.session import NoAnswerError, ask
from preserve.schedule.jobs import Job

_TIMEOUT_S = 20.0
_GOOD = range(200, 300)


def tell_alive(job: Job) -> str:
    """Touches the alive file and asks for the alive address of a job; returns what failed, or nothing.

    The address is a secret of a kind (who knows it can answer for us), so no failure names it.
    """
    problems = []
    if job.alive_file is not None:
        try:
            Path(job.alive_file).touch()
        except OSError as error:
            problems.append(f"{job.alive_file}: {error.strerror}")
    if job.alive_url is not None:
        problems += _ask(job.alive_url, job.proxy)
    return "; ".join(problems)


def _ask(url: str, proxy: str | None) -> list[str]:
    try:
        status = ask(url, proxy=proxy, connect_s=_TIMEOUT_S, read_s=_TIMEOUT_S).status
    except NoAnswerError as error:
        return [f"alive_url: {error}"]
    return [] if status in _GOOD else [f"alive_url: status {status}"]
