"""What time authorities say of a statement, looked at for its page: whose receipt, of when, and what it proves here."""

from dataclasses import dataclass
from typing import Final

from preserve.errors import ArchiveError, FormatError
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.model import format_utc
from preserve.provenance.receipts import Receipt, ReceiptError, check_signature, read_reply, receipts_over
from preserve.provenance.trust import Trust
from preserve.replay.recover import CollectionReader
from preserve.web.publicwords import PublicWords
from preserve.web.seen import VerdictWord

_MOST: Final = 8
"""Authorities whose receipts are looked at for one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One authority's receipt of the smallest checkpoint over a statement: ``size`` statements existed by ``moment``.

    ``moment`` is empty where the receipt says none. ``detail``: why the word is no PASS, or what it rests on.
    """

    authority: str
    size: int
    moment: str
    word: VerdictWord
    detail: str


def receipt_lines(archive: CollectionReader, statement: int, trust: Trust, public: PublicWords) -> list[ReceiptLine]:
    """What is held of receipts over a statement; none: no authority vouches for it."""
    return [_line(archive, receipt, trust, public) for receipt in receipts_over(archive.paths, statement)[:_MOST]]


def _line(archive: CollectionReader, receipt: Receipt, trust: Trust, public: PublicWords) -> ReceiptLine:
    moment, word, detail = _judged(archive, receipt, trust, public)
    return ReceiptLine(authority=receipt.authority, size=receipt.size, moment=moment, word=word, detail=detail)


def _judged(
    archive: CollectionReader, receipt: Receipt, trust: Trust, public: PublicWords
) -> tuple[str, VerdictWord, str]:
    try:
        moment = format_utc(read_reply(receipt.reply, receipt.note).moment)
        checkpoint = parse_checkpoint(parse_note(receipt.note).text)
        if checkpoint.size != receipt.size or archive.ledger.root_at(receipt.size) != checkpoint.root:
            return moment, "FAIL", "it is for another history than this ledger\u2019s"
    except (FormatError, ArchiveError) as error:
        return "", "FAIL", public.error(error)[0]
    if not trust.roots:
        return (
            moment,
            "NOT CHECKED",
            "trust/ of the configuration has no root certificate of a time authority",
        )
    try:
        check_signature(receipt.reply, receipt.note, trust.roots, trust.intermediates)
    except ReceiptError as error:
        return moment, "NOT PROVEN", str(error)
    return moment, "PASS", "signed under a root that is trusted here"
