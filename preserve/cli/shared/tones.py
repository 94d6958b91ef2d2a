"""Verdicts in colour. Text carries marks that no text of an archive can have; they become colour, or nothing."""

import re
from typing import Final

from preserve.text import clean

_COLOURS: Final = {"g": "32", "b": "1;31", "o": "33", "h": "1"}
"""Good, bad, odd, heading: each with the numbers of its colour (ECMA-48, SGR)."""
_TONES: Final = {
    "PASS": "g", "OK": "g", "good": "g", "alive": "g", "sent": "g", "complete": "g", "all good": "g", "whole": "g",
    "FAIL": "b", "WRONG": "b", "DAMAGED": "b", "DAMAGE": "b", "CANNOT": "b", "failed": "b", "gone": "b", "NOT": "b",
    "WARN": "o", "NOT CHECKED": "o", "queued": "o", "missing": "o", "cancelled": "o", "limit": "o", "changed": "o",
}  # fmt: skip
_MARKED: Final = re.compile("\x0e([gboh])([^\x0e\x0f]*)\x0f")


def toned(word: str, tone: str = "") -> str:
    """A verdict, with its mark: that of the word itself, where ``tone`` names none. Blanks around it are kept."""
    tone = tone or _TONES.get(word.strip(), "")
    return f"\x0e{tone}{word}\x0f" if tone else word


def heading(text: str) -> str:
    """A heading, with its mark."""
    return f"\x0eh{text}\x0f"


def rendered(text: str, *, colour: bool) -> str:
    """Text for a terminal or a file: marks as colour or taken out, and every other control character replaced."""
    parts = _MARKED.split(text)
    shown = [clean(parts[0])]
    for tone, word, behind in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        shown += [f"\x1b[{_COLOURS[tone]}m{clean(word)}\x1b[0m" if colour else clean(word), clean(behind)]
    return "".join(shown)
