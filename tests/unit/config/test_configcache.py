"""Layouts and releases that are kept once they were checked."""

from pathlib import Path

import pytest

from preserve.cables.page.layouts import compile_layouts
from preserve.config.configcache import cached_layouts, cached_releases
from preserve.config.folder import load_layouts, load_releases
from preserve.errors import ConfigError

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "preserve"


def _own(folder: Path, text: str) -> Path:
    (folder / "layouts").mkdir(parents=True, exist_ok=True)
    (folder / "layouts" / "own.yaml").write_text(text, encoding="utf-8")
    return folder


OWN = "title: Own\nversion: 1\nrecognise: [Cable of the day]\nlabels:\n  Id: identifier\nbody: pre\n"


def test_what_is_kept_compiles_to_what_was_checked(kept: Path) -> None:
    fresh = compile_layouts(load_layouts(CONFIG))
    assert compile_layouts(cached_layouts(CONFIG)) == fresh
    (file,) = kept.iterdir()
    before = file.stat().st_mtime_ns
    assert compile_layouts(cached_layouts(CONFIG)) == fresh
    assert file.stat().st_mtime_ns == before


def test_a_change_of_any_file_is_seen(kept: Path, tmp_path: Path) -> None:
    own = _own(tmp_path / "own", OWN)
    assert "own" in cached_layouts(own)
    assert cached_layouts(own)["own"].version == 1
    _own(own, OWN.replace("version: 1", "version: 2"))
    assert cached_layouts(own)["own"].version == 2
    (own / "layouts" / "own.yaml").unlink()
    assert "own" not in cached_layouts(own)


def test_mistakes_are_told_each_time(kept: Path, tmp_path: Path) -> None:
    own = _own(tmp_path / "own", OWN + "nonsense: 1\n")
    for _time in range(2):
        with pytest.raises(ConfigError, match="nonsense"):
            cached_layouts(own)
    assert not kept.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"mrkva": {}}', b"\xff\xfe"])
def test_damage_of_what_is_kept_costs_a_check_and_nothing_else(kept: Path, damage: bytes) -> None:
    cached_layouts(CONFIG)
    (file,) = kept.iterdir()
    file.write_bytes(damage)
    assert compile_layouts(cached_layouts(CONFIG)) == compile_layouts(load_layouts(CONFIG))


def test_a_home_that_cannot_be_written_to_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_bytes(b"no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert set(cached_layouts(CONFIG)) == set(load_layouts(CONFIG))


def test_old_ones_are_dropped(kept: Path, tmp_path: Path) -> None:
    for number in range(12):
        cached_layouts(_own(tmp_path / "own", OWN.replace("version: 1", f"version: {number + 1}")))
    assert len(list(kept.iterdir())) == 8


def test_what_is_kept_of_releases_is_what_was_checked(kept: Path) -> None:
    checked = load_releases(CONFIG)
    assert cached_releases(CONFIG) == checked
    again = cached_releases(CONFIG)
    assert list(again) == list(checked)
    for name, release in checked.items():
        for field in type(release).model_fields:
            if field != "builds":
                assert getattr(again[name], field) == getattr(release, field)
        assert [vars(build) for build in again[name].builds] == [build.model_dump() for build in release.builds]
