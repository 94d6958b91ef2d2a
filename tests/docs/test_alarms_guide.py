"""The page on alarms against the program: its example, tables, commands, and the check of a signature."""

import json
import re
import shlex
import time
from pathlib import Path
from typing import Any

import click
import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.command import HANDED_ON
from preserve.alarms.deliver import deliver
from preserve.alarms.documents import document
from preserve.alarms.kinds import KINDS
from preserve.alarms.outbox import FIRST_PAUSE_S, MAX_PAUSE_S
from preserve.alarms.values import MAX_ITEMS, AlarmEvent, Patience
from preserve.cli.main import cli
from preserve.config.alarm_kinds import AlarmKind
from preserve.config.folder import load_alarms
from tests.unit.alarms.telling import START, Hook, configured, found, hooked

_PAGE = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(_PAGE) if name == kind]


def test_the_example_is_good(tmp_path: Path) -> None:
    (text,) = _blocks("yaml")
    (tmp_path / "alarms.yaml").write_text(text)
    config = load_alarms(tmp_path)
    assert set(config.channels) == {"keeper", "desk", "pager", "team"}
    assert config.rule(AlarmKind.CAPTURE_FAILING).after == 2
    assert config.rule(AlarmKind.CHALLENGE_PAGE).to == ()
    assert config.rule(AlarmKind.DAMAGE_FOUND).again_after_s == 12 * 3600


def test_the_table_is_that_of_the_program() -> None:
    assert set(KINDS) == set(AlarmKind)
    section = _PAGE.split("## What is reported\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    expected = []
    for kind, facts in KINDS.items():
        told = "while it lasts" if facts.is_counted else "while it lasts, at once"
        told = told if facts.is_told_by_time else "when there are more"
        told = told if facts.is_state else "once"
        expected.append(f"| `{kind}` | {facts.meaning} | {facts.next_step} | {told} |")
    assert rows == expected


def test_every_command_can_be_typed() -> None:
    lines = [line for block in _blocks("console") for line in block.splitlines()]
    assert len(lines) > 4
    steps = [command for facts in KINDS.values() for command in re.findall(r"`(preserve [^`]+)`", facts.next_step)]
    assert len(steps) > 8
    for line in [*lines, *steps]:
        words = shlex.split(line.removeprefix("$ "))[1:]
        command = cli.commands[words[0]]
        if isinstance(command, click.Group):
            assert command.invoke_without_command or words[1] in command.commands
        elif len(words) > 1:
            with command.make_context(words[0], words[1:]):
                pass


def test_the_document_has_the_fields_that_the_page_names(tmp_path: Path) -> None:
    config = configured(desk={"command": ["/bin/true"]})
    with AlarmDatabase.open(tmp_path) as book:
        book.observe([found(1)], config.in_force, START)
        told = document(book.unsent()[0].message)
    section = _PAGE.split("## The document\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(told)
    for event in AlarmEvent:
        assert f"`{event}`" in section
    assert f"up to {MAX_ITEMS} examples" in section
    json.dumps(told)


def test_the_check_of_a_signature_accepts_what_is_sent_and_nothing_else(tmp_path: Path) -> None:
    (code,) = _blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)
    check = names["is_genuine"]
    now = time.time()
    with hooked(Hook()) as hook, AlarmDatabase.open(tmp_path) as book:
        config = configured(desk={"webhook": f"http://127.0.0.1:{hook.port}/", "secret": "env:S"})
        book.observe([found(1, items=("é",))], config.in_force, START)
        assert [delivery.error for delivery in deliver(book, config, lambda _source: "key", lambda: now)] == [""]
    ((headers, body),) = hook.requests
    assert check(headers, body, b"key")
    assert not check(headers, body + b" ", b"key")
    assert not check(headers, body, b"another")
    assert not check(headers, body, b"key", now + 301)
    assert not check({**headers, "X-Preserve-Timestamp": str(int(now) + 1)}, body, b"key")


@pytest.mark.parametrize("name", HANDED_ON)
def test_the_environment_of_a_command_is_listed(name: str) -> None:
    assert f"`{name}`" in _PAGE


def test_the_figures_are_those_of_the_program() -> None:
    assert Patience() == Patience(step_s=20, channel_s=60, command_s=30)
    assert "20 seconds for each step, 60 for a channel, 30 for a command" in _PAGE
    assert (FIRST_PAUSE_S, MAX_PAUSE_S) == (60, 3600)
    assert "after one minute, then two, four, and so on up to an hour" in _PAGE
