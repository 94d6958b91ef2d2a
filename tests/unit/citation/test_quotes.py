import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.citation import forgiving
from preserve.citation.forgiving import forgiving_places
from preserve.citation.quotable import QuotableText, of_cable, of_page
from preserve.citation.quotes import find_passage
from preserve.config.folder import load_layouts
from preserve.errors import NotHeldError, UsageError
from tests.examples import examples

LAYOUTS: list[Layout] = list(compile_layouts(load_layouts(Path(__file__).parents[3] / "config")).values())
TEXT = """UNCLAS SAMPLETOWN 000001

1. (SBU) Summary. The harbour was closed
for two  days. End summary.

2. (C) The mayor said \u201cno\u201d to the cafe\u0301 and its co-
operation with the

SAMPLETOWN 00000001  001.2 OF 003

harbour office. Thank you.

3. (SBU) Summary. Thank you. Thank you.
"""


def cable(text: str = TEXT) -> Extraction:
    last = "Latest source of this page is x, released 2011-10-04"
    page = f"Identifier: 07SAMPLETOWN1<br>Origin: O<br><pre>{text}</pre>{last}"
    got = extract(page.encode(), "text/html; charset=utf-8", LAYOUTS)
    assert got is not None
    return got


def quotable(text: str = TEXT) -> QuotableText:
    return of_cable(cable(text))


def test_a_quote_with_blanks_for_line_ends_is_found_and_says_so() -> None:
    got = find_passage(quotable(), quote="harbour was closed for two days")
    assert got.exact == "harbour was closed\nfor two  days"
    assert (got.folded_blanks, got.paragraph, got.portion_mark) == (True, "1", "(SBU)")
    assert not find_passage(quotable(), quote="The mayor said").folded_blanks


def test_bytes_are_those_of_the_payload() -> None:
    extraction = quotable()
    got = find_passage(extraction, quote="caf" + "e\u0301")
    page = f"Identifier: 07SAMPLETOWN1<br>Origin: O<br><pre>{TEXT}</pre>Latest".encode()
    assert page[got.byte_start : got.byte_end] == "cafe\u0301".encode()


def test_a_page_line_inside_is_listed() -> None:
    got = find_passage(quotable(), quote="operation with the harbour office")
    assert got.page_lines == ("SAMPLETOWN 00000001  001.2 OF 003",)
    assert got.page_lines[0] in got.exact
    assert find_passage(quotable(), quote=got.exact).page_lines == ()


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ("the mayor SAID", "capital"),
        ("The harbour was closed for three days", "Nearest.*where the quote has 'hree days'"),
        ("The har-bour was closed", "Nearest"),
        ("cafe and its", "the nearest words are “cafe\u0301 and its”"),
        ("A harbour was closed in May", "the nearest words are “The harbour was closed for two”"),
        ("Norway\u2019s fishermen", r"in the text of 07SAMPLETOWN1\Z"),
    ],
)
def test_other_words_are_told(quote: str, reason: str) -> None:
    with pytest.raises(NotHeldError, match=reason):
        find_passage(quotable(), quote=quote)


def test_where_else_a_quote_stands_is_told() -> None:
    with pytest.raises(NotHeldError, match=r"not in that part of it: paragraph 2, characters \d+-\d+\Z"):
        find_passage(quotable(), quote="The mayor said", paragraph=1)


@pytest.mark.parametrize(
    ("quote", "taken"),
    [
        ("caf\u00e9 and", "cafe\u0301 and"),
        ('said "no" to', "said \u201cno\u201d to"),
        ("said \u00abno\u00bb to", "said \u201cno\u201d to"),
        ("its cooperation with", "its co-\noperation with"),
        ("its co-operation with", "its co-\noperation with"),
        ("its co\u00adoperation with", "its co-\noperation with"),
        ("cooperation with the harbour", "co-\noperation with the\n\nSAMPLETOWN 00000001  001.2 OF 003\n\nharbour"),
        ("The o\ufb03ce of\nthe port", "The office of the port"),
        ("the port - now closed - reopened", "the port -- now\nclosed \u2014 reopened"),
        ("the port\u2014now closed \u2013 re-\nopened", "the port -- now\nclosed \u2014 reopened"),
        ("It\u2019s ours", "It's ours"),
    ],
)
def test_signs_set_in_another_way_are_forgiven_and_the_words_of_the_text_are_taken(quote: str, taken: str) -> None:
    more = "4. The office of the port -- now\nclosed \u2014 reopened. It's ours. Well-known.\n"
    got = find_passage(quotable(f"{TEXT}\n{more}"), quote=quote)
    assert got.exact == taken
    assert got.folded_blanks


def test_a_hyphen_inside_of_a_line_is_a_sign_of_the_text() -> None:
    text = quotable(TEXT + "\n4. A well-known berth, a wellknown one.\n")
    assert find_passage(text, quote="well-known berth").exact == "well-known berth"
    assert find_passage(text, quote="wellknown").exact == "wellknown"
    with pytest.raises(NotHeldError):
        find_passage(text, quote="wellknown berth")


_LETTERS = st.text(st.sampled_from("ab -\n'\"\u201c\u2019\u2014\u00ad\ufb01e\u0301\u00e9.\x00"), max_size=40)


@settings(max_examples=examples(300), deadline=None)
@given(_LETTERS, _LETTERS, _LETTERS)
def test_whatever_is_taken_has_the_letters_of_the_quote(before: str, quote: str, behind: str) -> None:
    for start, end in forgiving_places(before + quote + behind, quote):
        taken = (before + quote + behind)[start:end]
        letters = [
            [sign for sign in unicodedata.normalize("NFKD", text) if sign in "abfie\u0301."] for text in (taken, quote)
        ]
        assert letters[0] == letters[1]


def test_what_other_pages_show_is_quoted_with_its_place_in_the_bytes() -> None:
    page = "<html><title>T</title><p>\n Caf\u00e9 <b>&amp; quay</b> are\nopen.</p><p>Later.".encode()
    text = of_page("https://x.example/", page, "text/html; charset=utf-8")
    got = find_passage(text, quote="& quay are open")
    assert page[got.byte_start : got.byte_end] == b"&amp; quay</b> are\nopen"
    assert (got.paragraph, got.exact) == (None, "& quay are\nopen")
    plain = find_passage(
        of_page("x", "a\r\nb \u00e9 c".encode("latin-1"), "text/plain; charset=latin-1"), quote="\u00e9 c"
    )
    assert (plain.byte_start, plain.byte_end) == (5, 8)
    with pytest.raises(NotHeldError, match="no paragraph 1"):
        find_passage(text, paragraph=1)


def test_an_ambiguous_quote_lists_its_places() -> None:
    with pytest.raises(UsageError, match=r"2 places(.|\n)*paragraph 1(.|\n)*paragraph 3"):
        find_passage(quotable(), quote="(SBU) Summary")
    assert find_passage(quotable(), quote="(SBU) Summary", paragraph=3).paragraph == "3"


def test_paragraphs_and_characters() -> None:
    extraction = quotable()
    got = find_passage(extraction, paragraph=1)
    assert got.exact.startswith("1. (SBU)")
    assert find_passage(extraction, chars=(got.start, got.end)) == got
    with pytest.raises(NotHeldError, match="no paragraph 9"):
        find_passage(extraction, paragraph=9)
    for wrong in [(5, 5), (-1, 4), (0, 10**9)]:
        with pytest.raises(UsageError, match="no passage"):
            find_passage(extraction, chars=wrong)
    for empty in [None, " \n"]:
        with pytest.raises(UsageError):
            find_passage(extraction, quote=empty)


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_what_stands_in_the_text_is_found_or_ambiguous(data: st.DataObject) -> None:
    extraction = quotable()
    start = data.draw(st.integers(0, len(extraction.body) - 1))
    end = data.draw(st.integers(start + 1, len(extraction.body)))
    quote = extraction.body[start:end]
    if not quote.strip():
        return
    if extraction.body.count(quote.strip()) > 1:
        with pytest.raises(UsageError, match="places"):
            find_passage(extraction, quote=quote)
        return
    try:
        found = find_passage(extraction, quote=quote).exact
    except UsageError:
        found = quote.strip()
        assert extraction.body.split().count(found) != 1
    assert found == quote.strip()


def test_a_quote_that_nearly_stands_at_every_place_is_compared_in_bounded_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0
    real = forgiving._held_against

    def counted(*given: object) -> tuple[int | None, int]:
        nonlocal compared
        end, steps = real(*given)  # type: ignore[arg-type]
        compared += steps
        return end, steps

    monkeypatch.setattr(forgiving, "_held_against", counted)
    monkeypatch.setattr(forgiving, "_COMPARED_BASE", 1_000)
    text = ("a" * 500 + "-") * 400
    assert list(forgiving_places(text, "a" * 1_000)) == []
    assert compared <= 1_000 + 9 * len(text)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 3), st.integers(0, 9000), st.integers(1, 5000))
def test_a_quote_is_found_wherever_the_pieces_of_the_text_end(seed: int, start: int, length: int) -> None:
    words = " ".join(f"w{(number * 7919 + seed) % 10_007}\u2014x" for number in range(2_000))
    quote = words[start : start + length].strip(" -\u2014")
    found = [words[first:last] for first, last in forgiving_places(words, quote.replace("\u2014", "--"))]
    assert quote in found or not any(sign.isalnum() for sign in quote) or len(found) > 0
