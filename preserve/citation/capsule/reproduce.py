"""The citation and the readable pages of a capsule, made again from what the capsule proves, and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from preserve.cables.extract import Extraction
from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.check_capsule import FAIL, PASS
from preserve.citation.capsule.index import index_page
from preserve.citation.capsule.page import readable_page
from preserve.citation.cite import cable_title, created, place_of, printed
from preserve.citation.passage import Passage
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.formats.tlog.files import parse_checkpoint, parse_proof
from preserve.formats.tlog.note import parse_note
from preserve.model import told_reply

CLAIM: Final = "the citation and the readable page say what is proved"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAgain:
    """What was read again from the record of a capsule: the cable, if it is one, the passage, and the page's title."""

    extraction: Extraction | None
    passage: Passage
    title: str


def compared(files: Mapping[str, bytes], cited: CitedAgain) -> tuple[str, str]:
    """The verdict on ``citation.json``, ``readme.txt`` and ``index.html``: a version of the format fixes
    what is in them.

    Raises:
        Bad, FormatError, KeyError, TypeError, ValueError: they are not those of a capsule.
    """
    again = {
        "citation.json": check_capsule.canonical(to_csl_json(_data(files, cited))),
        "readme.txt": readable_page(files).encode(),
    }
    # The page shows words of the citation: of the one that is proved.
    again["index.html"] = index_page({**files, **again}).encode()
    other = [name for name, data in again.items() if files[name] != data]
    if not other:
        return PASS, "made again, they are the same to the byte"
    return FAIL, f"{' and '.join(other)} cannot be made from what the capsule proves"


def _data(files: Mapping[str, bytes], cited: CitedAgain) -> CitationData:
    extraction = cited.extraction
    members = dict(files)
    record = check_capsule.read_json(files["record.json"])
    source = check_capsule.read_json(files["source.json"]) if "source.json" in files else record
    checkpoint = parse_checkpoint(parse_note(files["checkpoint"]).text)
    return CitationData(
        identifier="" if extraction is None else extraction.published_id,
        title=cited.title if extraction is None else cable_title(extraction),
        origin=printed(extraction, "origin"),
        created=created(extraction),
        source=printed(extraction, "source"),
        source_released=printed(extraction, "source_released"),
        url=check_capsule.address(members),
        second_hand=check_capsule.second_hand(members)[0],
        whole=str(source["whole"] or "whole"),
        in_its_place=told_reply(source["status"], source["challenge"]),
        hidden_until_opened=extraction is not None and extraction.hidden_until_opened,
        captured=str(record["date"]),
        archive=checkpoint.origin,
        record_id=str(record["record_id"]),
        record_sha256=str(record["record_sha256"]),
        payload_sha256=str(source["payload_sha256"] or ""),
        body_sha256=check_capsule.sha256(files["text.txt"]),
        statement=parse_proof(files["record.tlog-proof"]).index,
        checkpoint_size=checkpoint.size,
        passage=place_of(cited.passage),
        quote=cited.passage.exact,
        is_long=True,
    )
