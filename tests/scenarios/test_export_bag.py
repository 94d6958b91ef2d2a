"""A bag that bagit-python validates and that is a collection as it stands, and DataCite's metadata by its schema."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preserve.demo_site.pages import replies
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

_ORACLES = Path(__file__).parents[2] / ".oracles"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Shell:
    """The mirror, captured once."""

    def make() -> None:
        site.replies.update({path: reply.wire() for path, reply in replies(1).items()})
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo", status=None)

    beginning(shell, make, site)
    return shell


def test_a_bag_is_whole_and_the_copy_in_it_is_a_collection(held: Shell, tmp_path: Path) -> None:
    told = held.json("export", "bag", "demo", "-o", str(tmp_path / "bag"), "--organization", "A test")
    folder = tmp_path / "bag"
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        lines = (folder / manifest).read_text("utf-8").splitlines()
        for line in lines:
            digest, name = line.split("  ", 1)
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    listed = [line.split("  ", 1)[1] for line in (folder / "manifest-sha256.txt").read_text("utf-8").splitlines()]
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert sorted(listed) == sorted(path.relative_to(folder).as_posix() for path in files)
    assert (told["files"], told["size"]) == (len(files), sum(path.stat().st_size for path in files))
    about = (folder / "bag-info.txt").read_text("utf-8")
    assert f"Payload-Oxum: {told['size']}.{told['files']}\n" in about
    assert "Source-Organization: A test\n" in about
    assert not list(tmp_path.glob(".bag*"))
    (report,) = held.json("verify", "demo", "--archives", str(folder / "data"), status=None)["collections"]
    assert not [one for one in report["claims"] if one["verdict"] == "FAIL"]
    held("export", "bag", "demo", "-o", str(folder), status=2)


def test_a_bag_that_was_stopped_goes_on(held: Shell, tmp_path: Path) -> None:
    held("replicate", str(tmp_path / ".bag.bag" / "data"))
    before = {path.stat().st_ino for path in (tmp_path / ".bag.bag" / "data" / "demo" / "archive").iterdir()}
    held("export", "bag", "demo", "-o", str(tmp_path / "bag"))
    assert {path.stat().st_ino for path in (tmp_path / "bag" / "data" / "demo" / "archive").iterdir()} == before


@pytest.mark.slow
def test_bagit_python_validates_it(held: Shell, tmp_path: Path) -> None:
    program = _ORACLES / "bin" / "bagit.py"
    if not program.is_file():
        pytest.skip("bagit is not here: run `make oracles`")
    held("export", "bag", "demo", "-o", str(tmp_path / "bag"))
    words: list[str | Path] = [_ORACLES / "bin" / "python", program, "--validate", tmp_path / "bag"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    file = next((tmp_path / "bag" / "data" / "demo" / "archive").iterdir())
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    assert subprocess.run(words, capture_output=True, check=False).returncode != 0


def _rules(told: dict[str, Any]) -> None:
    """What DataCite 4.6 asks of its six mandatory properties, and of the values that it lists."""
    assert told["schemaVersion"] == "http://datacite.org/schema/kernel-4"
    assert all(name["name"] for name in told["creators"])
    assert all(title["title"] for title in told["titles"])
    assert told["publisher"]["name"]
    assert re.fullmatch(r"[0-9]{4}", told["publicationYear"])
    assert told["types"]["resourceTypeGeneral"] == "Collection"
    for date in told["dates"]:
        assert date["dateType"] in {"Collected", "Updated"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d(/\d{4}-\d\d-\d\d)?", date["date"])
    for one in told["alternateIdentifiers"]:
        assert one["alternateIdentifier"]
        assert one["alternateIdentifierType"]
    assert [one["descriptionType"] for one in told["descriptions"]] == ["Abstract"]


def test_a_collection_is_described_at_its_checkpoint(held: Shell, tmp_path: Path) -> None:
    bare = json.loads(held("export", "datacite", "demo"))
    _rules(bare)
    assert (bare["creators"], bare["publisher"]) == ([{"name": ":unav"}], {"name": ":tba"})
    words = ("--doi", "10.5072/x", "--creator", "Wren, Tobias", "--publisher", "An archive", "--rights", "none stated")
    held("export", "datacite", "demo", *words, "-o", str(tmp_path / "d.json"))
    told = json.loads((tmp_path / "d.json").read_text("utf-8"))
    _rules(told)
    assert (told["doi"], told["creators"]) == ("10.5072/x", [{"name": "Wren, Tobias"}])
    size = (held.archives / "demo" / "ledger" / "checkpoint").read_text("utf-8").splitlines()[1]
    assert told["version"] == size
    for path in _ORACLES.glob("lib/python3*/site-packages/datacite/schemas/datacite-v4.5.json"):
        schema = json.loads(path.read_text("utf-8"))
        validator = jsonschema.Draft7Validator(schema)
        assert [error.message for error in validator.iter_errors(told) if "iso-8601" not in str(error)] == []
