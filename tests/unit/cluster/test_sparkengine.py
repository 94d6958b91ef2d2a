"""What Spark says of its tasks, as outcomes; beside a context that does in this process what Spark does elsewhere."""

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from preserve.cli.main import main
from preserve.cluster import sparkengine
from preserve.cluster.engine import Outcome
from preserve.cluster.sparkengine import SparkEngine
from preserve.cluster.task import FileTask
from preserve.errors import EnvironmentFaultError
from tests.engines import whole_outcome

KILLED = (
    "An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.\n"
    ": org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most "
    "recent failure: Lost task 0.3 in stage 1.0 (TID 5) (host executor driver): org.apache.spark.SparkException: "
    "Python worker exited unexpectedly (crashed)\n\tat org.apache.spark.api.python.PythonRunner.read\n"
)
RAISED = (
    "An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.\n"
    ": org.apache.spark.SparkException: Job aborted: org.apache.spark.api.python.PythonException: Traceback (most "
    'recent call last):\n  File "worker.py", line 1247, in main\n    process()\n'
    "ModuleNotFoundError: No module named 'preserve'\n\n\tat org.apache.spark.api.python.PythonRunner.read\n"
)


class _Context:
    """``faults``: what a task with this name, or any other item, ends with. ``is_gone``: Spark has ended."""

    def __init__(self, **faults: str) -> None:
        self.faults = faults
        self.is_gone = False
        self.calls: list[str] = []

    @property
    def defaultParallelism(self) -> int:  # noqa: N802 - as Spark has it
        if self.is_gone:
            raise AttributeError("'NoneType' object has no attribute 'sc'")
        return 2

    def parallelize(self, items: list[object], parts: int) -> "_Rows":
        assert (len(items), parts) == (1, 1)
        return _Rows(self, items)

    def cancelAllJobs(self) -> None:  # noqa: N802 - as above
        self.calls.append("cancelled")

    def stop(self) -> None:
        self.calls.append("stopped")


class _Rows:
    def __init__(self, context: _Context, items: list[object], run: Callable[[object], object] | None = None) -> None:
        self._context = context
        self._items = items
        self._run = run

    def map(self, run: Callable[[object], object]) -> "_Rows":
        return _Rows(self._context, self._items, run)

    def flatMap(self, run: Callable[[object], object]) -> "_Rows":  # noqa: N802 - as above
        return self.map(run)

    def collect(self) -> list[object]:
        (item,) = self._items
        fault = self._context.faults.get(item.name if isinstance(item, FileTask) else "probe")
        if fault is not None:
            raise RuntimeError(fault)
        assert self._run is not None
        return [self._run(item)]

    def toLocalIterator(self) -> Iterator[object]:  # noqa: N802 - as above
        (pieces,) = self.collect()
        assert isinstance(pieces, Iterator)
        return pieces


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[_Context], _Context]:
    """Has a context be that of Spark."""

    def used(context: _Context) -> _Context:
        place = SimpleNamespace(SparkContext=SimpleNamespace(getOrCreate=lambda: context))
        monkeypatch.setitem(sys.modules, "pyspark", place)
        return context

    return used


def _run(task: FileTask) -> bytes:
    return task.name.encode()


def _outcomes(engine: SparkEngine, *names: str) -> Iterator[Outcome]:
    left = [FileTask("job", "", "", "", name, None) for name in names]
    return map(whole_outcome, engine.work(lambda: left.pop(0) if left else None))


def test_what_fails_costs_itself_only(use: Callable[[_Context], _Context]) -> None:
    context = use(_Context(kills=KILLED, raises=RAISED, odd="no more memory"))
    engine = SparkEngine(_run)
    found = {outcome.task.name: outcome for outcome in _outcomes(engine, "a", "kills", "b", "raises", "odd", "c")}
    assert {name: outcome.data for name, outcome in found.items() if outcome.data} == {"a": b"a", "b": b"b", "c": b"c"}
    assert found["kills"].reason == "the worker that read it was killed, as often as Spark tries a task"
    assert found["raises"].reason == "the task failed: ModuleNotFoundError: No module named 'preserve'"
    assert found["odd"].reason == "the task failed: RuntimeError"
    assert [outcome.data for outcome in _outcomes(engine, "d")] == [b"d"]
    engine.close()
    assert context.calls == ["cancelled", "stopped"]


def test_workers_that_cannot_run_it_are_told_of_once(use: Callable[[_Context], _Context]) -> None:
    context = use(_Context(probe=RAISED))
    with pytest.raises(EnvironmentFaultError, match="no worker of Spark runs this program: ModuleNotFoundError"):
        SparkEngine(_run)
    assert context.calls == ["cancelled", "stopped"]


def test_workers_of_another_version_are_refused(
    use: Callable[[_Context], _Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(_Context())
    monkeypatch.setattr(sparkengine, "program_there", lambda _program: "0.1/1")
    with pytest.raises(EnvironmentFaultError, match="another version"):
        SparkEngine(_run)


def test_a_spark_that_ends_ends_the_work(use: Callable[[_Context], _Context]) -> None:
    context = use(_Context(b=KILLED))
    engine = SparkEngine(_run)
    work = _outcomes(engine, "a")
    assert next(work).data == b"a"
    context.is_gone = True
    with pytest.raises(EnvironmentFaultError, match="Spark has ended"):
        next(work)
    with pytest.raises(EnvironmentFaultError, match="Spark has ended"):
        next(_outcomes(engine, "b"))


def test_without_spark_it_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    path = tmp_path_factory.mktemp("files") / "a.warc.gz"
    path.write_bytes(b"")
    assert main(["index", str(path), "--on", "spark"]) == 7
    assert "spark-submit" in capsys.readouterr().err
