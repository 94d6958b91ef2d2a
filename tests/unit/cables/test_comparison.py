import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.comparison import VERSION, comparison_text, is_page_line
from tests.growth import assert_linear


@pytest.mark.parametrize(
    ("body", "text", "fired"),
    [
        ("plain", "plain", ()),
        ("a &amp; b", "a & b", (1,)),
        ("a\r\nb\rc", "a\nb\nc", (1,)),
        ("\ufeffa", "a", (1,)),
        ("e\u0301", "\u00e9", (2,)),
        ("\u00b61. a", "1. a", (3,)),
        ("\u00b6B. a", "B. a", (3,)),
        ("\u00b6 1. a", "\u00b6 1. a", ()),
        ("a \n \n\nb\t\n", "a\nb", (4,)),
        ("a  b\tc\u00a0d", "a b c d", (5,)),
        ("  a", " a", (5,)),
        ("a\nNNNN \n", "a", (4, 6)),
        ("a NNNN", "a NNNN", ()),
        ("TAGS: A, B,C", "TAGS: A B C", (7,)),
        ("Tags: a, b", "Tags: a b", (7,)),
        ("TAGS: A B", "TAGS: A B", ()),
        ("a, b", "a, b", ()),
        ("a\nSAMPLE TOWN 00000525  002 OF 003\nb", "a\nb", (5, 8)),
        ("\u201ca\u201d \u2018b\u2019", "\"a\" 'b'", (9,)),
    ],
)
def test_rules(body: str, text: str, fired: tuple[int, ...]) -> None:
    got = comparison_text(body)
    assert (got.text, got.rules_fired) == (text, fired)
    assert VERSION == "1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("XXXX", "XXXXXX"),
        ("(SBU) a", "(U) a"),
        ("Sipdis", "SIPDIS"),
        ("000123", "123"),
        ("Minister- \nPresident", "Minister-President"),
        ("Minister- \nPresident", "Minister- President"),
        ("SIPDIS\nSIPDIS", "SIPDIS"),
        ("a\ufb01", "afi"),
        ("TAGS: A B", "TAGS: B A"),
    ],
)
def test_what_is_never_made_equal(one: str, other: str) -> None:
    assert comparison_text(one).text != comparison_text(other).text


def test_a_dump_and_a_page_of_one_text_agree() -> None:
    dump = (
        'UNCLAS  XY 000001 \n \nTAGS: PREL, Fair Winds \n \n1. (U) He said:  "a".\n \nXY 00000001  002 OF 002\n\n'
        "DOE \n \n \nNNNN "
    )
    page = "UNCLAS XY 000001\n\nTAGS: PREL Fair Winds\n\n\u00b61. (U) He said: \u201ca\u201d.\nDOE"
    assert comparison_text(dump).text == comparison_text(page).text


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("SAMPLETOWN 00000525  002 OF 003", True),
        ("SAMPLE TOWN 00000525 001.2 OF 004 ", True),
        ("SAMPLETOWN 525 002 OF 003", False),
        ("IN SAMPLETOWN 00000525  002 OF 003 PEOPLE", False),
        ("A " * 100, False),
    ],
)
def test_page_lines(line: str, is_one: bool) -> None:
    assert is_page_line(line) is is_one


_PIECES = (
    *"aX1. \n\t\r\u00b6,N\u201c\u00e9\u0301\u00a0\ufeff\u2028\x0b&",
    *("TAGS:", "NNNN", "\nNNNN", "&amp;", "amp;", "&#10;", "#182;", "&lt;", "\nTAGS: A, B"),
    *("&amp\u037e", "&#x\u00b638;", "\nTAGS: A,", "\nKZ, KY", "TAGS:\x0b", "\u2018", ",\n", "Tags:"),
    *("SAMPLETOWN 00000525  002 OF 003", "\nO\u2018TOWN 00000525  002 OF 003\n"),
)


@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(_PIECES),
            max_size=25,
        ).map("".join),
    )
)
def test_the_comparison_text_of_a_comparison_text_is_itself(body: str) -> None:
    once = comparison_text(body).text
    again = comparison_text(once)
    assert again.text == once


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a\nNNNN\nNNNN\n", "a"),
        ("\u00b6\u00b61. a", "1. a"),
        ("a &amp;amp; b", "a & b"),
        ("a\nNNNN\nSAMPLETOWN 00000525  002 OF 003", "a"),
        ("NNNN\nNNNN", ""),
        ("a\nO\u2018TOWN 00000525 002 OF 003\nb", "a\nb"),
        ("TAGS: A\x0b\nb", "TAGS: A\nb"),
        ("TAGS:\nb", "TAGS:\nb"),
    ],
)
def test_what_a_rule_leaves_to_another(body: str, text: str) -> None:
    assert comparison_text(body).text == text


@pytest.mark.parametrize("piece", ["&" + "amp;" * 500, "&#38;" + "#38;" * 500, "\ufeff\n" * 500])
def test_a_text_that_no_end_of_rules_is_found_for_is_compared_as_it_is(piece: str) -> None:
    got = comparison_text(piece)
    assert (got.text, got.rules_fired) == (piece, ())


@pytest.mark.parametrize(
    ("dump", "page"),
    [
        ("TAGS: PREL, PHUM, \nKDEM, KZ\nSUBJECT: A, B", "TAGS: PREL PHUM\nKDEM KZ\nSUBJECT: A, B"),
        ("TAGS: PREL, PHUM\nKDEM, KZ\nREF: A, B", "TAGS: PREL PHUM\nKDEM KZ\nREF: A, B"),
        ("TAGS: PREL,\nHuman Rights, KZ\n\n1. A, b", "TAGS: PREL\nHuman Rights KZ\n1. A, b"),
    ],
)
def test_the_commas_of_tags_that_go_on_in_the_next_line(dump: str, page: str) -> None:
    assert comparison_text(dump).text == comparison_text(page).text == page


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece", [" ", "\n", " \n", "\u00b6", "&", "&#", "TAGS: ", "NNNN\n", "A ", ", ", "\nTAGS: A,", "A,\n"]
)
def test_long_texts_are_compared_in_linear_time(piece: str) -> None:
    assert_linear(lambda size: comparison_text(piece * size), 50_000)
