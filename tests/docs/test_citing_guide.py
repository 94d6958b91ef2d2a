"""Every example of the guide to citing is what the program prints, but for what differs from capture to capture."""

import re
import shlex
from pathlib import Path

from preserve.citation.forms import FORMS
from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

GUIDE = Path(__file__).parents[2] / "docs" / "citing.md"
PATH = "/cable/2006/03/06VELDORA42.html"
_VARYING = (
    (re.compile(r"urn:uuid:[0-9a-f-]{36}"), "urn:uuid:U"),
    (re.compile(r"sha-256;[A-Za-z0-9_-]{43}|sha-256;[A-Za-z0-9_&#;-]{43,80}(?=[, ])"), "sha-256;N"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HEX"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "MOMENT"),
    (re.compile(r"/demo/\d{14}/"), "/demo/14/"),
    (re.compile(r"archive-date=[\d-]+"), "archive-date=D"),
    (re.compile(r"preserve[/-]demo[/-][0-9a-f]{8}"), "ORIGIN"),
    (re.compile(r"statement (\\?\d+)|\"(statement|checkpoint_size)\": \d+"), "statement S"),
)


def _same(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def test_what_the_guide_shows_is_printed(site: Site, shell: Shell) -> None:
    site.page(PATH, replies(1)[PATH].body)
    shell.site_collection("demo", site, PATH)
    config = shell.config / "collections" / "demo.yaml"
    config.write_text(config.read_text() + "public_url: https://archive.example.org/demo\n")
    shell("init", "demo")
    shell("capture", "demo")
    blocks = re.findall(r"^```console\n\$ preserve (.*)\n((?:.*\n)*?)```$", GUIDE.read_text(), re.MULTILINE)
    assert len(blocks) > 12
    for command, shown in blocks:
        assert _same(shell(*shlex.split(command))) == _same(shown), command


def test_the_guide_names_every_form() -> None:
    text = GUIDE.read_text()
    assert [form for form in FORMS if f"`{form}`" not in text] == []
