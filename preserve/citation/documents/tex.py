"""LaTeX sources: paragraphs and quotations, with addresses and the keys that they cite. Notes stand where they are.

Written back, copies are named behind plain links.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from preserve.citation.documents.document import (
    Block,
    BlockText,
    CitingDocument,
    Insertion,
    decoded,
    is_within,
    with_insertions,
)
from preserve.citation.documents.texmarkup import BRACED_ADDRESS, plain_tex, tex_address
from preserve.expressions import lazy_re

_COMMENT: Final = lazy_re(r"(?<!\\)(?:\\\\)*(%[^\n]*\n?[ \t]*)")
_PARAGRAPH: Final = lazy_re(r"\n[ \t]*\n\s*|\\par\b")
_QUOTATION: Final = lazy_re(r"\\(begin|end)\{(?:quote|quotation|displayquote|displaycquote|verse)\*?\}")
_COMMAND: Final = lazy_re(
    r"\\(?P<cite>[A-Za-z]*cite[A-Za-z]*)\*?(?:\[[^\]]{0,500}\]){0,2}\{(?P<keys>[^{}]{1,2000})\}"
    rf"|\\(?:url|nolinkurl|path)(?P<url>{BRACED_ADDRESS})"
    rf"|\\href(?P<href>{BRACED_ADDRESS})"
    r"\{(?P<text>(?:[^{}]|\{[^{}]{0,1000}\}){0,2000})\}"
    r"|\\(?:text)?enquote\*?\{(?P<quote>(?:[^{}]|\{[^{}]{0,1000}\}){1,20000})\}"
    r"|\\(?:block|text)(?:c?quote)(?:\[[^\]]{0,500}\])?(?:\{(?P<block_key>[^{}]{0,200})\}(?=\{))?\{(?P<block>(?:[^{}]|\{[^{}]{0,1000}\}){1,20000})\}"
    r"|\\footnote\{"
)


_BEGIN: Final = "\\begin{document}"
_WRITTEN: Final = " (archived copy"
"""How what is put in behind a link begins."""
_PLAIN: Final = lazy_re(
    r"\\(?:url|nolinkurl)\{([^{}\\%\s]{1,4000})\}|\\href\{([^{}\\%\s]{1,4000})\}\{[^{}\\%]{0,2000}\}"
)
_APART: Final = (
    _COMMENT,
    lazy_re(r"\\begin\{(verbatim|lstlisting|minted|comment|filecontents)\*?\}.*?(?:\\end\{\1\*?\}|\Z)", re.DOTALL),
    lazy_re(
        r"^[ \t]*\\(?:title|author|date|part|chapter|(?:sub)*section|(?:sub)?paragraph|caption|newcommand|renewcommand|"
        r"providecommand|def|let|hypersetup|label|thanks|includegraphics)(?![A-Za-z])[^\n]*",
        re.MULTILINE,
    ),
    lazy_re(r"\\(?:title|(?:sub)*section|chapter|caption)\*?\{[^{}]{0,2000}(?:\{[^{}]{0,2000}\}[^{}]{0,2000}){0,20}\}"),
)
"""What is no text to be written in. Of a comment and a verbatim text the whole span counts."""


def read_tex(data: bytes) -> CitingDocument:
    """The blocks of a LaTeX source, each with its first line's number."""
    text = decoded(data).replace("\r\n", "\n")
    text = _COMMENT.sub(lambda match: match[0][: match.start(1) - match.start()] + "\n" * match[1].count("\n"), text)
    blocks: list[Block | None] = []
    depth = done = 0
    line = 1
    for match in (*_boundaries(text), None):
        end = len(text) if match is None else match.start()
        made = BlockText()
        _inline(made, text[done:end], line)
        blocks.append(made.block(f"line {line + _blank_lines(text[done:end])}", is_quotation=depth > 0))
        if match is not None:
            if match[0].startswith("\\begin"):
                depth += 1
            elif match[0].startswith("\\end") and depth:
                depth -= 1
            line += text.count("\n", done, match.end())
            done = match.end()
    return CitingDocument(kind="tex", blocks=tuple(block for block in blocks if block is not None))


def with_copies_named(data: bytes, copy: Callable[[str], str | None]) -> bytes:
    """The source with what ``copy`` gives for an address put in behind each plain ``url`` and ``href`` command to it.

    Plain is an address without a command, brace or percent sign. What stands before the document, in comments, verbatim
    text, titles, headings and definitions stays as it is; nothing else is changed.

    Raises:
        FormatError: no text is given that is damaged.
    """
    text = decoded(data)
    apart = _joined(match.span() for each in _APART for match in each.finditer(text))
    begun = text.find(_BEGIN)
    insertions: list[Insertion[str]] = []
    for match in _PLAIN.finditer(text, max(begun, 0)):
        if is_within(match.start(), apart):
            continue
        made = None if text.startswith(_WRITTEN, match.end()) else copy((match[1] or match[2]).strip())
        if made:
            insertions.append(Insertion(match.end(), made))
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return mark + with_insertions(text, insertions).encode("utf-8", "surrogateescape")


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _boundaries(text: str) -> list[re.Match[str]]:
    found = [*_PARAGRAPH.finditer(text), *_QUOTATION.finditer(text)]
    return sorted(found, key=lambda match: match.start())


def _blank_lines(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def _add(made: BlockText, text: str, line: int) -> None:
    """Adds a piece of text that begins in a line. Where TeX's own line ends stand in it, one line is told for it."""
    plain = plain_tex(text)
    if plain.count("\n") == text.count("\n"):
        made.add_lines(plain, line)
    else:
        made.at_line(line)
        made.add(plain)


def _inline(made: BlockText, text: str, line: int) -> None:
    done = 0
    for match in _COMMAND.finditer(text):
        _add(made, text[done : match.start()], line)
        line += text.count("\n", done, match.start())
        made.at_line(line)
        within = line
        line += text.count("\n", match.start(), match.end())
        done = match.end()
        if match["cite"] is not None:
            for key in match["keys"].split(","):
                made.cite(key.strip())
        elif match["url"] is not None:
            url = tex_address(match["url"])
            made.link(url, url)
        elif match["href"] is not None:
            made.link(plain_tex(match["text"]), tex_address(match["href"]))
        elif match["quote"] is not None or match["block"] is not None:
            if match["block_key"]:
                made.cite(match["block_key"].strip())
            made.add("\u201c")
            _inline(made, match["quote"] or match["block"], within)
            made.add("\u201d")
        else:
            made.add(" ")
    _add(made, text[done:], line)
