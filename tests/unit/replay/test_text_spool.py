"""Texts kept from when a page is read: found again by what is stated of them, and never wrong ones."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from preserve.cables.extract import Extraction
from preserve.replay import text_spool
from preserve.replay.indexed_texts import read_text
from preserve.replay.text_spool import TextSpool
from preserve.store.catalogue import ShownCable
from preserve.store.layout import CollectionPaths
from tests.observed import captured, text


def stated(record_id: str, text: Extraction) -> ShownCable:
    """As the ledger has it."""
    row = replace(captured(1).row, record_id=record_id)
    return ShownCable(
        statement=2,
        extractor=text.extractor,
        layout=f"{text.layout}/{text.layout_version}",
        published_id=text.published_id,
        canonical_id=text.canonical_id,
        raw_sha256=text.raw_sha256,
        body_sha256=text.body_sha256,
        comparison_sha256=text.comparison_sha256,
        record=row,
    )


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    return CollectionPaths(tmp_path, "demo")


@pytest.fixture
def spool(paths: CollectionPaths) -> Iterator[TextSpool]:
    with TextSpool.of(paths) as spool:
        yield spool


def test_a_text_comes_back_by_what_is_stated_of_it(spool: TextSpool) -> None:
    first, second = text("1. Nothing happened."), text("2. Something else.")
    spool.put("urn:uuid:1", first)
    spool.put("urn:uuid:2", second)
    assert spool.find()
    assert spool.get(stated("urn:uuid:1", first)) == read_text(first)
    assert spool.get(stated("urn:uuid:2", second)) == read_text(second)


def test_what_is_stated_otherwise_is_not_here(spool: TextSpool) -> None:
    held = text("1. Nothing happened.")
    spool.put("urn:uuid:1", held)
    assert spool.find()
    right = stated("urn:uuid:1", held)
    assert spool.get(right) is not None
    assert spool.get(stated("urn:uuid:2", held)) is None
    assert spool.get(right._replace(extractor="another")) is None
    assert spool.get(right._replace(layout="another")) is None
    assert spool.get(right._replace(published_id="another")) is None
    assert spool.get(right._replace(body_sha256="another")) is None


def test_a_spool_that_was_given_nothing_finds_nothing(spool: TextSpool) -> None:
    assert not spool.find()
    assert spool.get(stated("urn:uuid:1", text("1. Nothing happened."))) is None


def test_what_another_process_adds_is_found(spool: TextSpool) -> None:
    """A process that was forked has the same open file."""
    here, there = text("1. Nothing happened."), text("2. Nothing happened.")
    spool.put("urn:uuid:1", here)
    with TextSpool(os.fdopen(os.dup(_descriptor(spool)), "r+b", buffering=0)) as of_another:
        of_another.put("urn:uuid:2", there)
    spool.put("urn:uuid:3", here)
    assert spool.find()
    given = (("urn:uuid:1", here), ("urn:uuid:2", there), ("urn:uuid:3", here))
    assert all(spool.get(stated(*one)) is not None for one in given)


def test_it_has_no_name_and_is_gone_with_the_session(paths: CollectionPaths) -> None:
    with TextSpool.of(paths) as spool:
        spool.put("urn:uuid:1", text("1. Nothing happened."))
        assert list(paths.state.iterdir()) == []
    spool.put("urn:uuid:2", text("2. Nothing happened."))
    assert not spool.find()


def test_where_none_can_be_made_nothing_is_kept_and_nothing_fails(paths: CollectionPaths) -> None:
    paths.folder.mkdir(parents=True)
    paths.state.write_bytes(b"in the way")
    with TextSpool.of(paths) as spool:
        spool.put("urn:uuid:1", text("1. Nothing happened."))
        assert not spool.find()
        assert spool.get(stated("urn:uuid:1", text("1. Nothing happened."))) is None


def test_at_its_bound_it_takes_no_more(spool: TextSpool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = text("1. Nothing happened."), text("2. Nothing happened.")
    spool.put("urn:uuid:1", first)
    monkeypatch.setattr(text_spool, "_MOST_BYTES", 500)
    spool.put("urn:uuid:2", second)
    spool.put("urn:uuid:3", text("a" * 500))
    assert spool.find()
    assert spool.get(stated("urn:uuid:1", first)) is not None
    assert spool.get(stated("urn:uuid:3", text("a" * 500))) is None


def _descriptor(spool: TextSpool) -> int:
    assert spool._file is not None
    return spool._file.fileno()


def test_a_text_that_was_cut_or_changed_ends_what_is_found(spool: TextSpool) -> None:
    """Each byte of the second of three in turn: the first stays, and no wrong text is given."""
    texts = [text(f"{number}. Nothing happened.") for number in (1, 2, 3)]
    ends = []
    for number, one in enumerate(texts):
        spool.put(f"urn:uuid:{number}", one)
        ends.append(os.fstat(_descriptor(spool)).st_size)
    whole = os.pread(_descriptor(spool), ends[-1], 0)
    for place in range(ends[0], ends[1]):
        os.ftruncate(_descriptor(spool), 0)
        os.write(_descriptor(spool), whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        again = TextSpool(os.fdopen(os.dup(_descriptor(spool)), "r+b", buffering=0))
        with again:
            assert again.find()
            found = [again.get(stated(f"urn:uuid:{number}", one)) for number, one in enumerate(texts)]
        assert found[0] == read_text(texts[0])
        assert found[1] is None
        assert found[2] in (None, read_text(texts[2]))
