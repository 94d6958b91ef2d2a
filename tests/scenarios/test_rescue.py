"""Web archives that fail, lie or never end: each in a finding, none in a false "not archived" or a wrong text."""

import base64
import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.build import pack
from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.site import Site

LOST = "http://lost.example/06TESTPOST12"
TIMES = {
    "20110904010203": "Sun, 04 Sep 2011 01:02:03 GMT",
    "20111004010203": "Tue, 04 Oct 2011 01:02:03 GMT",
    "20121004010203": "Thu, 04 Oct 2012 01:02:03 GMT",
}
OLD, MIDDLE, NEW = TIMES
_DIGEST = "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"
NONE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n"


class WebArchive:
    """A scripted web archive on loopback: lists, and mementos under ``/web/``."""

    def __init__(self, shell: Shell, site: Site, *, cdx: bool = True, timemap: bool = False, more: str = "") -> None:
        self.shell, self.site = shell, site
        self.cdx = f"/cdx?limit=3&url={quote(LOST, safe='')}"
        self.timemap = f"/map/{LOST}"
        (shell.config / "archives").mkdir(exist_ok=True)
        text = f"title: The Test Archive\nmemento: {site.url('/web/')}{{timestamp}}id_/{{url}}\n"
        text += f"cdx: {site.url('/cdx')}?limit={{limit}}&url={{url}}\n" * cdx
        text += f"timemap: {site.url('/map/')}{{url}}\n" * timemap
        text += f"delay_s: 0\npage_size: 3\nmax_pages: 4\nallow_addresses: [127.0.0.1]\n{more}"
        (shell.config / "archives" / "test.yaml").write_text(text, "utf-8")
        shell.site_collection("demo", site, "/front")
        collection = shell.config / "collections" / "demo.yaml"
        collection.write_text(
            collection.read_text("utf-8").replace("delay_s: 0", "delay_s: 0\n  max_wait_s: 0"), "utf-8"
        )
        shell.begin_anew("demo")

    def rows(
        self, *times: str, url: str = LOST, status: str = "200", key: str = "", path: str = "", digest: str = _DIGEST
    ) -> None:
        rows: list[list[str]] = [["timestamp", "original", "statuscode", "digest"]]
        rows += [[time, url, status, digest] for time in times]
        rows += [[], [key]] if key else []
        self.site.page(path or self.cdx, json.dumps(rows).encode(), kind="application/json")

    def links(self, *times: str, more: str = "", url: str = LOST) -> None:
        text = f'<{url}>;rel="original"' + more
        for time in times:
            text += f',<{self.site.url("/web/")}{time}/{url}>;rel="memento";datetime="{TIMES[time]}"'
        self.site.page(self.timemap, text.encode(), kind="application/link-format")

    def memento(
        self,
        time: str,
        body: bytes = PAGE.encode(),
        *,
        status: str = "200 OK",
        head: str = "",
        served: str | None = None,
    ) -> None:
        served = TIMES[time] if served is None else served
        dated = f"Memento-Datetime: {served}\r\n" if served else ""
        length = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{dated}{head}Content-Length: {len(body)}\r\n\r\n"
        self.site.replies[f"/web/{time}id_/{LOST}"] = length.encode() + body

    def rescue(self, *words: str, status: int) -> dict[str, Any]:
        report = self.shell.json("rescue", LOST, "--into", "demo", *words, status=status)
        (saved,) = report["saved"]
        saved["codes"] = sorted({finding["code"] for finding in saved["findings"]})
        saved["run"] = report
        assert "demo: good" in self.shell("verify", "demo")
        return dict(saved)


@pytest.fixture
def archive(shell: Shell, site: Site) -> Callable[..., WebArchive]:
    return lambda **how: WebArchive(shell, site, **how)


def _not_held(shell: Shell) -> None:
    shell("show", LOST, status=3)
    shell("show", "06TESTPOST12", status=3)


_PAGE_503 = b"HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>Busy.\n"
_NO_LISTS = {
    "html-503": (_PAGE_503, "W-RESCUE-FAILED"),
    "html-200": (_PAGE_503.replace(b"503 Busy", b"200 OK"), "W-RESCUE-LIST"),
    "html-404": (_PAGE_503.replace(b"503 Busy", b"404 Lost"), "W-RESCUE-FAILED"),
    "said-to-be-json": (
        _PAGE_503.replace(b"503 Busy", b"200 OK").replace(b"text/html", b"application/json"),
        "W-RESCUE-LIST",
    ),
    "cut-json": (NONE.replace(b"3\r\n\r\n[]\n", b'14\r\n\r\n[["timestamp",'), "W-RESCUE-LIST"),
    "cut-short": (NONE.replace(b": 3", b": 300"), "W-RESCUE-FAILED"),
    "empty-unsaid": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "W-RESCUE-LIST"),
    "no-http": (b"hello\r\n\r\n", "W-RESCUE-FAILED"),
    "huge-line": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
        "W-RESCUE-LIST",
    ),
    "columns": (NONE.replace(b": 3\r\n\r\n[]\n", b": 7\r\n\r\n[['a']]"), "W-RESCUE-LIST"),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("case", _NO_LISTS)
def test_what_is_no_list_is_never_taken_for_none(archive: Any, site: Site, shell: Shell, case: str) -> None:
    of = archive()
    site.replies[of.cdx], code = _NO_LISTS[case]
    site.closing.add(of.cdx)
    saved = of.rescue(status=5 if case != "html-503" else None)
    assert (saved["outcome"], saved["answers"], saved["complete"]) == ("no-answer", {"test": "failed"}, {"test": False})
    assert saved["codes"] == [code]
    _not_held(shell)


def test_a_whole_empty_list_says_that_there_is_none(archive: Any, site: Site) -> None:
    of = archive()
    site.replies[of.cdx] = NONE
    saved = of.rescue(status=1)
    assert (saved["outcome"], saved["answers"], saved["complete"]) == ("not-archived", {"test": "none"}, {"test": True})


def test_one_list_that_fails_leaves_it_open(archive: Any, site: Site) -> None:
    of = archive(timemap=True)
    site.replies[of.cdx] = NONE
    site.page(of.timemap, b"<p>Oh.", status="500 Oh")
    saved = of.rescue(status=5)
    assert (saved["outcome"], saved["codes"]) == ("no-answer", ["W-RESCUE-FAILED"])


def test_lists_that_disagree_are_joined_and_told(archive: Any, site: Site) -> None:
    of = archive(timemap=True)
    of.rows(OLD)
    of.links(OLD, NEW)
    of.memento(NEW)
    saved = of.rescue(status=1)
    assert (saved["outcome"], saved["listed"], saved["complete"]) == ("rescued", 2, {"test": False})
    assert saved["codes"] == ["W-RESCUE-COUNT"]
    assert saved["mementos"][0]["served"].startswith("2012-10-04T01:02:03")


def test_a_list_is_read_to_its_end_by_resume_keys(archive: Any, site: Site) -> None:
    of = archive()
    of.rows(NEW, OLD, key="one two")
    of.rows(MIDDLE, path=f"{of.cdx}&resumeKey=one%20two")
    of.memento(NEW, b"x", status="404 Not Found")
    of.memento(MIDDLE)
    saved = of.rescue(status=1)
    assert (saved["listed"], saved["complete"], saved["outcome"]) == (3, {"test": True}, "rescued")
    assert saved["codes"] == ["W-RESCUE-DIGEST", "W-RESCUE-ERROR"]
    assert saved["mementos"][0]["served"].startswith("2011-10-04")


def test_a_full_list_without_a_resume_key_is_not_complete(archive: Any) -> None:
    of = archive()
    of.rows(*TIMES)
    of.memento(NEW)
    saved = of.rescue(status=1)
    assert (saved["complete"], saved["outcome"]) == ({"test": False}, "rescued")
    assert "W-RESCUE-INCOMPLETE" in saved["codes"]


@pytest.mark.parametrize("kind", ["same-key", "endless"])
def test_a_list_without_end_is_left(archive: Any, site: Site, kind: str) -> None:
    of = archive()
    keys = iter(range(100))
    of.rows(OLD, key="0")

    def answer(path: str) -> None:
        if "resumeKey" in path:
            of.rows(OLD, key="0" if kind == "same-key" else f"k{next(keys)}", path=path)

    site.before = answer
    of.memento(OLD)
    saved = of.rescue(status=1)
    assert (saved["complete"], saved["outcome"]) == ({"test": False}, "rescued")
    assert "W-RESCUE-INCOMPLETE" in saved["codes"]
    assert len(site.asked) < 8


def test_timemaps_in_parts_are_read_and_strangers_are_not_asked(archive: Any, site: Site) -> None:
    of = archive(cdx=False, timemap=True)
    of.links(
        OLD,
        more=f',<{site.url("/map/2")}>;rel="timemap",<http://elsewhere.example/map>;rel="timemap"'
        f',<{site.url(of.timemap)}>;rel="timemap"',
    )
    site.page(
        "/map/2", f'<{LOST}>;rel="original",<x>;rel="memento";datetime="{TIMES[NEW]}"'.encode(), kind="text/plain"
    )
    of.memento(NEW)
    saved = of.rescue(status=1)
    assert (saved["listed"], saved["codes"], saved["complete"]) == (2, ["W-RESCUE-ROW"], {"test": False})
    assert saved["outcome"] == "rescued"


def test_a_timemap_of_another_address_is_no_answer(archive: Any, shell: Shell) -> None:
    of = archive(cdx=False, timemap=True)
    of.links(NEW, url="http://lost.example/other")
    of.memento(NEW)
    saved = of.rescue(status=5)
    assert (saved["outcome"], saved["codes"]) == ("no-answer", ["E-RESCUE-OTHER-URL"])
    _not_held(shell)


def test_rows_of_another_address_are_left_out(archive: Any, shell: Shell) -> None:
    of = archive()
    of.rows(NEW, url="http://lost.example/other")
    of.memento(NEW)
    saved = of.rescue(status=5)
    assert (saved["outcome"], saved["codes"]) == ("no-answer", ["W-RESCUE-ROW"])
    _not_held(shell)


_BAD_MEMENTOS: dict[str, tuple[dict[str, Any], str]] = {
    "redirect": ({"status": "302 Found", "head": "Location: /x\r\n"}, "W-RESCUE-REDIRECT"),
    "error": ({"status": "404 Not Found"}, "W-RESCUE-ERROR"),
    "soft": ({"body": b"<title>404 Not Found</title>"}, "W-RESCUE-ERROR"),
    "wall": ({"status": "403 No", "head": "cf-mitigated: challenge\r\n"}, "W-RESCUE-ERROR"),
    "undated": ({"served": ""}, "W-RESCUE-NO-MEMENTO"),
    "busy": ({"served": "", "status": "503 Busy"}, "W-RESCUE-FAILED"),
    "missing": ({"served": "", "status": "404 Not Found"}, "W-RESCUE-NO-MEMENTO"),
    "other-time": ({"served": "Sat, 04 Oct 2014 01:02:03 GMT"}, "E-RESCUE-DATETIME"),
    "other-url": ({"head": 'Link: <http://lost.example/b>; rel="original"\r\n'}, "E-RESCUE-OTHER-URL"),
    "loop": (
        {"served": "", "status": "302 Found", "head": f"Location: /web/{NEW}id_/{LOST}\r\n"},
        "W-RESCUE-LOOP",
    ),
    "elsewhere": (
        {"served": "", "status": "302 Found", "head": "Location: http://elsewhere.example/x\r\n"},
        "E-RESCUE-OTHER-URL",
    ),
    "cut": ({}, "W-RESCUE-CUT"),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("case", _BAD_MEMENTOS)
def test_a_memento_that_is_not_the_page_is_kept_and_not_shown(
    archive: Any, site: Site, shell: Shell, case: str
) -> None:
    how, code = _BAD_MEMENTOS[case]
    of = archive()
    of.rows(NEW)
    of.memento(NEW, **how)
    path = f"/web/{NEW}id_/{LOST}"
    if case == "cut":
        site.replies[path] = site.replies[path][:-100]
    site.closing.add(path)
    saved = of.rescue(status=1)
    assert (saved["outcome"], saved["codes"], saved["mementos"]) == ("no-good-memento", [code], [])
    _not_held(shell)
    asked = len(site.asked)
    of.memento(NEW)
    # What was no page is not asked for again; what failed on its way is, after the pause that the archive wants.
    again = {"loop": "rescued", "cut": "rescued", "busy": "no-answer"}
    assert of.rescue(status=None)["outcome"] == again.get(case, "no-good-memento")
    assert len(site.asked) == asked + {"loop": 2, "cut": 2, "busy": 0}.get(case, 1)


def test_an_archives_own_redirect_is_followed_and_the_served_moment_is_kept(archive: Any, shell: Shell) -> None:
    of = archive()
    of.rows(NEW)
    of.memento(NEW, b"", status="302 Found", served="", head=f"Location: /web/{OLD}id_/{LOST}\r\n")
    of.memento(OLD)
    saved = of.rescue(status=1)
    (memento,) = saved["mementos"]
    assert saved["codes"] == ["W-RESCUE-TIME"]
    assert (memento["requested"][:4], memento["served"][:4]) == ("2012", "2011")
    assert "memento of 2011-09-04" in shell("cite", "06TESTPOST12")


def test_a_capsule_of_a_rescued_page_says_whose_copy_it_is(archive: Any, shell: Shell) -> None:
    of = archive()
    of.rows(NEW)
    of.memento(NEW, b"", status="302 Found", served="", head=f"Location: /web/{OLD}id_/{LOST}\r\n")
    of.memento(OLD)
    of.rescue(status=1)
    path = shell.folder / "rescued.capsule"
    shell("cite", "06TESTPOST12", "--chars", "0-12", "--capsule", str(path))
    (vkey,) = shell.archives.glob("*/ledger/log.vkey")
    told = shell.json("check", str(path), "--trust", str(vkey))
    claims = {each["claim"]: each for each in told["files"][0]["claims"]}
    said = claims["the record's bytes are those in the statement"]
    assert said["verdict"] == "PASS"
    assert f"second hand: {LOST} as served by The Test Archive (test)" in said["detail"]
    assert "asked for 2012-10-04T01:02:03" in said["detail"]
    assert "served as of 2011-09-04T01:02:03" in said["detail"]
    assert {each["verdict"] for each in claims.values()} <= {"PASS", "NOT CHECKED", "NOT PROVEN"}
    alone = [sys.executable, "-I", check_capsule.__file__, str(path), "--key", vkey.read_text().strip()]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (done.returncode, "second hand: " in done.stdout) == (0, True)
    files = {name: member.data for name, member in check_capsule.read_zip(path.read_bytes()).items()}
    del files[check_capsule.MANIFEST]
    assert b"SECOND HAND" in files["readme.txt"]
    _no_other_hand_passes(files)


def _no_other_hand_passes(files: dict[str, bytes]) -> None:
    """A capsule that names another archive, other dates, or nobody, is found out."""
    cited = json.loads(files["citation.json"])
    silent = {**cited, "custom": {name: value for name, value in cited["custom"].items() if name != "second_hand"}}
    stated = json.loads(files["memento.json"])
    without = {name: data for name, data in files.items() if not name.startswith("memento.")}
    forged = [{**files, "citation.json": check_capsule.canonical(silent)}, without]
    forged += [
        {**files, "memento.json": json.dumps({**stated, name: value}).encode()}
        for name, value in (("archive_title", "Another"), ("served", stated["requested"]), ("verdict", "other"))
    ]
    assert not any(each.verdict == "FAIL" for each in check_capsule.check(pack(files)))
    for changed in forged:
        assert any(each.verdict == "FAIL" for each in check_capsule.check(pack(changed)))


def test_what_came_is_compared_with_what_is_held(archive: Any, site: Site, shell: Shell) -> None:
    of = archive()
    page = site.url("/front")
    site.page("/front", PAGE.encode())
    shell("capture", "demo")
    cdx = f"/cdx?limit=3&url={quote(page, safe='')}"
    for time, body in ((NEW, PAGE), (MIDDLE, PAGE.replace("<body>", "<body >")), (OLD, PAGE.replace("TEXT", "SECRET"))):
        of.memento(time, body.encode())
        site.replies[f"/web/{time}id_/{page}"] = site.replies.pop(f"/web/{time}id_/{LOST}")
    of.rows(*TIMES, url=page, path=cdx)
    report = shell.json("rescue", page, "--into", "demo", "--copies", "3", status=1)
    held = [memento["held"] for memento in report["saved"][0]["mementos"]]
    assert held[:2] == ["same-payload", "same-text"]
    assert {m["digest"] for m in report["saved"][0]["mementos"]} == {"differs"}
    # What we captured ourselves comes first; a memento stands in for a time before.
    assert shell.json("show", page)["second_hand"] is None
    assert shell.json("show", page, "--at", "2011-10-01")["second_hand"]["served"].startswith("2011-09-04")
    assert len(shell.json("history", "06TESTPOST12")["observations"]) == 4
    # What web archives answered is no sign of the page's own life.
    assert {row["url"]: row["looks"] for row in shell.json("rot", "--all")["addresses"]} == {page: 1}


def test_the_budget_is_kept_over_jobs(archive: Any, site: Site) -> None:
    of = archive(more="per_day: 2\n")
    of.rows(NEW, OLD)
    of.memento(NEW, b"", status="404 Not Found")
    of.memento(OLD)
    saved = of.rescue(status=6)
    assert (saved["codes"], saved["run"]["outcome"]) == (["W-RESCUE-ERROR", "W-RESCUE-NOT-ASKED"], "limit")
    saved = of.rescue(status=6)
    assert (saved["answers"], saved["outcome"], len(site.asked)) == ({"test": "failed"}, "no-answer", 2)


def test_retry_after_is_kept_over_jobs(archive: Any, site: Site) -> None:
    of = archive()
    site.replies[of.cdx] = b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    of.rescue(status=5)
    of.rescue(status=6)
    assert site.asked == [of.cdx]
    assert b"User-Agent: preserve/" in site.heads[0]
    assert b"test@example.org" in site.heads[0]


def test_a_dry_run_keeps_nothing(archive: Any, site: Site, shell: Shell) -> None:
    of = archive()
    of.rows(NEW, OLD)
    before = shell("ledger", "show", "demo", status=None)
    text = shell("rescue", LOST, "--into", "demo", "--dry-run")
    assert f"would fetch        {site.url('/web/')}{NEW}id_/{LOST}" in text
    assert shell("ledger", "show", "demo", status=None) == before
    assert site.asked == [of.cdx]
    assert list((shell.archives / "demo" / "archive").iterdir()) == []


def test_wrong_use_says_what_to_do(archive: Any, shell: Shell) -> None:
    archive()
    shell("rescue", "--into", "demo", status=2)
    assert "--gone" in shell.errors
    shell("rescue", "lost.example/x", "--into", "demo", status=2)
    assert "http://" in shell.errors
    shell("rescue", LOST, "--into", "demo", "--archive", "teest", status=2)
    assert "Known: test" in shell.errors
    (shell.config / "archives" / "test.yaml").write_text("title: x\nmemento: http://x.org/{url}\ndelay: 1\n", "utf-8")
    shell("rescue", LOST, "--into", "demo", status=2)
    assert "{timestamp} is missing" in shell.errors
    assert "unknown key 'delay'" in shell.errors


def test_all_that_is_gone_is_asked_for(archive: Any, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    of = archive()
    monkeypatch.setattr("preserve.replay.link_status.MISSING_DAYS", 1)
    site.page("/front", b"", status="410 Gone")
    shell("capture", "demo")
    page = site.url("/front")
    of.rows(NEW, url=page, path=f"/cdx?limit=3&url={quote(page, safe='')}")
    of.memento(NEW)
    site.replies[f"/web/{NEW}id_/{page}"] = site.replies.pop(f"/web/{NEW}id_/{LOST}")
    report = shell.json("rescue", "--gone", "--into", "demo", status=1)
    assert [(saved["url"], saved["outcome"]) for saved in report["saved"]] == [(page, "rescued")]
    text = shell("rot", "--never", status=1)
    assert "gone" in text
    assert "The Test Archive, memento of 2012-10-04" in text


def test_where_nothing_is_gone_nothing_is_asked(archive: Any, site: Site, shell: Shell) -> None:
    archive()
    assert shell("rescue", "--gone", "--into", "demo") == "nothing of demo is gone\n"
    assert site.asked == []


def test_a_page_without_a_cable_is_shown_second_hand(archive: Any, shell: Shell) -> None:
    of = archive()
    of.rows(NEW)
    of.memento(NEW, b"<p>Words of a page that no layout knows.</p>")
    of.rescue(status=1)
    text = shell("show", LOST)
    assert text.startswith("not recognised as a cable")
    assert "second hand     as served by The Test Archive, memento of 2012-10-04" in text


def _sha1(data: bytes) -> str:
    return base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("over", "digest", "status"),
    [
        ("payload", _sha1(gzip.compress(PAGE.encode(), mtime=0)), 0),
        ("content", f"sha1:{_sha1(PAGE.encode())}", 0),
        ("content", f"sha256:{hashlib.sha256(PAGE.encode()).hexdigest()}", 0),
        ("differs", _DIGEST, 1),
        ("unknown", "whirlpool:abc", 0),
        ("unclaimed", "-", 0),
    ],
)
def test_which_reading_the_listed_digest_fits_is_told(archive: Any, over: str, digest: str, status: int) -> None:
    of = archive()
    of.rows(NEW, digest=digest)
    of.memento(NEW, gzip.compress(PAGE.encode(), mtime=0), head="Content-Encoding: gzip\r\n")
    saved = of.rescue(status=status)
    assert [memento["digest"] for memento in saved["mementos"]] == [over]
    assert saved["mementos"][0]["cables"] == ["06TESTPOST12"]


def test_a_digest_over_the_body_as_it_travelled(archive: Any, site: Site) -> None:
    of = archive()
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE.encode()), PAGE.encode())
    of.rows(NEW, digest=_sha1(body))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nMemento-Datetime: {TIMES[NEW]}\r\n"
    site.replies[f"/web/{NEW}id_/{LOST}"] = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + body
    assert of.rescue(status=0)["mementos"][0]["digest"] == "body"
