"""Capsules as a reviewer has them: checked by the program and by the file inside, changed at every byte, exchanged."""

import ast
import base64
import hashlib
import io
import itertools
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.citation import check_capsule
from preserve.citation.capsule import pack
from preserve.formats.note import Signer, sign_note
from preserve.mirror.pages import replies
from preserve.provenance.receipts import read_reply

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
OTHER = PAGE.replace(b"06VELDORA42", b"06VELDORA43").replace(b"three weeks", b"four weeks")


def _capsule(shell: Any, cable: str, quote: str, name: str) -> Path:
    path: Path = shell.folder / name
    shell("cite", cable, "--quote", quote, "--capsule", str(path))
    return path


@pytest.fixture
def held(site: Any, shell: Any) -> Any:
    site.page("/one", PAGE)
    site.page("/two", OTHER)
    shell.site_collection("demo", site, "/one", "/two")
    shell("init", "demo")
    shell("capture", "demo")
    return shell


@pytest.fixture
def capsule(held: Any) -> Path:
    return _capsule(held, "06VELDORA42", "three weeks", "one.capsule")


def _files(path: Path) -> dict[str, bytes]:
    found = {name: member.data for name, member in check_capsule.read_zip(path.read_bytes()).items()}
    del found[check_capsule.MANIFEST]
    return found


def _claims(shell: Any, path: Path, *words: str, status: int | None = 0) -> dict[str, tuple[str, str]]:
    said = shell.json("check", str(path), *words, status=status)
    return {each["claim"]: (each["verdict"], each["detail"]) for each in said["files"][0]["claims"]}


def _fails(data: bytes) -> bool:
    return any(each.verdict == "FAIL" for each in check_capsule.check(data))


def test_a_capsule_checks_and_is_the_same_each_time(held: Any, capsule: Path) -> None:
    first = capsule.read_bytes()
    assert _capsule(held, "06VELDORA42", "three weeks", "again.capsule").read_bytes() == first
    vkey = held.archives / "demo" / "ledger" / "log.vkey"
    trusted = _claims(held, capsule, "--trust", str(vkey))
    verdicts = {claim: verdict for claim, (verdict, _detail) in trusted.items()}
    assert verdicts.pop("existed before a trusted time") == "NOT CHECKED"
    assert verdicts.pop("the origin really served this") == "NOT PROVEN"
    assert set(verdicts.values()) == {"PASS"}
    assert len(verdicts) == 9
    assert _claims(held, capsule)["the checkpoint is signed by the log's key"][0] == "NOT PROVEN"
    with zipfile.ZipFile(capsule) as ordinary:
        assert ordinary.testzip() is None
        assert ordinary.namelist()[0] == "capsule.json"


def test_another_key_is_named(held: Any, capsule: Path, tmp_path: Path) -> None:
    name = (held.archives / "demo" / "ledger" / "log.vkey").read_text().split("+")[0]
    (tmp_path / "other.vkey").write_text(Signer(name, Ed25519PrivateKey.generate()).vkey + "\n")
    claims = _claims(held, capsule, "--trust", str(tmp_path / "other.vkey"), status=1)
    verdict, detail = claims["the checkpoint is signed by the log's key"]
    assert verdict == "FAIL"
    assert name in detail


@pytest.mark.parametrize("flags", [["-I"], ["-I", "-S"]])
def test_the_checker_inside_works_alone(held: Any, capsule: Path, tmp_path: Path, flags: list[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "check_capsule.py").write_bytes(_files(capsule)["check_capsule.py"])
    vkey = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    words = [sys.executable, *flags, "check_capsule.py", str(capsule), "--key", vkey]
    done = subprocess.run(words, cwd=empty, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PASS        the checkpoint is signed by the log's key: by a key that you trust" in done.stdout
    assert "NOT CHECKED the text follows from the bytes" in done.stdout
    words[-1] = "rubbish"
    assert subprocess.run(words, cwd=empty, capture_output=True, check=False).returncode == 2


def test_the_checker_is_python_of_3_9(capsule: Path) -> None:
    ast.parse(_files(capsule)["check_capsule.py"], feature_version=(3, 9))


def test_the_commands_of_the_readable_page(capsule: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(capsule) as packed:
        packed.extractall(folder)
    page = (folder / "readme.txt").read_text("utf-8")
    output = ""
    for line in page.splitlines():
        if line.startswith("$ "):
            done = subprocess.run(["bash", "-c", line[2:]], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (line, done.stderr)
            output = done.stdout + done.stderr
        elif line.startswith("= "):
            assert line[2:] in output
    assert page.count("\n= ") == 5
    assert len(re.findall(r"^= [0-9a-f]{64}$|^= .*[0-9a-f]{64}", page, re.MULTILINE)) == 4


@pytest.mark.slow
def test_no_flip_of_any_byte_passes(capsule: Path) -> None:
    data = bytearray(capsule.read_bytes())
    for place in range(len(data)):
        data[place] ^= 1 << (place % 8)
        assert _fails(bytes(data)), place
        data[place] ^= 1 << (place % 8)


def test_a_flip_here_and_there_does_not_pass(held: Any, capsule: Path) -> None:
    data = bytearray(capsule.read_bytes())
    for place in range(0, len(data), 97):
        data[place] ^= 0x10
        assert _fails(bytes(data)), place
        data[place] ^= 0x10
    data[len(data) // 2] ^= 1
    capsule.write_bytes(data)
    assert _claims(held, capsule, status=1)["the capsule is whole"][0] == "FAIL"


def test_no_exchange_of_pieces_passes(held: Any, capsule: Path) -> None:
    one, two = _files(capsule), _files(_capsule(held, "06VELDORA43", "four weeks", "two.capsule"))
    pieces = [name for name in one if one[name] != two[name]]
    assert len(pieces) >= 7
    for count in range(1, len(pieces)):
        for names in itertools.combinations(pieces, count):
            mixed = pack({**one, **{name: two[name] for name in names}})
            assert _fails(mixed), names
    assert not _fails(pack({**one, **{name: two[name] for name in pieces}}))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda said: said.update(paragraph="9"), "another paragraph"),
        (lambda said: said.update(portion_mark="(S)"), "another portion mark"),
        (lambda said: said.update(page_lines=["SAMPLETOWN 00000525  002 OF 003"]), "another page line"),
        (lambda said: said.update(page_lines="x"), "another page line"),
        (lambda said: said.update(folded_blanks=True), "another word on blanks"),
        (lambda said: said.update(folded_blanks="no"), "another word on blanks"),
        (lambda said: said["selector"][2].update(end=said["selector"][2]["end"] + 1), "read from other bytes"),
        (lambda said: said["selector"][2].update(type="Other"), "read from other bytes"),
        (lambda said: said.pop("paragraph"), "cannot be read"),
    ],
)
def test_a_selector_that_says_more_than_is_so_does_not_pass(
    held: Any, capsule: Path, change: Callable[[Any], Any], word: str
) -> None:
    files = _files(capsule)
    said = json.loads(files["selector.json"])
    change(said)
    capsule.write_bytes(pack({**files, "selector.json": check_capsule.canonical(said)}))
    verdict, detail = _claims(held, capsule, status=1)["the text follows from the bytes"]
    assert verdict == "FAIL"
    assert word in detail


_AGAIN = "the citation and the readable page say what is proved"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("readme.txt", "any Python from 3.9 on", "the Python at evil.example"),
        ("readme.txt", "  | ", "  | not "),
        ("citation.json", '"title": "', '"title": "Not '),
        ("citation.json", '"author"', '"editor"'),
    ],
)
def test_a_citation_or_a_readable_page_that_was_changed_is_found(
    held: Any, capsule: Path, name: str, old: str, new: str
) -> None:
    assert _claims(held, capsule)[_AGAIN][0] == "PASS"
    files = _files(capsule)
    changed = files[name].decode().replace(old, new, 1).encode()
    assert changed != files[name]
    capsule.write_bytes(pack({**files, name: changed}))
    verdict, detail = _claims(held, capsule, status=1)[_AGAIN]
    assert verdict == "FAIL"
    assert name in detail
    # What another version of the program would have written cannot be told from what somebody changed.
    other = files["check_capsule.py"] + b"\n"
    capsule.write_bytes(pack({**files, name: changed, "check_capsule.py": other}))
    assert _claims(held, capsule)[_AGAIN][0] == "NOT CHECKED"


@pytest.mark.parametrize("name", ["prefix", "suffix"])
@pytest.mark.parametrize("change", [lambda text: "", lambda text: text[1:], lambda text: text + "x"])
def test_what_stands_around_the_quote_stands_there_whole(
    capsule: Path, name: str, change: Callable[[str], str]
) -> None:
    files = _files(capsule)
    said = json.loads(files["selector.json"])
    said["selector"][1][name] = change(said["selector"][1][name])
    assert _fails(pack({**files, "selector.json": check_capsule.canonical(said)}))


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_zips_are_told_and_nothing_is_written(held: Any, capsule: Path, tmp_path: Path) -> None:
    good = capsule.read_bytes()
    hostile = {
        "traversal": _zip(("../evil", b"x")),
        "absolute": _zip(("/tmp/evil", b"x")),
        "bomb": _zip(("capsule.json", b"0" * (80 << 20))),
        "twice": _zip(("capsule.json", b"{}"), ("capsule.json", b"{}")),
        "many": _zip(*((f"f{number}", b"") for number in range(300))),
        "names": _zip(("caf\u00e9", b"")),
        "stored": _zip(("capsule.json", b"{}"), method=zipfile.ZIP_STORED),
        "before": b"#!/bin/sh capsule.json\n" + good,
        "behind": good + b"PK",
        "cut": good[:-1],
        "half": good[: len(good) // 2],
        "head": good[:20],
        "encrypted": good[:6] + b"\1" + good[7:],
        "descriptor": good[:6] + b"\x08" + good[7:],
        "zip64": good[:18] + b"\xff" * 8 + good[26:],
        "deep": _zip(("capsule.json", b"[" * 100_000)),
    }
    before = sorted(path.name for path in tmp_path.iterdir())
    for name, data in hostile.items():
        verdicts = check_capsule.check(data)
        assert [each.verdict for each in verdicts] == ["FAIL"], name
    capsule.write_bytes(hostile["before"])
    assert _claims(held, capsule, status=1)["the capsule is whole"][0] == "FAIL"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    capsule.write_text("no capsule")
    held("check", str(capsule), status=2)


def test_receipts_are_in_it(shell: Any, site: Any, time_authority: Any) -> None:
    authority = time_authority()
    site.page("/one", PAGE)
    shell.site_collection("demo", site, "/one")
    config = shell.config / "collections" / "demo.yaml"
    config.write_text(config.read_text() + f"time_authorities:\n  one: {authority.url}\n")
    shell("init", "demo")
    shell("capture", "demo")
    path = _capsule(shell, "06VELDORA42", "three weeks", "one.capsule")
    time = "existed before a trusted time"
    assert _claims(shell, path)[time][0] == "NOT CHECKED"
    assert _claims(shell, path, "--trust", str(authority.root))[time][0] == "PASS"
    alone = [sys.executable, "-I", check_capsule.__file__, str(path), "--roots", str(authority.root)]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert f"PASS        {time}: before " in done.stdout


def test_a_stamp_is_judged_at_its_own_time(
    time_authority: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = time_authority()
    note = b"a log\n1\n"
    (tmp_path / "note").write_bytes(note)
    query = ["openssl", "ts", "-query", "-data", str(tmp_path / "note"), "-sha256", "-cert"]
    reply = authority.reply(subprocess.run(query, capture_output=True, check=True).stdout)
    stamps = check_capsule.stamp_check(authority.root.read_bytes())
    moment = stamps(reply, note)
    assert moment == read_reply(reply, note).moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(check_capsule.Bad, match="leads to your roots"):
        stamps(reply, note + b"2")
    real = check_capsule._openssl
    after = str(int(authority.valid_to.timestamp()) + 60)

    def later(words: Sequence[str], files: dict[str, bytes]) -> Any:
        """As if the stamp were made when its certificate had expired: no other clock is asked."""
        at = words.index("-attime") + 1 if "-attime" in words else 0
        return real([*words[:at], after, *words[at + 1 :]] if at else words, files)

    monkeypatch.setattr(check_capsule, "_openssl", later)
    with pytest.raises(check_capsule.Bad, match="leads to your roots"):
        stamps(reply, note)


SIGNED = "the checkpoint is signed by the log's key"


def _alone(path: Path, *words: str, python: str = sys.executable) -> str:
    """What the stand-alone checker says, without any package."""
    done = subprocess.run(
        [python, "-I", "-S", check_capsule.__file__, str(path), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def test_an_older_key_leads_to_the_key_of_today(held: Any, tmp_path: Path) -> None:
    vkey = held.archives / "demo" / "ledger" / "log.vkey"
    keys = [vkey.read_text().strip()]
    for _change in range(2):
        held("key", "rotate", "demo", "--reason", "the yearly change")
        keys.append(vkey.read_text().strip())
    path = _capsule(held, "06VELDORA42", "three weeks", "one.capsule")
    for number, key in enumerate(keys):
        (tmp_path / f"{number}.vkey").write_text(key + "\n")
        verdict, detail = _claims(held, path, "--trust", str(tmp_path / f"{number}.vkey"))[SIGNED]
        assert verdict == "PASS"
        assert ("gave over" in detail) == (key != keys[-1])
        assert f"PASS        {SIGNED}" in _alone(path, "--key", key)
    stranger = Signer(keys[0].split("+", maxsplit=1)[0], Ed25519PrivateKey.generate())
    assert f"FAIL        {SIGNED}" in _alone(path, "--key", stranger.vkey)
    other = Signer("another.example", Ed25519PrivateKey.generate())
    assert f"NOT PROVEN  {SIGNED}" in _alone(path, "--key", other.vkey)


def test_a_change_of_key_that_nobody_signed_does_not_pass(held: Any) -> None:
    held("key", "rotate", "demo", "--reason", "the yearly change")
    files = _files(_capsule(held, "06VELDORA42", "three weeks", "one.capsule"))
    assert not _fails(pack(files))
    mine = Signer(files["log.vkey"].decode().split("+", maxsplit=1)[0], Ed25519PrivateKey.generate())
    said = check_capsule.read_json(files["key1.json"])
    forged = json.dumps({**said, "old": mine.vkey}).encode()
    assert _fails(pack({**files, "key1.json": forged}))
    # The same in a log of one statement that the new key alone has signed.
    root = hashlib.sha256(b"\0" + forged).digest()
    lines = [mine.name, "1", base64.b64encode(root).decode()]
    text = "\n".join(lines) + "\n"
    proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + sign_note(text, [mine])
    assert _fails(pack({**files, "key1.json": forged, "key1.tlog-proof": proof}))
    # One who has neither key can leave the change out: then the older key leads nowhere.
    without = {name: data for name, data in files.items() if not name.startswith("key1.")}
    old = str(said["old"])
    verdicts = {each.claim: each.verdict for each in check_capsule.check(pack(without), [old])}
    assert verdicts[SIGNED] == "FAIL"


def test_a_revisit_has_the_record_that_it_refers_to(held: Any) -> None:
    held("capture", "demo")
    path = _capsule(held, "06VELDORA42", "three weeks", "again.capsule")
    assert b'"type":"revisit"' in _files(path)["record.json"]
    assert b'"type":"response"' in _files(path)["source.json"]
    claims = _claims(held, path)
    assert claims["the text follows from the bytes"][0] == "PASS"
    assert claims["the record's bytes are those in the statement"][0] == "PASS"


def test_the_guide_has_the_digest_of_the_checker(capsule: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "check-a-citation.md").read_text("utf-8")
    assert re.findall(r"\b[0-9a-f]{64}\b", guide) == [hashlib.sha256(_files(capsule)["check_capsule.py"]).hexdigest()]
