"""Checks for those who hold something of a log: an older checkpoint, a proof, a statement."""

from dataclasses import dataclass

from preserve.errors import FormatError, NotHeldError
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint, parse_proof
from preserve.formats.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from preserve.formats.tlog.note import parse_note
from preserve.provenance.ledger import Ledger
from preserve.store.catalogue import Catalogue
from preserve.store.layout import CollectionPaths

_PROOF = b"c2sp.org/tlog-proof@"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedProof:
    """What a file holds: a signed checkpoint, and the place of a statement under it, where one was proved."""

    checkpoint: bytes
    index: int = 0
    is_proved: bool = False


def check_proof(data: bytes, entry: bytes | None) -> ParsedProof:
    """Reads a checkpoint, or a proof; with the bytes of a statement, checks its place. Signatures are not looked at.

    Raises:
        FormatError: it is neither, or the statement is not where the proof says.
    """
    if not data.startswith(_PROOF):
        if entry is not None:
            raise FormatError("a checkpoint alone proves no statement: give a proof")
        return ParsedProof(checkpoint=data)
    proof = parse_proof(data)
    if entry is None:
        return ParsedProof(checkpoint=proof.checkpoint)
    checkpoint = parse_checkpoint(parse_note(proof.checkpoint).text)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return ParsedProof(checkpoint=proof.checkpoint, index=proof.index, is_proved=True)


def check_extends(ledger: Ledger, older: Checkpoint) -> int:
    """Proves that a log begins with what it was at an older checkpoint; returns how many statements it has now.

    Raises:
        FormatError: it does not, or it is another log. ArchiveError: a tile is missing.
    """
    note = ledger.note()
    if note is None:
        raise FormatError("the log has no checkpoint")
    newer = parse_checkpoint(parse_note(note).text)
    if newer.origin != older.origin:
        raise FormatError(f"the older checkpoint is of {older.origin}, not of {newer.origin}")
    if older.size > newer.size:
        raise FormatError(f"the log has {newer.size} statements, fewer than the {older.size} it had")
    if ledger.root_at(newer.size) != newer.root:
        raise FormatError("the log's own tiles do not give the root of its checkpoint")
    proof = ledger.consistency_proof(older.size, newer.size)
    verify_consistency(older.size, older.root, newer.size, newer.root, proof)
    return newer.size


def index_of_record(paths: CollectionPaths, record_id: str) -> int:
    """The number of the statement of a record, by its id with or without ``<`` and ``>``.

    Raises:
        NotHeldError: there is none.
    """
    with Catalogue.open(paths, read_only=True) as catalogue:
        row = catalogue.record(record_id.strip("<>"))
    if row is None:
        raise NotHeldError(f"no record {record_id[:80]}", next_step="`preserve ledger log` lists what there is.")
    return row.statement_index
