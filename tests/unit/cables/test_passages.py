import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.passages import passages

_TEXTS = st.text(alphabet="ab X\n.", max_size=60)


@given(_TEXTS, _TEXTS)
def test_both_texts_can_be_put_together_again(before: str, after: str) -> None:
    lines = passages(before, after).lines
    whole = {line: "".join(piece.text for piece in line.pieces) for line in lines}
    assert "\n".join(whole[line] for line in lines if line.before is not None) == before
    assert "\n".join(whole[line] for line in lines if line.after is not None) == after
    assert [line.before for line in lines if line.before is not None] == list(range(1, before.count("\n") + 2))
    assert [line.after for line in lines if line.after is not None] == list(range(1, after.count("\n") + 2))


@given(_TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    found = passages(text, text)
    assert {line.kind for line in found.lines} == {"same"}
    assert list(found.hunks()) == []


def test_words_of_a_changed_line_are_told_apart() -> None:
    (removed, added) = passages("the gulls of Sampletown", "the crows of Sampletown").lines
    assert [(piece.kind, piece.text) for piece in removed.pieces if piece.kind != "same"] == [("removed", "gulls")]
    assert [(piece.kind, piece.text) for piece in added.pieces if piece.kind != "same"] == [("added", "crows")]


def test_marks_that_came_and_went_have_their_lines() -> None:
    found = passages("a\nMr Doe said XXXX and more", "a\nMr XXXXXXXXXXXX said XXXX and more")
    assert [(mark.text, mark.line) for mark in found.marks_added] == [("XXXXXXXXXXXX", 2)]
    assert found.marks_removed == ()


def test_hunks_have_lines_around_them() -> None:
    before = "\n".join("abcdefghij")
    (hunk,) = passages(before, before.replace("e", "E")).hunks(1)
    assert ["".join(piece.text for piece in line.pieces) for line in hunk] == ["d", "e", "E", "f"]


@pytest.mark.parametrize(("one", "other"), [("a\n" * 20_000, "b\na\n" * 20_000), ("a " * 100_000, "b a " * 100_000)])
def test_what_would_cost_too_much_is_one_piece(one: str, other: str) -> None:
    assert {line.kind for line in passages(one, other).lines} >= {"removed", "added"}
