from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.citation.quotes import find_passage
from preserve.config.folder import load_layouts
from preserve.errors import NotHeldError, UsageError

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


def test_a_quote_with_blanks_for_line_ends_is_found_and_says_so() -> None:
    got = find_passage(cable(), quote="harbour was closed for two days")
    assert got.exact == "harbour was closed\nfor two  days"
    assert (got.folded_blanks, got.paragraph, got.portion_mark) == (True, "1", "(SBU)")
    assert not find_passage(cable(), quote="The mayor said").folded_blanks


def test_bytes_are_those_of_the_payload() -> None:
    extraction = cable()
    got = find_passage(extraction, quote="caf" + "e\u0301")
    page = f"Identifier: 07SAMPLETOWN1<br>Origin: O<br><pre>{TEXT}</pre>Latest".encode()
    assert page[got.byte_start : got.byte_end] == "cafe\u0301".encode()


def test_a_page_line_inside_is_listed() -> None:
    got = find_passage(cable(), quote="operation with the harbour office")
    assert got.page_lines == ("SAMPLETOWN 00000001  001.2 OF 003",)
    assert got.page_lines[0] in got.exact
    assert find_passage(cable(), quote=got.exact).page_lines == ()


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ("caf\u00e9", "Unicode form"),
        ('said "no" to', "quotation marks"),
        ("cooperation with", "parted|parts"),
        ("the mayor SAID", "capital"),
        ("The harbour was closed for three days", "Nearest.*where the quote has 'hree days'"),
    ],
)
def test_what_only_looks_equal_is_told(quote: str, reason: str) -> None:
    with pytest.raises(NotHeldError, match=reason):
        find_passage(cable(), quote=quote)


def test_an_ambiguous_quote_lists_its_places() -> None:
    with pytest.raises(UsageError, match=r"2 places(.|\n)*paragraph 1(.|\n)*paragraph 3"):
        find_passage(cable(), quote="(SBU) Summary")
    assert find_passage(cable(), quote="(SBU) Summary", paragraph=3).paragraph == "3"


def test_paragraphs_and_characters() -> None:
    extraction = cable()
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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_stands_in_the_text_is_found_or_ambiguous(data: st.DataObject) -> None:
    extraction = cable()
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
