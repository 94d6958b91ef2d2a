"""Text from anywhere, made fit for a terminal, for one line, for JSON that a terminal may show."""

import re
from typing import Final

_UNSEEN: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON lets stand as it is, and a terminal acts upon: C1 controls, and signs that change the order of text."""


def clean(text: str) -> str:
    """Text for a terminal: control characters other than line feeds and tabs become U+FFFD, so no escape passes."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def escaped_json(text: str) -> str:
    """JSON with every sign escaped that a terminal acts upon. The values in it stay the same."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def flat(text: str, width: int) -> str:
    """Text from anywhere as one line of at most ``width`` characters, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * width]).split())
    return line if len(line) <= width else line[: width - 1] + "…"
