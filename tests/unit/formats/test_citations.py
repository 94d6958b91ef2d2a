"""Citations are read back by other people's readers: whatever the title, they give the same title."""

import hashlib
import html
import json
import re
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
import rispy
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.errors import FormatError
from preserve.formats.citations.bibtex import tex, to_biblatex, to_bibtex
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData, document_date, ni_name, note, pwid, shortened
from preserve.formats.citations.ris import to_ris
from preserve.formats.citations.texts import to_markdown, to_robust_link, to_text, to_wikitext
from preserve.text import single_spaced

CABLE = CitationData(
    identifier="06VELDORA42",
    title="Almonds & oranges",
    origin="Consulate Veldora",
    created="2006-03-02 16:04",
    source="dump",
    source_released="2011-10-04",
    url="https://cables.example.org/cable.php?id=42&v=1",
    captured="2026-11-23T07:58:09.123456Z",
    accessed="2026-11-25",
    archive="example.org/veldora",
    archived_url="https://archive.example.org/veldora/20261123075809/https://cables.example.org/cable.php?id=42&v=1",
    record_id="urn:uuid:6bf80e6f-d444-4bfb-a220-b2e5442d2b00",
    record_sha256="7c" * 32,
    payload_sha256="20" * 32,
    body_sha256="8a" * 32,
    statement=58,
    checkpoint_size=75,
    url_status="dead",
)
ARCHIVED = "https://archive.example.org/veldora/20261123075809/https://cables.example.org/cable.php?id=42&v=1"
TITLES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=60).filter(single_spaced)
HOSTILE = (
    r"100% of {A & B} cost $5_000 ~ #1 ^2 \end{document}",
    "a | b }} {{cite web |title=c}} [[d]] '''e''' <ref>f</ref> ~~~~",
    "<script>alert('x')</script> &amp; \"quoted\"",
    "*a* _b_ `c` [d](e) ![f](g) <h> \\# ~~i~~ $j$ @k ^l^",
    "TY  - BOOK\nER  - \n@misc{x,}",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "a -- b --- c ``d'' ?` !` ,, << >>",
)


def _csl_schema() -> dict[str, Any]:
    """The rules of csl-data.json for what is written here: which names there are, and of which kind they are."""
    strings = (
        "type", "title", "URL", "archive", "archive_location", "note", "source", "genre", "publisher",
        "publisher-place", "keyword",
    )  # fmt: skip
    parts = {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": ["string", "number"]}}
    date = {
        "type": "object",
        "properties": {"date-parts": {"type": "array", "minItems": 1, "maxItems": 2, "items": parts}},
        "additionalProperties": False,
    }
    name = {"type": "object", "properties": {"literal": {"type": "string"}}, "additionalProperties": False}
    return {
        "type": "object",
        "required": ["type", "id"],
        "additionalProperties": False,
        "properties": {
            **{each: {"type": "string"} for each in strings},
            "type": {"enum": ["report", "webpage"]},
            "id": {"type": ["string", "number"]},
            "number": {"type": ["string", "number"]},
            "author": {"type": "array", "items": name},
            **dict.fromkeys(("accessed", "issued", "available-date"), date),
            "custom": {"type": "object"},
        },
    }


class _Link(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _bibtex(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pybtex.database import parse_string  # noqa: PLC0415 - warns when it is loaded

        (entry,) = parse_string(text, "bibtex").entries.values()
    return entry


def _untex(text: str) -> str:
    """Text of TeX as it is set: only what `tex` may write is understood."""
    names = {
        "textbackslash{}": "\\",
        "textbraceleft{}": "{",
        "textbraceright{}": "}",
        "textasciitilde{}": "~",
        "textasciicircum{}": "^",
    }
    return re.sub(
        r"\\(text[a-z]+\{\}|[&%$#_{}])|(\{\})",
        lambda match: "" if match[2] else names.get(match[1], match[1]),
        text,
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"Hello World!", "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk")],
)
def test_ni_names_are_those_of_rfc_6920_section_8(content: bytes, name: str) -> None:
    assert ni_name(hashlib.sha256(content).hexdigest()) == name


def test_a_pwid_has_hour_minute_and_second_at_their_places_and_an_id_of_few_signs() -> None:
    page = "page:https://cables.example.org/cable.php?id=42&v=1"
    assert pwid(CABLE) == f"urn:pwid:archive.example.org:2026-11-23T07:58:09Z:{page}"
    assert pwid(replace(CABLE, archived_url="")) == f"urn:pwid:example.org-veldora:2026-11-23T07:58:09Z:{page}"
    assert ":part:" in pwid(replace(CABLE, quote="some words"))


def test_four_dates_stay_apart() -> None:
    item = to_csl_json(CABLE)
    jsonschema.validate(item, _csl_schema())
    assert [item[name] for name in ("issued", "available-date", "accessed")] == [
        {"date-parts": [each]} for each in ([2006, 3, 2], [2011, 10, 4], [2026, 11, 25])
    ]
    custom: Any = item["custom"]
    assert custom["captured"] == CABLE.captured
    assert item["URL"] == custom["archived_url"] == ARCHIVED
    assert custom["original_url"] == CABLE.url
    wiki = to_wikitext(CABLE)
    for part in ("|date=2006-03-02 ", "|archive-date=2026-11-23 ", "|access-date=2026-11-25", "|url-status=dead "):
        assert part in wiki
    for form in (to_bibtex, to_biblatex, to_ris, to_text, to_markdown):
        text = form(CABLE)
        assert "released 2011-10-04" in form(replace(CABLE, is_long=True))
        for date in ("2006", "2026-11-23T07:58:09"):
            assert date in text
        assert "2026-11-25" in text or "2026/11/25/" in text


def test_without_a_public_address_no_archived_one_is_claimed() -> None:
    data = replace(CABLE, archived_url="")
    for text in (
        to_wikitext(data),
        to_robust_link(data),
        to_markdown(data),
        to_bibtex(data),
        json.dumps(to_csl_json(data)),
    ):
        assert "20261123075809" not in text
    assert "url-status" not in to_wikitext(data)
    assert "data-versionurl" not in to_robust_link(data)


def test_what_is_not_known_is_not_printed() -> None:
    page = replace(CABLE, identifier="", title="", origin="", created="", source="", source_released="", accessed="")
    assert page.name == page.url
    assert to_bibtex(page).startswith("@misc{page7c7c")
    item = to_csl_json(page)
    jsonschema.validate(item, _csl_schema())
    assert not {"author", "issued", "available-date", "accessed", "number", "source"} & set(item)
    for text in (to_bibtex(page), to_biblatex(page), to_ris(page), to_wikitext(page)):
        assert "{}," not in text
        assert "cable " not in text


@pytest.mark.parametrize("created", ["2006-02-30", "spring", "0000-01-01", "2006-13-01", ""])
def test_a_date_that_is_none_is_left_out(created: str) -> None:
    data = replace(CABLE, created=created)
    assert document_date(data) is None
    assert "year" not in to_bibtex(data)
    assert "issued" not in to_csl_json(data)


def test_a_capture_date_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(FormatError, match="capture date"):
        to_wikitext(replace(CABLE, captured="yesterday"))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://[", "dns:example.org"])
def test_only_web_addresses_become_links(url: str) -> None:
    data = replace(CABLE, url=url, archived_url="")
    assert "href" not in to_robust_link(data)
    assert "](" not in to_markdown(data)


def test_hostile_addresses_stay_in_their_place() -> None:
    url = 'https://x.example/a b"><i>|}}{{x}}[y](z)\\`%41\u00e9'
    data = replace(CABLE, url=url, archived_url="")
    link = _Link()
    link.feed(to_robust_link(data))
    assert [tag for tag, _attributes in link.tags] == ["a"]
    assert to_wikitext(data).count("}}") == 1
    entry = _bibtex(to_bibtex(data))
    assert entry.fields["url"] == "https://x.example/a%20b%22%3E%3Ci%3E%7C%7D%7D%7B%7Bx%7D%7D[y](z)%5C%60%41%C3%A9"


def _titles(test: Any) -> Any:
    for title in HOSTILE:
        test = example(title=title)(test)
    return given(title=TITLES)(test)


@_titles
def test_bibtex_and_biblatex_readers_give_the_title_back(title: str) -> None:
    for text in (to_bibtex(replace(CABLE, title=title)), to_biblatex(replace(CABLE, title=title))):
        entry = _bibtex(text)
        assert _untex(entry.fields["title"][1:-1]) == single_spaced(title)
        assert [str(person) for person in entry.persons["author"]] == ["{Consulate Veldora}"]


@_titles
def test_no_ligature_is_left_in_text_for_tex(title: str) -> None:
    assert not re.search(r"--|``|''|,,|<<|>>|[?!]`", tex(title))


@_titles
def test_ris_readers_give_the_title_back(title: str) -> None:
    (entry,) = rispy.loads(to_ris(replace(CABLE, title=title)))
    assert entry["title"] == single_spaced(title)
    assert entry["type_of_reference"] == "RPRT"
    assert entry["urls"] == [ARCHIVED, CABLE.url]
    assert entry["access_date"] == "2026/11/25/"


@_titles
def test_html_readers_give_the_title_and_the_attributes_back(title: str) -> None:
    link = _Link()
    link.feed(to_robust_link(replace(CABLE, title=title)))
    link.close()
    ((tag, attributes),) = link.tags
    assert tag == "a"
    assert link.text.removesuffix("\n") == single_spaced(title)
    assert attributes["data-originalurl"] == attributes["href"] == CABLE.url
    assert attributes["data-versionurl"] == ARCHIVED
    assert attributes["data-versiondate"] == "2026-11-23T07:58:09Z"


@_titles
def test_wikitext_gives_the_title_back_and_stays_one_template(title: str) -> None:
    text = to_wikitext(replace(CABLE, title=title, quote=title))
    assert text.startswith("{{cite web |")
    assert text.count("{{") == text.count("}}") == 1
    fields = dict(part.split("=", 1) for part in text.removeprefix("{{cite web |").removesuffix("}}\n").split(" |"))
    assert html.unescape(fields["title"]) == html.unescape(fields["quote"]) == single_spaced(title)
    assert fields["archive-url"] == ARCHIVED


@_titles
def test_every_note_is_one_line(title: str) -> None:
    assert "\n" not in note(replace(CABLE, source=title, passage=title))


@pytest.mark.parametrize("form", [to_text, to_bibtex, to_biblatex, to_ris, to_robust_link, to_markdown, to_wikitext])
def test_every_form_of_a_passage_carries_its_words(form: Callable[[CitationData], str]) -> None:
    told = form(replace(CABLE, passage="paragraph 3", quote="The ferry and\nthe harbour clock disagree"))
    assert "The ferry and the harbour clock disagree" in told


def test_a_long_passage_is_told_by_its_beginning_and_its_end() -> None:
    words = " ".join(f"word{number}" for number in range(1000))
    told = shortened(words)
    assert len(told) < 610
    assert told.startswith("word0 word1 ")
    assert told.endswith(" word998 word999")
    assert " […] " in told
    assert shortened("x" * 5000).count("x") <= 600
