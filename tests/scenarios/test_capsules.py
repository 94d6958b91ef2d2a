"""Capsules as a reviewer has them: checked by the program and by the file inside, changed at every byte, exchanged."""

import ast
import base64
import hashlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.build import pack
from preserve.cli.shared.common import keys_folder
from preserve.demo_site.pages import replies
from preserve.formats.tlog.note import Signer, parse_note
from preserve.formats.tlog.signing import sign_note
from preserve.provenance.keys import key_path, read_key
from preserve.provenance.receipts import read_reply
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

SIGNED = check_capsule.SIGNED
PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
OTHER = PAGE.replace(b"06VELDORA42", b"06VELDORA43").replace(b"three weeks", b"four weeks")


def _capsule(shell: Shell, cable: str, quote: str, name: str) -> Path:
    path: Path = shell.folder / name
    shell("cite", cable, "--quote", quote, "--capsule", str(path))
    return path


@pytest.fixture
def held(site: Site, shell: Shell, beginning: Beginning) -> Any:
    site.page("/one", PAGE)
    site.page("/two", OTHER)

    def make() -> None:
        shell.site_collection("demo", site, "/one", "/two")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make)
    return shell


@pytest.fixture
def capsule(held: Any) -> Path:
    return _capsule(held, "06VELDORA42", "three weeks", "one.capsule")


def _files(path: Path) -> dict[str, bytes]:
    found = {name: member.data for name, member in check_capsule.read_zip(path.read_bytes()).items()}
    del found[check_capsule.MANIFEST]
    return found


def _claims(
    shell: Shell, path: Path, *words: str, key: Path | None = None, status: int | None = 0
) -> dict[str, tuple[str, str]]:
    """The claims of a capsule, with the key of its log trusted unless another one is given."""
    trusted = key or shell.archives / "demo" / "ledger" / "log.vkey"
    said = shell.json("check", str(path), "--trust", str(trusted), *words, status=status)
    return {each["claim"]: (each["verdict"], each["detail"]) for each in said["files"][0]["claims"]}


def _fails(data: bytes) -> bool:
    return any(each.verdict == "FAIL" for each in check_capsule.check(data))


def test_a_capsule_checks_and_is_the_same_each_time(held: Any, capsule: Path) -> None:
    first = capsule.read_bytes()
    assert _capsule(held, "06VELDORA42", "three weeks", "again.capsule").read_bytes() == first
    verdicts = {claim: verdict for claim, (verdict, _detail) in _claims(held, capsule).items()}
    assert verdicts.pop("existed before a trusted time") == "NOT CHECKED"
    assert verdicts.pop("the origin really served this") == "NOT PROVEN"
    assert set(verdicts.values()) == {"PASS"}
    assert len(verdicts) == 10
    with zipfile.ZipFile(capsule) as ordinary:
        assert ordinary.testzip() is None
        assert ordinary.namelist()[0] == "capsule.json"


def test_another_key_is_named(held: Any, capsule: Path, tmp_path: Path) -> None:
    name = (held.archives / "demo" / "ledger" / "log.vkey").read_text().split("+")[0]
    (tmp_path / "other.vkey").write_text(Signer(name, Ed25519PrivateKey.generate()).vkey + "\n")
    claims = _claims(held, capsule, key=tmp_path / "other.vkey", status=1)
    verdict, detail = claims[SIGNED]
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
    assert done.stdout.splitlines()[-1].startswith("GOOD: ")
    words[-1] = "rubbish"
    assert subprocess.run(words, cwd=empty, capture_output=True, check=False).returncode == 2


def test_the_checker_is_python_of_3_9(capsule: Path) -> None:
    ast.parse(_files(capsule)["check_capsule.py"], feature_version=(3, 9))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name one capsule: the ZIP file"),
        (("a.zip", "b.zip"), "name one capsule: the ZIP file"),
        (("{folder}",), "is a folder: name the capsule itself"),
        (("{folder}/none.zip",), "cannot be read: No such file or directory"),
        (("--key",), "an option stands without its value"),
    ],
)
def test_a_wrong_call_of_the_checker_is_told_in_words(
    words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_capsule.main([word.format(folder=tmp_path) for word in words]) == 2
    first, usage = capsys.readouterr().err.splitlines()
    assert told in first
    assert usage.startswith("usage: ")


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


@pytest.mark.parametrize("counts", [[1], pytest.param(range(2, 10_000), marks=pytest.mark.slow)])
def test_no_exchange_of_pieces_passes(held: Any, capsule: Path, counts: Sequence[int]) -> None:
    one, two = _files(capsule), _files(_capsule(held, "06VELDORA43", "four weeks", "two.capsule"))
    pieces = [name for name in one if one[name] != two[name]]
    assert len(pieces) >= 7
    for count in set(counts) & set(range(1, len(pieces))):
        for names in itertools.combinations(pieces, count):
            mixed = pack({**one, **{name: two[name] for name in names}})
            assert _fails(mixed), names
    assert not _fails(pack({**one, **{name: two[name] for name in pieces}}))


@pytest.mark.one_in(3)
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
    # Another checker in the capsule softens nothing.
    other = files["check_capsule.py"] + b"\n"
    capsule.write_bytes(pack({**files, name: changed, "check_capsule.py": other}))
    claims = _claims(held, capsule, status=1)
    assert claims[_AGAIN][0] == "FAIL"
    assert claims["the checker inside is this one"][0] == "NOT CHECKED"


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


def test_receipts_are_in_it(shell: Shell, site: Site, time_authority: Any) -> None:
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
    with pytest.raises(check_capsule.Bad, match="for other bytes"):
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


def _alone(path: Path, *words: str, python: str = sys.executable, status: int = 0) -> str:
    """What the stand-alone checker says, without any package."""
    done = subprocess.run(
        [python, "-I", "-S", check_capsule.__file__, str(path), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
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
        verdict, detail = _claims(held, path, key=tmp_path / f"{number}.vkey")[SIGNED]
        assert verdict == "PASS"
        assert ("gave over" in detail) == (key != keys[-1])
        assert f"PASS        {SIGNED}" in _alone(path, "--key", key)
    stranger = Signer(keys[0].split("+", maxsplit=1)[0], Ed25519PrivateKey.generate())
    assert f"FAIL        {SIGNED}" in _alone(path, "--key", stranger.vkey, status=1)
    other = Signer("another.example", Ed25519PrivateKey.generate())
    assert f"FAIL        {SIGNED}" in _alone(path, "--key", other.vkey, status=1)
    assert f"NOT PROVEN  {SIGNED}" in _alone(path, status=0)


def test_where_no_key_is_named_that_of_a_known_log_counts(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vkey = held.archives / "demo" / "ledger" / "log.vkey"
    first = _capsule(held, "06VELDORA42", "three weeks", "first.capsule")
    held("key", "rotate", "demo", "--reason", "the yearly change")
    held("verify", "demo")
    second = _capsule(held, "06VELDORA42", "three weeks", "second.capsule")
    for path in (first, second):
        assert "by which the log is known here" in held("check", str(path))
    stranger = held.folder / "stranger.vkey"
    stranger.write_text(Signer("another.example", Ed25519PrivateKey.generate()).vkey + "\n")
    assert f"FAIL        {SIGNED}" in held("check", str(first), "--trust", str(stranger), status=1)
    # Known by another key: somebody else's log of this name.
    evil_capsule = held.folder / "evil.capsule"
    files = _files(first)
    evil = Signer(vkey.read_text().partition("+")[0], Ed25519PrivateKey.generate())
    files["checkpoint"] = sign_note(parse_note(files["checkpoint"]).text, [evil])
    files["log.vkey"] = f"{evil.vkey}\n".encode()
    evil_capsule.write_bytes(pack(files))
    assert "none by which the log is known here" in held("check", str(evil_capsule), status=1)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(held.folder / "another-home"))
    assert f"NOT PROVEN  {SIGNED}" in held("check", str(first))


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


def _changed(files: dict[str, bytes], name: str, change: Callable[[Any], Any]) -> bytes:
    said = json.loads(files[name])
    change(said)
    return pack({**files, name: check_capsule.canonical(said)})


def _with_note(files: dict[str, bytes], note: bytes) -> bytes:
    """A capsule with another checkpoint, in its proofs too."""
    return pack({name: data.replace(files["checkpoint"], note) for name, data in files.items()})


def _twice(data: bytes, key: str) -> bytes:
    return data.replace(f'"{key}"'.encode(), f'"{key}": "x",\n "{key}"'.encode(), 1)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "change",
    [
        lambda files: _changed(files, "selector.json", lambda said: said.update(note="confession")),
        lambda files: _changed(files, "selector.json", lambda said: said.pop("page_lines")),
        lambda files: _changed(files, "selector.json", lambda said: said["selector"].reverse()),
        lambda files: _changed(files, "selector.json", lambda said: said["selector"].append({})),
        lambda files: _changed(files, "selector.json", lambda said: said["selector"][0].update(type="XPathSelector")),
        lambda files: _changed(files, "selector.json", lambda said: said["selector"][1].update(refinedBy={})),
        lambda files: _changed(files, "selector.json", lambda said: said["selector"][0].update(start=True)),
        lambda files: _changed(files, "selector.json", lambda said: said.update(paragraph=["9"])),
        lambda files: _changed(files, "selector.json", lambda said: said.update(folded_blanks=0)),
        lambda files: _changed(files, "selector.json", lambda said: said.update(page_lines=["NOT A LINE"])),
        lambda files: pack({**files, "selector.json": _twice(files["selector.json"], "exact")}),
        lambda files: pack({**files, "selector.json": files["selector.json"] + b"\n"}),
        lambda files: pack({**files, "selector.json": json.dumps(json.loads(files["selector.json"])).encode()}),
        lambda files: pack({**files, "citation.json": _twice(files["citation.json"], "title")}),
        lambda files: _changed(files, "citation.json", lambda said: said.update(verdict="PROVEN")),
        lambda files: _changed(files, "citation.json", lambda said: said["custom"].update(verdict="PROVEN")),
        lambda files: _changed(files, "citation.json", lambda said: said["custom"].update(captured="2011-09-02")),
        lambda files: _changed(files, "citation.json", lambda said: said["custom"].update(quote="other words")),
        lambda files: _changed(files, "citation.json", lambda said: said["custom"].update(statement=1)),
        lambda files: _changed(files, "citation.json", lambda said: said.update(archive="another log")),
        lambda files: pack({**files, "0-read-me-first.txt": b"PROVEN"}),
        lambda files: pack({**files, "readme.html": b"PROVEN"}),
        lambda files: pack({**files, "7.checkpoint": b"PROVEN"}),
        lambda files: pack({**files, "log.vkey": files["log.vkey"] + b"PROVEN\n"}),
        lambda files: pack({**files, "log.vkey": b" " + files["log.vkey"]}),
        lambda files: _with_note(files, files["checkpoint"] + b"PROVEN by the court\n"),
        lambda files: _with_note(files, files["checkpoint"][:-1]),
        lambda files: pack({**files, "7.someone.tsr": b"PROVEN"}),
        lambda files: pack({**files, "key2.json": b"{}", "key2.tlog-proof": b""}),
        lambda files: pack({**files, "source.json": files["record.json"]}),
        lambda files: pack({name: data for name, data in files.items() if name != "readme.txt"}),
        lambda files: pack(
            {**files, "record.tlog-proof": files["record.tlog-proof"].replace(b"\nindex ", b"\nindex 0", 1)}
        ),
    ],
)
def test_what_the_format_does_not_have_fails_in_both_checkers(
    held: Any, capsule: Path, change: Callable[[dict[str, bytes]], bytes]
) -> None:
    key = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    capsule.write_bytes(change(_files(capsule)))
    assert [each for each in _claims(held, capsule, status=1).values() if each[0] == "FAIL"]
    assert re.search("^FAIL ", _alone(capsule, "--key", key, status=1), re.MULTILINE)


def test_what_the_lonely_checker_shows_and_does_not_prove_is_named(held: Any, capsule: Path) -> None:
    key = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    files = _files(capsule)
    said = json.loads(files["citation.json"])
    said.update(title="Confessed", issued={"date-parts": [[1999, 1, 1]]})
    changed = {**files, "citation.json": check_capsule.canonical(said), "readme.txt": files["readme.txt"] + b"PROVEN\n"}
    capsule.write_bytes(pack(changed))
    told = [line for line in _alone(capsule, "--key", key).splitlines() if line.startswith("NOT CHECKED")]
    for words in ("title, author, dates", "citation.json", "readme.txt", "paragraph and portion mark"):
        assert any(words in line for line in told), words
    assert _claims(held, capsule, status=1)[_AGAIN][0] == "FAIL"


def test_a_capsule_of_a_newer_version_is_not_judged(held: Any, capsule: Path) -> None:
    members = check_capsule.read_zip(capsule.read_bytes())
    listed = json.loads(members["capsule.json"].data)
    listed["format"] = "preserve-capsule/2"
    data = check_capsule.canonical(listed)
    members["capsule.json"] = check_capsule.Member(data, 0, data)
    capsule.write_bytes(check_capsule.zip_bytes(members))
    assert _claims(held, capsule, status=1) == {
        check_capsule.WHOLE: (
            "NOT CHECKED",
            "newer capsule: preserve-capsule/2; check it with the checker of that version",
        )
    }
    assert "newer capsule" in _alone(capsule, status=1).splitlines()[-1]


def test_where_a_key_is_given_the_status_is_0_only_with_it(held: Any, capsule: Path) -> None:
    vkey = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    assert _alone(capsule, "--key", vkey).splitlines()[-1].startswith("GOOD")
    other = Signer("another.example", Ed25519PrivateKey.generate()).vkey
    for words, said, status in (((), "NOT PROVEN", 0), (("--key", other), "NOT GOOD", 1)):
        assert _alone(capsule, *words, status=status).splitlines()[-1].startswith(said)
    assert check_capsule.is_good(check_capsule.check(capsule.read_bytes(), [other, vkey]))


def test_without_the_package_and_openssl_it_says_what_it_could_not_do(held: Any, capsule: Path, tmp_path: Path) -> None:
    vkey = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    words = [sys.executable, "-I", "-S", check_capsule.__file__, str(capsule), "--key", vkey]
    (tmp_path / "bin").mkdir()
    done = subprocess.run(words, env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"NOT CHECKED {SIGNED}: neither the package cryptography nor openssl is here" in done.stdout
    # One that is too old for the algorithm is as good as none.
    (tmp_path / "bin" / "openssl").write_text("#!/bin/sh\necho 'pkeyutl: Unknown option: -rawin' >&2\nexit 1\n")
    (tmp_path / "bin" / "openssl").chmod(0o755)
    done = subprocess.run(words, env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True, check=False)
    assert f"NOT CHECKED {SIGNED}" in done.stdout


def _interpreters() -> list[str]:
    """Every Python 3 from 3.9 on that this machine has: on the path, and those of pyenv and uv."""
    places = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    places += [*Path.home().glob(".pyenv/versions/*/bin"), *Path.home().glob(".local/share/uv/python/*/bin")]
    named = (path for place in places for path in place.glob("python3*") if re.fullmatch(r"python3(\.\d+)?", path.name))
    return sorted({str(path.resolve()) for path in named if os.access(path, os.X_OK)})


@pytest.mark.one_in(3)
@pytest.mark.parametrize("python", _interpreters())
def test_the_checker_runs_with_every_interpreter_here(held: Any, capsule: Path, python: str) -> None:
    ask = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
    if not version or tuple(map(int, version.split("."))) < (3, 9):
        pytest.skip(f"{python} is Python {version or 'unknown'}")
    key = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    assert _alone(capsule, "--key", key, python=python).splitlines()[-1].startswith("GOOD")


def test_a_checkpoint_too_small_for_a_change_of_key_fails(held: Any) -> None:
    old = (held.archives / "demo" / "ledger" / "log.vkey").read_text().strip()
    held("key", "rotate", "demo")
    path = _capsule(held, "06VELDORA42", "three weeks", "one.capsule")
    key = held.archives / "demo" / "ledger" / "log.vkey"
    signer = Signer(old.split("+", maxsplit=1)[0], read_key(key_path("demo", keys_folder(os.environ)), None))
    assert signer.vkey == key.read_text().strip()
    files = _files(path)
    entries = [files["record.json"], files["cable.json"]]
    hashes = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    root = hashlib.sha256(b"\1" + b"".join(hashes)).digest()
    note = sign_note(f"{signer.name}\n2\n{base64.b64encode(root).decode()}\n", [signer])
    forged = {**files, "checkpoint": note}
    for place, name in enumerate(("record", "cable")):
        sibling = base64.b64encode(hashes[1 - place])
        forged[f"{name}.tlog-proof"] = b"c2sp.org/tlog-proof@v1\nindex %d\n%s\n\n%s" % (place, sibling, note)
    said = json.loads(files["citation.json"])
    said["custom"].update(statement=0, checkpoint_size=2)
    forged["citation.json"] = check_capsule.canonical(said)
    verdicts = {each.claim: each for each in check_capsule.check(pack(forged), [old])}
    assert verdicts["the statements are in the log at the checkpoint"].verdict == "PASS"
    assert verdicts[SIGNED].verdict == "FAIL"
    assert "too small" in verdicts[SIGNED].detail


def _with_status(reply: bytes, text: bytes) -> bytes:
    """A reply with a text beside its status, which no signature covers."""

    def der(tag: int, body: bytes) -> bytes:
        size = len(body)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + body

    ((_tag, content),) = check_capsule._values(reply)
    _status, (tag, token) = check_capsule._values(content)
    return der(0x30, der(0x30, der(2, b"\0") + der(0x30, der(0x0C, text))) + der(tag, token))


def test_the_time_is_the_one_that_was_signed(time_authority: Any, tmp_path: Path) -> None:
    authority = time_authority()
    note = b"a log\n1\n"
    (tmp_path / "note").write_bytes(note)
    query = ["openssl", "ts", "-query", "-data", str(tmp_path / "note"), "-sha256", "-cert"]
    reply = authority.reply(subprocess.run(query, capture_output=True, check=True).stdout)
    stamps = check_capsule.stamp_check(authority.root.read_bytes())
    forged = _with_status(reply, b"granted. Time stamp: Jan  2 03:04:05 2016 GMT")
    assert stamps(forged, note) == stamps(reply, note)
    for cut in range(0, len(reply), 7):
        with pytest.raises(check_capsule.Bad):
            check_capsule.signed_time(reply[:cut], note)
    with pytest.raises(check_capsule.Bad):
        check_capsule.signed_time(reply + b"\0", note)


def test_a_pipe_is_no_capsule(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    words = [sys.executable, "-I", check_capsule.__file__, str(tmp_path / "pipe")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "is no file" in done.stderr
