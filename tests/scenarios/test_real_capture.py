"""The real pages beside the checkout, served on loopback under their own paths, captured, and given back."""

import html
import json
from pathlib import Path
from typing import Any

import pytest

from tests.shell import Shell
from tests.site import Site

SEED_PATH = "/cable.php?id=26134"


def _viewer_path(entry: dict[str, Any]) -> str:
    """The page's own path, ``/cable/YYYY/MM/ID.html``; a second snapshot of a cable gets a folder before it."""
    original = "/" + entry["found_at"].split(":", 2)[-1]
    return f"/later{original}" if ".v2." in entry["file"] else original


def _mirror_page(text: str) -> bytes:
    """The seed's text, whose first lines are what surrounds the cable, in a page as the mirror may well have it."""
    lines = [html.escape(line, quote=False) for line in text.split("\n")]
    fields = [line for line in lines if line.split(":")[0] in _LABELS and ":" in line][: len(_LABELS)]
    start = lines.index(fields[-1]) + 1
    rows = "".join(f"<tr><td>{f.partition(':')[0]}:</td><td>{f.partition(':')[2].strip()}</td></tr>" for f in fields)
    note, rest = lines[start], lines[start + 1 :]
    last = max(number for number, line in enumerate(rest) if line.startswith("Latest source"))
    body = "\n".join(rest[:last]).strip("\n")
    page = f"<html><body><table>{rows}</table><p>{note}</p><pre>{body}\n</pre><p>{rest[last]}</p></body></html>"
    return page.encode()


_LABELS = ("Identifier", "Wikileaks", "Origin", "Created", "Classification", "Tags", "Redacted")


@pytest.fixture
def entries(shared_cables: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared_cables / "manifest.json").read_text("utf-8"))["entries"]
    return found


def test_every_real_page_is_captured_and_gives_back_what_its_manifest_says(
    site: Site, shell: Shell, shared_cables: Path, entries: list[dict[str, Any]]
) -> None:
    viewers = [entry for entry in entries if entry["layout"] == "wikileaks-cable-page"]
    assert len(viewers) == 27
    for entry in viewers:
        site.page(_viewer_path(entry), (shared_cables / entry["file"]).read_bytes())
    shell.site_collection("real", site, *(_viewer_path(entry) for entry in viewers))
    text = (shell.config / "collections" / "real.yaml").read_text("utf-8")
    (shell.config / "collections" / "real.yaml").write_text(
        text.replace("max_depth: 2", "max_depth: 0\n  requisites: none"), "utf-8"
    )
    shell("init", "real")
    report = shell.json("capture", "real")
    assert report["cables"] == 27
    assert report["problems"] == []
    for entry in viewers:
        expected = entry["expected"]
        url = site.url(_viewer_path(entry))
        shown = shell.json("show", url)
        cable: dict[str, Any] = shown["cable"]
        fields = cable["fields"]
        assert cable["published_id"] == expected["identifier"] == entry["id"]
        assert cable["raw_sha256"] == entry["sha256"]
        assert cable["body_sha256"] == expected["body_text_sha256"]
        assert fields["created"]["printed"] == expected["created_as_printed"]
        assert fields["released"]["printed"] == expected["released_as_printed"]
        assert fields["classification"]["printed"] == expected["classification"]
        assert fields["origin"]["printed"] == expected["origin"]
        assert len(shown["text"]) == expected["body_chars"]
    assert shell.json("verify", "real")["collections"][0]["good"] is True
    history = shell.json("history", "66BUENOSAIRES2481")
    assert [o["difference"] for o in history["observations"]] == [None, "same body"]


def test_the_worked_example_gives_its_fields_message_and_stated_source(
    site: Site, shell: Shell, shared_cables: Path
) -> None:
    text = (shared_cables / "05ALMATY342.txt").read_text("utf-8")
    site.page(SEED_PATH, _mirror_page(text))
    shell.site_collection("mirror", site, SEED_PATH)
    shell("init", "mirror")
    shell("capture", "mirror")
    shown = shell.json("show", "05ALMATY342")
    fields = shown["cable"]["fields"]
    assert fields["identifier"]["printed"] == "05ALMATY342"
    assert fields["origin"]["printed"] == "US Office Almaty"
    assert fields["created"]["printed"] == "2005-01-31 08:10:00"
    assert fields["classification"]["printed"] == "UNCLASSIFIED//FOR OFFICIAL USE ONLY"
    assert fields["source"]["printed"] == "cablebrowser-2"
    assert fields["source_released"]["value"] == "2011-10-04"
    claims = shown["cable"]["claims"]
    assert claims["source"]["printed"] == "cablebrowser-2"
    assert claims["partial_note"]["printed"].startswith("This record is a partial extract")
    assert "NNNN" in shown["text"]
    shown_text = shell("show", "05ALMATY342")
    assert "tags            PHUM, PREL, EAID, KZ, Human Rights, POLITICAL" in shown_text
    assert "stated source   cablebrowser-2, released 2011-10-04" in shown_text
    citation = shell("cite", "05ALMATY342", "--long")
    assert "05ALMATY342" in citation
    assert "2011-10-04" in citation
    assert shell.json("verify", "mirror")["collections"][0]["good"] is True
