"""What an extractor reads on a page, before it is checked, hashed and taken apart."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from preserve.cables.fields import FieldValue
from preserve.cables.texts import Segment

_STRAY: Final = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>|<!--")
_MOST_STRAYS: Final = 1_000
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z/_.-]{2,99}\Z", re.ASCII)
_ID_IN_TEXT: Final = re.compile(r"(?<![0-9A-Za-z])\d{2}[0-9A-Z]{3,60}(?![0-9A-Za-z])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One page as an extractor read it.

    ``segments`` say where the body came from, ``strays`` is the markup that stands in the message and is kept as
    text, ``has_table`` is false where nothing but the identifier was found of the page's fields.
    """

    published_id: str
    title: str
    fields: Mapping[str, FieldValue]
    header_text: str | None
    body: str
    segments: Sequence[Segment]
    strays: tuple[str, ...]
    has_table: bool


def published_id(printed: str) -> str | None:
    """The identifier in a printed field: the whole of it where it is one word, else the first word that is like one.

    What stands there is kept as it is, also where it is malformed: see `preserve.cables.identity`.
    """
    if _ID.match(printed):
        return printed
    match = _ID_IN_TEXT.search(printed[:500])
    return None if match is None else match[0]


def strays(page: str, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    """What looks like markup in some spans of a page's text, in order; at most a thousand pieces."""
    found = (match[0] for start, end in spans for match in _STRAY.finditer(page, start, end))
    return tuple(islice(found, _MOST_STRAYS))
