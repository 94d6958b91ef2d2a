"""Word documents (ECMA-376 part 1): paragraphs with their links; foot- and endnotes stand where they are called.

A note stands where it is called first.

Tested by ``tests/unit/formats/test_documents.py``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from preserve.citation.documents.document import Block, BlockText, CitingDocument
from preserve.citation.documents.package import opened_package
from preserve.errors import FormatError
from preserve.expressions import lazy_re

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT: Final = (
    (
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
_INSTRUCTION: Final = lazy_re(r"\s*HYPERLINK\s+\"([^\"]{1,4000})\"")
Notes = dict[tuple[str, str], "etree._Element"]  # noqa: SLF001 - the only name of the type of an element


def read_docx(data: bytes) -> CitingDocument:
    """The blocks of a document, each with the number of its paragraph.

    Raises:
        FormatError: it is no Word document, is damaged, or holds more than its bounds.
    """
    with opened_package(data) as package:
        body = package.xml("word/document.xml", _STRICT)
        if body is None:
            raise FormatError("it is no Word document: it has no word/document.xml")
        notes = {
            (kind, str(note.get(f"{_W}id"))): note
            for kind in ("footnote", "endnote")
            if (root := package.xml(f"word/{kind}s.xml", _STRICT)) is not None
            for note in root.iter(f"{_W}{kind}")
        }
        links = {
            name: _targets(package.xml(f"word/_rels/{name}.xml.rels", _STRICT))
            for name in ("document", "footnotes", "endnotes")
        }
    blocks: list[Block | None] = []
    for number, paragraph in enumerate(body.iter(f"{_W}p"), 1):
        made = BlockText()
        _paragraph(made, paragraph, links["document"], notes, links)
        blocks.append(made.block(f"paragraph {number}", is_quotation=_is_quotation(paragraph)))
    return CitingDocument(kind="docx", blocks=tuple(block for block in blocks if block is not None))


def _targets(root: etree._Element | None) -> dict[str, str]:
    if root is None:
        return {}
    return {
        str(relation.get("Id")): str(relation.get("Target"))
        for relation in root
        if str(relation.get("Type")).endswith("/hyperlink")
    }


def _is_quotation(paragraph: etree._Element) -> bool:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    name = "" if style is None else str(style.get(f"{_W}val")).lower().replace(" ", "")
    return "quot" in name or name == "blocktext"


def _paragraph(
    made: BlockText,
    paragraph: etree._Element,
    targets: Mapping[str, str],
    notes: Notes,
    links: Mapping[str, Mapping[str, str]],
) -> None:
    """The runs of a paragraph in their order. A field's instruction may be cut over several runs."""
    instruction = ""
    field = ""
    for element in _own(paragraph):
        tag = str(element.tag).removeprefix(_W)
        if tag == "t" and _inside_deletion(element, paragraph):
            continue
        if tag == "t":
            linked = _linked(element, paragraph, targets)
            target = field or linked
            made.link(element.text or "", target) if target else made.add(element.text or "")
        elif tag in {"tab", "br", "cr"} and _is_in_run(element):
            made.add("\t" if tag == "tab" else "\n")
        elif tag == "noBreakHyphen":
            made.add("-")
        elif tag == "instrText":
            instruction += element.text or ""
        elif tag == "fldChar":
            kind = element.get(f"{_W}fldCharType")
            found = _INSTRUCTION.match(instruction) if kind == "separate" else None
            field = found[1] if found is not None else "" if kind != "separate" else field
            instruction = "" if kind in {"begin", "end"} else instruction
        elif tag in {"footnoteReference", "endnoteReference"}:
            kind = tag.removesuffix("Reference")
            note = notes.pop((kind, str(element.get(f"{_W}id"))), None)
            if note is not None:
                made.add(" (")
                for inner in note.iter(f"{_W}p"):
                    _paragraph(made, inner, links[f"{kind}s"], {}, links)
                made.add(") ")


def _own(paragraph: etree._Element) -> Iterator[etree._Element]:
    """What is in a paragraph, in its order, without the paragraphs in it: each is one by itself."""
    waiting = [iter(paragraph)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag != f"{_W}p":
            yield element
            waiting.append(iter(element))


def _linked(element: etree._Element, paragraph: etree._Element, targets: Mapping[str, str]) -> str:
    """The address of the link that a text stands in."""
    for above in element.iterancestors(f"{_W}hyperlink", f"{_W}fldSimple", f"{_W}p"):
        if above is paragraph:
            break
        if above.tag == f"{_W}hyperlink":
            return targets.get(str(above.get(f"{_R}id")), "")
        found = _INSTRUCTION.match(str(above.get(f"{_W}instr") or ""))
        if found is not None:
            return found[1]
    return ""


def _inside_deletion(element: etree._Element, paragraph: etree._Element) -> bool:
    for above in element.iterancestors(f"{_W}del", f"{_W}moveFrom", f"{_W}p"):
        return above is not paragraph
    return False


def _is_in_run(element: etree._Element) -> bool:
    """Whether it is text: the same names stand for settings elsewhere."""
    parent = element.getparent()
    return parent is not None and parent.tag == f"{_W}r"
