"""The text that two sources of one cable are compared by: version 1 of the rules.

It exists to tell a change of the cable from a change of its carrier, and for nothing else: it is never shown, cited
or stored in place of the text. The rules, in the order in which they are applied:

1. character references are decoded (once), line ends become LF, a byte order mark is dropped;
2. Unicode normalisation form C (not KC);
3. ``¶`` directly before a paragraph's number or letter is dropped: it is the mark of one site;
4. blanks at line ends are dropped, and of a run of line ends one is kept: some sources have no blank
   lines;
5. a run of blanks becomes one blank;
6. ``NNNN`` as the last line is dropped;
7. the TAGS line is a list of tags in order: its commas become blanks;
8. lines that are only a page line (``SAMPLETOWN 00000525  002 OF 003``) are dropped;
9. curly quotation marks become straight ones.

What is never made equal: runs of X, portion marks, letter case, digits and their leading zeros, hyphens at line ends,
misspellings and garbles, order and doubling of captions, signatures, footnote digits. No line is joined to another.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from preserve.cables.texts import decode_references

VERSION: Final = "1"
"""The version of the rules: texts made by different versions must not be compared."""

_BLANKS: Final = " \t\u00a0"
_MARK: Final = re.compile(r"¶(?=\d|[A-Z][.)])")
_TAGS: Final = re.compile(r"^([ \t]{0,8}(?:TAGS\b:?|[Tt]ags:))(.*)$", re.MULTILINE)
_PAGE_LINE: Final = re.compile(r"[A-Z][A-Z .'\u2019-]{1,40} \d{6,8} {1,3}\d{3}(?:\.\d{1,2})? OF \d{3}[ \\]*")
_LONGEST_PAGE_LINE: Final = 90
_QUOTES: Final = tuple(zip("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", "'" * 4 + '"' * 4, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A text made for comparing, and the numbers of the rules that changed something on the way."""

    text: str
    rules_fired: tuple[int, ...]


def comparison_text(body: str) -> Comparison:
    """The comparison text of a body. Time is linear in its length."""
    fired: list[int] = []
    text = body
    for number, rule in _RULES:
        changed = rule(text)
        if changed != text:
            fired.append(number)
            text = changed
    return Comparison(text=text, rules_fired=tuple(fired))


def is_page_line(line: str) -> bool:
    """Whether a line is only a page line of the message (``SAMPLETOWN 00000525  002 OF 003``)."""
    stripped = line.strip()
    return len(stripped) <= _LONGEST_PAGE_LINE and _PAGE_LINE.fullmatch(stripped) is not None


def _as_text(text: str) -> str:
    return decode_references(text).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _without_marks(text: str) -> str:
    return _MARK.sub("", text)


def _without_blank_lines(text: str) -> str:
    if " \n" in text or "\t\n" in text or "\u00a0\n" in text or text[-1:] in _BLANKS:
        text = "\n".join([line.rstrip(_BLANKS) for line in text.split("\n")])
    return _halved(text, "\n").strip("\n")


def _single_blanks(text: str) -> str:
    return _halved(text.replace("\t", " ").replace("\u00a0", " "), " ")


def _halved(text: str, character: str) -> str:
    """A text with every run of a character as one: each turn halves the longest."""
    while character * 2 in text:
        text = text.replace(character * 2, character)
    return text


def _without_end(text: str) -> str:
    before, line_end, last = text.rstrip("\n").rpartition("\n")
    return before if last == "NNNN" and (line_end or not before) else text


def _listed_tags(text: str) -> str:
    if "TAGS" not in text and "ags:" not in text:
        return text
    return _TAGS.sub(lambda match: match[1] + " " + " ".join(re.split(r"[,\s]+", match[2].strip(" \t,"))), text)


def _without_page_lines(text: str) -> str:
    at = text.find(" OF ")
    while at >= 0 and not text[at - 1 : at].isdigit():
        at = text.find(" OF ", at + 1)
    if at < 0:
        return text
    return "\n".join([line for line in text.split("\n") if " OF " not in line or not is_page_line(line)])


def _straight_quotes(text: str) -> str:
    # Most texts have none; to look for each is faster than to translate all.
    for curly, straight in _QUOTES:
        text = text.replace(curly, straight)
    return text


_RULES: Final[tuple[tuple[int, Callable[[str], str]], ...]] = (
    (1, _as_text),
    (2, _composed),
    (3, _without_marks),
    (4, _without_blank_lines),
    (5, _single_blanks),
    (6, _without_end),
    (7, _listed_tags),
    (8, _without_page_lines),
    (9, _straight_quotes),
)
