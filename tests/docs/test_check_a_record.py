"""`docs/check-a-record.md` and the worked example of `docs/formats/ledger.md`, carried out as they stand."""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from preserve.formats.tlog.files import Checkpoint, format_checkpoint, parse_checkpoint, parse_proof
from preserve.formats.tlog.merkle import leaf_hash, root_of, verify_inclusion
from preserve.formats.tlog.note import Signer, open_note
from preserve.formats.tlog.signing import sign_note
from preserve.provenance.statements import ArchiveStatement, decode
from tests.shell import Shell
from tests.site import Site

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(path: Path, kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(path.read_text("utf-8")) if name == kind]


def test_the_worked_example_of_the_format_is_what_it_says() -> None:
    page = DOCS / "formats" / "ledger.md"
    (leaves,), (hashes,) = _blocks(page, "leaves"), _blocks(page, "hashes")
    (checkpoint,), (proof_text,) = _blocks(page, "checkpoint"), _blocks(page, "proof")
    entries = [line.encode() for line in leaves.splitlines()]
    first, *_others = [decode(entry) for entry in entries]
    assert isinstance(first, ArchiveStatement)
    assert [leaf_hash(entry).hex() for entry in entries] == hashes.split()
    root = root_of(leaf_hash(entry) for entry in entries)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signer = Signer(first.origin, key)
    assert first.key == signer.vkey
    assert checkpoint.encode() == sign_note(format_checkpoint(Checkpoint(signer.name, 3, root)), [signer])
    proof = parse_proof(proof_text.encode())
    told = parse_checkpoint(open_note(proof.checkpoint, [signer.verifier]).text)
    verify_inclusion(leaf_hash(entries[1]), proof.index, told.size, proof.hashes, told.root)
    assert [base64.b64encode(h).decode() for h in proof.hashes] == proof_text.splitlines()[2:4]


@pytest.fixture
def stranger(shell: Shell, site: Site, time_authority: Any, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with what a stranger has, and the values that the page leaves to the reader."""
    authority = time_authority()
    site.page("/", b"<p>" + b"words " * 500 + b"</p>")
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8") + f"time_authorities:\n  one: {authority.url}\n", "utf-8")
    shell("init", "demo")
    size = shell.json("capture", "demo")["checkpoint_size"]
    archive = shell.archives / "demo"
    folder = tmp_path / "stranger"
    folder.mkdir()
    line = next(li for li in (archive / "indexes" / "index.cdx").read_text("utf-8").splitlines() if "robots" not in li)
    entry = json.loads(line.split(" ", 2)[2])
    record = next(
        s["record_id"]
        for s in map(json.loads, shell("ledger", "log", "demo", "--json").splitlines())
        if s.get("type") == "response" and s["uri"] == entry["url"]
    )
    out = ["--out", str(folder / "record.tlog-proof"), "--entry", str(folder / "statement.json")]
    shell("ledger", "prove", "demo", record, *out)
    (folder / "log.pem").write_text(shell("key", "export", "demo", "--as", "pem"), "ascii")
    (folder / "check.py").write_text(_blocks(DOCS / "check-a-record.md", "python")[0], "utf-8")
    for name in (f"{size}.checkpoint", f"{size}.one.tsr"):
        shutil.copy(archive / "receipts" / name, folder / name)
    shutil.copy(authority.root, folder / "root.pem")
    warc = archive / "archive" / entry["filename"]
    values = {"OFFSET": entry["offset"], "LENGTH": entry["length"], "WARC": str(warc), "SIZE": str(size)}
    return folder, {**values, "AUTHORITY": "one"}


def _run(folder: Path, script: str, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    python = Path(sys.executable).parent
    environment = {**values, "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin"}
    command = ["/bin/sh", "-e", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_stranger_checks_a_record_as_the_page_says(stranger: tuple[Path, dict[str, str]]) -> None:
    folder, values = stranger
    script = _blocks(DOCS / "check-a-record.md", "python")[0]
    assert sum(1 for line in script.splitlines() if line and not line.startswith("import")) <= 20
    said = []
    for block in _blocks(DOCS / "check-a-record.md", "sh"):
        done = _run(folder, block, values)
        assert done.returncode == 0, block + done.stdout + done.stderr
        said.append(done.stdout + done.stderr)
    assert "the record is the one in the statement" in said[0]
    assert "WARC-Target-URI: http://127.0.0.1" in said[1]
    assert "is in the log" in said[2]
    assert "Signature Verified Successfully" in said[3]
    assert "Verification: OK" in said[4]
    assert "Time stamp:" in said[4]


@pytest.mark.parametrize("name", ["statement.json", "record.tlog-proof", "log.pem"])
def test_what_was_changed_is_noticed_on_the_strangers_way(stranger: tuple[Path, dict[str, str]], name: str) -> None:
    folder, values = stranger
    path = folder / name
    if name == "log.pem":
        other = Ed25519PrivateKey.generate().public_key()
        path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    elif name == "statement.json":
        path.write_bytes(path.read_bytes().replace(b"200", b"201"))
    else:
        lines = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    statuses = [_run(folder, block, values).returncode for block in _blocks(DOCS / "check-a-record.md", "sh")[2:4]]
    assert any(statuses)
