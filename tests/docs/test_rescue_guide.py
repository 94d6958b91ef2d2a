"""The pages on link rot and rescue against the program: their commands, their configuration, their tables."""

import re
import shlex
from pathlib import Path

import pytest

from preserve.cli.main import cli
from preserve.config.archives import ArchiveConfig, load_archives
from preserve.config.checked import check
from preserve.crawler import outcomes
from preserve.provenance.statements import ListingStatement, MementoStatement, decode, encode, kind_of
from preserve.replay.link_status import MISSING_DAYS, UNREACHABLE_DAYS, LinkState

_TOP = Path(__file__).parents[2]
_ROT, _RESCUE = ((_TOP / "docs" / f"{name}.md").read_text("utf-8") for name in ("link-rot", "rescue"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [_ROT, _RESCUE], ids=["link-rot", "rescue"])
def test_every_command_can_be_typed(page: str) -> None:
    lines = [line for kind, text in _BLOCK.findall(page) if kind == "console" for line in text.splitlines()]
    assert len(lines) > 3
    for line in lines:
        words = shlex.split(line.removeprefix("$ "))
        assert words[0] == "preserve"
        with cli.commands[words[1]].make_context(words[1], words[2:]):
            pass


def test_the_example_of_an_archive_is_good() -> None:
    (text,) = (text for kind, text in _BLOCK.findall(_RESCUE) if kind == "yaml")
    assert check(text.encode(), ArchiveConfig, source="docs", name="example").per_day == 500


def test_the_archives_that_come_along_are_good() -> None:
    assert [archive.title for archive in load_archives(_TOP / "config")] == ["Arquivo.pt", "Internet Archive"]


def test_the_pages_say_what_the_program_has() -> None:
    for state in LinkState:
        assert f"| `{state}` |" in _ROT
    for reason in (outcomes.RESCUED, outcomes.NOT_ARCHIVED, outcomes.NO_GOOD_MEMENTO, outcomes.NO_ANSWER):
        assert f"| `{reason}` |" in _RESCUE
    assert (MISSING_DAYS, UNREACHABLE_DAYS) == (2, 3)
    assert "on two different days" in _ROT
    assert "on three different days" in _ROT


def test_the_format_names_every_field_of_the_statements() -> None:
    page = (_TOP / "docs" / "formats" / "ledger.md").read_text("utf-8")
    listing = ListingStatement(
        run="r", archive="a", uri="u", asked="2026-01-02T03:04:05Z", answer="none", complete=True, mementos=0,
        records=(), reasons=(),
    )  # fmt: skip
    memento = MementoStatement(
        run="r", archive="a", archive_title="A", uri="u", memento="m", requested="2026-01-02T03:04:05Z", served=None,
        record_id=None, status=None, verdict="failed", reasons=(), claimed_digest=None, digest="unknown",
        held="unknown",
    )  # fmt: skip
    for statement in (listing, memento):
        assert decode(encode(statement)) == statement
        section = page.split(f"### {kind_of(statement)}\n")[1].split("\n### ")[0]
        for name in set(statement.__struct_fields__) - {"v"}:
            assert f"`{name}`" in section, name
