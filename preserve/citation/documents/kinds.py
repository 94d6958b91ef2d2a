"""Which kind of document a file is, and its reading."""

from collections.abc import Callable, Mapping
from typing import Final

from preserve.citation.documents.bibtex import read_bibtex
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.docx import read_docx
from preserve.citation.documents.html import read_html
from preserve.citation.documents.markdown import read_markdown
from preserve.citation.documents.plain import read_text
from preserve.citation.documents.tex import read_tex

READERS: Final[Mapping[str, Callable[[bytes], CitingDocument]]] = {
    ".bib": read_bibtex,
    ".docx": read_docx,
    ".htm": read_html,
    ".html": read_html,
    ".xhtml": read_html,
    ".markdown": read_markdown,
    ".md": read_markdown,
    ".tex": read_tex,
    ".text": read_text,
    ".txt": read_text,
}
"""The reader of a document by the ending of its name, in small letters. A PDF is read by a program of its own."""
