"""Records in a continuous stream: however it is cut, whatever is damaged in it."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.warc.arc import ArcHeader
from preserve.formats.warc.stream import RawRecord, RecordStream
from tests.warcs import arc, page, record, reply

Seen = tuple[int, bytes | None, bytes | None, int, str]
RECORDS = [page(1), record(2, b"", kind="metadata", content_type="text/plain"), page(3, 3000), page(4)]
STREAM = b"".join(RECORDS)
KINDS = st.sampled_from([(STREAM, None), (b"".join(arc(1, reply(b"abc"), b"", reply(b"x" * 2000))), 1)])


def seen(records: RecordStream) -> list[Seen]:
    """What stands in each record; a block that is to be read is read."""
    told: list[tuple[RawRecord, bytes | None]] = []
    for raw in records:
        block = b"".join(raw.more) if raw.more is not None else None if raw.block is None else bytes(raw.block)
        told.append((raw, block))
    return [(r.offset, None if r.header is None else r.header.raw, block, r.size, r.defect) for r, block in told]


def whole(data: bytes, arc_version: int | None = None, hold_bytes: int = 1 << 20) -> list[Seen]:
    return seen(RecordStream(BytesIO(data).read, hold_bytes=hold_bytes, arc_version=arc_version))


def test_records_lie_end_to_end() -> None:
    found = whole(STREAM)
    assert [size for _o, _h, _b, size, _d in found] == [len(r) for r in RECORDS]
    assert [(o, d) for o, _h, _b, _s, d in found] == [(sum(map(len, RECORDS[:n])), "") for n in range(4)]


@given(KINDS, st.lists(st.integers(1, 700), min_size=1, max_size=20), st.sampled_from([0, 30, 1 << 20]))
def test_however_a_stream_comes_in_it_holds_the_same_records(
    kind: tuple[bytes, int | None], cuts: list[int], hold_bytes: int
) -> None:
    data, version = kind
    stream, turn = BytesIO(data), 0

    def read(_size: int) -> bytes:
        nonlocal turn
        turn += 1
        return stream.read(cuts[turn % len(cuts)])

    assert seen(RecordStream(read, hold_bytes=hold_bytes, arc_version=version)) == whole(data, version)


@given(KINDS, st.data())
def test_damage_anywhere_ends_nothing_and_covers_every_byte(
    kind: tuple[bytes, int | None], draw: st.DataObject
) -> None:
    data, version = kind
    at = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.binary(max_size=30))
    damaged = data[:at] + other + data[at + draw.draw(st.integers(0, 40)) :]
    for hold_bytes in (0, 1 << 20):
        found = whole(damaged, version, hold_bytes)
        assert [(o + s) for o, _h, _b, s, _d in found] == [*(o for o, *_rest in found[1:]), len(damaged)]
    last, found = whole(data, version)[-1], whole(damaged, version)
    if at + 80 < last[0]:
        # A length that is wrong, or a block that lost bytes, may take in what follows: then that is told.
        assert found[-1][1:3] == last[1:3] or found[-1][4]


@pytest.mark.parametrize("hold_bytes", [0, 1 << 20])
def test_a_byte_that_changed_costs_no_record_but_its_own(hold_bytes: int) -> None:
    wanted = [(header, block) for _o, header, block, _s, _d in whole(STREAM)]
    for at in range(len(RECORDS[0]) + len(RECORDS[1])):
        damaged = STREAM[:at] + bytes([STREAM[at] ^ 1]) + STREAM[at + 1 :]
        found = {(header, block) for _o, header, block, _s, _d in whole(damaged, hold_bytes=hold_bytes)}
        own = 0 if at < len(RECORDS[0]) else 1
        lost = {number for number, each in enumerate(wanted) if each not in found}
        # Where no block is held, no digest tells that a length is wrong: it takes the next record with it. So does a
        # header whose blank line is damaged: the head of the reply seems to be a part of it.
        is_line_end = any(STREAM[max(at - n, 0) :].startswith(b"\r\n\r\n") for n in range(4))
        assert lost <= ({own, own + 1} if is_line_end or not hold_bytes else {own}), at


@given(st.binary(max_size=400), st.sampled_from([None, 1, 2]))
def test_any_bytes_are_stretches_or_records(data: bytes, version: int | None) -> None:
    assert sum(size for _o, _h, _b, size, _d in whole(data, version)) == len(data)


def test_a_length_that_is_too_long_does_not_swallow_the_next_record() -> None:
    # The first Content-Length is the record's own; the reply's stands behind it. The digest tells where it ends.
    wrong = RECORDS[0].replace(b"Content-Length: ", b"Content-Length: 9", 1)
    found = whole(wrong + RECORDS[2])
    assert found[-1][:2] == (len(wrong), RECORDS[2].partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert "where" in found[0][4]


def test_a_record_that_is_too_large_to_be_held_is_passed_over_where_nobody_reads_it() -> None:
    raws = list(RecordStream(BytesIO(STREAM).read, hold_bytes=100))
    assert [raw.size for raw in raws] == [len(r) for r in RECORDS]


@pytest.mark.parametrize("version", [1, 2])
def test_an_arc_file_is_read_in_both_versions(version: int) -> None:
    records = arc(version, reply(b"one"), b"two", b"")
    headers = [raw.header for raw in RecordStream(BytesIO(b"".join(records)).read, hold_bytes=99, arc_version=version)]
    assert [h.url for h in headers if isinstance(h, ArcHeader)][1:] == [f"http://example.org/{n}" for n in range(3)]
