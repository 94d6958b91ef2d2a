"""Places of records beside a copy: what is said of them comes back, and what cannot be is none."""

import pytest

from preserve.model import RecordPlace
from preserve.store.knownplaces import decode_places, encode_places, places_key

NAME = "demo-20260101000000000000-00001.warc.gz"
SPANS = ((0, 10), (10, 7), (20, 3))


def _places(spans: tuple[tuple[int, int], ...] = SPANS, **fields: int) -> list[RecordPlace]:
    return [
        RecordPlace(**{"file": NAME, "ordinal": number, "offset": offset, "length": length} | fields)  # type: ignore[arg-type]
        for number, (offset, length) in enumerate(spans)
    ]


def test_what_is_said_comes_back() -> None:
    data = encode_places(NAME, _places())
    assert data == b'{"v":1,"file":"%s","places":[[0,10],[10,7],[20,3]]}' % NAME.encode()
    assert decode_places(data, NAME, 23) == SPANS


@pytest.mark.parametrize(
    "places",
    [
        [],
        _places(inner=5),
        _places(ordinal=1),
        _places(((0, 10), (9, 7))),
        _places(((0, 10), (10, 0))),
    ],
    ids=["none", "inside a piece", "ordinals", "one in another", "length not known"],
)
def test_of_other_files_it_is_said_that_no_places_are(places: list[RecordPlace]) -> None:
    data = encode_places(NAME, places)
    assert data == b'{"v":1,"file":"%s","places":[]}' % NAME.encode()
    assert decode_places(data, NAME, 23) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"v":1,"file":"%s","places":[]}' % NAME.encode(),
        b'{"v":1,"file":"%s","places":[[0,9007199254740992]]}' % NAME.encode(),
        b'{"v":1,"file":"%s","places":[[0,24]]}' % NAME.encode(),
        b'{"v":1,"file":"%s","places":[[0,5]],"more":1}' % NAME.encode(),
        b'{"v":1,"file":"../x","places":[[0,5]]}',
    ],
    ids=["empty", "nothing", "deep", "none", "too large", "behind the end", "more", "another file"],
)
def test_what_cannot_be_is_none(data: bytes) -> None:
    assert decode_places(data, NAME, 23) is None


def test_a_name_without_room_for_an_ending_has_none() -> None:
    assert (places_key(NAME), places_key("a" * 253)) == (f"places/{NAME}.json", None)
