"""Where a module is tested can be found: by its name, or because it says so."""

import re
from collections.abc import Iterator
from pathlib import Path

_TOP = Path(__file__).parents[2]
_LONG_LINES = 100
_TESTED_BY = re.compile(r"^Tested by (.+)$", re.MULTILINE)
_PLACE = re.compile(r"``(tests/[A-Za-z0-9_/.]+)``")
_MODULES = sorted(path.relative_to(_TOP).as_posix() for path in (_TOP / "preserve").rglob("*.py"))


def _unit_file(module: Path) -> Path:
    return _TOP / "tests" / "unit" / module.relative_to("preserve").with_name(f"test_{module.name}")


def _wrong(module: str) -> Iterator[str]:
    """What is to be done about a module."""
    text = (_TOP / module).read_text("utf-8")
    places = [place for line in _TESTED_BY.findall(text) for place in _PLACE.findall(line)]
    if "Tested by" in text and not places:
        yield f"{module}: write a line of its own: Tested by ``tests/…/test_NAME.py``."
    for place in places:
        if not (_TOP / place).is_file():
            yield f"{module}: {place} is not there"
    is_long = text.count("\n") > _LONG_LINES and Path(module).name != "__init__.py"
    if is_long and not places and not _unit_file(Path(module)).is_file():
        yield (
            f"{module}: write {_unit_file(Path(module)).relative_to(_TOP)}, or end the module's docstring with a line "
            "Tested by ``tests/…/test_NAME.py``."
        )


def test_a_long_module_has_a_unit_file_of_its_name_or_says_where_it_is_tested() -> None:
    assert len(_MODULES) > 100
    assert [wrong for module in _MODULES for wrong in _wrong(module)] == []


_REFERENCE = re.compile(r"`(preserve(?:\.\w+)+)`")


def _is_there(reference: str) -> bool:
    """Whether a module, or a name in one, is what a docstring calls it."""
    parts = reference.split(".")
    for end in range(len(parts), 1, -1):
        path = _TOP.joinpath(*parts[:end])
        if path.is_dir():
            return end == len(parts)
        if path.with_suffix(".py").is_file():
            name = "".join(parts[end : end + 1])
            defined = rf"^\s*(?:(?:class|def) {name}\b|{name}(?::[^\n]*)? = )"
            return not name or re.search(defined, path.with_suffix(".py").read_text("utf-8"), re.MULTILINE) is not None
    return False


def test_what_docstrings_refer_to_is_there() -> None:
    found = ((module, one) for module in _MODULES for one in _REFERENCE.findall((_TOP / module).read_text("utf-8")))
    assert [f"{module}: `{one}`" for module, one in found if not _is_there(one)] == []
