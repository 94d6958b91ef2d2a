"""Strict YAML: strings stay strings, every line is known, and what configuration never needs is refused."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preserve.config.yamlfile import MAX_DEPTH, read_yaml
from preserve.limits import DEFAULT_LIMITS


@pytest.mark.parametrize("word", ["no", "on", "y", "12:30", "2010-11-28", "0x10", "1e3", "007", ".5", "=", "1_000"])
def test_bare_words_that_yaml_1_1_would_change_stay_what_was_written(word: str) -> None:
    assert read_yaml(f"key: {word}\n".encode()).value == {"key": word}


@pytest.mark.parametrize("text", ["key:", "key: ~", "key: null"])
def test_nothing_is_nothing(text: str) -> None:
    assert read_yaml(text.encode()).value == {"key": None}


def test_a_quoted_null_is_the_word() -> None:
    assert read_yaml(b"a: 'null'\nb: \"\"\n").value == {"a": "null", "b": ""}


def test_the_line_of_every_key_and_item_is_known() -> None:
    document = read_yaml(b"# first\na:\n  b: 1\n  c:\n    - x\n    - y\nd: {e: 2}\n")
    assert document.value == {"a": {"b": "1", "c": ["x", "y"]}, "d": {"e": "2"}}
    assert [document.line_of(p) for p in [("a",), ("a", "b"), ("a", "c", 1), ("d", "e")]] == [2, 3, 6, 7]


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    document = read_yaml(b"x: 1\na:\n  b: 1\n")
    assert document.line_of(("a", "missing", 3)) == 2
    assert document.line_of(("missing",)) == 1


def test_a_duplicate_key_names_both_lines() -> None:
    document = read_yaml(b"a: 1\nb: 2\na: 3\n")
    (mistake,) = document.mistakes
    assert mistake.told("f.yaml") == "f.yaml:3: 'a' stands here a second time (first on line 1); keep one of the two"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: &x 1\nb: *x\n", 1, "anchor"),
        ("a: 1\nb: *x\n", 2, "anchor"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tag"),
        ("a: !!int 3\n", 1, "tag"),
        ("a: 1\n---\nb: 1\n", 2, "second document"),
        ("a: [1\n", 2, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a: 1\nb: \x01\n", 2, "control character"),
        ("? [a, b]\n: 1\n", 1, "plain word"),
        ("a:\n" + "[" * (MAX_DEPTH + 5), 2, "nested deeper"),
        ("a: " + "[" * 100_000, 1, "nested deeper"),
    ],
)
def test_what_configuration_never_needs_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    (mistake,) = read_yaml(text.encode()).mistakes
    assert mistake.line == line
    assert what in mistake.what


def test_bytes_that_are_not_utf_8_are_told_with_their_line() -> None:
    (mistake,) = read_yaml("a: 1\nb: café\n".encode("latin-1")).mistakes
    assert (mistake.line, mistake.what) == (2, "byte 0xe9 is not UTF-8")


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1\n").value == {"a": "1"}


def test_a_file_beyond_the_bound_is_not_read() -> None:
    (mistake,) = read_yaml(b"#" * (DEFAULT_LIMITS.max_config_bytes + 1)).mistakes
    assert "bytes" in mistake.what


@given(st.binary(max_size=300))
def test_any_bytes_give_a_document_or_mistakes_and_nothing_else(data: bytes) -> None:
    document = read_yaml(data)
    assert document.value is None or document.lines
    assert all(1 <= mistake.line <= data.count(b"\n") + data.count(b"\r") + 2 for mistake in document.mistakes)


@given(
    st.recursive(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=10,
    )
)
def test_what_a_yaml_writer_quotes_is_read_back_as_it_was(value: object) -> None:
    written = yaml.safe_dump({"key": value}, default_style='"', allow_unicode=False, width=10_000)
    assert read_yaml(written.replace('!!null "null"', "null").encode()).value == {"key": value}
