"""Help costs little: no command's help imports what the command does. Each has an example that can be typed."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from preserve.citation import forms
from preserve.cli.commands import cite
from preserve.cli.commands.export import export
from preserve.cli.commands.rot import STATES
from preserve.cli.main import cli
from preserve.cli.shared.common import EXIT_STATUSES
from preserve.export.tables import TABLES
from preserve.replay.link_status import LinkState

# What takes longest to import of what is installed, and the packages of this program that bring it.
_HEAVY = (
    "cryptography", "lxml", "msgspec", "pydantic", "requests", "rich", "sqlite3", "warcio", "yaml",
    "preserve.cables", "preserve.crawler", "preserve.integrity", "preserve.replay", "preserve.store.catalogue",
)  # fmt: skip
_SCRIPT = """
import contextlib, io, json, sys
from preserve.cli.main import cli
from preserve.cli.shared.common import EXIT_STATUSES
heavy = sys.argv[1].split(",")
found = {}
for name in [None, *cli.commands]:
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()):
        cli.main([*([name] if name else []), "--help"], standalone_mode=False)
    brought = set(sys.modules) - before
    found[name or ""] = sorted(item for item in heavy if item in brought)
    for item in brought:
        if item.startswith("preserve."):
            del sys.modules[item]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, ",".join(_HEAVY)], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", sorted({"", *cli.commands}))
def test_help_imports_nothing_that_the_command_does(imported: dict[str, list[str]], name: str) -> None:
    assert imported[name] == []


def test_the_tables_that_can_be_exported_are_those_that_are_there() -> None:
    (option,) = [each for each in export.commands["csv"].params if each.name == "table"]
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(TABLES)


def test_the_states_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert tuple(map(str, LinkState)) == STATES


def test_the_forms_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert tuple(forms.FORMS) == cite.FORMS


_LINE = 76
"""What a terminal of 80 columns shows of a paragraph of help in one line."""


def _below(name: str, command: click.Command) -> list[tuple[str, click.Command]]:
    under = command.commands if isinstance(command, click.Group) else {}
    return [(name, command), *(each for word in under for each in _below(f"{name} {word}", under[word]))]


_ALL = [each for name in cli.commands for each in _below(name, cli.commands[name])]


@pytest.mark.parametrize(("name", "command"), _ALL, ids=[name for name, _command in _ALL])
def test_the_help_of_a_command_ends_with_an_example_that_is_understood(
    name: str, command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.epilog == EXIT_STATUSES
    found = re.search(r"\n\nFor example: `preserve (.+)`\Z", inspect.cleandoc(command.help or ""))
    assert found
    assert len(found[0].strip()) <= _LINE, "it is broken into two lines, and cannot be pasted"
    words = shlex.split(found[1])
    assert words[: len(name.split())] == name.split()
    # Files that an example names are there.
    monkeypatch.chdir(tmp_path)
    for word in words:
        if re.fullmatch(r"[\w*-]+(\.\w+)*", word):
            Path(word).touch()
    typed: click.Command = cli
    while isinstance(typed, click.Group) and words and words[0] in typed.commands:
        typed = typed.commands[words.pop(0)]
    typed.make_context("preserve", words)


_JOINED = re.compile(r"\"\n\s+f?\"")
_NAMED = re.compile(r"`preserve ([a-z][^`]*)`")


def _mistake(words: list[str]) -> str:
    """What is wrong with a command that a message names; empty where nothing is."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            # `serve` alone runs; other words after a group are none.
            return "" if command.name == "serve" or words[0].startswith("{") else f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    options = {name for param in command.params for name in param.opts} | {"--help"}
    if unknown := [word for word in words if word.startswith("-") and word not in options]:
        return f"no option {unknown[0]}"
    of_files = any(
        isinstance(param.type, click.Path) and param.type.exists
        for param in command.params
        if not param.opts[0].startswith("-")
    )
    return "a collection is named, and it takes files" if of_files and words and words[0].endswith(".name}") else ""


def test_commands_that_messages_name_can_be_typed() -> None:
    wrong = []
    for path in sorted((Path(__file__).parents[3] / "preserve").rglob("*.py")):
        for named in _NAMED.findall(_JOINED.sub("", path.read_text("utf-8"))):
            words = re.findall(r"\{[^}]*\}|'[^']*'|\S+", named)
            if mistake := _mistake(words):
                wrong.append(f"{path.name}: `preserve {named}`: {mistake}")
    assert wrong == []
