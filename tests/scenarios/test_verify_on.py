"""Files that are read by other processes: the report is the same, byte for byte, and only what is missing is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preserve.cluster import opening
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task
from tests.engines import InlineEngine
from tests.kept import Beginning, beginning, served, site
from tests.objectserver import BUCKET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

COPY = f"s3://{BUCKET}/copies/demo"
Use = Callable[[InlineEngine], InlineEngine]


@pytest.fixture
def demo(
    shell: Shell,
    site: Site,
    server: ObjectServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    beginning: Beginning,
) -> Shell:
    """A collection of two captures, with its copy in a store."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")
        site.page("/", b"<p>another</p>")
        shell("capture", "demo")
        shell("replicate", COPY.removesuffix("/demo"), "demo")

    beginning(shell, make, site, server)
    return shell


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Has ``--on processes`` mean this engine."""

    def used(engine: InlineEngine) -> InlineEngine:
        monkeypatch.setattr(opening, "ProcessEngine", lambda _count: engine)
        return engine

    return used


def _report(demo: Shell, what: str, *words: str, status: int = 0) -> str:
    return json.dumps(demo.json("verify", what, *words, status=status)["collections"])


def _files(demo: Shell) -> list[Path]:
    return sorted((demo.archives / "demo" / "archive").iterdir())


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def _copied(server: ObjectServer, path: Path) -> None:
    server.objects[f"copies/demo/archive/{path.name}"] = path.read_bytes()


def _lose(path: Path) -> None:
    path.unlink()


def _add(path: Path) -> None:
    path.with_name("other.warc.gz").write_bytes(b"no WARC")


def _damaged(demo: Shell, damage: Callable[[Path], None]) -> Callable[[], None]:
    """Damages the first file of the archive; what is returned makes it whole."""
    first = _files(demo)[0]
    data, folder = first.read_bytes(), set(_files(demo))
    damage(first)

    def mend() -> None:
        for path in set(_files(demo)) - folder:
            path.unlink()
        first.unlink(missing_ok=True)
        first.write_bytes(data)

    return mend


def test_the_report_is_that_of_one_process(demo: Shell, use: Use) -> None:
    for words in (("--deep",), ("--structure",)):
        engine = use(InlineEngine())
        assert _report(demo, "demo", *words, "--on", "processes") == _report(demo, "demo", *words)
        assert engine.names == [path.name for path in _files(demo)]
    for damage in (_flip, _cut, _lose, _add):
        mend = _damaged(demo, damage)
        use(InlineEngine())
        here = _report(demo, "demo", "--deep", status=1)
        assert _report(demo, "demo", "--on", "processes", status=1) == here
        assert "E-WARC" in here
        mend()


def test_a_copy_in_a_store_is_read_by_tasks(demo: Shell, use: Use, server: ObjectServer) -> None:
    use(InlineEngine())
    assert _report(demo, COPY, "--on", "processes") == _report(demo, COPY)
    for damage in (_flip, _cut, _add):
        mend = _damaged(demo, damage)
        for path in _files(demo):
            _copied(server, path)
        mend()
        use(InlineEngine())
        here = _report(demo, COPY, status=1)
        assert _report(demo, COPY, "--on", "processes", status=1) == here
        assert "E-WARC" in here


def test_a_check_that_was_stopped_reads_only_what_is_missing(demo: Shell, use: Use) -> None:
    whole = _report(demo, "demo", "--deep")
    stopped = use(InlineEngine(most=1))
    demo("verify", "demo", "--on", "processes", status=130)
    assert len(stopped.names) == 1
    rest = use(InlineEngine())
    assert _report(demo, "demo", "--on", "processes") == whole
    assert sorted(stopped.names + rest.names) == [path.name for path in _files(demo)]
    # The check has ended: the next one reads everything.
    again = use(InlineEngine())
    assert _report(demo, "demo", "--on", "processes") == whole
    assert len(again.names) == len(_files(demo))


def test_a_file_that_changed_while_the_check_was_stopped_is_read_again(demo: Shell, use: Use) -> None:
    stopped = use(InlineEngine(most=1))
    demo("verify", "demo", "--on", "processes", status=130)
    _flip(demo.archives / "demo" / "archive" / stopped.names[0])
    use(InlineEngine())
    report = _report(demo, "demo", "--on", "processes", status=1)
    assert report == _report(demo, "demo", "--deep", status=1)
    assert "E-WARC-HASH" in report


def test_an_object_that_changed_while_the_check_was_stopped_is_read_again(
    demo: Shell, use: Use, server: ObjectServer
) -> None:
    stopped = use(InlineEngine(most=1))
    demo("verify", COPY, "--on", "processes", status=130)
    key = f"copies/demo/archive/{stopped.names[0]}"
    data = bytearray(server.objects[key])
    data[len(data) // 2] ^= 1
    server.objects[key] = bytes(data)
    use(InlineEngine())
    report = _report(demo, COPY, "--on", "processes", status=1)
    assert report == _report(demo, COPY, status=1)
    assert "E-WARC-HASH" in report


def test_a_file_without_a_result_is_not_checked(demo: Shell, use: Use) -> None:
    lost = _files(demo)[0].name
    for given in (None, b"", b"no result"):
        use(InlineEngine(run=lambda task, given=given: given if task.name == lost else run_task(task, 0)))  # type: ignore[misc]
        (report,) = json.loads(_report(demo, "demo", "--on", "processes", status=1))
        verdicts = {claim["claim"]: claim["verdict"] for claim in report["claims"]}
        assert verdicts["every file is the one sealed"] == "NOT CHECKED"
        assert verdicts["every record is the one in the ledger"] == "NOT CHECKED"
        assert "FAIL" not in verdicts.values()
        assert [(finding["code"], finding["where"]) for finding in report["findings"]] == [("W-REPLICA-UNREAD", lost)]
    # Run again, it is the only one that is read.
    again = use(InlineEngine())
    assert _report(demo, "demo", "--on", "processes") == _report(demo, "demo", "--deep")
    assert again.names == [lost]


def test_a_result_of_another_file_is_none(demo: Shell, use: Use) -> None:
    first, second = _files(demo)[:2]

    def run(task: FileTask) -> Result:
        other = task._replace(name=second.name, key=str(second)) if task.name == first.name else task
        return run_task(other, 0)

    use(InlineEngine(run=run))
    (report,) = json.loads(_report(demo, "demo", "--on", "processes", status=1))
    assert [finding["where"] for finding in report["findings"]] == [first.name]


def test_tasks_hold_no_secret(demo: Shell, use: Use, server: ObjectServer) -> None:
    seen: list[Any] = []

    def run(task: FileTask) -> Result:
        seen.append(task)
        return run_task(task, 0)

    use(InlineEngine(run=run))
    _report(demo, COPY, "--on", "processes")
    secrets = [value for name, value in server.environment().items() if "SECRET" in name or "KEY_ID" in name]
    assert secrets
    assert not any(secret in repr(task) for task in seen for secret in secrets)


def test_what_is_no_place_or_does_not_go_with_it_is_said(shell: Shell) -> None:
    for words in (("--sample", "5"), ("--state",), ("--processes", "2"), ("--second-reader",)):
        shell("verify", "demo", "--on", "processes", *words, status=2)
    for place in ("processes:0", "processes:65", "dask://", "dask://u:secret@h:1", "slurm"):
        shell("verify", "demo", "--on", place, status=2)
        assert "secret" not in shell.errors


@pytest.mark.slow
def test_three_processes_say_what_one_says(demo: Shell) -> None:
    assert _report(demo, "demo", "--on", "processes:3") == _report(demo, "demo", "--deep")
    assert _report(demo, COPY, "--on", "processes:3") == _report(demo, COPY)
    _flip(_files(demo)[1])
    assert _report(demo, "demo", "--on", "processes:3", status=1) == _report(demo, "demo", "--deep", status=1)
