"""The check of a statement that was read: the fields of its kind, no others, each of its kind of value."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from preserve.errors import FormatError
from preserve.model import parse_utc

_Count = Annotated[int, Meta(ge=0)]
_Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Sha256OrEmpty = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]
_FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")]
"""As `preserve.store.layout.check_file_name` has it: no name in the ledger leads out of the archive."""
_Path = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,254})*\Z")]
"""A path below the collection's folder: plain names with slashes between."""


class _Statement(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    kind: str
    v: Literal[1]


class _Archive(_Statement):
    collection: str
    format: _Count
    origin: str
    key: str
    created: str


class _Record(_Statement):
    record_id: str
    type: str
    uri: str | None
    date: str
    status: _Count | None
    file: _FileName
    ordinal: _Count
    record_sha256: _Sha256
    block_sha256: _Sha256
    payload_sha256: _Sha256 | None
    refers_to: str | None
    mime: str | None
    challenge: str | None
    run: str


class _Cable(_Statement):
    record_id: str
    extractor: str
    layout: str
    published_id: str
    canonical_id: str | None
    raw_sha256: _Sha256
    body_sha256: _Sha256
    comparison_sha256: _Sha256
    comparison_rules: str
    rules_fired: list[Any]
    claims: dict[str, Any]
    fields: dict[str, Any]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    name: _FileName
    size: _Count
    sha256: _Sha256
    records: _Count


class _Run(_Statement):
    run: str
    started: str
    ended: str
    outcome: str
    program: str
    files: list[_File]
    counts: dict[str, Any]
    refused: dict[str, Any]
    first_statement: _Count
    last_statement: int
    urls: list[Any]
    part: _Count
    parts: _Count


class _Import(_Statement):
    file: _FileName
    size: _Count
    sha256: _Sha256
    records: _Count
    container: str
    source: str
    package: dict[str, Any] | None
    lacks: dict[str, _Count]
    imported: str
    program: str
    run: str


class _Dump(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: _Count
    sha256: _Sha256
    file: _FileName
    rows: _Count
    unreadable: _Count
    cables: _Count


class _Release(_Statement):
    release: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}\Z")]
    title: str
    publisher: str
    released: str | None
    counter: _Count | None
    sources: list[str]
    known_from: list[str]
    note: str
    dump: _Dump | None
    stated: str
    program: str


class _Repair(_Statement):
    path: _Path
    size: _Count
    sha256: _Sha256
    records: _Count
    restored_records: _Count
    exact: bool
    quarantined: _FileName | None
    sources: list[Any]
    repaired: str
    program: str


class _Listing(_Statement):
    run: str
    archive: str
    uri: str
    asked: str
    answer: Literal["held", "none", "failed"]
    complete: bool
    mementos: _Count
    records: list[str]
    reasons: list[str]


class _Memento(_Statement):
    run: str
    archive: str
    archive_title: str
    uri: str
    memento: str
    requested: str
    served: str | None
    record_id: str | None
    status: _Count | None
    verdict: str
    reasons: list[str]
    claimed_digest: str | None
    digest: Literal["payload", "content", "body", "differs", "unknown", "unclaimed"]
    held: Literal["same-payload", "same-text", "other-text", "nothing", "unknown"]


class _Key(_Statement):
    old: str
    new: str
    changed: str
    reason: str


class _Cut(_Statement):
    file: _FileName
    size: _Count
    sha256: _Sha256OrEmpty
    records: _Count
    cut_bytes: _Count
    reason: str
    adopted: _Count


_KINDS: Mapping[str, tuple[type[_Statement], tuple[str, ...]]] = {
    "archive": (_Archive, ("created",)),
    "record": (_Record, ("date",)),
    "cable": (_Cable, ()),
    "run": (_Run, ("started", "ended")),
    "import": (_Import, ("imported",)),
    "release": (_Release, ("stated",)),
    "repair": (_Repair, ("repaired",)),
    "listing": (_Listing, ("asked",)),
    "memento": (_Memento, ("requested",)),
    "key": (_Key, ("changed",)),
    "cut": (_Cut, ()),
}
"""Kind to its fields, and to those that are moments."""


def check_statement(statement: Mapping[str, object]) -> None:
    """Holds a statement against the schema of its kind.

    Raises:
        FormatError: unknown kind or version, a field missing, unknown or of the wrong kind of value.
    """
    kind = statement.get("kind")
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise FormatError(f"unknown kind of statement {str(kind)[:40]!r}")
    schema, moments = known
    try:
        msgspec.convert(statement, schema)
    except msgspec.ValidationError as error:
        raise FormatError(f"{kind} statement: {error}"[:300]) from error
    for name in moments:
        parse_utc(str(statement[name]))
