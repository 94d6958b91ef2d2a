"""Text from anywhere, made fit for a terminal, for one line, for JSON that a terminal may show."""

import re
from collections.abc import Iterable
from typing import Final

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
"""The months in three capitals, as messages and time stamps write them."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_MOST_LOOKED_AT: Final = 64 * 1024
_UNSEEN: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON lets stand as it is, and a terminal acts upon: C1 controls, and signs that change the order of text."""


def clean(text: str) -> str:
    """Text for a terminal: control characters other than line feeds and tabs become U+FFFD, so no escape passes."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def as_text(name: str) -> str:
    r"""The name of a file as text: a byte of it that is no UTF-8 is written as ``\xff``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def csv_cell(text: str) -> str:
    """The text as a cell of CSV that no spreadsheet takes for a formula (OWASP, CSV injection).

    One ``'`` stands before what would be one, and before a ``'``: whoever takes one off has the exact text.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def escaped_json(text: str) -> str:
    """JSON with every sign escaped that a terminal acts upon. The values in it stay the same."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def terminal_line(text: str, width: int = 100) -> str:
    """Text from anywhere as one line for a terminal: no control characters, at most ``width`` characters.

    Of a longer text than any line is made of, only the beginning is looked at.
    """
    line = single_spaced("".join(c if c.isprintable() else " " for c in text[:_MOST_LOOKED_AT]))
    return line if len(line) <= width else line[: width - 1] + "…"


def counted(number: int, what: str) -> str:
    """``1 record``, ``2,000 records``."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def single_spaced(text: str) -> str:
    """The text on one line: every run of white space is one blank, and none stands at its ends."""
    return " ".join(text.split())


def most_like(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The one of the known words that is most like this one; empty where none is. ``cutoff``: 0 to 1, as `difflib`."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)), "")


_MOST_KNOWN = 24


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?``, or the list of what is known where nothing is near; the first of a long one."""
    names = sorted(known)
    if close := most_like(word, names):
        return f"did you mean {close!r}?"
    more = f" and {len(names) - _MOST_KNOWN:,} more" if len(names) > _MOST_KNOWN else ""
    return "known here: " + (", ".join(names[:_MOST_KNOWN]) or "nothing yet") + more
