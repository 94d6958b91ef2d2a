"""What the catalogue keeps of each statement: from the typed statement to the row of its table."""

from operator import attrgetter
from typing import Protocol

from msgspec import UNSET, UnsetType

from preserve.formats.urls import canonical, surt
from preserve.model import RecordPlace
from preserve.provenance.statements import (
    AcceptedStatement,
    CableStatement,
    ImportStatement,
    MementoStatement,
    Moved,
    Muted,
    RecordStatement,
    ReleaseStatement,
    RunStatement,
    Statement,
    UnknownStatement,
    encode,
)
from preserve.store import mementos
from preserve.store.catalogue import CABLE_COLUMNS, CLAIM_COLUMNS, NOTHING_KEPT, StatementRow, key_form

_RECORD_HEAD = attrgetter("record_id", "type", "uri")
_RECORD_MIDDLE = attrgetter("date", "status", "mime")
_RECORD_REST = attrgetter("record_sha256", "payload_sha256", "refers_to", "challenge", "whole")
_CABLE = attrgetter(*CABLE_COLUMNS)
_MEMENTO = attrgetter(*mementos.COLUMNS)


def row_of(statement: Statement, place: RecordPlace | None = None) -> StatementRow:
    """The row of a statement. A `RecordStatement` comes with its place; without, nothing is kept of it."""
    match statement:
        case RecordStatement():
            return NOTHING_KEPT if place is None else _record(statement, place)
        case CableStatement():
            return _cable(statement)
        case ReleaseStatement() | AcceptedStatement() | Moved() | Muted():
            body = encode(statement).decode("utf-8")
            return (
                StatementRow("releases", (statement.release, body))
                if isinstance(statement, ReleaseStatement)
                else StatementRow("judgements", (body,))
            )
        case RunStatement(part=part):
            first = (statement.run, statement.started, statement.ended) if part == 1 else ()
            return StatementRow("runs" if part == 1 else None, first, _looks(statement))
        case MementoStatement(uri=uri):
            return StatementRow("mementos", (key_form(canonical, uri), *_MEMENTO(statement)))
        case ImportStatement():
            return StatementRow("imports", (statement.file, statement.run, statement.imported))
        case UnknownStatement(kind=kind, v=version):
            return StatementRow("newer", (kind, version))
        case _:
            return NOTHING_KEPT


def _cable(said: CableStatement) -> StatementRow:
    claims = (said.claims[name].printed if name in said.claims else None for name in CLAIM_COLUMNS)
    return StatementRow("cables", (*_CABLE(said), *claims))


def _looks(said: RunStatement) -> tuple[tuple[str, ...], ...]:
    """What is kept of how addresses ended: those without a reply, and those that were not as they are held."""
    found = []
    for item in said.urls:
        seen = "" if item.seen is UNSET else item.seen
        key = key_form(canonical, item.url) if seen or item.outcome == "failed" else None
        if key is not None:
            found.append((key, said.run, said.ended, item.outcome, item.reason, seen))
    return tuple(found)


class _SaysRecord(Protocol):
    """What a statement says of a record, and whoever read that: names as in `RecordStatement`."""

    @property
    def type(self) -> str: ...
    @property
    def uri(self) -> str | None: ...
    @property
    def method(self) -> str | UnsetType: ...


_Values = tuple[str | int | None, ...]


def around_ordinal(said: _SaysRecord, file: str, offset: int, length: int, inner: int) -> tuple[_Values, _Values]:
    """The values of a record's row before its ordinal, and between that and its run, behind which there is none."""
    keys: tuple[str | None, str | None] = (None, None)
    if said.uri is not None and said.type in {"response", "revisit"} and said.method is UNSET:
        keys = (key_form(canonical, said.uri), key_form(surt, said.uri))
    return (
        (*_RECORD_HEAD(said), *keys, *_RECORD_MIDDLE(said), file),
        (offset, length, inner, *_RECORD_REST(said)),
    )


def _record(said: RecordStatement, place: RecordPlace) -> StatementRow:
    before, between = around_ordinal(said, said.file, place.offset, place.length, place.inner)
    return StatementRow("records", (*before, place.ordinal, *between, said.run))
