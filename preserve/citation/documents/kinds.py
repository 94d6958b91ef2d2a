"""Which kind of document a file is, and its reading."""

from collections.abc import Callable, Mapping
from typing import Final

from preserve.citation.documents.bibtex import read_bibtex
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.docx import read_docx
from preserve.citation.documents.entryfiles import read_csl_json, read_ris, read_zotero_rdf
from preserve.citation.documents.epub import read_epub
from preserve.citation.documents.html import read_html
from preserve.citation.documents.markdown import read_markdown
from preserve.citation.documents.odt import read_odt
from preserve.citation.documents.plain import read_text
from preserve.citation.documents.tex import read_tex

READERS: Final[Mapping[str, Callable[[bytes], CitingDocument]]] = {
    ".bib": read_bibtex,
    ".docx": read_docx,
    ".epub": read_epub,
    ".htm": read_html,
    ".html": read_html,
    ".json": read_csl_json,
    ".odt": read_odt,
    ".rdf": read_zotero_rdf,
    ".ris": read_ris,
    ".xhtml": read_html,
    ".markdown": read_markdown,
    ".md": read_markdown,
    ".tex": read_tex,
    ".text": read_text,
    ".txt": read_text,
}
"""The reader of a document by the ending of its name, in small letters. A PDF is read in a process of its own."""
