"""Pages that no layout knew when they were kept: read later, beside what was stated, once, and told before that."""

from pathlib import Path
from typing import Any

import pytest

import preserve.cables.extract
import preserve.integrity.rereading
import preserve.provenance.describe
from preserve.cli.main import main
from preserve.demo_site.pages import replies
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import WritingSession
from preserve.provenance.statements import CableStatement
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths
from tests.shell import Shell
from tests.site import Site

PAGES = replies(1)
BRIDGE = PAGES["/cable.php?id=103"].body
LIGHTHOUSE = PAGES["/cable.php?id=101"].body


def _paths(shell: Shell, name: str = "demo") -> CollectionPaths:
    return CollectionPaths(shell.archives, name)


def _texts(shell: Shell, name: str = "demo") -> list[CableStatement]:
    return [said for _i, said in Ledger.of_user(_paths(shell, name)).statements() if isinstance(said, CableStatement)]


def _by(shell: Shell, site: Site, layouts: str | None) -> None:
    """The collection's file, with these layouts, or without the key."""
    shell.site_collection("demo", site, "/one", "/two", layouts=layouts or "[]")
    if layouts is None:
        path = shell.config / "collections" / "demo.yaml"
        path.write_text(path.read_text("utf-8").replace("layouts: []\n", ""), "utf-8")


@pytest.fixture
def unread(site: Site, shell: Shell) -> Any:
    """Two cables, captured by a layout that does not know them."""
    site.page("/one", BRIDGE)
    site.page("/two", LIGHTHOUSE)
    _by(shell, site, "[plusd]")
    shell("init", "demo")
    shell("capture", "demo")
    assert _texts(shell) == []
    return shell


def test_layouts_left_out_are_all_that_are_known(site: Site, shell: Shell) -> None:
    site.page("/one", BRIDGE)
    site.page("/two", LIGHTHOUSE)
    _by(shell, site, None)
    shell("init", "demo")
    assert shell.json("capture", "demo")["cables"] == 2
    assert shell.json("reread", "demo")["texts"] == 0


def test_a_page_that_comes_again_is_read_by_the_layouts_of_today(unread: Any, site: Site) -> None:
    _by(unread, site, "[mrkva]")
    told = unread.json("capture", "demo")
    assert told["cables"] == 2
    assert told["waiting"]["pages"] == {}
    assert "03PORTSOLACE881" in unread("list")
    assert unread.json("capture", "demo")["cables"] == 0
    assert len(_texts(unread)) == 2
    unread("verify", "demo")


def test_not_modified_is_as_good_as_the_same_bytes(site: Site, shell: Shell) -> None:
    head = f'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "a"\r\nContent-Length: {len(BRIDGE)}\r\n\r\n'
    site.replies["/one"] = head.encode() + BRIDGE
    site.unchanged["/one"] = b'If-None-Match: "a"'
    site.page("/two", b"<p>no cable</p>")
    _by(shell, site, "[plusd]")
    shell("init", "demo")
    shell("capture", "demo")
    _by(shell, site, "[mrkva]")
    assert shell.json("capture", "demo")["cables"] == 1
    shell("verify", "demo")


def test_what_waits_is_told_with_the_command_that_helps(unread: Any, site: Site) -> None:
    command = "run `preserve reread demo --layout mrkva`"
    assert f"2 pages that are held can be read by mrkva: {command}" in unread("status")
    _by(unread, site, None)
    assert "2 pages that are held can be read by mrkva: run `preserve reread demo`" in unread("status")
    _by(unread, site, "[]")
    assert "waiting" not in unread("status")


def test_a_capture_tells_of_pages_that_it_does_not_ask_for(unread: Any, site: Site) -> None:
    site.page("/three", b"<p>nothing</p>")
    unread.site_collection("demo", site, "/three", layouts="[mrkva]", recheck="linked")
    told = unread("capture", "demo")
    assert "waiting    2 pages that are held can be read by mrkva: run `preserve reread demo`" in told
    unread("reread", "demo")
    assert "waiting" not in unread("capture", "demo")
    assert unread.json("status")["collections"][0]["waiting"]["pages"] == {}


def test_a_dry_run_counts_and_states_nothing(unread: Any, site: Site) -> None:
    _by(unread, site, None)
    size = Ledger.of_user(_paths(unread)).size
    with Lock(_paths(unread).lock, "a capture"):
        told = unread("reread", "demo", "--dry-run")
    assert "2 texts would be stated, on 2 pages" in told
    assert "mrkva/" in told
    assert Ledger.of_user(_paths(unread)).size == size
    assert unread.json("reread", "demo", "--dry-run")["texts"] == 2


def test_each_text_is_stated_once(unread: Any, site: Site) -> None:
    _by(unread, site, None)
    first = unread.json("reread", "demo")
    assert (first["texts"], first["pages_stated"], first["dry_run"]) == (2, 2, False)
    assert [said.published_id for said in _texts(unread)] == ["03PORTSOLACE881", "05PORTSOLACE117"]
    assert "03PORTSOLACE881" in unread("search", "bridge")
    second = unread.json("reread", "demo")
    assert (second["texts"], second["files"], second["files_read_before"]) == (0, 0, 1)
    unread("rebuild", "demo")
    third = unread.json("reread", "demo")
    assert (third["texts"], third["held"], third["files"]) == (0, 2, 1)
    assert len(_texts(unread)) == 2
    unread("verify", "demo")


def test_stopped_half_way_it_goes_on(unread: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _by(unread, site, None)
    monkeypatch.setattr(preserve.integrity.rereading, "_GROUP", 1)
    take = WritingSession.take

    def taken_once(self: WritingSession, *rest: Any) -> range:
        if self.ledger.size > size:
            raise KeyboardInterrupt
        return take(self, *rest)

    size = Ledger.of_user(_paths(unread)).size
    monkeypatch.setattr(WritingSession, "take", taken_once)
    unread("reread", "demo", status=130)
    assert "run `preserve reread demo" in unread.errors.lower()
    monkeypatch.setattr(WritingSession, "take", take)
    told = unread.json("reread", "demo")
    assert (told["texts"], told["held"]) == (1, 1)
    assert len(_texts(unread)) == 2
    unread("verify", "demo")


def test_another_process_that_writes_is_waited_for_by_the_user(unread: Any) -> None:
    with Lock(_paths(unread).lock, "preserve capture demo"):
        unread("reread", "demo", status=4)
    assert "preserve capture demo" in unread.errors


def test_what_cannot_be_wanted_is_said(unread: Any, site: Site) -> None:
    unread("reread", "demo", "--layout", "mrkvva", status=2)
    assert "no layout is called 'mrkvva'" in unread.errors
    _by(unread, site, "[]")
    unread("reread", "demo", status=2)
    assert "--layout NAME" in unread.errors
    unread("reread", "other", status=3)


@pytest.mark.damages
def test_a_damaged_record_is_told_and_the_others_are_read(unread: Any, site: Site) -> None:
    _by(unread, site, None)
    (file,) = (unread.archives / "demo" / "archive").iterdir()
    whole = file.read_bytes()
    row = unread.json("show", site.url("/one"))["record"]
    file.chmod(0o644)
    broken = bytearray(whole)
    broken[row["offset"] + 200] ^= 0xFF
    file.write_bytes(broken)
    told = unread.json("reread", "demo", status=1)
    assert told["texts"] == 1
    assert told["faults_total"] >= 1
    assert {one["code"] for one in told["faults"]} <= {"E-WARC-GZIP", "E-WARC-HEADER", "E-WARC-LOST", "E-WARC-RECORD"}
    assert [said.published_id for said in _texts(unread)] == ["05PORTSOLACE117"]
    assert "preserve verify demo" in unread("reread", "demo", status=1)
    file.write_bytes(whole)
    assert unread.json("reread", "demo")["texts"] == 1
    file.rename(unread.archives / "elsewhere")
    unread("rebuild", "demo")
    told = unread.json("reread", "demo", status=1)
    assert [one["code"] for one in told["faults"]] == ["E-WARC-MISSING"]


def _own_layout(shell: Shell, body: str, version: int = 1) -> None:
    (shell.config / "layouts" / "own.yaml").write_text(
        f"title: pages of a test\nversion: {version}\nrecognise: <title>Own</title>\n"
        f"fields: table\nlabels: {{Number: identifier}}\nbody: {body}\n",
        "utf-8",
    )


@pytest.fixture
def own(site: Site, shell: Shell) -> Any:
    """A page, read by a layout of the user's own."""
    site.page(
        "/one",
        b"<title>Own</title><table><tr><th>Number</th><td>05PORTSOLACE118</td></tr></table>"
        b"<pre class=a>1. one</pre><pre class=b>1. two</pre>",
    )
    site.page("/two", b"<p>no cable</p>")
    _own_layout(shell, "pre.a")
    _by(shell, site, "[own]")
    shell("init", "demo")
    assert shell.json("capture", "demo")["cables"] == 1
    return shell


def test_a_layout_that_was_changed_without_a_new_version_is_told(own: Any) -> None:
    _own_layout(own, "pre.b")
    told = own("reread", "demo", status=1)
    assert "another text under the same version: 1" in told
    assert "raise `version`" in told
    assert len(_texts(own)) == 1


def test_a_reading_that_is_not_stated_is_called_so(own: Any) -> None:
    _own_layout(own, "pre.b", version=2)
    assert "layout own/2; not stated: `preserve reread` does that" in own("show", "05PORTSOLACE118")
    told = own.json("history", "05PORTSOLACE118")["observations"][0]["reading"]
    assert (told["layout"], told["is_stated"], len(told["others"])) == ("own/2", False, 1)


def test_a_new_version_of_a_layout_states_its_text_beside_the_old(own: Any) -> None:
    _own_layout(own, "pre.b", version=2)
    assert own.json("reread", "demo")["stated"] == {"own/2": 1}
    assert [said.layout for said in _texts(own)] == ["own/1", "own/2"]
    shown = own("show", "05PORTSOLACE118")
    assert "1. two" in shown
    now = preserve.cables.extract.EXTRACTOR
    assert f"read by         {now}, layout own/2; also stated as read by {now}, layout own/1" in shown
    assert f"read by      {now}, layout own/2; also stated as read by" in own("history", "05PORTSOLACE118")
    assert own("list").count("\n05PORTSOLACE118\t") == 1
    own("verify", "demo")


def _extractor(monkeypatch: pytest.MonkeyPatch, number: int) -> str:
    name = f"preserve-cables/{number}"
    for module in (preserve.cables.extract, preserve.provenance.describe):
        monkeypatch.setattr(module, "EXTRACTOR", name)
    return name


def test_a_newer_extractor_states_its_readings_beside_the_old(
    unread: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _by(unread, site, None)
    unread("reread", "demo")
    now = preserve.cables.extract.EXTRACTOR
    later = _extractor(monkeypatch, 9_000)
    assert "2 pages were read by an earlier extractor: run `preserve reread demo`" in unread("status")
    assert unread.json("reread", "demo")["texts"] == 2
    assert [said.extractor for said in _texts(unread)] == [now, now, later, later]
    assert "waiting" not in unread("status")
    checked = unread.json("verify", "demo")["collections"][0]
    assert checked["good"] is True
    assert unread.json("reread", "demo")["texts"] == 0
    assert unread("list").count("\n03PORTSOLACE881\t") == 1
    assert unread("search", "bridge").count("03PORTSOLACE881") == 1


def test_an_earlier_program_leaves_the_readings_of_a_later_one_alone(
    unread: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _by(unread, site, None)
    with monkeypatch.context() as later:
        _extractor(later, 9_000)
        unread("reread", "demo")
    told = unread.json("reread", "demo")
    assert (told["texts"], told["newer"]) == (0, 2)
    assert len(_texts(unread)) == 2


def test_a_page_that_was_cut_is_read_as_far_as_it_came(site: Site, shell: Shell) -> None:
    site.replies["/one"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 90000\r\n\r\n" + BRIDGE
    site.closing.add("/one")
    site.page("/two", b"<p>no cable</p>")
    _by(shell, site, "[plusd]")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    _by(shell, site, None)
    assert shell.json("reread", "demo")["texts"] == 1
    assert "not whole" in shell("show", "03PORTSOLACE881")


def test_a_file_of_others_is_read_by_a_layout_that_came_later(own: Any, site: Site) -> None:
    (file,) = (own.archives / "demo" / "archive").iterdir()
    (own.config / "layouts" / "own.yaml").unlink()
    _by(own, site, None)
    own("import", str(file), "--into", "other", status=None)
    assert _texts(own, "other") == []
    assert own.json("reread", "other")["texts"] == 0
    _own_layout(own, "pre.a")
    assert "can be read by own: run `preserve reread other`" in own("status", "other", status=None)
    assert own.json("reread", "other")["texts"] == 1
    own("verify", "other")


def test_the_real_pages_are_read_without_a_word_of_layouts(site: Site, shell: Shell, shared_cables: Path) -> None:
    pages = sorted(shared_cables.glob("*.html"))
    for page in pages:
        site.page(f"/{page.name}", page.read_bytes())
    shell.site_collection("demo", site, *(f"/{page.name}" for page in pages), layouts="[plusd]")
    path = shell.config / "collections" / "demo.yaml"
    text = path.read_text("utf-8").replace("max_depth: 2", "max_depth: 0\n  requisites: none")
    path.write_text(text, "utf-8")
    shell("init", "demo")
    assert shell.json("capture", "demo")["cables"] == 0
    path.write_text(text.replace("layouts: [plusd]\n", ""), "utf-8")
    told = shell.json("reread", "demo")
    assert told["texts"] == told["pages_stated"] == len(pages)
    assert len({said.published_id for said in _texts(shell)}) >= 24
    assert shell("list").count("\n") >= 24


def test_it_is_a_command_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reread", "--help"]) == 0
    assert "states" not in capsys.readouterr().err


def test_a_text_that_was_stated_late_has_the_captures_before_it(own: Any, site: Site) -> None:
    own("capture", "demo")
    before = own.json("list")["cables"]
    assert [one["captures"] for one in before] == [2]
    own("capture", "demo")
    _own_layout(own, "pre.b", version=2)
    own("reread", "demo")
    after = own.json("list")["cables"]
    assert [one["captures"] for one in after] == [3]
    assert after[0]["body_sha256"] != before[0]["body_sha256"]
    assert own.errors == ""
    (own.archives / "demo" / "state" / "search.sqlite").unlink()
    assert own.json("list")["cables"] == after
    assert own.errors == ""
