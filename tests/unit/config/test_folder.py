"""Which folder of configuration is in force, and what it holds."""

from pathlib import Path

import pytest

from preserve.config.folder import has_alarms, list_collections, load_alarms, load_blocked, load_collection
from preserve.config.place import bundled_config_dir, find_config_dir
from preserve.errors import ConfigError, UsageError

GOOD = "title: T\ncontact: a@b.example\nseeds: [http://e.example/]\nscope: {include: [http://e.example/]}\n"


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    (folder / "collections").mkdir(parents=True)
    (folder / "collections" / "waves.yaml").write_text(GOOD)
    (folder / "collections" / "tides.yaml").write_text(GOOD)
    (folder / "collections" / "notes.txt").write_text("no collection")
    return folder


def test_the_folder_asked_for_comes_first(config_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    environment = {"PRESERVE_CONFIG": str(config_dir)}
    assert find_config_dir(other, environment=environment, cwd=tmp_path) == other
    assert find_config_dir(None, environment=environment, cwd=other) == config_dir
    assert find_config_dir(None, environment={}, cwd=tmp_path) == config_dir
    assert find_config_dir(None, environment={}, cwd=other) == bundled_config_dir()


def test_a_folder_named_config_that_is_somebody_elses_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    assert find_config_dir(None, environment={}, cwd=tmp_path) == bundled_config_dir()


def test_a_folder_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        find_config_dir(tmp_path / "none", environment={})
    with pytest.raises(ConfigError, match="no such folder"):
        find_config_dir(None, environment={"PRESERVE_CONFIG": str(tmp_path / "none")})


def test_the_environment_of_the_process_is_asked_by_default(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESERVE_CONFIG", str(config_dir))
    assert find_config_dir() == config_dir


def test_collections_are_listed_by_name(config_dir: Path, tmp_path: Path) -> None:
    assert list_collections(config_dir) == ("tides", "waves")
    assert list_collections(tmp_path) == ()


def test_a_file_with_another_ending_is_not_passed_over(config_dir: Path) -> None:
    (config_dir / "collections" / "gulls.yml").write_text(GOOD)
    assert list_collections(config_dir) == ("gulls", "tides", "waves")
    with pytest.raises(ConfigError, match=r"gulls\.yml: not read: its name must end in \.yaml"):
        load_collection(config_dir, "gulls")
    (config_dir / "alarms.yml").write_text("channels: {}")
    (config_dir / "blocked.yml").write_text("blocked: []")
    assert has_alarms(config_dir)
    for load in (load_alarms, load_blocked):
        with pytest.raises(ConfigError, match=r"\.yml: not read"):
            load(config_dir)


def test_a_collection_is_loaded_by_name(config_dir: Path) -> None:
    assert load_collection(config_dir, "waves").name == "waves"


def test_an_unknown_collection_is_answered_with_the_nearest(config_dir: Path) -> None:
    with pytest.raises(ConfigError, match=r"wave\.yaml: no such collection; did you mean 'waves'\?"):
        load_collection(config_dir, "wave")


@pytest.mark.parametrize("name", ["../waves", "Waves", "", "a/b", "x" * 64])
def test_a_name_never_leaves_the_folder(config_dir: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a collection's name"):
        load_collection(config_dir, name)


def test_mistakes_name_the_file_as_it_was_found(config_dir: Path) -> None:
    path = config_dir / "collections" / "tides.yaml"
    path.write_text(GOOD.replace("title: T", "titel: T"))
    with pytest.raises(ConfigError) as caught:
        load_collection(config_dir, "tides")
    assert all(line.startswith(f"{path}:1: ") for line in caught.value.mistakes)


@pytest.mark.parametrize("name", list_collections(bundled_config_dir()))
def test_every_collection_that_comes_along_is_good(name: str) -> None:
    config = load_collection(bundled_config_dir(), name)
    assert config.layouts
