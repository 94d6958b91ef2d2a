"""What is read on a page, before it is checked, hashed and taken apart."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from preserve.cables.page.fields import FieldValue
from preserve.cables.page.texts import Segment
from preserve.cables.page.unseen import HiddenText
from preserve.expressions import lazy_re

STRAY: Final = lazy_re(r"</?[a-zA-Z][^<>\n]{0,200}>|<!--")
_ID: Final = lazy_re(r"[0-9A-Za-z][0-9A-Za-z/_.-]{2,99}\Z", re.ASCII)
_ID_IN_TEXT: Final = lazy_re(r"(?<![0-9A-Za-z])\d{2}[0-9A-Z]{3,60}(?![0-9A-Za-z])", re.ASCII)


class PageText(Struct, frozen=True, kw_only=True):
    """A text of a page, and what it was made of. ``segments`` is called only where places are asked for."""

    text: str
    segments: Callable[[], Sequence[Segment]]
    unseen: HiddenText = field(default_factory=HiddenText)
    """What stands there and a browser never shows: it is not in the text."""

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the page that the text from ``start`` to ``end`` was made from; none give ``(0, 0)``."""
        inside = [part for part in self.segments() if part.start < end and part.start + part.length > start]
        if not inside:
            return 0, 0
        first, last = inside[0], inside[-1]
        before = max(0, start - first.start) if first.copied else 0
        behind = max(0, last.start + last.length - end) if last.copied else 0
        return first.from_start + before, last.from_end - behind


def no_text() -> PageText:
    """The text that is not there."""
    return PageText(text="", segments=list)


class Reading(Struct, frozen=True, kw_only=True):
    """One cable as it stands on a page.

    ``places`` are the spans of the page, in characters, that fields were read from, ``strays`` is the markup that
    stands in the message and is kept as text, ``has_fields`` is false where nothing but the identifier was found of
    the page's fields. ``header`` is None where the page has no place for it. ``hidden_until_opened`` is true where the
    layout selects an element for the text that a browser does not show before a script opens it.
    """

    published_id: str
    title: str
    fields: Mapping[str, FieldValue]
    places: Mapping[str, tuple[int, int]]
    header: PageText | None
    body: PageText
    strays: tuple[str, ...]
    has_fields: bool
    hidden_until_opened: bool = False


def published_id(printed: str) -> str | None:
    """The identifier in a printed field: the whole of it where it is one word, else the first word that is like one.

    What stands there is kept as it is, also where it is malformed: see `preserve.cables.identity`.
    """
    if _ID.match(printed):
        return printed
    match = _ID_IN_TEXT.search(printed[:500])
    return None if match is None else match[0]
