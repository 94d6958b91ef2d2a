"""The text that two sources of one cable are compared by: version 1 of the rules.

It exists to tell a change of the cable from a change of its carrier, and for nothing else: it is never shown, cited
or stored in place of the text. The rules, in the order in which they are applied:

1. character references are decoded, line ends become LF, a byte order mark is dropped;
2. Unicode normalisation form C (not KC);
3. ``¶`` directly before a paragraph's number or letter is dropped: it is the mark of one site;
4. blanks at line ends are dropped, and of a run of line ends one is kept: some sources have no blank
   lines;
5. a run of blanks becomes one blank;
6. ``NNNN`` as the last line is dropped;
7. the TAGS line is a list of tags in order: its commas become blanks, also those of lines on which it goes on;
8. lines that are only a page line (``SAMPLETOWN 00000525  002 OF 003``) are dropped;
9. curly quotation marks become straight ones.

They are applied until none of them changes anything: the comparison text of a comparison text is itself. A text that
was made so that this does not end soon is compared as it is, by no rule.

What is never made equal: runs of X, portion marks, letter case, digits and their leading zeros, hyphens at line ends,
misspellings and garbles, order and doubling of captions, signatures, footnote digits. No line is joined to another.
"""

import unicodedata
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from preserve.cables.page.texts import decode_references
from preserve.expressions import lazy_re

VERSION: Final = "1"
"""The version of the rules: texts made by different versions must not be compared."""

_MARK: Final = lazy_re(r"¶(?<!¶¶)¶*+(?=\d|[A-Z][.)])")
"""A run of marks. The look behind comes second: what begins with a character is searched for fast."""
_MOST_INDENT: Final = 8
_MOST_TIMES: Final = 20
"""How often the rules are applied again. Only texts that were made for it need more than one time."""
_TAGS: Final = lazy_re(rf"([ \t]{{0,{_MOST_INDENT}}}(?:TAGS\b:?|[Tt]ags:))(.*)")
_TAGS_BEHIND: Final = lazy_re(rf"\n[ \t]{{0,{_MOST_INDENT}}}+(?:TAGS|[Tt]ags:)")
"""A line end before such a line."""
_MORE_TAGS: Final = lazy_re(r"\n([A-Z][^\n:0-9]{1,98})(?=\n|\Z)")
_CODES: Final = lazy_re(r"[A-Z]{2,4}(?:[ ,]{1,4}[A-Z]{2,4}){0,30},?")
_PAGE_LINE: Final = lazy_re(r"[A-Z][A-Z .'\u2018-\u201b-]{1,40} \d{6,8} {1,3}\d{3}(?:\.\d{1,2})? OF \d{3}[ \\]*")
_LONGEST_PAGE_LINE: Final = 90
_QUOTES: Final = tuple(zip("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", "'" * 4 + '"' * 4, strict=True))


class Comparison(Struct, frozen=True, kw_only=True):
    """A text made for comparing, and the numbers of the rules that changed something on the way."""

    text: str
    rules_fired: tuple[int, ...]


def comparison_text(body: str) -> Comparison:
    """The comparison text of a body: that of a comparison text is itself. Time is linear in the length of a message."""
    fired: set[int] = set()
    text = _applied(body, fired)
    for _time in range(_MOST_TIMES):
        # What a rule leaves may be what another takes: a mark behind a mark, a reference in a reference, two end marks.
        if not ("&" in text or "\u00b6" in text or text.endswith("NNNN") or text.startswith("\ufeff")):
            break
        again = _applied(text, fired)
        if again == text:
            break
        text = again
    else:
        return Comparison(text=body, rules_fired=())
    return Comparison(text=text, rules_fired=tuple(sorted(fired)))


def _applied(text: str, fired: set[int]) -> str:
    """A text after all rules, once; the numbers of those that changed something are added to ``fired``."""
    for number, rule in _RULES:
        changed = rule(text)
        if changed != text:
            fired.add(number)
            text = changed
    return text


def is_page_line(line: str) -> bool:
    """Whether a line is only a page line of the message (``SAMPLETOWN 00000525  002 OF 003``)."""
    stripped = line.strip()
    return len(stripped) <= _LONGEST_PAGE_LINE and _PAGE_LINE.fullmatch(stripped) is not None


def _as_text(text: str) -> str:
    text = decode_references(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _without_marks(text: str) -> str:
    return _MARK.sub("", text) if "\u00b6" in text else text


def _without_blank_lines(text: str) -> str:
    return "\n".join([kept for line in text.split("\n") if (kept := line.rstrip(" \t\u00a0"))])


def _single_blanks(text: str) -> str:
    # No line ends in a blank any more. To split is faster than an expression for which every blank may begin a run.
    first, *behind = text.replace("\t", " ").replace("\u00a0", " ").split("  ")
    return " ".join([first, *[left for part in behind if (left := part.lstrip(" "))]]) if behind else first


def _without_end(text: str) -> str:
    end = len(text)
    while text.endswith("NNNN", 0, end) and (end == len("NNNN") or text[end - 5] == "\n"):
        end = max(0, end - len("\nNNNN"))
    return text[:end]


def _listed_tags(text: str) -> str:
    parts: list[str] = []
    done = 0
    for start in (0, *(line.start() + 1 for line in _TAGS_BEHIND.finditer(text))):
        match = _TAGS.match(text, start)
        if match is None or start < done:
            continue
        parts += (text[done : match.end(1)], *(f" {tag}" for tag in _tags(match[2])))
        done, said = match.end(), match[2]
        while (more := _MORE_TAGS.match(text, done)) is not None and (said.endswith(",") or _CODES.fullmatch(more[1])):
            parts.append("\n" + " ".join(_tags(more[1])))
            done, said = more.end(), more[1]
    return "".join((*parts, text[done:])) if parts else text


def _tags(said: str) -> list[str]:
    return said.replace(",", " ").split()


def _without_page_lines(text: str) -> str:
    # Without the blank behind it, which is common, it is found in half the time.
    at = text.find(" OF")
    while at >= 0 and not (text[at - 1 : at].isdigit() and text.startswith(" ", at + len(" OF"))):
        at = text.find(" OF", at + 1)
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
