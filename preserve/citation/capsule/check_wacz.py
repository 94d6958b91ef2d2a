"""Checks a package without the program that made it: ``python3 check_wacz.py FILE.wacz [--key VKEY] [--roots FILE]``.

Standard-library Python, from 3.9 on; ``check_capsule.py``, which lies in the package too, must lie beside it.
Signatures need the package ``cryptography`` or the command ``openssl``. Nothing is unpacked to disk. ``--key`` is the
log's verifier key that you trust, ``--roots`` PEM certificates of time authorities. Status 0: nothing failed, and the
log's key is one that you gave, if you gave any. Status 1: anything else. Status 2: a wrong call.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""
# ruff: noqa: UP006, UP031, UP035, UP045, PTH123, PLC0415, T201, TRY301 - Python 3.9

import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

if __package__:
    from preserve.citation.capsule.check_capsule import (
        FAIL,
        NOT_CHECKED,
        NOT_PROVEN,
        PASS,
        Bad,
        Unable,
        Verdict,
        check_note,
        signed_by,
        stamp_check,
        tree_of,
    )
else:
    from check_capsule import (  # type: ignore[no-redef, import-not-found, unused-ignore]
        FAIL,
        NOT_CHECKED,
        NOT_PROVEN,
        PASS,
        Bad,
        Unable,
        Verdict,
        check_note,
        signed_by,
        stamp_check,
        tree_of,
    )

LISTED = "the package is the one that its list names"
LOGGED = "the statements are those under the checkpoint"
SIGNED = "the checkpoint is signed by the log's key"
RECORDS = "every record is the one that the log states"
COMPLETE = "nothing that the log states was taken out"
STAMPED = "the log existed before a trusted time"
PACKED = "the package is signed by a key that the log states"
MAX_JSON = 64 << 20
MAX_LINE = 1 << 20
MAX_MEMBERS = 100000
PIECE = 1 << 20


def tree_with(stack: List[Tuple[int, bytes]], level: int, value: bytes) -> None:
    """Adds a complete subtree to a tree, which is a list of complete subtrees with their levels."""
    while stack and stack[-1][0] == level:
        value = hashlib.sha256(b"\1" + stack.pop()[1] + value).digest()
        level += 1
    if stack and stack[-1][0] < level:
        raise Bad("the log's lines do not fit together")
    stack.append((level, value))


def root_of(stack: Sequence[Tuple[int, bytes]]) -> bytes:
    """The root over what was added (RFC 6962, section 2.1)."""
    value = stack[-1][1]
    for _level, left in reversed(stack[:-1]):
        value = hashlib.sha256(b"\1" + left + value).digest()
    return value


class PackagedLog:
    """The log in a package: what it states, and its roots at some sizes."""

    def __init__(self, lines: Iterator[bytes], sizes: Sequence[int]) -> None:
        self.records: Dict[str, List[str]] = {}
        self.keys: List[str] = []
        self.roots: Dict[int, bytes] = {}
        self.left_out = 0
        self.size = 0
        wanted = set(sizes)
        stack: List[Tuple[int, bytes]] = []
        for line in lines:
            self._take(line, stack)
            if self.size in wanted:
                self.roots[self.size] = root_of(stack)
        self.root = root_of(stack) if stack else hashlib.sha256().digest()

    def _take(self, line: bytes, stack: List[Tuple[int, bytes]]) -> None:
        match = re.match(rb'\[(0|[1-9][0-9]?),"([0-9a-f]{64})"\]\Z', line)
        if match is not None:
            level = int(match[1])
            tree_with(stack, level, bytes.fromhex(match[2].decode("ascii")))
            self.left_out += 1 << level
            self.size += 1 << level
            return
        tree_with(stack, 0, hashlib.sha256(b"\0" + line).digest())
        self.size += 1
        try:
            said = json.loads(line.decode("utf-8"))
            if said["kind"] == "record":
                self.records.setdefault(said["record_id"], []).append(said["record_sha256"])
            elif said["kind"] == "wacz-key":
                self.keys.append(said["key"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Bad("a statement cannot be read") from error


def lines_of(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The lines of a member, each of a bounded length."""
    with package.open(name) as file:
        while True:
            line = file.readline(MAX_LINE + 1)
            if not line:
                return
            if not line.endswith(b"\n"):
                raise Bad("a line of %s is too long, or has no end" % name)
            yield line[:-1]


def read_small(package: zipfile.ZipFile, name: str) -> bytes:
    """A whole member of bounded size."""
    with package.open(name) as file:
        data = file.read(MAX_JSON + 1)
    if len(data) > MAX_JSON:
        raise Bad(name + " is too large")
    return data


def check_ends(path: str, package: zipfile.ZipFile) -> None:
    """Nothing stands before the first member or behind the end: other readers might take it for the package."""
    with open(path, "rb") as stream:
        stream.seek(-22, 2)
        end = stream.read(4)
    if end != b"PK\5\6" or min(info.header_offset for info in package.infolist()) != 0:
        raise Bad("something stands before or behind the ZIP")


def check_list(package: zipfile.ZipFile) -> str:
    """Holds every member against ``datapackage.json``, and that against its digest. Bad: one differs."""
    infos = package.infolist()
    names = [info.filename for info in infos]
    if len(names) > MAX_MEMBERS or len(set(names)) != len(names):
        raise Bad("too many members, or two of one name")
    raw = read_small(package, "datapackage.json")
    if (
        json.loads(read_small(package, "datapackage-digest.json"))["hash"]
        != "sha256:" + hashlib.sha256(raw).hexdigest()
    ):
        raise Bad("datapackage.json is not the one of datapackage-digest.json")
    listed = {one["path"]: one for one in json.loads(raw)["resources"]}
    for name in names:
        if name in ("datapackage.json", "datapackage-digest.json"):
            continue
        if name not in listed:
            raise Bad("it holds a member that it does not list: " + ascii(name[:80]))
        digest, size = hashlib.sha256(), 0
        with package.open(name) as file:
            for piece in iter(lambda: file.read(PIECE), b""):
                digest.update(piece)
                size += len(piece)
        if size != listed[name]["bytes"] or "sha256:" + digest.hexdigest() != listed[name]["hash"]:
            raise Bad(ascii(name[:80]) + " is another than it lists")
    if set(listed) - set(names):
        raise Bad("it lacks " + ascii(min(set(listed) - set(names))[:80]))
    return "%d members" % len(names)


def records_in(package: zipfile.ZipFile, name: str) -> Iterator[Tuple[str, str]]:
    """Id and SHA-256 of each record of a file that has a gzip member a record. Bad: it cannot be read."""
    with package.open(name) as file:
        held = b""
        while True:
            held = held or file.read(PIECE)
            if not held:
                return
            unpacker, digest, tail, head = zlib.decompressobj(31), hashlib.sha256(), b"", b""
            while not unpacker.eof:
                if not held:
                    held = file.read(PIECE)
                    if not held:
                        raise Bad(name + " is cut")
                try:
                    data = tail + unpacker.decompress(held, PIECE)
                except zlib.error as error:
                    raise Bad(name + " is damaged") from error
                held = unpacker.unconsumed_tail or unpacker.unused_data
                head = head or data[:65536]
                digest.update(data[:-4])
                tail = data[-4:]
            match = re.search(rb"(?im)^warc-record-id: *<?([^>\s]+)>? *\r?$", head.partition(b"\r\n\r\n")[0])
            if match is None or tail != b"\r\n\r\n":
                raise Bad("a record of %s cannot be read" % name)
            yield match[1].decode("ascii", "replace"), digest.hexdigest()


def check_records(package: zipfile.ZipFile, log: PackagedLog) -> List[Verdict]:
    """Holds every record against its statement, and every statement against the records."""
    files = [name for name in package.namelist() if name.startswith("archive/")]
    read = [name for name in files if name.endswith(".warc.gz")]
    left = {record_id: list(digests) for record_id, digests in log.records.items()}
    count = 0
    try:
        for name in read:
            for record_id, digest in records_in(package, name):
                count += 1
                if digest not in log.records.get(record_id, ()):
                    return [Verdict(RECORDS, FAIL, ascii(record_id[:80]) + " is not the one that the log states")]
                if digest in left.get(record_id, ()):
                    left[record_id].remove(digest)
    except (Bad, zipfile.BadZipFile, zlib.error) as error:
        return [Verdict(RECORDS, FAIL, str(error))]
    missing = sorted(record_id for record_id, digests in left.items() if digests)
    told = [Verdict(RECORDS, PASS, "%d records" % count)]
    if len(read) != len(files):
        why = "files that are no .warc.gz are for `preserve verify`: %d" % (len(files) - len(read))
        return [Verdict(RECORDS, NOT_CHECKED, why), Verdict(COMPLETE, NOT_CHECKED, why)]
    if missing:
        told.append(Verdict(COMPLETE, FAIL, "%d records, the first %s" % (len(missing), ascii(missing[0][:80]))))
    elif log.left_out:
        told.append(Verdict(COMPLETE, PASS, "of this part; %d statements are left out of it" % log.left_out))
    else:
        told.append(Verdict(COMPLETE, PASS, "%d statements" % log.size))
    return told


def check_log(package: zipfile.ZipFile, keys: Sequence[str]) -> Tuple[Optional[PackagedLog], List[Verdict]]:
    """The log, and whether it is the one under the checkpoint, and whose that is."""
    try:
        note = read_small(package, "preserve/checkpoint")
        check_note(note)
        size, root = tree_of(note)
        sizes = [int(name.split("/")[2].split(".")[0]) for name in package.namelist() if _is_receipt(name)]
        log = PackagedLog(lines_of(package, "preserve/ledger.jsonl"), sizes)
        if (log.size, log.root) != (size, root):
            raise Bad("its %d statements do not give the root of the checkpoint, which has %d" % (log.size, size))
    except (Bad, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        return None, [Verdict(LOGGED, FAIL, "%s" % error)]
    told = [Verdict(LOGGED, PASS, "%d statements, %d of them by their hashes" % (size, log.left_out))]
    given = keys or [read_small(package, "preserve/log.vkey").decode("utf-8", "replace").strip()]
    try:
        found = [signed_by(note, key) for key in given]
    except Bad as error:
        return log, [*told, Verdict(SIGNED, FAIL, str(error))]
    if True in found:
        verdict, why = (PASS, "a key that you trust") if keys else (NOT_PROVEN, "by the key in the package; give --key")
    elif None in found:
        verdict, why = NOT_CHECKED, "neither cryptography nor openssl is here"
    else:
        verdict, why = FAIL, "by none of the keys"
    return log, [*told, Verdict(SIGNED, verdict, why)]


def _is_receipt(name: str) -> bool:
    return re.match(r"preserve/receipts/(0|[1-9][0-9]{0,17})\.[a-z0-9.-]+\Z", name) is not None


def check_stamps(package: zipfile.ZipFile, log: PackagedLog, roots: Optional[bytes]) -> Verdict:
    """The oldest time that a receipt proves for a checkpoint of this log."""
    replies = [name for name in package.namelist() if _is_receipt(name) and name.endswith(".tsr")]
    if not replies or roots is None:
        return Verdict(STAMPED, NOT_CHECKED, "%d receipts; --roots names whom you trust" % len(replies))
    moments, check = [], stamp_check(roots)
    try:
        for name in replies:
            size = int(name.split("/")[2].split(".")[0])
            note = read_small(package, "preserve/receipts/%d.checkpoint" % size)
            if tree_of(note) != (size, log.roots.get(size)):
                raise Bad("the checkpoint of size %d is of another log" % size)
            moments.append(check(read_small(package, name), note))
    except Unable as error:
        return Verdict(STAMPED, NOT_CHECKED, str(error))
    except (Bad, KeyError, ValueError) as error:
        return Verdict(STAMPED, FAIL, "%s" % error)
    return Verdict(STAMPED, PASS, "before %s" % min(moments))


def check_signature(package: zipfile.ZipFile, log: PackagedLog) -> Verdict:
    """Whether the signature of the package is good, and by a key that the log states."""
    signed = json.loads(read_small(package, "datapackage-digest.json")).get("signedData")
    if signed is None:
        return Verdict(PACKED, NOT_PROVEN, "it is not signed")
    raw = read_small(package, "datapackage.json")
    if signed.get("hash") != "sha256:" + hashlib.sha256(raw).hexdigest():
        return Verdict(PACKED, FAIL, "the signature is of another list")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError:
        return Verdict(PACKED, NOT_CHECKED, "the package cryptography is not here")
    try:
        key = load_der_public_key(base64.b64decode(signed["publicKey"], validate=True))
        value = base64.b64decode(signed["signature"], validate=True)
        half = len(value) // 2
        made = utils.encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("no ECDSA key")
        key.verify(made, signed["hash"].encode("ascii"), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return Verdict(PACKED, FAIL, "the signature does not hold")
    if signed["publicKey"] in log.keys:
        return Verdict(PACKED, PASS, "")
    return Verdict(PACKED, NOT_PROVEN, "its key is none that the log states")


def check(path: str, keys: Sequence[str] = (), roots: Optional[bytes] = None) -> List[Verdict]:
    """The verdict for each claim of a package."""
    try:
        with zipfile.ZipFile(path) as package:
            check_ends(path, package)
            told = [Verdict(LISTED, PASS, check_list(package))]
            log, of_log = check_log(package, keys)
            told += of_log
            if log is not None:
                told += [*check_records(package, log), check_stamps(package, log, roots), check_signature(package, log)]
            return told
    except (Bad, OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        return [Verdict(LISTED, FAIL, "%s: %s" % (type(error).__name__, str(error)[:200]))]
    except (NotImplementedError, RuntimeError, EOFError) as error:
        return [Verdict(LISTED, FAIL, "a ZIP that no package is: %s" % str(error)[:200])]


def main(words: List[str]) -> int:
    """Checks a file and prints a line for each claim."""
    keys, roots, files = [], None, []  # type: Tuple[List[str], Optional[bytes], List[str]]
    words = list(words)
    while words:
        word = words.pop(0)
        if word in ("--key", "--roots") and words:
            value = words.pop(0)
            if word == "--key":
                keys.append(value)
            else:
                with open(value, "rb") as file:
                    roots = file.read()
        else:
            files.append(word)
    if len(files) != 1 or files[0].startswith("-"):
        print(__doc__)
        return 2
    told = check(files[0], keys, roots)
    for each in told:
        print("%-12s %s%s" % (each.verdict, each.claim, ": " + each.detail if each.detail else ""))
    is_trusted = not keys or Verdict(SIGNED, PASS, "a key that you trust") in told
    return 0 if is_trusted and all(each.verdict != FAIL for each in told) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
