"""HTML documents: paragraphs, quotations and notes with their links, and the same bytes with links made robust.

Robust Links (mementoweb.org/robustlinks/spec): an ``a`` gets ``data-originalurl``, ``data-versionurl`` and
``data-versiondate``; its ``href`` and everything else stays.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import html
import re
from collections.abc import Callable, Mapping
from itertools import chain, islice
from typing import Final

from lxml import etree

from preserve.citation.documents.document import Block, BlockText, CitingDocument, Insertion, with_insertions
from preserve.expressions import lazy_re
from preserve.formats.charset import decide

_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "html", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot",
        "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_UNREAD: Final = frozenset({"head", "script", "style", "template", "noscript", "svg", "math"})
_ANCHOR: Final = lazy_re(rb"<a(?=[\s/])((?:[^<>\"']|\"[^\"]{0,8000}\"|'[^']{0,8000}'){0,2000})>", re.IGNORECASE)
_ATTRIBUTE: Final = lazy_re(
    rb"([^\s\"'<>/=]{1,200})(?:\s*=\s*(?:\"([^\"]{0,8000})\"|'([^']{0,8000})'|([^\s\"'>]{1,8000})))?"
)
"""A name, and its value in one of three forms. The last takes a slash in: ``href=http://a/>`` ends behind it."""
_MANY: Final = lazy_re(
    r"<([a-zA-Z][^\s/>]*+)(?:[\s/]*+[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+){1000,}+[^>]*+>?+"
)
"""A tag with more attributes than any has: reading them takes the parser time that grows with their square."""
_COMMENT: Final = lazy_re(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea|title|pre|code|samp|kbd|xmp|template)\b.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ROBUST: Final = frozenset({b"data-originalurl", b"data-versionurl"})
_NOTE_CHARS: Final = 5_000
_NOTE_STEPS: Final = 4_000
"""Starts and ends of elements of one note that are put in where it is called."""
_ABOVE: Final = 5


def read_html(data: bytes) -> CitingDocument:
    """The blocks of a page, each with the number of its line. Notes that a link calls stand at the first such link.

    A tag of a thousand attributes or more is read without them.
    """
    root = _parsed(decide(data, None).text)
    if root is None:
        return CitingDocument(kind="html", blocks=())
    reader = _Reader({str(element.get("id")): element for element in root.iter() if element.get("id")})
    reader.walk(root)
    return CitingDocument(kind="html", blocks=tuple(reader.blocks))


def with_robust_links(data: bytes, attributes: Callable[[str], Mapping[str, str] | None]) -> bytes:
    """The page with attributes added to its links: those that ``attributes`` gives for an address.

    A link that is robust already is left. Nothing else is changed, byte for byte.
    """
    passed = [match.span() for match in _COMMENT.finditer(data)]
    insertions: list[Insertion[bytes]] = []
    for match in _ANCHOR.finditer(data):
        while passed and passed[0][1] <= match.start():
            passed.pop(0)
        if passed and passed[0][0] <= match.start():
            continue
        found = {attribute[1].lower(): attribute for attribute in reversed(list(_ATTRIBUTE.finditer(match[1])))}
        written = found.get(b"href")
        if written is None or found.keys() & _ROBUST:
            continue
        url = html.unescape((written[2] or written[3] or written[4] or b"").decode("utf-8", "replace")).strip()
        added = attributes(url) if url.lower().startswith(("http://", "https://")) else None
        if added:
            end = match.start(1) + written.end()
            text = "".join(f' {name}="{html.escape(value)}"' for name, value in added.items())
            insertions.append(Insertion(end, text.encode("ascii", "xmlcharrefreplace")))
    return with_insertions(data, insertions)


def _parsed(text: str) -> etree._Element | None:
    text = _MANY.sub(r"<\1>", text)
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


class _Reader:
    """Goes through a page once. Elements nest as deep as a hostile page has them: no call for each of them."""

    def __init__(self, named: dict[str, etree._Element]) -> None:
        self.blocks: list[Block] = []
        self._named = named
        self._made = BlockText()
        self._line = 1
        self._quotations = 0
        self._anchors: list[tuple[int, str]] = []
        self._unread = 0
        self._told: set[etree._Element] = set()
        """Notes that stand where they are called, and are not read again where they stand."""
        self._skipped: set[etree._Element] = set()

    def walk(self, root: etree._Element) -> None:
        """Reads all that the page shows."""
        for event, element in etree.iterwalk(root, events=("start", "end")):
            name = str(element.tag).lower()
            if event == "start":
                self._start(name, element)
            else:
                self._end(name, element)
        self._finish()

    def _start(self, name: str, element: etree._Element) -> None:
        if element in self._told:
            self._skipped.add(element)
        if name in _UNREAD or element in self._skipped:
            self._unread += 1
        if self._unread:
            return
        if name in _BLOCKS:
            self._finish()
            self._line = _line_of(element)
            self._quotations += name == "blockquote"
        elif name == "br":
            self._made.add("\n")
        elif name == "q":
            self._made.at_line(_line_of(element))
            self._made.add("\u201c")
        elif name == "a":
            self._made.at_line(_line_of(element))
            self._anchors.append((self._made.length, str(element.get("href") or "")))
        self._made.add(element.text or "")

    def _end(self, name: str, element: etree._Element) -> None:
        if name in _UNREAD or element in self._skipped:
            self._unread -= 1
        elif not self._unread:
            if name in _BLOCKS:
                self._finish()
                self._quotations -= name == "blockquote"
            elif name == "q":
                self._made.add("\u201d")
            elif name == "a" and self._anchors:
                self._anchor(*self._anchors.pop())
        if not self._unread:
            self._made.add(element.tail or "")

    def _anchor(self, start: int, href: str) -> None:
        note = self._named.pop(href[1:], None) if href.startswith("#") else None
        if note is None:
            self._made.link_from(start, href)
            return
        if str(note.tag).lower() not in {"li", "p", "div", "aside", "dd", "span"}:
            return
        self._made.add(" (")
        room = _NOTE_CHARS
        for steps, (event, element) in enumerate(etree.iterwalk(note, events=("start", "end"))):
            if not room or steps > _NOTE_STEPS:
                room = 0
                break
            text = element.text if event == "start" else element.tail if element is not note else None
            if event == "start" and element.tag == "a":
                self._made.link((text or "")[:room], str(element.get("href") or ""))
            else:
                self._made.add((text or "")[:room])
            room -= min(room, len(text or ""))
        self._made.add(") ")
        if room and _is_note(note):
            self._told.add(note)

    def _finish(self) -> None:
        block = self._made.block(f"line {self._line}", is_quotation=self._quotations > 0)
        if block is not None:
            self.blocks.append(block)
        self._made = BlockText()
        self._anchors = []


def _is_note(element: etree._Element) -> bool:
    """Whether an element is a note, and no other part of the page that a link leads to."""
    said = " ".join(str(element.get(name) or "") for name in ("role", "class", "id", "epub:type")).lower()
    above = element.getparent()
    if above is not None:
        said += " " + " ".join(
            str(each.get("class") or "").lower() for each in islice(chain([above], above.iterancestors()), _ABOVE)
        )
    return "note" in said or any(
        str(link.get("href") or "").startswith("#") for link in islice(element.iter("a"), _NOTE_STEPS)
    )


def _line_of(element: etree._Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 0
