"""OpenDocument texts (OpenDocument 1.3, part 3): paragraphs with their links; notes stand where they are called.

Tested by ``tests/unit/formats/test_documents.py``.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from preserve.citation.documents.document import Block, BlockText, CitingDocument
from preserve.citation.documents.package import opened_package
from preserve.errors import FormatError

_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_PARAGRAPHS: Final = frozenset({f"{_TEXT}p", f"{_TEXT}h"})
_PASSED: Final = frozenset(
    {f"{_TEXT}tracked-changes", f"{_TEXT}note-citation", "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}annotation"}
)
_MOST_BLANKS: Final = 100


def read_odt(data: bytes) -> CitingDocument:
    """The blocks of a document, each with the number of its paragraph.

    Raises:
        FormatError: it is no OpenDocument text, is damaged, or holds more than its bounds.
    """
    with opened_package(data) as package:
        body = package.xml("content.xml")
        styles = package.xml("styles.xml")
    if body is None:
        raise FormatError("it is no OpenDocument text: it has no content.xml")
    quoted = _quotations(body, styles)
    blocks: list[Block | None] = []
    for number, paragraph in enumerate(_paragraphs(body), 1):
        made = BlockText()
        _inline(made, paragraph)
        is_quotation = str(paragraph.get(f"{_TEXT}style-name")) in quoted
        blocks.append(made.block(f"paragraph {number}", is_quotation=is_quotation))
    return CitingDocument(kind="odt", blocks=tuple(block for block in blocks if block is not None))


def _quotations(body: etree._Element, styles: etree._Element | None) -> frozenset[str]:
    """The names of styles of quotations: of the one by that name, and of those made from it."""
    found = {"Quotations"}
    for root in (styles, body):
        for style in () if root is None else root.iter(f"{_STYLE}style"):
            names = (style.get(f"{_STYLE}name"), style.get(f"{_STYLE}parent-style-name"))
            if any(name is not None and (name in found or "quot" in name.lower()) for name in names):
                found.add(str(names[0]))
    return frozenset(found)


def _paragraphs(body: etree._Element) -> Iterator[etree._Element]:
    """The paragraphs of the text, without those in notes, which stand where they are called."""
    skipped = frozenset({*_PASSED, f"{_TEXT}note"})
    for element in _walk(body, skipped):
        if element.tag in _PARAGRAPHS:
            yield element


def _walk(root: etree._Element, skipped: frozenset[str]) -> Iterator[etree._Element]:
    """What is in an element, in its order; not what is in those that are skipped."""
    waiting = [iter(root)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif str(element.tag) not in skipped:
            yield element
            waiting.append(iter(element))


def _inline(made: BlockText, paragraph: etree._Element) -> None:
    """The text of a paragraph in its order. Elements nest as deep as a hostile document has them: no call for each."""
    links: list[tuple[int, str]] = []
    passed = 0
    notes = 0
    for event, element in etree.iterwalk(paragraph, events=("start", "end")):
        tag = str(element.tag)
        is_outer = element is paragraph
        if tag in _PASSED or (tag in _PARAGRAPHS and not is_outer and not notes):
            # A paragraph in a frame is one by itself.
            passed += 1 if event == "start" else -1
        if event == "start":
            if passed:
                continue
            if tag == f"{_TEXT}note":
                notes += 1
                made.add(" (")
            elif tag == f"{_TEXT}a":
                links.append((made.length, str(element.get(_HREF) or "")))
            elif tag == f"{_TEXT}s":
                made.add(" " * _blanks(element))
            elif tag in {f"{_TEXT}tab", f"{_TEXT}line-break"}:
                made.add("\t" if tag.endswith("tab") else "\n")
            made.add(element.text or "")
            continue
        if not passed:
            if tag == f"{_TEXT}note":
                notes -= 1
                made.add(") ")
            elif tag == f"{_TEXT}a" and links:
                made.link_from(*links.pop())
        if not is_outer and not passed:
            made.add(element.tail or "")


def _blanks(element: etree._Element) -> int:
    count = str(element.get(f"{_TEXT}c") or "1")
    return min(int(count), _MOST_BLANKS) if count.isascii() and count.isdecimal() and len(count) < 10 else 1  # noqa: PLR2004
