"""Which statements a check need not decode: those of files that are passed over, and of no others."""

from hashlib import sha256

import msgspec
import pytest

from preserve.integrity.verify.settled import RowSums, Settled


def _record(number: int, file: str) -> bytes:
    """As canonical JSON has a record's statement, as far as it is looked at."""
    return f'{{"block":"x","file":"{file}","kind":"record","record_id":"urn:{number}"}}'.encode()


def _cable(number: int) -> bytes:
    return f'{{"body":"x","kind":"cable","record_id":"urn:{number}"}}'.encode()


_RUN = b'{"kind":"run","name":"x"}'
_FILES = {1: "a.warc.gz", 2: "b.warc.gz", 3: "a.warc.gz"}


def _left(
    entries: list[bytes], *, size: int = 100, files: tuple[bytes, ...] = (b"a.warc.gz",), first: int = 0
) -> list[int]:
    settled = Settled(size=size, files=files, file_of=lambda record: _FILES.get(int(record.removeprefix("urn:"))))
    return [index for index, entry in settled.left(first, entries) if entry == entries[index - first]]


def test_records_and_texts_of_files_that_are_passed_over_are_left_out() -> None:
    entries = [_RUN, _record(1, "a.warc.gz"), _cable(1), _record(2, "b.warc.gz"), _cable(2), _record(3, "a.warc.gz")]
    assert _left(entries) == [0, 3, 4]
    assert _left(entries, first=40) == [40, 43, 44]


def test_behind_what_the_check_read_everything_is_decoded() -> None:
    entries = [_record(1, "a.warc.gz"), _cable(1), _record(3, "a.warc.gz"), _cable(3)]
    assert _left(entries, size=2) == [2, 3]
    assert _left(entries, size=0) == [0, 1, 2, 3]
    assert _left(entries, first=10, size=11) == [11, 12, 13]


def test_a_text_goes_with_the_file_of_its_record_wherever_it_is_stated() -> None:
    assert _left([_cable(1), _cable(2), _cable(9)]) == [1, 2]
    # The record of another file stands before it.
    assert _left([_record(2, "b.warc.gz"), _cable(1)]) == [0]
    assert _left([_record(1, "a.warc.gz"), _cable(2)]) == [1]


def test_a_file_whose_name_begins_the_same_is_another() -> None:
    assert _left([_record(1, "a.warc.gz"), _record(2, "a.warc.gz.b"), _record(3, "a.warc")]) == [1, 2]


def test_nothing_is_left_out_without_a_file() -> None:
    assert _left([_record(1, "a.warc.gz"), _cable(1)], files=()) == [0, 1]


def test_records_are_counted_and_texts_are_not() -> None:
    settled = Settled(size=9, files=[b"a"], file_of=lambda _record: "a")
    for _batch in range(2):
        assert not list(settled.left(0, [_record(1, "a"), _record(2, "a"), _cable(2), _cable(1)]))
    assert settled.records == 4


def test_sums_are_over_rows_table_after_table() -> None:
    rows: list[tuple[object, ...]] = [("a", 1), ("b", None)]

    def packed(*each: tuple[object, ...]) -> bytes:
        return sha256(b"".join(map(msgspec.msgpack.encode, each))).digest()

    sums = RowSums()
    sums.begin("one")
    sums.begin("other")
    sums.take("one", rows[:1])
    sums.take("one", rows[1:])
    assert sums.hexdigest() == sha256(packed(*rows) + packed()).hexdigest()
    sums.take("other", rows)
    assert sums.hexdigest() == sha256(packed(*rows) + packed(*rows)).hexdigest()


def test_a_table_that_was_not_begun_has_no_rows() -> None:
    with pytest.raises(KeyError):
        RowSums().take("one", [])
