"""The citation and the readable page of a capsule, made again from what the capsule proves, and compared."""

from collections.abc import Mapping
from typing import Final

from preserve.cables.extract import Extraction
from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.check_capsule import FAIL, PASS
from preserve.citation.capsule.page import readable_page
from preserve.citation.cite import cable_title, created, place_of, printed
from preserve.citation.passage import Passage
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.formats.tlog.files import parse_checkpoint, parse_proof
from preserve.formats.tlog.note import parse_note

CLAIM: Final = "the citation and the readable page say what is proved"


def compared(files: Mapping[str, bytes], extraction: Extraction, passage: Passage) -> tuple[str, str]:
    """The verdict on ``citation.json`` and ``readme.txt``: what a version of the format has in them is fixed by it.

    Raises:
        Bad, FormatError, KeyError, TypeError, ValueError: they are not those of a capsule.
    """
    again = {
        "citation.json": check_capsule.canonical(to_csl_json(_data(files, extraction, passage))),
        "readme.txt": readable_page(files).encode(),
    }
    other = [name for name, data in again.items() if files[name] != data]
    if not other:
        return PASS, "made again, they are the same to the byte"
    return FAIL, f"{' and '.join(other)} cannot be made from what the capsule proves"


def _data(files: Mapping[str, bytes], extraction: Extraction, passage: Passage) -> CitationData:
    members = dict(files)
    record = check_capsule.read_json(files["record.json"])
    source = check_capsule.read_json(files["source.json"]) if "source.json" in files else record
    checkpoint = parse_checkpoint(parse_note(files["checkpoint"]).text)
    return CitationData(
        identifier=extraction.published_id,
        title=cable_title(extraction),
        origin=printed(extraction, "origin"),
        created=created(extraction),
        source=printed(extraction, "source"),
        source_released=printed(extraction, "source_released"),
        url=check_capsule.address(members),
        second_hand=check_capsule.second_hand(members)[0],
        whole=str(source["whole"] or "whole"),
        hidden_until_opened=extraction.hidden_until_opened,
        captured=str(record["date"]),
        archive=checkpoint.origin,
        record_id=str(record["record_id"]),
        record_sha256=str(record["record_sha256"]),
        payload_sha256=str(source["payload_sha256"] or ""),
        body_sha256=extraction.body_sha256,
        statement=parse_proof(files["record.tlog-proof"]).index,
        checkpoint_size=checkpoint.size,
        passage=place_of(passage),
        quote=passage.exact,
        is_long=True,
    )
