"""A text that can be quoted, whatever it was read from: a cable, or what another page shows."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from preserve.cables.extract import EXTRACTOR, Extraction, plain_map, plain_text
from preserve.cables.message.paragraphs import Paragraph
from preserve.text import terminal_line


class QuotableText(Struct, frozen=True, kw_only=True):
    """A text, and where its characters stand in the page. ``name`` is for a person: the cable's id, or the address.

    ``bytes_of`` gives the span of bytes of the page, its content coding removed, that characters were read from.
    """

    name: str
    body: str
    bytes_of: Callable[[int, int], tuple[int, int]]
    extractor: str
    paragraphs: Sequence[Paragraph] = ()
    hidden_until_opened: bool = False


def of_cable(extraction: Extraction) -> QuotableText:
    """The text of a cable."""
    return QuotableText(
        name=extraction.published_id,
        body=extraction.body,
        bytes_of=lambda start, end: extraction.body_map.bytes_of(start, end),  # noqa: PLW0108 - made when asked for
        extractor=extraction.extractor,
        paragraphs=extraction.message.paragraphs,
        hidden_until_opened=extraction.hidden_until_opened,
    )


def of_page(name: str, content: bytes, content_type: str | None) -> QuotableText:
    """What a page shows that is no cable. Characters that are no text of UTF-8 stand as what UTF-8 has for them."""
    text = plain_text(content, content_type).text.encode("utf-8", "replace").decode("utf-8")
    return QuotableText(
        name=terminal_line(name, 200),
        body=text,
        bytes_of=lambda start, end: plain_map(content, content_type).bytes_of(start, end),
        extractor=EXTRACTOR,
    )
