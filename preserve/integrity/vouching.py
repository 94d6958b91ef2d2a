"""Who vouches for a ledger, and since when: its keys, the witnesses, the receipts of time authorities.

A key is not believed because it lies in the archive. What the reader trusts (`preserve.provenance.trust`) decides; else
the verdict says whose key it is and that it is not known.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from preserve.errors import FormatError
from preserve.findings import Claim, Verdict
from preserve.formats.merkle import CompactRange
from preserve.formats.note import COSIGNATURE, Verifier, open_note, parse_note, parse_vkey
from preserve.formats.tlog import Checkpoint, parse_checkpoint
from preserve.model import format_utc
from preserve.provenance.receipts import (
    Receipt,
    ReceiptError,
    Stamp,
    check_request,
    check_signature,
    held_failures,
    held_receipts,
    kept_checkpoints,
    read_reply,
)
from preserve.provenance.trust import Trust
from preserve.store.layout import CollectionPaths

Found = Callable[[str, str, str], None]
"""Takes code, place and detail of a finding."""
_SIGNED = "the checkpoint is signed by the log's key"
_TIMED = "existed before a trusted time"


class Vouching:
    """Takes in the ledger as it is read, and judges what is said of it by others."""

    def __init__(self, paths: CollectionPaths, trust: Trust, found: Found) -> None:
        self._paths = paths
        self._trust = trust
        self._found = found
        self._kept = kept_checkpoints(paths)
        """Size to note of every checkpoint that is kept."""
        self._roots: dict[int, bytes] = {}
        self._keys: list[tuple[int, str]] = []
        """Statement and verifier key, from the first key of the log to its last."""

    def grown(self, tree: CompactRange) -> None:
        """Takes in the tree after each statement."""
        if tree.size in self._kept:
            self._roots[tree.size] = tree.root()

    def stated(self, index: int, statement: Mapping[str, object]) -> None:
        """Takes in a statement: the first and those of a change of key say which keys the log has."""
        if statement["kind"] == "archive" and index == 0:
            self._keys = [(index, str(statement["key"]))]
        elif statement["kind"] == "key":
            if self._keys and self._keys[-1][1] != statement["old"]:
                self._found("E-LEDGER-CHANGE", f"statement {index}", "the key that it changes is not the log's")
            self._keys.append((index, str(statement["new"])))

    def signature(self, checkpoint: Checkpoint | None, signed: Claim) -> Claim:
        """What to say of the checkpoint's signature, which was verified with the key that lies in the archive."""
        if signed.verdict is not Verdict.PASS or checkpoint is None or not self._keys:
            return signed
        own = self._keys[-1][1]
        try:
            if self._paths.vkey.read_text("ascii").strip() != own:
                self._found("E-LEDGER-KEY", self._paths.vkey.name, "it is not the key that the ledger names")
                return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail="the key is not the one that the ledger names")
            note = self._paths.checkpoint.read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail=str(error))
        trusted = {key.vkey: key for key in self._trust.keys}
        short = _short(own)
        if own in trusted:
            detail = f"by {short}, which you trust"
        elif before := self._trusted_before(trusted):
            detail = f"by {short}, to which {_short(before)}, which you trust, gave over"
        elif any(key.name == checkpoint.origin and key.kind != COSIGNATURE for key in self._trust.keys):
            self._found("E-LEDGER-TRUST", "checkpoint", f"signed by {short}")
            return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail=f"by {short}, not by the key that you trust")
        else:
            detail = f"by the archive's own key {short}, not known to you"
        return Claim(name=_SIGNED, verdict=Verdict.PASS, detail=detail + self._witnesses(note))

    def _trusted_before(self, trusted: Mapping[str, Verifier]) -> str | None:
        """An earlier key that is trusted, and from which every change up to the last key is signed by both keys."""
        for start in range(len(self._keys) - 2, -1, -1):
            index, new = self._keys[start + 1]
            if not self._is_signed_change(index, self._keys[start][1], new):
                return None
            if self._keys[start][1] in trusted:
                return self._keys[start][1]
        return None

    def _is_signed_change(self, index: int, old: str, new: str) -> bool:
        for size, note in self._kept.items():
            try:
                text = open_note(note, [parse_vkey(old)]).text
                open_note(note, [parse_vkey(new)])
                if size > index and parse_checkpoint(text).root == self._roots.get(size):
                    return True
            except FormatError:
                continue
        return False

    def _witnesses(self, note: bytes) -> str:
        """Those of the witnesses trusted that have signed as well, with their times."""
        told = ""
        body = parse_note(note).text.encode("utf-8")
        for key in self._trust.keys:
            for signature in parse_note(note).signatures:
                if key.kind != COSIGNATURE or (signature.name, signature.key_id) != (key.name, key.key_id):
                    continue
                try:
                    seconds = key.check(body, signature.value) or 0
                    told += f"; witnessed by {key.name} at {format_utc(datetime.fromtimestamp(seconds, UTC))}"
                except (FormatError, ValueError, OverflowError) as error:
                    self._found("E-LEDGER-WITNESS", key.name, str(error))
        return told

    def time(self, statements: int) -> Claim:
        """What receipts prove: that the statements under their checkpoint existed at their time."""
        for name, reason in held_failures(self._paths):
            self._found("W-RECEIPT-FAILED", name, reason)
        held, good, reasons = 0, None, []
        for receipt in held_receipts(self._paths):
            held += 1
            stamp, reason = self._judge(receipt)
            if stamp is not None and good is None:
                good = (receipt, stamp)
            if reason:
                reasons.append(f"{receipt.name}: {reason}")
        if good is not None:
            receipt, stamp = good
            by = f"by {receipt.authority}, policy {stamp.policy}, number {stamp.serial}"
            detail = f"{receipt.size} of {statements} statements before {format_utc(stamp.moment)}, {by}"
            return Claim(name=_TIMED, verdict=Verdict.PASS, detail=detail)
        if not held:
            return Claim(name=_TIMED, verdict=Verdict.NOT_CHECKED, detail="no receipts are held")
        if reasons:
            return Claim(name=_TIMED, verdict=Verdict.NOT_PROVEN, detail=reasons[0])
        detail = f"{held} receipts, and no root certificate of a time authority that you trust"
        return Claim(name=_TIMED, verdict=Verdict.NOT_CHECKED, detail=detail)

    def _judge(self, receipt: Receipt) -> tuple[Stamp | None, str]:
        """What a receipt says, where it can be believed; else why not. Both empty: it was not checked."""
        try:
            checkpoint = parse_checkpoint(parse_note(receipt.note).text)
            stamp = read_reply(receipt.reply, receipt.note)
        except FormatError as error:
            self._found("E-RECEIPT-BAD", receipt.name, str(error))
            return None, str(error)
        try:
            check_request(receipt.request, receipt.reply, receipt.note)
        except ReceiptError as error:
            # What the reply proves does not hang on it.
            self._found("E-RECEIPT-BAD", receipt.name.removesuffix("tsr") + "tsq", str(error))
        if checkpoint.size != receipt.size or self._roots.get(receipt.size) != checkpoint.root:
            self._found("E-RECEIPT-ROOT", receipt.name, f"at size {receipt.size}")
            return None, "it is for another history than this ledger's"
        if not self._trust.roots:
            return None, ""
        try:
            check_signature(receipt.reply, receipt.note, self._trust.roots)
        except ReceiptError as error:
            self._found("W-RECEIPT-CHAIN", receipt.name, str(error))
            return None, str(error)
        return stamp, ""


def _short(vkey: str) -> str:
    """Name and ID of a verifier key; its base64 may hold a plus as well."""
    return "+".join(vkey.split("+")[:2])
