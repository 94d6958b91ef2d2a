"""A captured content by its media type: where its addresses stand, and it with them led elsewhere, in pieces.

Tested by ``tests/unit/formats/test_rewriting.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.charset import Decoded, decide
from preserve.formats.rewriting.css import style_edits
from preserve.formats.rewriting.edits import Edit, Resolver, Use, as_text, pieces
from preserve.formats.rewriting.html import PageEdits, base_of
from preserve.formats.urls import Base

HTML_TYPES: Final = frozenset({"text/html"})
XML_TYPES: Final = frozenset({"application/xhtml+xml", "image/svg+xml", "application/xml", "text/xml"})
STYLE_TYPES: Final = frozenset({"text/css"})
MAX_BYTES: Final = 8 * 1024 * 1024
"""Of a content that is looked through; a longer one is left as it is."""
_MOST_EDITS: Final = 200_000
"""A page with more grows beyond measure where each address is written out: it is shown as stored."""
MAX_REWRITTEN_BYTES: Final = 32 * 1024 * 1024
"""Of what a content becomes, and of the addresses in it; a page that would grow beyond it is shown as stored."""
_CHARSET_BYTES: Final = 4_096
"""Beginning of a style sheet that says in what it is written."""
_CHARSET_RULE: Final = lazy_re(rb'@charset "([\x20!#-~]{1,64})";')


@dataclass(frozen=True, slots=True)
class Rewritable:
    """A content, the edits of its addresses in order, and what it is written in where that is no ASCII."""

    content: bytes
    edits: tuple[Edit, ...]
    wide: str

    @property
    def links(self) -> set[str]:
        """The http and https addresses that a reader may follow."""
        return {edit.url for edit in self.edits if edit.use is Use.LINK and edit.url is not None}

    def pieces(self, prefix: Callable[[Use, str | None], str]) -> Iterator[bytes]:
        """The content, each address in it behind what ``prefix`` gives for its use and for where it leads.

        What it gives is ASCII without blanks, quotation marks, ``<``, ``>`` and ``&``.
        """
        return pieces(self.content, self.edits, prefix, wide=self.wide)

    def rewritten(self, prefix: Callable[[Use, str | None], str]) -> bytes | None:
        """The pieces in one; None where they are more than `MAX_REWRITTEN_BYTES`."""
        made, size = [], 0
        for piece in self.pieces(prefix):
            size += len(piece)
            if size > MAX_REWRITTEN_BYTES:
                return None
            made.append(piece)
        return b"".join(made)


def _said_of_style(content: bytes, content_type: str | None) -> Decoded:
    """In what a style sheet is written: behind the field comes its own rule (CSS Syntax Level 3, section 3.2)."""
    content = content[:_CHARSET_BYTES]
    rule = _CHARSET_RULE.match(content)
    # A rule that can be read as ASCII is not in UTF-16, whatever it says.
    if rule is not None and not rule[1].lower().startswith(b"utf-16"):
        content_type = f'{content_type or "text/css"}; charset="{rule[1].decode("ascii")}"'
    return decide(content, content_type)


def rewritable(content: bytes, url: str, media_type: str | None, content_type: str | None) -> Rewritable | None:
    """A content whose codings are removed, captured at ``url``. None: it is of a type, or of a length, that stays.

    ``content_type``: the value of the field by which it is read, if there is one.
    """
    if len(content) > MAX_BYTES or media_type is None:
        return None
    is_style, is_xml = media_type in STYLE_TYPES, media_type in XML_TYPES
    if not (is_style or is_xml or media_type in HTML_TYPES):
        return None
    said = _said_of_style(content, content_type) if is_style else decide(content, content_type)
    text, wide = as_text(content, said.encoding)
    try:
        # Addresses in style sheets are always written in UTF-8.
        own = base = Base(url, "utf-8" if is_style else said.encoding)
    except FormatError:
        return None
    if not is_style:
        base = base_of(text, own, xml=is_xml)
    resolver = Resolver(base, said.encoding, is_wide=bool(wide))
    if is_style:
        found = style_edits(text, resolver)
    else:
        of_base = Resolver(own, said.encoding, is_wide=bool(wide))
        found = PageEdits(resolver, of_base, is_xml=is_xml).edits(text)
    width = 2 if wide else 1
    if width > 1:
        found = (edit._replace(start=edit.start * width, end=edit.end * width) for edit in found)
    edits: list[Edit] = []
    size = len(content)
    for edit in islice(found, _MOST_EDITS + 1):
        edits.append(edit)
        size += len(edit.text) * width + len(edit.url or "")
        if len(edits) > _MOST_EDITS or size > MAX_REWRITTEN_BYTES:
            return None
    return Rewritable(content, tuple(edits), wide)
