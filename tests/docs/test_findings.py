"""Every finding has an example on its page, of the form in which it is printed."""

import tomllib
from pathlib import Path

import pytest

from preserve.findings import CODES

_TOP = Path(__file__).parents[2]
_EXAMPLES = tomllib.loads((_TOP / "tools" / "finding_examples.toml").read_text("utf-8"))
_PAGE = (_TOP / "docs" / "findings.md").read_text("utf-8")


def test_no_example_is_of_no_finding() -> None:
    assert {name for name in CODES if not name.startswith("I-")} == _EXAMPLES.keys()


@pytest.mark.parametrize("name", sorted(CODES))
def test_a_finding_has_an_example(name: str) -> None:
    example = f"{name}  {_EXAMPLES.get(name, f'1 time: {CODES[name].meaning}')}"
    assert example.isprintable()
    assert len(example) <= 250
    assert f"### {name}\n\n{CODES[name].meaning}\n\n```text\n{example}\n```\n" in _PAGE
