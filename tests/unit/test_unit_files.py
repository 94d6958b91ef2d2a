"""Where a module is tested can be found: by its name, or because it says so."""

import re
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[2]
_LONG_LINES = 100
_TESTED_BY = re.compile(r"^Tested by (.+)$", re.MULTILINE)
_PLACE = re.compile(r"``(tests/[A-Za-z0-9_/.]+)``")
_MODULES = sorted(path.relative_to(_TOP).as_posix() for path in (_TOP / "preserve").rglob("*.py"))


def _unit_file(module: Path) -> Path:
    return _TOP / "tests" / "unit" / module.relative_to("preserve").with_name(f"test_{module.name}")


@pytest.mark.parametrize("module", _MODULES)
def test_a_long_module_has_a_unit_file_of_its_name_or_says_where_it_is_tested(module: str) -> None:
    text = (_TOP / module).read_text("utf-8")
    places = [place for line in _TESTED_BY.findall(text) for place in _PLACE.findall(line)]
    assert "Tested by" not in text or places, "write a line of its own: Tested by ``tests/…/test_NAME.py``."
    assert [place for place in places if not (_TOP / place).is_file()] == []
    if len(text.splitlines()) > _LONG_LINES and Path(module).name != "__init__.py":
        assert places or _unit_file(Path(module)).is_file(), (
            f"write {_unit_file(Path(module)).relative_to(_TOP)}, or end the module's docstring with a line "
            "Tested by ``tests/…/test_NAME.py``."
        )
