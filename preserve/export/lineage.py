"""Where texts come from, as one collection's ledger states it: the values that every form of provenance is written of.

Nothing here is a judgement. What a page printed is a claim of that page at that capture; what the ledger states is what
this program did or measured; what a time authority says is read, and not verified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from preserve.expressions import lazy_re
from preserve.formats.tlog import Checkpoint
from preserve.model import sha256_hex

UNREAL: Final = lazy_re(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 section 2.2 forbids or advises against, and what would break a line."""
THINGS: Final = "urn:x-preserve:thing:"
_ORIGIN: Final = lazy_re(r"preserve/([a-z0-9-]+)/([0-9a-f]{8})\Z")
_UUID: Final = lazy_re(r"urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")


class Said(NamedTuple):
    """One field as a page prints it, what it is read as, and how precise a time is; None where that is not known."""

    printed: str
    value: str | None
    precision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRecord:
    """One capture as its ``record`` statement has it. ``date`` is its WARC-Date; digests are hexadecimal SHA-256.

    ``imported``: another program wrote it; who made the capture is not known here.
    """

    statement: int
    record_id: str
    type: str
    uri: str | None
    date: str
    status: int | None
    mime: str | None
    challenge: str | None
    file: str
    ordinal: int
    record_sha256: str
    block_sha256: str
    payload_sha256: str | None
    refers_to: str | None
    run: str
    imported: bool

    @property
    def uuid(self) -> str | None:
        """The UUID of its id; None where the id is no UUID in its regular form."""
        match = _UUID.match(self.record_id)
        return None if match is None else match[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedText:
    """One text as its ``cable`` statement has it. ``fields`` are what the page prints, all of it claims."""

    statement: int
    record_id: str
    published_id: str
    canonical_id: str | None
    extractor: str
    layout: str
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    fields: Mapping[str, Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMemento:
    """That a record holds what a web archive served as its capture of ``uri``; ``served`` is the archive's own date.

    ``digest`` and ``held`` are what the ``memento`` statement found of it.
    """

    statement: int
    record_id: str
    archive: str
    uri: str
    served: str | None
    digest: str
    held: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAs:
    """A WARC file as one event sealed it: size in bytes, hexadecimal SHA-256, number of records."""

    name: str
    size: int
    sha256: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
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
    files: tuple[SealedAs, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRelease:
    """A ``release`` statement: what the keeper of the archive declared of a source, when it was ``stated``.

    ``file``: the WARC file with the rows, of a dump that was taken in as this release.
    """

    statement: int
    name: str
    title: str
    publisher: str
    released: str | None
    sources: tuple[str, ...]
    file: str | None
    stated: str
    program: str


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
    """What one collection states of some captures: everything in the ledger's order."""

    collection: str
    origin: str
    created: str
    records: tuple[StatedRecord, ...]
    texts: tuple[StatedText, ...]
    mementos: tuple[StatedMemento, ...]
    events: tuple[Event, ...]
    releases: tuple[DeclaredRelease, ...]
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
        for record in lineage.records:
            name = self.thing("record", record.statement)
            if record.uuid is not None and record.record_id not in taken:
                name = record.record_id
                taken.add(name)
            self._records[record.statement] = name
            self._by_id.setdefault(record.record_id, name)

    def thing(self, kind: str, key: object) -> str:
        """A thing of a kind; ``key`` holds letters, digits and hyphens only."""
        return f"{THINGS}{self._prefix}-{kind}-{key}"

    def record(self, record: StatedRecord) -> str:
        """A record of the lineage."""
        return self._records[record.statement]

    def record_of_id(self, record_id: str) -> str | None:
        """The first record of the lineage that has an id; None where none has."""
        return self._by_id.get(record_id)

    def event(self, event_name: str) -> str:
        """A run, or what else was done, by its name."""
        return self.thing("activity", key_of(event_name))

    def agent(self, name: str, kind: str) -> str:
        """A program, an authority or an office."""
        return self.thing("agent", key_of(f"{kind} {name}"))

    def file(self, file: SealedAs, event: Event) -> str:
        """A file as one event sealed it."""
        return self.thing("file", f"{key_of(file.name)[:16]}-{event.statement}")


def names_of(lineages: Sequence[Lineage]) -> list[Names]:
    """The names of the lineages of one document."""
    taken: set[str] = set()
    return [Names(lineage, taken) for lineage in lineages]
