"""Which statements seal a file, and with what bytes: those of runs, of cuts, of imports, of repairs.

A later statement about the same file takes the place of an earlier one: a repair may have restored every record and not
every byte of the compression around them.
"""

from collections.abc import Iterator

from preserve.provenance.statements import Cut, Import, Repair, Run, Sealed, Statement

ARCHIVE_FOLDER = "archive/"


def sealed_in(statement: Statement) -> Iterator[Sealed]:
    """The files that one statement seals; most statements seal none."""
    match statement:
        case Run(files=files):
            yield from files
        case Cut(records=0):
            return
        case Cut() | Import():
            yield _as(statement.file, statement)
        case Repair(path=path) if path.startswith(ARCHIVE_FOLDER):
            yield _as(path.removeprefix(ARCHIVE_FOLDER), statement)
        case _:
            return


def _as(name: str, said: Cut | Import | Repair) -> Sealed:
    return Sealed(name=name, size=said.size, sha256=said.sha256, records=said.records)
