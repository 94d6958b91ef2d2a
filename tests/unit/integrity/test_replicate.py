"""A second copy of a collection: what is copied when, what it is to the source, and that nothing there is replaced."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from preserve.errors import ArchiveError, UsageError
from preserve.integrity.replica_source import Relation, Replicated
from preserve.integrity.replicate import replicate
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links

pytestmark = pytest.mark.damages


@dataclass
class Copied:
    """A collection, and the folder below which its copy is made."""

    sim: Simulation
    below: Path

    @property
    def source(self) -> CollectionPaths:
        return CollectionPaths(self.sim.archives, "sim")

    @property
    def target(self) -> CollectionPaths:
        return CollectionPaths(self.below, "sim")

    def capture(self, body: str) -> None:
        self.sim.web.pages["http://x.org/"] = links(body)
        self.sim.run()

    def replicate(self, *, only_look: bool = False, rehash: bool = False) -> Replicated:
        logs = KnownLogs(self.sim.folder / "keys")
        return replicate(self.source, self.below, logs=logs, only_look=only_look, rehash=rehash)

    def codes(self, *, rehash: bool = False) -> set[str]:
        return {finding.code for finding in self.replicate(rehash=rehash).findings}


def evidence(paths: CollectionPaths) -> dict[str, bytes]:
    """What a copy must have, by its place: all but the journal and what is derived."""
    return {
        str(path.relative_to(paths.folder)): path.read_bytes()
        for path in sorted(paths.folder.rglob("*"))
        if path.is_file() and path != paths.pending and paths.state not in path.parents
    }


@pytest.fixture
def copied(tmp_path: Path) -> Copied:
    sim = Simulation(tmp_path / "sim")
    sim.politeness = "delay_s: 0\n  robots: ignore"
    made = Copied(sim, tmp_path / "copies")
    made.capture("/a")
    return made


def test_a_new_copy_has_all_and_the_next_look_nothing_to_do(copied: Copied) -> None:
    first = copied.replicate()
    assert (first.relation, first.complete, first.findings) == (Relation.NEW, True, ())
    assert set(first.copied) >= {path.name for path in copied.source.archive.iterdir()}
    assert evidence(copied.target) == evidence(copied.source)
    again = copied.replicate()
    assert (again.relation, again.complete, tuple(again.copied)) == (Relation.SAME, True, ())


def test_an_older_copy_gets_what_came_since_and_keeps_the_rest(copied: Copied) -> None:
    copied.replicate()
    before = {path: path.stat().st_ino for path in copied.target.archive.iterdir()}
    copied.capture("/b")
    found = copied.replicate()
    assert (found.relation, found.complete) == (Relation.OLDER, True)
    assert len(list(copied.target.archive.iterdir())) == len(before) + 1
    assert {path: path.stat().st_ino for path in before} == before
    assert evidence(copied.target) == evidence(copied.source)


def test_a_copy_that_is_ahead_is_left_as_it_is(copied: Copied, tmp_path: Path) -> None:
    shutil.copytree(copied.sim.archives, tmp_path / "older")
    copied.capture("/b")
    copied.replicate()
    held = evidence(copied.target)
    logs = KnownLogs(tmp_path / "keys of nobody")
    found = replicate(CollectionPaths(tmp_path / "older", "sim"), copied.below, logs=logs)
    assert (found.relation, found.complete) == (Relation.NEWER, True)
    assert evidence(copied.target) == held


def test_another_log_of_the_name_is_a_fork_and_nothing_of_it_is_touched(copied: Copied, tmp_path: Path) -> None:
    other = Simulation(tmp_path / "other")
    other.web.pages["http://x.org/"] = links("/z")
    other.run()
    shutil.copytree(other.archives / "sim", copied.target.folder)
    held = evidence(copied.target)
    found = copied.replicate()
    assert (found.relation, found.complete) == (Relation.FORKED, False)
    assert found.findings
    assert evidence(copied.target) == held


def test_to_look_writes_nothing(copied: Copied) -> None:
    found = copied.replicate(only_look=True)
    assert found.relation is Relation.NEW
    assert set(found.copied) >= {path.name for path in copied.source.archive.iterdir()}
    assert not copied.below.exists()


def test_a_collection_is_no_copy_of_itself(copied: Copied) -> None:
    copied.below = copied.sim.archives
    with pytest.raises(UsageError, match="is the collection itself"):
        copied.replicate()


def test_a_file_that_differs_is_told_and_left(copied: Copied) -> None:
    copied.replicate()
    (path,) = copied.target.archive.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    # Its size is right: only who reads it sees it.
    assert copied.codes() == set()
    assert copied.codes(rehash=True) == {"E-REPLICA-DIFFERS"}
    assert path.read_bytes() == data
    path.write_bytes(data[:-1])
    assert copied.codes() == {"E-REPLICA-DIFFERS"}


def test_a_file_that_went_from_the_copy_is_copied_again(copied: Copied) -> None:
    copied.replicate()
    (path,) = copied.target.archive.iterdir()
    path.unlink()
    found = copied.replicate()
    assert (found.relation, found.complete, path.is_file()) == (Relation.SAME, True, True)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_source_that_is_damaged_is_told_and_the_checkpoint_is_not_written(copied: Copied, *, is_there: bool) -> None:
    (path,) = copied.source.archive.iterdir()
    path.chmod(0o600)
    if is_there:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    else:
        path.unlink()
    found = copied.replicate()
    assert (found.complete, {finding.code for finding in found.findings}) == (False, {"E-REPLICA-SOURCE"})
    assert not copied.target.checkpoint.exists()
    assert not (copied.target.archive / path.name).exists()


def test_a_copy_that_is_no_more_the_log_of_its_checkpoint_is_damaged(copied: Copied) -> None:
    copied.replicate()
    copied.target.checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(ArchiveError, match="is damaged"):
        copied.replicate()


def test_the_files_of_the_source_are_no_copy_of_them(copied: Copied) -> None:
    copied.replicate()
    for path in copied.target.archive.iterdir():
        path.unlink()
        path.hardlink_to(copied.source.archive / path.name)
    found = copied.replicate()
    assert (found.relation, found.complete) == (Relation.LINKED, False)
    assert {finding.code for finding in found.findings} == {"E-REPLICA-LINKED"}


def test_a_copy_without_its_checkpoint_is_finished(copied: Copied) -> None:
    copied.replicate()
    held = evidence(copied.source)
    shutil.rmtree(copied.target.ledger)
    copied.target.marker.unlink()
    found = copied.replicate()
    assert found.complete
    assert evidence(copied.target) == held
    assert Ledger(copied.target).note() == Ledger(copied.source).note()
