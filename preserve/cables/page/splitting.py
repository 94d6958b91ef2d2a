"""Telling a message's header from its text where a source runs the two together, often without a line end between.

The text begins at its classification line: a classification, then sections or captions, the station and the number.
What stands before it is the header. Where no such line is found, all is text.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from preserve.cables.page.reading import PageText
from preserve.cables.page.texts import Segment
from preserve.expressions import lazy_re

_LOOKED_AT: Final = 60_000
"""Characters in which the classification line is looked for; the longest address lists have about 20,000."""
_BEGINS: Final = lazy_re(
    r"(?:UNCLAS(?:SIFIED)?|C O N F I D E N T I A L|S E C R E T|CONFIDENTIAL|SECRET|LIMITED OFFICIAL USE)"
    r" {1,3}[A-Z][A-Z0-9 './-]{0,80}? \d{3,7}(?!\d)"
)


def split_header(both: PageText) -> tuple[PageText | None, PageText]:
    """Header and text of what holds both; None for the header where there is none."""
    match = _BEGINS.search(both.text, 0, _LOOKED_AT)
    if match is None or not both.text[: match.start()].strip():
        return None, both
    at = match.start()
    return _part(both, 0, at), _part(both, at, len(both.text))


def _part(both: PageText, start: int, end: int) -> PageText:
    return PageText(text=both.text[start:end], segments=partial(_between, both, start, end))


def _between(both: PageText, start: int, end: int) -> Sequence[Segment]:
    result: list[Segment] = []
    for segment in both.segments():
        first, stop = max(segment.start, start), min(segment.start + segment.length, end)
        if first >= stop:
            continue
        part = replace(segment, start=first - start, length=stop - first)
        if segment.copied:
            shift = segment.from_start - segment.start
            part = replace(part, from_start=first + shift, from_end=stop + shift)
        result.append(part)
    return result
