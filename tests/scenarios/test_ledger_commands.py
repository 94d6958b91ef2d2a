"""`preserve ledger` and `preserve key`: what a stranger, a witness and an operator do with a log."""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from preserve.cli.actions.ledger import ABOUT
from preserve.cli.shared.common import keys_folder
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import Signer, parse_note, parse_vkey
from preserve.provenance.statements import Known
from tests.crash.dying import die
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

SIGNED = "the checkpoint is signed by the log's key"


@pytest.fixture
def demo(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection of one page, captured once; ``capture`` makes it longer."""

    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def _note(shell: Shell) -> bytes:
    data: bytes = (shell.archives / "demo" / "ledger" / "checkpoint").read_bytes()
    return data


def _claim(shell: Shell, *words: str, status: int | None = 0) -> tuple[str, str]:
    report = shell.json("verify", "demo", *words, status=status)["collections"][0]
    found = next(claim for claim in report["claims"] if claim["claim"] == SIGNED)
    return found["verdict"], found["detail"]


def test_the_log_is_listed_by_number_and_kind(demo: Any) -> None:
    head, *lines = demo("ledger", "log", "demo").splitlines()
    assert head.split() == ["statement", "kind", "about"]
    assert lines[0].split()[:2] == ["0", "archive"]
    assert {line.split()[1] for line in lines} == {"archive", "record", "run"}
    assert demo("ledger", "log", "demo", "--from", "1", "--count", "2").splitlines() == [head, *lines[1:3]]
    whole = [json.loads(line) for line in demo("ledger", "log", "demo", "--json").splitlines()]
    assert [statement["kind"] for statement in whole] == [line.split()[1] for line in lines]


def test_the_list_says_of_every_kind_what_a_statement_is_about(demo: Any, site: Site) -> None:
    assert ABOUT.keys() == set(get_args(Known))
    assert all(names and set(names) <= set(kind.__struct_fields__) for kind, names in ABOUT.items())
    demo("verify", "demo", "--state")
    demo("rot", "mute", site.url("/"), "-c", "demo", "--reason", "dull")
    lines = demo("ledger", "log", "demo").splitlines()
    assert not [line for line in lines if "None" in line]
    assert any(re.search(r"\tfixity\tdemo-\S+ +20\d\d-", line) for line in lines)
    assert lines[-1].endswith(" dull")


def test_every_statement_is_proved_under_the_checkpoint_and_checked_later(demo: Any) -> None:
    _head, *lines = demo("ledger", "log", "demo").splitlines()
    count = len(lines)
    proof, entry = demo.folder / "a.tlog-proof", demo.folder / "entry.json"
    for index in range(count):
        demo("ledger", "prove", "demo", str(index), "--out", str(proof), "--entry", str(entry))
        out = demo("ledger", "check", "demo", str(proof), "--entry", str(entry))
        assert f"PASS  statement {index} was under it" in out
    demo("capture", "demo")
    out = demo("ledger", "check", "demo", str(proof), "--entry", str(entry))
    assert f"the {count} statements under it are the first of the" in out
    entry.write_bytes(entry.read_bytes() + b" ")
    assert demo("ledger", "check", "demo", str(proof), "--entry", str(entry), status=1).startswith("FAIL")


def test_a_record_is_proved_by_its_id(demo: Any) -> None:
    records = [json.loads(line) for line in demo("ledger", "log", "demo", "--json").splitlines()]
    response = next(r for r in records if r.get("type") == "response")
    text = demo("ledger", "prove", "demo", response["record_id"])
    assert text.startswith("c2sp.org/tlog-proof@v1\n")
    told = demo.json("ledger", "prove", "demo", f"<{response['record_id']}>")
    assert told["entry"] == response
    demo("ledger", "prove", "demo", "urn:uuid:none", status=3)
    demo("ledger", "prove", "demo", "99999", status=3)


def test_an_older_checkpoint_proves_that_nothing_before_it_changed(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    older = demo.folder / "older"
    older.write_bytes(_note(demo))
    demo("capture", "demo")
    out = demo("ledger", "check", "demo", str(older))
    assert "PASS  the older checkpoint is signed by a key by which the log is known here" in out
    key = demo.folder / "log.vkey"
    key.write_text(demo("key", "export", "demo"), "utf-8")
    assert "signed by a key that you trust" in demo("ledger", "check", "demo", str(older), "--trust", str(key))
    other = demo.folder / "other.vkey"
    other.write_text(Signer("preserve/other/12345678", Ed25519PrivateKey.generate()).vkey, "utf-8")
    told = demo("ledger", "check", "demo", str(older), "--trust", str(other), status=1)
    assert told == "FAIL  the older checkpoint is not signed by a key that you trust\n"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "another-home"))
    assert "the archive's own key, not known to you" in demo("ledger", "check", "demo", str(older))


def test_a_history_that_was_rewritten_with_the_key_is_found_by_an_older_checkpoint(demo: Any, site: Site) -> None:
    older = demo.folder / "older"
    older.write_bytes(_note(demo))
    shutil.rmtree(demo.archives / "demo")
    demo.begin_anew("demo")
    site.page("/", b"<p>never said</p>")
    demo("capture", "demo")
    demo("capture", "demo")
    assert demo.json("verify", "demo")["collections"][0]["good"] is True
    assert demo("ledger", "check", "demo", str(older), status=1).startswith("FAIL")


@pytest.mark.parametrize(
    "change", [lambda n: n[:-3], lambda n: n.replace(b"\n", b"\n9", 1), lambda _n: b"", lambda n: n * 2]
)
def test_an_older_checkpoint_that_is_none_is_said_to_be_so(demo: Any, change: Any) -> None:
    older = demo.folder / "older"
    older.write_bytes(change(_note(demo)))
    assert demo("ledger", "check", "demo", str(older), status=1).startswith("FAIL")


def test_a_key_is_believed_only_where_the_reader_trusts_it(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, detail = _claim(demo)
    assert (verdict, detail.endswith("which signs it here")) == ("PASS", True)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_CONFIG_HOME", str(demo.folder / "another-home"))
        verdict, detail = _claim(demo)
        assert (verdict, detail.endswith("not known to you")) == ("PASS", True)
        assert _claim(demo)[1].endswith("by which it is known here")
    key = demo.folder / "log.vkey"
    key.write_text(f"# the log of demo\n\n{demo('key', 'export', 'demo')}", "utf-8")
    assert _claim(demo, "--trust", str(key))[1].endswith("which you trust")
    (demo.config / "trust").mkdir()
    shutil.copy(key, demo.config / "trust" / "demo.vkey")
    assert _claim(demo)[1].endswith("which you trust")


def test_another_key_than_the_trusted_one_fails(demo: Any) -> None:
    origin = parse_checkpoint(parse_note(_note(demo)).text).origin
    other = demo.folder / "other.vkey"
    other.write_text(Signer(origin, Ed25519PrivateKey.generate()).vkey, "utf-8")
    verdict, detail = _claim(demo, "--trust", str(other), status=1)
    assert verdict == "FAIL"
    assert detail.endswith("not by a key that you trust")


@pytest.mark.parametrize(
    "text",
    [b"rubbish", b"a+b+c\n", b"-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n"],
)
def test_trust_that_cannot_be_read_is_a_mistake(demo: Any, text: bytes) -> None:
    path = demo.folder / "x.vkey"
    path.write_bytes(text)
    demo("verify", "demo", "--trust", str(path), status=2)
    assert "x.vkey" in demo.errors


def test_a_key_that_is_lost_cannot_be_changed_and_nothing_is(demo: Any) -> None:
    keys = keys_folder(os.environ)
    kept = demo.folder / "demo.key"
    shutil.move(keys / "demo.key", kept)
    before = {path.name for path in keys.iterdir()}
    statements = demo("ledger", "log", "demo")
    demo("key", "rotate", "demo", "--reason", "x", status=None)
    assert demo.status != 0
    assert "demo.key" in demo.errors
    assert {path.name for path in keys.iterdir()} == before
    assert demo("ledger", "log", "demo") == statements
    assert "cut short" not in demo("doctor", "demo", status=None)
    shutil.move(kept, keys / "demo.key")
    demo("capture", "demo")
    demo("key", "rotate", "demo", "--reason", "x")


def test_a_change_of_key_is_a_statement_and_whoever_trusts_the_old_key_can_follow(demo: Any) -> None:
    old = demo.folder / "old.vkey"
    old.write_text(demo("key", "export", "demo"), "utf-8")
    for _time in range(2):
        demo("key", "rotate", "demo", "--reason", "the yearly change")
        assert demo.json("verify", "demo")["collections"][0]["good"] is True
        demo("capture", "demo")
    statements = [json.loads(line) for line in demo("ledger", "log", "demo", "--json").splitlines()]
    changes = [s for s in statements if s["kind"] == "key"]
    assert len(changes) == 2
    assert changes[0]["old"] == old.read_text("utf-8").strip()
    assert changes[0]["new"] == changes[1]["old"]
    new = demo.folder / "new.vkey"
    new.write_text(demo("key", "export", "demo"), "utf-8")
    assert new.read_text("utf-8").strip() == changes[1]["new"]
    verdict, detail = _claim(demo, "--trust", str(old))
    assert verdict == "PASS"
    assert "which you trust, gave over" in detail
    assert _claim(demo, "--trust", str(new))[1].endswith("which you trust")
    # Without the checkpoint that both keys signed, nobody can follow.
    for path in (demo.archives / "demo" / "receipts").glob("*.checkpoint"):
        path.unlink()
    assert _claim(demo, "--trust", str(old), status=1)[0] == "FAIL"


@pytest.mark.crash
@pytest.mark.slow
def test_a_change_of_key_that_dies_at_any_write_is_completed_by_the_next(demo: Any) -> None:
    original = demo.folder
    home = Path(os.environ["HOME"])
    for count in range(1, 60):
        demo.folder = original / str(count)
        shutil.copytree(original / "archives", demo.archives)
        shutil.copytree(original / "config", demo.config)
        os.environ["HOME"] = str(demo.folder / "home")
        shutil.copytree(home, demo.folder / "home")
        status = die(demo, count, "key", "rotate", "demo")
        demo("key", "rotate", "demo")
        assert demo.json("verify", "demo")["collections"][0]["good"] is True
        demo("capture", "demo")
        assert demo.json("verify", "demo")["collections"][0]["good"] is True
        if status == 0:
            assert count > 8
            break
    else:
        pytest.fail("it never came to its end")
    os.environ["HOME"] = str(home)


def test_a_passphrase_is_needed_where_the_key_has_one(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    secret = shell.folder / "passphrase"
    secret.write_text("not to be guessed\n", "utf-8")
    secret.chmod(0o600)
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE_FILE", str(secret))
    shell("init", "demo")
    assert "passphrase  yes" in shell("key", "show", "demo")
    key = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys" / "demo.key"
    assert b"ENCRYPTED" in key.read_bytes()
    shell("capture", "demo")
    monkeypatch.delenv("PRESERVE_KEY_PASSPHRASE_FILE")
    shell("capture", "demo", status=7)
    assert "is under a passphrase" in shell.errors
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE", "wrong")
    shell("capture", "demo", status=7)
    assert "the passphrase is wrong" in shell.errors
    assert "not to be guessed" not in shell.errors
    monkeypatch.delenv("PRESERVE_KEY_PASSPHRASE")
    secret.chmod(0o644)
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE_FILE", str(secret))
    shell("capture", "demo", status=7)
    assert "open to other users" in shell.errors
    # Nobody needs it to check.
    monkeypatch.delenv("PRESERVE_KEY_PASSPHRASE_FILE")
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_a_witness_signs_what_only_grew_and_is_named_by_those_who_trust_it(demo: Any) -> None:
    told = demo.json("ledger", "witness", "demo", "--name", "example.org/witness")
    key = demo.folder / "witness.vkey"
    key.write_text(str(told["witness"]), "utf-8")
    assert "witnessed by example.org/witness at 20" in _claim(demo, "--trust", str(key))[1]
    assert len(parse_note(_note(demo)).signatures) == 2
    demo("ledger", "witness", "demo", "--name", "example.org/witness")
    assert len(parse_note(_note(demo)).signatures) == 2
    demo("capture", "demo")
    assert "witnessed" not in _claim(demo, "--trust", str(key))[1]
    demo("ledger", "witness", "demo", "--name", "example.org/witness")
    assert "witnessed" in _claim(demo, "--trust", str(key))[1]
    assert demo.json("verify", "demo")["collections"][0]["good"] is True


def test_a_witness_signs_no_history_that_it_did_not_see(demo: Any, site: Site) -> None:
    demo("ledger", "witness", "demo", "--name", "w")
    shutil.rmtree(demo.archives / "demo")
    demo.begin_anew("demo")
    site.page("/", b"<p>another</p>")
    demo("capture", "demo")
    demo("capture", "demo")
    demo("ledger", "witness", "demo", "--name", "w", status=1)
    assert "not signed" in demo.errors
    assert len(parse_note(_note(demo)).signatures) == 1


@pytest.mark.damages
def test_a_witness_signs_no_older_state_in_the_place_of_a_newer_one(demo: Any) -> None:
    shutil.copytree(demo.archives / "demo", demo.folder / "before")
    demo("capture", "demo")
    demo("verify", "demo")
    shutil.rmtree(demo.archives / "demo")
    shutil.copytree(demo.folder / "before", demo.archives / "demo")
    demo("ledger", "witness", "demo", "--name", "w", status=1)
    assert "smaller than it was" in demo.errors


def test_openssl_and_ssh_keygen_verify_the_signature(demo: Any) -> None:
    note = parse_note(_note(demo))
    body, signature = demo.folder / "body", demo.folder / "signature"
    body.write_text(note.text, "utf-8")
    signature.write_bytes(note.signatures[0].value)
    pem = demo.folder / "log.pem"
    pem.write_text(demo("key", "export", "demo", "--as", "pem"), "ascii")
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here")
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", str(pem), "-rawin", "-in", str(body)]
    done = subprocess.run([*command, "-sigfile", str(signature)], capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout
    ssh = demo("key", "export", "demo", "--as", "ssh")
    assert ssh.startswith("ssh-ed25519 ")
    assert parse_vkey(demo("key", "export", "demo").strip()).public_key.public_bytes_raw() in _ssh_blob(ssh)


def _ssh_blob(line: str) -> bytes:
    return base64.b64decode(line.split()[1])


@pytest.mark.parametrize("seed", [8, 10, 11])
def test_a_key_is_named_whatever_letters_its_base64_has(shell: Shell, site: Site, seed: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    keys = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys"
    keys.mkdir(parents=True)
    path = keys / "demo.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    site.page("/", b"x")
    shell.site_collection("demo", site, "/")
    told = shell.json("init", "demo")
    name, key_id = str(told["key"]).split("+")[:2]
    assert _claim(shell) == ("PASS", f"by {name}+{key_id}, which signs it here")
