"""Plain texts: paragraphs are parted by empty lines."""

from typing import Final

from preserve.citation.documents.document import BlockText, CitingDocument, decoded
from preserve.expressions import lazy_re

_EMPTY: Final = lazy_re(r"(?:\r?\n|\r)[ \t]*(?:\r?\n|\r)\s*")


def read_text(data: bytes) -> CitingDocument:
    """The blocks of a plain text, each with its first line's number."""
    text = decoded(data)
    blocks = []
    start, line = 0, 1
    for end, following in (*((m.start(), m.end()) for m in _EMPTY.finditer(text)), (len(text), len(text))):
        made = BlockText()
        made.add_lines(text[start:end], line)
        blocks.append(made.block(f"line {line}"))
        line += text.count("\n", start, following)
        start = following
    return CitingDocument(kind="text", blocks=tuple(block for block in blocks if block is not None))
