"""A task gives back what it found, or why it found nothing; it never raises for a file."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from preserve.cluster import task as tasks
from preserve.cluster.results import ResultHead
from preserve.cluster.task import PROGRAM, FileTask, run_task
from preserve.errors import NetworkError
from preserve.store.copying import Hashed
from tests.engines import InlineEngine

JOB = "0" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"bytes")
    return path


def _task(path: Path, **other: Any) -> FileTask:
    found = path.stat()
    made = FileTask(JOB, PROGRAM, "", str(path), path.name, None, found.st_size, found.st_mtime_ns)
    return made._replace(**other)


def _head(task: FileTask) -> ResultHead:
    head = msgspec.json.decode(gzip.decompress(run_task(task, 0)).splitlines()[0], type=ResultHead)
    assert (head.job, head.name) == (JOB, task.name)
    return head


def test_a_file_is_hashed(file: Path) -> None:
    assert _head(_task(file)) == ResultHead(JOB, file.name, 5, hashlib.sha256(b"bytes").hexdigest())


def test_another_version_reads_nothing(file: Path) -> None:
    head = _head(_task(file, program="0/0"))
    assert not head.sha256
    assert "version" in head.reason


def test_a_worker_that_sees_another_place_says_so(file: Path, tmp_path: Path) -> None:
    assert "no file" in _head(_task(file, key=str(tmp_path / "b"))).reason
    assert "another file" in _head(_task(file, size=6)).reason
    assert not _head(_task(file, size=6)).is_damage


@pytest.mark.parametrize(("failures", "is_read"), [(3, True), (4, False)])
def test_trouble_of_the_network_is_tried_again_and_is_no_damage(
    file: Path, monkeypatch: pytest.MonkeyPatch, failures: int, is_read: bool
) -> None:
    left = [NetworkError("no answer")] * failures

    def fails(*_: object) -> Hashed:
        if left:
            raise left.pop()
        return Hashed(5, "ab")

    monkeypatch.setattr(tasks, "hash_object", fails)
    head = _head(_task(file, store="file:///nowhere"))
    assert (head.sha256, head.reason) == (("ab", "") if is_read else ("", "no answer"))
    assert not head.is_damage
    assert not left


def test_an_engine_of_tests_is_one(file: Path) -> None:
    left = [_task(file)]
    (outcome,) = InlineEngine().work(lambda: left.pop() if left else None)
    assert outcome.data == run_task(_task(file), 0)
