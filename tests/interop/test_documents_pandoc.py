"""Documents as pandoc writes them: each kind has the citations and the quotations of the text that it was made of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from preserve.citation.documents.citations_found import Mention, mentions_of
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.docx import read_docx
from preserve.citation.documents.epub import read_epub
from preserve.citation.documents.html import read_html
from preserve.citation.documents.markdown import read_markdown
from preserve.citation.documents.odt import read_odt
from preserve.citation.documents.tex import read_tex
from tests.tools import other_tool

pytestmark = [pytest.mark.interop]
TEXT = """# An article

The keeper says “The ferry leaves at noon” ([copy](https://a.example/1?x=1&y=2)), which is
so.[^one] It is *not* “The ferry leaves at night”, see <https://a.example/3>.

> A quotation in a block
> of two lines ([it](https://a.example/4)).

- An item: “four words are here” [x](https://a.example/5_(six)).

[^one]: As “the keeper of the harbour” has it: [note](https://a.example/2).
"""


def _said(document: CitingDocument) -> list[tuple[str, tuple[str, ...]]]:
    def told(one: Mention) -> tuple[str, tuple[str, ...]]:
        return one.targets[0].value, tuple(" ".join(quote.split()).strip(" (") for quote in one.quotes)

    return [told(one) for one in mentions_of(replace(document), lambda _target: frozenset())]


@pytest.mark.parametrize(
    ("form", "reader"),
    [
        ("html", read_html),
        ("latex", read_tex),
        ("docx", read_docx),
        ("odt", read_odt),
        ("epub3", read_epub),
        ("epub2", read_epub),
        ("markdown", read_markdown),
    ],
)
def test_every_kind_has_the_citations_of_the_text(
    form: str, reader: Callable[[bytes], CitingDocument], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    other_tool("pandoc", "-f", "markdown", "-t", form, "-o", str(out), data=TEXT.encode())
    assert sorted(_said(reader(out.read_bytes()))) == sorted(_said(read_markdown(TEXT.encode())))
