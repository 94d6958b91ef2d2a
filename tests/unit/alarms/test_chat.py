"""Alarms through Apprise: the library itself, in its own process, against a server on loopback."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.alarms import chat
from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.deliver import deliver, send_test
from preserve.alarms.values import Patience
from preserve.config.alarms import AlarmsConfig
from preserve.net.apprise_child import NO_SERVICE, NOT_INSTALLED, NOT_TAKEN
from tests.unit.alarms.telling import START, Hook, configured, found, hooked

_TEAM: dict[str, object] = {"apprise": "env:TEAM_CHAT"}
_SECRET = "correct-horse"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked(Hook()) as server:
        yield server


def _test(config: AlarmsConfig, address: str, patience: Patience = Patience()) -> str:  # noqa: B008 - does not change
    (delivery,) = send_test(config, ["team"], lambda _source: address, lambda: START, patience)
    return delivery.error


def test_a_message_is_the_text_of_the_mail(tmp_path: Path, hook: Hook) -> None:
    config = configured(team=_TEAM)
    with AlarmDatabase.open(tmp_path) as book:
        book.observe([found()], config.in_force, START)
        address = f"json://user:{_SECRET}@127.0.0.1:{hook.port}/"
        (delivery,) = deliver(book, config, {"env:TEAM_CHAT": address}.__getitem__, lambda: START)
        assert (delivery.error, book.unsent()) == ("", [])
    (document,) = hook.documents
    assert document["title"].startswith("[preserve] ")
    assert document["message"].startswith("no address answered\n")
    assert document["type"] == "failure"


@pytest.mark.slow
@pytest.mark.parametrize("status", [500, 301])
def test_what_a_service_does_not_take_waits_and_no_secret_is_said(tmp_path: Path, hook: Hook, status: int) -> None:
    hook.answers = [status]
    config = configured(team=_TEAM)
    with AlarmDatabase.open(tmp_path) as book:
        book.observe([found()], config.in_force, START)
        address = f"json://user:{_SECRET}@127.0.0.1:{hook.port}/{_SECRET}"
        (delivery,) = deliver(book, config, lambda _source: address, lambda: START)
        assert delivery.error == "the service did not take it"
        assert len(book.unsent()) == 1
    assert hook.paths == [f"/{_SECRET}"]
    assert all(_SECRET.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.slow
def test_an_address_of_no_service_is_said_to_be_one() -> None:
    assert _test(configured(team=_TEAM), f"nonsense://{_SECRET}") == "the address names no service that Apprise knows"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (f"raise SystemExit({NOT_TAKEN})", "the service did not take it"),
        (f"raise SystemExit({NO_SERVICE})", "the address names no service that Apprise knows"),
        (f"raise SystemExit({NOT_INSTALLED})", "Apprise is not installed. Install the extra `apprise` too"),
        (f"raise RuntimeError('{_SECRET}')", "the library Apprise failed"),
        ("import os; os.kill(os.getpid(), 9)", "the library Apprise failed"),
        ("import time; time.sleep(60)", "it did not end within 0.5 s and was killed"),
    ],
)
def test_however_the_process_ends_it_is_said_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, error: str
) -> None:
    child = tmp_path / "child.py"
    child.write_text(script)
    monkeypatch.setattr(chat, "_CHILD", child)
    patience = Patience(command_s=0.5) if "sleep" in script else Patience()
    said = _test(configured(team=_TEAM), _SECRET, patience)
    assert said.startswith(error)
    assert _SECRET not in said


def test_the_process_has_no_address_in_its_words_and_none_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "noted"
    child = tmp_path / "child.py"
    child.write_text(
        f"import os, sys\nopen({str(noted)!r}, 'w').write(repr((sys.argv, dict(os.environ))))\nsys.exit(0)\n"
    )
    monkeypatch.setattr(chat, "_CHILD", child)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("TEAM_CHAT", _SECRET)
    assert _test(configured(team=_TEAM), _SECRET) == ""
    assert _SECRET not in noted.read_text()
    assert "HTTPS_PROXY" not in noted.read_text()


def test_where_the_library_is_not_there_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A Python without the packages of this one.
    plain = tmp_path / "python"
    plain.write_text(f'#!/bin/sh\nexec {os.path.realpath(sys.executable)} -S "$@"\n')
    plain.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(plain))
    assert _test(configured(team=_TEAM), "json://127.0.0.1:1/").startswith("Apprise is not installed")
