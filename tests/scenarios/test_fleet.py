"""Machines that share collections: each has a home and archives of its own; one database and one store are for all."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from preserve.cli.shared.common import keys_folder
from preserve.errors import NetworkError
from preserve.integrity import replicate_objects
from preserve.provenance.ledger import Ledger
from preserve.schedule.fleet_head import HeadKeeper
from preserve.store.layout import CollectionPaths
from tests.objectserver import BUCKET
from tests.seaweed import seaweed
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.slow

_DAY = 86_400


class _Machine:
    def __init__(self, shell: Shell, patch: pytest.MonkeyPatch, name: str) -> None:
        self._shell, self._patch = shell, patch
        self.home, self.archives = shell.folder / f"{name}-home", shell.folder / name
        self.keys = keys_folder({"XDG_CONFIG_HOME": str(self.home)})

    def __call__(self, *words: str, day: int = 0, status: int | None = 0) -> str:
        now = time.time() + day * _DAY
        with self._patch.context() as patch:
            patch.setenv("XDG_CONFIG_HOME", str(self.home))
            patch.setattr("preserve.schedule.machine.time.time", lambda: now)
            out = self._shell(*words, "--archives", str(self.archives), status=status)
            return out + str(self._shell.errors)

    def once(self, day: int, status: int | None = 0) -> str:
        return self("schedule", "once", day=day, status=status)

    def checkpoint(self) -> bytes:
        return Ledger(CollectionPaths(self.archives, "demo")).note() or b""


@pytest.fixture
def machine(shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], _Machine]:
    """Makes machines that have the key of the first one, which has begun the collection."""
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(f"{path.read_text()}schedule:\n  every: 1d\n  steps:\n    - replicate: file://{tmp_path}/store\n")
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("PRESERVE_FLEET", f"sqlite://{tmp_path}/fleet")
    first = _Machine(shell, monkeypatch, "first")
    first("init", "demo")

    def make(name: str) -> _Machine:
        if name == "first":
            return first
        made = _Machine(shell, monkeypatch, name)
        made.keys.mkdir(parents=True)
        shutil.copy(first.keys / "demo.key", made.keys / "demo.key")
        return made

    return make


def _note(tmp_path: Path) -> bytes:
    return (tmp_path / "store" / "demo" / "ledger" / "checkpoint").read_bytes()


def test_a_collection_goes_from_machine_to_machine(
    machine: Callable[[str], _Machine], site: Site, tmp_path: Path
) -> None:
    one, two = machine("first"), machine("second")
    for day in range(4):
        who = (one, two)[day % 2]
        assert ": ran" in who.once(day)
        assert _note(tmp_path) == who.checkpoint()
        # The moment is done for all, and the other one has nothing to do.
        assert (one, two)[1 - day % 2].once(day) == ""
    assert site.asked.count("/") == 4
    shown = one("schedule", "status", day=3)
    assert "held  by no machine" in shown
    assert "statements, placed by lease" in shown
    for who in (one, two):
        assert "demo: good" in who("verify", "demo")
    assert "demo: good" in one("verify", f"file://{tmp_path}/store/demo")


def test_what_was_not_placed_is_set_aside_where_another_machine_went_on(
    machine: Callable[[str], _Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machine("first"), machine("second")
    one.once(0)

    def away(*_of: object) -> None:
        raise NetworkError("the store is away")

    with monkeypatch.context() as cut:
        cut.setattr(HeadKeeper, "settle", away)
        assert "failed: the store is away" in one.once(1, status=5)
    tail = one.checkpoint()
    assert tail != _note(tmp_path)
    assert ": ran" in two.once(2)
    head = _note(tmp_path)
    # What was set aside while another database counted the leases.
    before = [one.keys / ".set-aside" / f"demo-{number}" / "demo.head" for number in range(9)]
    for path in before:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"before")
    told = one.once(3)
    assert "was set aside" in told
    assert ": ran" in told
    assert {path.read_bytes() for path in before} == {b"before"}
    (aside,) = (one.archives / ".schedule" / ".set-aside").iterdir()
    assert (aside / "ledger" / "checkpoint").read_bytes() == tail
    assert (one.keys / ".set-aside" / aside.name / "demo.head").is_file()
    for who in (one, two):
        assert "demo: good" in who("verify", "demo")
    assert _note(tmp_path) == one.checkpoint() != head
    assert ": ran" in two.once(4)


@pytest.mark.timeout(1500)
def test_machines_take_turns_with_a_real_store_and_replace_what_one_left_there(
    machine: Callable[[str], _Machine], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_of: object) -> None:
        raise NetworkError("cut off before the checkpoint")

    def note() -> bytes:
        return bytes(obstore.get(store, "demo/ledger/checkpoint").bytes())

    (tmp_path / "weed").mkdir()
    with seaweed(tmp_path / "weed") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        path = shell.config / "collections" / "demo.yaml"
        path.write_text(path.read_text().replace(f"file://{tmp_path}/store", f"s3://{BUCKET}/fleet"))
        store = S3Store(BUCKET, prefix="fleet", client_options={"allow_http": True})
        one, two = machine("first"), machine("second")
        assert ": ran" in one.once(0)
        assert note() == one.checkpoint()
        with monkeypatch.context() as cut:
            cut.setattr(replicate_objects, "_checkpoint", cut_off)
            assert "cut off before the checkpoint" in one.once(1, status=5)
        assert note() != one.checkpoint()
        # Bundles and tiles of that log lie there under the names that this one needs.
        assert ": ran" in two.once(2)
        assert note() == two.checkpoint()
        told = one.once(3)
        assert "was set aside" in told
        assert ": ran" in told
        assert note() == one.checkpoint()
        for who in (one, two):
            assert "demo: good" in who("verify", "demo")
        # The file that was never placed stays, and is all that is amiss.
        (found,) = json.loads(one("verify", f"s3://{BUCKET}/fleet/demo", "--json", status=1))["collections"]
        assert {finding["code"] for finding in found["findings"]} == {"E-WARC-UNKNOWN"}


def test_what_was_not_placed_goes_on_where_nobody_else_did(
    machine: Callable[[str], _Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machine("first")
    with monkeypatch.context() as cut:
        cut.setattr(HeadKeeper, "settle", lambda *_of: (_ for _ in ()).throw(NetworkError("the store is away")))
        one.once(0, status=5)
    told = one.once(1)
    assert ": ran" in told
    assert "set aside" not in told
    assert _note(tmp_path) == one.checkpoint()


def test_a_store_that_was_put_back_is_refused(machine: Callable[[str], _Machine], tmp_path: Path) -> None:
    one, two = machine("first"), machine("second")
    one.once(0)
    shutil.copytree(tmp_path / "store", tmp_path / "before")
    one.once(1)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "before").rename(tmp_path / "store")
    for day, who in enumerate((two, one), start=2):
        assert "does not go on from" in who.once(day, status=1)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").mkdir()
    assert "has no checkpoint" in two.once(4, status=1)


def test_a_collection_that_nobody_began_or_that_has_no_store_is_told(
    machine: Callable[[str], _Machine], shell: Shell
) -> None:
    assert "it waits for the machine that began it" in machine("second").once(0, status=7)
    assert ": ran" in machine("first").once(0)
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text().partition("  steps:")[0])
    assert "no step `replicate: s3://" in machine("first").once(0, status=7)
