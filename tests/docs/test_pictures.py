"""The pictures of the documentation: each is shown by a page, says in words what it shows, and fetches nothing."""

import re
from pathlib import Path

import pytest
from lxml import etree

_DOCS = Path(__file__).parents[2] / "docs"
_PICTURES = sorted((_DOCS / "pictures").glob("*"))
_SVG = "{http://www.w3.org/2000/svg}"


def test_there_are_the_three() -> None:
    assert [path.name for path in _PICTURES] == ["capsule.svg", "layers-of-proof.svg", "path-of-a-page.svg"]


@pytest.mark.parametrize("picture", _PICTURES, ids=lambda path: path.name)
def test_a_picture_is_shown_with_words_in_its_place(picture: Path) -> None:
    shown = [
        words
        for page in _DOCS.rglob("*.md")
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8"))
        if (page.parent / target).resolve() == picture
    ]
    assert shown
    assert all(len(words) > 10 for words in shown)


@pytest.mark.parametrize("picture", _PICTURES, ids=lambda path: path.name)
def test_a_picture_is_sound_and_fetches_nothing(picture: Path) -> None:
    data = picture.read_bytes()
    tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    assert tree.tag == f"{_SVG}svg"
    assert tree.findtext(f"{_SVG}title")
    assert tree.findtext(f"{_SVG}desc")
    left, top, width, height = map(float, str(tree.get("viewBox")).split())
    for box in tree.iter(f"{_SVG}rect"):
        x, y, wide, high = (float(str(box.get(name))) for name in ("x", "y", "width", "height"))
        assert left <= x <= x + wide <= width
        assert top <= y <= y + high <= height
    assert b"href" not in data
    assert b"script" not in data
