"""What no rule of comparison may make equal, each by a test of its own; and edits that must, and must not, be seen."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.comparison import comparison_text
from preserve.cables.difference import Difference, classify
from tests.layout_pages import BODY, read, wikileaks_page


def _class(one: str, other: str) -> Difference:
    readings = [
        read("wikileaks-cable", wikileaks_page(boxes=("FM SAMPLETOWN", text), before_boxes=f"<p>{number}</p>"))
        for number, text in enumerate((one, other))
    ]
    return classify(readings[0], readings[1])


def _differs(one: str, other: str) -> None:
    assert comparison_text(one).text != comparison_text(other).text
    assert _class(one, other) not in {Difference.SAME_BYTES, Difference.SAME_BODY, Difference.SAME_AFTER_RULES}


def test_the_length_of_a_run_of_x() -> None:
    _differs("Mr XXXXXXXXXXXX said", "Mr XXXXXXXXXXXXX said")


def test_portion_marks() -> None:
    _differs("1. (SBU) Gulls", "1. (U) Gulls")


def test_letter_case() -> None:
    _differs("Sipdis\nSUBJECT: Gulls", "SIPDIS\nSUBJECT: GULLS")


def test_digits_and_leading_zeros() -> None:
    _differs("UNCLAS SAMPLETOWN 000012", "UNCLAS SAMPLETOWN 12")


def test_a_hyphen_at_a_line_end() -> None:
    _differs("the harbour-\nmaster", "the harbourmaster")
    _differs("the harbour-\nmaster", "the harbour\nmaster")


def test_misspelt_names() -> None:
    _differs("SAMPLETOWN", "SAMPELTOWN")


def test_wire_garble() -> None:
    _differs("the g#lls & of", "the gulls & of")


def test_order_and_doubling_of_captions() -> None:
    _differs("SIPDIS\nNOFORN", "NOFORN\nSIPDIS")
    _differs("SIPDIS\nSIPDIS", "SIPDIS")


def test_the_partial_sentence() -> None:
    note = "This record is a partial extract of the original cable."
    _differs(f"{note}\n1. Gulls", "1. Gulls")


def test_the_signature() -> None:
    _differs("1. Gulls\nDOE", "1. Gulls")


def test_the_sentence_of_declassification() -> None:
    _differs("Original Telegram was Confidential but has since been de-classified\n1. Gulls", "1. Gulls")


def test_declassification_lines() -> None:
    _differs("DECL: 01/05/2018\n1. Gulls", "DECL: 01/05/2028\n1. Gulls")


def test_ids_in_the_text_as_they_are_printed() -> None:
    _differs("REF: 08 SECTION 01 OF 02 SAMPLETOWN 12", "REF: 08 SAMPLETOWN 12")


def test_dates_as_they_are_printed() -> None:
    _differs("2008-01-05 12:12", "2008-01-05 12:33")


def test_footnote_digits() -> None:
    _differs("gulls1 and crows", "gulls and crows")


def test_lines_are_not_joined() -> None:
    _differs("the gulls\nof Sampletown", "the gulls of Sampletown")


_SEEN = [number for number, character in enumerate(BODY) if character.isalnum()]


@given(st.sampled_from(_SEEN), st.sampled_from(string.ascii_letters + string.digits))
def test_another_letter_or_digit_anywhere_is_always_seen(place: int, other: str) -> None:
    edited = BODY[:place] + other + BODY[place + 1 :]
    same = comparison_text(edited).text == comparison_text(BODY).text
    assert same is (edited == BODY)


@given(st.sampled_from(_SEEN), st.integers(1, 20), st.integers(1, 20))
def test_a_run_of_x_and_its_length_are_always_seen(place: int, length: int, other: int) -> None:
    one, two = (BODY[:place] + "X" * count + BODY[place:] for count in (length, other))
    assert comparison_text(one).text != comparison_text(BODY).text
    assert (comparison_text(one).text == comparison_text(two).text) is (length == other)


@pytest.mark.parametrize("mark", ["(C)", "(S)", "(SBU)", "(S/NF)", "(LOU)", ""])
def test_another_portion_mark_is_always_seen(mark: str) -> None:
    _differs(BODY, BODY.replace("(U)", mark, 1))


@pytest.mark.parametrize("word", ["CONFIDENTIAL", "SECRET", "UNCLASSIFIED", "C O N F I D E N T I A L", "UNCLAS //"])
def test_another_classification_is_always_seen(word: str) -> None:
    _differs(BODY, BODY.replace("UNCLAS", word, 1))


_BLANKS = [number for number, character in enumerate(BODY) if character in " \n" and "NNNN" not in BODY[:number]]


@given(st.lists(st.tuples(st.sampled_from(_BLANKS), st.sampled_from([" ", "  ", "\t"])), max_size=6), st.booleans())
def test_blanks_page_lines_and_a_final_mark_are_never_seen(places: list[tuple[int, str]], is_cut: bool) -> None:
    edited = BODY
    for place, blanks in sorted(places, reverse=True):
        edited = edited[:place] + (blanks if BODY[place] == " " else blanks + "\n") + edited[place:]
    edited = edited.removesuffix("NNNN") if is_cut else f"{edited} \n\n"
    edited = edited.replace("\nSUBJECT", "\nSAMPLETOWN 00000012  002 OF 003 \n\nSUBJECT")
    assert comparison_text(edited).text == comparison_text(BODY).text


@given(st.lists(st.tuples(st.sampled_from(range(len(BODY))), st.sampled_from([" ", "\n", "X", "1", "\u00b6", ","]))))
def test_the_comparison_text_of_a_comparison_text_is_itself(places: list[tuple[int, str]]) -> None:
    edited = BODY.removesuffix("NNNN") + "DOE"
    for place, piece in places:
        edited = edited[:place] + piece + edited[place:]
    once = comparison_text(edited).text
    assert comparison_text(once).text == once
