"""The states of links that are carried on from look to look are those that going through everything gives."""

import random
from pathlib import Path

import pytest

from preserve.net.exchange import Failure
from preserve.provenance.installation import keys_folder
from preserve.replay import link_states
from preserve.replay.link_states import AddressState, LinkLook, look_at
from preserve.replay.recover import CollectionReader, open_for_reading
from tests.simulated import NOT_FOUND, Reply, Simulation, html, links, reply

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
        first, mark = first or 0, kept.states.size
    assert len(anew) == 1 + _RUNS


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
