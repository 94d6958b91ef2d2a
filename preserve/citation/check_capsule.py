"""Checks a citation capsule without the program that made it: ``python3 check_capsule.py CAPSULE [options]``.

One file of standard-library Python, from 3.9 on. Signatures need the package ``cryptography`` or the command
``openssl``, time stamps the command; where both are missing the claim is NOT CHECKED. Nothing is unpacked to disk.
Options: ``--key VKEY`` (a log's verifier key that you trust), ``--roots FILE`` (PEM certificates of time authorities).
"""
# ruff: noqa: UP006, UP031, UP035, UP045, PTH123, PTH118, PLC0415, PLR2004, T201, N818, S603, S607, TRY301 - Python 3.9

import base64
import binascii
import calendar
import hashlib
import html
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

FORMAT = "preserve-capsule/1"
CONTEXT = 32  # Characters of the text that are named before and behind the quote.
MANIFEST = "capsule.json"
MAX_FILE = 64 << 20
MAX_MEMBER = 64 << 20
MAX_MEMBERS = 200
STORED, DEFLATED = 0, 8
_DATE, _TIME = (1980 - 1980) << 9 | 1 << 5 | 1, 0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z")
_ED25519_DER = bytes.fromhex("302a300506032b6570032100")

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
    """An object of JSON."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Bad("JSON cannot be read") from error
    if not isinstance(value, dict):
        raise Bad("JSON is no object")
    return value


def manifest_of(members: Dict[str, Member]) -> bytes:
    """The manifest: of every other member the SHA-256 of its content and of its bytes in the ZIP."""
    listed = {
        name: {"sha256": sha256(each.data), "stored_sha256": sha256(each.stored)}
        for name, each in members.items()
        if name != MANIFEST
    }
    return canonical({"format": FORMAT, "members": listed})


def read_record(member: bytes) -> Tuple[bytes, bytes]:
    """Header and block of the one WARC record in a gzip member."""
    raw = inflate(member, 31, MAX_MEMBER)
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
        if not gap or lines[0] != b"c2sp.org/tlog-proof@v1" or not re.match(rb"index \d{1,15}\Z", lines[1]):
            raise Bad("the proof is none")
        text = note.partition(b"\n\n")[0].split(b"\n")
        index, size, root = int(lines[1][6:]), int(text[1][:16]), base64.b64decode(text[2], validate=True)
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
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(_ED25519_DER + key) + b"\n-----END PUBLIC KEY-----\n"
        ran = _openssl(
            ["pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "data", "-sigfile", "signature"],
            {"key": pem, "data": data, "signature": signature},
        )
        return None if ran is None else ran.returncode == 0
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


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
"""From a reply and a checkpoint to the moment that it proves. Bad: it proves none."""


def stamp_check(roots: bytes) -> StampCheck:
    """Checks time stamps with openssl and these root certificates, each at its own time (RFC 3161, appendix B)."""

    def check(reply: bytes, note: bytes) -> str:
        files = {"roots": roots, "reply": reply, "data": note}
        shown = _openssl(["ts", "-reply", "-in", "reply", "-text"], files)
        if shown is None:
            raise Bad("openssl is missing")
        match = re.search(rb"Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT", shown.stdout)
        if match is None:
            raise Bad("openssl shows no time in it")
        moment = b" ".join(match.groups()).decode()
        seconds = calendar.timegm(time.strptime(moment, "%b %d %H:%M:%S %Y"))
        words = ["ts", "-verify", "-attime", str(seconds), "-data", "data", "-in", "reply", "-CAfile", "roots"]
        ran = _openssl(words, files)
        if ran is None or ran.returncode:
            raise Bad("no signature that leads to your roots")
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

    return check


def check(data: bytes, keys: Sequence[str] = (), stamps: Optional[StampCheck] = None) -> List[Verdict]:
    """The verdict for each claim of a capsule, but that the text follows from the bytes."""
    try:
        members = read_zip(data)
        if MANIFEST not in members or members[MANIFEST].data != manifest_of(members):
            raise Bad("the manifest does not name these files with these checksums")
    except Bad as error:
        return [Verdict("the capsule is whole", FAIL, str(error))]
    files = {name: member.data for name, member in members.items()}
    told = [Verdict("the capsule is whole", PASS, "%d files" % len(files))]

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
    claim("the checkpoint is signed by the log's key", lambda: _signed(files, keys))
    claim("the text is the one in the statement", lambda: _text(files))
    claim("the quote stands in the text at its place", lambda: _quote(files))
    claim("the quote's bytes stand in the page", lambda: _bytes(files))
    claim("existed before a trusted time", lambda: _time(files, stamps))
    told.append(Verdict("the origin really served this", NOT_PROVEN, "no capture can prove it"))
    return told


def _source(files: Dict[str, bytes]) -> str:
    return "source" if "source.warc.gz" in files else "record"


def _record(files: Dict[str, bytes]) -> Tuple[str, str]:
    for name in sorted({"record", _source(files)}):
        header, block = read_record(files[name + ".warc.gz"])
        said = read_json(files[name + ".json"])
        if said["kind"] != "record" or sha256(header + block) != said["record_sha256"]:
            raise Bad(name + ".warc.gz is not the record of " + name + ".json")
    record, cable = read_json(files["record.json"]), read_json(files["cable.json"])
    source = read_json(files[_source(files) + ".json"])
    if source is not record and source["record_id"] not in (record["record_id"], record["refers_to"]):
        raise Bad("the record does not refer to the other one")
    if cable["kind"] != "cable" or cable["record_id"] != source["record_id"]:
        raise Bad("the text was not read from this record")
    cited = read_json(files["citation.json"])
    if (cited["URL"], cited["archive_location"]) != (address(files), record["record_id"]):
        raise Bad("the citation is of another record")
    hand = second_hand(files)
    if cited["custom"].get("second_hand", "") != hand[0]:
        raise Bad("the citation does not say whose copy it is")
    if (cited["number"], cited["custom"]["body_sha256"]) != (cable["published_id"], cable["body_sha256"]):
        raise Bad("the citation is of another text")
    page = files["readme.txt"].decode("utf-8")
    if source["record_sha256"] not in page or cable["body_sha256"] not in page or record["record_id"] not in page:
        raise Bad("the readable page is of another passage")
    return PASS, "%s of %s, captured %s%s" % (record["type"], record["uri"], record["date"], hand[1])


def address(files: Dict[str, bytes]) -> str:
    """The address of the page itself: of a page from a web archive the one that the archive served it for."""
    if "memento.json" in files:
        return str(read_json(files["memento.json"])["uri"])
    return str(read_json(files["record.json"])["uri"])


def second_hand(files: Dict[str, bytes]) -> Tuple[str, str]:
    """Of a page from a web archive: how a citation says it, and how a verdict does. Empty for one of the site's own."""
    if "memento.json" not in files:
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


def _proved(files: Dict[str, bytes]) -> List[str]:
    return sorted({"record", _source(files), "cable"} | ({"memento"} if "memento.json" in files else set()))


def _in_log(files: Dict[str, bytes]) -> Tuple[str, str]:
    for name in _proved(files):
        if check_proof(files[name + ".tlog-proof"], files[name + ".json"]) != files["checkpoint"]:
            raise Bad(name + ".tlog-proof is for another checkpoint")
    lines = files["checkpoint"].decode("utf-8", "replace").split("\n")
    return PASS, "%s at size %s" % (lines[0], lines[1])


def _signed(files: Dict[str, bytes], keys: Sequence[str]) -> Tuple[str, str]:
    note, hint = files["checkpoint"], files["log.vkey"].decode("ascii", "replace").strip()
    origin = note.split(b"\n")[0].decode("utf-8", "replace")
    if parse_key(hint)[0] != origin:
        raise Bad("the key is of another log")
    good = signed_by(note, hint)
    if good is None:
        return NOT_CHECKED, "neither the package cryptography nor openssl is here"
    if not good:
        raise Bad("the checkpoint is not signed with " + hint)
    before = _keys_before(files, hint)
    known = [parse_key(key) for key in keys if parse_key(key)[0] == origin]
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
    keys = []  # type: List[str]
    while "key%d.json" % (len(keys) + 1) in files:
        name = "key%d" % (len(keys) + 1)
        said = read_json(files[name + ".json"])
        note = check_proof(files[name + ".tlog-proof"], files[name + ".json"])
        if said["kind"] != "key" or said["new"] != key or not signed_by(note, key) or not signed_by(note, said["old"]):
            raise Bad(name + ".json changes the key to another one, or without the signature of both")
        key = said["old"]
        keys.append(key)
    return keys


def _text(files: Dict[str, bytes]) -> Tuple[str, str]:
    cable = read_json(files["cable.json"])
    if sha256(files["text.txt"]) != cable["body_sha256"]:
        raise Bad("text.txt is not the text of the statement")
    return PASS, "as %s read it" % cable["extractor"]


def _quote(files: Dict[str, bytes]) -> Tuple[str, str]:
    said = read_json(files["selector.json"])
    text, (place, quote, _bytes_of) = files["text.txt"].decode("utf-8"), said["selector"]
    start, end = place["start"], place["end"]
    if not 0 <= start < end <= len(text) or text[start:end] != quote["exact"]:
        raise Bad("the text has something else there")
    if (quote["prefix"], quote["suffix"]) != (text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]):
        raise Bad("something else stands around it")
    if said["source"] != address(files):
        raise Bad("the selector is of another page")
    return PASS, "characters %d to %d; the text has it %d times" % (start, end, text.count(quote["exact"]))


def _bytes(files: Dict[str, bytes]) -> Tuple[str, str]:
    block = read_record(files[_source(files) + ".warc.gz"])[1]
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
    if not replies:
        return NOT_CHECKED, "the capsule has no receipt"
    if stamps is None:
        return NOT_CHECKED, "%d receipts, and no root certificate that you trust" % len(replies)
    reasons, moments = [], []
    for name in replies:
        size = name.split(".")[0]
        note = files[size + ".checkpoint"]
        for each in _proved(files):
            if check_proof(files[each + "." + size + ".tlog-proof"], files[each + ".json"]) != note:
                raise Bad("a proof is for another checkpoint than " + name)
        try:
            moments.append(stamps(files[name], note))
        except Bad as error:
            reasons.append("%s: %s" % (name, error))
    return (PASS, "before " + "; ".join(moments)) if moments else (NOT_PROVEN, "; ".join(reasons))


def main(words: List[str]) -> int:
    """Prints the verdicts; 0 where none is FAIL, 1 where one is, 2 for a wrong call."""
    keys, roots, paths = [], b"", []  # type: Tuple[List[str], bytes, List[str]]
    rest = iter(words)
    try:
        for word in rest:
            if word == "--key":
                keys.append(next(rest))
                parse_key(keys[-1])
            elif word == "--roots":
                with open(next(rest), "rb") as file:
                    roots += file.read(1 << 20)
            else:
                paths.append(word)
        (path,) = paths
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError, StopIteration, Bad) as error:
        usage = "usage: check_capsule.py CAPSULE [--key VKEY] [--roots PEM-FILE]"
        print("%s\n%s" % (error, usage), file=sys.stderr)
        return 2
    verdicts = check(data, keys, stamp_check(roots) if roots else None)
    if len(verdicts) > 1:
        verdicts.append(Verdict("the text follows from the bytes", NOT_CHECKED, "this needs the extractor"))
    for each in verdicts:
        line = "%-12s%s: %s" % (each.verdict, each.claim, each.detail)
        print("".join(c if c.isprintable() else "?" for c in line).encode("ascii", "backslashreplace").decode())
    return 1 if any(each.verdict == FAIL for each in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
