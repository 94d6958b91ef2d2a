"""What is expected of a record: what ledger, catalogue and index are given when it is described."""

from hashlib import sha256
from io import BytesIO

import msgspec
import pytest

from preserve.formats.warc.containers import Container, records_in
from preserve.integrity.expected import expected_of
from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import RecordQuery, facts_of
from preserve.integrity.scan import Scanner
from preserve.integrity.stated import statement_of
from preserve.model import RecordPlace
from preserve.provenance.rows import row_of
from preserve.provenance.statements import RecordStatement, encode
from preserve.store.index import index_line
from tests.unit.integrity.test_record import ALL, BLOCKS, facts
from tests.warcs import gz, record, reply

FILE = "made-1.warc.gz"
_RUN = 'urn:uuid:"run\\"'
PLACE = RecordPlace(file=FILE, ordinal=7, offset=100, length=50, inner=0)
QUERY = RecordQuery(identity=True, expected=True)
_TYPES = (
    (),
    ("Content-Type: text/html; charset=utf-8",),
    ("content-type:TEXT/plain",),
    ("Content-Type: text/html", "Content-Type: image/png"),
    ("Content-Type: text/html,", "X: Content-Type: image/png"),
    ("Content-Type: ",),
)


def _described(data: bytes) -> RecordStatement:
    found = facts(data, ALL)
    return statement_of(found, FILE, PLACE.ordinal, _RUN)


@pytest.mark.parametrize(
    "data",
    [
        *(data for name, data in BLOCKS.items() if name != "revisit"),
        *(record(1, reply(b"<p>a", *fields)) for fields in _TYPES),
        record(1, reply(b"<p>a"), uri='http://x.org/"ordinal":0,"run":""'),
    ],
)
def test_statement_row_and_line_are_those_of_whoever_describes_the_record(data: bytes) -> None:
    said = _described(data)
    expected = expected_of(facts(data, QUERY), FILE, PLACE.offset, PLACE.length, PLACE.inner)
    assert expected is not None
    run = msgspec.json.encode(_RUN)
    assert expected.is_entry(encode(said), PLACE.ordinal, run)
    assert not expected.is_entry(encode(said), PLACE.ordinal + 1, run)
    assert not expected.is_entry(encode(msgspec.structs.replace(said, run="other")), PLACE.ordinal, run)
    row = row_of(said, PLACE)
    assert msgspec.msgpack.decode(expected.row_bytes(300, PLACE.ordinal, msgspec.msgpack.encode(_RUN))) == [
        300,
        *row.values,
    ]
    assert expected.row_bytes(300, PLACE.ordinal, msgspec.msgpack.encode(_RUN)) == msgspec.msgpack.encode(
        (300, *row.values)
    )
    assert statement_of(expected.facts(), FILE, PLACE.ordinal, _RUN) == said
    found = row.index_row()
    assert expected.line == (None if found is None else sha256(index_line(found)).digest())
    assert expected.date == said.date


@pytest.mark.parametrize(
    "file", ["98761231235958.warc.gz", "987654321012-987654321013.warc.gz", "a.warc.gz", "1234567890.arc"]
)
def test_names_of_files_that_look_like_what_is_filled_in_change_nothing(file: str) -> None:
    found = facts(BLOCKS["reply"], QUERY)
    expected = expected_of(found, file, 5, 6, 0)
    place = RecordPlace(file=file, ordinal=3, offset=5, length=6, inner=0)
    said = statement_of(found, file, 3, _RUN)
    line = row_of(said, place).index_row()
    assert expected is not None
    assert line is not None
    assert expected.line == sha256(index_line(line)).digest()
    assert expected.is_entry(encode(said), 3, msgspec.json.encode(_RUN))


@pytest.mark.parametrize("size", [3_000, 9_000, 60_000])
def test_long_texts_are_expected_as_long_as_a_statement_can_have_them(size: int) -> None:
    found = facts(BLOCKS["reply"], QUERY)._replace(record_id="urn:x:" + "a" * size, uri="http://x.org/%s/%d")
    expected = expected_of(found, FILE, 5, 6, 0)
    assert expected is not None
    assert expected.is_entry(encode(statement_of(found, FILE, 3, "")), 3, b'""')
    assert expected.facts() == found._replace(declared_payload=None)
    assert _of(found._replace(record_id="urn:x:" + "a" * 66_000)) is None


def _of(found: RecordFacts, file: str = FILE) -> object:
    return expected_of(found, file, 0, 1, 0)


def test_what_is_to_be_looked_at_value_by_value_is_expected_of_nothing() -> None:
    good = facts(BLOCKS["reply"], QUERY)
    assert _of(good) is not None
    assert _of(facts(BLOCKS["revisit"], QUERY)) is None
    assert _of(facts(record(1, reply(b"a"), block_digest="sha1:" + "A" * 32), QUERY)) is None
    assert _of(facts(record(1, reply(b"a"), ("WARC-Request-Method", "POST")), QUERY)) is None
    assert _of(facts(BLOCKS["reply"], RecordQuery())) is None
    assert _of(good._replace(date="none")) is None
    assert _of(good._replace(uri="http://x.org/\ud800")) is None
    assert _of(good._replace(uri="http://x.org/" + "a" * 70_000)) is None
    for name in ("", "a b", "../a", ".a"):
        assert _of(good, name) is None


def test_whoever_reads_a_file_gives_it_where_it_is_asked_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("read") / FILE
    path.write_bytes(b"".join(map(gz, (BLOCKS["reply"], BLOCKS["revisit"], BLOCKS["request"]))))
    with Scanner(RecordQuery(identity=True), processes=1, total_bytes=0) as scanner:
        assert [row.expected for row in scanner.rows(path, Container.WARC_GZIP)] == [None, None, None]
    with Scanner(QUERY, processes=1, total_bytes=0) as scanner:
        rows = list(scanner.rows(path, Container.WARC_GZIP))
    assert [row.expected is not None for row in rows] == [True, False, True]
    spots = list(records_in(BytesIO(path.read_bytes()), Container.WARC_GZIP))
    for row, spot in zip(rows, spots, strict=True):
        assert spot.raw is not None
        if row.expected is not None:
            assert row.expected == expected_of(facts_of(spot.raw, QUERY), FILE, spot.offset, spot.length, spot.inner)
