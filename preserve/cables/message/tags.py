"""The line of TAGS: codes of two to four capitals, names of matters, countries and persons.

Commas, semicolons and slashes separate, and where a line has none of them blanks do; lines of one list may differ. What
stands in brackets belongs to the tag before it, also where it goes on in the next line. Codes that are run together
(``ECONEFIN``) stay one tag, as they are printed.

Tested by ``tests/unit/cables/message/test_grammar.py``.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from preserve.cables.message.meanttags import completes_name
from preserve.cables.message.pagelines import page_lines_inside
from preserve.cables.message.printed import PrintedLine, PrintedValue, printed
from preserve.expressions import lazy_re

_LIST: Final = r"[ \t]*(?=[A-Z]{2,4}(?:[ ,;/|.-]++[A-Z]{2,4}(?![A-Za-z]))*+[ ,;/|.\\\r-]*$|[A-Za-z]{2,4} ?[,;])"
"""What must stand behind a label that may be a word like others: codes alone, or a first one that is set apart."""
_GARBLED: Final = r"(?:[A-Z]?AGS|T[A-Z]?GS|TA[A-Z]?S|TAG[A-Z]?|TAGS[A-Z]|TA[A-Z]GS|T[A-Z]AGS|TAG[A-Z]S|ATGS|TGAS|TASG)"
"""TAGS with a letter wrong, missing or too many, or with two swapped."""
LABEL: Final = lazy_re(
    r"(?:^|(?<=[\s.\"/A-Z]))(?:TAGS? ?[:;]|(?:^|(?<=[\s.]))(?:TAGS(?=\s|$)(?! ?[-.] )|Tags? ?:|tags?:))[ \t]*|"
    rf"^[ \t]*(?:(?:AGS|T A G S) ?:|TAGS? ?[.-](?= )|(?:TAG|[Tt]ags?)(?=[ \t]){_LIST})[ \t]*"
)
NEEDLES: Final = ("TAG", "AGS", "ags", "ag:", "ag ", "T A G")
"""One of these is in everything that `LABEL` finds."""
GARBLED: Final = lazy_re(rf"(?:^|(?<=\s)){_GARBLED} ?[:;,]{_LIST}[ \t]*|^[ \t]*(?i:tags)(?: ?:|,(?= ))[ \t]*")
"""The label with a letter wrong, or in odd letters; looked for where there is no other."""
GARBLED_NEEDLES: Final = ("AG", "ag", "TA", "TG", "GS", "aG", "Ag")
_END: Final = lazy_re(
    r"(?<=\s)(?:UNCLAS(?:SIFIED)?|CONFIDENTIAL|SECRET|C O N F I D E N T I A L|S E C R E T)(?=[\s/]|$)|"
    r"SUBJECT\b|SUBJ(?: ?\([A-Z/]{1,8}\) ?)?:|S U B J E C T|\b[Ss]ubj(?:ect)?:|(?<![A-Z])REF(?:S|TELS?)?:|\bE\.O\.|"
    r"(?i:\bclassified by)|(?<=\s)1\. {1,3}(?=\()"
)
_CODES: Final = lazy_re(r"[ \t]*[A-Z]{2,4}(?:[ ,;/|.-]++[A-Z]{2,4}(?![A-Za-z]))*+[ ,;/|.\\\r-]*$")
"""A line of nothing but codes, whatever separates them."""
_CODE: Final = lazy_re(r"[A-Z]{2,4}(?: ?[(\[]|\Z)")
_OTHER_SEPARATOR: Final = lazy_re(
    r"(?<=[A-Za-z]{2})[/|](?=[A-Za-z]{2}|\s)|(?<=[\])])[/|]| [/|-](?=[ \n])|(?<=\b[A-Z]{2})[.:](?=\s|$)|"
    r"(?<=\b[A-Z]{3})[.:](?=\s|$)|(?<=\b[A-Z]{4})[.:](?=\s|$)|(?<=\b[A-Z]{4}):(?=[A-Z]{2})|\A-(?= )"
)
"""Signs that separate as commas do. A slash between single letters does not (``N/A``)."""
_PIECES: Final = {
    ",;": lazy_re(r"[^\s,;][^,;]*+"),
    " \t\r\n": lazy_re(r"[^ \t\r\n][^ \t\r\n]*+"),
    "\n": lazy_re(r"[^\s][^\n]*+"),
}
"""What stands between separators where there are no brackets, by these."""
_MOST_LINES: Final = 60
"""Lines of one list; the longest real one has about 20."""
_BRACKET_LINES: Final = 4
"""Lines over which what stands in brackets may go; where it is longer, they do not close."""


def tag_spans(said: str) -> list[tuple[int, int]]:
    """Where the tags stand in the content of a TAGS line.

    Where it has commas they separate, so that a tag may be of two words (``Human Rights``); between them, words that
    are all codes of two to four capitals are tags of their own. Without commas blanks separate. What stands in
    brackets belongs to the tag before it (``OVIP (STEINBERG, JAMES B.)``).
    """
    tags: list[tuple[int, int]] = []
    marked = _OTHER_SEPARATOR.sub(lambda sign: ",".rjust(len(sign[0])), said)
    pieces = _outside_brackets(marked, 0, len(said), ",;")
    separated = len(pieces) > 1 or marked.rstrip().endswith((",", ";"))
    for start, end in pieces:
        for first, last in _by_lines(said, start, end) if separated else [(start, end)]:
            words: list[tuple[int, int]] = []
            for begin, stop in _outside_brackets(said, first, last, " \t\r\n"):
                if said[begin] in "([" and words:
                    words[-1] = words[-1][0], stop
                else:
                    words.append((begin, stop))
            if separated and len(words) > 1 and not all(_CODE.match(said[a:b]) for a, b in words):
                words = [(words[0][0], words[-1][1])]
            tags += words
    return tags


def _by_lines(said: str, start: int, end: int) -> list[tuple[int, int]]:
    """The lines of a piece between separators, where one is a list of codes; else the piece is one tag or several."""
    if said.find("\n", start, end) < 0:
        return [(start, end)]
    lines = _outside_brackets(said, start, end, "\n")
    is_list = any(len(said[first:last].split()) > 1 and _CODES.match(said[first:last]) for first, last in lines)
    return lines if is_list else [(start, end)]


def read_tags(
    source: str, lines: Sequence[PrintedLine], number: int, match: re.Match[str], *, ends: Callable[[str], bool]
) -> tuple[PrintedValue, ...]:
    """The tags behind the label that was found on the line of that number.

    The list goes on where a line ends in a separator or inside brackets, and over lines that hold only codes. ``ends``
    says whether a line belongs to something else.
    """
    line = lines[number]
    stop = _end(line.text, match.end())
    start, end = line.start + match.end(), line.start + (len(line.text) if stop is None else stop)
    closed, opened = end, 0
    following = lines[number + 1 : number + _MOST_LINES] if stop is None else ()
    for below in following:
        said = source[start:end].rstrip(" \t\r\\")
        opened = opened + 1 if _depth(said) else 0
        open_ended = said.endswith((",", ";", "/")) or 0 < opened <= _BRACKET_LINES
        if ends(below.text):
            break
        stop = _end(below.text, 0)
        more = below.text[:stop].rstrip(" \t\r\\")
        if not (open_ended or _CODES.match(more) or completes_name(said, more)):
            break
        end = below.start + (len(below.text) if stop is None else stop)
        closed = closed if _depth(source[start:end]) else end
        if stop is not None:
            break
    # Brackets that never close hold no more than their own line.
    end = closed
    said = source[start:end].replace("\\\n", " \n").replace("\\", " ")
    tags = (printed(source, start + first, start + last) for first, last in tag_spans(said))
    return tuple(tag for tag in tags if tag is not None)


def _end(text: str, start: int) -> int | None:
    """Where the list ends on its line: at another heading, a classification or a page line."""
    heading = _END.search(text, start)
    stops = [first for first, _ in page_lines_inside(text) if first >= start]
    return min(stops if heading is None else [heading.start(), *stops], default=None)


def _depth(said: str) -> int:
    """How many brackets are open at the end."""
    return max(0, said.count("(") - said.count(")")) + max(0, said.count("[") - said.count("]"))


def _outside_brackets(text: str, start: int, end: int, separators: str) -> list[tuple[int, int]]:
    """The spans between separators that are not in brackets, without white space at their ends; no empty ones."""
    if text.find("(", start, end) < 0 and text.find("[", start, end) < 0:
        return [
            (match.start(), match.start() + len(match[0].rstrip()))
            for match in _PIECES[separators].finditer(text, start, end)
        ]
    pieces: list[tuple[int, int]] = []
    depth = 0
    first = start
    for number in range(start, end + 1):
        character = text[number] if number < end else separators[0]
        if number < end and character in "([":
            depth += 1
        elif number < end and character in ")]":
            depth = max(0, depth - 1)
        elif number == end or (character in separators and depth == 0):
            piece = text[first:number].strip()
            if piece:
                begin = first + len(text[first:number]) - len(text[first:number].lstrip())
                pieces.append((begin, begin + len(piece)))
            first = number + 1
    return pieces
