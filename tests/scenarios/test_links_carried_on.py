"""The states of links that are carried on from look to look are those that going through everything gives."""

import io
import os
import random
from pathlib import Path

import pytest

from preserve.net.exchange import Failure
from preserve.provenance.installation import keys_folder
from preserve.replay import link_states
from preserve.replay.link_states import AddressState, LinkLook, _stated, look_at
from preserve.replay.recover import CollectionReader, open_for_reading
from tests.shell import Shell
from tests.simulated import NOT_FOUND, Reply, Simulation, html, links, reply
from tests.warcs import gz, record
from tests.warcs import reply as http_reply

_RUNS = 6
_TEXT = "<h1>A page</h1><p>Words of a page that is read.</p>" * 40


def _replies(number: int) -> list[Reply]:
    return [
        html(_TEXT + f"<p>page {number}</p>"),
        html(_TEXT + f"<p>page {number}</p><!-- other bytes, the same text -->"),
        html(_TEXT + f"<p>page {number}, another text</p>"),
        html("<title>404 Not Found</title><h1>Page not found</h1>"),
        reply(301, "", "Location: /"),
        reply(503, "later"),
        NOT_FOUND,
        Failure.CONNECT,
    ]


@pytest.fixture
def sim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulation:
    made = Simulation(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    keys_folder({"XDG_CONFIG_HOME": str(tmp_path / "user")}).parent.mkdir(parents=True)
    keys_folder({"XDG_CONFIG_HOME": str(tmp_path / "user")}).symlink_to(tmp_path / "keys")
    made.politeness = "delay_s: 0\n  robots: ignore\n  retries: 0"
    made.web.pages = {"http://x.org/": links(*(f"/{n}" for n in range(8)))}
    return made


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One for each time that everything is gone through."""
    times: list[str] = []
    through = link_states._anew

    def counted(archive: CollectionReader, first: int, mark: int | None) -> LinkLook:
        times.append(archive.paths.name)
        return through(archive, first, mark)

    monkeypatch.setattr(link_states, "_anew", counted)
    return times


def _looked(sim: Simulation, place: Path | None, *, first: int | None = None, mark: int | None = None) -> LinkLook:
    with open_for_reading(sim.archives, ["sim"], {}) as (archive,):
        return look_at(archive, place, first=first, mark=mark)


def _facts(states: dict[str, AddressState]) -> dict[str, tuple[object, ...]]:
    return {key: (one.url, one.at_first, one.first, one.why, one.changes, one.machine()) for key, one in states.items()}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_carried_on_is_what_going_through_all_gives(
    sim: Simulation, tmp_path: Path, anew: list[str], seed: int
) -> None:
    chance = random.Random(seed)
    first = mark = None
    for _number in range(_RUNS):
        for page in range(8):
            sim.web.pages[f"http://x.org/{page}"] = chance.choice(_replies(page))
        sim.web.wait(chance.choice([60, 86_400]))
        sim.run()
        kept = _looked(sim, tmp_path / "states", first=first, mark=mark)
        whole = _looked(sim, None, first=first or 0, mark=mark)
        assert _facts(kept.states.addresses) == _facts(whole.states.addresses)
        assert mark is None or kept.before == whole.before
        assert kept.states.runs == whole.states.runs == set(_runs(sim))
        first, mark = first or 0, kept.states.size
    assert len(anew) == 1 + _RUNS


def _runs(sim: Simulation) -> list[str]:
    with open_for_reading(sim.archives, ["sim"], {}) as (archive,):
        return [run for _statement, run, _started, _ended in archive.catalogue.runs()]


def test_a_run_that_had_begun_before_is_known_without_its_rows(sim: Simulation, tmp_path: Path) -> None:
    """The rows of before the last look are held against nothing: that one is not there says nothing."""
    sim.run()
    with open_for_reading(sim.archives, ["sim"], {}) as (archive,):
        mark = archive.catalogue.ledger_size
        assert _stated(archive, 0, look_at(archive, None).states) is None
        sim_states = look_at(archive, None).states
        sim_states.runs.clear()
        assert _stated(archive, 0, sim_states) is not None
        assert _stated(archive, mark, sim_states) is not None


def test_the_cable_of_a_first_capture_is_the_one_that_was_kept(sim: Simulation, tmp_path: Path) -> None:
    """Its row is one of before the last look."""
    place, page = tmp_path / "states", "http://x.org/1"
    sim.web.pages[page] = html(_TEXT)
    sim.run()
    _looked(sim, place)
    with open_for_reading(sim.archives, ["sim"], {}) as (archive,):
        mac = link_states._mac_of(archive)
        assert mac is not None
        kept = link_states._kept(archive, place, mac)
        assert kept is not None
        kept.addresses[page].cable = "05SAMPLETOWN1"
        link_states._keep(place, kept, mac)
    sim.web.pages[page] = html(_TEXT + "<p>another text</p>")
    sim.web.wait(86_400)
    sim.run()
    assert _looked(sim, place).states.addresses[page].reason == "cable-not-on-page"


def test_what_was_made_while_a_file_could_not_be_read_is_not_kept(
    sim: Simulation, tmp_path: Path, anew: list[str]
) -> None:
    place, page = tmp_path / "states", "http://x.org/1"
    for text in ("", "<p>another text</p>", "<p>and another</p>"):
        sim.web.pages[page] = html(_TEXT + text)
        sim.web.wait(86_400)
        sim.run()
        if not text:
            _looked(sim, place)
    before = place.read_bytes()
    files = sorted((sim.archives / "sim" / "archive").glob("*.warc.gz"))
    for file in files[1:]:
        file.rename(file.with_suffix(".away"))
    assert _looked(sim, place).missed
    assert place.read_bytes() == before
    place.unlink()
    assert _looked(sim, place).missed
    assert not place.exists()
    for file in files[1:]:
        file.with_suffix(".away").rename(file)
    found = _looked(sim, place)
    assert not found.missed
    assert place.exists()
    assert _facts(found.states.addresses) == _facts(_looked(sim, None).states.addresses)


def test_no_more_is_read_than_was_once_written(
    sim: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, read = tmp_path / "states", []

    class Counted(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            read.append(len(data))
            return data

    monkeypatch.setattr(link_states, "open_regular", Counted)
    sim.run()
    _looked(sim, place)
    size = place.stat().st_size
    os.truncate(place, 1 << 30)
    read.clear()
    _looked(sim, place)
    assert sum(read) == size
    place.write_bytes(b"\x7f" * size)
    os.truncate(place, 1 << 30)
    read.clear()
    _looked(sim, place)
    assert sum(read) < 100


def _tampered(sim: Simulation, place: Path) -> None:
    place.write_bytes(place.read_bytes().replace(b"alive", b"gone!"))


def _without_secret(sim: Simulation, place: Path) -> None:
    (sim.folder / "keys" / "sim.secret").unlink()


def _other_secret(sim: Simulation, place: Path) -> None:
    (sim.folder / "keys" / "sim.secret").write_text("00" * 32)


def _missing(sim: Simulation, place: Path) -> None:
    place.unlink()


def _cut(sim: Simulation, place: Path) -> None:
    place.write_bytes(place.read_bytes()[:40])


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "change", [_tampered, _without_secret, _other_secret, _missing, _cut], ids=lambda c: c.__name__
)
def test_what_is_not_proved_is_not_carried_on(sim: Simulation, tmp_path: Path, anew: list[str], change: object) -> None:
    place = tmp_path / "states"
    sim.web.pages["http://x.org/1"] = links("/")
    for expected in ([], ["sim"], ["sim"]):
        if expected:
            _looked(sim, place)
        assert anew == expected
        sim.run()
    change(sim, place)  # type: ignore[operator]
    _looked(sim, place)
    assert anew == ["sim", "sim"]


def _imported(path: Path, pages: range, *, changed: bool = False) -> Path:
    """A file of other programs, with a page of each number."""
    text = "<p>another text</p>" if changed else ""
    bodies = {number: f"{_TEXT}<p>{number}</p>{text}".encode() for number in pages}
    path.write_bytes(
        gz(
            *(
                record(n, http_reply(body, "Content-Type: text/html"), uri=f"http://x.org/{n}")
                for n, body in bodies.items()
            )
        )
    )
    return path


def test_status_after_an_import_or_a_rebuild_goes_over_nothing(shell: Shell, tmp_path: Path, anew: list[str]) -> None:
    shell("import", str(_imported(tmp_path / "a.warc.gz", range(4))), "--into", "old")
    assert anew == ["old"]
    counts = [shell.json("status", "old", status=None)["collections"][0]["links"]["counts"]]
    assert counts[0]["alive"] == 4
    states = shell.archives / ".schedule" / "old"
    for file in states.iterdir():
        file.unlink()
    shell("rebuild", "old")
    assert anew == ["old"] * 2
    counts.append(shell.json("status", "old", status=None)["collections"][0]["links"]["counts"])
    shell("rebuild", "old")
    assert anew == ["old"] * 2
    assert counts[0] == counts[1]


def test_a_small_import_into_much_goes_over_nothing(shell: Shell, tmp_path: Path, anew: list[str]) -> None:
    shell("import", str(_imported(tmp_path / "a.warc.gz", range(6))), "--into", "old")
    shell("import", str(_imported(tmp_path / "b.warc.gz", range(2), changed=True)), "--into", "old")
    assert anew == ["old"]
    # The next status goes over all, for the looks of others stand among those before by their dates.
    counts = shell.json("status", "old", status=None)["collections"][0]["links"]["counts"]
    assert anew == ["old"] * 2
    assert (counts["alive"], counts["changed"]) == (4, 2)


def test_states_are_not_made_of_a_ledger_that_is_not_the_signed_one(
    shell: Shell, tmp_path: Path, anew: list[str]
) -> None:
    shell("import", str(_imported(tmp_path / "a.warc.gz", range(4))), "--into", "old")
    states = shell.archives / ".schedule" / "old" / "status.links"
    states.unlink()
    (bundle,) = (path for path in (shell.archives / "old" / "ledger" / "tile" / "entries").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"http://x.org/1", b"http://x.org/9"))
    shell("rebuild", "old", status=None)
    assert anew == ["old"]
    assert not states.exists()
