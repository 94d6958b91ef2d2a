"""What a reading finds of one record."""

from typing import NamedTuple

from msgspec import UNSET, UnsetType

from preserve.provenance.statements import Whole
from preserve.readers.hashing import Fault


class RecordFacts(NamedTuple):
    """What was found of one record. Digests are hexadecimal; None where they were not asked for or there are none."""

    record_id: str
    type: str
    uri: str | None
    date: str
    record_sha256: str | None = None
    block_sha256: str | None = None
    payload_sha256: str | None = None
    declared_payload: str | None = None
    status: int | None = None
    mime: str | None = None
    challenge: str | None = None
    references: tuple[tuple[str, str], ...] = ()
    refers_to: str | None = None
    original: tuple[str, str] | None = None
    """Of a revisit: address and date of the record that it refers to, as its header has them."""
    cables: tuple[bytes, ...] = ()
    shown: tuple[Fault, ...] = ()
    """What is wrong with the page, where a layout knows it: nothing of the record's."""
    faults: tuple[Fault, ...] = ()
    whole: Whole | None = None
    """Whether all of a page came and can be read (`wholeness`); with ``identity`` or ``statement`` only."""
    method: str | UnsetType = UNSET
    """The method by which a reply was asked for, where it was not GET (`request_method`)."""
