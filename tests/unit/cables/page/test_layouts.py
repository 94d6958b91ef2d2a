from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.cables.page.layouts import (
    Layout,
    candidates,
    compile_layout,
    compile_layouts,
    label,
    may_be,
    recognised,
)
from preserve.config.folder import load_layouts
from preserve.config.layout import LayoutConfig
from preserve.errors import ConfigError


def config(**changed: object) -> LayoutConfig:
    given: dict[str, object] = {
        "name": "sample",
        "title": "a sample",
        "version": 3,
        "recognise": ("Number:",),
        "labels": {" Number : ": "identifier", "Made  on": "created"},
        "sentences": {"source": "from (.{1,200}?), on"},
    }
    return LayoutConfig.model_validate({**given, **changed})


def test_labels_are_normalised_and_blanks_of_sentences_stretch() -> None:
    layout = compile_layout(config())
    assert dict(layout.labels) == {"Number": "identifier", "Made on": "created"}
    assert layout.sentences["source"].pattern.search("from\n there,\t on") is not None
    assert (layout.name, layout.version, layout.reads) == ("sample", 3, "page")


@pytest.mark.parametrize(
    ("expression", "lead"),
    [
        ("from (.{1,9}?), on", "from"),
        ("from .{1,9}", "from"),
        ("fro?m here", ""),
        ("from", ""),
        ("from here|there", ""),
        ("(from) here", ""),
    ],
)
def test_the_word_that_every_match_begins_with(expression: str, lead: str) -> None:
    assert compile_layout(config(sentences={"source": expression})).sentences["source"].lead == lead


@given(st.lists(st.sampled_from(["from ", "from\n", "here", "fro", ", on", " ", "x"]), max_size=12).map("".join))
def test_a_sentence_is_found_as_its_expression_finds_it(text: str) -> None:
    sentence = compile_layout(config()).sentences["source"]
    for start in range(len(text) + 1):
        every = list(sentence.pattern.finditer(text, start))
        last, here = sentence.last_behind(text, start, {}), sentence.pattern.match(text, start)
        assert (last and last.span()) == (every[-1].span() if every else None)
        found = sentence.begins_at(text, start)
        assert (found and found.span()) == (here and here.span())


def test_what_is_known_of_an_expression_does_not_tell_layouts_apart() -> None:
    layout = compile_layout(config())
    other = replace(layout, sentences={"source": replace(layout.sentences["source"], lead="")})
    assert other.digest == layout.digest


def test_what_was_compiled_is_kept_by_all_that_its_configuration_says() -> None:
    layout = compile_layout(config(version=1))
    assert compile_layout(config(version=1)) is layout
    assert compile_layout(config(version=2)).version == 2
    turned = config(labels=dict(reversed(list(config().labels.items()))))
    assert list(compile_layout(turned).labels) == list(layout.labels)[::-1]


def test_every_mistake_is_told() -> None:
    with pytest.raises(ConfigError) as raised:
        compile_layouts(
            {
                "a": config(name="a", body=("td::before",), recognise=()),
                "b": config(name="b", labels={"": "origin"}),
                "c": config(name="c", reads="rows", columns=("identifier",)),
                "d": config(name="d", reads="lines", begins="x"),
            }
        )
    told = "\n".join(raised.value.mistakes)
    assert "layouts/a.yaml: nothing to recognise its pages by" in told
    assert "layouts/a.yaml: 'td::before' is no selector" in told
    assert "layouts/b.yaml: nothing gives the identifier" in told
    assert "layouts/b.yaml: a label is empty" in told
    assert "layouts/c.yaml: no 'begins'" in told
    assert "layouts/c.yaml: no column is the body" in told
    assert "layouts/d.yaml: no 'lines'" in told


def test_the_layouts_that_come_along_compile() -> None:
    layouts = compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))
    assert {layout.reads for layout in layouts.values()} == {"page", "lines", "rows"}


def told(layout: Layout, payload: bytes, shown: str = "") -> bool:
    text = payload.decode("latin-1")
    return may_be(layout, payload) and recognised(layout, payload, lambda n: text[:n], lambda: text, lambda: shown)


def test_a_page_is_recognised_by_its_bytes_or_by_what_it_shows() -> None:
    layout = compile_layout(config())
    assert told(layout, b"<p>Number: 5")
    assert told(layout, b"the <b>Number</b>: 5", "the Number: 5")
    assert not told(layout, b"the <b>Number</b> 5", "the Number 5")
    assert not told(layout, b"the Num<b>ber</b>: 5", "the Number: 5")
    assert told(layout, "the Number: 5".encode("utf-16"), "the Number: 5")
    begins = compile_layout(config(begins=r"\d{2}"))
    assert told(begins, b"05 Number:")
    assert not told(begins, b" 05 Number:")


def test_layouts_whose_texts_stand_in_the_bytes_are_tried_first() -> None:
    shown, written = (
        compile_layout(config(name=name, recognise=(text,))) for name, text in (("a", "Number: 5"), ("b", "<b>Number"))
    )
    assert list(candidates([shown, written], b"the <b>Number</b>: 5")) == [written, shown]
    assert list(candidates([shown, written], b"the number")) == []


def test_label() -> None:
    assert label("  Made\n on : ") == "Made on"


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_page_that_shows_the_words_may_be_of_the_layout_however_it_is_encoded(encoding: str) -> None:
    layout = compile_layout(config(recognise=("Reference id", "Origin")))
    assert may_be(layout, "<p><b>Reference</b> id<td>Origin".encode(encoding))
    assert not may_be(layout, "<p><b>Reference</b> id".encode(encoding))


def test_an_image_is_no_page_for_the_nuls_in_it() -> None:
    layout = compile_layout(config(recognise=("Reference id", "Origin")))
    assert not may_be(layout, bytes(range(256)) * 4)


@pytest.mark.parametrize(
    ("payload", "may"),
    [
        (b"05 Number:", True),
        (b"x5 Number:", False),
        ("x\u00e9 Number:".encode(), True),
        ("05 Number:".encode("utf-16"), True),
        (b"05 number:", False),
    ],
    ids=["begins so", "begins otherwise", "not ASCII", "with NULs", "begins so and lacks the words"],
)
def test_a_beginning_that_is_ascii_tells_at_once(payload: bytes, may: bool) -> None:
    assert may_be(compile_layout(config(begins=r"\d{2}")), payload) is may


@pytest.mark.parametrize(
    ("expression", "text", "fits"),
    [
        ("a b", "a \n\t b", True),
        ("a b", "ab", False),
        ("a  b", "a b", True),
        ("a *b", "ab", True),
        ("a *b", "a \n b", True),
        ("a ?b", "a  b", True),
        ("a +b", "a\n\nb", True),
        ("a {2}b", "a\n b", True),
        ("a {2}b", "a b", False),
        (r"a\ b", "a\nb", False),
        (r"a\ b", "a b", True),
        ("a[ +]b", "a b", True),
        ("a[ +]b", "a\nb", False),
        ("a[^ ]b", "a\nb", True),
        (r"a[]\] ]b", "a]b", True),
        ("x( a)?b", "x\nab", True),
    ],
)
def test_blanks_stretch_but_in_sets(expression: str, text: str, fits: bool) -> None:
    layout = compile_layout(config(sentences={"source": expression}))
    assert (layout.sentences["source"].pattern.search(text) is not None) == fits


@pytest.mark.parametrize(
    ("expression", "needle"),
    [
        ("Latest source (.*)", "Latest"),
        ("Currently released so far", "Currently"),
        ("sources? of", "source"),
        ("-----BEGIN KEY-----", "-----BEGIN"),
        ("(?i)latest source", ""),
        ("this|that other", ""),
        ("no", ""),
    ],
)
def test_a_piece_that_every_match_holds(expression: str, needle: str) -> None:
    assert compile_layout(config(sentences={"source": expression})).sentences["source"].needle == needle


def test_expressions_that_cannot_stand_are_told() -> None:
    with pytest.raises(ConfigError) as raised:
        compile_layouts(
            {
                "a": config(name="a", forms={"created": "on .*"}),
                "b": config(name="b", cut=("fine", "(?i)stamp")),
                "c": config(name="c", values={"title": "h1 > b"}),
            }
        )
    told = "\n".join(raised.value.mistakes)
    assert "layouts/a.yaml: the form of created has no group" in told
    assert "layouts/b.yaml: " in told
    assert "'h1 > b' is no selector" in told
    assert len(raised.value.mistakes) == 3
