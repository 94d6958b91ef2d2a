"""Every vector of the corpus is given the finding that its name begins with; the sound ones are given none."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preserve.findings import CODES
from preserve.formats.waczsignature import Authorities
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Scanner
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.foreign import verify_files
from preserve.integrity.verify.report import Report
from preserve.provenance.derive import rebuild
from preserve.provenance.installation import Installation
from preserve.provenance.ledger import Ledger
from preserve.provenance.trust import load_trust
from preserve.store.layout import CollectionPaths
from tools.corpus.collection import NAME, SECRET, VECTORS, layouts
from tools.make_corpus import MADE, write

pytestmark = pytest.mark.damages

LEVELS = ("good", "warn", "bad")
OVERLAYS = sorted(path.parent for level in LEVELS for path in VECTORS.glob(f"{level}/*/overlay.json"))
SINGLES = sorted(path for level in LEVELS for path in (VECTORS / level).iterdir() if path.is_file())
NOT_FOUND_BY_VERIFY = {
    "W-CABLE-EMPTY": "told at capture, import, and where a page is shown",
    "W-CABLE-NO-TABLE": "told at capture, import, and where a page is shown",
    "W-CABLE-UNREADABLE": "told at capture, import, and where a page is shown",
    "W-CABLE-ERROR-PAGE": "told at capture, import, and where a page is shown",
    "W-LINKS-PART": "told at capture",
    "W-PAGE-LOAD": "told at capture",
    "W-CABLE-ROW": "told at capture, import, and where a page is shown",
    "E-LEDGER-ROLLED-BACK": "told by what is known of the log from outside the archive",
    "E-LEDGER-FORKED": "told by what is known of the log from outside the archive",
    "E-LEDGER-REPLACED": "told by what is known of the log from outside the archive",
    "E-WACZ-INDEX": "packages are made and changed in tests/scenarios/test_verify_packages.py",
    "E-WACZ-LEDGER": "packages are made and changed in tests/scenarios/test_verify_packages.py",
    "E-WACZ-PAGES": "packages are made and changed in tests/scenarios/test_verify_packages.py",
    "W-WACZ-KEY": "packages are made and changed in tests/scenarios/test_verify_packages.py",
    "W-WACZ-RANGES": "packages are made and changed in tests/scenarios/test_verify_packages.py",
}
OF_OTHER_COMMANDS = ("E-REPLICA-", "W-REPLICA-", "E-REPAIR-", "W-REPAIR-", "E-RESCUE-", "W-RESCUE-", "E-SECOND-")
"""Areas of codes that tell what copies are to one another, or what a web archive or another reader says."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound collection, with its catalogue."""
    root = tmp_path_factory.mktemp("base")
    shutil.copytree(VECTORS / "base" / NAME, root / NAME)
    held = (root / NAME / "indexes" / "index.cdx").read_bytes()
    rebuild(CollectionPaths(root, NAME), Ledger(CollectionPaths(root, NAME)))
    assert (root / NAME / "indexes" / "index.cdx").read_bytes() == held
    return root / NAME


@dataclass(frozen=True)
class _Overlaid:
    paths: CollectionPaths
    about: dict[str, Any]

    def verify(self) -> Report:
        trust = load_trust([VECTORS / name for name in self.about.get("trust", [])])
        return verify(self.paths, layouts(), VerifyOptions(processes=1, trust=trust))


def _overlaid(base: Path, overlay: Path, root: Path) -> _Overlaid:
    about = json.loads((overlay / "overlay.json").read_text("utf-8"))
    assert about["why"]
    folder = root / NAME
    shutil.copytree(base, folder)
    for name in about["deleted"]:
        (folder / name).unlink()
    shutil.copytree(overlay, folder, dirs_exist_ok=True, ignore=lambda _folder, names: {"overlay.json"} & set(names))
    for name in about.get("links", []):
        (folder / name).rename(root / "elsewhere")
        (folder / name).symlink_to(root / "elsewhere")
    for name in about.get("pipes", []):
        (folder / name).parent.mkdir(exist_ok=True)
        os.mkfifo(folder / name)
    paths = CollectionPaths(root, NAME)
    if "journal" in overlay.name and "W-LEDGER-JOURNAL" not in overlay.name:
        # What it proves is read by whoever has the secret.
        secret = Installation.of_user(NAME).secret_file
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(SECRET.hex(), "ascii")
        secret.chmod(0o600)
    if about.get("rebuild"):
        rebuild(paths, Ledger(paths))
    if about["sql"]:
        connection = sqlite3.connect(paths.catalogue)
        for statement in about["sql"]:
            connection.execute(statement)
        connection.commit()
        connection.close()
    return _Overlaid(paths, about)


def _alone(path: Path) -> Report:
    with Scanner(RecordQuery(), processes=1, total_bytes=path.stat().st_size) as scanner:
        (report,) = verify_files([path], scanner, authorities=Authorities(now=datetime.now(UTC)))
    return report


def _assert_as_named(path: Path, report: Report) -> None:
    codes = {finding.code for finding in report.findings}
    if path.parent.name == "good":
        assert (report.spotless, codes) == (True, set())
        return
    assert path.name.split(".")[0] in codes, report.findings
    assert report.good is (path.parent.name == "warn")
    assert not report.spotless


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.name}"


def test_the_corpus_is_what_its_script_writes(tmp_path: Path) -> None:
    write(tmp_path)
    assert _files(tmp_path) == _files(VECTORS)


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for name in MADE for path in _below(root / name)}


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _one_of_each(vectors: Sequence[Path]) -> list[Any]:
    """All of them, to parametrise with; in the fast suite the first of each finding."""
    firsts = {(path.parent, path.name.split(".")[0]): path for path in reversed(vectors)}.values()
    return [pytest.param(path, marks=() if path in firsts else pytest.mark.slow) for path in vectors]


@pytest.mark.parametrize("overlay", _one_of_each(OVERLAYS), ids=_name)
def test_a_collection_is_given_the_finding_it_is_named_for(base: Path, overlay: Path, tmp_path: Path) -> None:
    _assert_as_named(overlay, _overlaid(base, overlay, tmp_path).verify())


@pytest.mark.parametrize("path", _one_of_each(SINGLES), ids=_name)
def test_a_file_is_given_the_finding_it_is_named_for(path: Path) -> None:
    _assert_as_named(path, _alone(path))


def test_every_code_has_a_vector() -> None:
    named = {path.name.split(".")[0] for path in (*OVERLAYS, *SINGLES) if path.parent.name != "good"}
    wanted = {code for code in CODES if not code.startswith("I-")}
    assert named <= wanted
    missing = {code for code in wanted - named if not code.startswith(OF_OTHER_COMMANDS)}
    assert missing == set(NOT_FOUND_BY_VERIFY)


def test_there_are_enough_of_each() -> None:
    counts = {level: sum(path.parent.name == level for path in (*OVERLAYS, *SINGLES)) for level in LEVELS}
    assert counts["good"] >= 20
    assert counts["bad"] >= 100
