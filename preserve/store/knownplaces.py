"""Where the records of one sealed file lie, as an object beside its copy in a store (``docs/formats/archive.md``).

It saves who reads a few records of a copy to read all of it. It is a hint: it is not signed, anybody who writes there
can have made it, and a record counts by its hash alone, wherever it was read.

Tested by ``tests/unit/store/test_knownplaces.py`` and ``tests/scenarios/test_read_objects.py``.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec

from preserve.config.stores import check_key
from preserve.errors import FormatError
from preserve.model import RecordPlace

PLACES_FOLDER: Final = "places"
MAX_PLACES_BYTES: Final = 64 << 20
"""More than a file of the usual size can have: two numbers of up to ten digits for each of its records."""
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Span = tuple[_Number, _Number]
"""Where a record begins in its file, compressed, and its length there; both in bytes."""


class FilePlaces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record of ordinal N of ``file`` is at ``places[N]``."""

    v: Literal[1]
    file: str
    places: tuple[Span, ...]


_DECODER = msgspec.json.Decoder(FilePlaces)


def places_key(file: str) -> str | None:
    """The key of a file's places, below its collection; None where the name leaves no room for one."""
    try:
        return check_key(f"{PLACES_FOLDER}/{file}.json")
    except FormatError:
        return None


def encode_places(file: str, places: Sequence[RecordPlace]) -> bytes:
    """The object for a file, of whose records these are all, by their ordinals.

    It says the places in files in which each record is a piece of its own, behind the one before it. For every other
    file it says none, so that nobody asks again.
    """
    spans = tuple((place.offset, place.length) for place in places)
    is_each_a_piece = all(place.inner == 0 and place.ordinal == number for number, place in enumerate(places))
    data = _written(file, spans) if is_each_a_piece and _are_in_order(spans) else b""
    return data if 0 < len(data) <= MAX_PLACES_BYTES else _written(file, ())


def _written(file: str, spans: tuple[Span, ...]) -> bytes:
    return msgspec.json.encode(FilePlaces(v=1, file=file, places=spans))


def decode_places(data: bytes, file: str, file_bytes: int) -> tuple[Span, ...] | None:
    """The places in a file of so many bytes, by ordinals; None where the object says none, or can be none of it."""
    try:
        found = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if found.file != file or not _are_in_order(found.places):
        return None
    last = found.places[-1]
    return found.places if last[0] + last[1] <= file_bytes else None


def _are_in_order(spans: Sequence[Span]) -> bool:
    """Whether there are some, none is empty, and each begins where the one before it has ended."""
    return bool(spans) and all(length > 0 for _offset, length in spans) and all(_ends_before(spans))


def _ends_before(spans: Sequence[Span]) -> Iterator[bool]:
    return (one[0] + one[1] <= other[0] for one, other in pairwise(spans))
