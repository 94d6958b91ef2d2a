"""What readers get of messages that hold paths, and what the operator gets."""

from pathlib import Path

import pytest

from preserve.errors import BrokenStateError, ConfigError, NotHeldError, UsageError
from preserve.web.publicwords import PublicWords
from preserve.web.settings import DeskSettings


def _words(told: list[str], archives: Path = Path("/srv/my disk/archives")) -> PublicWords:
    settings = DeskSettings(
        archives=archives, config_dir=Path("/srv/my disk/config"), keys=Path("/home/ann/.config/preserve/keys")
    )
    return PublicWords(settings, told.append)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "/srv/my disk/archives/mrkva/state/catalogue.sqlite has schema 11, this program uses 12",
            "catalogue.sqlite of mrkva has schema 11, this program uses 12",
        ),
        ("/srv/my disk/archives/mrkva is in use by 12 (preserve)", "mrkva is in use by 12 (preserve)"),
        ("no archive 'x' under /srv/my disk/archives; there is y", "no archive 'x' under the archives; there is y"),
        ("look into /srv/my disk/archives.", "look into the archives."),
        ("Delete /srv/my disk/archives/m/state/search.sqlite.", "Delete search.sqlite of m."),
        ("Delete '/srv/my disk/archives/m/a': no", "Delete 'a of m': no"),
        ("/srv/my disk/config/blocked.yaml:3: no", "blocked.yaml of the configuration:3: no"),
        ("/home/ann/.config/preserve/keys/m.secret is open", "a file beside the signing keys is open"),
        ("[Errno 13] Permission denied: '/mnt/tape/x.warc'", "[Errno 13] Permission denied: 'a file of this machine'"),
        ("~/.ssh/key cannot be read", "a file of this machine cannot be read"),
        ("/srv/my disk/archives-old/m", "a file of this machine disk/archives-old/m"),
    ],
)
def test_a_path_becomes_the_name_of_what_lies_there(message: str, shown: str) -> None:
    told: list[str] = []
    words = _words(told)
    assert words.error(BrokenStateError(message, next_step="Do this.")) == (shown, "Do this.")
    assert told == [f"{message} Do this."]
    assert words.line(message) == shown
    assert "/srv" not in shown
    assert "/home" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "run `preserve verify mrkva`: https://a.example/x/y says no",
        "record 3 in 2026/a.warc.gz is not the one that the ledger names",
        "up to 3/4 of it, and/or more",
    ],
)
def test_what_is_no_path_stays_and_is_not_told(text: str) -> None:
    told: list[str] = []
    assert _words(told).error(BrokenStateError(text)) == (text, "")
    assert told == []


def test_what_the_reader_asked_for_is_said_back() -> None:
    told: list[str] = []
    words = _words(told)
    assert words.error(NotHeldError("no cable is called /etc/passwd here"))[0] == "no cable is called /etc/passwd here"
    assert words.error(UsageError("'/x' is not a date"))[0] == "'/x' is not a date"
    mistake = ConfigError(("/srv/my disk/config/blocked.yaml:1: no list",))
    assert words.error(mistake)[0] == "blocked.yaml of the configuration:1: no list"


def test_the_operator_is_told_once_and_not_without_end() -> None:
    told: list[str] = []
    words = _words(told)
    for number in range(2_000):
        for _again in range(2):
            words.line(f"/mnt/{number} is away")
    assert len(told) == 1_000


def test_a_folder_that_is_named_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "archives").symlink_to("real")
    words = _words([], Path("archives"))
    assert words.line("archives/demo/ledger is damaged") == "ledger of demo is damaged"
    assert words.line("the archives are many") == "the archives are many"
    for folder in (tmp_path / "archives", tmp_path / "real"):
        assert words.line(f"{folder}/demo is away") == "demo is away"
    assert _words([], Path()).line("a. b") == "a. b"
