"""The format marker and the checkpoint of a collection: read, and the signature verified with the key beside it.

Whether that key is to be believed is for `preserve.integrity.vouching`.
"""

from collections.abc import Mapping

from preserve.errors import ArchiveError, FormatError
from preserve.findings import Claim, Verdict
from preserve.formats.note import open_note, parse_vkey
from preserve.formats.tlog import Checkpoint, parse_checkpoint
from preserve.integrity.report import Findings
from preserve.store.archive import marker_bytes, read_marker
from preserve.store.layout import CollectionPaths

_NAME = "the checkpoint is signed by the log's key"
_FOREIGN = "it is not written as this format has it"


def read_checkpoint(paths: CollectionPaths, findings: Findings) -> tuple[Checkpoint | None, Claim]:
    """The checkpoint, and what to say of its signature: a match with the key in the archive says only "its own key"."""
    try:
        text = paths.vkey.read_bytes().decode("ascii")
        vkey = text.strip()
        verifier = parse_vkey(vkey)
        if text != f"{vkey}\n":
            findings.add("E-LEDGER-KEY", paths.vkey.name, _FOREIGN)
    except (OSError, UnicodeDecodeError, FormatError) as error:
        findings.add("E-LEDGER-KEY", paths.vkey.name, str(error))
        return _unsigned(paths), Claim(name=_NAME, verdict=Verdict.FAIL, detail="no readable key")
    if not paths.checkpoint.is_file():
        return None, Claim(name=_NAME, verdict=Verdict.NOT_CHECKED, detail="no checkpoint yet")
    try:
        note = open_note(paths.checkpoint.read_bytes(), [verifier])
        checkpoint = parse_checkpoint(note.text)
    except (OSError, FormatError) as error:
        findings.add("E-LEDGER-SIGNATURE", "checkpoint", str(error))
        return _unsigned(paths), Claim(name=_NAME, verdict=Verdict.FAIL, detail=str(error))
    return checkpoint, Claim(name=_NAME, verdict=Verdict.PASS, detail=f"the archive's own key {vkey.split('+')[1]}")


def _unsigned(paths: CollectionPaths) -> Checkpoint | None:
    """The checkpoint's text without trust in it, so that the tree is still compared."""
    try:
        return parse_checkpoint(paths.checkpoint.read_text("utf-8").split("\n\n")[0] + "\n")
    except (OSError, UnicodeDecodeError, FormatError):
        return None


def check_marker(
    paths: CollectionPaths, first: Mapping[str, object], checkpoint: Checkpoint | None, findings: Findings
) -> None:
    """Holds the format marker, and the checkpoint's origin, against the ledger's first statement."""
    name = paths.marker.name
    try:
        marker = read_marker(paths)
        written = paths.marker.read_bytes()
    except (ArchiveError, OSError) as error:
        findings.add("E-FORMAT-MARKER", name, str(error))
        return
    differs = [key for key in ("collection", "format", "origin") if marker.get(key) != first.get(key)]
    if first.get("kind") != "archive" or differs:
        findings.add("E-FORMAT-MARKER", name, f"{', '.join(differs) or 'kind'} differs from the first statement")
    elif written != marker_bytes(str(marker["collection"]), str(marker["origin"])):
        findings.add("E-FORMAT-MARKER", name, _FOREIGN)
    if checkpoint is not None and checkpoint.origin != first.get("origin"):
        findings.add("E-LEDGER-SIGNATURE", "checkpoint", "origin differs from the first statement")
