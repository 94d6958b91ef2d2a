"""Packages of a collection: what is in them, that the same archive gives the same bytes, and what is left out."""

import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preserve.citation.capsule.check_capsule import FAIL, PASS
from preserve.citation.capsule.check_wacz import LISTED, check
from preserve.formats.waczsignature import Authorities, read_signature
from preserve.provenance.ledger import Ledger
from preserve.provenance.waczkey import stated_keys
from preserve.store.layout import CollectionPaths
from tests.kept import Beginning, beginning, capture_mirror_twice, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

_ID = "05PORTSOLACE117"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Shell:
    """The mirror captured twice, with a change between."""

    beginning(shell, lambda: capture_mirror_twice(shell, site), site)
    return shell


def export(shell: Shell, path: Path, *words: str, status: int = 0) -> zipfile.ZipFile:
    """A package, open."""
    shell("export", "wacz", "demo", *words, "-o", str(path), status=status)
    return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


def index_of(package: zipfile.ZipFile) -> list[dict[str, str]]:
    """The fields of each line of the index."""
    return [json.loads(line.split(b" ", 2)[2]) for line in package.read("indexes/index.cdx").splitlines()]


def pages_of(package: zipfile.ZipFile) -> list[dict[str, Any]]:
    """The list of pages, without its header."""
    header, *lines = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()]
    assert header["format"] == "json-pages-1.0"
    return lines


def checker(package: zipfile.ZipFile, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the checker in a package says of it."""
    for name in ("check_capsule.py", "check_wacz.py"):
        (folder / name).write_bytes(package.read(f"preserve/{name}"))
    return subprocess.run(
        [sys.executable, folder / "check_wacz.py", *words], capture_output=True, text=True, check=False
    )


def test_a_package_is_written_by_the_rules_of_its_strictest_reader(held: Shell, tmp_path: Path) -> None:
    package = export(held, tmp_path / "a.wacz")
    names = package.namelist()
    assert [name for name in names if name.endswith((".cdx", ".cdxj", ".idx", ".gz")) and "archive/" not in name] == [
        "indexes/index.cdx"
    ]
    for info in package.infolist():
        assert info.flag_bits == 0
        assert not info.extra
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        if info.filename.startswith(("archive/", "indexes/")):
            assert info.compress_type == zipfile.ZIP_STORED
    lines = package.read("indexes/index.cdx").splitlines()
    assert lines == sorted(lines)
    assert len(lines) > 10
    for fields in index_of(package):
        data = package.read(f"archive/{fields['filename']}")
        start = int(fields["offset"])
        assert data[start : start + 2] == b"\x1f\x8b"
        assert start + int(fields["length"]) <= len(data)
    listing = json.loads(package.read("datapackage.json"))
    assert (listing["profile"], listing["wacz_version"]) == ("data-package", "1.1.1")
    for entry in listing["resources"]:
        content = package.read(entry["path"])
        assert entry["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert entry["bytes"] == len(content)
    listed = {entry["path"] for entry in listing["resources"]}
    assert listed == set(names) - {"datapackage.json", "datapackage-digest.json"}
    page = next(page for page in pages_of(package) if str(page.get("title", "")).startswith(_ID))
    assert "Harbour Master" in page["text"]
    assert {page["title"] for page in pages_of(package) if "text" not in page} == {"Mirror of invented cables"}


def test_files_are_as_sealed_and_the_same_archive_gives_the_same_bytes(held: Shell, tmp_path: Path) -> None:
    package = export(held, tmp_path / "a.wacz")
    for path in (held.archives / "demo" / "archive").iterdir():
        assert package.read(f"archive/{path.name}") == path.read_bytes()
    first = (tmp_path / "a.wacz").read_bytes()
    held("rebuild", "demo")
    export(held, tmp_path / "b.wacz")
    assert (tmp_path / "b.wacz").read_bytes() == first
    environment = [sys.executable, "-m", "preserve", "export", "wacz", "demo", "-o", "-"]
    told = subprocess.run(
        [*environment, "--archives", held.archives, "--config", held.config], capture_output=True, check=True
    )
    assert told.stdout == first


def test_a_package_is_signed_by_the_key_that_the_ledger_states_once(held: Shell, tmp_path: Path) -> None:
    assert "signedData" not in json.loads(export(held, tmp_path / "a.wacz").read("datapackage-digest.json"))
    made = held.json("key", "wacz", "demo", "--reason", "for readers")
    again = held.json("key", "wacz", "demo")
    assert (made["is_new"], again["is_new"]) == (True, False)
    assert made["key"] == again["key"]
    said = stated_keys(Ledger(CollectionPaths(held.archives, "demo")))
    assert [(one.key, one.reason) for one in said] == [(made["key"], "for readers")]
    package = export(held, tmp_path / "b.wacz")
    digest = json.loads(package.read("datapackage-digest.json"))
    signed = digest["signedData"]
    assert signed["publicKey"] == made["key"]
    assert len(base64.b64decode(signed["signature"])) == 96
    assert signed["hash"] == digest["hash"]
    found = read_signature(signed, Authorities(now=datetime.now(UTC)))
    assert found.code == "I-WACZ-SIGNED"
    unsigned = export(held, tmp_path / "c.wacz", "--unsigned")
    assert "signedData" not in json.loads(unsigned.read("datapackage-digest.json"))


def test_a_part_has_the_pages_asked_for_and_the_hashes_of_all_else(held: Shell, tmp_path: Path) -> None:
    whole, package = export(held, tmp_path / "a.wacz"), export(held, tmp_path / "b.wacz", "--search", "lighthouses")
    pages = pages_of(package)
    assert pages
    assert {str(page["title"])[: len(_ID)] for page in pages} == {_ID}
    assert {fields["url"] for fields in index_of(package)} == {page["url"] for page in pages}
    assert len(package.read("preserve/ledger.jsonl")) < len(whole.read("preserve/ledger.jsonl")) / 3
    key = whole.read("preserve/log.vkey").decode().strip()
    for name in ("a", "b"):
        told = checker(package, tmp_path, str(tmp_path / f"{name}.wacz"), "--key", key)
        assert told.returncode == 0, told.stdout
        assert "FAIL" not in told.stdout
        assert "PASS         the checkpoint is signed by the log's key: a key that you trust" in told.stdout
    held("export", "wacz", "demo", "--search", "no-such-word", "-o", str(tmp_path / "c.wacz"), status=3)
    assert not (tmp_path / "c.wacz").exists()


def test_the_checker_refuses_what_stands_around_a_package(held: Shell, tmp_path: Path) -> None:
    export(held, tmp_path / "a.wacz")
    whole = (tmp_path / "a.wacz").read_bytes()
    for changed, verdict in ((whole, PASS), (b"x" + whole, FAIL), (whole + b"x", FAIL)):
        (tmp_path / "b.wacz").write_bytes(changed)
        assert check(str(tmp_path / "b.wacz"))[0][:2] == (LISTED, verdict)


def test_what_is_not_shown_is_in_no_part_of_a_package(held: Shell, tmp_path: Path) -> None:
    (held.config / "blocked.yaml").write_text(f"blocked:\n  - cable: {_ID}\n    reason: a test\n", encoding="utf-8")
    package = export(held, tmp_path / "a.wacz")
    assert "left out that blocked.yaml names" in held.errors
    records = [gzip.decompress(package.read(name)) for name in package.namelist() if name.startswith("archive/")]
    for content in (*records, package.read("pages/pages.jsonl")):
        assert b"twelfth light" not in content
    assert f'"published_id":"{_ID}"'.encode() not in package.read("preserve/ledger.jsonl")
    assert not any(str(page.get("title", "")).startswith(_ID) for page in pages_of(package))
    assert len(pages_of(package)) > 3
    told = checker(package, tmp_path, str(tmp_path / "a.wacz"))
    assert told.returncode == 0, told.stdout


@pytest.mark.damages
def test_a_damaged_file_gives_no_package_and_takes_the_name_of_none(held: Shell, tmp_path: Path) -> None:
    path = min((held.archives / "demo" / "archive").iterdir())
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    held("export", "wacz", "demo", "-o", str(tmp_path / "a.wacz"), status=None)
    assert held.status == 1
    assert "is not the file that was sealed" in held.errors
    assert list(tmp_path.glob("*.wacz*")) == list(tmp_path.glob(".*.part")) == []
