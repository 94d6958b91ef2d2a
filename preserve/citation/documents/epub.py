"""EPUB publications (W3C EPUB 3.3, and EPUB 2): the pages of the spine in their order, each read as HTML."""

import posixpath
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from preserve.citation.documents.document import Block, CitingDocument
from preserve.citation.documents.html import read_html
from preserve.citation.documents.package import opened_package
from preserve.errors import FormatError

_CONTAINER: Final = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF: Final = "{http://www.idpf.org/2007/opf}"
_PAGES: Final = frozenset({"application/xhtml+xml", "text/html"})
_MOST_PAGES: Final = 10_000


def read_epub(data: bytes) -> CitingDocument:
    """The blocks of a publication, each with the name of its page and the number of its line.

    Raises:
        FormatError: it is no EPUB, is damaged, or holds more than its bounds.
    """
    blocks: list[Block] = []
    with opened_package(data) as package:
        container = package.xml("META-INF/container.xml")
        rootfile = None if container is None else next(container.iter(f"{_CONTAINER}rootfile"), None)
        if rootfile is None:
            raise FormatError("it is no EPUB: it has no META-INF/container.xml that names a package")
        opf = str(rootfile.get("full-path") or "")
        root = package.xml(opf)
        if root is None:
            raise FormatError(f"the package document {opf[:100]!r} is not in it")
        items = {
            str(item.get("id")): str(item.get("href") or "")
            for item in root.iter(f"{_OPF}item")
            if str(item.get("media-type")) in _PAGES
        }
        spine = [str(each.get("idref")) for each in root.iter(f"{_OPF}itemref")]
        for name in list(dict.fromkeys(spine))[:_MOST_PAGES]:
            href = unquote(items.get(name, "").partition("#")[0])
            page = package.data(posixpath.normpath(posixpath.join(posixpath.dirname(opf), href))) if href else None
            if page is not None:
                place = posixpath.basename(href)
                blocks += (replace(block, place=f"{place}, {block.place}") for block in read_html(page).blocks)
    return CitingDocument(kind="epub", blocks=tuple(blocks))
