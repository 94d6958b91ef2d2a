"""What a collection is at a checkpoint, as metadata of DataCite 4.6 in JSON: for Zenodo, and whoever gives DOIs.

What nobody said stands as DataCite's codes for that (appendix 3): ``:tba`` is to be announced, ``:unav`` not available.
The version is the size of the checkpoint, and the root is an alternate identifier: the same description stands for
exactly these captures.

Tested by ``tests/scenarios/test_export_bag.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from preserve.formats.tlog.files import Checkpoint

SCHEMA: Final = "http://datacite.org/schema/kernel-4"
UNKNOWN: Final = ":unav"
LATER: Final = ":tba"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositFacts:
    """What is known of a collection: counts, bytes, first and last day of its captures (``YYYY-MM-DD``)."""

    title: str
    checkpoint: Checkpoint
    first_day: str
    last_day: str
    records: int
    cables: int
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositSaid:
    """What the person who deposits says; empty where nothing is said. ``creators`` are names, the first first."""

    doi: str = ""
    creators: Sequence[str] = ()
    publisher: str = ""
    rights: str = ""
    url: str = ""


def datacite(facts: DepositFacts, said: DepositSaid) -> Mapping[str, object]:
    """The metadata, in the order of DataCite's documentation."""
    checkpoint = facts.checkpoint
    root = checkpoint.root.hex()
    told: dict[str, object] = {"doi": said.doi} if said.doi else {}
    told |= {
        "types": {"resourceTypeGeneral": "Collection", "resourceType": "Web archive"},
        "creators": [{"name": name} for name in said.creators] or [{"name": UNKNOWN}],
        "titles": [{"title": facts.title}],
        "publisher": {"name": said.publisher or LATER},
        "publicationYear": facts.last_day[:4],
        "dates": [
            {"date": f"{facts.first_day}/{facts.last_day}", "dateType": "Collected"},
            {"date": facts.last_day, "dateType": "Updated"},
        ],
        "alternateIdentifiers": [
            {"alternateIdentifier": checkpoint.origin, "alternateIdentifierType": "log"},
            {"alternateIdentifier": f"sha256:{root}", "alternateIdentifierType": "root of the log"},
        ],
        "sizes": [
            f"{facts.size_bytes} bytes",
            f"{facts.files} files",
            f"{facts.records} records",
            f"{facts.cables} cables",
        ],
        "formats": ["application/warc"],
        "version": str(checkpoint.size),
        "rightsList": [{"rights": said.rights}] if said.rights else [],
        "descriptions": [
            {
                "description": f"{facts.title}: captures of web pages as evidence, from {facts.first_day} to "
                f"{facts.last_day}. The log {checkpoint.origin} states {checkpoint.size} facts about them; its root "
                f"at that size is {root} (SHA-256, RFC 6962). Whoever has the same root has the same captures.",
                "descriptionType": "Abstract",
            }
        ],
        "schemaVersion": SCHEMA,
    }
    if said.url:
        told["url"] = said.url
    return told
