"""Expressions that are compiled at their first use."""

import pickle
import re

import pytest

from preserve.expressions import lazy_re


def test_it_does_what_the_compiled_one_does() -> None:
    lazy, compiled = lazy_re(r"(a+)(b)?", re.IGNORECASE), re.compile(r"(a+)(b)?", re.IGNORECASE)
    for text in ("AAb", "xab ab", ""):
        assert [m.span() for m in lazy.finditer(text)] == [m.span() for m in compiled.finditer(text)]
        assert lazy.sub("-", text) == compiled.sub("-", text)
        assert (lazy.match(text) is None) == (compiled.match(text) is None)
    assert (lazy.pattern, lazy.flags, lazy.groups) == (compiled.pattern, compiled.flags, compiled.groups)


def test_bytes_too() -> None:
    found = lazy_re(rb"\d+").search(b"a12")
    assert found is not None
    assert found[0] == b"12"


def test_a_wrong_one_is_told_at_its_first_use() -> None:
    wrong = lazy_re("(")
    with pytest.raises(re.error):
        wrong.match("a")


def test_it_goes_to_other_processes_used_or_not() -> None:
    lazy = lazy_re("a", re.ASCII)
    assert pickle.loads(pickle.dumps(lazy)) == lazy
    lazy.match("a")
    again = pickle.loads(pickle.dumps(lazy))
    assert again == lazy
    assert hash(again) == hash(lazy)
    assert again.match("a")
    assert lazy != lazy_re("a")
