"""How two readings of one cable differ: exactly one of six classes.

A redaction is told by its mark, a run of four or more X (or x), counted in the texts made for comparing: more marks in
the later text is a redaction added, fewer is one removed. That is a fact about marks, not about intent: a paragraph
that was cut without a mark, and a mark put in place of another, are "text changed".
"""

from enum import StrEnum
from typing import Final

from preserve.cables.comparison import comparison_text
from preserve.cables.extract import Extraction
from preserve.expressions import lazy_re

MARK: Final = lazy_re(r"X{4,}|x{4,}")
"""A redaction mark: a run of at least four X, of one letter case."""


class Difference(StrEnum):
    """The classes, from the least to the greatest difference."""

    SAME_BYTES = "same bytes"
    SAME_BODY = "same body"
    SAME_AFTER_RULES = "same after rules"
    REDACTION_ADDED = "redaction added"
    REDACTION_REMOVED = "redaction removed"
    TEXT_CHANGED = "text changed"


def classify(a: Extraction, b: Extraction) -> Difference:
    """How ``b``, the later reading, differs from ``a``."""
    if a.raw_sha256 == b.raw_sha256:
        return Difference.SAME_BYTES
    if a.body_sha256 == b.body_sha256:
        return Difference.SAME_BODY
    before, after = comparison_text(a.body).text, comparison_text(b.body).text
    if before == after:
        return Difference.SAME_AFTER_RULES
    change = redaction_marks(after) - redaction_marks(before)
    if change > 0:
        return Difference.REDACTION_ADDED
    return Difference.REDACTION_REMOVED if change < 0 else Difference.TEXT_CHANGED


def redaction_marks(text: str) -> int:
    """The number of redaction marks in a text: runs of at least four X, of one letter case."""
    return sum(1 for _ in MARK.finditer(text))
