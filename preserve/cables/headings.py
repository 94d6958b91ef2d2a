"""The lists in a message's head: TAGS, SUBJECT and REF, each of which may run over several lines."""

import re
from collections.abc import Sequence
from typing import Final

from preserve.cables.comparison import is_page_line
from preserve.cables.texts import one_line

_TAGS: Final = re.compile(r"(?:^|(?<=[\s.]))(?:TAGS?:|TAGS(?=\s)|Tags?:|tags?:)[ \t]*(.*)")
_SUBJECT: Final = re.compile(r"(?:^|\s)(?:SUBJECT|SUBJ|Subject|Subj|subject)(?: \([A-Z/]{1,8}\))?:[ \t]*(.*)")
_REFERENCE: Final = re.compile(
    r"(?:^[ \t]*|\s)REF(?:S|TELS?|ERENCES?)?(?: \([A-Z]\))?:[ \t]*|"
    r"^[ \t]*Ref(?:s|tels?)?(?::|(?= [A-Z]:))[ \t]*"
)
_ENUMERATOR: Final = re.compile(r"(?:^|(?<=[\s;,(¶]))(?:[Rr][Ee][Ff] )?\(?[A-Z][.):](?=\s)")
_CONTINUED_REFERENCE: Final = re.compile(r"[ \t]*¶?\(?[B-Z][.)] ?\S")
_LONGEST_LINE: Final = 100
"""Characters of a line of REF; longer ones are paragraphs whose line ends are lost."""
_PORTION: Final = re.compile(r" (?:\d{1,2}[.)] )?\((?:U|SBU|LOU|FOUO|C|S)(?:/[A-Z]{2,6})?\) \S")
"""Where a paragraph begins on the line of a REF that lost its line end."""
_RULE: Final = re.compile(r"[ \t]*[-=*_]{3,}")
_ENDS: Final = re.compile(
    r"[ \t]*(?:REF\b|REFS\b|REFTELS?\b|REFERENCES?\b|Ref\b|Refs\b|Reftels?\b|Classified By|CLASSIFIED BY|Reason:|"
    r"TAGS\b|E\.?O\.? ?\d|SUBJECT:|SUBJ:|SUMMARY\b|Summary\b|¶)"
)
_CODE: Final = re.compile(r"[A-Z]{2,4}(?: \(|\Z)")
_MOST_LINES: Final = 60
"""Lines of one list; the longest real REF has about 20."""


def read_tags(head: Sequence[str]) -> tuple[str, ...]:
    """The tags of the first TAGS line, in order, doubled ones too; the line goes on where it ends in a comma."""
    for number, line in enumerate(head):
        match = _TAGS.search(line)
        if match is None:
            continue
        said = _clean(match[1])
        for following in head[number + 1 : number + _MOST_LINES]:
            if not said.endswith(",") or not _clean(following) or _ENDS.match(following):
                break
            said += " " + _clean(following)
        return split_tags(said)
    return ()


def split_tags(said: str) -> tuple[str, ...]:
    """The tags in the content of a TAGS line.

    Where it has commas they separate, so that a tag may be of two words (``Human Rights``); between them, words that
    are all codes of two to four capitals are tags of their own. Without commas blanks separate. What stands in
    brackets belongs to the tag before it (``OVIP (STEINBERG, JAMES B.)``).
    """
    pieces = _outside_brackets(said, ",")
    tags: list[str] = []
    for piece in pieces:
        words: list[str] = []
        for word in _outside_brackets(piece, " "):
            if word.startswith("(") and words:
                words[-1] += f" {word}"
            elif word:
                words.append(word)
        if len(pieces) > 1 and len(words) > 1 and not all(_CODE.match(word) for word in words):
            words = [one_line(piece)]
        tags += words
    return tuple(tags)


def read_subject(head: Sequence[str]) -> str:
    """The SUBJECT, joined over its lines; empty where there is none."""
    for number, line in enumerate(head):
        match = _SUBJECT.search(line)
        if match is None:
            continue
        parts = [_clean(match[1])]
        for following in head[number + 1 : number + _MOST_LINES]:
            if _ends_list(following):
                break
            parts.append(_clean(following))
        return cut_at_reference(one_line(" ".join(parts)))
    return ""


def cut_at_reference(subject: str) -> str:
    """A subject without the REF that lost its own line."""
    match = _REFERENCE.search(subject)
    return subject if match is None or match.start() == 0 else subject[: match.start()].rstrip()


def read_references(head: Sequence[str]) -> tuple[str, ...]:
    """What REF lists, as printed, without its enumeration (``A.``, ``B)``). Much of it is no cable."""
    for number, line in enumerate(head):
        match = _REFERENCE.search(line)
        if match is None:
            continue
        parts = [_clean(line[match.end() :])]
        blank = False
        for following in head[number + 1 : number + _MOST_LINES]:
            said = _clean(following)
            if not said:
                blank = True
            elif (
                len(said) > _LONGEST_LINE
                or (blank and not _CONTINUED_REFERENCE.match(following))
                or (_ends_list(following) and not _CONTINUED_REFERENCE.match(following))
            ):
                break
            else:
                parts.append(said)
                blank = False
        return _split_references(" ".join(parts))
    return ()


def _split_references(said: str) -> tuple[str, ...]:
    said = one_line(said)
    text_begins = _PORTION.search(said)
    pieces = _ENUMERATOR.split(said if text_begins is None else said[: text_begins.start()])
    if len(pieces) == 1:
        pieces = pieces[0].split(";")
    cleaned = (one_line(piece).strip(" ,;¶").removesuffix(" AND").removesuffix(" and") for piece in pieces)
    return tuple(piece for piece in cleaned if piece)


def _ends_list(line: str) -> bool:
    return not _clean(line) or bool(_ENDS.match(line) or _RULE.match(line)) or is_page_line(line)


def _clean(text: str) -> str:
    return text.strip(" \t\r\\")


def _outside_brackets(text: str, separator: str) -> list[str]:
    """The pieces of a text between separators that are not in brackets."""
    pieces: list[str] = []
    depth = start = 0
    for number, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == separator and depth == 0:
            pieces.append(text[start:number].strip())
            start = number + 1
    pieces.append(text[start:].strip())
    return pieces
