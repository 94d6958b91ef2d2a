"""Telling a watcher that a run was good, through the proxy of the collection where it has one."""

from preserve.config.schedule import ScheduleConfig
from preserve.schedule.alive import tell_alive
from preserve.schedule.job_table import CAPTURE
from preserve.schedule.jobs import Job
from tests.proxy import proxy_at_work


def _job(url: str, proxy: str | None) -> Job:
    rule = ScheduleConfig(every="1d")
    return Job(collection="demo", kind=CAPTURE, rule=rule, words=(), alive_url=url, proxy=proxy)


def test_the_alive_address_is_asked_for_through_the_proxy() -> None:
    asked: list[bytes] = []
    with proxy_at_work(asked) as proxy:
        assert tell_alive(_job("http://ping.example/4f1c", proxy)) == ""
    assert asked[0].startswith(b"GET http://ping.example/4f1c HTTP/1.1")


def test_a_watcher_that_is_not_there_is_told_without_its_address(dead_port: int) -> None:
    assert tell_alive(_job(f"http://127.0.0.1:{dead_port}/secret", None)) == "alive_url: ConnectionError"
