"""What a ledger states: one frozen struct a kind, and the two functions between them and their bytes.

``docs/formats/ledger.md`` says what each field means. `encode` and `decode` are inverse: a statement has one form in
bytes, canonical JSON (RFC 8785, see `preserve.formats.tlog.statements`), and `decode` refuses every other. Both hold a
statement against the schema of its kind, so that no writer states what a reader would call damage.

A kind or a version that this program does not know is no damage: it decodes to `UnknownStatement`, an opaque leaf. The
tree over it is checked, its content is not. Nothing is added to a ledger that has one (`preserve.provenance.derive`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Final, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.tlog import statements as canonical
from preserve.limits import DEFAULT_LIMITS
from preserve.model import parse_utc

VERSION: Final = 2
NEWER: Final = "written by a newer program"
"""What is said of a statement that is not known here."""

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Sha256OrEmpty = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]
Ascii = Annotated[str, Meta(pattern=r"^[\x00-\x7f]*\Z")]
"""A key of JSON: in ASCII, where every order of sorting is the same."""
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")]
"""As `preserve.store.layout.check_file_name` has it: no name in the ledger leads out of the archive."""
FilePath = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,254})*\Z")]
"""A path below the collection's folder: plain names with slashes between."""

Method = Annotated[str, Meta(pattern=r"^[A-Z]{1,20}\Z")]
"""A method of HTTP."""
Whole = Literal["whole", "cut", "partial", "undecodable"]
"""Whether all of a page came, and can be read."""

_KIND: Final = lazy_re(r"[a-z][a-z0-9-]{0,63}\Z")


class _Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A group of fields. Immutable; no cycles can be made of them."""


class Sealed(_Value, frozen=True, kw_only=True):
    """A WARC file as a statement seals it: name without folder, size in bytes, SHA-256, number of records."""

    name: FileName
    size: Count
    sha256: Sha256
    records: Count


class RunEnd(_Value, frozen=True, kw_only=True):
    """How one address of a run ended (``docs/reference/outcomes.md``).

    ``seen``: what the look showed of a page that was held, where it is not as it was.
    """

    url: str
    outcome: str
    reason: str
    seen: str | msgspec.UnsetType = msgspec.UNSET


class ComparedRun(_Value, frozen=True, kw_only=True):
    """A run held against what was held before it: addresses by what their look showed, held pages left, by reason.

    ``looked``: held pages looked at; ``lost`` of them were not to be had, those not counted whose loss is ``accepted``,
    nor the ``quiet`` ones among those that are ``muted``; ``good``: whether that can be borne.
    """

    seen: dict[Ascii, Count]
    left: dict[Ascii, Count]
    looked: Count
    lost: Count
    accepted: Count
    muted: Count
    quiet: Count
    good: bool


class PrintedFields(_Value, frozen=True, kw_only=True):
    """One field of a cable's page: as it is printed, what that means, how precise a time is, where it was read."""

    printed: str
    value: str | None
    precision: str | None
    source: str


class Claimed(_Value, frozen=True, kw_only=True):
    """What a page says of its text, as it prints it, and what that means."""

    printed: str
    value: str | None


class SourcePackage(_Value, frozen=True, kw_only=True):
    """The WACZ package that a file was taken out of. ``findings`` counts what is wrong with the package, by code."""

    name: str
    size: Count
    sha256: Sha256
    datapackage_sha256: Sha256
    findings: dict[Ascii, Count]


class Dump(_Value, frozen=True, kw_only=True):
    """A dump that was taken in row by row: its own name, size and hash, the WARC ``file`` that holds it, and counts."""

    name: str
    size: Count
    sha256: Sha256
    file: FileName
    rows: Count
    unreadable: Count
    cables: Count


class _Kind(_Value, frozen=True, kw_only=True, tag_field="kind"):
    v: Literal[2] = VERSION


class Follows(_Value, frozen=True, kw_only=True):
    """A log that another one goes on from: its name, and the newest checkpoint that was seen of it."""

    origin: str
    size: Count
    root: Sha256


class ArchiveStatement(_Kind, frozen=True, kw_only=True, tag="archive"):
    """The first statement of every ledger: which archive this is, and the key of its log.

    ``follows`` is there where the log was begun because the newest part of another one was lost.
    """

    collection: str
    format: Count
    origin: str
    key: str
    created: str
    follows: Follows | msgspec.UnsetType = msgspec.UNSET


class RecordStatement(_Kind, frozen=True, kw_only=True, tag="record"):
    """One stored record. ``ordinal`` counts from 0 in its file; digests are 64 hexadecimal digits.

    ``challenge`` names the bot wall whose page a reply was taken for. ``whole``: of a ``response`` or ``resource``,
    None of others (`preserve.provenance.describe.wholeness`). ``method``: by which the reply was asked for, where that
    was not GET; such a reply is no capture of its address.
    """

    record_id: str
    type: str
    uri: str | None
    date: str
    status: Count | None
    file: FileName
    ordinal: Count
    record_sha256: Sha256
    block_sha256: Sha256
    payload_sha256: Sha256 | None
    refers_to: str | None
    mime: str | None
    challenge: str | None
    whole: Whole | None
    run: str
    method: Method | msgspec.UnsetType = msgspec.UNSET


class CableStatement(_Kind, frozen=True, kw_only=True, tag="cable"):
    """One cable as one extractor read it from one record. Never replaced: another extractor states its own.

    ``read_in`` is there where the record is no reply but the document that scripts made of a page, in the browser of
    the program that captured it.
    """

    record_id: str
    extractor: str
    layout: str
    published_id: str
    canonical_id: str | None
    raw_sha256: Sha256
    body_sha256: Sha256
    comparison_sha256: Sha256
    comparison_rules: str
    rules_fired: tuple[Count, ...]
    claims: dict[Ascii, Claimed]
    fields: dict[Ascii, PrintedFields]
    read_in: Literal["dom"] | msgspec.UnsetType = msgspec.UNSET

    @property
    def layout_name(self) -> str:
        """The layout's name, without its version."""
        return self.layout.split("/")[0]


class RunStatement(_Kind, frozen=True, kw_only=True, tag="run"):
    """The manifest of a run, or one of the ``parts`` of it (`in_parts`).

    ``compared`` is there where pages were held before.
    """

    run: str
    started: str
    ended: str
    outcome: str
    program: str
    files: tuple[Sealed, ...]
    counts: dict[Ascii, Count]
    refused: dict[Ascii, Count]
    first_statement: Count
    last_statement: Annotated[int, Meta(ge=-1, le=2**53 - 1)]
    urls: tuple[RunEnd, ...] = ()
    part: Count = 1
    parts: Count = 1
    compared: ComparedRun | msgspec.UnsetType = msgspec.UNSET


IMPORT_RUN: Final = "import:"
"""How the ``run`` of an import begins, in its own statement and in those of its records: they are second hand."""


class ImportStatement(_Kind, frozen=True, kw_only=True, tag="import"):
    """A file made by another program, taken in without changing a byte.

    ``source`` is the name it came under, ``package`` the package it was taken out of, ``maker`` the program that made
    it, in the words of its first record; empty where that names none. ``lacks`` counts the findings of the check at
    import, by code.
    """

    file: FileName
    size: Count
    sha256: Sha256
    records: Count
    container: str
    source: str
    maker: str
    package: SourcePackage | None
    lacks: dict[Ascii, Count]
    imported: str
    program: str
    run: str


class ReleaseStatement(_Kind, frozen=True, kw_only=True, tag="release"):
    """A release of a source, as it is declared. ``released`` is a date of UTC no longer than its precision."""

    release: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}\Z")]
    title: str
    publisher: str
    released: str | None
    counter: Count | None
    sources: tuple[str, ...]
    known_from: tuple[str, ...]
    note: str
    dump: Dump | None
    stated: str
    program: str


class RepairStatement(_Kind, frozen=True, kw_only=True, tag="repair"):
    """A file put back from copies that nobody has to trust: every byte in it is named by the ledger.

    ``path`` is relative to the collection's folder. ``exact``: the file is the one that was sealed, byte for byte;
    otherwise every record is, and the compression around them is another. ``quarantined`` is the name under
    ``quarantine/`` of the damaged file, or None where there was none.
    """

    path: FilePath
    size: Count
    sha256: Sha256
    records: Count
    restored_records: Count
    exact: bool
    quarantined: FileName | None
    sources: tuple[str, ...]
    repaired: str
    program: str


Answer = Literal["held", "none", "failed"]
"""What a web archive says of an address."""
DigestFit = Literal["payload", "content", "body", "differs", "unknown", "unclaimed"]
"""Which reading of a memento's bytes the digest fits that its archive lists."""
ComparedAs = Literal["same-payload", "same-text", "other-text", "nothing", "unknown"]
"""What a memento is as against the newest reply that is held from the address itself."""


class ListingStatement(_Kind, frozen=True, kw_only=True, tag="listing"):
    """What a web archive said that it holds of an address: ``held``, ``none``, or ``failed``: no usable answer."""

    run: str
    archive: str
    uri: str
    asked: str
    answer: Answer
    complete: bool
    mementos: Count
    records: tuple[str, ...]
    reasons: tuple[str, ...]


class MementoStatement(_Kind, frozen=True, kw_only=True, tag="memento"):
    """One memento that was asked for, as another archive served it: the link from an address to second-hand bytes."""

    run: str
    archive: str
    archive_title: str
    uri: str
    memento: str
    requested: str
    served: str | None
    record_id: str | None
    status: Count | None
    verdict: str
    reasons: tuple[str, ...]
    claimed_digest: str | None
    digest: DigestFit
    held: ComparedAs


class KeyStatement(_Kind, frozen=True, kw_only=True, tag="key"):
    """From the next checkpoint on the log is signed with another key: verifier keys, moment, and why."""

    old: str
    new: str
    changed: str
    reason: str


class CutStatement(_Kind, frozen=True, kw_only=True, tag="cut"):
    """A file that an unclean stop left behind: what was kept of it, how much of its end was not, and where that lies.

    ``file``, ``size``, ``sha256`` and ``records`` are the file as it was sealed; ``records`` 0 and an empty ``sha256``:
    nothing was kept. ``quarantined`` is the name under ``quarantine/`` of what was not kept, or None where that was no
    more than a torn tail.
    """

    file: FileName
    size: Count
    sha256: Sha256OrEmpty
    records: Count
    cut_bytes: Count
    reason: str
    quarantined: FileName | None


class DerivedSums(_Value, frozen=True, kw_only=True):
    """Catalogue and index as a check found them to follow from the statements that it covers (ADR 25).

    ``rows_sha256``: over their rows (`preserve.integrity.verify.settled`); ``lines``: how many lines of the index;
    ``lines_sum``: the sum of their SHA-256, modulo 2**256. ``texts`` and ``texts_unread``: as in the statement around
    it, of texts that do not follow their record.
    """

    rows_sha256: Sha256
    lines: Count
    lines_sum: Sha256
    texts: Count
    texts_unread: Count


class FixityStatement(_Kind, frozen=True, kw_only=True, tag="fixity"):
    """A file was read record by record, and each record and text was the one that the ledger names (ADR 25).

    ``check``: version of the rules of the check; ``size``: it covers the statements below this index; ``sha256`` and
    ``records``: the file as it was read. ``texts`` were extracted again, ``texts_unread`` could not be.
    ``places_sha256``: where each record lay, in the ledger's order (`preserve.integrity.verify.fixity.Places`).
    ``derived`` is there in one of the statements of a check that found catalogue and index to be good.
    """

    file: FileName
    sha256: Sha256
    records: Count
    texts: Count
    texts_unread: Count
    places_sha256: Sha256
    size: Count
    check: Count
    checked: str
    program: str
    derived: DerivedSums | msgspec.UnsetType = msgspec.UNSET


class AcceptedStatement(_Kind, frozen=True, kw_only=True, tag="accepted"):
    """Somebody knows that these pages are lost: until they come whole again, no run is bad for them."""

    urls: tuple[str, ...]
    reason: str
    stated: str
    program: str


class Moved(_Kind, frozen=True, kw_only=True, tag="moved"):
    """The pages below one beginning of addresses are below another one now, as somebody says."""

    old: str
    new: str
    reason: str
    stated: str
    program: str


class Muted(_Kind, frozen=True, kw_only=True, tag="muted"):
    """Pages that are looked at and raise no alarm from now on; where not ``muted``, they raise alarms again."""

    urls: tuple[str, ...]
    muted: bool
    reason: str
    stated: str
    program: str


class WaczKey(_Kind, frozen=True, kw_only=True, tag="wacz-key"):
    """A key that signs packages of this collection: SubjectPublicKeyInfo in base64, since when, and why."""

    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{100,400}={0,2}\Z")]
    since: str
    reason: str


Known = (
    ArchiveStatement
    | RecordStatement
    | CableStatement
    | RunStatement
    | ImportStatement
    | ReleaseStatement
    | RepairStatement
    | ListingStatement
    | MementoStatement
    | KeyStatement
    | CutStatement
    | FixityStatement
    | AcceptedStatement
    | Moved
    | Muted
    | WaczKey
)


class UnknownStatement(msgspec.Struct, frozen=True, gc=False):
    """A statement of a kind or a version that this program does not know: its bytes, and nothing read in them."""

    kind: str
    v: int
    raw: bytes


Statement = Known | UnknownStatement

KINDS: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Known))
"""The kinds of statement that this program knows."""
_MOMENTS: Final[Mapping[type, tuple[str, ...]]] = {
    ArchiveStatement: ("created",),
    RecordStatement: ("date",),
    CableStatement: (),
    RunStatement: ("started", "ended"),
    ImportStatement: ("imported",),
    ReleaseStatement: ("stated",),
    RepairStatement: ("repaired",),
    ListingStatement: ("asked",),
    MementoStatement: ("requested", "served"),
    KeyStatement: ("changed",),
    CutStatement: (),
    FixityStatement: ("checked",),
    AcceptedStatement: ("stated",),
    Moved: ("stated",),
    Muted: ("stated",),
    WaczKey: ("since",),
}
"""The fields of each kind that are moments (or, where they may be, None)."""
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final[msgspec.json.Decoder[Known]] = msgspec.json.Decoder(Known)
_NEARLY_ALL: Final = frozenset(str(kind.__struct_config__.tag) for kind in (RecordStatement, CableStatement))


class _Head(msgspec.Struct, frozen=True, gc=False):
    """What a statement is, whatever else it says."""

    kind: str
    v: int


_HEADS: Final = msgspec.json.Decoder(_Head)
_MOST_BYTES: Final = DEFAULT_LIMITS.max_statement_bytes


def kind_of(statement: Statement) -> str:
    """The kind as it stands in the ledger."""
    return statement.kind if isinstance(statement, UnknownStatement) else str(statement.__struct_config__.tag)


def encode(statement: Statement) -> bytes:
    """The canonical bytes of a statement.

    Raises:
        FormatError: a value that its kind does not allow, a lone surrogate, or a result of more than 65,535 bytes.
    """
    if isinstance(statement, UnknownStatement):
        return statement.raw
    try:
        entry = _ENCODER.encode(statement)
        _DECODER.decode(entry)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError) as error:
        raise FormatError(f"a {kind_of(statement)} statement that cannot be: {error}"[:300]) from error
    _check_length(entry)
    _check_moments(statement)
    return entry


def encode_unchecked(statement: Known) -> bytes:
    """The same bytes, of a statement whose values are known to be such as its kind allows.

    Raises:
        FormatError: a lone surrogate, or a result of more than 65,535 bytes.
    """
    try:
        entry = _ENCODER.encode(statement)
    except UnicodeEncodeError as error:
        raise FormatError(f"a {kind_of(statement)} statement that cannot be: {error}"[:300]) from error
    _check_length(entry)
    return entry


def decode(entry: bytes) -> Statement:
    """The statement in these bytes, which are exactly those that `encode` makes of it.

    Raises:
        FormatError: too many, not JSON, not canonical, no statement, or one of a known kind that breaks its schema.
    """
    _check_length(entry)
    try:
        statement = _DECODER.decode(entry)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _unknown(entry, error)
    if _ENCODER.encode(statement) != entry:
        raise FormatError("a statement that is not in canonical form")
    _check_moments(statement)
    return statement


def is_of_record_or_text(entry: bytes) -> bool:
    """True for a ``record`` or a ``cable`` statement of the version known here, by kind and version alone.

    Nearly all statements are one, and whoever looks for others need not decode them.
    """
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        head = _HEADS.decode(entry)
        return head.v == VERSION and head.kind in _NEARLY_ALL
    return False


def _check_length(entry: bytes) -> None:
    if len(entry) > _MOST_BYTES:
        raise FormatError(f"a statement of {len(entry)} bytes, more than {_MOST_BYTES}")


def _check_moments(statement: Known) -> None:
    """What a pattern does not see: whether a date is one of the calendar."""
    for name in _MOMENTS[type(statement)]:
        moment = getattr(statement, name)
        if moment is not None:
            parse_utc(moment)


def _unknown(entry: bytes, error: Exception) -> UnknownStatement:
    """The opaque leaf in bytes that are no statement of a known kind and version.

    Raises:
        FormatError: they are none of any program: not canonical, without kind or version; or a known one that breaks
            its schema.
    """
    content = canonical.decode(entry)
    kind, version = content.get("kind"), content.get("v")
    if not isinstance(kind, str) or _KIND.match(kind) is None:
        raise FormatError("a statement without a kind") from error
    if type(version) is not int or version < 1:
        raise FormatError(f"a {kind} statement without a version") from error
    if kind in KINDS and version <= VERSION:
        raise FormatError(f"a {kind} statement that cannot be: {error}"[:300]) from error
    return UnknownStatement(kind, version, entry)


def in_parts(run: RunStatement, urls: Callable[[], Iterable[RunEnd]]) -> Iterator[RunStatement]:
    """The manifest of a run: every address with how it ended, in as many numbered parts as that takes.

    A part stays below the size of a ledger entry. Counts stand in the first part. ``urls`` is gone through twice: once
    to count the parts, once to make them, so that no run is too long for the memory.
    """
    files = list(_groups(run.files))
    count = max(sum(1 for _group in _groups(urls())), len(files))
    addresses = _groups(urls())
    for part in range(count):
        yield msgspec.structs.replace(
            run,
            files=files[part] if part < len(files) else (),
            counts=run.counts if part == 0 else {},
            refused=run.refused if part == 0 else {},
            compared=run.compared if part == 0 else msgspec.UNSET,
            urls=next(addresses, ()),
            part=part + 1,
            parts=count,
        )


_Urls = TypeVar("_Urls", AcceptedStatement, Muted)


def urls_in_parts(said: _Urls) -> Iterator[_Urls]:
    """The same in as many statements as its addresses take."""
    for urls in _groups(said.urls):
        yield msgspec.structs.replace(said, urls=urls)


_Item = TypeVar("_Item", Sealed, RunEnd, str)


def _groups(items: Iterable[_Item]) -> Iterator[tuple[_Item, ...]]:
    """The items in groups that are each below half of an entry's size; at least one group."""
    group: list[_Item] = []
    used = 0
    for item in items:
        size = len(_ENCODER.encode(item)) + 1
        if group and used + size > _MOST_BYTES // 2:
            yield tuple(group)
            group, used = [], 0
        group.append(item)
        used += size
    yield tuple(group)
