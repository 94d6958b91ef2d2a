"""README and docs against the program: links, commands, names of files, help and the demo's output."""

import re
import shlex
from pathlib import Path

import click
import pytest

from preserve.cli.main import cli, main

TOP = Path(__file__).parents[2]
PAGES = sorted(
    [
        TOP / "README.md",
        TOP / "CONTRIBUTING.md",
        TOP / "CHANGELOG.md",
        TOP / "archives" / "README.md",
        *(TOP / "docs").rglob("*.md"),
    ]
)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_FILE = re.compile(r"`((?:preserve|tests|tools|config|docs)/[\w./-]+)`")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(path: Path, kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(path.read_text("utf-8")) if name == kind]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(TOP)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(TOP)))
def test_every_file_named_is_there(page: Path) -> None:
    for name in _FILE.findall(page.read_text("utf-8")):
        if not re.search(r"[A-Z]{4}", Path(name).stem):
            assert (TOP / name).exists(), name


def test_every_command_in_the_readme_exists_with_its_options() -> None:
    lines = [line for block in _blocks(TOP / "README.md", "console") for line in block.splitlines()]
    commands = [shlex.split(line[2:]) for line in lines if line.startswith("$ preserve ")]
    assert len(commands) > 5
    for words in commands:
        command = cli.commands[words[1]]
        with command.make_context(words[1], list(words[2:]), resilient_parsing=False) as context:
            assert isinstance(context, click.Context)


def test_every_make_target_in_the_readme_exists() -> None:
    targets = re.findall(r"make ([a-z-]+)", (TOP / "README.md").read_text("utf-8"))
    makefile = (TOP / "Makefile").read_text("utf-8")
    for target in targets:
        assert f"\n{target}: " in makefile


def test_the_readme_is_read_in_a_minute() -> None:
    assert len((TOP / "README.md").read_text("utf-8").splitlines()) <= 90


def test_the_demo_prints_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    printed = iter(capsys.readouterr().out.splitlines())
    for line in [line for block in _blocks(TOP / "README.md", "demo") for line in block.splitlines()]:
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        assert any(pattern.fullmatch(shown) for shown in printed), line


def test_nobody_is_told_to_get_the_program_from_an_index_where_the_name_is_anothers() -> None:
    told = re.compile(r"\b(?:pipx?|uv(?: pip| tool)?)\s+(?:install|run)\s+(?:-\S+\s+)*['\"]?preserve(?![\w.-])")
    for path in [*PAGES, TOP / "Makefile", *(TOP / "preserve").rglob("*.py")]:
        assert told.search(path.read_text("utf-8")) is None, path


def test_no_page_speaks_of_work_to_be_done() -> None:
    for page in PAGES:
        assert not re.search(r"\bTODO\b|\bFIXME\b|\bXXX\b", page.read_text("utf-8")), page
