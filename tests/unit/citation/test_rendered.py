"""Citations in styles."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from preserve.citation import rendered
from preserve.citation.rendered import STYLES, render
from preserve.errors import EnvironmentFaultError
from tests.unit.formats.test_citations import ARCHIVED, CABLE, HOSTILE

FOLDER = Path(rendered.__file__).parent / "styles"
COPY = (
    "Captured 2026-11-23T07:58:09Z from https://cables.example.org/cable.php?id=42&v=1, "
    "source dump released 2011-10-04, example.org/veldora, statement 58, "
    "ni:///sha-256;ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA, "
    "ni:///sha-256;ioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioo."
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


@pytest.mark.parametrize("name", sorted(STYLES))
@pytest.mark.parametrize("title", HOSTILE)
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


def test_every_style_is_here_with_its_licence() -> None:
    assert {path.stem for path in FOLDER.glob("*.csl")} == {style.file for style in STYLES.values()}
    for path in FOLDER.glob("*.csl"):
        rights = etree.parse(path).find(".//{http://purl.org/net/xbiblio/csl}rights")
        assert rights is not None
        assert rights.get("license") == "http://creativecommons.org/licenses/by-sa/3.0/"
        assert path.name in (FOLDER / "README.md").read_text()


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "citeproc", None)
    with pytest.raises(EnvironmentFaultError) as caught:
        render(CABLE, "apa")
    assert "pip install -e '.[cite]'" in caught.value.next_step


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
