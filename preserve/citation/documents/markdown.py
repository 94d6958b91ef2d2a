"""Markdown: paragraphs, quotations and notes with their links, and the same text with copies named behind links.

CommonMark's blocks as far as citations need them: fenced code is passed over, ``>`` marks a quotation, notes stand
where they are called first, ``[@key]`` cites a bibliography (pandoc's way).

Tested by ``tests/unit/formats/test_documents.py``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from preserve.citation.documents.document import (
    Block,
    BlockText,
    CitingDocument,
    Insertion,
    bare_links,
    decoded,
    is_within,
    with_insertions,
)
from preserve.expressions import lazy_re

_FENCE: Final = lazy_re(r" {0,3}(`{3,}|~{3,})")
_NOTE: Final = lazy_re(r"\[\^([^\]\s]{1,100})\]:[ \t]*(.*)", re.DOTALL)
_DEFINITION: Final = lazy_re(
    r" {0,3}\[([^\]\^][^\]]{0,200})\]:[ \t]*<?(\S{1,4000}?)>?(?:[ \t]+[\"'(].*)?[ \t]*$", re.MULTILINE
)
_INLINE: Final = lazy_re(
    r"(?P<code>(?<!`)(`+)(?!`)(?:(?!\2).){1,2000}?\2(?!`))"
    r"|(?P<escaped>\\[!-/:-@\[-`{-~])"
    r"|\[\^(?P<note>[^\]\s]{1,100})\]"
    r"|(?P<link>\[(?P<text>(?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,2000})\]"
    r"\([ \t\n]*<?(?P<url>[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*){0,20})>?"
    r"(?:[ \t\n]+(?P<title>\"[^\"]{0,500}\"|'[^']{0,500}'))?[ \t\n]*\))"
    r"|\[(?P<named>[^\[\]]{1,500})\]\[(?P<name>[^\[\]]{0,200})\]"
    r"|(?P<keys>\[[^\[\]]{0,200}@[^\[\]]{1,500}\])"
    r"|\[(?P<short>[^\[\]<>`\\@:^\n]{1,200})\](?![\[(:])"
    r"|<(?P<auto>https?://[^\s<>]{1,4000})>"
    r"|<a\b[^<>]{0,4000}?\bhref=(?:\"(?P<href>[^\"<>]{0,4000})\"|'(?P<href1>[^'<>]{0,4000})')[^<>]{0,4000}>(?P<anchor>.{0,2000}?)</a\s*>"
    r"|(?P<tag></?[A-Za-z][^<>]{0,2000}>)",
    re.DOTALL | re.IGNORECASE,
)
_APART: Final = lazy_re(
    r"\A(---|\+\+\+)[ \t]*\r?\n.*?\n(?:\1|\.\.\.)[ \t]*(?=\r?\n|\Z)|<!--.*?(?:-->|\Z)"
    r"|<(pre|code|script|style|textarea)(?=[\s>/]).*?(?:</\2(?=[\s>/])|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""What is no text to be written in: metadata at the head, comments, code and scripts in HTML."""
_WRITTEN: Final = ' (<a href="'
"""How what is put in behind a link begins."""
_INDENTED: Final = lazy_re(r"[ >]*(?: {4}|\t)")
_KEY: Final = lazy_re(r"-?@\{?([\w][\w:.#$%&+?<>~/-]*[\w]|\w)")
_LINE_END: Final = lazy_re(r"[ \t]*\r?\n[ \t]*")


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of lines without an empty one: its place in the text, its first line, and whether it is quoted."""

    start: int
    end: int
    line: int
    text: str
    is_quotation: bool


def read_markdown(data: bytes) -> CitingDocument:
    """The blocks of a text in Markdown, each with its first line's number."""
    text = decoded(data)
    parts = list(_parts(text))
    notes = {match[1]: (match[2], part.line) for part in parts if (match := _NOTE.match(part.text)) is not None}
    named = {match[1].lower(): match[2] for match in _DEFINITION.finditer(text)}
    blocks: list[Block | None] = []
    for part in parts:
        begin = _behind_definitions(part.text)
        if _NOTE.match(part.text) is None and begin < len(part.text):
            made = BlockText()
            line = part.line + part.text.count("\n", 0, begin)
            _inline(made, part.text[begin:], line, notes, named)
            blocks.append(made.block(f"line {line}", is_quotation=part.is_quotation))
    return CitingDocument(kind="markdown", blocks=tuple(block for block in blocks if block is not None))


def with_copies_named(data: bytes, copy: Callable[[str], str | None]) -> bytes:
    """The text with what ``copy`` gives for an address put in behind each link to it. Nothing else is changed.

    Links that stand behind a name, those that have a copy behind them, and all in code, HTML, comments and metadata
    stay as they are.

    Raises:
        FormatError: two links stand in one place; no text is given that is damaged.
    """
    text = decoded(data)
    apart = [match.span() for match in _APART.finditer(text)]
    insertions: list[Insertion[str]] = []
    for part in _parts(text):
        for start, end, url in _written(text, part):
            if is_within(start, apart) or text.startswith(_WRITTEN, end):
                continue
            made = copy(url)
            if made:
                insertions.append(Insertion(end, made))
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return mark + with_insertions(text, insertions).encode("utf-8", "surrogateescape")


def _behind_definitions(text: str) -> int:
    """Where a run of lines goes on behind the definitions of links that it begins with."""
    begin = 0
    while (match := _DEFINITION.match(text, begin)) is not None:
        begin = min(match.end() + 1, len(text))
    return begin


def _written(text: str, part: _Part) -> Iterator[tuple[int, int, str]]:
    """The links of a part behind which something can be put: their span in the text, and their address."""
    raw = text[part.start : part.end]
    begin = _behind_definitions(raw)
    if _INDENTED.match(raw) is not None:
        return
    covered: list[tuple[int, int]] = [(0, begin)]
    for match in _INLINE.finditer(raw, begin):
        covered.append(match.span())
        url = match["auto"] or match["url"]
        if url is None or _is_image(raw, match.start()):
            continue
        if url.lower().startswith(("http://", "https://")):
            yield part.start + match.start(), part.start + match.end(), url
    bare = [link for link in bare_links(raw) if not is_within(link.start, covered)]
    yield from ((part.start + link.start, part.start + link.end, link.url) for link in bare)


def _is_image(text: str, start: int) -> bool:
    return text[start - 1 : start] == "!"


def _parts(text: str) -> Iterator[_Part]:
    """The paragraphs; fenced code is passed over."""
    fence = ""
    lines: list[str] = []
    start = line = position = 0
    quoted = False
    for number, raw in enumerate((*text.splitlines(keepends=True), "\n"), 1):
        opened = _FENCE.match(raw)
        stripped = raw.lstrip(" \t>").rstrip()
        if fence:
            fence = "" if opened is not None and opened[1].startswith(fence) else fence
        elif opened is not None or not stripped:
            if lines:
                yield _Part(start, position, line, "\n".join(lines), quoted)
            lines = []
            fence = opened[1] if opened is not None else ""
        else:
            if not lines:
                start, line, quoted = position, number, raw.lstrip(" ").startswith(">")
            lines.append(stripped)
        position += len(raw)


Notes = dict[str, tuple[str, int]]
"""By their names the texts of notes, and the lines in which they begin."""


def _inline(made: BlockText, text: str, line: int, notes: Notes, named: dict[str, str], *, depth: int = 0) -> None:
    """Adds a piece of text that begins in a line of the document."""
    done = 0
    for match in _INLINE.finditer(text):
        made.add_lines(text[done : match.start()], line)
        line += text.count("\n", done, match.start())
        made.at_line(line)
        line += text.count("\n", match.start(), match.end())
        done = match.end()
        if match["code"] is not None:
            # An address in code is an example, and no citation.
            made.add(match["code"].strip("`").replace("://", ": "))
        elif match["escaped"] is not None:
            made.add(match["escaped"][1:])
        elif match["note"] is not None:
            note = notes.pop(match["note"], None) if depth == 0 else None
            if note is not None:
                made.add(" (")
                _inline(made, note[0], note[1], {}, named, depth=1)
                made.at_line(line)
                made.add(") ")
        elif match["link"] is not None:
            made.link(_flat(match["text"]), match["url"])
        elif match["named"] is not None:
            made.link(_flat(match["named"]), named.get((match["name"] or match["named"]).lower(), ""))
        elif match["keys"] is not None:
            for key in _KEY.findall(match["keys"]):
                made.cite(key)
            made.add(match["keys"])
        elif match["short"] is not None:
            # A name by itself is a link where it is defined.
            if url := named.get(match["short"].lower(), ""):
                made.link(match["short"], url)
            else:
                made.add(match[0])
        elif match["auto"] is not None:
            made.link(match["auto"], match["auto"])
        elif match["anchor"] is not None:
            made.link(_flat(match["anchor"]), match["href"] or match["href1"] or "")
    made.add_lines(text[done:], line)


def _flat(text: str) -> str:
    return _LINE_END.sub(" ", text)
