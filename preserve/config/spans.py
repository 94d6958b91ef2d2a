"""Spans of time as a person writes them: ``15m``, ``12h``, ``30d``, ``2w``."""

import re

SPAN = re.compile(r"([1-9][0-9]{0,3})([mhdw])")
_UNIT_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def span_seconds(text: str) -> int:
    """Seconds of a checked span. A day has 86,400 of them."""
    return int(text[:-1]) * _UNIT_S[text[-1]]


def checked_span(text: str) -> str:
    """The text, where it is a span.

    Raises:
        ValueError: it is none.
    """
    if SPAN.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no span; write minutes, hours, days or weeks like 15m, 12h, 30d or 2w")
    return text
