"""One invented article with twelve citations, in seven kinds of documents: each gives the same twelve verdicts."""

import re
from pathlib import Path

import pytest

from tests.articles import WRITERS, Sentence
from tests.clocks import ShiftedClock
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site

CABLE = mrkva_page()
NEWS = (
    b"<html><title>Harbour news</title><body><p>The ferry leaves at noon. It's full; the quay isn't.</p></body></html>"
)
CHANGED = NEWS.replace(b"at noon", b"at night")


@pytest.fixture
def article(site: Site, shell: Shell, clock: type[ShiftedClock]) -> list[Sentence]:
    """Twelve citations: held, quoted, misquoted, changed since, cut, an error page, and missing."""
    site.page("/cable", CABLE)
    for name in ("/news", "/other", "/third"):
        site.page(name, NEWS)
    site.page("/gone", b"no", status="404 Not Found")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4000\r\n\r\n"
    site.replies["/cut"] = head + b"<p>The ferry was seen by all of us and"
    site.closing.add("/cut")
    shell.site_collection("demo", site, "/cable", "/news", "/other", "/third", "/gone", "/cut")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    first = shell.json("cite", site.url("/other"))["citations"][0]["csl"]["custom"]["captured"]
    site.page("/other", CHANGED)
    # The address of a copy has whole seconds: the two captures share none.
    clock.days = 1
    shell("capture", "demo", status=None)
    archived = "https://archive.example.org/" + re.sub(r"[^0-9]", "", first)[:14]
    return [
        Sentence("It leaves", "The ferry leaves at noon", site.url("/news")),
        Sentence("As they say,", "It\u2019s full; the quay isn\u2019t", site.url("/news")),
        Sentence("It is wrong that", "The ferry leaves at midnight", site.url("/news")),
        Sentence("They had", "The ferry leaves at noon", f"{archived}/{site.url('/other')}"),
        Sentence("They have", "The ferry leaves at night", site.url("/other")),
        Sentence("They never had", "The ferry never leaves at all", site.url("/other")),
        Sentence("The gulls:", "gulls of Sampletown were counted", site.url("/cable")),
        Sentence("See the other page", "", site.url("/third")),
        Sentence("What was lost", "", site.url("/gone")),
        Sentence("What was cut", "The ferry was seen by all", site.url("/cut")),
        Sentence("Elsewhere", "nobody has these words here", "https://nowhere.example/page"),
        Sentence("And elsewhere", "", "https://nowhere.example/other"),
    ]


def _verdicts(shell: Shell, path: Path) -> list[tuple[tuple[str, str], ...]]:
    said = shell.json("check", str(path), status=None)
    (file,) = said["files"]
    return [tuple((claim["claim"], claim["verdict"]) for claim in each["claims"]) for each in file["citations"]]


def test_twelve_citations_have_the_same_verdicts_in_every_kind_of_document(
    article: list[Sentence], shell: Shell
) -> None:
    told = {}
    for ending, write in WRITERS.items():
        path = shell.folder / f"article{ending}"
        path.write_bytes(write(article))
        told[ending] = _verdicts(shell, path)
    for ending, verdicts in told.items():
        assert verdicts == told[".md"], ending
    assert len(told[".md"]) == 12
    quoted = [dict(each).get("what it quotes stands in the copy") for each in told[".md"]]
    assert quoted == [
        "PASS", "PASS", "FAIL", "PASS", "PASS", "FAIL", "PASS", None, None, "PASS", "NOT CHECKED", None,
    ]  # fmt: skip
    assert [dict(each)["a copy is held"] for each in told[".md"]] == [
        *["PASS"] * 8, "FAIL", "PASS", "NOT CHECKED", "NOT CHECKED",
    ]  # fmt: skip
    assert dict(told[".md"][3])["the page is as it was when cited"] == "FAIL"
