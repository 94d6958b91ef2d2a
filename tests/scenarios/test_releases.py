"""A dump taken in as a release, row by row; releases declared, stated and claimed."""

import re
from pathlib import Path

import pytest

from preserve.integrity.importing import dump as dumping
from preserve.integrity.importing import files
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.provenance import session
from preserve.provenance.session import WritingSession
from preserve.store.layout import CollectionPaths
from tests.dying import die_at
from tests.readers import iter_file
from tests.shell import Shell
from tests.site import Site


def _row(number: int, body: str, end: str = "\n") -> bytes:
    said = (
        str(number),
        "1/5/2008 12:33",
        f"08SAMPLETOWN{number}",
        "Embassy Sampletown",
        "UNCLASSIFIED",
        "",
        "FM SAMPLETOWN",
        body,
    )
    return (",".join(f'"{value}"' for value in said) + end).encode()


ROWS = (
    b"\xef\xbb\xbf"
    + _row(1, 'UNCLAS\n\n1. (U) The gulls, \\"all\\" of them.\nDOE')
    + _row(2, "UNCLAS\n2. (U) More gulls.", "\r\n")
    + b"\n\n \r\n"
    + b'"3","1/5/2008 12:33","08SAMPLETOWN3","too few"\n'
    + _row(4, "UNCLAS\n4. (U) Gulls \u00e4gain.", "\n\n")
)


def _dump(folder: Path, data: bytes = ROWS) -> Path:
    path = folder / "cables.csv"
    path.write_bytes(data)
    return path


def _given_back(paths: CollectionPaths, file: str) -> bytes:
    """The dump from its records, as docs/formats/archive.md says."""
    whole = b""
    for _place, record, _defect in iter_file(paths.archive / file):
        assert record is not None
        if record.header.type != "resource":
            continue
        match = re.fullmatch(
            r"urn:preserve:dump:sha256:[0-9a-f]{64}#(?:bytes|between)=(\d+)-(\d+)", record.header.target_uri or ""
        )
        assert match is not None
        whole += {0: b"", 1: b"\n", 2: b"\r\n"}[int(match[1]) - len(whole)]
        assert int(match[2]) - int(match[1]) + 1 == len(record.block)
        whole += record.block
    return whole


def test_a_dump_is_kept_row_by_row_and_given_back_to_the_byte(shell: Shell, tmp_path: Path) -> None:
    path = _dump(tmp_path, ROWS + _row(5, "no line end behind", ""))
    words = ("release", "import", str(path), "--into", "dump", "--release", "cables-csv")
    told = shell.json(*words, status=1)
    assert (told["rows"], told["unreadable"], told["cables"], told["outcome"]) == (5, 1, 4, "imported")
    paths = CollectionPaths(shell.archives, "dump")
    assert _given_back(paths, told["file"]) == path.read_bytes()
    assert 'The gulls, "all" of them.' in shell("show", "08SAMPLETOWN1")
    assert shell("show", "08SAMPLETOWN2", "--as", "raw")
    shell("verify", "dump")
    again = shell.json(*words, status=1)
    assert {**told, "outcome": "held"} == again
    assert verify(paths, {}, VerifyOptions(processes=1)).records == 9
    shell("rebuild", "dump")
    shell("verify", "dump")
    (stated,) = shell.json("releases", "cables-csv")["stated"]
    assert stated["dump"]["sha256"] == told["sha256"]
    assert stated["dump"]["name"] == "cables.csv"
    (declared,) = shell.json("releases", "cables-csv")["declared"]
    assert (declared["claimed"]["captures"], declared["claimed"]["cables"]) == (4, 4)


@pytest.mark.slow
def test_an_import_of_a_dump_that_dies_at_any_step_is_finished_by_the_next(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _dump(tmp_path)
    shell("release", "add", "gulls", "--title", "Gulls", "--known-from", "a test")
    steps: list[tuple[object, str]] = [(files, "seal_part"), (files, "sync_dir"), (dumping, "make_record")]
    steps += [(WritingSession, "take"), (WritingSession, "finish"), (session, "catch_up"), (session, "write_index")]
    for stop in range(1, 100):
        name = f"dump{stop}"
        words = ("release", "import", str(path), "--into", name, "--release", "gulls")
        with monkeypatch.context() as patch:
            patch.setattr(files, "_BATCH", 2)
            calls = die_at(patch, steps, stop)
            shell(*words, status=None)
        paths = CollectionPaths(shell.archives, name)
        told = shell.json(*words, status=1)
        report = verify(paths, {}, VerifyOptions(processes=1))
        assert report.good, report.findings
        assert (report.records, told["rows"], told["cables"]) == (8, 4, 3)
        assert [p.name for p in paths.archive.iterdir()] == [told["file"]]
        assert not list((paths.state / "dumps").glob("*.gz"))
        assert _given_back(paths, told["file"]) == path.read_bytes()
        assert len([one for one in shell.json("releases", "gulls")["stated"] if one["collection"] == name]) == 1
        if calls[0] < stop:
            assert stop > 15
            return
    pytest.fail("the import never came to its end")


def test_what_is_no_table_is_refused(shell: Shell, tmp_path: Path) -> None:
    path = _dump(tmp_path, b"a,b,c\n1,2,3\n")
    shell("release", "import", str(path), "--into", "dump", "--release", "cables-csv", status=2)
    assert "no layout reads it as a table" in shell.errors
    shell("release", "import", str(path), "--into", "dump", "--release", "unheard", status=2)
    assert "preserve release add" in shell.errors
    shell("release", "import", str(tmp_path / "none"), "--into", "dump", "--release", "cables-csv", status=3)


def test_a_release_is_declared_once_and_stated_where_it_is_asked_for(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>one</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    add = ("release", "add", "gulls-1", "--title", "Gulls", "--known-from", "a test", "--released", "2011-10")
    shell(*add, "--source", "gullbrowser", "--counter", "12", "--into", "demo")
    shell(*add, status=2)
    assert "declared already" in shell.errors
    shell("release", "add", "gulls-1", "--into", "demo")
    told = shell.json("releases", "gulls-1")
    assert (told["declared"][0]["precision"], told["declared"][0]["sources"]) == ("month", ["gullbrowser"])
    assert [one["released"] for one in told["stated"]] == ["2011-10", "2011-10"]
    shell("verify", "demo")
    shell("rebuild", "demo")
    shell("verify", "demo")
    shell("release", "add", "../x", "--title", "x", "--known-from", "y", status=2)
    shell("release", "add", "x", "--title", "x", "--known-from", "y", "--released", "sometime", status=2)
    assert "is no date" in shell.errors
    shell("release", "add", "x", "--title", "x", status=2)
    shell("releases", "unheard-of", status=3)


def test_without_an_archive_the_declared_ones_are_listed(shell: Shell) -> None:
    text = shell("releases")
    assert "cablebrowser-2" in text
    assert "claimed by no capture" in text
    assert "No second source was found." in shell("releases", "cablebrowser-2")
    site = shell.json("releases", "cablegate")["declared"][0]
    assert {build["known"] for build in site["builds"]} == {"listed", "measured", "reported"}
