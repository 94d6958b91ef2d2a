"""Every file against the statement that sealed it; no file unknown, none missing.

Tested by ``tests/damage/test_corpus.py``.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from preserve.findings import Claim
from preserve.integrity.scan import FileHashes
from preserve.integrity.verify.checks import CheckScope, Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.record_check import RecordCheck
from preserve.integrity.verify.report import claim, not_checked
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import NEWER, CableStatement, RecordStatement, Sealed, UnknownStatement
from preserve.store.copying import is_part
from preserve.store.layout import IMPORTING_SUFFIX, OPEN_SUFFIX
from preserve.text import counted

_FILES = "every file is the one sealed"
_FILE_CODES = ("E-WARC-MISSING", "E-WARC-UNKNOWN", "E-WARC-SIZE", "E-WARC-HASH", "E-FORMAT-MARKER")


class SealCheck(StatementCheck):
    """``hashes``: of every file that is there by the time the check ends. ``strangers``: what is there and no file."""

    def __init__(
        self,
        scope: CheckScope,
        tree: TreeCheck,
        records: RecordCheck,
        hashes: FileHashes,
        strangers: Sequence[str],
    ) -> None:
        self._scope = scope
        self._tree = tree
        self._records = records
        self._hashes = hashes
        self._strangers = strangers
        self._earlier = scope.earlier
        self.sealed: dict[str, tuple[Sealed, ...]] = {name: file.seals for name, file in scope.earlier.files.items()}
        """By name, the seals of each file: one, or more where a repair could not give back the compression."""
        self.sealed_by: dict[str, int] = {name: file.sealed_by for name, file in scope.earlier.files.items()}
        """By name, the statement that sealed it last."""
        self.bytes_read = 0
        self.has_renamed = False
        """Whether a file that is missing is there under another name."""

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes in the files that a statement seals."""
        if index < self._earlier.size:
            return
        if isinstance(statement, RecordStatement | CableStatement | UnknownStatement | Unreadable):
            return
        for sealed in sealed_in(statement):
            self.sealed[sealed.name] = (*self.sealed.get(sealed.name, ()), sealed)
            self.sealed_by[sealed.name] = index

    def end(self) -> None:
        """Holds every file against its seals."""
        findings, newer, unhashed = self._scope.findings, self._scope.newer, self._earlier.unhashed
        held = self._hashes.names | unhashed
        for name in self.sealed:
            if name in held:
                if name not in unhashed:
                    self._compare(name)
            elif not self._records.names(name):
                findings.add("E-WARC-MISSING", name)
        lost = {sealed.sha256: name for name in self.sealed if name not in held for sealed in self.sealed[name]}
        for name in sorted(held - self.sealed.keys()):
            if newer.names(name):
                newer.files += 1
            else:
                code, where, detail = self._unsealed(name, lost)
                is_written = code == "W-WARC-OPEN" and self._scope.writing.is_going_on
                findings.add("I-WARC-WRITING" if is_written else code, where, detail)
        for name in self._strangers:
            findings.add("E-WARC-UNKNOWN", name, "no file")
        for name, reason in sorted(self._hashes.unread.items()):
            findings.add("W-REPLICA-UNREAD", name, reason)

    def _compare(self, name: str) -> None:
        findings, newer, seals = self._scope.findings, self._scope.newer, self.sealed[name]
        if name in self._hashes.unread:
            return
        try:
            found = self._hashes.of(name)
        except OSError as error:
            findings.add("E-WARC-UNREADABLE", name, error.strerror or str(error))
            return
        self.bytes_read += found.size
        if (found.size, found.sha256) in {(sealed.size, sealed.sha256) for sealed in seals}:
            return
        if newer.names(name, after=self.sealed_by[name]):
            # It may have been sealed again, as a repair does.
            newer.files += 1
            return
        if found.size != seals[-1].size:
            findings.add("E-WARC-SIZE", name, f"{found.size:,} bytes, {seals[-1].size:,} stated")
        if found.sha256 not in {sealed.sha256 for sealed in seals}:
            findings.add("E-WARC-HASH", name, f"SHA-256 is {found.sha256}")

    def _unsealed(self, name: str, lost: Mapping[str, str]) -> tuple[str, str, str]:
        """The finding of a file that no statement seals. ``lost``: names of missing files by their hashes."""
        if is_part(name):
            return "W-WARC-OPEN", name, ""
        if name.endswith((OPEN_SUFFIX, IMPORTING_SUFFIX)):
            if self._tree.began(name):
                return "W-WARC-OPEN", name, ""
            return "E-WARC-UNKNOWN", name, "no run of this installation began it"
        if self._records.names(name):
            return "W-WARC-OPEN", name, "its statements are held, the statement that seals it is not"
        with suppress(OSError):
            if own := lost.get(self._hashes.of(name).sha256):
                self.has_renamed = True
                return "E-WARC-UNKNOWN", name, f"its bytes are those of {own}: it was renamed"
        return "E-WARC-UNKNOWN", name, ""

    def finish(self) -> Claim:
        """Whether every file is there, as it was sealed, and no other."""
        newer, count = self._scope.newer, len(self.sealed)
        good = not self._scope.findings.has(*_FILE_CODES)
        if good and self._hashes.unread:
            return not_checked(_FILES, f"{len(self._hashes.unread):,} of {counted(count, 'file')} could not be read")
        if good and newer.files:
            return not_checked(_FILES, f"{counted(newer.files, 'file')} named by statements {NEWER}")
        if good and (unhashed := len(self._earlier.unhashed)):
            told = f"{count - unhashed:,} of {counted(count, 'file')} hashed, {self.bytes_read:,} bytes"
            return not_checked(_FILES, f"{told}; the others are the same on disk as when they were")
        return claim(_FILES, good=good, detail=f"{counted(count, 'file')}, {self.bytes_read:,} bytes")
