"""Help costs little: no command's help imports what the command does."""

import json
import subprocess
import sys

import click
import pytest

from preserve.citation import forms
from preserve.cli.commands import cite
from preserve.cli.commands.export import export
from preserve.cli.commands.rot import STATES
from preserve.cli.main import cli
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
