"""A cable as one capture shows it, read from its bytes and held against the ledger, with the verdicts on it."""

from dataclasses import dataclass
from typing import Literal

from preserve.cables.extract import Extraction
from preserve.replay.readings import ShownReading
from preserve.replay.recover import Capture, CollectionReader, RecoveredPage

VerdictWord = Literal["PASS", "FAIL", "NOT CHECKED", "NOT PROVEN"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVerdict:
    """One thing that was checked for this page, or was not."""

    word: VerdictWord
    claim: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCable:
    """What a cable's page is made of. ``asked``: the id that was asked for; ``is_fixed``: one capture was asked for."""

    asked: str
    archive: CollectionReader
    capture: Capture
    page: RecoveredPage
    extraction: Extraction
    reading: ShownReading
    is_fixed: bool = False

    @property
    def published_id(self) -> str:
        """The id as the page prints it."""
        return self.extraction.published_id

    @property
    def canonical_id(self) -> str:
        """The canonical id, else the published one."""
        return self.extraction.canonical_id or self.extraction.published_id


def verdicts(seen: SeenCable) -> list[PageVerdict]:
    """What was checked while this page was made, and what was not."""
    archive, capture = seen.archive, seen.capture
    found = [
        PageVerdict(
            word="PASS",
            claim="The record's bytes are those that the ledger names",
            detail=f"SHA-256 {capture.row.record_sha256}",
        )
    ]
    if capture.is_signed:
        key = archive.log.remark
        found.append(
            PageVerdict(
                word="PASS",
                claim=f"Its statement, number {capture.row.statement_index:,}, is under the signed checkpoint",
                detail=f"{archive.log.signed:,} statements; "
                + (key.partition(": ")[2] if key else "signed by the key that is known here"),
            )
        )
    else:
        found.append(
            PageVerdict(word="NOT PROVEN", claim="Its statement is under no checkpoint yet", detail="not signed yet")
        )
    if seen.reading.is_stated:
        found.append(
            PageVerdict(
                word="PASS",
                claim="The text, read from these bytes now, is the one that the ledger states",
                detail=seen.reading.words,
            )
        )
    else:
        found.append(
            PageVerdict(word="NOT CHECKED", claim="This reading of the page is not stated", detail=seen.reading.words)
        )
    if capture.dated.doubt:
        found.append(PageVerdict(word="NOT PROVEN", claim="The capture's date is in doubt", detail=capture.dated.doubt))
    if capture.second_hand:
        found.append(PageVerdict(word="NOT PROVEN", claim="It is second hand", detail=capture.second_hand))
    if capture.lack:
        found.append(PageVerdict(word="NOT PROVEN", claim="It is not whole", detail=capture.lack))
    found.append(
        PageVerdict(
            word="NOT CHECKED",
            claim="The rest of the collection",
            detail=f"this page reads its own records only; preserve verify {archive.paths.name} reads all",
        )
    )
    return found
