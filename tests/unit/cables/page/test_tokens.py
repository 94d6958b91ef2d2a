from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page import tokens
from preserve.cables.page.tokens import Token, attributes, box_tokens, tokenise

BOX = frozenset({"a", "code", "pre"})


def told(page: str, tokens: Iterable[Token]) -> list[tuple[str, str]]:
    return [
        (token.kind, token.name if token.kind in {"start", "end"} else page[token.start : token.end])
        for token in tokens
    ]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("plain", [("text", "plain")]),
        ("<P>x</p >", [("start", "p"), ("text", "x"), ("end", "p")]),
        ("a<br/>b", [("text", "a"), ("start", "br"), ("text", "b")]),
        ("a < b > c", [("text", "a < b > c")]),
        ("to <Israel> and <o:p>", [("text", "to <Israel> and <o:p>")]),
        ("<!-- <p> -->x", [("comment", "<!-- <p> -->"), ("text", "x")]),
        ("<!--->x", [("comment", "<!--->"), ("text", "x")]),
        ("<!-- never", [("text", "<!-- never")]),
        ("<!DOCTYPE html>x", [("comment", "<!DOCTYPE html>"), ("text", "x")]),
        ("<?xml version='1.0'?>", [("comment", "<?xml version='1.0'?>")]),
        ("<p title='>'>x", [("start", "p"), ("text", "x")]),
        ('<p title="open>x', [("start", "p"), ("text", "x")]),
        ("x<p class=a", [("text", "x<p class=a")]),
        ("x<p class='>' y", [("text", "x<p class='>' y")]),
        ("<p><title></title>", [("start", "p"), ("start", "title"), ("end", "title")]),
        ("<script>1<p>2</script>", [("start", "script"), ("text", "1<p>2"), ("end", "script")]),
        ("<title>a<b>", [("start", "title"), ("text", "a<b>")]),
        ("</>x", [("text", "</>x")]),
        ("", []),
    ],
)
def test_tokens(page: str, expected: list[tuple[str, str]]) -> None:
    assert told(page, tokenise(page)) == expected


SIGNS = ("<", ">", "</", "<p", "<P>", "<br />", "<td>", "</td>", "<a href='<b>'", "<title>", "</title>", "<script ")
MORE_SIGNS = ("</SCRIPT>", "<!--", "-->", "<!", "<?", "<Israel>", '"', "'", "=", " ", "x", "\n")


@given(page=st.lists(st.sampled_from(SIGNS + MORE_SIGNS), max_size=30).map("".join), window=st.integers(1, 9))
def test_a_page_is_read_alike_wherever_it_is_taken_apart(page: str, window: int) -> None:
    whole = list(tokenise(page))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_WINDOW_CHARS", window)
        assert list(tokenise(page)) == whole


def test_names_are_those_of_html_in_any_case_of_ascii() -> None:
    page = "<TaBlE><\u017fcript><bloc\u212aquote></TABLE ><Br/>"
    assert told(page, tokenise(page)) == [
        ("start", "table"),
        ("text", "<\u017fcript><bloc\u212aquote>"),
        ("end", "table"),
        ("start", "br"),
    ]


def test_in_a_box_only_its_own_tags_are_markup() -> None:
    page = "<b>a <b> <A HREF='#'>1</a> <abc> </td><br><!-- x --> </pre ><b>"
    assert told(page, box_tokens(page, 3, len(page) - 3, BOX)) == [
        ("text", "a <b> "),
        ("start", "a"),
        ("text", "1"),
        ("end", "a"),
        ("text", " <abc> </td><br><!-- x --> "),
        ("end", "pre"),
    ]


def test_a_part_of_a_page_is_read_as_if_it_were_all() -> None:
    page = "<p>a<b>c</b><!-- > --><p"
    for start in range(len(page)):
        for end in range(start, len(page)):
            alone = tokenise(page[start:end])
            moved = [token._replace(start=token.start + start, end=token.end + start) for token in alone]
            assert list(tokenise(page, start, end)) == moved


def test_attributes() -> None:
    page = """<a HREF="x>y" class='b c' id=d checked href=second data-x = "1">"""
    (token,) = tokenise(page)
    assert token == Token("start", 0, len(page), "a")
    assert attributes(page, token) == {
        "href": "x>y",
        "class": "b c",
        "id": "d",
        "checked": "",
        "data-x": "1",
    }


PIECES = [
    "<",
    ">",
    "</",
    "<!--",
    "-->",
    "a",
    "p",
    " ",
    "=",
    '"',
    "'",
    "/",
    "pre",
    "code",
    "script",
    "\n",
    "<p>",
    "&",
    "!",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.booleans())
def test_tokens_cover_the_page_without_gap_or_overlap(page: str, in_box: bool) -> None:
    position = 0
    for token in box_tokens(page, 0, len(page), BOX) if in_box else tokenise(page):
        assert token.start == position
        assert token.end > token.start
        position = token.end
    assert position == len(page)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a",
        "<a ",
        "<a<",
        '<a x="',
        "<a x='>",
        '<a x="" z="',
        "<!--",
        "<!",
        "</",
        "<title",
        "<script>",
        "&#",
        "<pre>",
        "=",
    ],
)
def test_hostile_repetition_is_read_once(piece: str) -> None:
    page = piece * 40_000
    assert sum(token.end - token.start for token in tokenise(page)) == len(page)
    assert sum(token.end - token.start for token in box_tokens(page, 0, len(page), BOX)) == len(page)
