"""Statements: every kind there and back, every field's check, what is not known, and runs in parts."""

import json
from typing import Any, get_args

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.tlog import statements as canonical
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.statements import (
    KINDS,
    VERSION,
    AcceptedStatement,
    Answer,
    ArchiveStatement,
    CableStatement,
    Claimed,
    ComparedAs,
    CutStatement,
    DigestFit,
    Dump,
    FixityStatement,
    ImportStatement,
    KeyStatement,
    Known,
    ListingStatement,
    MementoStatement,
    Moved,
    Muted,
    PrintedFields,
    RecordStatement,
    ReleaseStatement,
    RepairStatement,
    RunEnd,
    RunStatement,
    Sealed,
    SourcePackage,
    UnknownStatement,
    WaczKey,
    decode,
    encode,
    in_parts,
    is_of_record_or_text,
    kind_of,
)

HASH = "0" * 64
DATE = "2026-01-02T03:04:05.678901Z"
RECORD = RecordStatement(
    record_id="urn:uuid:1",
    type="response",
    uri="http://x.org/",
    date=DATE,
    status=200,
    file="demo-1.warc.gz",
    ordinal=0,
    record_sha256=HASH,
    block_sha256=HASH,
    payload_sha256=HASH,
    refers_to=None,
    mime="text/html",
    challenge=None,
    whole=None,
    run="urn:uuid:2",
)
CABLE = CableStatement(
    record_id="urn:uuid:1",
    extractor="preserve-cables/1",
    layout="mrkva/1",
    published_id="05X1",
    canonical_id=None,
    raw_sha256=HASH,
    body_sha256=HASH,
    comparison_sha256=HASH,
    comparison_rules="1",
    rules_fired=(4,),
    claims={"source": Claimed(printed="gulls", value=None)},
    fields={
        "created": PrintedFields(printed="2005-01-31", value="2005-01-31", precision="day", source="field"),
        "subject": PrintedFields(printed="Gulls", value=None, precision=None, source="header"),
    },
)
RUN = RunStatement(
    run="urn:uuid:2",
    started=DATE,
    ended=DATE,
    outcome="complete",
    program="preserve/0",
    files=(Sealed(name="f1.warc.gz", size=1, sha256=HASH, records=1),),
    counts={"done": 1},
    refused={"out-of-scope": 3},
    first_statement=0,
    last_statement=1,
    urls=(RunEnd(url="http://x.org/", outcome="done", reason="http-200"),),
)
IMPORT = ImportStatement(
    file="a.warc.gz",
    size=1,
    sha256=HASH,
    records=1,
    container="warc-gzip",
    source="p.wacz/a.warc.gz",
    maker="",
    package=SourcePackage(name="p.wacz", size=2, sha256=HASH, datapackage_sha256=HASH, findings={"W-WACZ": 1}),
    lacks={"I-WARC-NO-DIGEST": 1},
    imported=DATE,
    program="preserve/0",
    run="r",
)
RELEASE = ReleaseStatement(
    release="gulls-1",
    title="Gulls",
    publisher="",
    released=None,
    counter=12,
    sources=("gullbrowser",),
    known_from=("a test",),
    note="",
    dump=Dump(name="a b.csv", size=1, sha256=HASH, file="a.warc.gz", rows=2, unreadable=1, cables=1),
    stated=DATE,
    program="preserve/0",
)
REPAIR = RepairStatement(
    path="archive/a.warc.gz",
    size=1,
    sha256=HASH,
    records=1,
    restored_records=1,
    exact=False,
    quarantined="a.warc.gz.1",
    sources=("b.warc.gz",),
    repaired=DATE,
    program="preserve/0",
)
LISTING = ListingStatement(
    run="r", archive="a", uri="u", asked=DATE, answer="held", complete=True, mementos=1, records=("x",), reasons=("c",)
)
MEMENTO = MementoStatement(
    run="r",
    archive="a",
    archive_title="A",
    uri="u",
    memento="m",
    requested=DATE,
    served=DATE,
    record_id="x",
    status=200,
    verdict="page",
    reasons=(),
    claimed_digest=None,
    digest="unclaimed",
    held="nothing",
)
KEY = KeyStatement(old="a", new="b", changed=DATE, reason="")
CUT = CutStatement(
    file="a.warc.gz", size=1, sha256=HASH, records=1, cut_bytes=7, reason="x", quarantined="a.warc.gz.tail"
)
ACCEPTED = AcceptedStatement(urls=("http://x.org/",), reason="closed", stated=DATE, program="p")
FIXITY = FixityStatement(
    file="a.warc.gz", sha256=HASH, records=3, texts=1, texts_unread=0, places_sha256=HASH, size=7, check=1,
    checked=DATE, program="p",
)  # fmt: skip
MOVED = Moved(old="http://x.org/", new="http://y.org/", reason="", stated=DATE, program="p")
MUTED = Muted(urls=("http://x.org/",), muted=True, reason="it changes all the time", stated=DATE, program="p")
WACZ_KEY = WaczKey(key="M" * 160, since=DATE, reason="for readers")
ARCHIVE = ArchiveStatement(collection="demo", format=2, origin="a", key="b", created=DATE)
_MAY_BE_NULL = {
    "uri", "status", "payload_sha256", "refers_to", "mime", "challenge", "canonical_id", "package", "released",
    "counter", "dump", "quarantined", "served", "claimed_digest",
}  # fmt: skip
ONE_OF_EACH: list[Known] = [
    ARCHIVE, RECORD, CABLE, RUN, IMPORT, RELEASE, REPAIR, LISTING, MEMENTO, KEY, CUT, FIXITY, ACCEPTED, MOVED,
    MUTED, WACZ_KEY,
]  # fmt: skip


def _said(statement: Known) -> dict[str, Any]:
    """The fields of a statement as JSON has them."""
    said: dict[str, Any] = json.loads(encode(statement))
    return said


def test_there_is_an_example_of_every_kind() -> None:
    assert {kind_of(statement) for statement in ONE_OF_EACH} == KINDS
    assert len(ONE_OF_EACH) == len(get_args(Known))


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_every_kind_comes_back_as_it_was(statement: Known) -> None:
    entry = encode(statement)
    assert decode(entry) == statement
    assert type(decode(entry)) is type(statement)
    assert encode(decode(entry)) == entry
    assert entry == rfc8785.dumps(json.loads(entry)) == canonical.encode(json.loads(entry))
    assert (_said(statement)["kind"], _said(statement)["v"]) == (kind_of(statement), VERSION)


def test_the_form_in_bytes() -> None:
    assert encode(CUT) == (
        b'{"cut_bytes":7,"file":"a.warc.gz","kind":"cut","quarantined":"a.warc.gz.tail","reason":"x","records":1,'
        b'"sha256":"%s","size":1,"v":2}' % HASH.encode()
    )


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_a_statement_cannot_be_changed(statement: Known) -> None:
    with pytest.raises(AttributeError):
        setattr(statement, statement.__struct_fields__[0], None)


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_a_field_that_is_missing_or_not_of_the_kind_is_refused(statement: Known) -> None:
    said = _said(statement)
    for name in said:
        with pytest.raises(FormatError):
            decode(canonical.encode({key: value for key, value in said.items() if key != name}))
    with pytest.raises(FormatError):
        decode(canonical.encode({**said, "extra": 1}))


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_a_field_with_another_kind_of_value_is_refused(statement: Known) -> None:
    said = _said(statement)
    others: tuple[object, ...] = (None, "", 0, True, [], {})
    for name, value in said.items():
        allowed = {type(value)}
        if name in _MAY_BE_NULL or (name == "record_id" and isinstance(statement, MementoStatement)):
            allowed |= {type(None), str} if value is None else {type(None)}
        for other in others:
            if type(other) not in allowed:
                with pytest.raises(FormatError):
                    decode(canonical.encode({**said, name: other}))


def test_what_may_be_null_may_be() -> None:
    empty: list[Known] = [
        msgspec.structs.replace(RECORD, uri=None, status=None, payload_sha256=None, mime=None),
        msgspec.structs.replace(IMPORT, package=None),
        msgspec.structs.replace(RELEASE, counter=None, dump=None),
        msgspec.structs.replace(REPAIR, quarantined=None),
        msgspec.structs.replace(MEMENTO, served=None, record_id=None, status=None),
        msgspec.structs.replace(CUT, quarantined=None),
    ]
    for statement in empty:
        assert decode(encode(statement)) == statement


_SHA256 = ("0" * 63, "0" * 65, "G" * 64, "A" * 64, f"{HASH}\n", "")
_NAMES = ("../../etc/passwd", ".hidden", "", "a/b", "a\n", "a" * 256)
_COUNTS = (-1, 2**53)
_DATES = ("yesterday", "", "2020-02-31T00:00:00Z", "2020-02-01", "2020-02-01T00:00:00+01:00")


@pytest.mark.parametrize(
    ("statement", "name", "values"),
    [
        (ARCHIVE, "format", _COUNTS),
        (ARCHIVE, "created", _DATES),
        (RECORD, "date", _DATES),
        (RECORD, "record_sha256", _SHA256),
        (RECORD, "block_sha256", _SHA256),
        (RECORD, "payload_sha256", _SHA256),
        (RECORD, "file", _NAMES),
        (RECORD, "ordinal", _COUNTS),
        (RECORD, "status", _COUNTS),
        (CABLE, "raw_sha256", _SHA256),
        (CABLE, "body_sha256", _SHA256),
        (CABLE, "comparison_sha256", _SHA256),
        (CABLE, "rules_fired", ([-1], ["1"], [[]])),
        (CABLE, "claims", ([], {"source": "gulls"}, {"source": {"printed": "gulls"}}, {"source": None})),
        (CABLE, "fields", ({"created": {}}, {"created": {"printed": "a", "value": None, "precision": None}})),
        (RUN, "started", _DATES),
        (RUN, "ended", _DATES),
        (RUN, "files", ([{}], [{"name": "../a", "size": 1, "sha256": HASH, "records": 1}], ["a"])),
        (RUN, "counts", ({"done": -1}, {"done": "1"})),
        (RUN, "refused", ({"done": -1}, {"done": "1"})),
        (RUN, "urls", ([{}], ["http://x.org/"], [{"url": "a", "outcome": "done", "reason": "b", "more": 1}])),
        (RUN, "first_statement", _COUNTS),
        (RUN, "part", _COUNTS),
        (RUN, "parts", _COUNTS),
        (IMPORT, "file", _NAMES),
        (IMPORT, "size", _COUNTS),
        (IMPORT, "sha256", _SHA256),
        (IMPORT, "records", _COUNTS),
        (IMPORT, "package", ({}, {"name": "a"})),
        (IMPORT, "lacks", ({"a": -1}, {"a": "1"})),
        (IMPORT, "imported", _DATES),
        (RELEASE, "release", ("", "Gulls", "a b", "a" * 65, "-a", "a\n")),
        (RELEASE, "counter", _COUNTS),
        (RELEASE, "sources", ([1], [None])),
        (RELEASE, "known_from", ([1],)),
        (RELEASE, "dump", ({}, {"name": "a"})),
        (RELEASE, "stated", _DATES),
        (REPAIR, "path", (*_NAMES[:3], "/a", "a/", "a//b", "a/../b", "a\n")),
        (REPAIR, "size", _COUNTS),
        (REPAIR, "sha256", _SHA256),
        (REPAIR, "records", _COUNTS),
        (REPAIR, "restored_records", _COUNTS),
        (REPAIR, "exact", (0, "true")),
        (REPAIR, "quarantined", _NAMES),
        (REPAIR, "sources", ([1],)),
        (REPAIR, "repaired", _DATES),
        (LISTING, "asked", _DATES),
        (LISTING, "answer", ("", "maybe")),
        (LISTING, "mementos", _COUNTS),
        (MEMENTO, "requested", _DATES),
        (MEMENTO, "served", _DATES),
        (MEMENTO, "status", _COUNTS),
        (MEMENTO, "digest", ("", "maybe")),
        (MEMENTO, "held", ("", "maybe")),
        (KEY, "changed", _DATES),
        (CUT, "file", _NAMES),
        (CUT, "size", _COUNTS),
        (CUT, "sha256", _SHA256[:-1]),
        (CUT, "records", _COUNTS),
        (CUT, "cut_bytes", _COUNTS),
        (CUT, "quarantined", _NAMES),
    ],
    ids=lambda value: kind_of(value) if isinstance(value, get_args(Known)) else str(value)[:20],
)
def test_the_check_of_each_field(statement: Known, name: str, values: tuple[object, ...]) -> None:
    for value in values:
        entry = json.dumps({**_said(statement), name: value}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        with pytest.raises(FormatError):
            decode(entry.encode())
        with pytest.raises(FormatError):
            # No writer states what a reader would refuse.
            encode(msgspec.structs.replace(statement, **{name: value}))


@pytest.mark.parametrize("text", ["lone \ud800", "x" * DEFAULT_LIMITS.max_statement_bytes])
def test_a_text_that_no_entry_can_hold_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        encode(msgspec.structs.replace(RECORD, uri=text))


def test_a_key_outside_ascii_is_refused() -> None:
    with pytest.raises(FormatError):
        encode(msgspec.structs.replace(IMPORT, lacks={"é": 1}))


def test_another_form_of_the_same_statement_is_refused() -> None:
    said = _said(RECORD)
    entry = encode(RECORD)
    for other in (
        json.dumps(said, sort_keys=True).encode(),
        json.dumps({"kind": "record", **said}, separators=(",", ":")).encode(),
        entry.replace(b"http://", b"http:\\/\\/"),
        entry.replace(b'"status":200', b'"status":2e2'),
        entry.replace(b'"ordinal":0', b'"ordinal":-0'),
        entry.replace(b'"v":2', b'"v":2,"v":2'),
        b"\xef\xbb\xbf" + entry,
        entry + b"\n",
    ):
        assert other != entry
        with pytest.raises(FormatError):
            decode(other)


# What is not known here.


@pytest.mark.parametrize(
    ("change", "kind", "version"),
    [
        ({"kind": "recant"}, "recant", 2),
        ({"kind": "recant", "v": 1}, "recant", 1),
        ({"kind": "recant", "v": 99}, "recant", 99),
        ({"v": 3}, "record", 3),
        ({"v": 3, "record_sha256": None, "more": {"a": [1]}}, "record", 3),
    ],
)
def test_a_kind_or_version_that_is_not_known_is_an_opaque_leaf(
    change: dict[str, object], kind: str, version: int
) -> None:
    entry = canonical.encode({**_said(RECORD), **change})
    assert decode(entry) == UnknownStatement(kind, version, entry)
    assert encode(decode(entry)) == entry
    assert kind_of(decode(entry)) == kind


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"kind": "recant"},
        {"v": 3},
        {"kind": "recant", "v": "3"},
        {"kind": "recant", "v": True},
        {"kind": "recant", "v": 0},
        {"kind": "recant", "v": -1},
        {"kind": "", "v": 3},
        {"kind": "Recant", "v": 3},
        {"kind": "re cant", "v": 3},
        {"kind": "a" * 65, "v": 3},
        {"kind": ["record"], "v": 2},
        {"kind": "record", "v": 1},
        {"kind": "record", "v": 2},
    ],
)
def test_what_is_no_statement_of_any_program_is_damage(said: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        decode(canonical.encode(said))


@pytest.mark.parametrize(
    "entry", [b'{"kind":"recant", "v":3}', b'{"v":3,"kind":"recant"}', b'{"kind":"recant","v":3.0}']
)
def test_what_is_not_known_is_canonical_all_the_same(entry: bytes) -> None:
    with pytest.raises(FormatError):
        decode(entry)


# Properties.

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ASCII = st.text(st.characters(max_codepoint=127), max_size=8)
COUNT = st.integers(0, 2**53 - 1)
SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
FILE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
MOMENT = st.sampled_from([DATE, "2010-11-28T00:00:00Z", "1966-12-28T18:48:00.000001Z"])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3).map(tuple)


COUNTS = st.dictionaries(ASCII, COUNT, max_size=3)
ANY: list[st.SearchStrategy[Known]] = [
    st.builds(ArchiveStatement, collection=TEXT, format=COUNT, origin=TEXT, key=TEXT, created=MOMENT),
    st.builds(
        RecordStatement,
        record_id=TEXT,
        type=TEXT,
        uri=maybe(TEXT),
        date=MOMENT,
        status=maybe(COUNT),
        file=FILE,
        ordinal=COUNT,
        record_sha256=SHA256,
        block_sha256=SHA256,
        payload_sha256=maybe(SHA256),
        refers_to=maybe(TEXT),
        mime=maybe(TEXT),
        challenge=maybe(TEXT),
        whole=maybe(st.sampled_from(["whole", "cut", "partial", "undecodable"])),
        run=TEXT,
    ),
    st.builds(
        CableStatement,
        record_id=TEXT,
        extractor=TEXT,
        layout=TEXT,
        published_id=TEXT,
        canonical_id=maybe(TEXT),
        raw_sha256=SHA256,
        body_sha256=SHA256,
        comparison_sha256=SHA256,
        comparison_rules=TEXT,
        rules_fired=many(COUNT),
        claims=st.dictionaries(ASCII, st.builds(Claimed, printed=TEXT, value=maybe(TEXT)), max_size=3),
        fields=st.dictionaries(
            ASCII,
            st.builds(PrintedFields, printed=TEXT, value=maybe(TEXT), precision=maybe(TEXT), source=TEXT),
            max_size=3,
        ),
    ),
    st.builds(
        RunStatement,
        run=TEXT,
        started=MOMENT,
        ended=MOMENT,
        outcome=TEXT,
        program=TEXT,
        files=many(st.builds(Sealed, name=FILE, size=COUNT, sha256=SHA256, records=COUNT)),
        counts=COUNTS,
        refused=COUNTS,
        first_statement=COUNT,
        last_statement=COUNT,
        urls=many(st.builds(RunEnd, url=TEXT, outcome=TEXT, reason=TEXT)),
        part=COUNT,
        parts=COUNT,
    ),
    st.builds(
        ImportStatement,
        file=FILE,
        size=COUNT,
        sha256=SHA256,
        records=COUNT,
        container=TEXT,
        source=TEXT,
        maker=TEXT,
        package=maybe(
            st.builds(SourcePackage, name=TEXT, size=COUNT, sha256=SHA256, datapackage_sha256=SHA256, findings=COUNTS)
        ),
        lacks=COUNTS,
        imported=MOMENT,
        program=TEXT,
        run=TEXT,
    ),
    st.builds(
        ReleaseStatement,
        release=st.from_regex(r"[a-z0-9][a-z0-9.-]{0,10}", fullmatch=True),
        title=TEXT,
        publisher=TEXT,
        released=maybe(TEXT),
        counter=maybe(COUNT),
        sources=many(TEXT),
        known_from=many(TEXT),
        note=TEXT,
        dump=maybe(
            st.builds(Dump, name=TEXT, size=COUNT, sha256=SHA256, file=FILE, rows=COUNT, unreadable=COUNT, cables=COUNT)
        ),
        stated=MOMENT,
        program=TEXT,
    ),
    st.builds(
        RepairStatement,
        path=st.builds("/".join, st.lists(FILE, min_size=1, max_size=3)),
        size=COUNT,
        sha256=SHA256,
        records=COUNT,
        restored_records=COUNT,
        exact=st.booleans(),
        quarantined=maybe(FILE),
        sources=many(TEXT),
        repaired=MOMENT,
        program=TEXT,
    ),
    st.builds(
        ListingStatement,
        run=TEXT,
        archive=TEXT,
        uri=TEXT,
        asked=MOMENT,
        answer=st.sampled_from(get_args(Answer)),
        complete=st.booleans(),
        mementos=COUNT,
        records=many(TEXT),
        reasons=many(TEXT),
    ),
    st.builds(
        MementoStatement,
        run=TEXT,
        archive=TEXT,
        archive_title=TEXT,
        uri=TEXT,
        memento=TEXT,
        requested=MOMENT,
        served=maybe(MOMENT),
        record_id=maybe(TEXT),
        status=maybe(COUNT),
        verdict=TEXT,
        reasons=many(TEXT),
        claimed_digest=maybe(TEXT),
        digest=st.sampled_from(get_args(DigestFit)),
        held=st.sampled_from(get_args(ComparedAs)),
    ),
    st.builds(KeyStatement, old=TEXT, new=TEXT, changed=MOMENT, reason=TEXT),
    st.builds(
        CutStatement,
        file=FILE,
        size=COUNT,
        sha256=SHA256 | st.just(""),
        records=COUNT,
        cut_bytes=COUNT,
        reason=TEXT,
        quarantined=maybe(FILE),
    ),
]


@given(st.one_of(ANY))
def test_any_statement_comes_back_and_its_bytes_are_those_of_rfc_8785(statement: Known) -> None:
    entry = encode(statement)
    assert decode(entry) == statement
    assert encode(decode(entry)) == entry == rfc8785.dumps(json.loads(entry))


@given(st.one_of(ANY), st.data())
def test_a_changed_statement_is_another_one_or_refused(statement: Known, data: st.DataObject) -> None:
    entry = encode(statement)
    place = data.draw(st.integers(0, len(entry) - 1))
    changed = entry[:place] + bytes([entry[place] ^ (1 << data.draw(st.integers(0, 7)))]) + entry[place + 1 :]
    try:
        other = decode(changed)
    except FormatError:
        return
    assert encode(other) == changed != entry


@given(
    st.dictionaries(ASCII, TEXT | st.integers(-5, 5) | st.lists(TEXT, max_size=2), max_size=4),
    st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True),
    st.integers(1, 9),
)
def test_anything_of_a_kind_that_is_not_known_comes_back(said: dict[str, object], kind: str, version: int) -> None:
    if kind in KINDS:
        version += VERSION
    entry = canonical.encode({**said, "kind": kind, "v": version})
    assert decode(entry) == UnknownStatement(kind, version, entry)
    assert encode(decode(entry)) == entry


# Runs in parts.


def _parts(urls: int, files: int = 1) -> list[RunStatement]:
    addresses = [RunEnd(url=f"http://x.org/{n}/{'a' * 3000}", outcome="failed", reason="dns") for n in range(urls)]
    sealed = tuple(Sealed(name=f"f{n}.warc.gz", size=1, sha256=HASH, records=1) for n in range(files))
    return list(in_parts(msgspec.structs.replace(RUN, files=sealed, urls=()), lambda: addresses))


@pytest.mark.parametrize("urls", [0, 1, 10, 200, 1000])
def test_a_run_is_told_in_parts_that_fit_and_lose_nothing(urls: int) -> None:
    parts = _parts(urls, files=500)
    told: list[RunEnd] = []
    files: list[Sealed] = []
    for number, part in enumerate(parts, 1):
        assert len(encode(part)) <= DEFAULT_LIMITS.max_statement_bytes
        assert (part.part, part.parts) == (number, len(parts))
        told += part.urls
        files += part.files
    assert (len(told), len(files)) == (urls, 500)
    assert [part.counts for part in parts] == [{"done": 1}, *({} for _ in parts[1:])]
    assert [part.refused for part in parts] == [{"out-of-scope": 3}, *({} for _ in parts[1:])]


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_records_and_texts_are_known_by_kind_and_version(statement: Known) -> None:
    entry = encode(statement)
    said = _said(statement)
    assert is_of_record_or_text(entry) is isinstance(statement, RecordStatement | CableStatement)
    assert not is_of_record_or_text(canonical.encode({**said, "v": VERSION + 1}))
    # What another statement quotes is none.
    assert not is_of_record_or_text(canonical.encode({"about": said, "kind": "future", "v": VERSION}))


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b'{"kind":1,"v":2}', b'{"kind":"record"}', b"\xff", b"[" * 5_000])
def test_what_is_no_statement_is_neither(entry: bytes) -> None:
    assert not is_of_record_or_text(entry)
