"""Every record of a file, checked by itself, in this process or with helpers."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from preserve.errors import FormatError
from preserve.formats.warc.containers import Container, RecordSpan
from preserve.integrity.expected import ExpectedRecord, expected_of
from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import RecordQuery, facts_of
from preserve.readers.hashing import Fault
from preserve.readers.segments import Gather, SegmentReader, stretch_fault
from preserve.regular import FileIdentity
from preserve.store.copying import Hashed, hash_file

T = TypeVar("T")


class ScannedRecord(NamedTuple):
    """One record as it was read: its place, and what was found of it; or a stretch with its fault and nothing found.

    ``expected``: what follows from it for ledger, catalogue and index, where that was asked for and can be told. Then
    ``facts`` are left out where they say no more (`found`): what a helper sends costs time at both ends.
    """

    offset: int
    length: int
    inner: int
    facts: RecordFacts | None
    fault: Fault | None = None
    expected: ExpectedRecord | None = None

    def found(self) -> RecordFacts | None:
        """What was found of the record; None: there is none."""
        return self.expected.facts() if self.facts is None and self.expected is not None else self.facts


def _as_read(_name: str, rows: Iterable[ScannedRecord]) -> Iterable[ScannedRecord]:
    return rows


def _rows(wanted: RecordQuery, name: str, spots: Iterator[RecordSpan]) -> Iterator[ScannedRecord]:
    row = partial(_expecting, name) if wanted.expected else _row
    # One is held back: of a large record the length is known only behind it.
    last: tuple[RecordSpan, RecordFacts | None, Fault | None] | None = None
    for spot in spots:
        if last is not None:
            yield row(*last)
        last = (spot, *_looked_at(spot, wanted))
    if last is not None:
        yield row(*last)


def _row(spot: RecordSpan, facts: RecordFacts | None, fault: Fault | None) -> ScannedRecord:
    return ScannedRecord(spot.offset, spot.length, spot.inner, facts, fault)


def _expecting(name: str, spot: RecordSpan, facts: RecordFacts | None, fault: Fault | None) -> ScannedRecord:
    where = (spot.offset, spot.length, spot.inner)
    is_held = facts is not None and spot.raw is not None and spot.raw.block is not None
    expected = expected_of(facts, name, *where) if facts is not None and is_held else None
    if facts is not None and expected is not None and not (facts.faults or facts.cables or facts.shown):
        facts = None
    return ScannedRecord(*where, facts, fault, expected)


def _looked_at(spot: RecordSpan, wanted: RecordQuery) -> tuple[RecordFacts | None, Fault | None]:
    if spot.raw is None:
        return None, stretch_fault(spot)
    try:
        facts = facts_of(spot.raw, wanted)
    except FormatError as error:
        return None, ("E-WARC-HEADER", str(error))
    if spot.is_shared:
        facts = facts._replace(faults=(*facts.faults, ("I-WARC-MEMBERS", "")))
    return facts, None


Hashing = Callable[[], Hashed]
"""A file's hash under way; calling it waits for it. OSError: the file cannot be read."""


class Scanner:
    """Reads files, in this process or with helpers. Make it before any thread is started: it forks."""

    def __init__(self, wanted: RecordQuery, *, processes: int | None = None, total_bytes: int) -> None:
        """``processes`` None: as many as there are processors, and none but this where ``total_bytes`` is little."""
        self._stretches = SegmentReader[ScannedRecord](
            partial(_rows, wanted), processes=processes, total_bytes=total_bytes, before=wanted.load
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stretches.__exit__(*error)

    def expect(self, paths: Iterable[Path]) -> None:
        """Tells of files whose records will be asked for, in this order as a rule: helpers read small ones ahead."""
        self._stretches.expect(paths)

    def rows(self, path: Path, container: Container) -> Iterator[ScannedRecord]:
        """The records of a file, in order.

        Raises:
            EnvironmentFaultError: a helper died.
            OSError: the file cannot be read.
        """
        return self.gathered(path, container, _as_read)

    def gathered(self, path: Path, container: Container, gather: Gather[ScannedRecord, T]) -> Iterator[T]:
        """The same, gathered where it is read; raises what `rows` raises."""
        try:
            yield from self._stretches.gathered(path, container, gather)
        except FormatError as error:
            yield from gather(path.name, [ScannedRecord(0, 0, 0, None, ("E-WARC-GZIP", str(error)))])

    def hashed(self, path: Path) -> Hashing:
        """Begins to take a file's SHA-256."""
        return self._stretches.begin(hash_file, path)


class FileHashes:
    """The hash of each file, begun while what is read for its records is in the memory of the machine.

    A file is hashed once, so that every check of it is of the same bytes.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._begun: dict[str, Hashing] = {}
        self.begun_bytes = 0
        self.unread: dict[str, str] = {}
        """Files of which nothing is known, since they could not be had, with the reason."""

    def begin(self, path: Path) -> None:
        """Begins to hash a file; one that was begun already is not hashed again."""
        if path.name not in self._begun:
            self._begun[path.name] = self._scanner.hashed(path)
            identity = FileIdentity.of(path)
            self.begun_bytes += 0 if identity is None else identity.size

    def rows(self, path: Path, found: Iterator[ScannedRecord]) -> Iterator[ScannedRecord]:  # noqa: ARG002 - who fetches needs it
        """Hands on what is found in a file; here its reading ends."""
        return found

    def need(self, path: Path) -> None:
        """One record of a file that is read is looked at once more: a file that is here is here."""

    @property
    def names(self) -> frozenset[str]:
        """The files that were begun."""
        return frozenset(self._begun)

    def of(self, name: str) -> Hashed:
        """The hash of one of them; waits for it.

        Raises:
            OSError: it cannot be read.
            EnvironmentFaultError: a helper died.
        """
        return self._begun[name]()
