"""Telling whoever watches this machine that a run was good: a file's time of change, and a request for an address."""

from pathlib import Path

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
    import requests  # noqa: PLC0415 - only where an address is to be asked for

    from preserve.crawler.session import plain_session  # noqa: PLC0415 - the same

    session = plain_session(proxy)
    try:
        with session.get(url, timeout=_TIMEOUT_S, allow_redirects=False, stream=True) as reply:
            return [] if reply.status_code in _GOOD else [f"alive_url: status {reply.status_code}"]
    except requests.RequestException as error:
        return [f"alive_url: {type(error).__name__}"]
    finally:
        session.close()
