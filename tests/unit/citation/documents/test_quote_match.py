"""How quoted words stand in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.citation.documents.quote_match import Wording, wording_of

TEXT = (
    "1. (SBU) The Harbour Office has finished  its first \ninventory of lighthouses. \n \n"
    'SAMPLETOWN 00000525  002 OF 003 \n \nIt lists "twelve" - the charts show eleven. \n2. (U) Café. \n'
)


@pytest.mark.parametrize(
    ("quote", "wording"),
    [
        ("The Harbour Office has", Wording.EXACT),
        ("Office has finished its first inventory", Wording.BLANKS),
        ("its first inventory of lighthouses,", Wording.BLANKS),
        ("inventory of lighthouses. It lists", Wording.PAGE_LINES),
        ("Harbour Office … its first inventory [...] the charts show", Wording.PARTS),
        ("It lists \u201ctwelve\u201d\u2014the charts", Wording.TYPESET),
        ("The Har\u00adbour O\ufb03ce has finished", Wording.TYPESET),
        ("first inven-\ntory of lighthouses", Wording.TYPESET),
        ("It lists \u2018twelve\u2019", Wording.TYPESET),
        ("It lists \u201ctwelve\u201d \u2026 charts show", Wording.PARTS),
        ("Cafe\u0301", Wording.TYPESET),
        ("(U) Cafe", Wording.SIGNS),
        ("the charts show … Harbour Office", Wording.NONE),
        ("Office has finished its second inventory", Wording.NONE),
        ("harbour office", Wording.NONE),
    ],
)
def test_wordings(quote: str, wording: Wording) -> None:
    match = wording_of(quote, TEXT)
    assert match.wording is wording
    assert match.is_found == (wording not in {Wording.SIGNS, Wording.NONE})


@pytest.mark.parametrize(
    ("quote", "wording"),
    [
        ("会議は三時間続いた", Wording.EXACT),
        ("会議は四時間続いた", Wording.NONE),
        ("Судно ушло", Wording.EXACT),
        ("Судно пришло", Wording.NONE),
        ("أبحرت السفينة", Wording.EXACT),
        ("عادت السفينة", Wording.NONE),
        ("أَبحرت السفينة", Wording.SIGNS),
        ("\u0301", Wording.NONE),
    ],
)
def test_words_of_other_scripts_are_told_apart(quote: str, wording: Wording) -> None:
    assert wording_of(quote, "会議は三時間続いた。 Судно ушло. أبحرت السفينة").wording is wording


def test_the_nearest_words_are_told() -> None:
    assert (
        wording_of("Office has finished its second inventory", TEXT).nearest
        == "Office has finished its first inventory"
    )


@given(st.text(alphabet="ab \n.X-", min_size=1, max_size=80), st.data())
def test_what_stands_there_is_found_and_nothing_else_is_exact(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end].strip()
    if quote:
        assert wording_of(quote, text).wording is Wording.EXACT
        assert wording_of(quote + "Q", text).wording is not Wording.EXACT


@pytest.mark.slow
def test_hostile_sizes_take_no_time_worth_telling() -> None:
    assert wording_of("a b " * 3_000, "b  a " * 100_000).wording is Wording.BLANKS
    assert wording_of("a x " * 1_000, "b a " * 100_000).wording is Wording.NONE
