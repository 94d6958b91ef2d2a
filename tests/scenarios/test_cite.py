"""Citing as a user does it: cables and pages, passages, several forms, many at once, a public address, mistakes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from preserve.citation.forms import FORMS
from preserve.demo_site.pages import replies
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
QUOTE = "Growers have asked for the fair to be moved"
PLAIN = (
    b"<html><head><title>\n Harbour &amp; <b>news</b> </title></head><body>Nothing else.<title>no</title></body></html>"
)


@pytest.fixture
def held(site: Site, shell: Shell, beginning: Beginning) -> Any:
    site.page("/one", PAGE)
    site.page("/news", PLAIN)
    title = "<title>\u0645\u06cc\u200c\u0631\u0648\u062f \u202egnp.exe \x1b[31m</title>"
    site.page("/rtl", title.encode(), kind="text/html; charset=utf-8")
    site.page("/bare", b"<html><body>No title.</body></html>")

    def make() -> None:
        shell.site_collection("demo", site, "/one", "/news", "/rtl", "/bare")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make)
    return shell


@pytest.fixture
def public(held: Any) -> Any:
    path = held.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "public_url: https://archive.example.org/demo/\nark: 12345/x\n")
    return held


@pytest.mark.one_in(3)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_passage_names_the_capture_and_reads_no_clock_but_the_day_given(public: Any, form: str) -> None:
    words = ("cite", "06VELDORA42", "--quote", QUOTE, "--accessed", "2026-11-25", "--format", form)
    text = public(*words)
    assert text == public(*words)
    assert text.endswith("\n")
    assert "https://archive.example.org/demo/2" in text or form in {"pwid", "ark", "ni", "text"} or "ni:///" in text


@pytest.mark.parametrize("form", ["text", "ris", "wikitext", "apa"])
def test_an_error_in_the_place_of_a_page_is_cited_and_shown_as_one(site: Site, shell: Shell, form: str) -> None:
    site.page("/lost", b"<html><title>Harbour news</title><body>It is not here.</body></html>", status="404 Not Found")
    shell.site_collection("demo", site, "/lost")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    address = site.url("/lost")
    told = "no page: an error, status 404"
    assert told in shell("cite", address, "--format", form).replace("No page", "no page")
    assert f"answered        {told}" in shell("show", address)
    shell("cite", address, "--quote", "It is not here", "--capsule", str(shell.folder / "lost.zip"))
    assert "made again, they are the same to the byte" in shell("check", str(shell.folder / "lost.zip"))


def test_the_history_of_a_page_that_is_no_cable_is_answered_with_what_shows_it(held: Any, site: Site) -> None:
    held("history", site.url("/news"), status=3)
    assert "`preserve show ADDRESS --at TIME`" in held.errors


def test_several_forms_are_printed_in_the_order_asked_for(held: Any) -> None:
    text = held("cite", "06VELDORA42", "--format", "pwid", "--format", "ris", "--format", "ni")
    assert re.match(r"urn:pwid:\S+\n\nTY  - RPRT\n(.*\n)+ER  - \n\nni:///sha-256;\S+\nni:///sha-256;\S+\n\Z", text)


def test_a_page_is_cited_by_its_address_with_the_title_it_gives_itself(held: Any, site: Site) -> None:
    said = held.json("cite", site.url("/news"), "--format", "bibtex")["citations"][0]
    assert said["csl"]["title"] == "Harbour & <b>news</b>"
    assert said["csl"]["type"] == "webpage"
    assert not {"author", "issued", "number", "source"} & set(said["csl"])
    bare = held.json("cite", site.url("/bare"))["citations"][0]
    assert bare["csl"]["title"] == site.url("/bare")


def test_joiners_of_a_title_are_printed_and_what_turns_a_terminal_is_not(held: Any, site: Site) -> None:
    for form in ("bibtex", "ris", "apa", "wikitext"):
        text = held("cite", site.url("/rtl"), "--format", form)
        assert "\u0645\u06cc\u200c\u0631\u0648\u062f \ufffdgnp.exe \ufffd" in text
        assert not set("\u202e\x1b") & set(text)


def test_json_has_the_item_the_forms_and_the_passage(public: Any, site: Site) -> None:
    words = ("06VELDORA42", "--paragraph", "2", "--format", "annotation", "--accessed", "2026-11-25")
    (said,) = public.json("cite", *words)["citations"]
    assert list(said["forms"]) == ["annotation"]
    assert said["csl"]["accessed"] == {"date-parts": [[2026, 11, 25]]}
    digits = re.sub(r"\D", "", said["csl"]["custom"]["captured"])[:14]
    assert said["csl"]["URL"] == f"https://archive.example.org/demo/{digits}/{site.url('/one')}"
    selector = json.loads(said["forms"]["annotation"])["target"]["selector"][0]
    passage = said["passage"]
    assert (selector["start"], selector["end"]) == (passage["start"], passage["end"])
    assert passage["paragraph"] == "2"
    assert PAGE[passage["byte_start"] : passage["byte_end"]].startswith("\u00b62. ".encode()) or passage["byte_end"]


def test_the_page_as_it_is_now_tells_whether_the_original_is_gone(public: Any, site: Site) -> None:
    assert "|url-status=live" in public("cite", "06VELDORA42", "--format", "wikitext")
    site.page("/one", b"gone", status="410 Gone")
    public("capture", "demo", status=None)
    text = public("cite", "06VELDORA42", "--format", "wikitext")
    assert "|url-status=dead" in text


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("06VELDORA42", "--format", "text-fragment"), 2, "needs a passage"),
        (("06VELDORA42", "--accessed", "25.11.2026"), 2, "no day"),
        (("06VELDORA42", "--accessed", "2026-02-30"), 2, "no day"),
        (("06VELDORA42", "--chars", "x"), 2, "no characters"),
        (("06VELDORA42", "--format", "vancouver"), 2, "vancouver"),
        (("06NOWHERE1",), 3, "nothing is held"),
    ],
)
def test_mistakes_are_said_and_nothing_is_printed(held: Any, words: tuple[str, ...], status: int, message: str) -> None:
    assert held("cite", *words, status=status) == ""
    assert message in held.errors
    assert "Traceback" not in held.errors


def test_several_are_cited_at_once_each_capture_once(public: Any, site: Site) -> None:
    words = ("06VELDORA42", site.url("/news"), site.url("/one"))
    text = public("cite", *words, "--format", "bibtex", "--format", "csl-json", "06VELDORA42")
    bibliography, _blank, items = text.partition("\n[")
    assert re.findall(r"^@\w+", bibliography, re.MULTILINE) == ["@techreport", "@misc", "@techreport"]
    assert [item["type"] for item in json.loads("[" + items)] == ["report", "webpage", "report"]
    assert re.findall(r"^\[\d\]", public("cite", *words, "--format", "ieee"), re.MULTILINE) == ["[1]", "[2]", "[3]"]
    assert len(public.json("cite", *words)["citations"]) == 3


def test_what_a_search_finds_and_what_a_document_cites_is_cited(public: Any, site: Site, tmp_path: Path) -> None:
    found = public("cite", "--search", "fair moved", "--format", "csl-json")
    assert [item["number"] for item in json.loads(found)] == ["06VELDORA42"]
    public("cite", "--search", "unheardof", status=3)
    article = tmp_path / "article.md"
    article.write_text(f"See [it]({site.url('/news')}), cable 06VELDORA42, and https://nowhere.example/x.\n")
    cited = public("cite", "--document", str(article), "--format", "ris")
    assert re.findall(r"^TY  - (\w+)", cited, re.MULTILINE) == ["ELEC", "RPRT"]
    assert "https://nowhere.example/x: nothing is held of it" in public.errors


def test_a_collection_is_cited_as_a_data_set_at_a_checkpoint(public: Any) -> None:
    forms = (
        "--format",
        "text",
        "--format",
        "bibtex",
        "--format",
        "biblatex",
        "--format",
        "ris",
        "--format",
        "csl-json",
    )
    text = public("cite", "--collection", "demo", *forms, "--accessed", "2026-11-25")
    note = (public.archives / "demo" / "ledger" / "checkpoint").read_text().split("\n")
    for form in (
        "@misc{demo,",
        "@dataset{demo,",
        "TY  - DATA",
        '"type": "dataset"',
        "A site for a test [data set], 20",
    ):
        assert form in text
    assert text.count(f"checkpoint {note[1]}, root {note[2]}") == 6
    assert note[0] in text
    (said,) = public.json("cite", "-c", "demo")["citations"]
    assert said["csl"]["version"] == note[1]
    assert public("cite", "-c", "demo", "--format", "pwid", status=2) == ""
    assert "is not cited as pwid" in public.errors


@pytest.mark.parametrize(
    "words",
    [(), ("06VELDORA42", "--search", "fair"), ("06VELDORA42", "06VELDORA42", "--quote", "x")],
)
def test_what_is_to_be_cited_is_named_in_one_way(held: Any, words: tuple[str, ...]) -> None:
    assert held("cite", *words, status=2) == ""
    assert "next:" in held.errors


def test_an_ark_leads_back_to_the_capture_that_it_was_made_of(public: Any, site: Site, tmp_path: Path) -> None:
    first = public("cite", "06VELDORA42", "--format", "ark").strip()
    assert re.fullmatch(r"ark:12345/x[0-9a-f]{32}", first)
    public("capture", "demo")
    assert public("cite", first, "--format", "ark").strip() == first
    assert public("cite", first.replace("ark:", "ark:/"), "--format", "ris").startswith("TY  - RPRT")
    article = tmp_path / "a.txt"
    article.write_text(f"See {first}, and ark:12345/x{'0' * 32}.\n")
    answer = public.json("check", str(article), status=1)
    assert [each["claims"][0]["verdict"] for each in answer["files"][0]["citations"]] == ["PASS", "FAIL"]
    public("cite", "ark:12345/x" + "0" * 32, status=3)
    public("cite", site.url("/news"), "--format", "permalink")


@pytest.mark.parametrize(("form", "lack"), [("ark", "no `ark`"), ("permalink", "no `public_url`")])
def test_a_name_that_nobody_gives_is_told(held: Any, form: str, lack: str) -> None:
    assert held("cite", "06VELDORA42", "--format", form, status=2) == ""
    assert lack in held.errors


def test_a_public_address_that_is_none_is_told(held: Any) -> None:
    path = held.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "public_url: https://archive.example.org/?x=\n")
    held("cite", "06VELDORA42", status=2)
    assert "public_url" in held.errors
