"""Spans of time as a person writes them: ``12h``, ``30d``, ``2w``. A day has 86,400 seconds."""

from typing import Annotated

from pydantic import AfterValidator

from preserve.expressions import lazy_re

_SPAN = lazy_re(r"[1-9][0-9]{0,3}[hdw]")
_UNIT_S = {"h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(span: str) -> int:
    """Seconds of a checked span."""
    return int(span[:-1]) * _UNIT_S[span[-1]]


def _span(text: str) -> str:
    if _SPAN.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no span; write hours, days or weeks like 12h, 30d or 2w")
    return text


Span = Annotated[str, AfterValidator(_span)]
"""A field's type: the text of a span, checked."""
