"""A package of a collection, held against the ledger that it carries, its index and its list of pages.

What is under ``preserve/`` in a package (docs/formats/wacz.md) is believed as little as the rest: the ledger must give
the root of the checkpoint, and the checkpoint be signed by the key that the ledger names; whose log it is, the reader's
keys say, or what is known here of the log. Records, places and texts lie in a database of the caller's folder: memory
is flat in their number.

Tested by ``tests/scenarios/test_verify_packages.py``.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from preserve.errors import BrokenStateError, FormatError
from preserve.expressions import lazy_re
from preserve.findings import Claim, Verdict
from preserve.formats.cdxj import parse_line
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
from preserve.formats.tlog.note import parse_note, parse_vkey
from preserve.formats.wacz import DIGEST, Package
from preserve.formats.waczsignature import PackageSignature
from preserve.integrity.facts import RecordFacts
from preserve.integrity.scan import ScannedRecord
from preserve.integrity.verify.report import Findings, claim, not_checked, not_proven
from preserve.limits import DEFAULT_LIMITS, MIB
from preserve.model import sha256_hex, timestamp14
from preserve.provenance.keychain import LogKey, vouched_by
from preserve.provenance.knownlogs import KnownLog, KnownLogs, opened
from preserve.provenance.receipts import MAX_RECEIPT_BYTES, check_signature, read_reply
from preserve.provenance.statements import (
    ArchiveStatement,
    CableStatement,
    KeyStatement,
    RecordStatement,
    UnknownStatement,
    WaczKey,
    decode,
)
from preserve.provenance.trust import Trust

FOLDER: Final = "preserve/"
LEDGER: Final = "preserve/ledger.jsonl"
CHECKPOINT: Final = "preserve/checkpoint"
INDEX: Final = "indexes/index.cdx"
PAGES: Final = "pages/pages.jsonl"
_SIGNED: Final = "the checkpoint is signed by the log's key"
_LOGGED: Final = "the ledger is complete and in order"
_RECORDS: Final = "every record is the one that the ledger names"
_COMPLETE: Final = "nothing was changed, added or taken out"
_INDEXED: Final = "the index leads to every capture"
_PAGES: Final = "pages and texts are those that were captured"
_STAMPED: Final = "existed before a trusted time"
_SIGNER: Final = "who signed the package"
_ON_DISK: Final = (".warc", ".warc.gz", ".arc", ".arc.gz")
_LINE_BYTES: Final = 64 * MIB
"""Of a page with its text; of a statement it is less."""
_BATCH: Final = 2_000
_MOST_FAULTS: Final = 10_000
"""Wrong lines of an index, or of a list of pages, that are told of."""
_MOST_LEVEL: Final = 62
_LEFT_OUT = lazy_re(rb'\[(0|[1-9][0-9]?),"([0-9a-f]{64})"\]\Z')
_RECEIPT = lazy_re(r"preserve/receipts/(0|[1-9][0-9]{0,17})\.(?:checkpoint|([a-z0-9][a-z0-9-]{0,39})\.ts[qr])\Z")
_NOT_LISTED: Final = (
    "SELECT file, id FROM held AS h WHERE NOT listed AND length > 0 AND type IN ('response', 'revisit') "
    "AND NOT EXISTS (SELECT 1 FROM held WHERE file = h.file AND offset = h.offset AND rowid != h.rowid)"
)
"""Captures without a line in the index, each in a piece of its own: no index leads to others."""
_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE stated (id TEXT NOT NULL, sha256 TEXT NOT NULL, met INTEGER NOT NULL DEFAULT 0);
CREATE TABLE texts (id TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE held (file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, uri TEXT, moment TEXT NOT NULL, listed INTEGER NOT NULL DEFAULT 0);
"""


_INDEXES: Final = """
CREATE INDEX stated_id ON stated (id, sha256, met);
CREATE INDEX texts_id ON texts (id, sha256);
"""
"""With the hashes in them: of one id there may be as many rows as a hostile ledger has statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What the reader brings for packages: keys and roots, and what is known here of logs."""

    trust: Trust
    logs: KnownLogs | None


class PackageCheck:
    """The check of one package. Records are given to it as they are read; `finish` says what came of it."""

    def __init__(self, package: Package, name: str, findings: Findings, scratch: Path, believed: Believed) -> None:
        self._package = package
        self._name = name
        self._findings = findings
        self._believed = believed
        self._db = sqlite3.connect(scratch / "package.sqlite")
        self._db.executescript(_SCHEMA)
        self._rows: list[tuple[object, ...]] = []
        self._records = 0
        self._with_hashes = True
        self._roots: dict[int, bytes] = {}
        self._keys: list[LogKey] = []
        self._package_keys: set[str] = set()
        self._left_out = 0
        self._newer = 0
        self._checkpoint: Checkpoint | None = None
        self._is_ours = LEDGER in package.names or CHECKPOINT in package.names or "preserve" in package.datapackage
        self._is_logged = self._is_ours and self._read_ledger()

    @property
    def is_ours(self) -> bool:
        """Whether the package carries a ledger, or says so."""
        return self._is_ours

    def close(self) -> None:
        """Closes the scratch database; its file is the caller's to delete."""
        self._db.close()

    def take(self, member: str, row: ScannedRecord) -> None:
        """One record of a file of the package."""
        facts = row.facts
        if facts is None:
            return
        self._records += 1
        moment = _moment(facts.date)
        file = member.removeprefix("archive/")
        self._rows.append((file, row.offset, row.length, facts.record_id, facts.type, facts.uri, moment))
        if len(self._rows) >= _BATCH:
            self._flush()
        if self._is_logged:
            self._compare(facts)

    def _flush(self) -> None:
        asked = "INSERT INTO held (file, offset, length, id, type, uri, moment) VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._db.executemany(asked, self._rows)
        self._rows.clear()

    def _compare(self, facts: RecordFacts) -> None:
        where = f"{self._name} {facts.record_id} {facts.uri or ''}".rstrip()
        if facts.record_sha256 is None:
            self._with_hashes = False
            return
        said = (facts.record_id, facts.record_sha256)
        asked = "SELECT rowid FROM stated WHERE id = ? AND sha256 = ?"
        met = self._db.execute(f"{asked} AND met = 0 LIMIT 1", said).fetchone()
        if met is not None:
            self._db.execute("UPDATE stated SET met = 1 WHERE rowid = ?", met)
        elif self._db.execute(f"{asked} LIMIT 1", said).fetchone() is None:
            is_named = self._db.execute("SELECT 1 FROM stated WHERE id = ? LIMIT 1", said[:1]).fetchone()
            self._add("E-WARC-RECORD" if is_named else "E-WARC-NO-STATEMENT", where)

    def _add(self, code: str, where: str, detail: str = "") -> None:
        self._findings.add(code, where, detail)

    def finish(self, signature: PackageSignature | None) -> list[Claim]:
        """What is to be said of a package with a ledger: of its index, its pages, and of all that it proves."""
        self._flush()
        self._db.execute("CREATE INDEX held_place ON held (file, offset)")
        self._db.execute("CREATE INDEX held_id ON held (id)")
        if not self._is_ours:
            # Others write indexes in ways of their own.
            return []
        return [*self._index_claims(), self._pages_claim(), *self._ledger_claims(signature)]

    # --- the ledger

    def _read_ledger(self) -> bool:
        """Takes in the ledger and its checkpoint; False where they cannot be read or do not fit."""
        try:
            note = self._small(CHECKPOINT, DEFAULT_LIMITS.max_note_bytes)
            self._checkpoint = checkpoint = parse_checkpoint(parse_note(note).text)
            wanted = {int(match[1]) for match in map(_RECEIPT.match, self._package.names) if match is not None}
            known = self._known()
            wanted |= set() if known is None else {size for size, _root in known.seen}
            tree = self._tree(wanted, checkpoint.size)
        except (FormatError, UnicodeDecodeError) as error:
            self._add("E-WACZ-LEDGER", f"{self._name} {FOLDER}", str(error))
            return False
        self._db.executescript(_INDEXES)
        if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
            detail = f"{tree.size} statements, and another root than that of {checkpoint.size} under the checkpoint"
            self._add("E-LEDGER-ROOT", f"{self._name} {LEDGER}", detail)
            return False
        return True

    def _small(self, name: str, most: int) -> bytes:
        """A member of bounded size."""
        with self._package.open(name) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise FormatError(f"{name} is larger than {most} bytes")
        return data

    def _tree(self, wanted: set[int], most: int) -> CompactRange:
        """The tree over the lines of the ledger; what they state goes into the database."""
        tree = CompactRange()
        with self._package.open(LEDGER) as stream:
            for line in _lines(stream, DEFAULT_LIMITS.max_statement_bytes):
                left_out = _LEFT_OUT.match(line)
                if left_out is not None:
                    level = min(int(left_out[1]), _MOST_LEVEL)
                    tree.append_subtree(level, bytes.fromhex(left_out[2].decode("ascii")))
                    self._left_out += 1 << level
                else:
                    self._state(tree.size, line)
                    tree.append(leaf_hash(line))
                if tree.size in wanted:
                    self._roots[tree.size] = tree.root()
                if tree.size > most:
                    raise FormatError(f"{LEDGER} has more than the {most} statements under the checkpoint")
        return tree

    def _state(self, index: int, entry: bytes) -> None:
        match decode(entry):
            case RecordStatement() as said:
                self._db.execute("INSERT INTO stated (id, sha256) VALUES (?, ?)", (said.record_id, said.record_sha256))
            case CableStatement() as said:
                self._db.execute("INSERT INTO texts VALUES (?, ?)", (said.record_id, said.body_sha256))
            case ArchiveStatement(key=key) if not index:
                self._keys = [LogKey(index, key)]
            case KeyStatement(old=old, new=new):
                if not self._keys or self._keys[-1].vkey != old:
                    raise FormatError(f"statement {index}: the key that it changes is not the log's")
                self._keys.append(LogKey(index, new))
            case WaczKey(key=key):
                self._package_keys.add(key)
            case UnknownStatement():
                self._newer += 1
            case _:
                pass

    def _known(self) -> KnownLog | None:
        logs, checkpoint = self._believed.logs, self._checkpoint
        if logs is None or checkpoint is None:
            return None
        with suppress(BrokenStateError, OSError):
            return logs.log(checkpoint.origin)
        return None

    def _begins_with(self, size: int, root: bytes) -> bool | None:
        held = self._roots.get(size)
        return None if held is None else held == root

    def _ledger_claims(self, signature: PackageSignature | None) -> Iterator[Claim]:
        if not self._is_logged or self._checkpoint is None:
            yield claim(_LOGGED, good=False)
            yield not_checked(_RECORDS, "the ledger does not hold")
            return
        said = f"{self._checkpoint.size} statements under the checkpoint"
        yield claim(_LOGGED, good=True, detail=said + f", {self._left_out} by their hashes" * bool(self._left_out))
        signed = self._signed()
        yield signed
        complete = self._record_claims(signed)
        yield from complete
        yield self._stamped()
        if signature is not None:
            yield self._signer(signature, is_whole=all(one.verdict is Verdict.PASS for one in complete))

    def _signed(self) -> Claim:
        """Whose checkpoint it is."""
        if self._checkpoint is None or not self._keys:
            self._add("E-LEDGER-SIGNATURE", f"{self._name} {CHECKPOINT}", "the ledger names no key")
            return claim(_SIGNED, good=False, detail="the ledger names no key")
        own = self._keys[-1]
        note = self._small(CHECKPOINT, DEFAULT_LIMITS.max_note_bytes)
        try:
            verifier = parse_vkey(own.vkey)
        except FormatError:
            verifier = None
        if verifier is None or opened(note, verifier) is None:
            self._add("E-LEDGER-SIGNATURE", f"{self._name} {CHECKPOINT}", f"not by {own.short}, which the ledger names")
            return claim(_SIGNED, good=False, detail=f"not by {own.short}, which the ledger names")
        trusted = {key.vkey for key in self._believed.trust.logs}
        kept = dict(self._kept())
        voucher = vouched_by(self._keys, trusted, kept, self._begins_with)
        if voucher is not None:
            by = "which you trust" if voucher == own else f"to which {voucher.short}, which you trust, gave over"
            return claim(_SIGNED, good=True, detail=f"by {own.short}, {by}")
        if trusted:
            self._add("E-LEDGER-TRUST", f"{self._name} {CHECKPOINT}", f"signed by {own.short}")
            return claim(_SIGNED, good=False, detail=f"by {own.short}, not by a key that you trust")
        return self._as_known(own)

    def _as_known(self, own: LogKey) -> Claim:
        """What this machine knows of the log."""
        known, checkpoint = self._known(), self._checkpoint
        if known is None or checkpoint is None:
            return not_proven(_SIGNED, f"by {own.short}, which is not known to you: name its key with --trust")
        at = known.keys_at(checkpoint.size)
        other = [size for size, root in known.seen if self._begins_with(size, root) is False]
        if other:
            self._add("E-LEDGER-FORKED", f"{self._name} {CHECKPOINT}", f"at size {other[0]} the known log differs")
            return claim(
                _SIGNED, good=False, detail=f"by {own.short}; at size {other[0]} the log that is known differs"
            )
        if checkpoint.size <= known.size and (not at or at[-1].vkey != own.vkey):
            self._add("E-LEDGER-REPLACED", f"{self._name} {CHECKPOINT}", f"signed by {own.short}")
            return claim(_SIGNED, good=False, detail=f"by {own.short}, by which the log is not known here")
        if not any(key.vkey == own.vkey for key in known.keys):
            return not_proven(_SIGNED, f"by {own.short}, a key that is newer than what is known of the log here")
        return claim(_SIGNED, good=True, detail=f"by {own.short}, by which it is known here")

    def _kept(self) -> Iterator[tuple[int, bytes]]:
        for name in self._package.names:
            match = _RECEIPT.match(name)
            if match is not None and match[2] is None:
                with suppress(FormatError):
                    yield int(match[1]), self._small(name, DEFAULT_LIMITS.max_note_bytes)

    def _record_claims(self, signed: Claim) -> list[Claim]:
        """That records are as stated, and none is missing."""
        if not self._with_hashes:
            return [not_checked(_RECORDS, "only the structure was read")]
        lost = self._db.execute("SELECT id FROM stated WHERE NOT met ORDER BY rowid")
        for (record_id,) in lost:
            if not self._findings.has("E-WARC-RECORD") or not self._is_there(record_id):
                self._add("E-WARC-LOST", f"{self._name} {record_id}", "the ledger in the package names it")
        bad = self._findings.has("E-WARC-RECORD", "E-WARC-NO-STATEMENT", "E-WARC-LOST")
        told = [claim(_RECORDS, good=not bad, detail="" if bad else f"{self._records} records")]
        if bad or signed.verdict is Verdict.FAIL:
            told.append(claim(_COMPLETE, good=False))
        elif signed.verdict is not Verdict.PASS:
            told.append(not_proven(_COMPLETE, "by the ledger in it, of which you do not know whose it is"))
        elif self._newer:
            told.append(not_checked(_COMPLETE, f"{self._newer} statements were written by a newer program"))
        else:
            part = f"of this part of the collection: {self._left_out} statements are left out"
            told.append(claim(_COMPLETE, good=True, detail=part if self._left_out else "all that the ledger states"))
        return told

    def _is_there(self, record_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM held WHERE id = ? LIMIT 1", (record_id,)).fetchone() is not None

    def _stamped(self) -> Claim:
        """The oldest time before which the log had all this, by authorities that the reader trusts."""
        moments: list[datetime] = []
        replies = 0
        trust = self._believed.trust
        for name in self._package.names:
            match = _RECEIPT.match(name)
            if match is None or not name.endswith(".tsr"):
                continue
            replies += 1
            try:
                note = self._small(f"preserve/receipts/{match[1]}.checkpoint", DEFAULT_LIMITS.max_note_bytes)
                reply = self._small(name, MAX_RECEIPT_BYTES)
                checkpoint = parse_checkpoint(parse_note(note).text)
                if self._begins_with(int(match[1]), checkpoint.root) is not True:
                    raise FormatError("it is for a checkpoint of another log")  # noqa: TRY301 - told as any fault
                moment = read_reply(reply, note).moment
                if trust.roots:
                    check_signature(reply, note, trust.roots, trust.intermediates)
                    moments.append(moment)
            except FormatError as error:
                if trust.roots or "another log" in str(error):
                    self._add("E-WACZ-LEDGER", f"{self._name} {name}", str(error))
        if moments:
            return claim(_STAMPED, good=True, detail=f"{min(moments).isoformat()}, of {replies} receipts")
        return not_checked(_STAMPED, f"{replies} receipts, and no root that you trust" if replies else "no receipts")

    def _signer(self, signature: PackageSignature, *, is_whole: bool) -> Claim:
        """Who signed: a key that the ledger states is the archive's."""
        signed = None if self._package.digest is None else self._package.digest.value.get("signedData")
        key = signed.get("publicKey") if isinstance(signed, dict) else None
        if signature.code != "I-WACZ-SIGNED" or signature.verdict is Verdict.FAIL:
            return Claim(name=_SIGNER, verdict=signature.verdict, detail=signature.detail)
        if key not in self._package_keys:
            self._add("W-WACZ-KEY", f"{self._name} {DIGEST}")
            return not_proven(_SIGNER, f"by a key that the ledger does not state: {signature.detail}")
        if not is_whole:
            return not_proven(_SIGNER, "by the key that the ledger in it states")
        return claim(_SIGNER, good=True, detail="by the key that the ledger states for that")

    # --- index and pages

    def _index_claims(self) -> Iterator[Claim]:
        """Each line of the index leads to the record of its address and time, and each capture has a line."""
        if INDEX not in self._package.names:
            return
        before = count = self._findings.codes["E-WACZ-INDEX"]
        count, faults, last = 0, 0, b""
        try:
            with self._package.open(INDEX) as stream:
                for number, line in enumerate(_lines(stream, MIB), 1):
                    fault = "it is not sorted" if line < last else self._index_fault(line)
                    last = line
                    if fault:
                        faults += 1
                        self._add("E-WACZ-INDEX", f"{self._name} {INDEX} line {number}", fault)
                        _check_worth(faults)
                    count += 1
        except FormatError as error:
            self._add("E-WACZ-INDEX", f"{self._name} {INDEX}", str(error))
        for file, record_id in self._db.execute(_NOT_LISTED):
            if str(file).endswith(_ON_DISK):
                self._add("E-WACZ-INDEX", f"{self._name} {record_id}", "no line leads to it")
        yield claim(_INDEXED, good=self._findings.codes["E-WACZ-INDEX"] == before, detail=f"{count} lines")

    def _index_fault(self, line: bytes) -> str:
        """What is wrong with a line; empty where nothing is."""
        try:
            said = parse_line(line.decode("utf-8"))
            fields = said.fields
            file, offset, length = fields["filename"], int(fields["offset"]), int(fields["length"])
        except (FormatError, UnicodeDecodeError, KeyError, ValueError) as error:
            return f"it cannot be read: {str(error)!a:.200}"
        row = self._db.execute(
            "SELECT rowid, length, uri, moment FROM held WHERE file = ? AND offset = ?",
            (_storable(file), max(-1, min(offset, 2**62))),
        ).fetchone()
        if row is None:
            return f"no record begins at byte {offset} of {file!a:.100}"
        self._db.execute("UPDATE held SET listed = 1 WHERE rowid = ?", (row[0],))
        if row[1] != length:
            return f"the record there has {row[1]} bytes, not {length}"
        if (row[2], row[3]) != (fields.get("url"), said.timestamp):
            return f"the record there is of {row[2]!a:.200} at {row[3]}"
        return ""

    def _pages_claim(self) -> Claim:
        """Each page of the list was captured, and shows the texts that the ledger states of it."""
        count = faults = 0
        try:
            with self._package.open(PAGES) as stream:
                lines = _lines(stream, _LINE_BYTES)
                header = _object(next(lines, b""))
                if header.get("format") != "json-pages-1.0":
                    self._add("E-WACZ-PAGES", f"{self._name} {PAGES}", "it has no header: readers lose the first page")
                for number, line in enumerate(lines, 2):
                    count += 1
                    if fault := self._page_fault(_object(line)):
                        faults += 1
                        self._add("E-WACZ-PAGES", f"{self._name} {PAGES} line {number}", fault)
                        _check_worth(faults)
        except FormatError as error:
            self._add("E-WACZ-PAGES", f"{self._name} {PAGES}", str(error))
        return claim(_PAGES, good=not self._findings.has("E-WACZ-PAGES"), detail=f"{count} pages")

    def _page_fault(self, page: dict[str, object]) -> str:
        record_id = _storable(f"urn:uuid:{page.get('id')}"[:200])
        row = self._db.execute("SELECT uri, moment FROM held WHERE id = ?", (record_id,)).fetchone()
        when = "".join(filter(str.isdigit, str(page.get("ts"))))[:14]
        if row is None or tuple(row) != (page.get("url"), when):
            return f"{str(page.get('url'))!a:.200} at {when} is no capture in the package"
        if not page.get("text") or not self._is_logged:
            return ""

        def is_stated(sha256: str) -> bool:
            asked = "SELECT 1 FROM texts WHERE id = ? AND sha256 = ? LIMIT 1"
            return self._db.execute(asked, (record_id, sha256)).fetchone() is not None

        text = str(page["text"])
        # Of a page with several texts they stand one behind the other: what is between them is found by trying.
        return "" if _is_made_of(text.split("\n\n"), is_stated) else "its text is none that the ledger states of it"


def _is_made_of(pieces: list[str], is_stated: Callable[[str], bool]) -> bool:
    """Whether pieces, joined again by blank lines, are texts with these hashes, one behind the other."""
    if is_stated(sha256_hex("\n\n".join(pieces).encode("utf-8", "replace"))):
        return True
    start, digest = 0, hashlib.sha256()
    for at, piece in enumerate(pieces):
        digest.update((("\n\n" if at > start else "") + piece).encode("utf-8", "replace"))
        if is_stated(digest.hexdigest()):
            start, digest = at + 1, hashlib.sha256()
    return start == len(pieces)


def _storable(text: str) -> str:
    """A text that a database takes: JSON can have halves of characters."""
    return text.encode("utf-8", "replace").decode()


def _object(line: bytes) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"a line is no JSON: {str(error)!a:.100}") from error
    if not isinstance(value, dict):
        raise FormatError("a line is no JSON object")
    return value


def _lines(stream: BinaryIO, most: int) -> Iterator[bytes]:
    """The lines of a stream without their ends.

    Raises:
        FormatError: one is longer than ``most``, or the last has no end.
    """
    try:
        while line := stream.readline(most + 2):
            if not line.endswith(b"\n"):
                raise FormatError(f"a line without an end, or of more than {most} bytes")
            yield line[:-1]
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(str(error)) from error


def _check_worth(faults: int) -> None:
    """Ends the reading of lines that are nothing but wrong: a small package may hold any number of them, compressed.

    Raises:
        FormatError: there are too many of them.
    """
    if faults >= _MOST_FAULTS:
        raise FormatError(f"{faults:,} of its lines are wrong; those behind them are not looked at")


def _moment(date: str) -> str:
    with suppress(FormatError):
        return timestamp14(date)
    return ""
