"""Compiled expressions that are kept: the same ones come back, and nothing else that lies there is believed."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from preserve import expressions
from preserve.config.expressioncache import ExpressionCache
from preserve.expressions import compiled_re, keep_no_more_expressions, kept_expressions

_EXPRESSIONS: list[tuple[Any, int]] = [
    (r"(?P<year>\d{4})-(\d\d)?", 0),
    ("[\u00e0-\u00ff\ud800]+x", re.IGNORECASE),
    (rb"a++[^\x00-\x20]*?\Z", re.DOTALL),
    ("^(?:one|two|three)(?=s)", re.MULTILINE),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "preserve"


@pytest.fixture
def compilings(monkeypatch: pytest.MonkeyPatch) -> list[str | bytes]:
    """What is compiled, as it is."""
    found: list[str | bytes] = []
    compile_it: Callable[..., re.Pattern[str]] = re.compile

    class _Re:
        @staticmethod
        def compile(pattern: str, flags: int = 0) -> re.Pattern[str]:
            found.append(pattern)
            return compile_it(pattern, flags)

    monkeypatch.setattr(expressions, "re", _Re)
    return found


def _all() -> list[re.Pattern[Any]]:
    with kept_expressions(ExpressionCache):
        return [compiled_re(pattern, flags) for pattern, flags in _EXPRESSIONS]


def test_an_engine_that_takes_nothing_kept_compiles_each_time(
    compilings: list[str | bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.config.expressioncache._sre", None)
    for times in (1, 2):
        assert _all() == [re.compile(pattern, flags) for pattern, flags in _EXPRESSIONS]
        assert len(compilings) == times * len(_EXPRESSIONS)
    assert not folder.exists()


def test_a_command_that_writes_nothing_keeps_none(folder: Path) -> None:
    with kept_expressions(ExpressionCache):
        keep_no_more_expressions()
        compiled_re("a+b")
    assert not folder.exists()
    _all()
    assert folder.exists()


def test_what_was_compiled_once_is_the_same_the_next_time(compilings: list[str | bytes]) -> None:
    first = _all()
    assert len(compilings) == len(_EXPRESSIONS)
    again = _all()
    assert len(compilings) == len(_EXPRESSIONS)
    assert again == first == [re.compile(pattern, flags) for pattern, flags in _EXPRESSIONS]
    assert dict(again[0].groupindex) == {"year": 1}
    found = again[0].search("in 1984-12")
    assert found is not None
    assert (found["year"], found.lastindex, found.span(2)) == ("1984", 2, (8, 10))


def test_what_comes_later_is_added(compilings: list[str | bytes]) -> None:
    for text in ("one", "two", "one", "two"):
        with kept_expressions(ExpressionCache):
            compiled_re(text)
    assert compilings == ["one", "two"]


def test_flags_and_the_check_tell_expressions_apart(compilings: list[str | bytes]) -> None:
    looked_at: list[str] = []
    for _time in range(2):
        with kept_expressions(ExpressionCache):
            compiled_re("a", re.IGNORECASE)
            compiled_re("a")
            compiled_re("a", check=looked_at.append)
    assert compilings == ["a", "a", "a"]
    assert looked_at == ["a"]


def test_what_speaks_against_an_expression_is_told_each_time() -> None:
    def refuse(_pattern: str) -> None:
        raise ValueError("no")

    for _time in range(2):
        with kept_expressions(ExpressionCache), pytest.raises(ValueError, match="no"):
            compiled_re("a", check=refuse)


def _rewritten(folder: Path, change: Callable[[bytes], bytes]) -> None:
    (path,) = folder.iterdir()
    path.write_bytes(change(path.read_bytes()))


def _with_digest(written: bytes) -> bytes:
    return sha256(written).digest() + written


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: _with_digest(b"\xc1"),
        lambda data: _with_digest(msgspec.msgpack.encode([[True]])),
        lambda data: _with_digest(data[32:] + b"x"),
    ],
)
def test_a_damaged_file_is_made_anew(
    folder: Path, compilings: list[str | bytes], change: Callable[[bytes], bytes]
) -> None:
    first = _all()
    _rewritten(folder, change)
    assert _all() == first
    assert len(compilings) == 2 * len(_EXPRESSIONS)
    assert _all() == first
    assert len(compilings) == 2 * len(_EXPRESSIONS)


@pytest.mark.parametrize(
    ("place", "value"),
    [(5, b"\xff" * 40), (5, b""), (5, b"abc"), (6, 70_000_000), (6, -1), (7, {"year": 9}), (7, {"year": -7}), (4, -1)],
)
def test_what_can_be_no_expression_is_compiled(
    folder: Path, compilings: list[str | bytes], place: int, value: object
) -> None:
    """Whole by its digest, and not what an expression becomes: the engine refuses it."""
    first = _all()

    def change(data: bytes) -> bytes:
        kept = msgspec.msgpack.decode(data[32:])
        for one in kept:
            one[place] = value
        return _with_digest(msgspec.msgpack.encode(kept))

    _rewritten(folder, change)
    assert _all() == first
    assert len(compilings) >= len(_EXPRESSIONS) + 1


def test_a_folder_that_cannot_be_written_to_is_no_fault(folder: Path) -> None:
    folder.write_bytes(b"a file where the folder would be")
    assert _all() == _all()
    assert folder.read_bytes() == b"a file where the folder would be"


def test_outside_of_a_command_nothing_is_kept(folder: Path) -> None:
    compiled_re("a")
    assert not folder.exists()
