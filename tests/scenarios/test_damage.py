"""Damage to an archive: what `preserve verify` says of it."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from preserve.formats.warc.members import iter_members
from preserve.formats.warc.record import compress_member, make_record, parse_record, record_bytes
from preserve.model import sha256_hex
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

PAGE = """<html><body><table><tr><td>Identifier:</td><td>06TESTPOST12</td></tr><tr><td>Origin:</td><td>Embassy Testpost
</td></tr><tr><td>Created:</td><td>2006-01-02 03:04:00</td></tr><tr><td>Classification:</td><td>UNCLASSIFIED</td></tr>
<tr><td>Tags:</td><td>SENV</td></tr></table><pre>UNCLAS TESTPOST 000012

TAGS: SENV
SUBJECT: NOTHING HAPPENED

1. Nothing happened.

NNNN
</pre><p>Latest source of this page is cablebrowser-2, released 2011-10-04</p></body></html>"""


@pytest.fixture
def archive(shell: Shell, site: Site, beginning: Beginning) -> Path:
    """A collection of two runs: a cable, its revisit, and an error page."""

    def make() -> None:
        site.page("/cable", PAGE.encode())
        site.page("/broken", b"no", status="500 Internal Server Error")
        shell.site_collection("demo", site, "/cable", "/broken")
        shell("init", "demo")
        shell("capture", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return Path(shell.archives) / "demo"


def _codes(shell: Shell, status: int = 1) -> set[str]:
    report = shell.json("verify", "demo", status=status)["collections"][0]
    return {finding["code"] for finding in report["findings"]}


def _files(archive: Path) -> list[Path]:
    return sorted((archive / "archive").glob("*.warc.gz"))


def _rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_sound_archive_has_no_finding(shell: Shell, archive: Path) -> None:
    assert _codes(shell, status=0) == set()


@pytest.mark.damages
@pytest.mark.parametrize(("begin", "places"), [(5, 10), pytest.param(40, 60, marks=pytest.mark.slow)])
def test_every_flipped_byte_of_a_warc_file_is_found(shell: Shell, archive: Path, begin: int, places: int) -> None:
    path = _files(archive)[0]
    original = path.read_bytes()
    step = max(1, len(original) // places)
    for position in [*range(begin), *range(begin, len(original), step), len(original) - 1]:
        changed = bytearray(original)
        changed[position] ^= 0x10
        _rewrite(path, bytes(changed))
        assert "E-WARC-HASH" in _codes(shell), position


def test_a_changed_warc_date_with_recomputed_digests_is_found(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    members = []
    with path.open("rb") as file:
        for number, member in enumerate(iter_members(file)):
            assert member.data is not None
            record = parse_record(member.data)
            fields = [(k, v) for k, v in record.header.fields if k != "Content-Length"]
            if number == 1:
                fields = [(k, "1999-01-01T00:00:00Z" if k == "WARC-Date" else v) for k, v in fields]
            rebuilt = record_bytes(make_record(fields, record.block))
            assert sha256_hex(record.block) in rebuilt.decode("latin-1")
            members.append(compress_member(rebuilt))
    _rewrite(path, b"".join(members))
    codes = _codes(shell)
    assert {"E-WARC-RECORD", "E-WARC-HASH"} <= codes
    assert not codes & {"E-WARC-BLOCK-DIGEST", "E-WARC-PAYLOAD-DIGEST"}


def test_recompressed_files_with_equal_records_are_told_from_changed_records(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    with path.open("rb") as file:
        members = [gzip.compress(m.data, 1) for m in iter_members(file) if m.data is not None]
    _rewrite(path, b"".join(members))
    codes = _codes(shell)
    assert "E-WARC-HASH" in codes
    assert "E-WARC-RECORD" not in codes


def test_missing_extra_swapped_and_cut_files_are_found(shell: Shell, archive: Path) -> None:
    first, second = _files(archive)
    kept = first.read_bytes()
    first.chmod(0o644)
    first.unlink()
    assert "E-WARC-MISSING" in _codes(shell)
    first.write_bytes(second.read_bytes())
    assert {"E-WARC-LOST", "E-WARC-NO-STATEMENT"} <= _codes(shell)
    first.write_bytes(kept[:-10])
    assert {"E-WARC-GZIP", "E-WARC-SIZE"} <= _codes(shell)
    first.write_bytes(kept)
    shutil.copy(second, first.with_name("demo-20200101000000000000-00001.warc.gz"))
    assert _codes(shell) == {"E-WARC-UNKNOWN"}
    told = shell("verify", "demo", status=1)
    # All that is stated is there, and no copy of it helps.
    assert re.search(r"FAIL +every record is the one in the ledger: none of \d+ records differs", told)
    assert "repair" not in told


@pytest.mark.parametrize("level", [(), ("--sample", "100"), ("--structure",)])
def test_a_file_that_is_gone_is_one_finding_with_the_number_of_its_records(
    shell: Shell, archive: Path, level: tuple[str, ...]
) -> None:
    path = _files(archive)[0]
    with path.open("rb") as file:
        count = sum(1 for _member in iter_members(file))
    path.unlink()
    (report,) = shell.json("verify", "demo", *level, status=1)["collections"]
    of_file = [found for found in report["findings"] if path.name in found["where"]]
    assert [(found["code"], found["detail"]) for found in of_file] == [("E-WARC-MISSING", f"{count} records stated")]
    assert len(report["touched"]) == count
    assert sum(path.name in line for line in shell("verify", "demo", *level, status=1).splitlines()) == 1


def test_a_doubled_or_removed_record_is_found(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    data = path.read_bytes()
    with path.open("rb") as file:
        members = [(m.offset, m.length) for m in iter_members(file)]
    offset, length = members[2]
    _rewrite(path, data + data[offset : offset + length])
    assert "E-WARC-NO-STATEMENT" in _codes(shell)
    _rewrite(path, data[:offset] + data[offset + length :])
    assert "E-WARC-LOST" in _codes(shell)


@pytest.mark.parametrize("name", ["checkpoint", "log.vkey", "tile/entries/000.p/", "tile/0/000.p/"])
@pytest.mark.parametrize("places", [6, pytest.param(25, marks=pytest.mark.slow)])
def test_a_changed_byte_in_the_ledger_is_found(shell: Shell, archive: Path, name: str, places: int) -> None:
    path = archive / "ledger" / name
    if name.endswith("/"):
        path = next(path.iterdir())
    original = path.read_bytes()
    for position in range(0, len(original), max(1, len(original) // places)):
        changed = bytearray(original)
        changed[position] ^= 0x01
        path.write_bytes(bytes(changed))
        assert any(code.startswith("E-LEDGER") for code in _codes(shell)), position


def test_a_folder_in_the_place_of_the_journal_is_found(shell: Shell, archive: Path) -> None:
    journal = archive / "ledger" / "pending.jsonl"
    journal.unlink(missing_ok=True)
    journal.mkdir()
    assert "E-LEDGER-MISSING" in _codes(shell)


def test_a_removed_checkpoint_or_bundle_is_found(shell: Shell, archive: Path) -> None:
    checkpoint = archive / "ledger" / "checkpoint"
    note = checkpoint.read_bytes()
    checkpoint.unlink()
    assert "E-LEDGER-MISSING" in _codes(shell)
    checkpoint.write_bytes(note)
    next((archive / "ledger" / "tile" / "entries" / "000.p").iterdir()).unlink()
    assert "E-LEDGER-MISSING" in _codes(shell)


def test_damage_to_what_is_derived_is_found_and_rebuilt(shell: Shell, archive: Path) -> None:
    index = archive / "indexes" / "index.cdx"
    before = index.read_bytes()
    index.write_bytes(before.replace(b"200", b"201", 1))
    assert _codes(shell) == {"E-INDEX"}
    (archive / "state" / "catalogue.sqlite").write_bytes(b"not a database" * 100)
    assert "E-CATALOGUE" in _codes(shell)
    shell("rebuild", "demo")
    assert index.read_bytes() == before
    assert _codes(shell, status=0) == set()


def test_a_changed_format_marker_is_found(shell: Shell, archive: Path) -> None:
    marker = archive / "preserve.json"
    marker.write_text(marker.read_text().replace('"collection": "demo"', '"collection": "other"'))
    assert _codes(shell) == {"E-FORMAT-MARKER"}
    marker.write_text("rubbish")
    assert _codes(shell) == {"E-FORMAT-MARKER"}
    marker.unlink()
    assert _codes(shell) == {"E-FORMAT-MARKER"}


def test_a_changed_record_is_never_shown_as_the_captured_one(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    with path.open("rb") as file:
        members = [m.data for m in iter_members(file) if m.data is not None]
    # The first compressed bytes stay where they are, so that the catalogue's place still leads to a record.
    changed = [m.replace(b"Nothing happened", b"Nothing hapqened") for m in members]
    _rewrite(path, b"".join(compress_member(m) for m in changed))
    shell("show", "06TESTPOST12", status=1)
    assert "verify" in shell.errors
