"""Where texts come from, as one collection's ledger states it: the values that every form of provenance is written of.

Nothing here is a judgement. What a page printed is a claim of that page at that capture; what the ledger states is what
this program did or measured; what a time authority says is read, and not verified.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from preserve.expressions import lazy_re
from preserve.formats.tlog.files import Checkpoint
from preserve.model import sha256_hex
from preserve.provenance.statements import CableStatement, MementoStatement, RecordStatement, ReleaseStatement, Sealed

UNREAL: Final = lazy_re(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 section 2.2 forbids or advises against, and what would break a line."""
THINGS: Final = "urn:x-preserve:thing:"
_ORIGIN: Final = lazy_re(r"preserve/([a-z0-9-]+)/([0-9a-f]{8})\Z")
_UUID: Final = lazy_re(r"urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageEvent:
    """A run, an import, a cut or a repair: the statement's kind, its times (or None), what it says and what it sealed.

    ``started`` is None where the statement has one time only, and both are where it has none.
    """

    statement: int
    kind: str
    name: str
    started: str | None
    ended: str | None
    program: str | None
    outcome: str
    detail: str
    files: tuple[Sealed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReceipt:
    """A time authority's reply for the checkpoint of ``size``: read, and not verified."""

    size: int
    authority: str
    moment: str
    serial: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What one collection states of some captures: everything in the ledger's order, each with its statement's index.

    ``records`` are captures; ``texts`` what they show, all of it claims; ``mementos`` say that a record holds what a
    web archive served as its capture of another address. ``imports``: the runs whose records another program wrote, so
    that who made the capture is not known here.
    """

    collection: str
    origin: str
    created: str
    records: tuple[tuple[int, RecordStatement], ...]
    texts: tuple[tuple[int, CableStatement], ...]
    mementos: tuple[tuple[int, MementoStatement], ...]
    imports: frozenset[str]
    events: tuple[LineageEvent, ...]
    releases: tuple[tuple[int, ReleaseStatement], ...]
    checkpoint: Checkpoint | None
    receipts: tuple[HeldReceipt, ...]

    def covers(self, statement: int) -> bool:
        """Whether the checkpoint covers a statement."""
        return self.checkpoint is not None and statement < self.checkpoint.size

    def receipt_of(self, statement: int) -> HeldReceipt | None:
        """The receipt of the smallest checkpoint over a statement: the earliest time by which it is said to exist."""
        over = [one for one in self.receipts if one.size > statement]
        return min(over, key=lambda one: (one.moment, one.size, one.authority), default=None)


def plain(text: str) -> str:
    """A text with no character that XML or a line cannot hold: each becomes U+FFFD."""
    return UNREAL.sub("\ufffd", text)


def key_of(text: str) -> str:
    """32 hexadecimal digits that stand for a text in an identifier."""
    return sha256_hex(text.encode("utf-8", "surrogatepass"))[:32]


class Names:
    """The identifiers of the things of one lineage, the same in every form: URIs that begin with `THINGS`.

    A record with a UUID is ``urn:uuid:``; where two have the same id, the second is named by its statement. ``taken``
    holds the ids of the other lineages of a document, and takes those of this one.
    """

    def __init__(self, lineage: Lineage, taken: set[str]) -> None:
        match = _ORIGIN.match(lineage.origin)
        self._prefix = key_of(lineage.origin) if match is None else f"{match[1]}-{match[2]}"
        self._records: dict[int, str] = {}
        self._by_id: dict[str, str] = {}
        for index, record in lineage.records:
            name = self.thing("record", index)
            if _UUID.match(record.record_id) is not None and record.record_id not in taken:
                name = record.record_id
                taken.add(name)
            self._records[index] = name
            self._by_id.setdefault(record.record_id, name)

    def thing(self, kind: str, key: object) -> str:
        """A thing of a kind; ``key`` holds letters, digits and hyphens only."""
        return f"{THINGS}{self._prefix}-{kind}-{key}"

    def record(self, index: int) -> str:
        """The record of the lineage whose statement has this index."""
        return self._records[index]

    def record_of_id(self, record_id: str) -> str | None:
        """The first record of the lineage that has an id; None where none has."""
        return self._by_id.get(record_id)

    def event(self, event_name: str) -> str:
        """A run, or what else was done, by its name."""
        return self.thing("activity", key_of(event_name))

    def agent(self, name: str, kind: str) -> str:
        """A program, an authority or an office."""
        return self.thing("agent", key_of(f"{kind} {name}"))

    def file(self, file: Sealed, event: LineageEvent) -> str:
        """A file as one event sealed it."""
        return self.thing("file", f"{key_of(file.name)[:16]}-{event.statement}")


def names_of(lineages: Sequence[Lineage]) -> list[Names]:
    """The names of the lineages of one document."""
    taken: set[str] = set()
    return [Names(lineage, taken) for lineage in lineages]
