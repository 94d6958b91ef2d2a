"""The page for newcomers against the tree, and class names against one another."""

import re
from collections import defaultdict
from keyword import iskeyword
from pathlib import Path

from preserve.cli.main import GROUPS, cli

TOP = Path(__file__).parents[2]


def _rows(page: str) -> list[list[str]]:
    lines = (TOP / page).read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]


def test_every_place_that_the_table_of_changes_names_is_there() -> None:
    changes = [row for row in _rows("CONTRIBUTING.md") if re.search(r"`(?:preserve|config)/", row[-1])]
    assert len(changes) >= 10
    for change, files in changes:
        for name in re.findall(r"`((?:preserve|config|tests|docs)/[\w./-]*)`", files):
            assert "NAME" in name or (TOP / name).exists(), (change, name)


def test_a_public_class_name_has_one_owner() -> None:
    owners = defaultdict(list)
    for path in sorted((TOP / "preserve").rglob("*.py")):
        # The checker in a capsule is a program by itself: strangers know its names, and it imports none of ours.
        if path.name == "check_capsule.py":
            continue
        for name in re.findall(r"^class ([A-Za-z]\w*)", path.read_text("utf-8"), re.MULTILINE):
            owners[name].append(str(path.relative_to(TOP)))
    assert len(owners) > 100
    twice = {name: paths for name, paths in owners.items() if len(paths) > 1}
    assert twice == {}


def test_the_help_lists_every_command_once_and_each_group_has_an_example_of_its_own() -> None:
    listed = [name for _example, names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(cli.commands)
    modules = {path.stem for path in (TOP / "preserve/cli/commands").glob("*.py")} - {"__init__"}
    assert {name + "_" * iskeyword(name) for name in listed} == modules
    for title, (example, names) in GROUPS.items():
        assert example.split()[:1] == ["preserve"], title
        assert example.split()[1] in names, title


def test_the_glossary_is_in_no_doubt_about_a_word() -> None:
    words = [row[0] for row in _rows("docs/glossary.md") if row[0] not in ("word", "---")]
    assert len(words) > 30
    assert len(words) == len(set(words))
