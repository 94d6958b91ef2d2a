"""Citing as a user does it: cables and pages, passages, several forms, a public address, the clipboard, mistakes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from preserve.citation.forms import FORMS
from preserve.demo_site.pages import replies

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
QUOTE = "Growers have asked for the fair to be moved"
PLAIN = (
    b"<html><head><title>\n Harbour &amp; <b>news</b> </title></head><body>Nothing else.<title>no</title></body></html>"
)


@pytest.fixture
def held(site: Any, shell: Any) -> Any:
    site.page("/one", PAGE)
    site.page("/news", PLAIN)
    title = "<title>\u0645\u06cc\u200c\u0631\u0648\u062f \u202egnp.exe \x1b[31m</title>"
    site.page("/rtl", title.encode(), kind="text/html; charset=utf-8")
    site.page("/bare", b"<html><body>No title.</body></html>")
    shell.site_collection("demo", site, "/one", "/news", "/rtl", "/bare")
    shell("init", "demo")
    shell("capture", "demo")
    return shell


@pytest.fixture
def public(held: Any) -> Any:
    path = held.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "public_url: https://archive.example.org/demo/\n")
    return held


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_passage_names_the_capture_and_reads_no_clock_but_the_day_given(public: Any, form: str) -> None:
    words = ("cite", "06VELDORA42", "--quote", QUOTE, "--accessed", "2026-11-25", "--format", form)
    text = public(*words)
    assert text == public(*words)
    assert text.endswith("\n")
    assert "https://archive.example.org/demo/2" in text or form in {"pwid", "ni", "text"} or "ni:///" in text


def test_several_forms_are_printed_in_the_order_asked_for(held: Any) -> None:
    text = held("cite", "06VELDORA42", "--format", "pwid", "--format", "ris", "--format", "ni")
    assert re.match(r"urn:pwid:\S+\n\nTY  - ELEC\n(.*\n)+ER  - \n\nni:///sha-256;\S+\nni:///sha-256;\S+\n\Z", text)


def test_a_page_is_cited_by_its_address_with_the_title_it_gives_itself(held: Any, site: Any) -> None:
    said = held.json("cite", site.url("/news"), "--format", "bibtex")
    assert said["csl"]["title"] == "Harbour & <b>news</b>"
    assert said["csl"]["type"] == "webpage"
    assert not {"author", "issued", "number", "source"} & set(said["csl"])
    bare = held.json("cite", site.url("/bare"))
    assert bare["csl"]["title"] == site.url("/bare")


def test_joiners_of_a_title_are_printed_and_what_turns_a_terminal_is_not(held: Any, site: Any) -> None:
    for form in ("bibtex", "ris", "apa", "wikitext"):
        text = held("cite", site.url("/rtl"), "--format", form)
        assert "\u0645\u06cc\u200c\u0631\u0648\u062f \ufffdgnp.exe \ufffd" in text
        assert not set("\u202e\x1b") & set(text)


def test_json_has_the_item_the_forms_and_the_passage(public: Any, site: Any) -> None:
    said = public.json("cite", "06VELDORA42", "--paragraph", "2", "--format", "annotation", "--accessed", "2026-11-25")
    assert list(said["forms"]) == ["annotation"]
    assert said["csl"]["accessed"] == {"date-parts": [[2026, 11, 25]]}
    digits = re.sub(r"\D", "", said["csl"]["custom"]["captured"])[:14]
    assert said["csl"]["URL"] == f"https://archive.example.org/demo/{digits}/{site.url('/one')}"
    selector = json.loads(said["forms"]["annotation"])["target"]["selector"][0]
    passage = said["passage"]
    assert (selector["start"], selector["end"]) == (passage["start"], passage["end"])
    assert passage["paragraph"] == "2"
    assert PAGE[passage["byte_start"] : passage["byte_end"]].startswith("\u00b62. ".encode()) or passage["byte_end"]


def test_the_page_as_it_is_now_tells_whether_the_original_is_gone(public: Any, site: Any) -> None:
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


def test_a_passage_of_a_page_that_is_no_cable_is_refused(held: Any, site: Any) -> None:
    held("cite", site.url("/news"), "--quote", "Nothing", status=2)
    assert "only passages of cables" in held.errors


def test_the_clipboard_gets_what_is_printed(held: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "wl-copy"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/copied\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    text = held("cite", "06VELDORA42", "--format", "ni", "--copy")
    assert (tmp_path / "copied").read_text() == text
    program.write_text("#!/bin/sh\nexit 3\n")
    assert held("cite", "06VELDORA42", "--format", "ni", "--copy", status=7) == text
    assert "wl-copy did not take" in held.errors
    monkeypatch.delenv("WAYLAND_DISPLAY")
    assert held("cite", "06VELDORA42", "--format", "ni", "--copy", status=7) == text
    assert "there is no clipboard here" in held.errors


def test_a_public_address_that_is_none_is_told(held: Any) -> None:
    path = held.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "public_url: https://archive.example.org/?x=\n")
    held("cite", "06VELDORA42", status=2)
    assert "public_url" in held.errors
