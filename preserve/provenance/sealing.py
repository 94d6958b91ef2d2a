"""Which statements seal a file, and with what bytes: those of runs, of cuts, of imports, of repairs.

A later statement about the same file takes the place of an earlier one: a repair may have restored every record and not
every byte of the compression around them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

ARCHIVE_FOLDER = "archive/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A file of the archive as a statement has it: name without folder, size in bytes, SHA-256, number of records."""

    name: str
    size: int
    sha256: str
    records: int

    @classmethod
    def of(cls, item: Mapping[str, object], *, name: object) -> Self:
        """From a statement's fields, or from those of one entry of a run's list."""
        return cls(
            name=str(name), size=int(str(item["size"])), sha256=str(item["sha256"]), records=int(str(item["records"]))
        )


def sealed_in(statement: Mapping[str, object]) -> Iterator[Sealed]:
    """The files that one checked statement seals; most statements seal none."""
    match statement["kind"]:
        case "run":
            files = statement["files"]
            for item in files if isinstance(files, list) else []:
                yield Sealed.of(item, name=item["name"])
        case "cut":
            if statement["records"]:
                yield Sealed.of(statement, name=statement["file"])
        case "import":
            yield Sealed.of(statement, name=statement["file"])
        case "repair":
            path = str(statement["path"])
            if path.startswith(ARCHIVE_FOLDER):
                yield Sealed.of(statement, name=path.removeprefix(ARCHIVE_FOLDER))
