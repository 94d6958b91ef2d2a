"""Citations in styles."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from preserve.citation import rendered
from preserve.citation.rendered import STYLES, render
from preserve.errors import UsageError
from tests.examples import pairs
from tests.unit.formats.test_citations import ARCHIVED, CABLE, HOSTILE

COPY = (
    "Captured 2026-11-23T07:58:09Z from https://cables.example.org/cable.php?id=42&v=1, "
    "ni:///sha-256;ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA."
)
EXPECTED = {
    "apa": f"Consulate Veldora. (2006, March 2). Almonds & oranges (Cable 06VELDORA42). {ARCHIVED}.",
    "chicago-notes": f"Consulate Veldora, “Almonds & Oranges,” Cable 06VELDORA42, March 2, 2006, {ARCHIVED}.",
    "chicago-author-date": f"Consulate Veldora. 2006. “Almonds & Oranges.” Cable 06VELDORA42. March 2. {ARCHIVED}.",
    "ieee": f"[1] Consulate Veldora, “Almonds & oranges.” Accessed: Nov. 25, 2026. [Online]. Available: {ARCHIVED}.",
    "harvard": (f"Consulate Veldora (2006) Almonds & oranges. Available at: {ARCHIVED} (Accessed: 25 November 2026)."),
    "oscola": f"Consulate Veldora, \u2018Almonds & Oranges\u2019 (2 March 2006) <{ARCHIVED}> "
    "accessed 25 November 2026.",
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_style_prints_what_its_guide_says(name: str) -> None:
    assert render(CABLE, name) == f"{EXPECTED[name]} {COPY}\n"


@pytest.mark.parametrize(("name", "title"), pairs(sorted(STYLES), HOSTILE))
def test_whatever_the_title_it_is_printed_whole_on_one_line(name: str, title: str) -> None:
    text = render(replace(CABLE, title=title), name)
    assert text.count("\n") == 1
    letters = [sign for sign in title.lower() if sign.isalnum()]
    assert "".join(letters) in "".join(sign for sign in text.lower() if sign.isalnum())


def test_quotation_marks_inside_of_quoted_titles_are_turned() -> None:
    data = replace(CABLE, title='Minister calls it \u201ca plot\u201d or "worse"')
    assert "Calls It \u2018a Plot\u2019 or \u2018worse,\u2019\u201d Cable" in render(data, "chicago-notes")
    assert "calls it \u201ca plot\u201d or \u201cworse\u201d" in render(data, "apa")


def test_a_page_without_author_and_date_is_rendered_in_every_style() -> None:
    page = replace(CABLE, identifier="", origin="", created="", source="", source_released="")
    for name in STYLES:
        assert "Almonds" in render(page, name)


def test_any_style_of_the_package_is_rendered_by_its_name_or_that_of_its_family() -> None:
    assert render(CABLE, "csl:apa").startswith("Consulate Veldora. (2006, March 2).")
    assert "Almonds & oranges" in render(CABLE, "csl:nature")
    # A style that depends on another one is rendered as that one.
    assert render(CABLE, "csl:nature-physics") == render(CABLE, "csl:nature")
    assert render(CABLE, "csl:oscola").startswith("Consulate Veldora, \u2018Almonds & Oranges\u2019")


def test_a_file_of_the_user_is_a_style(tmp_path: Path) -> None:
    path = tmp_path / "own.csl"
    path.write_text(_STYLE)
    assert render(CABLE, f"csl:{path}").startswith("<Almonds & oranges> 06VELDORA42. Captured ")


_STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" version="1.0" class="in-text">
<info><title>Own</title><id>own</id></info>
<citation><layout><text variable="title"/></layout></citation>
<bibliography><layout>
<text variable="title" prefix="&lt;" suffix="> "/><text variable="number"/>
</layout></bibliography></style>"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<style/>", "no style of the Citation"),
        ("not xml", "no XML"),
        ('<!DOCTYPE style [<!ENTITY a "b">]>' + _STYLE, "no style of the Citation"),
        (_STYLE.replace('<text variable="number"/>', '<text macro="none"/>'), "cannot render"),
        (_STYLE.replace("<info>", '<info><link rel="independent-parent" href="x/../../secret"/>'), "no style 'secret'"),
    ],
)
def test_a_file_that_is_no_style_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.csl"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        render(CABLE, f"csl:{path}")


@pytest.mark.parametrize("name", ["csl:no-such-style", "csl:..", "csl:", "csl:../../../etc/passwd", "csl:./none.csl"])
def test_a_style_that_is_none_is_told(name: str) -> None:
    with pytest.raises(UsageError, match=r"no style|cannot be read|no XML"):
        render(CABLE, name)


def test_no_file_of_other_people_is_in_the_tree() -> None:
    assert not list(Path(rendered.__file__).parents[1].rglob("*.csl"))


def test_words_of_a_quotation_stand_in_every_style() -> None:
    quoted = replace(CABLE, passage="paragraph 3", quote="The ferry and\nthe harbour clock disagree")
    for name in (*STYLES, "csl:nature"):
        assert "(paragraph 3: “The ferry and the harbour clock disagree”)." in render(quoted, name)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("apa", "Who Pays? (Cable"),
        ("chicago-notes", "“Who Pays?,” Cable"),
        ("chicago-author-date", "“Who Pays?” Cable"),
        ("mla", "Who Pays? Cable"),
        ("ieee", "“Who Pays?” Accessed"),
        ("oscola", "\u2018Who Pays?\u2019 (2 March"),
    ],
)
def test_a_title_that_asks_is_followed_by_what_its_style_allows(name: str, printed: str) -> None:
    assert printed in render(replace(CABLE, title="Who Pays?"), name)
