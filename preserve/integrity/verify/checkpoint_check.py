"""The format marker and the checkpoint of a collection: read, and the signature verified with the key beside it.

Whether that key is to be believed is for `preserve.integrity.verify.attestations`.
"""

from contextlib import suppress
from typing import NamedTuple

from preserve.errors import BrokenStateError, FormatError
from preserve.findings import Claim, Verdict
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.note import open_note, parse_vkey
from preserve.integrity.verify.report import Findings
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.statements import ArchiveStatement, Statement, kind_of
from preserve.regular import open_regular, read_regular
from preserve.store.archive import marker_bytes, read_marker
from preserve.store.layout import CollectionPaths

_NAME = "the checkpoint is signed by the log's key"
_FOREIGN = "it is not written as this format has it"


class SignedCheckpoint(NamedTuple):
    """The checkpoint as it was read: what it says (None: nothing readable), its bytes, and what its signature is."""

    checkpoint: Checkpoint | None
    note: bytes
    claim: Claim
    vkey: str = ""
    """The key that lies in the archive, where its signature matches."""


def read_checkpoint(paths: CollectionPaths, findings: Findings) -> SignedCheckpoint:
    """The checkpoint, and what to say of its signature: a match with the key in the archive says only "its own key"."""
    try:
        text = read_regular(paths.vkey).decode("ascii")
        vkey = text.strip()
        verifier = parse_vkey(vkey)
        if text != f"{vkey}\n":
            findings.add("E-LEDGER-KEY", paths.vkey.name, _FOREIGN)
    except (OSError, UnicodeDecodeError, FormatError) as error:
        findings.add("E-LEDGER-KEY", paths.vkey.name, str(error))
        return _unsigned(_note(paths), "no readable key")
    if not paths.checkpoint.is_file():
        return SignedCheckpoint(None, b"", Claim(name=_NAME, verdict=Verdict.NOT_CHECKED, detail="no checkpoint yet"))
    note = _note(paths)
    try:
        checkpoint = parse_checkpoint(open_note(note, [verifier]).text)
    except FormatError as error:
        findings.add("E-LEDGER-SIGNATURE", "checkpoint", str(error))
        return _unsigned(note, str(error))
    detail = f"the archive's own key {vkey.split('+')[1]}"
    return SignedCheckpoint(checkpoint, note, Claim(name=_NAME, verdict=Verdict.PASS, detail=detail), vkey)


def _note(paths: CollectionPaths) -> bytes:
    """The bytes of the checkpoint, one more than a note may have at most; empty where it cannot be read."""
    try:
        with open_regular(paths.checkpoint) as file:
            return file.read(DEFAULT_LIMITS.max_note_bytes + 1)
    except OSError:
        return b""


def _unsigned(note: bytes, reason: str) -> SignedCheckpoint:
    """The checkpoint's text without trust in it, so that the tree is still compared."""
    checkpoint = None
    with suppress(UnicodeDecodeError, FormatError):
        checkpoint = parse_checkpoint(note.decode("utf-8").split("\n\n")[0] + "\n")
    return SignedCheckpoint(checkpoint, note, Claim(name=_NAME, verdict=Verdict.FAIL, detail=reason))


def check_marker(paths: CollectionPaths, first: Statement, checkpoint: Checkpoint | None, findings: Findings) -> None:
    """Holds the format marker, and the checkpoint's origin, against the ledger's first statement."""
    name = paths.marker.name
    try:
        marker = read_marker(paths)
        written = read_regular(paths.marker)
    except (BrokenStateError, OSError) as error:
        findings.add("E-FORMAT-MARKER", name, str(error))
        return
    if not isinstance(first, ArchiveStatement):
        findings.add("E-FORMAT-MARKER", name, f"the first statement is of the kind {kind_of(first)}, not archive")
        return
    differs = [key for key in ("collection", "format", "origin") if marker.get(key) != getattr(first, key)]
    if differs:
        findings.add("E-FORMAT-MARKER", name, f"{', '.join(differs)} differs from the first statement")
    elif written != marker_bytes(str(marker["collection"]), str(marker["origin"])):
        findings.add("E-FORMAT-MARKER", name, _FOREIGN)
    if checkpoint is not None and checkpoint.origin != first.origin:
        findings.add("E-LEDGER-SIGNATURE", "checkpoint", "origin differs from the first statement")
