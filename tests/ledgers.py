"""Ledgers made by hand, for tests of what reads them: entries put under a checkpoint of any key, without a session."""

import hashlib
import hmac
from collections.abc import Iterable

from preserve.formats.tlog.files import Checkpoint, format_checkpoint
from preserve.formats.tlog.note import Signer
from preserve.formats.tlog.signing import sign_note
from preserve.provenance.ledger import Ledger
from preserve.store.layout import CollectionPaths


def extended(paths: CollectionPaths, entries: Iterable[bytes], signer: Signer, *others: Signer) -> Checkpoint:
    """Puts entries under a new checkpoint, as whoever has the key can."""
    ledger = Ledger(paths)
    tree = ledger.extend(entries, ledger.last_checkpoint())
    note = sign_note(format_checkpoint(Checkpoint(signer.name, tree.size, tree.root())), [signer, *others])
    return ledger.cover(note)


def mac_of(*texts: str) -> bytes:
    """In the place of a session's MAC."""
    return hmac.digest(b"a secret of a test", "\0".join(texts).encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]
