"""Documents of every kind as they are read for their citations, and written back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from preserve.errors import FormatError
from preserve.formats.documents import bibtex, html, markdown
from preserve.formats.documents.bibtex import read_bibtex
from preserve.formats.documents.document import Block, Document, bare_links
from preserve.formats.documents.docx import read_docx
from preserve.formats.documents.html import read_html
from preserve.formats.documents.kinds import READERS
from preserve.formats.documents.markdown import read_markdown
from preserve.formats.documents.plain import read_pages, read_text
from preserve.formats.documents.tex import read_tex
from preserve.formats.documents.texmarkup import plain_tex
from tests.tools import other_tool


def links(block: Block) -> list[tuple[str, str]]:
    return [(block.text[link.start : link.end], link.url) for link in block.links]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x_(y))", ["https://a.example/x_(y)"]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("<https://a.example/x>, http://b.example?q=1;", ["https://a.example/x", "http://b.example?q=1"]),
        ("“https://a.example/x”", ["https://a.example/x"]),
        ("https:// and http://", []),
    ],
)
def test_bare_addresses(text: str, urls: list[str]) -> None:
    assert [link.url for link in bare_links(text)] == urls


def test_an_address_cut_by_a_line_end_may_be_longer() -> None:
    (link,) = bare_links("see https://a.example/long-\n  path/page.\nNext")
    assert (link.url, link.longer) == ("https://a.example/long-", "https://a.example/long-path/page")


def test_plain_text_has_paragraphs_with_their_lines() -> None:
    blocks = read_text(b"\xef\xbb\xbfone\ntwo\n\n \nthree http://a.example\n").blocks
    assert [(block.place, block.text.strip()) for block in blocks] == [
        ("line 1", "one\ntwo"),
        ("line 5", "three http://a.example"),
    ]
    assert links(blocks[1]) == [("http://a.example", "http://a.example")]


def test_pages_of_a_pdf_are_told() -> None:
    assert [block.place for block in read_pages(b"one\n\ntwo\fthree\n\f").blocks] == ["page 1", "page 1", "page 2"]


MARKDOWN = b"""# Title

A "quoted thing" ([it](https://a.example/1 "t")) and <https://a.example/2>.[^n] As [@key; see @other, p. 3] says.

> Quoted
> block.

By [name][ref], `[code](https://no.example)`.

[^n]: A note: https://a.example/3.

[ref]: https://a.example/4

```
[x](https://no.example)
```
"""


def test_markdown() -> None:
    blocks = read_markdown(MARKDOWN).blocks
    assert [(block.place, block.is_quotation) for block in blocks] == [
        ("line 1", False),
        ("line 3", False),
        ("line 5", True),
        ("line 8", False),
    ]
    assert [url for _text, url in links(blocks[1])] == [f"https://a.example/{n}" for n in (1, 2, 3)]
    assert [key.key for key in blocks[1].keys] == ["key", "other"]
    assert links(blocks[3]) == [("name", "https://a.example/4")]


def test_markdown_written_back_changes_links_alone() -> None:
    def anchor(url: str, shown: str) -> str | None:
        return f"<a {url}>{shown}</a>" if url.startswith("https://a.example") else None

    again = markdown.with_robust_links(MARKDOWN, anchor).decode()
    assert "(<a https://a.example/1>it</a>) and <a https://a.example/2>https://a.example/2</a>." in again
    assert "A note: <a https://a.example/3>https://a.example/3</a>." in again
    for kept in ("[code](https://no.example)", "[ref]: https://a.example/4", "[x](https://no.example)", "[name][ref]"):
        assert kept in again
    assert markdown.with_robust_links(MARKDOWN, lambda _url, _shown: None) == MARKDOWN


HTML = b"""<!DOCTYPE html><html><head><title>No</title><script>"<a href='https://no.example'>"</script></head><body>
<p>He said <q>some words</q> (<a class=x href="https://a.example/?a=1&amp;b=2">it</a>)<a href="#n1">1</a>.</p>
<blockquote><p>A block</p></blockquote><!-- <a href="https://no.example">x</a> -->
<ol><li id="n1">Note with <A HREF='https://a.example/3' data-versionurl="x">link</A> &eacute;.</li></ol></body></html>
"""


def test_html() -> None:
    blocks = read_html(HTML).blocks
    first = next(block for block in blocks if "He said" in block.text)
    assert first.place == "line 2"
    assert "\u201csome words\u201d" in first.text
    assert [url for _text, url in links(first)] == ["https://a.example/?a=1&b=2", "https://a.example/3"]
    assert [block.text for block in blocks if block.is_quotation] == ["A block"]
    assert "no.example" not in str(blocks)


def test_html_written_back_adds_attributes_and_changes_no_other_byte() -> None:
    again = html.with_robust_links(HTML, lambda url: {"data-originalurl": url, "data-versiondate": 'a"b'})
    added = b' data-originalurl="https://a.example/?a=1&amp;b=2" data-versiondate="a&quot;b"'
    assert again == HTML.replace(b'&amp;b=2">', b'&amp;b=2"' + added + b">")


def test_html_nests_as_deep_as_it_likes() -> None:
    deep = b"<div>" * 5_000 + b"<p>x <a href='https://a.example/'>y</a></p>" + b"</div>" * 5_000
    assert isinstance(read_html(deep), Document)


BIB = rb"""A comment. @comment{x}
@string{pub = "The Press"}
@misc{one, title = {A {B} \& C}, publisher = pub # " Ltd", howpublished = {\url{https://a.example/x\_y}},
  urldate = {2020-01-02}, note = "captured 2020-01-03T04:05:06.000007Z"
}
@online(two, url = {https://a.example/2%20},)
@misc{never, title = {no end
"""


def test_bibtex() -> None:
    one, two = read_bibtex(BIB).blocks
    assert (one.entry, one.accessed, one.place) == ("one", "2020-01-02", "entry one (line 3)")
    assert "A B & C\nThe Press Ltd\n" in one.text
    assert [url for _text, url in links(one)] == ["https://a.example/x_y"]
    assert [url for _text, url in links(two)] == ["https://a.example/2%20"]


def test_bibtex_written_back_keeps_what_is_there_and_is_read_by_others() -> None:
    sound = BIB[: BIB.index(b"@misc{never")]
    again = bibtex.with_fields(sound, {"one": {"archivedate": "2020-01-03", "title": "no"}, "two": {"archiveurl": "u"}})
    entries = parse_string(again.decode(), "bibtex").entries
    before = parse_string(sound.decode(), "bibtex").entries
    assert dict(entries["one"].fields) == {**dict(before["one"].fields), "archivedate": "2020-01-03"}
    assert entries["two"].fields["archiveurl"] == "u"
    assert bibtex.with_fields(sound, {}) == sound


TEX = rb"""% https://no.example
\section{A} He says ``two words''\footnote{See \url{https://a.example/a\_b}, 50\% off.}
and \enquote{more} \autocite[3]{k1,k2}.

\begin{quote}
The \emph{block} caf\'e
\end{quote}
\href{https://a.example/\#x}{shown}
"""


def test_tex() -> None:
    blocks = read_tex(TEX).blocks
    first = next(block for block in blocks if "He says" in block.text)
    assert (first.place, [key.key for key in first.keys]) == ("line 2", ["k1", "k2"])
    assert "\u201ctwo words\u201d" in first.text
    assert "\u201cmore\u201d" in first.text
    assert links(first) == [("https://a.example/a_b", "https://a.example/a_b")]
    assert [block.text.strip() for block in blocks if block.is_quotation] == ["The block café"]
    assert links(blocks[-1]) == [("shown", "https://a.example/#x")]
    assert "no.example" not in str(blocks)


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"caf\'{e} \"o {\o} \ss{}", "café ö ø ß"),
        (r"a--b---c~d \& \_ \%", "a\u2013b\u2014c d & _ %"),
        (r"\textbf{bold} \unknown x", "bold x"),
    ],
)
def test_plain_tex(tex: str, text: str) -> None:
    assert plain_tex(tex) == text


@pytest.mark.interop
def test_a_word_document_of_another_program() -> None:
    text = (
        b'He said "some quoted words" ([it](https://a.example/1)).[^n]\n\n> A quoted block.\n\n'
        b"[^n]: In a note: <https://a.example/2>.\n"
    )
    blocks = read_docx(other_tool("pandoc", "-f", "markdown", "-t", "docx", "-o", "-", data=text)).blocks
    assert [url for _text, url in links(blocks[0])] == ["https://a.example/1", "https://a.example/2"]
    assert "some quoted words" in blocks[0].text
    assert [block.text for block in blocks if block.is_quotation] == ["A quoted block."]


@pytest.mark.interop
def test_latex_and_html_of_another_program() -> None:
    text = b"He said [it](https://a.example/1).[^n]\n\n[^n]: In a note: <https://a.example/2>.\n"
    latex = read_tex(other_tool("pandoc", "-f", "markdown", "-t", "latex", data=text))
    page = read_html(other_tool("pandoc", "-f", "markdown", "-t", "html", data=text))
    for document in (latex, page):
        assert [url for _text, url in links(document.blocks[0])] == ["https://a.example/1", "https://a.example/2"]


@pytest.mark.parametrize("reader", list(dict.fromkeys(READERS.values())))
@given(
    data=st.one_of(st.binary(max_size=300), st.text(alphabet="@{}\"\\[]()<>a=,#\n`'^>%-", max_size=300).map(str.encode))
)
def test_any_bytes_are_read_or_refused(reader: Callable[[bytes], Document], data: bytes) -> None:
    try:
        document = reader(data)
    except FormatError:
        assert reader is read_docx
        return
    for block in document.blocks:
        assert all(0 <= link.start <= link.end <= len(block.text) for link in block.links)


@given(data=st.one_of(st.binary(max_size=300), st.text(alphabet="<a href='x'>/!-\"", max_size=200).map(str.encode)))
def test_what_is_not_known_is_written_back_to_the_byte(data: bytes) -> None:
    assert html.with_robust_links(data, lambda _url: None) == data
    assert markdown.with_robust_links(data, lambda _url, _shown: None) == data
    assert bibtex.with_fields(data, {}) == data


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "[[",
        "](",
        "[a](",
        "<a ",
        '<a href="',
        "@a{",
        "@a{b,c={",
        "``",
        "\\footnote{",
        "> ",
        "[@",
        "<b>",
        "\\'",
        "`",
    ],
)
@pytest.mark.parametrize("reader", [read_markdown, read_html, read_bibtex, read_tex, read_text])
def test_hostile_repetition_is_read(reader: Callable[[bytes], Document], piece: str) -> None:
    assert isinstance(reader(piece.encode() * 3_000), Document)
