"""Which bytes of a file go into a package: whole exchanges, nothing unsigned, nothing hidden; where each lies then."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.config.blocked import BlockedConfig
from preserve.export.choosing import Bits, Choice, FileShare, choose
from preserve.model import RecordPlace
from preserve.provenance.statements import IMPORT_RUN
from preserve.replay.blocked import Blocked
from preserve.store.catalogue import StoredRecord

PAGE, STYLE, OTHER = "http://x.org/", "http://x.org/style", "http://x.org/other"


def _row(statement: int, uri: str | None, **more: Any) -> StoredRecord:
    """A record of ten bytes; a request and its response follow one another."""
    given = {"type": "response", "date": "2026-01-01T00:00:00Z", "mime": "text/html", "file": "a.warc.gz"}
    place = {"offset": 10 * statement, "end": 10 * statement + 10, "refers_to": None, "run": "run-1"}
    return StoredRecord(
        **{"statement": statement, "record_id": f"urn:{statement}", "uri": uri, **given, **place, **more}
    )


FILE = [
    _row(0, None, type="warcinfo", mime=None),
    _row(1, PAGE, type="request", mime=None),
    _row(2, PAGE),
    _row(3, STYLE, type="request", mime=None),
    _row(4, STYLE, mime="text/css"),
    _row(5, OTHER, type="request", mime=None),
    _row(6, OTHER),
    _row(7, PAGE, type="revisit", refers_to="urn:2", date="2026-02-01T00:00:00Z"),
]


def _chosen(rows: list[StoredRecord], pages: set[str] | None = None, *, signed: int = 100, hides: str = "") -> Choice:
    listed = [{"url": hides, "reason": "so"}] if hides else []
    blocked = Blocked.of(BlockedConfig.model_validate({"name": "blocked", "blocked": listed}))

    def captures_of_url(url: str) -> list[StoredRecord]:
        return [row for row in rows if row.uri == url and row.type == "response"]

    catalogue = SimpleNamespace(
        has_open_ends=False,
        records_in_files=lambda **_named: iter(rows),
        captures_of_url=captures_of_url,
        mementos_of=lambda _url: [],
        names_of_texts=list,
    )
    log = SimpleNamespace(signed=signed, is_signed=lambda statement: statement < signed)
    archive: Any = SimpleNamespace(catalogue=catalogue, log=log)
    return choose(archive, blocked, pages)


def _stretches(choice: Choice) -> list[tuple[int, int]]:
    return list(choice.shares["a.warc.gz"].stretches())


def test_everything_is_one_stretch() -> None:
    choice = _chosen(FILE)
    assert _stretches(choice) == [(0, 80)]
    assert choice.shares["a.warc.gz"].is_whole
    assert (choice.is_everything, choice.count, choice.unsigned, choice.blocked) == (True, 8, 0, 0)
    assert choice.newest == "2026-02-01T00:00:00Z"


def test_a_page_goes_with_its_request_its_repetitions_and_what_pages_are_made_of() -> None:
    choice = _chosen(FILE, {"urn:2"})
    assert _stretches(choice) == [(0, 50), (70, 80)]
    assert not choice.shares["a.warc.gz"].is_whole
    assert not choice.is_everything
    assert [5 in choice.records, 6 in choice.records, 7 in choice.records] == [False, False, True]


def test_what_is_under_no_checkpoint_is_left_out_and_counted() -> None:
    choice = _chosen(FILE, signed=5)
    assert _stretches(choice) == [(0, 50)]
    assert (choice.count, choice.unsigned) == (5, 3)
    assert not choice.shares["a.warc.gz"].is_whole


@pytest.mark.parametrize("hidden", [OTHER, PAGE])
def test_what_is_hidden_is_left_out_with_its_request_and_its_repetitions(hidden: str) -> None:
    choice = _chosen(FILE, hides=hidden)
    left = {"urn:1", "urn:2", "urn:7"} if hidden == PAGE else {"urn:5", "urn:6"}
    assert {row.record_id for row in FILE if row.statement not in choice.records} == left
    assert choice.blocked == len(left)
    assert not choice.is_everything


def test_records_in_one_compressed_piece_go_together() -> None:
    together = [FILE[0], *(row._replace(offset=10, end=70) for row in FILE[1:7])]
    choice = _chosen(together, {"urn:2"})
    assert _stretches(choice) == [(0, 70)]
    assert choice.count == 7


def test_what_stands_before_the_first_record_is_taken_with_it() -> None:
    assert _stretches(_chosen([FILE[2]])) == [(0, 30)]
    assert "a.warc.gz" not in _chosen([FILE[6]], {"urn:2"}).shares


def test_what_is_imported_does_not_say_how_new_a_collection_is() -> None:
    imported = _row(9, PAGE, run=f"{IMPORT_RUN}x", date="2030-01-01T00:00:00Z")
    assert _chosen([*FILE, imported]).newest == "2026-02-01T00:00:00Z"
    assert _chosen([imported]).newest == "2030-01-01T00:00:00Z"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=20))
def test_a_record_is_found_where_it_lies_among_what_is_chosen(gaps: list[tuple[int, int]]) -> None:
    share, file, package, at = FileShare("a"), bytearray(), bytearray(), 0
    places = []
    for number, (gap, length) in enumerate(gaps):
        start = at + gap
        file += bytes([255]) * gap + bytes([number]) * length
        share.add(start, start + length)
        places.append((start, length))
        at = start + length
    for start, end in share.stretches():
        package += file[start:end]
    assert share.size == len(package)
    for number, (start, length) in enumerate(places):
        moved = share.moved(RecordPlace(file="a", ordinal=number, offset=start, length=length))
        assert moved is not None
        assert package[moved : moved + length] == bytes([number]) * length
    assert share.moved(RecordPlace(file="a", ordinal=0, offset=at, length=1)) is None


@given(st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)))
def test_sets_of_statements_hold_what_was_put_in(one: set[int], other: set[int]) -> None:
    sets = []
    for numbers in (one, other):
        sets.append(Bits(100))
        for number in numbers:
            sets[-1].add(number)
    sets[0].join(sets[1])
    assert {number for number in range(100) if number in sets[0]} == one | other
