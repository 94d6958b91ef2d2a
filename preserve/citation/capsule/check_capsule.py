"""Checks a citation capsule without the program that made it: ``python3 check_capsule.py CAPSULE [options]``.

One file of standard-library Python, from 3.9 on. Signatures need the package ``cryptography`` or the command
``openssl``, time stamps the command; where both are missing the claim is NOT CHECKED. Nothing is unpacked to disk.
Options: ``--key VKEY`` (a log's verifier key that you trust), ``--roots FILE`` (PEM certificates of time authorities).
Status 0: nothing failed, and the log's key is one that you gave, if you gave any. Status 1: anything else. Status 2: a
wrong call. Without a key it is NOT PROVEN whose log it is: give one.

Tested by ``tests/scenarios/test_capsules.py``.
"""
# ruff: noqa: UP006, UP031, UP035, UP045, B905, PTH123, PTH118, PLC0415, PLR2004, T201, N818, S603, S607, TRY301 - Python 3.9

import base64
import binascii
import calendar
import hashlib
import html
import json
import os
import re
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

FORMAT = "preserve-capsule/1"
VERSION = 1
CONTEXT = 32  # Characters of the text that are named before and behind the quote.
MANIFEST = "capsule.json"
MAX_FILE = 64 << 20
MAX_MEMBER = 64 << 20
MAX_MEMBERS = 200
STORED, DEFLATED = 0, 8
_DATE, _TIME = (1980 - 1980) << 9 | 1 << 5 | 1, 0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z")
_NUMBER = "(?:0|[1-9][0-9]{0,17})"
MAX_CHANGES = 40  # Changes of the log's key that a capsule has at most.
# What each member needs beside it: no other names are a capsule's (docs/formats/capsule.md).
_ALWAYS = {
    "capsule.json", "record.json", "record.tlog-proof", "checkpoint", "log.vkey", "text.txt", "selector.json",
    "citation.json", "readme.txt", "index.html", "check_capsule.py",
}  # fmt: skip
_SOMETIMES = (
    {"cable.json", "cable.tlog-proof"},
    {"source.json", "source.tlog-proof"},
    {"memento.json", "memento.tlog-proof"},
    {"import.json", "import.tlog-proof"},
)
_RECEIPT = re.compile("(" + _NUMBER + r")\.([a-z0-9][a-z0-9-]{0,39})\.tsr\Z")
_SELECTOR = {"source", "selector", "extractor", "paragraph", "portion_mark", "folded_blanks", "page_lines"}
_PLACES = (
    ("TextPositionSelector", {"type", "start", "end"}),
    ("TextQuoteSelector", {"type", "exact", "prefix", "suffix"}),
    ("DataPositionSelector", {"type", "start", "end"}),
)
_CITATION = {
    "id", "type", "title", "URL", "archive", "archive_location", "note", "custom", "number", "author", "issued",
    "available-date", "accessed", "source", "genre", "publisher", "publisher-place", "keyword",
}  # fmt: skip
_CUSTOM = {
    "original_url", "captured", "ni", "record_id", "record_sha256", "payload_sha256", "body_sha256", "statement",
    "checkpoint_size", "passage", "quote", "second_hand", "whole", "hidden_until_opened",
}  # fmt: skip
_ED25519_DER = bytes.fromhex("302a300506032b6570032100")

WHOLE, SIGNED = "the capsule is whole", "the checkpoint is signed by the log's key"
PASS, FAIL, NOT_CHECKED, NOT_PROVEN = "PASS", "FAIL", "NOT CHECKED", "NOT PROVEN"


class Bad(Exception):
    """The capsule does not hold what it says."""


class Verdict(NamedTuple):
    """What became of one claim."""

    claim: str
    verdict: str
    detail: str


class Member(NamedTuple):
    """One file of the capsule: its content, and the bytes that stand for it in the ZIP."""

    data: bytes
    method: int
    stored: bytes


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def zip_bytes(members: Dict[str, Member]) -> bytes:
    """The ZIP of these members: the one way that a capsule is written."""
    body, directory = bytearray(), bytearray()
    for name, member in members.items():
        label = name.encode("ascii")
        common = struct.pack(
            "<HHHHHIIIHH",
            20,
            0,
            member.method,
            _TIME,
            _DATE,
            zlib.crc32(member.data),
            len(member.stored),
            len(member.data),
            len(label),
            0,
        )
        directory += struct.pack("<IH", 0x02014B50, 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + label
        body += struct.pack("<I", 0x04034B50) + common + label + member.stored
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_zip(data: bytes) -> Dict[str, Member]:
    """The members of a capsule. Bad: it is not, byte for byte, the ZIP that `zip_bytes` writes of them."""
    if len(data) > MAX_FILE:
        raise Bad("the file is larger than any capsule")
    members, place, total = {}, 0, 0  # type: Tuple[Dict[str, Member], int, int]
    while data[place : place + 4] == b"PK\x03\x04":
        if len(data) < place + 30:
            raise Bad("the ZIP is cut")
        _v, _f, method, _t, _d, _crc, packed, size, length, _x = struct.unpack_from("<HHHHHIIIHH", data, place + 4)
        name = data[place + 30 : place + 30 + length].decode("latin-1")
        stored = data[place + 30 + length : place + 30 + length + packed]
        total += size
        if not _NAME.match(name) or name in members:
            raise Bad("the ZIP has a name twice, or one that no capsule has: " + ascii(name[:80]))
        if method not in (STORED, DEFLATED) or total > MAX_MEMBER or len(members) >= MAX_MEMBERS:
            raise Bad("the ZIP has too much in it, or is packed in a way that no capsule is")
        members[name] = Member(_unpacked(stored, method, size), method, stored)
        place += 30 + length + packed
    if not members or zip_bytes(members) != data:
        raise Bad("the ZIP is not written as a capsule is: changed, cut, or made by another program")
    return members


def _unpacked(stored: bytes, method: int, size: int) -> bytes:
    return stored if method == STORED else inflate(stored, -15, size)


def inflate(data: bytes, bits: int, limit: int) -> bytes:
    """Unpacks one whole stream of at most ``limit`` bytes, with nothing behind it."""
    unpacker = zlib.decompressobj(bits)
    try:
        out = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise Bad("compressed data are damaged") from error
    if len(out) > limit or not unpacker.eof or unpacker.unused_data:
        raise Bad("compressed data are cut, too large, or have something behind them")
    return out


def canonical(value: object) -> bytes:
    """JSON as every JSON file of a capsule is written, with a line feed."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def read_json(data: bytes) -> dict:  # type: ignore[type-arg]
    """An object of JSON, in the one form that a capsule has: its own files indented, the log's statements compact.

    One form leaves no room for a key that stands twice, or for two readers who take different values from it.
    """
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Bad("JSON cannot be read") from error
    if not isinstance(value, dict):
        raise Bad("JSON is no object")
    try:
        compact = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        forms = (canonical(value), compact)
    except ValueError as error:
        raise Bad("JSON cannot be read") from error
    if data not in forms:
        raise Bad("JSON is not in canonical form: a key stands twice, or it was written by another program")
    return value


def manifest_of(members: Dict[str, Member]) -> bytes:
    """The manifest: of every other member the SHA-256 of its content and of its bytes in the ZIP."""
    listed = {
        name: {"sha256": sha256(each.data), "stored_sha256": sha256(each.stored)}
        for name, each in members.items()
        if name != MANIFEST
    }
    return canonical({"format": FORMAT, "members": listed})


def check_names(names: Set[str]) -> None:
    """Holds the members against those that a capsule has. Bad: there is one more, or one is not there."""
    wanted = set(_ALWAYS)
    for group in _SOMETIMES:
        if group & names:
            wanted |= group
    for name in ("record", "source"):
        if name + ".json" in wanted or name + ".warc" in names:
            # A record is compressed by itself, or was taken out of what it lies in.
            wanted |= {name + ".json", name + ".tlog-proof"}
            wanted.add(name + (".warc" if name + ".warc" in names else ".warc.gz"))
    number = 1
    while number <= MAX_CHANGES and "key%d.json" % number in names:
        wanted |= {"key%d.json" % number, "key%d.tlog-proof" % number}
        number += 1
    proved = {name for name in ("record", "source", "cable", "memento", "import") if name + ".json" in wanted}
    for name in names:
        match = _RECEIPT.match(name)
        if match is not None:
            size, authority = match.groups()
            wanted |= {name, "%s.%s.tsq" % (size, authority), size + ".checkpoint"}
            wanted |= {"%s.%s.tlog-proof" % (each, size) for each in proved}
    if names - wanted:
        raise Bad("no capsule has a member " + min(names - wanted))
    if wanted - names:
        raise Bad("the capsule lacks " + min(wanted - names))


def newer_version(members: Dict[str, Member]) -> int:
    """The version that the manifest gives, where it is newer than what this file knows; else 0."""
    try:
        said = json.loads(members[MANIFEST].data.decode("utf-8"))["format"]
        match = re.match(r"preserve-capsule/([1-9][0-9]{0,5})\Z", said)
    except (KeyError, TypeError, ValueError, RecursionError):
        return 0
    return int(match[1]) if match is not None and int(match[1]) > VERSION else 0


def read_record(files: Dict[str, bytes], name: str) -> Tuple[bytes, bytes]:
    """Header and block of a WARC record of the capsule: in a gzip member of its own, or bare."""
    raw = files[name + ".warc"] if name + ".warc" in files else inflate(files[name + ".warc.gz"], 31, MAX_MEMBER)
    head, gap, rest = raw.partition(b"\r\n\r\n")
    if not gap or not rest.endswith(b"\r\n\r\n"):
        raise Bad("the record is no WARC record")
    return head + gap, rest[:-4]


def content_of(block: bytes) -> Optional[bytes]:
    """The page in a reply: transfer and content coding removed; None for a coding that this file does not know."""
    head, gap, body = block.partition(b"\r\n\r\n")
    if not gap:
        raise Bad("the record holds no HTTP reply")
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    if fields.get(b"transfer-encoding") == b"chunked":
        body = _dechunked(body)
    coding = fields.get(b"content-encoding", b"identity")
    if coding in (b"gzip", b"x-gzip"):
        return inflate(body, 31, MAX_MEMBER)
    if coding == b"deflate":
        return inflate(body, 15, MAX_MEMBER)
    return body if coding in (b"identity", b"") else None


def _dechunked(body: bytes) -> bytes:
    out, place = bytearray(), 0
    while True:
        end = body.find(b"\r\n", place)
        size = body[place:end].split(b";")[0].strip() if end >= 0 else b""
        if not re.match(rb"[0-9a-fA-F]{1,8}\Z", size):
            raise Bad("the reply's chunks are damaged")
        if int(size, 16) == 0:
            return bytes(out)
        out += body[end + 2 : end + 2 + int(size, 16)]
        place = end + 4 + int(size, 16)


def check_proof(proof: bytes, entry: bytes) -> bytes:
    """Checks a statement's place (RFC 9162, section 2.1.3.2); returns the signed checkpoint that it is under."""
    head, gap, note = proof.partition(b"\n\n")
    lines = head.split(b"\n")
    try:
        if not gap or lines[0] != b"c2sp.org/tlog-proof@v1":
            raise Bad("the proof is none")
        index, (size, root) = _number(lines[1], b"index "), tree_of(note)
        path = [base64.b64decode(line, validate=True) for line in lines[2:]]
    except (ValueError, IndexError, binascii.Error) as error:
        raise Bad("the proof cannot be read") from error
    place, last = index, size - 1
    value = hashlib.sha256(b"\0" + entry).digest()
    if not 0 <= index < size or [base64.b64encode(each) for each in path] != lines[2:]:
        raise Bad("the proof's numbers are wrong")
    for sibling in path:
        if last == 0 or len(sibling) != 32:
            raise Bad("the proof is too long")
        left = place % 2 or place == last
        value = hashlib.sha256(b"\1" + (sibling + value if left else value + sibling)).digest()
        while left and place and not place % 2:
            place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    if last or value != root:
        raise Bad("the statement is not in the log under this checkpoint")
    return note


def tree_of(note: bytes) -> Tuple[int, bytes]:
    """Size and root of a checkpoint (C2SP tlog-checkpoint). Bad: it is none."""
    try:
        _origin, size, root = note.partition(b"\n\n")[0].split(b"\n")[:3]
        return _number(size), base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Bad("the checkpoint cannot be read") from error


def check_note(note: bytes) -> None:
    """Holds the form of a signed note (C2SP signed-note): nothing stands in it but a text and signatures."""
    text, gap, lines = note.partition(b"\n\n")
    signature = re.compile(rb"\xe2\x80\x94 [^ +\n]+ [A-Za-z0-9+/]+={0,2}\Z")
    if not gap or not lines.endswith(b"\n") or not all(signature.match(line) for line in lines[:-1].split(b"\n")):
        raise Bad("the checkpoint has something else in it than signatures")
    if not all(line.decode("utf-8", "replace").isprintable() for line in text.split(b"\n")):
        raise Bad("the checkpoint has signs in it that nobody sees")


def index_of(proof: bytes) -> int:
    """The place of a statement in the log, as its proof gives it."""
    return _number(proof.split(b"\n", 2)[1], b"index ")


def _number(line: bytes, label: bytes = b"") -> int:
    """A whole number behind its label, in the one way that it is written."""
    if not re.match(label + _NUMBER.encode() + rb"\Z", line):
        raise Bad("a number of the proof is not written as one")
    return int(line[len(label) :])


def parse_key(vkey: str) -> Tuple[str, bytes, bytes]:
    """Name, number and public key of a verifier key (C2SP signed-note)."""
    try:
        name, number, key = vkey.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Bad("a verifier key cannot be read") from error
    told = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] != 1 or told.hex() != number:
        raise Bad("a verifier key is none of Ed25519")
    return name, told, raw[1:]


def signed_by(note: bytes, vkey: str) -> Optional[bool]:
    """Whether a checkpoint has a good signature of this key; None where nothing here can tell.

    Bad: there is a signature of this key, and it is wrong.
    """
    name, number, key = parse_key(vkey)
    text, _gap, lines = note.partition(b"\n\n")
    for line in lines.split(b"\n"):
        parts = line.split(b" ")
        if len(parts) != 3 or parts[:2] != ["\u2014".encode(), name.encode()]:
            continue
        try:
            value = base64.b64decode(parts[2], validate=True)
        except binascii.Error:
            continue
        if value[:4] == number:
            good = _ed25519(key, value[4:], text + b"\n")
            if good is False:
                raise Bad("the signature of " + name + " is wrong")
            return good
    return False


def _ed25519(key: bytes, signature: bytes, data: bytes) -> Optional[bool]:
    """Whether a signature is good; None where neither the package nor a command that can tell is here."""
    if len(signature) != 64:
        return False
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return _ed25519_by_command(key, signature, data)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm:
        return _ed25519_by_command(key, signature, data)
    return True


def _ed25519_by_command(key: bytes, signature: bytes, data: bytes) -> Optional[bool]:
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(_ED25519_DER + key) + b"\n-----END PUBLIC KEY-----\n"
    ran = _openssl(
        ["pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "data", "-sigfile", "signature"],
        {"key": pem, "data": data, "signature": signature},
    )
    if ran is not None and ran.returncode == 0:
        return True
    # An openssl that does not know the algorithm or an option says something else.
    return False if ran is not None and b"Signature Verification Failure" in ran.stdout + ran.stderr else None


def _openssl(words: Sequence[str], files: Dict[str, bytes]) -> "Optional[subprocess.CompletedProcess[bytes]]":
    """Runs openssl in a folder with these files; None where there is no such command."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        try:
            return subprocess.run(["openssl", *words], cwd=folder, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None


StampCheck = Callable[[bytes, bytes], str]
"""From a reply and a checkpoint to the moment that it proves. Bad: it proves none. Unable: nothing here can tell."""


class Unable(Exception):
    """What is needed to check a claim is not here."""


def stamp_check(roots: bytes) -> StampCheck:
    """Checks time stamps with openssl and these root certificates, each at its own time (RFC 3161, appendix B)."""

    def check(reply: bytes, note: bytes) -> str:
        seconds = signed_time(reply, note)
        files = {"roots": roots, "reply": reply, "data": note}
        words = ["ts", "-verify", "-attime", str(seconds), "-data", "data", "-in", "reply", "-CAfile", "roots"]
        ran = _openssl(words, files)
        if ran is None:
            raise Unable("openssl is not here")
        if ran.returncode:
            raise Bad("no signature that leads to your roots")
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

    return check


def signed_time(reply: bytes, note: bytes) -> int:
    """The moment that the signature of a time stamp covers, in seconds since 1970; whether it is good is not looked at.

    It is ``genTime`` of the TSTInfo (RFC 3161 section 2.4.2), the content that is signed. Everything else of a reply
    (such as the text beside its status) can be written by anybody. Bad: it is no stamp of these bytes.
    """
    try:
        status, token = _values(_only(reply, 0x30))[:2]
        if _values(status[1])[0] not in ((2, b"\0"), (2, b"\1")):
            raise Bad("it was not granted")
        kind, content = _values(token[1])
        signed = _values(_only(_inner(content, 0xA0), 0x30))
        inner_kind, inner = _values(signed[2][1])
        if (kind, inner_kind) != ((6, _SIGNED_DATA), (6, _TST_INFO)):
            raise Bad("it is no time stamp")
        said = _values(_only(_only(_inner(inner, 0xA0), 0x04), 0x30))
        imprint, moment = _values(said[2][1])[1], said[4]
    except (IndexError, ValueError) as error:
        raise Bad("it cannot be read") from error
    if imprint != (4, hashlib.sha256(note).digest()):
        raise Bad("it is for other bytes")
    match = re.match(rb"(\d{14})(?:\.\d{1,9})?Z\Z", moment[1])
    if moment[0] != 0x18 or match is None:
        raise Bad("its time cannot be read")
    try:
        return calendar.timegm(time.strptime(match[1].decode("ascii"), "%Y%m%d%H%M%S"))
    except ValueError as error:
        raise Bad("its time cannot be read") from error


_SIGNED_DATA, _TST_INFO = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")


def _values(data: bytes) -> List[Tuple[int, bytes]]:
    """Tag and content of the DER values that stand behind one another. ValueError: they are not whole."""
    found, place = [], 0
    while place < len(data):
        tag, length, place = data[place], data[place + 1], place + 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise ValueError
            length, place = int.from_bytes(data[place : place + count], "big"), place + count
        if place + length > len(data):
            raise ValueError
        found.append((tag, data[place : place + length]))
        place += length
    return found


def _only(data: bytes, tag: int) -> bytes:
    """The content of the one value that is there. ValueError: there is another, or more."""
    ((found, content),) = _values(data)
    if found != tag:
        raise ValueError
    return content


def _inner(value: Tuple[int, bytes], tag: int) -> bytes:
    if value[0] != tag:
        raise ValueError
    return value[1]


def check(data: bytes, keys: Sequence[str] = (), stamps: Optional[StampCheck] = None) -> List[Verdict]:
    """The verdict for each claim of a capsule, but for what needs the extractor."""
    try:
        members = read_zip(data)
        newer = newer_version(members)
        if newer:
            why = "newer capsule: preserve-capsule/%d; check it with the checker of that version" % newer
            return [Verdict(WHOLE, NOT_CHECKED, why)]
        if MANIFEST not in members or members[MANIFEST].data != manifest_of(members):
            raise Bad("the manifest does not name these files with these checksums")
        check_names(set(members))
    except Bad as error:
        return [Verdict(WHOLE, FAIL, str(error))]
    files = {name: member.data for name, member in members.items()}
    told = [Verdict(WHOLE, PASS, "%d files" % len(files))]

    def claim(name: str, work: Callable[[], Tuple[str, str]]) -> None:
        try:
            told.append(Verdict(name, *work()))
        except Bad as error:
            told.append(Verdict(name, FAIL, str(error)))
        except KeyError as error:
            told.append(Verdict(name, FAIL, "the capsule lacks " + str(error)))
        except (TypeError, ValueError, AttributeError):
            told.append(Verdict(name, FAIL, "a value of the capsule is of another form"))

    claim("the record's bytes are those in the statement", lambda: _record(files))
    claim("the statements are in the log at the checkpoint", lambda: _in_log(files))
    claim(SIGNED, lambda: _signed(files, keys))
    claim("the text is the one in the statement", lambda: _text(files))
    claim("the quote stands in the text at its place", lambda: _quote(files))
    claim("the quote's bytes stand in the page", lambda: _bytes(files))
    claim("existed before a trusted time", lambda: _time(files, stamps))
    claim("the checker inside is this one", lambda: _checker(files))
    told.append(Verdict("the origin really served this", NOT_PROVEN, "no capture can prove it"))
    return told


def alone(data: bytes, keys: Sequence[str] = (), stamps: Optional[StampCheck] = None) -> List[Verdict]:
    """What `check` says, and by name what a capsule shows that this file cannot hold against anything proved."""
    told = check(data, keys, stamps)
    if len(told) > 1:
        told[-1:-1] = [
            Verdict("the text follows from the bytes", NOT_CHECKED, "this needs the extractor"),
            Verdict("paragraph and portion mark in selector.json", NOT_CHECKED, "this needs the extractor"),
            Verdict(
                "title, author, dates and note in citation.json",
                NOT_CHECKED,
                "only words; `preserve check` makes them again",
            ),
            Verdict("what readme.txt says", NOT_CHECKED, "only words; `preserve check` makes it again"),
            Verdict("what index.html shows", NOT_CHECKED, "only words; `preserve check` makes it again"),
        ]
    return told


def is_good(verdicts: Sequence[Verdict], *, key_given: bool = True) -> bool:
    """Whether nothing failed, and the log's key is one that the reader gave, if any was given."""
    signed = [each.verdict for each in verdicts if each.claim == SIGNED]
    failed = any(each.verdict == FAIL for each in verdicts)
    return not failed and (PASS in signed if key_given else bool(signed))


def conclusion(verdicts: Sequence[Verdict]) -> str:
    """All verdicts in one line."""
    failed = [each.claim for each in verdicts if each.verdict == FAIL]
    if failed:
        return "NOT GOOD: failed: " + "; ".join(failed)
    if is_good(verdicts):
        return "GOOD: nothing failed, and the log's key is one that you trust; read what was not checked"
    if len(verdicts) == 1:
        return "NOT CHECKED: " + verdicts[0].detail
    signed = next(each for each in verdicts if each.claim == SIGNED)
    return "NOT PROVEN: nothing failed, but whose log it is was not shown: " + signed.detail


def _source(files: Dict[str, bytes]) -> str:
    return "source" if "source.json" in files else "record"


def _record(files: Dict[str, bytes]) -> Tuple[str, str]:
    for name in sorted({"record", _source(files)}):
        header, block = read_record(files, name)
        said = read_json(files[name + ".json"])
        if said["kind"] != "record" or sha256(header + block) != said["record_sha256"]:
            raise Bad("the " + name + " is not the one of " + name + ".json")
    record, cable = read_json(files["record.json"]), _cable(files)
    source = read_json(files[_source(files) + ".json"])
    if source is not record and source["record_id"] not in (record["record_id"], record["refers_to"]):
        raise Bad("the record does not refer to the other one")
    if cable is not None and (cable["kind"] != "cable" or cable["record_id"] != source["record_id"]):
        raise Bad("the text was not read from this record")
    hand = second_hand(files)
    _citation(files, record, source, cable, hand[0])
    for name in ("readme.txt", "index.html"):
        page = files[name].decode("utf-8")
        told = (source["record_sha256"], sha256(files["text.txt"]), record["record_id"])
        if not all(each in page for each in told):
            raise Bad(name + " is of another passage")
    return PASS, "%s of %s, captured %s%s" % (record["type"], record["uri"], record["date"], hand[1])


def _cable(files: Dict[str, bytes]) -> Optional[dict]:  # type: ignore[type-arg]
    """The statement of the text; None for a page that is no cable, of which the log states none."""
    return read_json(files["cable.json"]) if "cable.json" in files else None


def _citation(files: Dict[str, bytes], record: dict, source: dict, cable: Optional[dict], hand: str) -> None:  # type: ignore[type-arg]
    """Holds what a citation says of record, text, log and passage against them; its other words are not looked at."""
    cited = read_json(files["citation.json"])
    custom = cited["custom"]
    if set(cited) - _CITATION or set(custom) - _CUSTOM:
        raise Bad("citation.json has a key that no citation has")
    if custom.get("second_hand", "") != hand:
        raise Bad("the citation does not say whose copy it is")
    if custom.get("whole", "whole") != (source["whole"] or "whole"):
        raise Bad("the citation does not say whether all of the page came")
    if (cited["URL"], custom["original_url"]) != (address(files),) * 2 or custom["captured"] != record["date"]:
        raise Bad("the citation is of another page")
    told = (custom["record_id"], custom["record_sha256"], custom.get("payload_sha256", ""))
    if told != (record["record_id"], record["record_sha256"], source["payload_sha256"] or ""):
        raise Bad("the citation is of another record")
    name = None if cable is None else cable["published_id"]
    if (cited.get("number"), custom["body_sha256"]) != (name, sha256(files["text.txt"])):
        raise Bad("the citation is of another text")
    origin, size = files["checkpoint"].split(b"\n")[0].decode("utf-8"), tree_of(files["checkpoint"])[0]
    log = (origin, size, index_of(files["record.tlog-proof"]))
    if (cited["archive"], custom["checkpoint_size"], custom["statement"]) != log:
        raise Bad("the citation is of another log")
    if custom["quote"] != read_json(files["selector.json"])["selector"][1]["exact"]:
        raise Bad("the citation has another quote")


def address(files: Dict[str, bytes]) -> str:
    """The address of the page itself: of a page from a web archive the one that the archive served it for."""
    name = "memento.json" if "memento.json" in files else "record.json"
    uri = str(read_json(files[name])["uri"])
    return without_password(uri.removeprefix(_DOM))


def without_password(url: str) -> str:
    """An address as it is cited: without the user name and the password that it may have."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*:/*)[^/?#]*@", url)
    return url if match is None else match[1] + url[match.end() :]


_DOM = "urn:dom:"
BUILT = "from the document that the page's scripts built in the browser of the program that captured it"


def second_hand(files: Dict[str, bytes]) -> Tuple[str, str]:
    """Of a page from a web archive or an imported file: how a citation says it, and how a verdict does; else empty."""
    imported = _imported(files)
    if imported is not None:
        package = " in " + imported["package"]["name"] if imported["package"] else ""
        told = "from %s%s, made by %s, taken in on %s" % (
            imported["source"],
            package,
            imported["maker"] or "another program",
            imported["imported"][:10],
        )
        return told, "; second hand: " + told + "; its date and address are what that file says"
    if "memento.json" not in files:
        if str(read_json(files[_source(files) + ".json"])["uri"]).startswith(_DOM):
            return BUILT, "; second hand: " + BUILT + ", and in no reply of its server"
        return "", ""
    said, record = read_json(files["memento.json"]), read_json(files["record.json"])
    if said["kind"] != "memento" or said["verdict"] != "page":
        raise Bad("memento.json states no page from a web archive")
    if (said["record_id"], said["memento"]) != (record["record_id"], record["uri"]):
        raise Bad("memento.json is of another record")
    served = said["served"] or said["requested"]
    return (
        "as served by %s, memento of %s" % (said["archive_title"], served),
        "; second hand: %s as served by %s (%s), asked for %s, served as of %s, which is that archive's claim"
        % (said["uri"], said["archive_title"], said["archive"], said["requested"], said["served"] or "no stated time"),
    )


def _imported(files: Dict[str, bytes]) -> Optional[dict]:  # type: ignore[type-arg]
    """The statement of the import of the page's file, where its record was imported; None for one of our own."""
    records = [read_json(files[name + ".json"]) for name in ("record", "source") if name + ".json" in files]
    names = [each["file"] for each in records if str(each["run"]).startswith("import:")]
    if not names and "import.json" not in files:
        return None
    said = read_json(files["import.json"])
    if said["kind"] != "import" or said["file"] not in names:
        raise Bad("import.json is of another file than the record's")
    return said


def _proved(files: Dict[str, bytes]) -> List[str]:
    return sorted(name for name in ("record", "source", "cable", "memento", "import") if name + ".json" in files)


def _in_log(files: Dict[str, bytes]) -> Tuple[str, str]:
    for name in _proved(files):
        if check_proof(files[name + ".tlog-proof"], files[name + ".json"]) != files["checkpoint"]:
            raise Bad(name + ".tlog-proof is for another checkpoint")
    lines = files["checkpoint"].decode("utf-8", "replace").split("\n")
    return PASS, "%s at size %s" % (lines[0], lines[1])


def _signed(files: Dict[str, bytes], keys: Sequence[str]) -> Tuple[str, str]:
    note, hint = files["checkpoint"], files["log.vkey"].decode("ascii", "replace").strip()
    check_note(note)
    if files["log.vkey"] != hint.encode("ascii", "replace") + b"\n":
        raise Bad("log.vkey has something else in it than one key")
    if parse_key(hint)[0] != note.split(b"\n")[0].decode("utf-8", "replace"):
        raise Bad("the key is of another log")
    good = signed_by(note, hint)
    if good is None:
        return NOT_CHECKED, "neither the package cryptography nor openssl is here"
    if not good:
        raise Bad("the checkpoint is not signed with " + hint)
    before = _keys_before(files, hint)
    known = [parse_key(key) for key in keys]
    if parse_key(hint) in known:
        return PASS, "by a key that you trust"
    for key in before:
        if parse_key(key) in known:
            return PASS, "with %s, to which %s, which you trust, gave over" % (hint, key)
    if known:
        raise Bad("signed with %s, which is none that you trust" % hint)
    return NOT_PROVEN, "signed with %s, not known to you: compare it with one from elsewhere" % hint


def _keys_before(files: Dict[str, bytes], key: str) -> List[str]:
    """The keys that the log had before, newest first, each proved to have given over to the next.

    It gave over where a checkpoint that both keys signed has the statement of the change.
    """
    keys, size = [], tree_of(files["checkpoint"])[0]  # type: Tuple[List[str], int]
    while "key%d.json" % (len(keys) + 1) in files:
        name = "key%d" % (len(keys) + 1)
        said = read_json(files[name + ".json"])
        note = check_proof(files[name + ".tlog-proof"], files[name + ".json"])
        if said["kind"] != "key" or said["new"] != key or not signed_by(note, key) or not signed_by(note, said["old"]):
            raise Bad(name + ".json changes the key to another one, or without the signature of both")
        if index_of(files[name + ".tlog-proof"]) >= size:
            raise Bad("the log of %d statements is too small to have %s.json in it" % (size, name))
        key = said["old"]
        keys.append(key)
    return keys


def _text(files: Dict[str, bytes]) -> Tuple[str, str]:
    cable = _cable(files)
    if cable is None:
        return NOT_PROVEN, "the log states no text of a page that is no cable"
    if sha256(files["text.txt"]) != cable["body_sha256"]:
        raise Bad("text.txt is not the text of the statement")
    return PASS, "as %s read it" % cable["extractor"]


def _quote(files: Dict[str, bytes]) -> Tuple[str, str]:
    said = read_json(files["selector.json"])
    _selector(said)
    text, (place, quote, _bytes_of) = files["text.txt"].decode("utf-8"), said["selector"]
    start, end = place["start"], place["end"]
    if not 0 <= start < end <= len(text) or text[start:end] != quote["exact"]:
        raise Bad("the text has something else there")
    if (quote["prefix"], quote["suffix"]) != (text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]):
        raise Bad("something else stands around it")
    if said["source"] != address(files):
        raise Bad("the selector is of another page")
    cable = _cable(files)
    if not isinstance(said["extractor"], str) or (cable is not None and said["extractor"] != cable["extractor"]):
        raise Bad("the selector is of another text")
    times = text.count(quote["exact"])
    return PASS, "characters %d to %d; the text has it %d time%s" % (start, end, times, "" if times == 1 else "s")


def _selector(said: dict) -> None:  # type: ignore[type-arg]
    """Holds the form of ``selector.json`` against the format: what has no place in it is no part of a selector."""
    places = said["selector"]
    if set(said) != _SELECTOR or not isinstance(places, list) or len(places) != len(_PLACES):
        raise Bad("selector.json has other keys than a selector")
    for place, (kind, keys) in zip(places, _PLACES):
        if set(place) != keys or place["type"] != kind:
            raise Bad("selector.json has another selector than a %s in its place" % kind)
        if any(type(place[key]) is not (int if key in ("start", "end") else str) for key in keys):
            raise Bad("selector.json has a value of another form")
    lines, quoted = said["page_lines"], places[1]["exact"]
    marks = (said["paragraph"], said["portion_mark"])
    if not all(mark is None or (isinstance(mark, str) and len(mark) <= 80) for mark in marks):
        raise Bad("selector.json has a paragraph or a portion mark of another form")
    if type(said["folded_blanks"]) is not bool or not isinstance(lines, list):
        raise Bad("selector.json has a value of another form")
    if any(line not in [each.strip() for each in quoted.split("\n")] for line in lines):
        raise Bad("selector.json leaves out a page line that the quote does not have")


def _bytes(files: Dict[str, bytes]) -> Tuple[str, str]:
    block = read_record(files, _source(files))[1]
    is_reply = read_json(files[_source(files) + ".json"])["type"] != "resource"
    content = content_of(block) if is_reply else block
    if content is None:
        return NOT_CHECKED, "the page's content coding is none that this checker knows"
    _place, quote, span = read_json(files["selector.json"])["selector"]
    start, end = span["start"], span["end"]
    if not 0 <= start < end <= len(content):
        raise Bad("there are no such bytes in the page")
    shown = html.unescape(re.sub(r"<[^<>]*>", " ", content[start:end].decode("utf-8", "replace")))
    if "".join(shown.split()) != "".join(quote["exact"].split()):
        return NOT_CHECKED, "bytes %d to %d show it only to the extractor" % (start, end)
    return PASS, "bytes %d to %d" % (start, end)


def _time(files: Dict[str, bytes], stamps: Optional[StampCheck]) -> Tuple[str, str]:
    replies = [name for name in files if name.endswith(".tsr")]
    for name in replies:
        size = name.split(".")[0]
        note = files[size + ".checkpoint"]
        if str(tree_of(note)[0]) != size:
            raise Bad(size + ".checkpoint is of another size")
        check_note(note)
        _request(files[name[:-1] + "q"], note)
        for each in _proved(files):
            if check_proof(files[each + "." + size + ".tlog-proof"], files[each + ".json"]) != note:
                raise Bad("a proof is for another checkpoint than " + name)
    if not replies:
        return NOT_CHECKED, "the capsule has no receipt"
    if stamps is None:
        return NOT_CHECKED, "%d receipts, and no root certificate that you trust" % len(replies)
    reasons, moments, unable = [], [], False
    for name in replies:
        try:
            moments.append(stamps(files[name], files[name.split(".")[0] + ".checkpoint"]))
        except Bad as error:
            reasons.append("%s: %s" % (name, error))
        except Unable as error:
            unable = True
            reasons.append("%s: %s" % (name, error))
    if moments:
        return PASS, "before " + "; ".join(moments)
    return (NOT_CHECKED if unable else NOT_PROVEN), "; ".join(reasons)


def _request(request: bytes, note: bytes) -> None:
    """Holds a request against the bytes that it is for (RFC 3161 section 2.4.1); one that was lost is empty."""
    if request:
        try:
            imprint = _values(_values(_only(request, 0x30))[1][1])[1]
        except (IndexError, ValueError) as error:
            raise Bad("a request for a time stamp cannot be read") from error
        if imprint != (4, hashlib.sha256(note).digest()):
            raise Bad("a request for a time stamp is for other bytes")


def _checker(files: Dict[str, bytes]) -> Tuple[str, str]:
    try:
        own = read_file(__file__, MAX_MEMBER)
    except (OSError, NameError):
        return NOT_CHECKED, "this checker cannot read itself"
    if files["check_capsule.py"] != own:
        return NOT_CHECKED, "check_capsule.py is of another version, or was changed: do not run it"
    return PASS, "do not take it from here all the same, where you do not know who sent it"


def read_file(path: str, limit: int) -> bytes:
    """At most so many bytes of a regular file: no pipe is waited for. OSError: it is none, or cannot be read."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError("%s is no file" % path)
        return file.read(limit)


def main(words: List[str]) -> int:
    """Prints the verdicts and the conclusion; 0 where `is_good`, else 1; 2 for a wrong call."""
    keys, roots, paths = [], b"", []  # type: Tuple[List[str], bytes, List[str]]
    rest, name = iter(words), ""
    try:
        for word in rest:
            if word == "--key":
                keys.append(next(rest))
                parse_key(keys[-1])
            elif word == "--roots":
                name = next(rest)
                roots += read_file(name, 1 << 20)
            else:
                paths.append(word)
        if len(paths) != 1:
            raise Bad("name one capsule: the ZIP file as it was given to you")
        name = paths[0]
        data = read_file(name, MAX_FILE + 1)
    except (OSError, ValueError, StopIteration, Bad) as error:
        why = "an option stands without its value" if isinstance(error, StopIteration) else str(error)
        if isinstance(error, IsADirectoryError):
            why = "%r is a folder: name the capsule itself, the ZIP file as it was given to you" % name
        elif isinstance(error, OSError):
            why = "%r cannot be read: %s" % (name, error.strerror or error)
        print("%s\nusage: check_capsule.py CAPSULE [--key VKEY] [--roots PEM-FILE]" % why, file=sys.stderr)
        return 2
    verdicts = alone(data, keys, stamp_check(roots) if roots else None)
    lines = ["%-12s%s: %s" % (each.verdict, each.claim, each.detail) for each in verdicts]
    for line in [*lines, conclusion(verdicts)]:
        print("".join(c if c.isprintable() else "?" for c in line).encode("ascii", "backslashreplace").decode())
    return 0 if is_good(verdicts, key_given=bool(keys)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
