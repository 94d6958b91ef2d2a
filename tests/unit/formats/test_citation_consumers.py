"""What survives where a citation is read by other people's programs: number, institution, kind, date, archive, tags."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preserve.citation.forms import FORMS, write
from preserve.citation.passage import Passage
from preserve.config.arks import ark_of
from preserve.formats.citations.data import CitationData, pwid
from tests.citation_consumers import CONSUMERS, ZOTERO_TYPES, check_facts
from tests.unit.formats.test_citations import ARCHIVED, CABLE

CITED = replace(
    CABLE,
    tags=("PREL", "EAGR", "COUNTRY CLEARANCE"),
    passage="paragraph 3",
    quote="The ferry and the harbour clock disagree",
)
EXPECTED: dict[str, Any] = {
    "title": "Almonds & oranges",
    "author": "Consulate Veldora",
    "date": "2006-03-02",
    "number": "06VELDORA42",
    "institution": "Consulate Veldora",
    "kind": "Cable",
    "place": "Veldora",
    "tags": ["PREL", "EAGR", "COUNTRY CLEARANCE"],
    "archive": "example.org/veldora",
    "place in the archive": pwid(CITED),
    "address": ARCHIVED,
    "accessed": "2026-11-25",
    "captured": "2026-11-23T07:58:09",
    "identifier": CITED.identifiers[0],
    "words": CITED.quote,
}
LOST: dict[str, set[str]] = {
    "Zotero, RIS": set(),
    "Zotero, BibTeX": {"archive", "place in the archive"},
    "Zotero, biblatex": {"archive", "place in the archive"},
    "Zotero, CSL-JSON": {"tags"},
    "pybtex, BibTeX": {"archive", "place in the archive"},
    "pybtex, biblatex": {"place in the archive"},
    "bibtexparser, BibTeX": {"archive", "place in the archive"},
    "bibtexparser, biblatex": {"place in the archive"},
    "rispy, RIS": set(),
}
"""What a consumer has no field for: all else it keeps."""


def kept(consumer: str, data: CitationData) -> set[str]:
    """The facts that a consumer gives back as they were."""
    form, read = CONSUMERS[consumer]
    found = read(write(data, form, None))
    return {fact for fact, value in EXPECTED.items() if _same(fact, found.get(fact), value)}


def _same(fact: str, found: object, value: object) -> bool:
    # BibTeX has year and month, and no day.
    return found == value or (fact == "date" and found == str(value)[:4])


@pytest.mark.parametrize("consumer", sorted(LOST))
def test_a_reader_keeps_all_that_it_has_a_field_for(consumer: str) -> None:
    assert kept(consumer, CITED) == set(EXPECTED) - LOST[consumer]


def test_the_items_of_zotero_are_reports_and_pages_are_web_pages() -> None:
    page = replace(CITED, identifier="", origin="", created="", passage="", quote="")
    for consumer, (form, read) in CONSUMERS.items():
        if consumer.startswith("Zotero"):
            assert read(write(CITED, form))["type"] == "report"
            item = read(write(page, form))
            assert item["type"] == ("document" if form == "bibtex" else "webpage")
            assert (item["address"], item["accessed"]) == (ARCHIVED, "2026-11-25")
            assert item["captured"] == "2026-11-23T07:58:09"
    assert set(ZOTERO_TYPES["csl"]) == {"report", "webpage"}


def test_a_short_citation_has_one_identifier_and_a_long_one_all_that_proves_it() -> None:
    for form in ("text", "bibtex", "biblatex", "ris", "html", "markdown", "wikitext", "csl-json", "apa"):
        short, long = write(CITED, form), write(replace(CITED, is_long=True), form)
        assert len(short) < len(long)
        assert short.count("sha-256;") <= (2 if form in {"biblatex", "csl-json"} else 1)
        assert CITED.record_sha256 not in short
        if form not in {"wikitext", "apa"}:
            assert CITED.record_sha256 in long
            assert f"statement {CITED.statement}" in long


def consumer_table() -> str:
    """The table of `docs/citing.md`: by form and reader what comes back as it was, and what does not."""
    rows = []
    for consumer, (form, _read) in CONSUMERS.items():
        facts = kept(consumer, CITED)
        rows.append((form, consumer.partition(",")[0], facts, LOST.get(consumer, set())))
    for form in (*FORMS, "csl:nature"):
        found = check_facts(form, write(NAMED if form == "ark" else CITED, form, PASSAGE))
        facts = {
            fact
            for fact, value in {**EXPECTED, "original": CITED.url, "record": CITED.record_id}.items()
            if found.get(fact) == value
        }
        rows.append((form, "`preserve check`", facts, set()))
    order = {fact: place for place, fact in enumerate([*EXPECTED, "original", "record"])}
    lines = ["| form | read by | comes back | is lost |", "| --- | --- | --- | --- |"]
    for form, reader, facts, lost in sorted(rows, key=lambda row: [*FORMS, "csl:nature"].index(row[0])):
        said = [", ".join(sorted(each, key=lambda fact: order[fact])) or "\u2013" for each in (facts, lost)]
        lines.append(f"| `{form}` | {reader} | {said[0]} | {said[1]} |")
    return "\n".join(lines) + "\n"


NAMED = replace(CITED, ark=ark_of("12345/x", CITED.record_id))
PASSAGE = Passage(
    exact="The ferry and the harbour clock disagree",
    prefix="",
    suffix="",
    start=10,
    end=50,
    byte_start=90,
    byte_end=130,
)


def test_the_table_of_the_guide_is_what_the_readers_give() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "citing.md").read_text()
    shown = guide.partition("<!-- consumers -->\n")[2].partition("<!-- /consumers -->")[0]
    assert shown == consumer_table()


def test_every_form_tells_this_program_which_copy_is_cited() -> None:
    for form in FORMS:
        found = check_facts(form, write(NAMED if form == "ark" else CITED, form, PASSAGE))
        assert {"address", "original", "number", "identifier", "record"} & set(found), form


def test_where_an_ark_is_given_it_is_the_one_name_of_a_short_citation() -> None:
    for form in ("text", "bibtex", "ris", "markdown", "wikitext", "apa"):
        short, long = write(NAMED, form), write(replace(NAMED, is_long=True), form)
        assert NAMED.ark in short
        assert NAMED.ark in long
        assert "sha-256;" in long
        assert "sha-256;" not in short
