"""What this version makes of an archive that an earlier one wrote; and what it may never do to it."""

import hashlib
import tarfile
from pathlib import Path

import pytest

from preserve import __version__
from tests.shell import Shell
from tests.site import Site

_VECTORS = Path(__file__).parents[1] / "vectors" / "archives"
_WRITTEN = sorted(_VECTORS.glob("preserve-*.tar.xz"))
_EVIDENCE = ("archive", "ledger", "receipts")


def _evidence(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of an archive that is evidence, but the last checkpoint and the parts of the tree."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in _EVIDENCE
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and ".p" not in str(path) and path.name not in {"checkpoint", "pending"}
    }


@pytest.fixture(params=_WRITTEN, ids=lambda path: path.name.removesuffix(".tar.xz"))
def kept(request: pytest.FixtureRequest, shell: Shell) -> Path:
    """An archive as a version left it: evidence alone, for all else is made from it."""
    shell.archives.mkdir()
    (shell.config / "collections").mkdir(parents=True)
    with tarfile.open(request.param) as packed:
        packed.extractall(shell.archives, filter="data")
    return shell.archives / "demo"


def test_an_archive_of_every_version_is_there() -> None:
    assert f"preserve-{__version__}.tar.xz" in {path.name for path in _WRITTEN}


def test_an_archive_of_a_version_is_read_and_verified_and_its_evidence_is_as_it_was(kept: Path, shell: Shell) -> None:
    before = _evidence(kept)
    assert len(before) == 4
    told = shell.json("upgrade")["collections"][0]
    assert told["derived"] == {"catalogue": "to be made again", "index": "to be made again"}
    assert (told["newer_statements"], told["applied"], told["good"]) == (0, False, None)
    assert not (kept / "state").exists()
    shell("rebuild", "demo")
    assert shell.json("upgrade", "demo")["collections"][0]["derived"]["catalogue"] == "as this version has it"
    shell("verify", "demo")
    assert "LIGHTHOUSES" in shell("show", "05PORTSOLACE117")
    assert "redaction added" in shell("history", "05PORTSOLACE117")
    assert shell("cite", "05PORTSOLACE117", "--format", "bibtex").startswith("@techreport{05PORTSOLACE117,")
    assert shell("search", "lighthouse*")
    # Without the log's key nothing can be stated in it.
    shell("upgrade", "demo", "--apply", status=7)
    assert _evidence(kept) == before


def test_an_upgrade_states_what_was_checked_and_rewrites_nothing(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    folder = shell.archives / "demo"
    before = _evidence(folder)
    (folder / "state" / "catalogue.sqlite").write_bytes(b"of another form")
    told = shell.json("upgrade", "demo", "--apply")["collections"][0]
    assert (told["derived"]["catalogue"], told["good"], told["files_stated"]) == ("to be made again", True, 1)
    after = _evidence(folder)
    assert {name: after[name] for name in before} == before
    assert "fixity" in shell("ledger", "log", "demo", "--columns", "kind")
    shell("verify", "demo")


@pytest.mark.damages
def test_a_damaged_archive_is_not_called_checked(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (path,) = (shell.archives / "demo" / "archive").glob("*.warc.gz")
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "nothing is stated: run `preserve verify demo`" in shell("upgrade", "demo", "--apply", status=1)
    assert "fixity" not in shell("ledger", "log", "demo")
