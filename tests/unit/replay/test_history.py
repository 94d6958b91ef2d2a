"""Every observation of a cable in order, what each has that the one before it had not, and what cannot be read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from preserve.cables.difference import Difference
from preserve.cables.extract import Extraction
from preserve.errors import ArchiveError, NotHeldError
from preserve.replay import history as module
from preserve.replay.history import History, claim_of, history, whole_ones
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.layout import CollectionPaths
from tests.observed import captured, observed, text

ID = "07SAMPLETOWN1"
Shown = Mapping[int, tuple[Capture, Sequence[Extraction] | str]]
"""By the number of a capture: it, and the texts that its page shows now, or why it cannot be read."""


class Archive:
    """A collection as far as a history asks it: what is stated is what is shown, but for ``stated``."""

    def __init__(self, shown: Shown, stated: Mapping[int, Sequence[str]] | None = None, name: str = "demo") -> None:
        self.paths = CollectionPaths(Path("/nowhere"), name)
        self.shown = shown
        self.stated = stated or {
            number: [] if isinstance(texts, str) else [text.published_id for text in texts]
            for number, (_capture, texts) in shown.items()
        }
        self.catalogue = SimpleNamespace(
            canonical_of=lambda _id: ID,
            published_as=lambda _id: {name for names in self.stated.values() for name in names},
            readings_of=lambda _record: [],
        )

    def captures_as(self, name: str) -> list[Capture]:
        return [self.shown[number][0] for number, names in self.stated.items() if name in names]

    def page(self, capture: Capture) -> Capture:
        texts = self.shown[capture.row.place.ordinal][1]
        if isinstance(texts, str):
            raise ArchiveError(texts)
        return capture

    def cable(self, page: Capture, cable_id: str) -> Extraction | None:
        texts = cast("Sequence[Extraction]", self.shown[page.row.place.ordinal][1])
        return next((one for one in texts if one.published_id == cable_id), texts[0] if texts else None)


def told(*archives: Any) -> History:
    return history(cast("Sequence[CollectionReader]", archives), ID)


def seen(*texts: Extraction) -> Shown:
    """One capture a text, day after day."""
    return {number: (captured(number), [one]) for number, one in enumerate(texts, 1)}


def test_each_observation_is_compared_with_the_one_before_it() -> None:
    one = text("a\nb\nc")
    found = told(Archive(seen(one, one, text("a\nb\nc", page="2"), text("a\nXXXX\nc"), text("a\nb\nc"))))
    assert [(entry.number, entry.difference) for entry in found.observations] == [
        (1, None),
        (2, Difference.SAME_BYTES),
        (3, Difference.SAME_BODY),
        (4, Difference.REDACTION_ADDED),
        (5, Difference.REDACTION_REMOVED),
    ]
    assert found.observations[3].changes == ("@@ -1,3 +1,3 @@", " a", "-b", "+XXXX", " c")
    assert [entry.changes for entry in found.observations[:3]] == [(), (), ()]
    assert found.unread == ()


def test_captures_of_several_collections_stand_in_the_order_of_their_moments() -> None:
    here = Archive({1: (captured(1), [text("a")]), 3: (captured(3), [text("c")])}, name="here")
    there = Archive({2: (captured(2), [text("b")])}, name="there")
    assert [entry.extraction.body for entry in told(here, there).observations] == ["a", "b", "c"]


def test_what_is_published_under_another_id_is_compared_with_its_own_kind() -> None:
    other = "07SECTION01OF02SAMPLETOWN1"
    shown = {
        1: (captured(1), [text("a"), text("x", cable=other)]),
        2: (captured(2), [text("b"), text("x", cable=other)]),
    }
    found = told(Archive(shown))
    assert [(entry.extraction.published_id, entry.difference) for entry in found.observations] == [
        (ID, None),
        (other, None),
        (ID, Difference.TEXT_CHANGED),
        (other, Difference.SAME_BYTES),
    ]


def test_a_capture_that_is_not_whole_is_compared_with_nothing_and_nothing_with_it() -> None:
    shown = {
        1: (captured(1), [text("a")]),
        2: (captured(2, whole="cut"), [text("")]),
        3: (captured(3), [text("a")]),
    }
    found = told(Archive(shown)).observations
    assert [entry.difference for entry in found] == [None, None, Difference.SAME_BYTES]
    assert [entry.is_whole for entry in found] == [True, False, True]
    assert [entry.number for entry in whole_ones(found)] == [1, 3]
    assert list(whole_ones(found[1:2])) == [found[1]]


def test_what_cannot_be_read_is_named_and_stops_no_other() -> None:
    shown: Shown = {
        1: (captured(1), "its bytes are not those of the ledger"),
        2: (captured(2), []),
        3: (captured(3), [text("b", cable="07SAMPLETOWN2")]),
        4: (captured(4), [text("a")]),
    }
    found = told(Archive(shown, {number: [ID] for number in shown}))
    assert [entry.number for entry in found.observations] == [1]
    assert [(one.capture.row.place.ordinal, one.reason) for one in found.unread] == [
        (1, "its bytes are not those of the ledger"),
        (2, f"no layout reads {ID} on this page now"),
        (3, f"no layout reads {ID} on this page now"),
    ]


def test_a_cable_that_no_capture_shows_is_not_held() -> None:
    with pytest.raises(NotHeldError, match=ID):
        told(Archive({}))


def test_changes_of_a_long_text_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LINES", 3)
    found = told(Archive(seen(text("a\nb\nc"), text("a\nb\nd"), text("a\nb\nd\ne")))).observations
    assert found[1].changes == ("@@ -2,2 +2,2 @@", " b", "-c", "+d")
    (line,) = found[2].changes
    assert "3 and 4 lines: too long to list" in line


def test_conflicts_stand_at_the_last_of_their_captures() -> None:
    found = told(Archive(seen(text("a"), text("a", released="2027-01-01")))).observations
    assert [[str(one.kind) for one in entry.conflicts] for entry in found] == [[], ["claims a date after the capture"]]


def test_a_claim_is_what_the_page_printed() -> None:
    claim = claim_of(captured(7), text("a", source="Guardian", released="2011-01-02"))
    assert (claim.collection, claim.published_id, claim.record_id) == ("demo", ID, "urn:uuid:7")
    assert (claim.date, claim.uri, claim.layout.split("/")[0]) == ("2026-01-07T00:00:00Z", "http://x.org/", "mrkva")
    assert (claim.source, claim.source_released, claim.released, claim.counter) == (
        "Guardian",
        "2011-01-02",
        None,
        None,
    )


def test_an_entry_says_what_speaks_against_its_date() -> None:
    entry = observed(3, "http://x.org/", text("a"))
    assert entry.dated is entry.capture.dated
