import re
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from preserve.cables.page.selectors import Element, find_all, parse_selector, value_of
from tests.examples import pairs
from tests.growth import assert_linear


def found(page: str, selector: str, *, opaque_pre: bool = False) -> list[str]:
    """The contents of the elements that a selector means."""
    elements = find_all(page, 0, len(page), parse_selector(selector), opaque_pre=opaque_pre)
    return [page[element.inner : element.inner_end] for element in elements]


PAGE = (
    "<div id=a class='x y'><p class=x>1<p>2</div><DIV CLASS=\"y\"><p data-k='v'>3</p><code><pre>4</pre></code>"
    "<b>5<b>6</b></b></div><pre>7</pre>"
)


@pytest.mark.parametrize(
    ("selector", "contents"),
    [
        ("p", ["1", '2</div><DIV CLASS="y">', "3"]),
        ("P", ["1", '2</div><DIV CLASS="y">', "3"]),
        ("div p", ["1", "2", "3"]),
        ("#a p", ["1", "2"]),
        ("div#a p:first", ["1"]),
        ("div p:last", ["3"]),
        ("  div   p:last ", ["3"]),
        (".x.y p", ["1", "2"]),
        ("p.x", ["1"]),
        ("div.y p", ["1", "2", "3"]),
        (".y .x", ["1"]),
        ("[data-k]", ["3"]),
        ("p[DATA-K]", ["3"]),
        ("div[id] p", ["1", "2"]),
        ("code pre", ["4"]),
        ("pre", ["4", "7"]),
        ("b", ["5<b>6</b>"]),
        ("b b", ["6"]),
        ("div#b", []),
        ("h1", []),
        (".Y", []),
    ],
)
def test_what_a_selector_means(selector: str, contents: list[str]) -> None:
    assert found(PAGE, selector) == contents


@pytest.mark.parametrize(
    ("page", "selector", "contents"),
    [
        ("<!-- <td>1</td> --><td>2</td>", "td", ["2"]),
        ("<!--><td>1</td>-->", "td", ["1"]),
        ("<!-- never <td>1</td>", "td", ["1"]),
        ("<script>'<td>1</td>'</script><td>2</td>", "td", ["2"]),
        ("<STYLE><p></STYLE ><p>2", "p", ["2"]),
        ("<title><b>1</b></title><b>2</b>", "b", ["2"]),
        ("<title>1 < 2</title>", "title", ["1 < 2"]),
        ("<div>1<!-- </div> -->2</div>3", "div", ["1<!-- </div> -->2"]),
        ("<br class=a><hr class=a><img class=a>", ".a", ["", "", ""]),
        ("<div class=a /><div class=a>1</div>", "div.a", ["", "1"]),
        ("<tr><td>1<td>2<tr><td>3", "td", ["1", "2<tr>", "3"]),
        ("<tr><td>1<td>2<tr><td>3", "tr td", ["1", "2", "3"]),
        ("<ul><li>1<li>2</ul>", "ul li:last", ["2"]),
        ("<dl><dt>a<dd>1<dt>b<dd>2</dl>", "dl dd", ["1<dt>b", "2"]),
        ("<div>1<div>2", "div", ["1<div>2"]),
        ("</div><div>1</div></div>", "div", ["1"]),
        ("<a title='>'>1</a>", "a", ["1"]),
        ("<a class=a b=c>1</a><abbr class=a>2</abbr>", "a.a", ["1"]),
        ("<Israel class=a>1</Israel>", ".a", ["1"]),
        ("<td", "td", []),
        ("", "td", []),
    ],
)
def test_pages_as_they_are_written(page: str, selector: str, contents: list[str]) -> None:
    assert found(page, selector) == contents


def test_tags_in_an_unescaped_pre_are_text() -> None:
    page = "<div><code><pre>to <Israel></div><td class=a><script> &</pre></code><pre class=a>2</code>3</div>4"
    assert found(page, "div", opaque_pre=True) == [page[5:-7]]
    assert found(page, "pre", opaque_pre=True) == ["to <Israel></div><td class=a><script> &", "2"]
    assert found(page, "code pre:last", opaque_pre=True) == ["to <Israel></div><td class=a><script> &"]
    assert found(page, ".a", opaque_pre=True) == ["2"]
    assert found(page, "td", opaque_pre=True) == []
    assert found("<pre>never", "pre", opaque_pre=True) == ["never"]


def test_values_of_attributes() -> None:
    page = "<input id=a VALUE='x &amp; y'><input id=b>"
    first, second = find_all(page, 0, len(page), parse_selector("input@value"))
    assert value_of(page, first, "Value") == "x & y"
    assert value_of(page, second, "value") == ""
    assert value_of(page, Element(0, 0, 0, 0), "value") == ""
    assert parse_selector("input#a:last@data-x") == parse_selector(" input#a:last@data-x ")
    assert parse_selector("input#a:last@data-x").attribute == "data-x"


def test_only_a_part_of_a_page_is_looked_at() -> None:
    page = "<p>1</p><p>2</p><p>3</p>"
    assert [e.start for e in find_all(page, 8, 16, parse_selector("p"))] == [8]
    assert list(find_all(page, 9, 15, parse_selector("p"))) == []


@pytest.mark.parametrize(
    "selector",
    [
        "",
        " ",
        ":first",
        "@value",
        "a > b",
        "a, b",
        "*",
        "a:nth-child(2)",
        "a[b=c]",
        "td::before",
        "a:first b",
        "é",
        "#",
        "a.",
    ],
)
def test_what_is_refused_is_told_with_examples(selector: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(selector))) as raised:
        parse_selector(selector)
    assert "write like 'table.cable', 'div#a pre:last' or 'input#b@value'" in str(raised.value)


PIECES = [
    *("<div>", "</div>", "<div class=a>", "<p>", "<p id=b>", "<td class='a b'>", "</td>", "<pre>", "</pre>", "</code>"),
    *(
        "<code>",
        "<br>",
        "<div/>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<a x='",
        "'",
        '"',
        ">",
        "<",
        "</",
        "=",
        " ",
        "x",
    ),
    *("<Israel>", "<title>", "</title>", "\n", "<![CDATA[", "<?xml", "&lt;"),
]
SELECTORS = [
    "div",
    "p",
    "td.a",
    ".a",
    "#b",
    "div p",
    "code pre",
    "pre",
    "[x]",
    "div div",
    "br",
    "script",
    "td.a.b:last",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=50).map("".join), st.sampled_from(SELECTORS), st.booleans(), st.data()
)
def test_elements_lie_in_the_page_in_order_and_apart(
    page: str, selector: str, opaque: bool, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(page)))
    end = data.draw(st.integers(start, len(page)))
    position = start
    for element in find_all(page, start, end, parse_selector(selector), opaque_pre=opaque):
        assert position <= element.start < element.inner <= element.inner_end <= element.end <= end
        assert page[element.start] == "<"
        position = element.end


@given(st.text(max_size=30))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_selector(text).parts


NAMES = ("div", "span", "table", "b")
ATTRIBUTES = {"id": ("i", "j"), "class": ("a", "b", "a b"), "title": ("t",)}


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> str:
    name = draw(st.sampled_from(NAMES))
    given = draw(st.fixed_dictionaries({}, optional={key: st.sampled_from(said) for key, said in ATTRIBUTES.items()}))
    tag = name + "".join(f" {key}='{said}'" for key, said in given.items())
    inner = (
        "".join(draw(st.lists(trees(depth - 1), max_size=3)))
        if depth
        else draw(st.sampled_from(["", "x", "<!--<b>-->"]))
    )
    return f"<{tag}>{inner}</{name}>"


def path_of(part: str) -> str:
    """The XPath step that says what one element of a selector does."""
    name = re.match(r"\w*", part)
    conditions = {"#": "@id='{}'", ".": "contains(concat(' ', @class, ' '), ' {} ')", "[": "@{}"}
    said = "".join(f"[{conditions[kind].format(word)}]" for kind, word in re.findall(r"([#.\[])(\w+)", part))
    return f"descendant::{(name and name[0]) or '*'}{said}"


@given(
    trees().map(lambda tree: f"<html>{tree}</html>"),
    st.lists(
        st.sampled_from(["div", "span", "b", "#i", ".a", "div.b", "[title]", "span#j", ".a.b", "b[id]"]),
        min_size=1,
        max_size=3,
    ),
)
def test_well_formed_pages_give_what_an_xml_parser_finds(page: str, parts: list[str]) -> None:
    def outermost(root: etree._Element, steps: list[str]) -> list[etree._Element]:
        result: list[etree._Element] = []
        for element in cast("list[etree._Element]", root.xpath(path_of(steps[0]))):
            if any(above in result for above in element.iterancestors()):
                continue
            result.append(element)
        return result if len(steps) == 1 else [one for element in result for one in outermost(element, steps[1:])]

    root = etree.fromstring(page)
    wanted = [etree.tostring(one, with_tail=False) for one in outermost(root, parts)]
    selector = parse_selector(" ".join(parts))
    got = [page[element.start : element.end] for element in find_all(page, 0, len(page), selector)]
    assert [etree.tostring(etree.fromstring(text)) for text in got] == wanted


_REPEATED = [
    *(
        "<!--",
        "<!-- -->",
        "<div",
        "<div>",
        "<div class=",
        "<div class=a>",
        "<div class='a'",
        "<pre>",
        "<td>",
        "<td class=a>",
    ),
    *(
        "</",
        "</div>",
        "<",
        "<code>",
        "<code><pre>",
        "</pre>",
        "<script>",
        "<title>",
        "<a",
        "<b class=a>",
        "<div class=a/>",
    ),
    *("<!", "<td class=a><b>", "<div id=a><div></div>"),
]
_SELECTORS = ["td", "div.a", "pre", ".a", "div div", "code pre", "td.a b:last", "#a"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("piece", "selector"), pairs(_REPEATED, _SELECTORS))
def test_hostile_repetition_is_read_in_linear_time(piece: str, selector: str) -> None:
    parsed = parse_selector(selector)

    def find(size: int) -> None:
        page = piece * size
        for opaque in (False, True):
            found = find_all(page, 0, len(page), parsed, opaque_pre=opaque)
            assert sum(e.end - e.start for e in found) <= len(page)

    assert_linear(find, 10_000)
