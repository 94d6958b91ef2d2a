"""Which statements seal a file, and with what bytes: those of runs, of cuts, of imports, of repairs.

A later statement about the same file takes the place of an earlier one: a repair may have restored every record and not
every byte of the compression around them.
"""

from collections.abc import Iterator

from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import (
    CutStatement,
    ImportStatement,
    RepairStatement,
    RunStatement,
    Sealed,
    Statement,
    decode,
    is_of_record_or_text,
)

ARCHIVE_FOLDER = "archive/"


def sealed_in(statement: Statement) -> Iterator[Sealed]:
    """The files that one statement seals; most statements seal none."""
    match statement:
        case RunStatement(files=files):
            yield from files
        case CutStatement(records=0):
            return
        case CutStatement() | ImportStatement():
            yield _as(statement.file, statement)
        case RepairStatement(path=path) if path.startswith(ARCHIVE_FOLDER):
            yield _as(path.removeprefix(ARCHIVE_FOLDER), statement)
        case _:
            return


def sealed_files(ledger: Ledger) -> set[str]:
    """The names of all files that a ledger seals.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
    """
    entries = (entry for _index, entry in ledger.raw() if not is_of_record_or_text(entry))
    return {sealed.name for entry in entries for sealed in sealed_in(decode(entry))}


def _as(name: str, said: CutStatement | ImportStatement | RepairStatement) -> Sealed:
    return Sealed(name=name, size=said.size, sha256=said.sha256, records=said.records)
