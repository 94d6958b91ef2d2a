"""The kinds of files that hold records, and every record in them by its place."""

import gzip
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.warc.containers import Container, identify, record_at, records_in
from preserve.formats.warc.record import RecordHeader
from tests.warcs import arc, dictionary, gz, page, record, reply, zst

PAGES = [page(n, size) for n, size in enumerate([30, 2000, 0, 700])]
DICTIONARY = dictionary()
ARC = arc(1, reply(b"one"), reply(b"two" * 400), b"three")
FILES = {
    "plain": (Container.WARC, b"".join(PAGES)),
    "gzip": (Container.WARC_GZIP, gz(*PAGES)),
    "gzip as a whole": (Container.WARC_GZIP, gz(b"".join(PAGES))),
    "gzip in pairs": (Container.WARC_GZIP, gz(b"".join(PAGES[:2]), b"".join(PAGES[2:]))),
    "zstd": (Container.WARC_ZSTD, zst(PAGES)),
    "zstd with a dictionary": (Container.WARC_ZSTD, zst(PAGES, DICTIONARY)),
    "zstd as a whole": (Container.WARC_ZSTD, zst([b"".join(PAGES)])),
    "ARC 1": (Container.ARC, b"".join(ARC)),
    "ARC 2": (Container.ARC, b"".join(arc(2, reply(b"one"), reply(b"two" * 400), b"three"))),
    "ARC in gzip": (Container.ARC_GZIP, gz(*ARC)),
    "ARC in gzip as a whole": (Container.ARC_GZIP, gz(b"".join(ARC))),
}
Found = tuple[int, int, str, bytes]


def read(data: bytes, container: Container, hold_bytes: int = 1 << 20) -> list[Found]:
    found = []
    for spot in records_in(BytesIO(data), container, hold_bytes=hold_bytes):
        raw = spot.raw
        if raw is None:
            continue
        block = b"".join(raw.more) if raw.more is not None else bytes(raw.block or b"")
        assert isinstance(raw.header, RecordHeader)
        found.append((spot.offset, spot.inner, raw.header.get("WARC-Record-ID") or "", block))
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_known_by_its_beginning_whatever_its_name(name: str) -> None:
    container, data = FILES[name]
    assert identify(data[:4096], "x.bin") is container


def test_a_damaged_beginning_is_known_by_the_name_and_other_things_are_not_known() -> None:
    names = {"a.warc.gz", "a.WARC", "a.warc.zst", "a.arc.gz", "a.arc", "a.wacz"}
    assert {identify(b"\x00" * 100, name) for name in names} == set(Container)
    assert identify(b"PK\x03\x04", "a.warc.gz") is Container.WACZ
    assert identify(b"hello", "a.txt") is None
    assert identify(gzip.compress(b"hello"), "a.gz") is None
    assert identify(b"", "a") is None


@pytest.mark.parametrize("name", FILES)
@given(hold_bytes=st.sampled_from([0, 100, 1500, 1 << 20]))
def test_a_file_holds_the_same_records_whatever_of_it_is_held(name: str, hold_bytes: int) -> None:
    container, data = FILES[name]
    whole = read(data, container)
    assert len(whole) == 4
    assert read(data, container, hold_bytes) == whole


@pytest.mark.parametrize("name", FILES)
def test_every_record_is_found_by_its_place(name: str) -> None:
    container, data = FILES[name]
    for offset, inner, record_id, block in read(data, container):
        raw = record_at(BytesIO(data), container, offset, inner)
        assert isinstance(raw.header, RecordHeader)
        assert (raw.header.get("WARC-Record-ID"), bytes(raw.block or b"")) == (record_id, block)
    for offset, inner in ((len(data), 0), (read(data, container)[0][0], 1)):
        with pytest.raises(FormatError):
            record_at(BytesIO(data), container, offset, inner)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", FILES)
@given(draw=st.data())
def test_damage_anywhere_ends_nothing_or_is_said_of_all_that_it_hides(name: str, draw: st.DataObject) -> None:
    container, data = FILES[name]
    at = draw.draw(st.integers(0, len(data) - 1))
    put, cut = draw.draw(st.binary(max_size=20)), draw.draw(st.integers(0, 20))
    damaged = data[:at] + put + data[at + cut :]
    try:
        spots = [(spot.offset, spot.length, spot.defect) for spot in records_in(BytesIO(damaged), container)]
        found = read(damaged, container)
    except FormatError:
        # Without its dictionary, nothing of a file can be read.
        assert container is Container.WARC_ZSTD
        return
    last_offset, _inner, _id, last_block = read(data, container)[-1]
    if "whole" in name or "dictionary" in name or at + 60 >= last_offset:
        return
    is_found = bool(found) and found[-1][3] == last_block
    # Where the bytes of a record are no more those that its length tells of, nothing tells where it ends.
    place = last_offset + len(put) - cut + 60
    assert is_found or any(offset <= place < offset + length and defect for offset, length, defect in spots)


@given(draw=st.data())
def test_damage_in_a_block_or_in_a_header_above_its_length_hides_no_other_record(draw: st.DataObject) -> None:
    whole = read(b"".join(PAGES), Container.WARC)
    hurt = draw.draw(st.integers(0, len(PAGES) - 1))
    page_bytes = PAGES[hurt]
    header_bytes = page_bytes.index(b"\r\n\r\n") + 4
    above = page_bytes.index(b"WARC-Block-Digest")
    block = range(header_bytes, len(page_bytes) - 4)
    at = draw.draw(st.one_of(st.integers(0, above - 1), st.sampled_from(block)))
    # As a disk damages a file: other bytes in the place of some, none more and none fewer.
    put = draw.draw(st.binary(min_size=1, max_size=20).filter(lambda put: b"\n" not in put))
    put = put[: (above if at < above else block.stop) - at]
    hurt_page = page_bytes[:at] + put + page_bytes[at + len(put) :]
    found = read(b"".join([*PAGES[:hurt], hurt_page, *PAGES[hurt + 1 :]]), Container.WARC)
    assert [record for record in whole if record not in found] in ([], [whole[hurt]])


def test_lengths_are_those_of_the_pieces() -> None:
    for name in ("plain", "gzip", "zstd", "ARC 1", "ARC in gzip"):
        container, data = FILES[name]
        for hold_bytes in (0, 1 << 20):
            spots = []
            for spot in records_in(BytesIO(data), container, hold_bytes=hold_bytes):
                for _part in (spot.raw and spot.raw.more) or ():
                    pass
                spots.append(spot)
            # Of an uncompressed file, the line ends between the records are of none.
            between = len(spots) * {"plain": 4, "ARC 1": 1}.get(name, 0)
            assert sum(spot.length for spot in spots) + between == len(data), name
            assert not any(spot.is_shared for spot in spots)


def test_records_that_share_a_piece_say_so() -> None:
    for name in ("gzip as a whole", "gzip in pairs", "zstd as a whole", "ARC in gzip as a whole"):
        container, data = FILES[name]
        assert all(spot.is_shared for spot in records_in(BytesIO(data), container)), name


def test_the_ids_of_arc_records_are_their_own_and_the_same_each_time() -> None:
    container, data = FILES["ARC 1"]
    ids = [record_id for _o, _i, record_id, _b in read(data, container)]
    assert len(set(ids)) == 4
    assert [record_id for _o, _i, record_id, _b in read(data, container)] == ids


def test_skippable_frames_between_records_are_passed_over() -> None:
    skipped = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"hello"
    data = zst(PAGES[:2]) + skipped + zst(PAGES[2:])
    assert [block for *_place, block in read(data, Container.WARC_ZSTD)] == [
        block for *_place, block in read(zst(PAGES), Container.WARC_ZSTD)
    ]


def test_a_warc_file_inside_of_a_record_is_no_record_of_the_file() -> None:
    inner = gz(*PAGES)
    outer = [page(8), record(9, reply(inner)), page(10)]
    stored = gzip.compress(outer[1], 0)
    data = gz(outer[0]) + stored + gz(outer[2])
    assert len(read(data, Container.WARC_GZIP)) == 3


def test_a_package_holds_no_records_itself() -> None:
    with pytest.raises(FormatError):
        records_in(BytesIO(b""), Container.WACZ)
