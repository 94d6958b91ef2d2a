"""Who vouches for a ledger, and since when: its keys, the witnesses, the receipts of time authorities.

A key is not believed because it lies in the archive. What the reader trusts (`preserve.provenance.trust`) decides, and
where that names keys of logs, nothing else does. Else what is known of the log from before
(`preserve.provenance.knownlogs`); else the verdict says whose key it is and that it is not known.

Tested by ``tests/scenarios/test_damage.py``.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from preserve.errors import FormatError
from preserve.findings import Claim, Verdict
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import COSIGNATURE, open_note, parse_note, parse_vkey
from preserve.integrity.verify.checkpoint_check import SignedCheckpoint
from preserve.integrity.verify.earlier import NOTHING, Earlier
from preserve.integrity.verify.newer import Newer
from preserve.model import format_utc
from preserve.provenance.keychain import LogKey, is_signed_change, vouched_by
from preserve.provenance.knownlogs import Compared, KnownLogs, SeenLog
from preserve.provenance.receipts import (
    Receipt,
    ReceiptError,
    Stamp,
    check_request,
    check_signature,
    held_failures,
    held_receipts,
    is_in_order,
    kept_checkpoints,
    read_reply,
)
from preserve.provenance.statements import NEWER, ArchiveStatement, KeyStatement, Statement
from preserve.provenance.trust import Trust
from preserve.store.layout import CollectionPaths
from preserve.text import counted

Found = Callable[[str, str, str], None]
"""Takes code, place and detail of a finding."""
_SIGNED = "the checkpoint is signed by the log's key"
KNOWN = "the log is the one known here"
_TIMED = "existed before a trusted time"


class Attestations:
    """Takes in the ledger as it is read, and judges what is said of it by others."""

    def __init__(
        self,
        paths: CollectionPaths,
        signed: SignedCheckpoint,
        trust: Trust,
        logs: KnownLogs | None,
        *,
        found: Found,
        newer: Newer,
        earlier: Earlier = NOTHING,
    ) -> None:
        self._paths = paths
        self._signed = signed
        self._checkpoint = checkpoint = signed.checkpoint
        self._trust = trust
        self._logs = logs
        self._found = found
        self._newer = newer
        self._kept = kept_checkpoints(paths)
        """Size to note of every checkpoint that is kept."""
        self.wanted = {*self._kept}
        """The sizes at which the root is asked for."""
        if logs is not None and checkpoint is not None:
            self.wanted |= logs.sizes(checkpoint.origin, paths.folder)
        self._roots: dict[int, bytes] = {}
        self.stamped: list[tuple[int, datetime]] = []
        """Of each receipt that can be believed: how many statements it is for, and its moment."""
        self._earlier = earlier
        self.keys: list[LogKey] = earlier.keys
        """From the first key of the log to the one that signs its checkpoint."""

    def grown(self, size: int, root: bytes) -> None:
        """Takes in the root at one of the sizes `wanted`."""
        self._roots[size] = root

    def stated(self, index: int, statement: Statement) -> None:
        """Takes in a statement: the first and those of a change of key say which keys the log has."""
        match statement:
            case ArchiveStatement(key=key) if index == 0:
                self.keys = [LogKey(index, key)]
            case KeyStatement(old=old, new=new):
                if self.keys and self.keys[-1].vkey != old and not self._newer.names(old):
                    self._found("E-LEDGER-CHANGE", f"statement {index}", "the key that it changes is not the log's")
                if self._checkpoint is not None and index < self._checkpoint.size:
                    # One that no checkpoint covers has changed nothing yet.
                    self.keys.append(LogKey(index, new))
            case _:
                return

    def signature(self, known: Compared) -> Claim:
        """What to say of the checkpoint's signature, which was verified with the key that lies in the archive."""
        if self._signed.claim.verdict is not Verdict.PASS or not self.keys:
            return self._signed.claim
        own = self.keys[-1]
        is_newer_change = self._is_newer_change()
        if self._is_half_changed():
            detail = "a change of key, which both keys signed, did not end: run `preserve key rotate` again"
            return Claim(name=_SIGNED, verdict=Verdict.NOT_CHECKED, detail=detail)
        if self._signed.vkey != own.vkey and not is_newer_change:
            self._found("E-LEDGER-KEY", self._paths.vkey.name, "it is not the key that the ledger names")
            return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail="the key is not the one that the ledger names")
        trusted = {key.vkey for key in self._trust.logs}
        voucher = vouched_by(self.keys, trusted, self._kept, self._begins_with)
        if is_newer_change and (voucher is not None or not trusted):
            return Claim(name=_SIGNED, verdict=Verdict.NOT_CHECKED, detail=f"a change of key, {NEWER}")
        if voucher == own:
            detail = f"by {own.short}, which you trust"
        elif voucher is not None:
            detail = f"by {own.short}, to which {voucher.short}, which you trust, gave over"
        elif trusted:
            self._found("E-LEDGER-TRUST", "checkpoint", f"signed by {own.short}")
            return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail=f"by {own.short}, not by a key that you trust")
        elif known.log is not None and known.good and known.is_told:
            detail = f"by {own.short}, {'which signs it here' if known.log.is_own else 'by which it is known here'}"
        else:
            detail = f"by the archive's own key {own.short}, not known to you"
        return Claim(name=_SIGNED, verdict=Verdict.PASS, detail=detail + self._witnesses(self._signed.note))

    def _is_half_changed(self) -> bool:
        """True where the key that lies here is still the old one of a change that both keys signed."""
        if not self.keys[:-1] or self._signed.vkey != self.keys[-2].vkey:
            return False
        with suppress(FormatError):
            open_note(self._signed.note, [parse_vkey(self.keys[-1].vkey)])
            return True
        return False

    def _is_newer_change(self) -> bool:
        """True where the key that lies here follows the last one known by a statement that a newer program wrote.

        Such a statement names it, and both keys signed a checkpoint over that, which nobody can who has not the old
        one. What else it says is not known.
        """
        if not self.keys:
            return False
        own, held = self.keys[-1], self._signed.vkey
        index = self._newer.last_naming(held)
        return index > own.since and is_signed_change(own, LogKey(index, held), self._kept, self._begins_with)

    def known(self, *, whole: bool) -> tuple[Claim, Compared]:
        """Holds the log against what is known of it. ``whole``: its entries give the root of its checkpoint.

        It is noted by `note`, once nothing else is found to be wrong with it.
        """
        if self._logs is None:
            return Claim(name=KNOWN, verdict=Verdict.NOT_CHECKED, detail="no record of it was given"), Compared()
        is_signed = self._signed.claim.verdict is Verdict.PASS
        if self._checkpoint is not None and not (is_signed and whole and self.keys):
            return Claim(name=KNOWN, verdict=Verdict.NOT_CHECKED, detail="the ledger is damaged"), Compared()
        if self._is_newer_change():
            return Claim(name=KNOWN, verdict=Verdict.NOT_CHECKED, detail=f"a change of key, {NEWER}"), Compared()
        compared = self._logs.compare(self._paths.folder, self._seen())
        for finding in compared.findings:
            self._found(finding.code, finding.where, finding.detail)
        if not compared.good:
            return Claim(name=KNOWN, verdict=Verdict.FAIL, detail=compared.findings[0].detail), compared
        if not compared.is_told:
            return Claim(name=KNOWN, verdict=Verdict.NOT_CHECKED, detail="its record cannot be read"), compared
        if compared.log is None or self._checkpoint is None:
            return Claim(name=KNOWN, verdict=Verdict.NOT_CHECKED, detail="nothing was known of it before"), compared
        size, before = self._checkpoint.size, compared.log.size
        if compared.behind:
            told = f"an older copy, {compared.behind} statements behind the newest state known"
            return Claim(name=KNOWN, verdict=Verdict.PASS, detail=told), compared
        told = f"{before:,} statements were known" + (f", {size:,} are here" if size != before else "")
        return Claim(name=KNOWN, verdict=Verdict.PASS, detail=told), compared

    def note(self) -> str:
        """Notes the log as known; returns why it could not, or ``""``."""
        seen = self._seen()
        return "" if self._logs is None or seen is None else self._logs.meet(self._paths.folder, seen).not_noted

    def _seen(self) -> SeenLog | None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return None
        return SeenLog(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            note=self._signed.note,
            keys=tuple(self.keys),
            notes=self._kept,
            begins_with=self._begins_with,
        )

    def _begins_with(self, size: int, root: bytes) -> bool | None:
        if self._checkpoint is not None and size == self._checkpoint.size:
            return root == self._checkpoint.root
        return self._is_root(size, root)

    def _is_root(self, size: int, root: bytes) -> bool | None:
        """Whether this is the root over so many statements, as they were read; None: that was not seen."""
        held = self._roots.get(size)
        return self._earlier.begins_with(size, root) if held is None else held == root

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
            if stamp is not None:
                self.stamped.append((receipt.size, stamp.moment))
                good = good or (receipt, stamp)
            if reason:
                reasons.append(f"{receipt.name}: {reason}")
        if good is not None:
            receipt, stamp = good
            by = f"by {receipt.authority}, policy {stamp.policy}, number {stamp.serial}"
            detail = f"{receipt.size:,} of {counted(statements, 'statement')} before {format_utc(stamp.moment)}, {by}"
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
        if not is_in_order(receipt.reply):
            self._found("I-RECEIPT-ORDER", receipt.name, "")
        try:
            check_request(receipt.request, receipt.reply, receipt.note)
        except ReceiptError as error:
            # What the reply proves does not hang on it.
            self._found("E-RECEIPT-BAD", receipt.name.removesuffix("tsr") + "tsq", str(error))
        if checkpoint.size != receipt.size or not self._is_root(receipt.size, checkpoint.root):
            self._found("E-RECEIPT-ROOT", receipt.name, f"at size {receipt.size}")
            return None, "it is for another history than this ledger's"
        if not self._trust.roots:
            return None, ""
        try:
            check_signature(receipt.reply, receipt.note, self._trust.roots, self._trust.intermediates)
        except ReceiptError as error:
            self._found("W-RECEIPT-CHAIN", receipt.name, str(error))
            return None, str(error)
        return stamp, ""
