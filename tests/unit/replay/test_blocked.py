"""What the operator does not show is not shown under any of its names, and nothing else is hidden with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from preserve.config.blocked import BlockedConfig
from preserve.replay.blocked import Blocked, BlockedError

RECORD = "urn:uuid:00000000-0000-4000-8000-000000000001"
OTHER = "urn:uuid:00000000-0000-4000-8000-000000000002"
PAGE = "http://cables.example/a?b=1"


def _blocked(*entries: dict[str, str]) -> Blocked:
    listed = [{**entry, "reason": f"because {number}"} for number, entry in enumerate(entries, 1)]
    return Blocked.of(BlockedConfig.model_validate({"name": "blocked", "blocked": listed}))


def _row(uri: str | None = None, record: str = OTHER, cable: str = "06ROME1", canonical: str | None = None) -> Any:
    return SimpleNamespace(uri=uri, record_id=record, published_id=cable, canonical_id=canonical)


def _capture(row: Any, source: Any = None, url: str = "http://cables.example/other") -> Any:
    return SimpleNamespace(row=row, source=row if source is None else source, url=url)


def _archive(shown: dict[str, list[Any]] | None = None, **lists: Any) -> Any:
    """A collection whose records show cables, by record."""
    given = {
        "readings_of": lambda record_id: (shown or {}).get(record_id, []),
        "captures_of_url": lambda _url: [],
        "mementos_of": lambda _url: [],
        "names_of_texts": lambda: [
            (record_id, one.published_id, one.canonical_id) for record_id, ones in (shown or {}).items() for one in ones
        ],
    }
    return SimpleNamespace(catalogue=SimpleNamespace(**{**given, **lists}))


def test_an_empty_list_hides_nothing() -> None:
    nothing = _blocked()
    assert nothing.reason(cable="06ROME1", canonical="06ROME1", url=PAGE, record=RECORD) == ""
    nothing.check_shown(_archive(), _capture(_row(PAGE, RECORD)))
    assert nothing.hidden_records(_archive()) == frozenset()


@pytest.mark.parametrize("spelling", ["06ROME1", "06rome1", " 06ROME1 ", "06ROME0001"])
@pytest.mark.parametrize("asked", ["06ROME1", "06rome1"])
def test_a_cable_is_hidden_in_any_spelling(spelling: str, asked: str) -> None:
    one = _blocked({"cable": spelling})
    assert one.reason(cable=asked) == "because 1"
    assert one.reason(cable="published otherwise", canonical=asked) == "because 1"
    assert one.reason(cable="06ROME2") == ""


def test_an_address_is_hidden_however_it_is_written() -> None:
    one = _blocked({"url": PAGE})
    for same in (PAGE, "HTTP://CABLES.example:80/a?b=1"):
        assert one.reason(url=same) == "because 1"
    assert one.reason(url="http://cables.example/a?b=2") == ""
    assert _blocked({"url": "no address"}).reason(url="no address") == "because 1"


def test_the_reason_is_that_of_what_is_hidden() -> None:
    several = _blocked({"record": RECORD}, {"url": PAGE}, {"cable": "06ROME1"})
    for named, reason in (({"record": RECORD}, "1"), ({"url": PAGE}, "2"), ({"cable": "06ROME1"}, "3")):
        with pytest.raises(BlockedError, match=f"because {reason}"):
            several.check(**named)


@pytest.mark.parametrize("where", ["row", "source", "url", "cable"])
def test_a_capture_is_hidden_by_itself_by_what_it_repeats_and_by_its_cables(where: str) -> None:
    plain = _row("http://cables.example/x", OTHER)
    captures = {
        "row": (_blocked({"record": RECORD}), _capture(_row(None, RECORD), plain)),
        "source": (_blocked({"record": RECORD}), _capture(plain, _row(None, RECORD))),
        "url": (_blocked({"url": PAGE}), _capture(plain, url=PAGE)),
        "cable": (_blocked({"cable": "06ROME1"}), _capture(plain)),
    }
    blocked, capture = captures[where]
    archive = _archive({OTHER: [_row(cable="06ROME2"), _row(cable="printed", canonical="06ROME1")]})
    assert not blocked.is_shown(archive, capture)
    assert _blocked({"cable": "06ROME3"}).is_shown(archive, capture)


def test_hidden_records_are_those_of_addresses_of_cables_and_of_rescued_pages() -> None:
    def mementos(_url: str) -> list[Any]:
        return [SimpleNamespace(record_id=None), SimpleNamespace(record_id="urn:c")]

    archive = _archive(
        {"urn:a": [_row(cable="06ROME1")], "urn:b": [_row(cable="06ROME2")]},
        captures_of_url=lambda url: [_row(record="urn:d")] if url in {PAGE, "http://cables.example/a?b=1"} else [],
        mementos_of=mementos,
    )
    hidden = _blocked({"url": PAGE}, {"cable": "06ROME1"}, {"record": RECORD}).hidden_records(archive)
    assert hidden == {"urn:a", "urn:c", "urn:d", RECORD}
