"""Capsules of every kind of page and record: no cable, second hand, plain, compressed as a whole, Zstandard; and their
page for people.
"""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.build import pack
from preserve.demo_site.pages import replies
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site
from tests.warcs import gz, record, reply, zst

__all__ = ["beginning", "served", "site"]

CABLE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
NEWS = b"<html><head><title>Harbour &amp; news</title></head><body><p>The ferry &amp; the\nharbour clock disagree."
CONTAINERS: dict[str, tuple[str, Callable[[list[bytes]], bytes]]] = {
    "plain": ("x.warc", b"".join),
    "Zstandard": ("x.warc.zst", zst),
    "gzip of the whole file": ("x.warc.gz", lambda records: gzip.compress(b"".join(records))),
    "gzip by record": ("x.warc.gz", lambda records: gz(*records)),
}


def _checked(shell: Shell, path: Path, *, status: int = 0) -> dict[str, str]:
    key = shell.archives / "demo" / "ledger" / "log.vkey"
    said = shell.json("check", str(path), "--trust", str(key), status=status)
    return {each["claim"]: each["verdict"] for each in said["files"][0]["claims"]}


def _files(path: Path) -> dict[str, bytes]:
    found = {name: member.data for name, member in check_capsule.read_zip(path.read_bytes()).items()}
    del found[check_capsule.MANIFEST]
    return found


@pytest.fixture(params=CONTAINERS)
def imported(request: Any, site: Site, shell: Shell, tmp_path: Path) -> Any:
    name, packed = CONTAINERS[request.param]
    bodies = {"http://a.example/cable": CABLE, "http://a.example/news": NEWS}
    records = [
        record(number, reply(body, "Content-Type: text/html; charset=utf-8"), uri=uri)
        for number, (uri, body) in enumerate(bodies.items(), 1)
    ]
    (tmp_path / name).write_bytes(packed(records))
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("import", str(tmp_path / name), "--into", "demo", status=None)
    return shell


@pytest.mark.one_in(3)
# Other readers refuse a file that is compressed as a whole.
@pytest.mark.damages
@pytest.mark.parametrize(
    ("name", "quote"),
    [("06VELDORA42", "three weeks"), ("http://a.example/news", "ferry & the harbour clock")],
)
def test_a_capsule_is_made_of_every_kind_of_record_and_page(
    imported: Any, tmp_path: Path, name: str, quote: str
) -> None:
    path = tmp_path / "one.capsule"
    imported("cite", name, "--quote", quote, "--capsule", str(path))
    claims = _checked(imported, path)
    assert claims.pop("existed before a trusted time") == "NOT CHECKED"
    assert claims.pop("the origin really served this") == "NOT PROVEN"
    text = claims.pop("the text is the one in the statement")
    assert text == ("NOT PROVEN" if "://" in name else "PASS")
    assert set(claims.values()) == {"PASS"}
    files = _files(path)
    key = (imported.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    assert check_capsule.is_good(check_capsule.alone(path.read_bytes(), [key]))
    assert "second_hand" in json.loads(files["citation.json"])["custom"]
    # What was changed in the record or the text does not pass, whatever the manifest says.
    record_name = next(each for each in files if each.startswith("record.warc"))
    for changed in (record_name, "text.txt", "selector.json", "citation.json"):
        data = bytearray(files[changed])
        data[len(data) // 2] ^= 1
        forged = pack({**files, changed: bytes(data)})
        path.write_bytes(forged)
        assert "FAIL" in _checked(imported, path, status=1).values(), changed


@pytest.fixture
def held(site: Site, shell: Shell, beginning: Beginning) -> Any:
    def make() -> None:
        site.page("/one", CABLE)
        site.page("/news", NEWS)
        site.page("/picture", b"GIF89a", kind="image/gif")
        shell.site_collection("demo", site, "/one", "/news", "/picture")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def test_the_page_for_people_shows_the_passage_in_its_text_and_is_made_again(held: Any, site: Site) -> None:
    for name, quote, taken in (
        ("06VELDORA42", "three weeks", "three weeks"),
        (site.url("/news"), "the ferry & the harbour".capitalize(), "The ferry & the\nharbour"),
    ):
        path = held.folder / "one.capsule"
        held("cite", name, "--quote", quote, "--capsule", str(path))
        files = _files(path)
        page: Any = html.fromstring(files["index.html"].decode())
        (mark,) = page.xpath("//pre/mark")
        assert mark.text_content() == taken
        assert page.xpath("//pre")[0].text_content() == files["text.txt"].decode()
        assert not page.xpath("//script | //img | //link | //iframe | //*[@src] | //@onload | //form")
        assert {link.get("href") for link in page.xpath("//a")} == {"#passage", "readme.txt"}
        assert "default-src 'none'" in page.xpath("//meta/@content")[0]
        (drawing,) = page.xpath("//*[local-name()='svg'][@role='img']")
        record_json = json.loads(files["record.json"])
        assert record_json["record_sha256"][:16] in drawing.text_content()
        assert record_json["date"] in page.text_content()
        forged = path.with_name("forged.capsule")
        forged.write_bytes(pack({**files, "index.html": files["index.html"].replace(b"Captured", b"Captcred")}))
        assert _checked(held, forged, status=1)["the citation and the readable page say what is proved"] == "FAIL"
        told = {each.claim: each.verdict for each in check_capsule.alone(forged.read_bytes())}
        assert told["what index.html shows"] == "NOT CHECKED"
        assert "FAIL" not in told.values()


def test_words_of_a_page_are_cited_in_every_form_and_a_picture_has_none(held: Any, site: Site) -> None:
    text = held("cite", site.url("/news"), "--quote", "harbour clock", "--format", "text", "--format", "apa")
    assert text.count("characters") == text.count("“harbour clock”") == 2
    held("cite", site.url("/news"), "--quote", "the ferry & the", status=3)
    assert "capital and small letters" in held.errors
    held("cite", site.url("/picture"), "--quote", "GIF", status=2)
    assert "no text to quote from" in held.errors


def test_markup_of_a_page_is_no_markup_of_the_page_for_people(site: Site, shell: Shell) -> None:
    hostile = (
        "&lt;script&gt;alert(1)&lt;/script&gt; \u202e &lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt; words to cite"
    )
    site.page(
        "/hostile", f"<title>&lt;/title&gt;&lt;script&gt;</title><p>{hostile}".encode(), kind="text/html; charset=utf-8"
    )
    shell.site_collection("demo", site, "/hostile")
    shell("init", "demo")
    shell("capture", "demo")
    path = shell.folder / "one.capsule"
    shell("cite", site.url("/hostile"), "--quote", "words to cite", "--capsule", str(path))
    page: Any = html.fromstring(_files(path)["index.html"].decode())
    assert not page.xpath("//script | //img")
    assert "\u202e" not in page.text_content()
    assert set(_checked(shell, path).values()) <= {"PASS", "NOT PROVEN", "NOT CHECKED"}
