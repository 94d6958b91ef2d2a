"""A passage of an extracted text: what is quoted, where it stands in text and bytes, and what stands around it."""

from msgspec import Struct


class Passage(Struct, frozen=True, kw_only=True):
    """A passage of the text of one capture.

    ``exact`` is the text as extracted, from ``start`` to ``end`` (characters of it, from 0, the end not in it);
    ``prefix`` and ``suffix`` are the characters before and behind (W3C Web Annotation, TextQuoteSelector).
    ``byte_start`` and ``byte_end`` are its span in the page's content, its content coding removed.
    """

    exact: str
    prefix: str
    suffix: str
    start: int
    end: int
    byte_start: int
    byte_end: int
    paragraph: str | None = None
    """The number of the paragraph it begins in, as printed: ``3`` of ``3. (SBU) …``."""
    portion_mark: str | None = None
    """The portion mark of that paragraph, as printed: ``(SBU)``."""
    folded_blanks: bool = False
    """True where the quote as given has other blanks, or signs set in another way, than the text has."""
    page_lines: tuple[str, ...] = ()
    """The page lines inside of it that the quote as given leaves out."""
