"""Records in which nothing is odd: the short way finds what the long one does, or leaves it to that."""

from io import BytesIO
from pathlib import Path

import pytest

from preserve.cables.page.layouts import compile_layouts
from preserve.config.folder import load_layouts
from preserve.errors import FormatError
from preserve.formats.warc import record as record_module
from preserve.formats.warc.shapes import Shapes
from preserve.formats.warc.stream import RecordStream
from preserve.integrity.facts import RecordFacts
from preserve.integrity.plain import plain_facts
from preserve.integrity.record import RecordQuery, facts_of
from tests.unit.integrity.test_record import BLOCKS, PACKED, PAYLOAD
from tests.warcs import record, reply, sha1

WAYS = [RecordQuery(), RecordQuery(identity=True), RecordQuery(identity=True, expected=True)]
_OFTEN = 60
_HTML = "Content-Type: text/html; charset=utf-8"
RECORDS = {
    **BLOCKS,
    "sha256": record(1, reply(PAYLOAD), block_digest="sha256:" + "0" * 64),
    "no digest": record(1, reply(PAYLOAD), block_digest=""),
    "another digest": record(1, reply(PAYLOAD), block_digest=sha1(b"other")),
    "another payload": record(1, reply(PAYLOAD), payload_digest=sha1(b"other")),
    "unknown digest": record(1, reply(PAYLOAD), block_digest="blake3:abcd"),
    "packed": record(1, reply(PACKED, "Content-Encoding: gzip", _HTML), payload_digest=sha1(PACKED)),
    "partial": record(1, reply(PAYLOAD, _HTML, status="206 Partial")),
    "posted": record(1, reply(PAYLOAD), ("WARC-Request-Method", "POST")),
    "cut": record(1, reply(PAYLOAD), ("WARC-Truncated", "length")),
    "refers": record(1, reply(PAYLOAD), ("WARC-Concurrent-To", "<urn:uuid:2>"), ("WARC-Warcinfo-ID", "<urn:uuid:3>")),
    "no id": record(1, reply(PAYLOAD)).replace(b"<urn:uuid:", b"<urn uuid:"),
    "brackets": record(1, reply(PAYLOAD), uri="<http://example.org/>"),
    "leap second": record(1, reply(PAYLOAD)).replace(b"03:04:05Z", b"23:59:60Z"),
    "no day": record(1, reply(PAYLOAD)).replace(b"2026-01-02", b"2026-02-30"),
    "month only": record(1, reply(PAYLOAD)).replace(b"2026-01-02T03:04:05Z", b"2026-01"),
    "old": record(1, reply(PAYLOAD)).replace(b"WARC/1.1", b"WARC/1.0"),
    "older": record(1, reply(PAYLOAD)).replace(b"WARC/1.1", b"WARC/0.9"),
    "profile": record(1, reply(PAYLOAD), ("WARC-Profile", "x")),
}


def _facts(data: bytes, wanted: RecordQuery) -> RecordFacts | str:
    try:
        (found,) = [facts_of(raw, wanted) for raw in RecordStream(BytesIO(data).read, hold_bytes=1 << 20)]
    except FormatError as error:
        return str(error)
    return found


def _twice(data: bytes, wanted: RecordQuery, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object, int]:
    """What is found of a record whose header is one of none, and of many; and how often the short way was good."""
    monkeypatch.setattr(record_module, "_SHAPES", Shapes())
    long_way = _facts(data, wanted)
    for _number in range(_OFTEN):
        _facts(data, wanted)
    given: list[RecordFacts | None] = []

    def counted(*args: object, **kwargs: object) -> RecordFacts | None:
        found = plain_facts(*args, **kwargs)  # type: ignore[arg-type]
        given.append(found)
        return found

    with monkeypatch.context() as during:
        during.setattr("preserve.integrity.record.plain_facts", counted)
        short_way = _facts(data, wanted)
    return long_way, short_way, sum(one is not None for one in given)


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("wanted", WAYS)
def test_both_ways_find_the_same(name: str, wanted: RecordQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    long_way, short_way, _count = _twice(RECORDS[name], wanted, monkeypatch)
    assert short_way == long_way


@pytest.mark.parametrize("name", ["reply", "request", "partial", "refers", "old"])
def test_nothing_odd_is_found_the_short_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _twice(RECORDS[name], WAYS[-1], monkeypatch)[2] == 1


@pytest.mark.parametrize(
    "name",
    [
        "another digest",
        "another payload",
        "no digest",
        "unknown digest",
        "leap second",
        "no day",
        "brackets",
        "resource",
    ],
)
def test_what_is_odd_is_looked_at_from_the_beginning(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _twice(RECORDS[name], WAYS[-1], monkeypatch)[2] == 0


def test_a_header_with_any_byte_changed_is_found_to_be_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    data, wanted = BLOCKS["reply"], WAYS[-1]
    changed = [
        data[:place] + sign + data[place + 1 :]
        for place in range(data.find(b"\r\n\r\n"))
        for sign in (b"0", b"<", b"A")
    ]
    monkeypatch.setattr(record_module, "_SHAPES", Shapes())
    with monkeypatch.context() as before:
        before.setattr(Shapes, "met", lambda *_args: None)
        line_by_line = [_facts(one, wanted) for one in changed]
    for _number in range(_OFTEN):
        _facts(data, wanted)
    assert [_facts(one, wanted) for one in changed] == line_by_line


_PICTURE = bytes(range(256)) * 20
_PICTURES = {
    "a picture": reply(_PICTURE, "Content-Type: image/jpeg"),
    "a picture of no type": reply(_PICTURE),
    "a page in two bytes a letter": reply("no such words".encode("utf-16"), "Content-Type: text/html"),
    "a page of other words": reply("caf\u00e9".encode(), "Content-Type: text/html"),
}


@pytest.mark.parametrize("name", _PICTURES)
def test_what_no_layout_knows_is_found_the_short_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts = compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))
    assert any(layout.begins is not None for layout in layouts.values())
    wanted = RecordQuery(identity=True, expected=True, layouts=tuple(layouts.values()))
    long_way, short_way, count = _twice(record(1, _PICTURES[name]), wanted, monkeypatch)
    assert (short_way, count) == (long_way, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_page_that_may_be_of_a_layout_is_read_in_whatever_encoding(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = tuple(compile_layouts(load_layouts(Path(__file__).parents[3] / "config")).values())
    page = "\u00e9 Message Text Message Attributes Document Number".encode(encoding)
    long_way, short_way, count = _twice(
        record(1, reply(page, _HTML)), RecordQuery(identity=True, layouts=layouts), monkeypatch
    )
    assert (short_way, count) == (long_way, 0)
