"""What a browser never shows is left out of a page's text, however it is written, and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page.tokens import pieces, tokenise
from preserve.cables.page.unseen import InlineStyle, hidden_spans, may_hide, seen, style_of, tags_may_hide
from preserve.cables.page.visible import visible_text


def _text(page: str) -> str:
    return " ".join(visible_text(page).text.split())


@pytest.mark.parametrize(
    "markup",
    [
        "<span hidden>{}</span>",
        "<span HIDDEN=''>{}</span>",
        "<span hidden=false>{}</span>",
        "<span/hidden>{}</span>",
        '<span title="a"hidden>{}</span>',
        "<span hidden style='color:red'>{}</span>",
        "<span hidden style='display:revert'>{}</span>",
        "<span style='display:none'>{}</span>",
        "<span style=display:none>{}</span>",
        "<span STYLE = 'DISPLAY : NONE ! Important'>{}</span>",
        "<span style='color:red;;display:/* no */none'>{}</span>",
        "<span style='/*;*/display:none'>{}</span>",
        "<span style='background:url(a;b);display:none'>{}</span>",
        "<span style='background:url(a\"b);display:none'>{}</span>",
        "<span style='content:\";\";display:none'>{}</span>",
        "<span style='display&#58;none'>{}</span>",
        "<span style='displa&#x79;:none'>{}</span>",
        r"<span style='d\69splay:n\6fne'>{}</span>",
        r"<span style='\64 isplay:none'>{}</span>",
        "<span style='display:block;display:none'>{}</span>",
        "<span style='display:none !important;display:block'>{}</span>",
        "<span style='display:none;display:nonsense'>{}</span>",
        "<span style='display:none;display:block none'>{}</span>",
        "<span style='display:none;display:foo(x)'>{}</span>",
        "<span style='visibility:hidden'>{}</span>",
        "<span style='visibility:collapse'>{}</span>",
        "<span style='VISIBILITY:Hidden'><b>{}</b></span>",
        "<div style='display:none'><p style='visibility:visible'>{}</p></div>",
        "<div style='display:none'><p>x<p>{}</div>",
        "<template>{}</template>",
        "<template><template>x</template>{}</template>",
        "<span hidden/>{}</span>",
        "<p><b hidden>x</p>{}</b>",
        "<ul><li>a<li hidden>{}<li>b</ul>",
        "<table><tr><td hidden>{}<td>b</table>",
        "<table><tr hidden><td>{}<td>{}<tr><td>b</table>",
        "<div hidden><div>x</div>{}</div>",
        "<my-own hidden>{}</my-own>",
        "<nobody hidden><b>{}</b></nobody>",
        "<div hidden><span>{}</i></span></div>",
        "<div hidden></span></p></b>{}</div>",
    ],
)
def test_what_is_hidden_is_no_text(markup: str) -> None:
    page = f"<p>before</p>{markup.replace('{}', 'SECRET WORDS')}<p>behind</p>"
    text = _text(page)
    assert "SECRET" not in text
    assert text.startswith("before")
    assert text.endswith("behind")
    assert visible_text(page).unseen.characters >= len("SECRETWORDS")
    assert visible_text(page).unseen.elements >= 1


@pytest.mark.parametrize(
    "markup",
    [
        "<span>{}</span>",
        "<span hidden=until-found>{}</span>",
        "<span hidden='UNTIL-FOUND'>{}</span>",
        "<span hidden style='display:block'>{}</span>",
        "<span hidden style='display:unset'>{}</span>",
        "<span aria-hidden=true>{}</span>",
        "<span data-hidden class=hidden title='hidden'>{}</span>",
        "<details>{}</details>",
        "<details><summary>x</summary>{}</details>",
        "<noscript>{}</noscript>",
        "<div style='visibility:hidden'><p style='visibility:visible'>{}</p></div>",
        "<div style='visibility:hidden'><p style='visibility:initial'>{}</p></div>",
        "<span style='display:none;display:block'>{}</span>",
        "<span style='display:none;display:inline flow'>{}</span>",
        "<span style='display:none;all:initial'>{}</span>",
        "<span style='display:var(--x, none)'>{}</span>",
        "<span style='dis/**/play:none'>{}</span>",
        "<span style='--display:none'>{}</span>",
        "<span style='display none'>{}</span>",
        "<span style='{display:none}'>{}</span>",
        "<span style='content:\"display:none\"'>{}</span>",
        "<span style='background:url(display:none;display:none)'>{}</span>",
        "<span style='color:red'>{}</span>",
        "<span style='color:#fff;font-size:0;opacity:0'>{}</span>",
        "<p hidden>x<div>{}</div>",
        "<p hidden>x<p>{}",
        "<li hidden>x<li>{}",
        "<table><tr><td hidden>x<td>{}</table>",
        "<table><tbody hidden><tr><td>x<tbody><tr><td>{}</table>",
        "<br hidden>{}",
        "<input hidden>{}",
        "<template>x</template>{}",
        "<div hidden><p>x</div>{}",
        "<div hidden><td>x</div>{}",
        "<b hidden><div>x</b>{}</div>",
        "<nobody>x</nobody>{}",
    ],
)
def test_what_can_be_seen_is_text(markup: str) -> None:
    assert "PLAIN WORDS" in _text(f"<p>before</p>{markup.replace('{}', 'PLAIN WORDS')}<p>behind</p>")


def test_what_is_left_out_ends_no_line_and_what_is_invisible_does() -> None:
    assert visible_text("a <div style='display:none'>x</div>b").text == "a b"
    assert visible_text("a<div style='visibility:hidden'>x</div>b").text == "a\nb"


def test_a_page_without_such_is_not_looked_at() -> None:
    assert not may_hide("<link rel=stylesheet><style>p {display: none}</style><p style='color:red'>x", 0, 70)
    assert may_hide("<p HIDDEN>x", 0, 11)


@pytest.mark.parametrize(
    ("page", "may"),
    [
        ("<td>x</td><p class=a>hidden style='display: none' <b>x</b> 1 < 2", False),
        ("<p>x<p hidden>y", True),
        ("<P STYLE='display: none'>y", True),
        ("<td>x<template>y</template>", True),
        ("<b>x <x-y hidden>y</x-y>", True),
        ("<p title='<' hidden>y", True),
        ("<!-- hidden style='display: none' --><p>y", False),
    ],
)
def test_of_a_page_that_is_taken_apart_only_tags_are_looked_at(page: str, may: bool) -> None:
    assert tags_may_hide(page, [piece for piece in pieces(page) if piece[0] != "comment"]) is may


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", InlineStyle()),
        ("display:none", InlineStyle("none")),
        ("visibility:hidden;display:none", InlineStyle("none", "hidden")),
        ("display:none;", InlineStyle("none")),
        (";display:none", InlineStyle("none")),
        ("a{display:block;}display:none", InlineStyle("")),
        ("a:b(;display:block);display:none", InlineStyle("none")),
        ("display:none!ie", InlineStyle("")),
        ("x" * 100_001, InlineStyle("none")),
    ],
)
def test_styles_are_read_as_css_has_it(text: str, style: InlineStyle) -> None:
    assert style_of(text) == style


_PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<div hidden>", "</div>", "<b style='display:none'>", "</b>", "<i>", "</i>", "<table>",
        "</table>", "<tr>", "<td hidden>", "</td>", "<li>", "<ul>", "</ul>", "<template>", "</template>", "<x hidden>",
        "</x>",         "<a style=visibility:hidden>", "</a>", "<em style=visibility:visible>",
        "</em>", "words", "<br>", "<!-- c -->",
        "<script>s</script>", "<h1>", "</h2>", "<option>", "<button>", "<dd>", "<caption>",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=40))
def test_both_ways_of_leaving_out_agree(pieces: list[str]) -> None:
    page = "".join(pieces)
    tokens = list(tokenise(page))
    shown, told = seen(page, tokens)
    assert [token.start for token in shown] == sorted(token.start for token in shown)
    hidden = hidden_spans(page, tokens)
    for token in shown:
        if token.kind == "text":
            assert not any(start < token.end and token.start < end for start, end in hidden)
    assert bool(told.elements) == bool(hidden)


@pytest.mark.parametrize(
    "piece",
    [
        "<div hidden>",
        "<b hidden>",
        "<p><b hidden>",
        "<x hidden>",
        "<x hidden",
        "<li hidden>",
        "<td hidden>x",
        "<i></p>",
    ],
)
def test_steps_grow_with_the_page(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from preserve.cables.page import unseen  # noqa: PLC0415 - to count in it

    counts = []
    for size in (500, 1000):
        steps = 0

        def count(self: unseen._Stack, *given: object, real: object = unseen._Stack._push, **named: object) -> None:
            nonlocal steps
            steps += 1
            real(self, *given, **named)  # type: ignore[operator]

        with monkeypatch.context() as changed:
            changed.setattr(unseen._Stack, "_push", count)
            page = "<div hidden>" + piece * size
            seen(page, list(tokenise(page)))
        counts.append(steps)
    assert counts[1] <= 2 * counts[0] + 10
