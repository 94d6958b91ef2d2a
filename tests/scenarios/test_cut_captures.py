"""Captures that are not whole: kept, named as such everywhere, never in the place of a whole one."""

import gzip

import pytest

from tests.layout_pages import wikileaks_page
from tests.shell import Shell
from tests.site import Site

PAGE = wikileaks_page()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
KEPT = PAGE[: PAGE.index(b"2. (U)")]


def _length(body: bytes, length: int, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % length + body


LACKS = {
    "cut": _length(KEPT, len(PAGE)),
    "partial": _length(KEPT, len(KEPT), HEAD.replace(b"200 OK", b"206 Partial Content")),
    "undecodable": _length(
        gzip.compress(PAGE)[:-20], len(gzip.compress(PAGE)) - 20, HEAD + b"Content-Encoding: gzip\r\n"
    ),
}
CABLE = "08SAMPLETOWN12"
LAST = "Post will count again"
WORDS = {"cut": "cut capture", "partial": "partial capture", "undecodable": "unreadable capture"}


def _captured(shell: Shell, site: Site, *replies: bytes) -> None:
    shell.site_collection("demo", site, "/c")
    shell("init", "demo")
    for reply in replies:
        site.replies["/c"] = reply
        site.closing.add("/c")
        shell("capture", "demo", status=None)
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


@pytest.mark.one_in(3)
@pytest.mark.parametrize("lack", sorted(LACKS))
def test_a_capture_that_is_not_whole_never_takes_the_place_of_a_whole_one(shell: Shell, site: Site, lack: str) -> None:
    _captured(shell, site, _length(PAGE, len(PAGE)), LACKS[lack])
    shown = shell.json("show", CABLE)
    assert (shown["whole"], LAST in shown["text"]) == ("whole", True)
    assert shell.json("show", site.url("/c"))["whole"] == "whole"
    assert "not whole" not in shell("show", CABLE)
    cited = shell("cite", CABLE, "--quote", LAST)
    assert "capture:" not in cited
    observations = shell.json("history", CABLE)["observations"]
    assert [one["whole"] for one in observations] == (["whole", "cut"] if lack == "cut" else ["whole"])
    assert all(one["difference"] is None for one in observations)
    assert [hit["published_id"] for hit in shell.json("search", LAST)["hits"]] == [CABLE]
    told = shell("history", CABLE)
    assert "text changed" not in told
    assert (WORDS[lack] in told) is (lack == "cut")


def test_a_whole_capture_behind_a_cut_one_is_compared_with_the_whole_one_before(shell: Shell, site: Site) -> None:
    whole = _length(PAGE, len(PAGE))
    _captured(shell, site, whole, LACKS["cut"], _length(PAGE + b"\n", len(PAGE) + 1))
    observations = shell.json("history", CABLE)["observations"]
    assert [one["difference"] for one in observations] == [None, None, "same body"]
    assert "same body" in shell("diff", CABLE)


def test_a_page_that_is_only_held_cut_is_marked_and_cited_only_on_request(shell: Shell, site: Site) -> None:
    _captured(shell, site, LACKS["cut"])
    assert "cut capture: not all of the reply came" in shell("show", CABLE)
    assert shell.json("show", site.url("/c"))["whole"] == "cut"
    shell("cite", CABLE, status=2)
    assert "cut capture" in shell.errors
    assert "--cut" in shell.errors
    for form in ("text", "markdown", "bibtex", "html", "ris", "wikitext"):
        assert "cut capture: not all of the reply came" in shell("cite", CABLE, "--cut", "--format", form).lower()
    assert shell.json("cite", CABLE, "--cut")["citations"][0]["csl"]["custom"]["whole"] == "cut"


def test_a_capsule_of_a_cut_capture_says_so_and_is_checked_for_it(shell: Shell, site: Site) -> None:
    _captured(shell, site, LACKS["cut"])
    capsule = shell.folder / "c.capsule.zip"
    shell("cite", CABLE, "--cut", "--quote", "The gulls of Sampletown", "--capsule", str(capsule))
    shell("check", str(capsule), status=None)
    assert "FAIL" not in shell("check", str(capsule), status=None)


def test_a_document_that_cites_a_cut_capture_is_told_so(shell: Shell, site: Site) -> None:
    _captured(shell, site, LACKS["cut"])
    paper = shell.folder / "paper.md"
    paper.write_text(
        f"As it says.[^1]\n\n[^1]: Cable {CABLE}, {site.url('/c')}, “The gulls of Sampletown were counted”.\n"
    )
    assert "cut capture" in shell("check", str(paper), status=None)


def test_a_cut_capture_is_no_sign_of_a_changed_page(shell: Shell, site: Site) -> None:
    _captured(shell, site, _length(PAGE, len(PAGE)), LACKS["cut"])
    addresses = shell.json("rot", "-c", "demo", "--all", status=None)["addresses"]
    assert [each["state"] for each in addresses if each["url"] == site.url("/c")] == ["alive"]
