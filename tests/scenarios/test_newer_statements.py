"""A ledger with statements that a newer program wrote: read as far as it goes, never called damaged, never added to."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

import preserve
from preserve.cli.shared.common import keys_folder
from preserve.formats.tlog.statements import encode
from preserve.provenance.founding import load_signer
from preserve.provenance.statements import NEWER, VERSION, UnknownStatement
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended
from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.site import Site

_CABLE = "06TESTPOST12"


def _newer(kind: str, version: int, **said: object) -> UnknownStatement:
    return UnknownStatement(kind, version, encode({"kind": kind, "v": version, **said}))


@pytest.fixture
def demo(shell: Shell, site: Site) -> Shell:
    """A collection with a cable, and behind it two statements of a newer program under a checkpoint."""
    site.page("/", PAGE.encode())
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    paths = CollectionPaths(shell.archives, "demo")
    file = next(path.name for path in paths.archive.iterdir())
    newer = [_newer("remark", 1, file=file, text="seen"), _newer("run", VERSION + 1, run="urn:uuid:1")]
    extended(paths, [statement.raw for statement in newer], load_signer(paths, keys_folder(os.environ), secret=None))
    return shell


def _claims(shell: Shell) -> dict[str, tuple[str, str]]:
    (report,) = shell.json("verify", "demo")["collections"]
    assert report["good"]
    assert report["findings"] == []
    return {claim["claim"]: (claim["verdict"], claim["detail"]) for claim in report["claims"]}


def _held(folder: Path) -> dict[str, str]:
    """Every file but what is derived, with its hash."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.relative_to(folder).parts[0] not in {"state", "indexes"}
    }


def test_verification_checks_the_tree_and_says_what_it_did_not_check(demo: Shell) -> None:
    claims = _claims(demo)
    assert claims["every statement can be read"][0] == "NOT CHECKED"
    assert claims["every statement can be read"][1].endswith(NEWER)
    assert claims["every record is the one in the ledger"][0] == "PASS"
    assert claims["every file is the one sealed"][0] == "PASS"
    assert claims["the ledger is complete and in order"][0] == "PASS"
    assert claims["every text follows from its bytes"][0] == "PASS"
    assert claims["index agrees with the evidence"] == (
        "NOT CHECKED",
        f"what follows from statements {NEWER} is not known",
    )


def test_damage_is_found_all_the_same(demo: Shell) -> None:
    paths = CollectionPaths(demo.archives, "demo")
    (file,) = paths.archive.iterdir()
    file.chmod(0o600)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (report,) = demo.json("verify", "demo", status=1)["collections"]
    assert not report["good"]
    file.unlink()
    (report,) = demo.json("verify", "demo", status=1)["collections"]
    assert "E-WARC-MISSING" in {finding["code"] for finding in report["findings"]}


def test_a_changed_byte_of_such_a_statement_is_found(demo: Shell) -> None:
    paths = CollectionPaths(demo.archives, "demo")
    for path in sorted((paths.ledger / "tile" / "entries").rglob("*")):
        if path.is_file() and b'"text":"seen"' in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(b'"text":"seen"', b'"text":"seem"'))
    (report,) = demo.json("verify", "demo", status=1)["collections"]
    assert {"E-LEDGER-ROOT", "E-LEDGER-TILE"} <= {finding["code"] for finding in report["findings"]}


def test_what_reads_goes_on_and_says_what_it_passed_over(demo: Shell) -> None:
    assert _CABLE in demo("show", _CABLE)
    assert f"demo: 2 statements of its ledger, {NEWER}, passed over\n" in demo.errors
    assert _CABLE in demo("list")
    assert f"2 statements {NEWER}: not read, not added to" in demo("status", "demo")
    assert demo.json("status", "demo")["collections"][0]["holding"]["newer_statements"] == 2
    assert f"version {VERSION + 1}, {NEWER}: its content is not read" in demo("ledger", "log", "demo")
    last = json.loads(demo("ledger", "log", "demo", "--json").splitlines()[-1])
    assert last == {"kind": "run", "v": VERSION + 1, "run": "urn:uuid:1"}
    size = len(demo("ledger", "log", "demo", "--json").splitlines())
    assert demo.json("ledger", "prove", "demo", str(size - 1))["entry"] == last
    assert f"2 of the statements, {NEWER}" in demo("rebuild", "demo")
    assert demo.json("rebuild", "demo")["newer_statements"] == 2
    with preserve.open_archive(demo.archives) as archive:
        assert archive.newer_statements == 2
        assert archive.cable(_CABLE).published_id == _CABLE
    for command in (
        ("rot",),
        ("export", "prov", "--collection", "demo"),
        ("cite", _CABLE),
        ("history", _CABLE),
        ("releases",),
    ):
        demo(*command)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("command", ["capture", "import", "repair", "release", "dump", "rescue", "rotate", "replicate"])
def test_no_writer_adds_to_such_a_log(demo: Shell, site: Site, command: str) -> None:
    paths = CollectionPaths(demo.archives, "demo")
    (file,) = paths.archive.iterdir()
    other = demo.folder / "other.warc.gz"
    shutil.copy(file, other)
    table = demo.folder / "cables.csv"
    table.write_bytes(b'"1","12/28/1966 18:48","66TEST1","Embassy Test","UNCLASSIFIED","","","text"\n')
    backup, spare = demo.folder / "backup", demo.folder / "spare"
    shutil.copytree(paths.folder, spare / "demo")
    releases = demo.config / "releases"
    releases.mkdir()
    (releases / "gulls-1.yaml").write_text("title: Gulls\nsources: [gullbrowser]\nknown_from: [a test]\n", "utf-8")
    words = {
        "capture": ("capture", "demo"),
        "import": ("import", str(other), "--into", "demo"),
        "repair": ("repair", "demo", "--from", str(spare), "--apply"),
        "release": ("release", "add", "gulls-1", "--into", "demo"),
        "dump": ("release", "import", str(table), "--into", "demo", "--release", "gulls-1"),
        "rescue": ("rescue", "http://lost.example/x", "--into", "demo"),
        "rotate": ("key", "rotate", "demo"),
        "replicate": ("replicate", str(backup)),
    }[command]
    asked = list(site.asked)
    archive, keys = _held(paths.folder), _held(keys_folder(os.environ))
    demo(*words, status=7)
    assert f"2 statements of its ledger, {NEWER}; nothing is added to it" in demo.errors
    assert "Use a newer version of preserve" in demo.errors
    assert (_held(paths.folder), _held(keys_folder(os.environ))) == (archive, keys)
    assert site.asked == asked
    assert not (backup / "demo" / "ledger" / "checkpoint").exists()
