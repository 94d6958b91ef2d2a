"""Packages that somebody changed: each is refused, with the finding that names why; whose log it is, is told."""

import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.demo_site.pages import replies
from preserve.formats.tlog.note import Signer
from preserve.formats.tlog.signing import sign_note
from tests.shell import Shell
from tests.site import Site

Members = dict[str, bytes]
_LISTS = ("datapackage.json", "datapackage-digest.json")


@pytest.fixture
def package(shell: Shell, site: Site, tmp_path: Path) -> Path:
    """A signed package of the mirror, captured once."""
    site.replies.update({path: reply.wire() for path, reply in replies(1).items()})
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    shell("key", "wacz", "demo")
    shell("export", "wacz", "demo", "-o", str(tmp_path / "whole.wacz"))
    return tmp_path / "whole.wacz"


def _warc(members: Members) -> str:
    return next(name for name in members if name.startswith("archive/"))


def _spans(members: Members) -> list[tuple[int, int]]:
    """Where each line of the index leads to, in the order of the file."""
    lines = [json.loads(line.split(b" ", 2)[2]) for line in members["indexes/index.cdx"].splitlines()]
    return sorted((int(line["offset"]), int(line["length"])) for line in lines)


def _changed_record(members: Members) -> None:
    """A page says something else, with right digests: its record is compressed anew, and keeps its length or not."""
    name = _warc(members)
    start, length = next(span for span in _spans(members) if b"lighthouses" in _record(members, span))
    record = _record(members, (start, length)).replace(b"lighthouses", b"lightnouses")
    head, gap, rest = record.partition(b"\r\n\r\n")
    block = rest[:-4]
    payload = block.partition(b"\r\n\r\n")[2]
    lines = [
        b"WARC-Block-Digest: sha256:" + hashlib.sha256(block).hexdigest().encode()
        if line.lower().startswith(b"warc-block-digest")
        else b"WARC-Payload-Digest: sha256:" + hashlib.sha256(payload).hexdigest().encode()
        if line.lower().startswith(b"warc-payload-digest")
        else line
        for line in head.split(b"\r\n")
    ]
    _put(members, name, start, length, gzip.compress(b"\r\n".join(lines) + gap + rest, mtime=0))


def _record(members: Members, span: tuple[int, int]) -> bytes:
    data = members[_warc(members)]
    return gzip.decompress(data[span[0] : span[0] + span[1]])


def _put(members: Members, name: str, start: int, length: int, piece: bytes) -> None:
    """Puts other bytes in the place of a record, and has the index lead to all others as before."""
    data = members[name]
    members[name] = data[:start] + piece + data[start + length :]
    lines = []
    for line in members["indexes/index.cdx"].splitlines():
        key, moment, said = line.split(b" ", 2)
        fields = json.loads(said)
        offset = int(fields["offset"])
        if offset == start and not piece:
            continue
        if offset == start:
            fields["length"] = str(len(piece))
        elif offset > start:
            fields["offset"] = str(offset + len(piece) - length)
        lines.append(b" ".join((key, moment, json.dumps(fields).encode())))
    members["indexes/index.cdx"] = b"\n".join(lines) + b"\n"


def _taken_out(members: Members) -> None:
    start, length = _spans(members)[-1]
    record_id = _record(members, (start, length)).split(b"WARC-Record-ID: <urn:uuid:")[1][:36]
    _put(members, _warc(members), start, length, b"")
    kept = [line for line in members["pages/pages.jsonl"].splitlines(keepends=True) if record_id not in line]
    members["pages/pages.jsonl"] = b"".join(kept)


def _added(members: Members) -> None:
    named = b"WARC-Record-ID: <urn:uuid:"
    record = _record(members, _spans(members)[0]).replace(named, named + b"0", 1)
    head, gap, rest = record.partition(b"\r\n\r\n")
    lines = [line[:-2] + b">" if line.startswith(b"WARC-Record-ID") else line for line in head.split(b"\r\n")]
    members[_warc(members)] += gzip.compress(b"\r\n".join(lines) + gap + rest, mtime=0)


def _other_statement(members: Members) -> None:
    members["preserve/ledger.jsonl"] = members["preserve/ledger.jsonl"].replace(b'"status":404', b'"status":200', 1)


def _other_key(members: Members) -> None:
    text = members["preserve/checkpoint"].decode().partition("\n\n")[0] + "\n"
    name = text.split("\n")[0]
    members["preserve/checkpoint"] = sign_note(text, [Signer(name, Ed25519PrivateKey.generate())])


def _moved_offset(members: Members) -> None:
    index = members["indexes/index.cdx"]
    offset = str(_spans(members)[3][0]).encode()
    other = str(int(offset) + 1).encode()
    members["indexes/index.cdx"] = index.replace(b'"offset": "' + offset, b'"offset": "' + other)


def _unsorted(members: Members) -> None:
    members["indexes/index.cdx"] = b"".join(reversed(members["indexes/index.cdx"].splitlines(keepends=True)))


def _without_header(members: Members) -> None:
    members["pages/pages.jsonl"] = members["pages/pages.jsonl"].partition(b"\n")[2]


def _other_text(members: Members) -> None:
    members["pages/pages.jsonl"] = (
        members["pages/pages.jsonl"].replace(b"first inventory", b"last inventory").replace(b"Harbour", b"Airport")
    )


def _no_checkpoint(members: Members) -> None:
    del members["preserve/checkpoint"]


def _nothing(_members: Members) -> None:
    pass


def _written(source: Path, path: Path, change: Callable[[Members], None], **zipped: Any) -> Path:
    """The package with a change, and its lists made again; it is not signed then."""
    with zipfile.ZipFile(source) as held:
        members = {name: held.read(name) for name in held.namelist()}
    change(members)
    listing = json.loads(members["datapackage.json"])
    listed = {entry["path"]: entry for entry in listing["resources"]}
    listing["resources"] = [
        {**listed[name], "bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
        for name, data in members.items()
        if name in listed
    ]
    if change is not _nothing:
        members["datapackage.json"] = json.dumps(listing).encode()
        digest = f"sha256:{hashlib.sha256(members['datapackage.json']).hexdigest()}"
        members["datapackage-digest.json"] = json.dumps({"path": "datapackage.json", "hash": digest}).encode()
    with zipfile.ZipFile(path, "w", **zipped) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


BROKEN: dict[str, tuple[Callable[[Members], None], set[str]]] = {
    "a record changed": (_changed_record, {"E-WARC-RECORD"}),
    "a record taken out": (_taken_out, {"E-WARC-LOST"}),
    "a record added": (_added, {"E-WARC-NO-STATEMENT"}),
    "a statement changed": (_other_statement, {"E-LEDGER-ROOT"}),
    "a checkpoint of another key": (_other_key, {"E-LEDGER-SIGNATURE"}),
    "no checkpoint": (_no_checkpoint, {"E-WACZ-LEDGER"}),
    "an offset that leads elsewhere": (_moved_offset, {"E-WACZ-INDEX"}),
    "an index that is not sorted": (_unsorted, {"E-WACZ-INDEX"}),
    "pages without a header": (_without_header, {"E-WACZ-PAGES"}),
    "a page with another text": (_other_text, {"E-WACZ-PAGES"}),
}


def test_each_broken_package_is_refused_with_the_finding_that_names_why(
    shell: Shell, package: Path, tmp_path: Path
) -> None:
    for what, (change, codes) in BROKEN.items():
        path = _written(package, tmp_path / "broken.wacz", change)
        (report,) = shell.json("verify", str(path), status=1)["files"]
        found = {finding["code"] for finding in report["findings"]}
        assert codes <= found, (what, found)
        assert {code for code in found if code.startswith("E-")} <= codes | {"E-WACZ-INDEX"}, (what, found)


def test_a_package_is_refused_that_its_list_or_its_zip_does_not_fit(
    shell: Shell, package: Path, tmp_path: Path
) -> None:
    def codes(path: Path) -> set[str]:
        (report,) = shell.json("verify", str(path), status=1)["files"]
        return {finding["code"] for finding in report["findings"]}

    data = bytearray(package.read_bytes())
    data[package.read_bytes().index(b"\x1f\x8b") + 40] ^= 1
    (tmp_path / "flipped.wacz").write_bytes(data)
    assert "E-WACZ-HASH" in codes(tmp_path / "flipped.wacz")
    deflated = _written(package, tmp_path / "deflated.wacz", _nothing, compression=zipfile.ZIP_DEFLATED)
    assert codes(deflated) == {"W-WACZ-RANGES"}
    with zipfile.ZipFile(_written(package, tmp_path / "more.wacz", _nothing), "a") as more:
        more.writestr("other.cdx", b"")
    assert codes(tmp_path / "more.wacz") == {"E-WACZ-UNLISTED"}
    (tmp_path / "before.wacz").write_bytes(b"x" + package.read_bytes())
    assert codes(tmp_path / "before.wacz") == {"E-WACZ-PACKAGE"}
    (tmp_path / "cut.wacz").write_bytes(package.read_bytes()[:-200])
    assert codes(tmp_path / "cut.wacz") == {"E-WACZ-PACKAGE"}


def test_of_lines_that_are_nothing_but_wrong_the_first_are_told_of(
    shell: Shell, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small package may have millions of them, compressed."""
    monkeypatch.setattr("preserve.integrity.verify.package_check._MOST_FAULTS", 5)

    def blank(members: Members) -> None:
        members["indexes/index.cdx"] = b"\n" * 1_000
        members["pages/pages.jsonl"] = members["pages/pages.jsonl"].partition(b"\n")[0] + b"\n" + b"{}\n" * 1_000

    path = _written(package, tmp_path / "blank.wacz", blank)
    (report,) = shell.json("verify", str(path), status=1)["files"]
    for code in ("E-WACZ-INDEX", "E-WACZ-PAGES"):
        told = [
            one["detail"] for one in report["findings"] if one["code"] == code and "no line leads" not in one["detail"]
        ]
        assert (len(told), told[-1].count("not looked at")) == (6, 1)


def test_whose_log_a_package_is_of_is_told_by_keys_and_by_what_is_known(
    shell: Shell, package: Path, tmp_path: Path
) -> None:
    def verdicts(*words: str, status: int = 0) -> dict[str, str]:
        (report,) = shell.json("verify", str(package), *words, status=status)["files"]
        return {one["claim"]: one["verdict"] for one in report["claims"]}

    known = verdicts()
    assert known["nothing was changed, added or taken out"] == "PASS"
    assert known["who signed the package"] == "PASS"
    key = tmp_path / "log.vkey"
    key.write_text(shell("key", "export", "demo"), encoding="ascii")
    other = tmp_path / "other.vkey"
    stranger = Signer(key.read_text("ascii").split("+")[0], Ed25519PrivateKey.generate())
    other.write_text(f"{stranger.vkey}\n", encoding="ascii")
    shell.forget_log("demo")
    assert verdicts()["nothing was changed, added or taken out"] == "NOT PROVEN"
    assert verdicts("--trust", str(key))["nothing was changed, added or taken out"] == "PASS"
    assert verdicts("--trust", str(other), status=1)["the checkpoint is signed by the log's key"] == "FAIL"
