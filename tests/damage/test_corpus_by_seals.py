"""Every damage of the corpus beside its ledger, where all files were read before and the ledger says so."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from preserve.formats.tlog.note import parse_vkey
from preserve.formats.warc.containers import Container
from preserve.integrity.scan import ScannedRecord, Scanner
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.report import CHECK, Report
from preserve.model import format_utc
from preserve.provenance.derive import rebuild
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import FixityStatement, encode
from preserve.provenance.trust import Trust, load_trust
from preserve.store.layout import CollectionPaths
from tests.damage.test_corpus import OVERLAYS, _assert_as_named, _name, _overlaid
from tests.ledgers import extended
from tools.corpus.collection import NAME, SIGNER, VECTORS, layouts

pytestmark = pytest.mark.damages

BESIDE_THE_LEDGER = [
    overlay
    for overlay in OVERLAYS
    if not (overlay / "ledger").exists() and '"ledger/' not in (overlay / "overlay.json").read_text("utf-8")
]


OWN = Trust(keys=(parse_vkey(SIGNER.vkey),))


def _verified(paths: CollectionPaths, deep: float = 0.0, trust: Trust = OWN) -> Report:
    return verify(paths, layouts(), VerifyOptions(processes=1, trust=trust, deep=deep))


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound collection, with its catalogue, once its files were read and that was stated."""
    root = tmp_path_factory.mktemp("checked")
    shutil.copytree(VECTORS / "base" / NAME, root / NAME)
    paths = CollectionPaths(root, NAME)
    rebuild(paths, Ledger(paths))
    report = _verified(paths)
    assert report.good
    assert report.log is not None
    assert report.checked
    assert report.derived is not None
    entries = [
        encode(
            FixityStatement(
                **item._asdict(),
                size=report.log.size,
                check=CHECK,
                checked=format_utc(datetime(2022, 2, 1, tzinfo=UTC)),
                program="by hand",
                derived=report.derived,
            )
        )
        for item in report.checked
    ]
    extended(paths, entries, SIGNER)
    rebuild(paths, Ledger(paths))
    return root / NAME


def test_the_sound_collection_is_sound_and_no_file_is_read(checked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    rows = Scanner.rows

    def counted(scanner: Scanner, path: Path, container: Container) -> Iterator[ScannedRecord]:
        read.append(path.name)
        return rows(scanner, path, container)

    monkeypatch.setattr(Scanner, "rows", counted)
    report = _verified(CollectionPaths(checked.parent, NAME))
    assert (report.level, report.good, read) == ("seals", True, [])


def test_the_overlays_are_those_that_were_meant() -> None:
    assert len(BESIDE_THE_LEDGER) > 60


@pytest.mark.one_in(8)
@pytest.mark.parametrize(
    "overlay",
    BESIDE_THE_LEDGER,
    ids=_name,
)
def test_damage_is_found_by_the_default_level_too(checked: Path, overlay: Path, tmp_path: Path) -> None:
    overlaid = _overlaid(checked, overlay, tmp_path)
    paths, given = overlaid.paths, load_trust([VECTORS / name for name in overlaid.about.get("trust", [])])
    trust = given if given.logs else replace(given, keys=(*given.keys, *OWN.keys))
    report = _verified(paths, trust=trust)
    _assert_as_named(overlay, report)
    if not report.good:
        deep = _verified(paths, deep=100, trust=trust)
        assert (report.claims, report.findings, report.touched) == (deep.claims, deep.findings, deep.touched)
