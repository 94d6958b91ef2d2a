"""Which files need not be read again, and which statement stands in for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.errors import ArchiveError
from preserve.findings import Verdict
from preserve.formats.tlog.note import Signer, parse_vkey
from preserve.integrity.verify import fixity
from preserve.integrity.verify.fixity import PassedFile, PassedFiles, Places, passed_over, settled
from preserve.integrity.verify.kept_bundles import KeptBundles
from preserve.integrity.verify.report import CHECK, Level
from preserve.model import RecordPlace
from preserve.provenance.statements import DerivedSums, FixityStatement, encode
from preserve.provenance.trust import Trust
from preserve.store.layout import CollectionPaths

OWN, OTHER = (Signer("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)) for seed in (1, 2))
SUMS = DerivedSums(rows_sha256="1" * 64, lines=1, lines_sum="2" * 64, texts=0, texts_unread=0)


def said(file: str, data: bytes, **changes: Any) -> FixityStatement:
    """What a check of today states of a file, over the first statement."""
    values: dict[str, Any] = {
        "file": file,
        "sha256": sha256(data).hexdigest(),
        "records": 1,
        "texts": 0,
        "texts_unread": 0,
        "places_sha256": "0" * 64,
        "size": 1,
        "check": CHECK,
        "checked": "2026-01-01T00:00:00Z",
        "program": "a test",
    }
    return FixityStatement(**values | changes)


@dataclass
class Archive:
    """Files of an archive and the statements about them, the first of which has index 1."""

    paths: CollectionPaths
    statements: list[FixityStatement] = field(default_factory=list)
    covered: int = 100
    vkey: str = OWN.vkey
    verdict: Verdict = Verdict.PASS
    hashed: list[str] = field(default_factory=list)

    def put(self, name: str, data: bytes) -> bytes:
        self.paths.archive.mkdir(parents=True, exist_ok=True)
        (self.paths.archive / name).write_bytes(data)
        return data

    # As the hashes of files.
    def begin(self, path: Path) -> None:
        self.hashed.append(path.name)

    def of(self, name: str) -> Any:
        return SimpleNamespace(sha256=sha256((self.paths.archive / name).read_bytes()).hexdigest())

    def passed(self, *, level: str = "full", deep: float = 0.0, trusted: Sequence[Any] = (OWN,)) -> PassedFiles:
        checkpoint: Any = SimpleNamespace(size=self.covered, origin="example.com/log")
        signed: Any = SimpleNamespace(
            checkpoint=checkpoint, claim=SimpleNamespace(verdict=self.verdict), vkey=self.vkey
        )
        scope: Any = SimpleNamespace(level=Level(name=level), paths=self.paths, checkpoint=checkpoint)
        trust = Trust(keys=tuple(parse_vkey(key.vkey) for key in trusted))
        return passed_over(scope, signed, None, trust, cast("Any", self), deep=deep, bundles=KeptBundles())


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    made = Archive(CollectionPaths(tmp_path, "demo"))

    class Ledger:
        def __init__(self, paths: CollectionPaths) -> None:
            assert paths == made.paths

        def covered_with(self, _kind: bytes, *, without: object) -> Iterator[tuple[int, bytes]]:
            assert without is not None
            yield from enumerate(map(encode, made.statements), 1)

    monkeypatch.setattr(fixity, "Ledger", Ledger)
    return made


def test_a_file_with_the_bytes_that_are_stated_is_passed_over(archive: Archive) -> None:
    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a")), said("b.warc.gz", b"b")]
    archive.put("b.warc.gz", b"changed")
    archive.put("c.warc.gz", b"of which nothing is stated")
    found = archive.passed()
    assert found.files == {"a.warc.gz": PassedFile(index=1, said=archive.statements[0])}
    assert archive.hashed == ["a.warc.gz", "b.warc.gz"]


def test_the_newest_statement_of_a_file_counts(archive: Archive) -> None:
    archive.put("a.warc.gz", b"new")
    archive.statements = [said("a.warc.gz", b"old"), said("a.warc.gz", b"new", size=2)]
    assert archive.passed().files["a.warc.gz"].index == 2
    archive.statements.append(said("a.warc.gz", b"old", size=3))
    assert archive.passed().files == {}


@pytest.mark.parametrize("changes", [{"check": CHECK + 1}, {"size": 2}], ids=["another check", "over itself"])
def test_a_statement_that_does_not_fit_stands_in_for_nothing(archive: Archive, changes: dict[str, int]) -> None:
    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a"), **changes)]
    assert archive.passed().files == {}
    archive.statements = [said("a.warc.gz", b"a")]
    assert set(archive.passed().files) == {"a.warc.gz"}


def test_only_what_is_under_the_checkpoint_that_was_read_counts(archive: Archive) -> None:
    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a"))]
    archive.covered = 1
    assert archive.passed().files == {}
    archive.covered = 2
    assert set(archive.passed().files) == {"a.warc.gz"}


def test_a_file_that_is_gone_is_left_to_the_check_of_seals(archive: Archive) -> None:
    archive.statements = [said("a.warc.gz", b"a")]
    assert (archive.passed().files, archive.hashed) == ({}, [])


def test_a_ledger_that_cannot_be_read_says_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_any: object, **_named: object) -> Iterator[object]:
        raise ArchiveError("damaged")

    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a"))]
    monkeypatch.setattr(vars(fixity)["Ledger"], "covered_with", damaged)
    assert archive.passed() == PassedFiles()


@pytest.mark.parametrize("level", ["structure", "sample"])
def test_other_levels_pass_nothing_over(archive: Archive, level: str) -> None:
    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a"))]
    assert (archive.passed(level=level), archive.hashed) == (PassedFiles(), [])


def test_nothing_is_believed_under_a_key_that_the_reader_does_not_trust(archive: Archive) -> None:
    archive.statements = [said("a.warc.gz", archive.put("a.warc.gz", b"a"))]
    assert archive.passed(trusted=(OTHER,)) == PassedFiles()
    assert archive.passed(trusted=()) == PassedFiles()
    archive.verdict = Verdict.FAIL
    assert archive.passed() == PassedFiles()


def test_of_a_share_those_that_were_read_longest_ago_are_read_first(archive: Archive) -> None:
    names = ["c.warc.gz", "a.warc.gz", "b.warc.gz"]
    archive.statements = [said(name, archive.put(name, b"x" * 10)) for name in names]
    assert [set(archive.passed(deep=deep).files) for deep in (0, 1, 34, 67, 100)] == [
        {*names},
        {"a.warc.gz", "b.warc.gz"},
        {"b.warc.gz"},
        set(),
        set(),
    ]


def test_the_newest_sums_of_what_is_derived_are_the_mark(archive: Archive) -> None:
    archive.put("a.warc.gz", b"a")
    archive.statements = [said("a.warc.gz", b"a", derived=SUMS), said("a.warc.gz", b"a")]
    found = archive.passed()
    assert found.mark == PassedFile(index=1, said=archive.statements[0])
    assert found.files["a.warc.gz"].index == 2


class Catalogue:
    """``fits``: whether its rows have the sum that is asked for."""

    def __init__(self, *, fits: bool = True) -> None:
        self.fits = fits
        self.asked: list[tuple[int, str]] = []

    def pass_over(self, size: int, rows_sha256: str) -> bool:
        self.asked.append((size, rows_sha256))
        return self.fits

    def file_of(self, _record_id: str) -> str | None:
        return None


def test_statements_are_not_decoded_where_the_rows_have_the_sum_of_the_mark() -> None:
    mark = PassedFile(index=9, said=said("a.warc.gz", b"a", derived=SUMS, size=7))
    later = PassedFile(index=12, said=said("b.warc.gz", b"b", size=11))
    passed = PassedFiles({"a.warc.gz": mark, "b.warc.gz": later}, mark)
    catalogue = Catalogue()
    found = settled(passed, cast("Any", catalogue))
    assert (found.size, found.sums, list(found.files), passed.doubt) == (7, SUMS, [b"a.warc.gz"], "")
    assert catalogue.asked == [(7, SUMS.rows_sha256)]


def test_rows_with_another_sum_are_a_doubt_of_all() -> None:
    mark = PassedFile(index=9, said=said("a.warc.gz", b"a", derived=SUMS))
    passed = PassedFiles({"a.warc.gz": mark}, mark)
    assert settled(passed, cast("Any", Catalogue(fits=False))).size == 0
    assert "rows of the catalogue" in passed.doubt
    passed.doubted("something else")
    assert "rows of the catalogue" in passed.doubt


def test_without_a_mark_or_a_file_that_is_passed_over_all_is_decoded() -> None:
    mark = PassedFile(index=9, said=said("a.warc.gz", b"a", derived=SUMS))
    bare = PassedFile(index=9, said=said("a.warc.gz", b"a"))
    for passed in (PassedFiles(), PassedFiles({}, mark), PassedFiles({"a.warc.gz": bare}, bare)):
        catalogue = Catalogue()
        assert (settled(passed, cast("Any", catalogue)).size, catalogue.asked) == (0, [])


def test_places_are_digested_a_line_a_record() -> None:
    places = Places()
    assert places.hexdigest() == sha256().hexdigest()
    places.add(RecordPlace(file="a.warc.gz", ordinal=0, offset=0, length=512))
    places.add(RecordPlace(file="a.warc.gz", ordinal=1, offset=512, length=70, inner=3))
    assert places.hexdigest() == sha256(b"0 0 512 0\n1 512 70 3\n").hexdigest()
