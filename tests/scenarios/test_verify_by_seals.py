"""Checks that do not read again what was read: what they find, whom they believe, and what they leave to a deep one."""

import copy
import dataclasses
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from preserve.cli.shared.common import keys_folder
from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.findings import Verdict
from preserve.formats.tlog.note import parse_vkey
from preserve.integrity import scan
from preserve.integrity.verify import collection, fixity, ledger_reading
from preserve.integrity.verify.checkpoint_check import SignedCheckpoint, read_checkpoint
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.fixity import PassedFiles
from preserve.integrity.verify.held_catalogue import HeldCatalogue
from preserve.integrity.verify.kept_sums import KeptMark
from preserve.integrity.verify.report import CHECK, Findings, Report
from preserve.integrity.verify.stating import state_fixity
from preserve.provenance.derive import rebuild
from preserve.provenance.founding import load_writer
from preserve.provenance.installation import Installation
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import Writer
from preserve.provenance.statements import DerivedSums, FixityStatement, decode, encode, is_of_record_or_text
from preserve.provenance.trust import Trust
from preserve.regular import FileIdentity, read_regular
from preserve.store import mementos
from preserve.store.catalogue import Catalogue
from preserve.store.database import log_of
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended
from tests.shell import Shell
from tests.simulated import Simulation, links
from tests.site import Site

NOW = datetime(2026, 12, 1, tzinfo=UTC)


class Held:
    """Two captures, two files, each read whole once, and stated."""

    def __init__(self, folder: Path) -> None:
        self.sim = sim = Simulation(folder)
        sim.politeness = "delay_s: 0\n  robots: ignore"
        sim.web.pages = {"http://x.org/": links("/a", "/b"), "http://x.org/a": links("/"), "http://x.org/b": links("/")}
        self.paths = CollectionPaths(sim.archives, "sim")
        for body in ("/a", "/c"):
            sim.web.pages["http://x.org/b"] = links(body)
            sim.run()

    @property
    def writer(self) -> Writer:
        return load_writer(self.paths, self.sim.folder / "keys", secret=None)

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.paths.archive.iterdir())

    def check(self, *, deep: float = 0.0, trust: Trust = Trust(), known: bool = True) -> Report:  # noqa: B008
        logs = KnownLogs(self.sim.folder / "keys") if known else None
        return verify(self.paths, {}, VerifyOptions(processes=1, logs=logs, deep=deep, trust=trust))

    def state(self, report: Report, writer: Writer | None = None) -> int:
        return state_fixity(self.paths, writer or self.writer, report, checked=NOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """What every test gets a copy of."""
    held = Held(tmp_path_factory.mktemp("held") / "made")
    report = held.check()
    assert (report.level, report.spotless, [item.file for item in report.checked]) == ("full", True, held.files)
    assert held.state(report) == len(held.files) == 2
    return held


@pytest.fixture
def held(made: Held, tmp_path: Path) -> Held:
    shutil.copytree(made.sim.folder, tmp_path, dirs_exist_ok=True)
    copied = copy.deepcopy(made)
    copied.sim.folder = tmp_path
    copied.paths = CollectionPaths(copied.sim.archives, "sim")
    return copied


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose records are read."""
    read: list[str] = []
    rows = scan.Scanner.rows

    def counted(self: scan.Scanner, path: Path, container: object) -> object:
        read.append(path.name)
        return rows(self, path, container)  # type: ignore[arg-type]

    monkeypatch.setattr(scan.Scanner, "rows", counted)
    return read


def test_a_file_that_was_read_and_is_unchanged_is_not_read_again(held: Held, reads: list[str]) -> None:
    report = held.check()
    assert (report.level, report.spotless, reads) == ("seals", True, [])
    (claim,) = [claim for claim in report.claims if claim.name.startswith("bytes unchanged")]
    assert claim.verdict is Verdict.PASS
    first = Ledger(held.paths).size - 2
    assert claim.name.startswith("bytes unchanged since every record was checked on 2026-12-01 by preserve/")
    assert claim.name.endswith(f"(statement {first})")
    assert report.records == held.check(deep=100).records
    assert reads == held.files


def test_a_new_file_is_read_and_the_others_are_not(held: Held, reads: list[str]) -> None:
    held.sim.web.pages["http://x.org/b"] = links("/d")
    held.sim.run()
    report = held.check()
    (new,) = {*held.files} - set(held.files[:2])
    assert (report.level, report.spotless, reads) == ("seals", True, [new])
    assert [item.file for item in report.checked] == [new]
    assert held.state(report) == 1
    reads.clear()
    assert (held.check().spotless, reads) == (True, [])


def _evidence(paths: CollectionPaths) -> dict[Path, bytes]:
    """All that is in the archive, beside what SQLite keeps of its readers."""
    files = (path for path in paths.folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path: path.read_bytes() for path in files}


def test_a_check_by_itself_writes_nothing(held: Held) -> None:
    before = _evidence(held.paths)
    held.check()
    held.check(deep=100)
    assert _evidence(held.paths) == before


@pytest.mark.one_in(3)
@pytest.mark.parametrize("share", [1.0, 50.0, 99.9])
def test_a_share_is_read_anew_the_longest_not_read_first(held: Held, reads: list[str], share: float) -> None:
    """So that all is read anew within as many checks as the share goes into the whole."""
    rounds = 0
    while len({*reads}) < len(held.files):
        report = held.check(deep=share)
        assert report.spotless
        assert len(report.checked) >= 1
        held.state(report)
        rounds += 1
    assert rounds <= len(held.files)


def test_another_version_of_the_check_reads_all(held: Held, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixity, "CHECK", CHECK + 1)
    assert (held.check().level, reads) == ("full", held.files)


def test_whoever_does_not_know_the_key_reads_all(held: Held, reads: list[str]) -> None:
    assert (held.check(known=False).level, reads) == ("full", held.files)
    reads.clear()
    vkey = parse_vkey(read_regular(held.paths.vkey).decode().strip())
    assert (held.check(known=False, trust=Trust(keys=(vkey,))).level, reads) == ("seals", [])


def test_a_key_that_is_trusted_takes_the_place_of_the_own_one(held: Held, reads: list[str], tmp_path: Path) -> None:
    other = Held(tmp_path / "other")
    vkey = parse_vkey(read_regular(other.paths.vkey).decode().strip())
    report = held.check(trust=Trust(keys=(vkey,)))
    assert (report.level, report.good, reads) == ("full", False, held.files)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def _swap(paths: CollectionPaths) -> None:
    first, second = sorted(paths.archive.iterdir())
    aside = paths.folder / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


DAMAGES: dict[str, Callable[[CollectionPaths], object]] = {
    "a bit of a file": lambda paths: _flip(min(paths.archive.iterdir())),
    "a file that is gone": lambda paths: min(paths.archive.iterdir()).unlink(),
    "two files with each other's name": _swap,
    "a file more": lambda paths: shutil.copy(min(paths.archive.iterdir()), paths.archive / "more.warc.gz"),
    "a bit of the index": lambda paths: _flip(paths.index),
    "no index": lambda paths: paths.index.unlink(),
    "no catalogue": lambda paths: paths.catalogue.unlink(),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_found_as_by_a_deep_check(held: Held, damage: Callable[[CollectionPaths], object]) -> None:
    damage(held.paths)
    report, deep = held.check(), held.check(deep=100)
    assert not report.good
    assert (report.claims, report.findings, report.level) == (deep.claims, deep.findings, "full")
    assert report.checked == () or report.log is None
    assert held.state(report) == 0


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE records SET offset = offset + 1 WHERE statement = (SELECT max(statement) FROM records)",
        "UPDATE records SET ordinal = 'x' WHERE statement = (SELECT min(statement) FROM records)",
        "UPDATE records SET uri = 'http://other.org/' WHERE statement = (SELECT min(statement) FROM records)",
        "UPDATE records SET file = CAST(file AS BLOB) WHERE statement = (SELECT min(statement) FROM records)",
        "UPDATE records SET statement = 10000 WHERE statement = (SELECT min(statement) FROM records)",
        "DELETE FROM records WHERE statement = (SELECT max(statement) FROM records)",
        "UPDATE runs SET ended = started WHERE statement = (SELECT max(statement) FROM runs)",
        "DELETE FROM runs WHERE statement = (SELECT min(statement) FROM runs)",
        "INSERT INTO looks VALUES (1, 0, 'http://x.org/', 'run', 'ended', 'failed', 'dns', '')",
    ],
)
def test_a_row_that_was_changed_is_found_without_reading_the_file(held: Held, change: str) -> None:
    with sqlite3.connect(held.paths.catalogue) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        try:
            connection.execute(change)
        except sqlite3.IntegrityError:
            pytest.skip("the table does not take it")
    report = held.check()
    assert [finding.code for finding in report.findings] == ["E-CATALOGUE"]


def test_a_file_that_is_read_again_has_its_rows_compared_though_their_sum_is_as_stated(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum is of then: whoever had a wrong one stated hides nothing from whoever reads again."""
    passes = HeldCatalogue.pass_over
    monkeypatch.setattr(HeldCatalogue, "pass_over", lambda self, *given: passes(self, *given) or True)
    with sqlite3.connect(held.paths.catalogue) as connection:
        connection.execute("UPDATE records SET mime = 'text/other' WHERE type = 'response'")
    assert held.check().good
    assert [finding.code for finding in held.check(deep=99.9).findings] == ["E-CATALOGUE"]


def test_a_memento_that_nothing_states_is_found(held: Held) -> None:
    row = ("http://x.org/", "http://x.org/", "a", "A", "http://a/", "2020", None, "urn:uuid:1", "page", "d", "h")
    with sqlite3.connect(held.paths.catalogue) as connection:
        mementos.keep(connection, [(1, *row)])
    assert [finding.code for finding in held.check().findings] == ["E-CATALOGUE"]


def test_an_index_of_the_catalogue_that_is_not_that_of_its_table_is_found(held: Held) -> None:
    path = held.paths.catalogue
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_run'").fetchone()
        (other,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'imports_run'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = 'runs_run'", (other,))
        connection.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = 'imports_run'", (root,))
    report = held.check(deep=100)
    assert [finding.code for finding in report.findings] == ["E-CATALOGUE"]
    assert "is damaged" in report.findings[0].detail


def test_a_catalogue_that_cannot_be_read_is_a_defect_wherever_it_is_asked(held: Held) -> None:
    for ask in (HeldCatalogue.place_of, HeldCatalogue.file_of):
        catalogue = HeldCatalogue(held.paths)
        assert catalogue._catalogue is not None
        catalogue._catalogue.close()
        assert ask(catalogue, "urn:uuid:00000000-0000-4000-8000-000000000001") is None
        assert catalogue.defect


def test_a_note_of_what_was_read_is_about_every_change_of_the_catalogue(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def about() -> str:
        return collection._about(held.paths, {}, VerifyOptions())

    path, real = held.paths.catalogue, FileIdentity.of
    log = path.with_name(path.name + "-wal")
    log.unlink(missing_ok=True)
    before = about()
    log.touch()
    assert about() == before
    log.write_bytes(b"written since")
    assert about() != before
    log.unlink()

    def of(path: Path) -> FileIdentity | None:
        found = real(path)
        return None if found is None else found._replace(ctime_ns=1)

    monkeypatch.setattr(FileIdentity, "of", of)
    assert about() != before


def test_statements_that_a_check_has_read_are_hashed_and_not_decoded(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def counted(entry: bytes) -> object:
        decoded.append(entry)
        return decode(entry)

    monkeypatch.setattr(ledger_reading, "decode", counted)
    report = held.check()
    assert (report.level, report.spotless) == ("seals", True)
    entries = [entry for _index, entry in Ledger(held.paths).raw()]
    assert decoded == [entry for entry in entries if not is_of_record_or_text(entry)]
    # Of a new file what does not simply follow from its records is decoded, and all of a file that is read again.
    held.sim.web.pages["http://x.org/b"] = links("/e")
    held.sim.run()
    decoded.clear()
    report = held.check()
    assert (report.level, report.spotless) == ("seals", True)
    (new,) = report.checked
    said = [entry for entry in decoded if is_of_record_or_text(entry)]
    assert 0 < len(said) < new.records
    assert all(new.file.encode() in entry for entry in said)
    assert report.records == held.check(deep=100).records
    decoded.clear()
    assert held.check(deep=1).spotless
    again = {*held.files} - {name for name in held.files if name.encode() not in b"".join(decoded)}
    assert len(again) >= 2


def test_sums_of_what_is_derived_are_stated_once_a_check_and_agree(held: Held) -> None:
    said = [one for _index, one in Ledger(held.paths).statements() if isinstance(one, FixityStatement)]
    assert [isinstance(one.derived, DerivedSums) for one in said] == [False, True]
    assert held.check(deep=100).derived == held.check().derived
    assert held.state(held.check(deep=100)) == 2
    assert held.check().spotless


@pytest.mark.one_in(3)
@pytest.mark.parametrize("changes", [{"rows_sha256": "0" * 64}, {"lines": 1}, {"lines_sum": "0" * 64}], ids=min)
def test_sums_that_do_not_fit_cost_time_and_hide_nothing(
    held: Held, reads: list[str], changes: dict[str, object]
) -> None:
    said = [one for _index, one in Ledger(held.paths).statements() if isinstance(one, FixityStatement)][-1]
    assert isinstance(said.derived, DerivedSums)
    other = msgspec.structs.replace(said, derived=msgspec.structs.replace(said.derived, **changes))
    signer = held.writer.signer
    assert signer is not None
    extended(held.paths, [encode(other)], signer)
    rebuild(held.paths, Ledger(held.paths))
    report = held.check()
    assert (report.level, report.good, reads) == ("full", True, held.files)


@pytest.fixture
def summed(held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    """The same, after a check that kept what it worked out from catalogue and index."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    keys = keys_folder(os.environ)
    keys.parent.mkdir(parents=True)
    keys.symlink_to(held.sim.folder / "keys")
    assert held.check().spotless
    assert Installation.of_user(held.paths.name).derived_file.is_file()
    return held


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables of which all rows are gone through."""
    gone_through: list[str] = []
    batches = Catalogue.row_batches

    def counted(self: Catalogue, table: str, before: int, most: int) -> object:
        gone_through.append(table)
        return batches(self, table, before, most)

    monkeypatch.setattr(Catalogue, "row_batches", counted)
    return gone_through


def test_what_was_worked_out_from_the_same_bytes_is_not_worked_out_again(summed: Held, sums: list[str]) -> None:
    report = summed.check()
    assert (report.level, report.spotless, sums) == ("seals", True, [])
    assert (report.derived, report.records) == (
        summed.check(deep=100).derived,
        summed.check(deep=100).records,
    )
    assert summed.check(known=False).spotless
    assert sums == []


def test_what_changes_the_bytes_is_worked_out_once(summed: Held, sums: list[str]) -> None:
    summed.sim.web.pages["http://x.org/b"] = links("/d")
    summed.sim.run()
    assert summed.state(summed.check()) == 1
    sums.clear()
    assert (summed.check().spotless, len(sums) > 0) == (True, True)
    sums.clear()
    assert (summed.check().spotless, sums) == (True, [])


def test_a_kept_sum_that_cannot_be_read_or_is_of_other_rules_is_made_again(summed: Held, sums: list[str]) -> None:
    path = Installation.of_user(summed.paths.name).derived_file
    kept = path.read_bytes()
    for other in (b"{}", kept.replace(b'"rules":"', b'"rules":"x'), b""):
        path.write_bytes(other)
        sums.clear()
        assert (summed.check().spotless, len(sums) > 0, path.read_bytes()) == (True, True, kept)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("is_in_log", [False, True], ids=["in the file", "in its log"])
def test_a_row_that_was_changed_behind_a_kept_sum_is_found(summed: Held, *, is_in_log: bool) -> None:
    connection = sqlite3.connect(summed.paths.catalogue)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE records SET mime = 'text/other' WHERE type = 'response'")
    connection.commit()
    if not is_in_log:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (log_of(summed.paths.catalogue).stat().st_size > 0) == is_in_log
    assert [finding.code for finding in summed.check().findings] == ["E-CATALOGUE"]
    connection.close()


def test_another_catalogue_through_a_link_is_found(summed: Held, tmp_path: Path) -> None:
    path = summed.paths.catalogue
    other = tmp_path / "other.sqlite"
    path.rename(other)
    with sqlite3.connect(other) as connection:
        connection.execute("UPDATE records SET mime = 'text/other' WHERE type = 'response'")
    path.symlink_to(other)
    assert "E-CATALOGUE" in {finding.code for finding in summed.check().findings}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data.replace(b"x.org", b"y.org", 1), lambda data: data + data[-99:]]
)
def test_a_line_that_was_changed_behind_a_kept_sum_is_found(summed: Held, change: Callable[[bytes], bytes]) -> None:
    summed.paths.index.write_bytes(change(summed.paths.index.read_bytes()))
    assert [finding.code for finding in summed.check().findings] == ["E-INDEX"]


def test_a_check_that_reads_everything_believes_no_kept_sum(summed: Held, sums: list[str]) -> None:
    """As it would be if whoever has the keys' folder had put another sum there."""
    installation = Installation.of_user(summed.paths.name)
    index = summed.paths.index
    index.write_bytes(index.read_bytes().replace(b"x.org", b"y.org", 1))
    mark = installation.derived_mark(KeptMark)
    assert mark is not None
    lines = msgspec.structs.replace(mark.lines, sha256=sha256(index.read_bytes()).hexdigest())
    installation.write_derived_mark(msgspec.structs.replace(mark, lines=lines))
    assert [finding.code for finding in summed.check(deep=100).findings] == ["E-INDEX"]


def _forged(held: Held, **changes: object) -> FixityStatement:
    """What somebody would like to have stated of the first file."""
    (item, *_others) = held.check(deep=100).checked
    said = FixityStatement(
        **item._asdict(), size=1, check=CHECK, checked="2026-12-02T00:00:00.000000Z", program="forged"
    )
    return msgspec.structs.replace(said, **changes)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("known", [True, False])
def test_a_statement_under_another_key_stands_in_for_nothing(
    held: Held, reads: list[str], tmp_path: Path, known: bool
) -> None:
    """Whoever can write to the archive can put a log of their own there, with whatever it states."""
    other = Held(tmp_path / "other")
    forged = _forged(other, size=Ledger(other.paths).size)
    signer = other.writer.signer
    assert signer is not None
    extended(other.paths, [encode(forged)], signer)
    shutil.rmtree(held.paths.folder)
    shutil.copytree(other.paths.folder, held.paths.folder)
    reads.clear()
    report = held.check(known=known)
    assert (report.level, reads) == ("full", other.files)


def test_a_statement_in_the_journal_stands_in_for_nothing(held: Held, reads: list[str]) -> None:
    forged = encode(_forged(held, sha256="0" * 64))
    for name in held.files:
        _flip(held.paths.archive / name)
    with held.paths.pending.open("ab") as journal:
        journal.write(forged + b"\n")
    reads.clear()
    assert not held.check().good
    assert reads == held.files


def test_a_statement_behind_the_checkpoint_that_was_read_stands_in_for_nothing(
    held: Held, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever puts another checkpoint there a moment later has no key for it, and nobody looks at it twice."""
    read = read_checkpoint
    first = Ledger(held.paths).size - len(held.files)

    def before_the_statements(paths: CollectionPaths, findings: Findings) -> SignedCheckpoint:
        signed = read(paths, findings)
        assert signed.checkpoint is not None
        return signed._replace(checkpoint=replace(signed.checkpoint, size=first, root=Ledger(paths).root_at(first)))

    relied_on: list[PassedFiles] = []

    def passed_over(*values: Any, **named: Any) -> PassedFiles:
        relied_on.append(fixity.passed_over(*values, **named))
        return relied_on[-1]

    monkeypatch.setattr(collection, "read_checkpoint", before_the_statements)
    monkeypatch.setattr(collection, "passed_over", passed_over)
    held.check()
    assert [list(passed.files) for passed in relied_on] == [[]]
    assert reads == held.files


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "changes",
    [{"records": 1}, {"places_sha256": "0" * 64}, {"size": 1}],
    ids=["records", "places", "covers less"],
)
def test_a_statement_that_does_not_fit_is_not_relied_on(
    held: Held, reads: list[str], changes: dict[str, object]
) -> None:
    """Even under the right key: a program with a fault may have made it."""
    forged = _forged(held, **{"size": Ledger(held.paths).size, **changes})
    signer = held.writer.signer
    assert signer is not None
    extended(held.paths, [encode(forged)], signer)
    reads.clear()
    report = held.check(known=True)
    assert (report.level, reads) == ("full", held.files)


def test_a_file_that_is_put_in_the_place_of_another_while_it_is_read_is_not_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Held(tmp_path)
    (first, *_others) = made.files
    path = made.paths.archive / first
    rows = scan.Scanner.rows

    def swapped(self: scan.Scanner, read: Path, container: object) -> object:
        yield from rows(self, read, container)  # type: ignore[arg-type]
        if read == path:
            copy = path.with_name("copy")
            shutil.copy(path, copy)
            copy.replace(path)

    monkeypatch.setattr(scan.Scanner, "rows", swapped)
    report = made.check()
    assert report.good
    assert first not in [item.file for item in report.checked]


def test_what_nobody_signs_is_not_stated(held: Held) -> None:
    report = held.check(deep=100)
    with pytest.raises(EnvironmentFaultError, match="not at hand"):
        held.state(report, dataclasses.replace(held.writer, signer=None))


def test_a_log_that_is_not_the_one_that_was_checked_is_not_stated(held: Held) -> None:
    report = held.check(deep=100)
    assert report.log is not None
    with pytest.raises(ArchiveError, match="not the one that was checked"):
        held.state(replace(report, log=report.log._replace(root=bytes(32))))


def test_a_capture_between_check_and_statement_does_no_harm(held: Held) -> None:
    report = held.check(deep=100)
    held.sim.web.pages["http://x.org/b"] = links("/e")
    held.sim.run()
    assert held.state(report) == 2
    assert (held.check().spotless, held.check().level) == (True, "seals")


def test_the_identity_of_a_file_changes_with_whatever_is_done_to_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert FileIdentity.of(path) is None
    path.write_bytes(b"a")
    before = FileIdentity.of(path)
    os.utime(path, ns=(1, 1))
    assert FileIdentity.of(path) != before


def _level(shell: Shell, *words: str) -> str:
    told: Any = shell.json("verify", "demo", *words)
    return str(told["collections"][0]["level"])


def test_the_command_states_relies_and_reads_all_on_demand(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("demo", site, "/", layouts="[]")
    shell("init", "demo")
    shell("capture", "demo")
    assert "bytes unchanged" not in shell("verify", "demo")
    assert "bytes unchanged" not in shell("verify", "demo", "--state")
    said = shell("verify", "demo")
    assert said.startswith("demo: good\n")
    assert "PASS        bytes unchanged since every record was checked on 20" in said
    assert "--deep reads them again" in said
    assert "by seals" in shell("status", "demo")
    assert _level(shell) == "seals"
    assert _level(shell, "--deep") == "full"
    assert _level(shell, "--deepen", "10", "--state") == "full"
    for other in ("--structure", "--sample=5"):
        shell("verify", "demo", other, "--state", status=2)
    (file,) = shell.archives.glob("demo/archive/*.gz")
    shell("verify", str(file), "--deep", status=2)


def test_without_the_key_what_was_found_is_told_all_the_same(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("demo", site, "/", layouts="[]")
    shell("init", "demo")
    shell("capture", "demo")
    for key in keys_folder(os.environ).glob("demo.key"):
        key.unlink()
    assert "every record is the one in the ledger" in shell("verify", "demo", "--state")
    assert _level(shell) == "full"
