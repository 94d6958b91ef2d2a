"""What a browser never shows is left out and not to be quoted; what a layout opens is said wherever it is cited."""

import json
from pathlib import Path

import pytest

from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
QUOTE = "Consulate will attend the fair on whichever day it is."
SECRET = "the envoy hid the ledger"


def _held(site: Site, shell: Shell, page: bytes) -> None:
    site.page("/one", page)
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "markup",
    [
        "<span hidden>{}</span>",
        "<span style='DISPLAY: n&#111;ne'>{}</span>",
        "<span style='visibility:/**/hidden'>{}</span>",
        "<template>{}</template>",
    ],
)
def test_hidden_words_are_neither_shown_nor_quoted(site: Site, shell: Shell, markup: str) -> None:
    _held(site, shell, PAGE.replace(b"three weeks", markup.format(SECRET).encode() + b"three weeks"))
    shown = shell("show", "06VELDORA42")
    assert SECRET not in shown
    assert "left out        20 characters; elements that hide what is in them: 1" in shown
    shell("cite", "06VELDORA42", "--quote", SECRET, status=3)
    shell("cite", "06VELDORA42", "--quote", "three weeks")
    assert "I-CABLE-HIDDEN" in shell("show", "06VELDORA42", "--as", "json")


def test_hidden_words_of_a_page_without_a_cable_are_left_out_and_told(site: Site, shell: Shell) -> None:
    _held(site, shell, b"<p>Open words<p hidden>secret words")
    shown = shell("show", site.url("/one"))
    assert "secret" not in shown
    assert "left out        11 characters that a browser never shows" in shown


def test_a_text_that_the_layout_opens_is_said_to_be_hidden_until_opened(site: Site, shell: Shell) -> None:
    start, end = PAGE.index(b"<code>"), PAGE.rindex(b"</code>") + len(b"</code>")
    _held(site, shell, PAGE[:start] + b"<div style='display:none'>" + PAGE[start:end] + b"</div>" + PAGE[end:])
    assert "hidden until opened" in shell("show", "06VELDORA42")
    path = shell.folder / "one.capsule"
    assert "idden until opened" in shell("cite", "06VELDORA42", "--quote", "three weeks", "--capsule", str(path))
    item = json.loads(shell("cite", "06VELDORA42", "--format", "csl-json"))[0]
    assert item["custom"]["hidden_until_opened"] is True
    vkey = shell.archives / "demo" / "ledger" / "log.vkey"
    assert "hidden until opened" in shell("check", str(path), "--trust", str(vkey))
    article = Path(shell.folder / "article.md")
    article.write_text(f"“{QUOTE}” ([copy]({site.url('/one')}))\n", "utf-8")
    assert "hidden until opened" in shell("check", str(article), status=None)
