"""Documents of every kind as they are read for their citations, and written back."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from preserve.citation.documents import bibtex, html, markdown, package, tex
from preserve.citation.documents import document as documents
from preserve.citation.documents.bibtex import read_bibtex
from preserve.citation.documents.document import (
    Block,
    CitingDocument,
    Insertion,
    bare_links,
    with_insertions,
    without_insertions,
)
from preserve.citation.documents.docx import read_docx
from preserve.citation.documents.entryfiles import read_csl_json, read_ris, read_zotero_rdf
from preserve.citation.documents.epub import read_epub
from preserve.citation.documents.html import read_html
from preserve.citation.documents.kinds import READERS
from preserve.citation.documents.markdown import read_markdown
from preserve.citation.documents.odt import read_odt
from preserve.citation.documents.pdftext import read_pdf
from preserve.citation.documents.plain import read_text
from preserve.citation.documents.tex import read_tex
from preserve.citation.documents.texmarkup import plain_tex
from preserve.errors import FormatError
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


def test_markdown_goes_on_right_behind_the_definitions_of_links() -> None:
    text = (
        "As “it has left” [1] and [x] say.\n\n[1]: https://a.example/1\n[b]: <https://a.example/2> 'two'\n"
        "See [gone](https://a.example/3) and [B], as [two][b].\n"
    )
    blocks = read_markdown(text.encode()).blocks
    assert [[link.url for link in block.links] for block in blocks] == [
        ["https://a.example/1"],
        ["https://a.example/3", "https://a.example/2", "https://a.example/2"],
    ]
    assert "[x] say" in blocks[0].text
    assert blocks[1].place_at(0) == "line 5"
    again = markdown.with_copies_named(text.encode(), lambda url: f"<<{url[-1]}>>").decode()
    assert again == text.replace("/3)", "/3)<<3>>")


def test_markdown_written_back_has_copies_behind_links_alone() -> None:
    def copy(url: str) -> str | None:
        return f' (<a href="{url}">copy</a>)' if url.startswith("https://a.example") else None

    again = markdown.with_copies_named(MARKDOWN, copy)
    text = again.decode()
    assert (
        '([it](https://a.example/1 "t") (<a href="https://a.example/1">copy</a>)) and <https://a.example/2> (<a' in text
    )
    assert 'A note: https://a.example/3 (<a href="https://a.example/3">copy</a>).' in text
    for kept in (
        "[code](https://no.example)`.",
        "[ref]: https://a.example/4\n",
        "[x](https://no.example)\n",
        "[name][ref],",
    ):
        assert kept in text
    assert markdown.with_copies_named(again, copy) == again
    assert markdown.with_copies_named(MARKDOWN, lambda _url: None) == MARKDOWN


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
    assert isinstance(read_html(deep), CitingDocument)


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


@pytest.mark.parametrize(
    ("field", "url"),
    [
        (r"url={http://a.example/page{\_}two}", "http://a.example/page_two"),
        (r"url={http://a.example/{\textasciitilde}sam/a\_b\%20c--d}", "http://a.example/~sam/a_b%20c--d"),
        (r"url={\url{http://a.example/\~{}sam}}", "http://a.example/~sam"),
        (r"url={http://a.example/{P}age\textunderscore two}", "http://a.example/Page_two"),
        (r"url={http://a.example/page\two}", "http://a.example/page/two"),
        (r"howpublished={\url{http://a.example/~sam/a--b{\_}c}}", "http://a.example/~sam/a--b_c"),
    ],
)
def test_an_address_in_bibtex_is_the_one_that_tex_prints(field: str, url: str) -> None:
    (block,) = read_bibtex(("@misc{one, title={A}, " + field + "}").encode()).blocks
    assert links(block) == [(url, url)]


def test_an_address_in_tex_is_the_one_that_tex_prints() -> None:
    (block,) = read_tex(rb"See \url{http://a.example/page{\_}two} and \href{http://a.example/{\#}x}{this}.").blocks
    assert [url for _text, url in links(block)] == ["http://a.example/page_two", "http://a.example/#x"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (r"{C:\cables\}", "C:\\cables\\"),
        (r'"C:\cables\"', "C:\\cables\\"),
        (r"{a set \{a, b\}}", r"a set \{a, b\}"),
        (r"{one \{ alone}", r"one \{ alone"),
        (r'"M\"uller"', r"M\"uller"),
        (r'"{\"O}zil, \"a"', r"{\"O}zil, \"a"),
    ],
)
def test_a_backslash_before_a_brace_or_quote_loses_no_entry(value: str, read: str) -> None:
    found = bibtex.entries("@misc{path, title={A}, file=" + value + ", note={n}}\n@misc{next, title={B}}\n")
    assert [entry.key for entry in found] == ["path", "next"]
    assert (found[0].fields["file"], found[0].fields["note"]) == (read, "n")


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


@pytest.mark.one_in(3)
@pytest.mark.parametrize("reader", list(dict.fromkeys(READERS.values())))
@given(
    data=st.one_of(st.binary(max_size=300), st.text(alphabet="@{}\"\\[]()<>a=,#\n`'^>%-", max_size=300).map(str.encode))
)
def test_any_bytes_are_read_or_refused(reader: Callable[[bytes], CitingDocument], data: bytes) -> None:
    try:
        document = reader(data)
    except FormatError:
        assert reader in {read_docx, read_odt, read_epub, read_csl_json, read_zotero_rdf}
        return
    for block in document.blocks:
        assert all(0 <= link.start <= link.end <= len(block.text) for link in block.links)


@given(data=st.one_of(st.binary(max_size=300), st.text(alphabet="<a href='x'>/!-\"", max_size=200).map(str.encode)))
def test_what_is_not_known_is_written_back_to_the_byte(data: bytes) -> None:
    assert html.with_robust_links(data, lambda _url: None) == data
    assert markdown.with_copies_named(data, lambda _url: None) == data
    assert tex.with_copies_named(data, lambda _url: None) == data
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
def test_hostile_repetition_is_read(reader: Callable[[bytes], CitingDocument], piece: str) -> None:
    assert isinstance(reader(piece.encode() * 3_000), CitingDocument)


def _count(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, work: Callable[[], object]) -> int:
    """How often a function is called while something is done."""
    calls = 0
    real = getattr(owner, name)

    def counted(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        return real(*given, **named)

    with monkeypatch.context() as changed:
        changed.setattr(owner, name, counted)
        work()
    return calls


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece", ["@a{b,c={", '@a{b,c="', '@a{b,c="{', "@misc{a,\nurl={", "@string{a={", "@a{b,c={}, ", '{"', "@a{b,c=d#"]
)
def test_entries_that_never_end_cost_steps_by_their_number(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    for size in (1_000, 2_000):
        data = (piece * size).encode()
        work = partial(read_bibtex, data)
        steps.append(sum(_count(monkeypatch, bibtex._Reader, name, work) for name in ("_closing", "_quote", "_value")))
    assert steps[1] <= 2 * steps[0] + 10


@pytest.mark.slow
def test_ten_megabytes_of_open_entries_are_read() -> None:
    assert read_bibtex(b"@a{b,c={" * 1_250_000).blocks == ()


def test_macros_that_multiply_end_at_a_bound() -> None:
    lines = ['@string{a0 = "xxxxxxxxxx"}']
    lines += [f"@string{{a{n} = {' # '.join([f'a{n - 1}'] * 10)}}}" for n in range(1, 12)]
    lines += [f"@misc{{k{n}, title = a5, url = {{http://a.example/}}}}" for n in range(200)]
    blocks = read_bibtex("\n".join(lines).encode()).blocks
    assert len(blocks) == 200
    assert sum(len(block.text) for block in blocks) < 2 * bibtex._MOST_EXPANDED


def test_a_note_called_many_times_stands_where_it_is_called_first() -> None:
    text = "[^n] " * 2_000 + "\n\n[^n]: " + "long words " * 5_000
    (block,) = read_markdown(text.encode()).blocks
    assert block.text.count("long words") == 5_000
    page = "<p>" + "<a href='#n'>1</a> " * 2_000 + "<ol><li id=n>" + "long words " * 400 + "</ol>"
    # A note is a note by its name, its class or a link back; what else a link leads to is read where it stands as well.
    assert sum(block.text.count("long words") for block in read_html(page.encode()).blocks) == 800
    for note in ("<li id=n class=footnote>", "<li id=n role=doc-footnote>", "<li id=n><a href='#back'>x</a>"):
        found = read_html(page.replace("<li id=n>", note).encode()).blocks
        assert sum(block.text.count("long words") for block in found) == 400
    long = page.replace("<li id=n>", "<li id=n class=footnote>").replace("long words " * 400, "long words " * 900)
    assert sum(block.text.count("long words") for block in read_html(long.encode()).blocks) > 900


def test_a_tag_of_many_attributes_is_read_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<p>before <a " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x</a> behind"
    given: list[str] = []
    real = html._parsed

    def parsed(text: str) -> object:
        given.append(html._MANY.sub(r"<\1>", text))
        return real(text)

    monkeypatch.setattr(html, "_parsed", parsed)
    (block,) = read_html(page.encode()).blocks
    assert block.text.split() == ["before", "x", "behind"]
    assert len(given[0]) < 100


def _docx(document: str, notes: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{document}</w:body></w:document>')
        if notes:
            package.writestr("word/footnotes.xml", f'<w:footnotes xmlns:w="{space}">{notes}</w:footnotes>')
    return out.getvalue()


def test_documents_of_more_tags_than_any_has_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _docx("<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 700_000)
    with pytest.raises(FormatError, match="more than 4,000,000 tags and attributes"):
        read_docx(data)


def test_word_notes_stand_once_and_paragraphs_in_paragraphs_by_themselves() -> None:
    call = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    note = '<w:footnote w:id="1"><w:p><w:r><w:t>the note</w:t></w:r></w:p></w:footnote>'
    blocks = read_docx(_docx(f"<w:p>{call * 50}</w:p><w:p>{call}</w:p>", note)).blocks
    assert sum(block.text.count("the note") for block in blocks) == 1
    nested = "<w:p><w:r><w:t>x</w:t></w:r>" * 80 + "</w:p>" * 80
    assert [block.text for block in read_docx(_docx(nested)).blocks] == ["x"] * 80


def _copy(url: str) -> str | None:
    return f' (<a href="{url}">c</a>)'


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("a https://a.b/1\n```\ncode\n```\nand https://a.b/2 end", 2),
        (r"A \[no](https://a.b/1) b <https://a.b/1>, c", 2),
        ("---\nurl: https://a.b/1\n---\n\ntext", 0),
        ("+++\nurl = 'https://a.b/1'\n+++\n\ntext https://a.b/2", 1),
        ("<!-- https://a.b/1\n\nhttps://a.b/2 --> https://a.b/3", 1),
        ("<pre>\nhttps://a.b/1\n\nhttps://a.b/2</pre>\n\nhttps://a.b/3", 1),
        ("text\n\n    https://a.b/1\n\n\thttps://a.b/2\n", 0),
        ("`https://a.b/1` and <https://a.b/2>", 1),
        ("> quoted https://a.b/1\r\n> more\r\n\r\nhttps://a.b/2\r\n", 2),
    ],
)
def test_markdown_is_written_in_its_text_alone(text: str, again: int) -> None:
    written = markdown.with_copies_named(text.encode(), _copy).decode()
    assert written.count("<a href=") == again
    assert re.sub(r' \(<a href="[^"]*">c</a>\)', "", written) == text


_PIECES = {
    "markdown": (
        "https://a.b/1", "[x](https://a.b/2)", "<https://a.b/3>", "\n", "\n\n", "```\n", "`", "    ", "> ", "---\n",
        "<!--", "-->", "<pre>", "</pre>", "\\", "[", "](", ")", "words ", "\r\n", "[^1]", "[^1]: ", "![i](https://a.b/4)",
    ),
    "html": (
        "<a href='https://a.b/1'>", '<a title="x>" href="https://a.b/2">', "<a href=https://a.b/3>", "</a>", "<pre>",
        "</pre>", "<!--", "-->", "<script>", "</script>", "<code>", "</code>", "words ", "\r\n", "\xe9", '"', "'", "<",
        ">", "<a ", "<title>", "</title>",
    ),
    "tex": (
        "\\url{https://a.b/1}", "\\href{https://a.b/2}{words}", "\\url{https://a.b/3\\%20}", "% ", "\n", "\\section{",
        "\\begin{verbatim}", "\\end{verbatim}", "}", "{", "\\begin{document}", "\\title{", "words ", "\r\n", "\\",
        "\\footnote{",
    ),
    "bibtex": (
        "@misc{k1,", "url = {https://a.b/1}", "url={https://a.b/2},", "}", "{", ",", "\n", "\r\n", "@book(k2,", ")",
        '"', "title = ", "@string{m = {x}}", "# ", "words ", "\\", "%",
    ),
}  # fmt: skip


def _written_back(kind: str, data: bytes) -> bytes:
    if kind == "markdown":
        return markdown.with_copies_named(data, lambda _url: "\x01\x02")
    if kind == "html":
        return html.with_robust_links(data, lambda _url: {"\x01": "\x02"})
    if kind == "tex":
        return tex.with_copies_named(data, lambda _url: "\x01\x02")
    return bibtex.with_fields(data, {"k1": {"\x01": "\x02"}, "k2": {"\x01": "\x02"}})


_ADDED = {
    "markdown": b"\x01\x02",
    "html": b' \x01="\x02"',
    "tex": b"\x01\x02",
    "bibtex": rb",?(?:\r?\n)  \x01 = \{\x02\},(?:\r?\n)?",
}


@pytest.mark.parametrize("kind", _PIECES)
@given(data=st.data())
def test_what_is_written_back_is_the_document_with_things_put_in(kind: str, data: st.DataObject) -> None:
    source = "".join(data.draw(st.lists(st.sampled_from(_PIECES[kind]), max_size=30))).encode("latin-1")
    written = _written_back(kind, source)
    places = [match.span() for match in re.finditer(_ADDED[kind], written)]
    # What BibTeX is given may begin with a comma that was there, and end with a line end that was.
    if kind != "bibtex":
        assert re.sub(_ADDED[kind], b"", written) == source
    else:
        assert _is_within(source, written)
        assert b"\x01" not in re.sub(_ADDED[kind], b"", written)
    assert len(places) == written.count(b"\x01")


def _is_within(source: bytes, written: bytes) -> bool:
    """Whether the bytes of one stand in the other, in their order."""
    rest = iter(written)
    return all(byte in rest for byte in source)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (r"See \url{https://a.b/1}.", r"See \url{https://a.b/1}+."),
        (r"See \href{https://a.b/1}{it}, so.", r"See \href{https://a.b/1}{it}+, so."),
        (r"\footnote{\url{https://a.b/1}}", r"\footnote{\url{https://a.b/1}+}"),
        (r"\url{https://a.b/1} (archived copy of 2026)", None),
        (r"\url{https://a.b/\%20}", None),
        (r"\url{https://a.b/{x}}", None),
        ("% \\url{https://a.b/1}\n", None),
        ("\\begin{verbatim}\n\\url{https://a.b/1}\n\\end{verbatim}", None),
        (r"\section{On \url{https://a.b/1}}", None),
        ("\\title{A\n\\url{https://a.b/1}}", None),
        ("\\newcommand{\\u}{\\url{https://a.b/1}}\n\\begin{document}\n", None),
        ("\\url{https://a.b/1}\\begin{document}", None),
    ],
)
def test_latex_is_written_behind_plain_addresses_alone(source: str, written: str | None) -> None:
    assert tex.with_copies_named(source.encode(), lambda _url: "+").decode() == (source if written is None else written)


@pytest.mark.parametrize(
    ("page", "again"),
    [
        (b"<a href=http://a.b/>x</a>", b'<a href=http://a.b/ data-x="1">x</a>'),
        (b"<a href='http://a.b/' />x</a>", b"<a href='http://a.b/' data-x=\"1\" />x</a>"),
        (b'<a data-href="http://a.b/" href="https://else.where/">x</a>', None),
        (b'<a title="href=http://a.b/" href="https://else.where/">x</a>', None),
        (b'<a HREF = "http://a.b/" class=c>x</a>', b'<a HREF = "http://a.b/" data-x="1" class=c>x</a>'),
        (
            b'<a href="http://a.b/" href="https://else.where/">x</a>',
            b'<a href="http://a.b/" data-x="1" href="https://else.where/">x</a>',
        ),
        (b'<a href="http://a.b/" data-versionurl=y>x</a>', None),
    ],
)
def test_html_is_written_behind_the_address_itself(page: bytes, again: bytes | None) -> None:
    written = html.with_robust_links(page, lambda url: {"data-x": "1"} if url == "http://a.b/" else None)
    assert written == (page if again is None else again)


def test_a_bibliography_keeps_its_line_ends() -> None:
    data = b"@misc{k,\r\n  title = {T},\r\n  url = {http://a.b/}\r\n}\r\n"
    again = bibtex.with_fields(data, {"k": {"archivedate": "2026-01-01"}})
    assert again == b"@misc{k,\r\n  title = {T},\r\n  url = {http://a.b/},\r\n  archivedate = {2026-01-01},\r\n}\r\n"


def test_insertions_that_touch_are_refused() -> None:
    assert with_insertions("abcd", [Insertion(2, "X"), Insertion(0, "Y")]) == "YabXcd"
    for wrong in ([Insertion(1, "X"), Insertion(1, "Y")], [Insertion(5, "X")], [Insertion(-1, "X")]):
        with pytest.raises(FormatError, match="same place"):
            with_insertions("abcd", wrong)


@given(st.binary(max_size=30), st.dictionaries(st.integers(0, 30), st.binary(max_size=4), max_size=8))
def test_what_was_put_in_can_be_taken_out_again(data: bytes, added: dict[int, bytes]) -> None:
    insertions = [Insertion(place, new) for place, new in sorted(added.items()) if place <= len(data)]
    made = with_insertions(data, insertions)
    assert without_insertions(made, insertions) == data
    assert len(made) == len(data) + sum(len(each.new) for each in insertions)


@pytest.mark.parametrize(
    ("field", "address"),
    [
        (r"url={http://a.example/page{\_}two}", "http://a.example/page_two"),
        (r"url = {http://a.example/a{\%}20b}", "http://a.example/a%20b"),
        (r"url = {http://a.example/a\%20b\#c\&d}", "http://a.example/a%20b#c&d"),
        (r"url = {http://a.example/{\textasciitilde}jo}", "http://a.example/~jo"),
        (r"url = {http://a.example/\textasciitilde{}jo}", "http://a.example/~jo"),
        (r"url = {http://a.example/{\~{}}jo}", "http://a.example/~jo"),
        (r"url = {http://a.example/{$\sim$}jo}", "http://a.example/~jo"),
        (r"url = {http://a.example/{\$}{\sim}{\$}jo}", "http://a.example/~jo"),
        (r"url = {\url{http://a.example/x_y}}", "http://a.example/x_y"),
        (r'url = "http://a.example/x"', "http://a.example/x"),
        (r"howpublished = {\url{http://a.example/x}}", "http://a.example/x"),
        (r"note = {See \href{http://a.example/x}{the page}.}", "http://a.example/x"),
        (r"note = {Available at: http://a.example/x. Accessed: 2026-01-02}", "http://a.example/x"),
        (r"URL = {HTTP://a.example/x}", "HTTP://a.example/x"),
        (r"file = {:C$\backslash$:\\x.pdf:PDF}, url = {http://a.example/x}", "http://a.example/x"),
        (r"file = {C:\cables\}, url = {http://a.example/x}", "http://a.example/x"),
        (r"title = {{A {B} \{ C}}, url = {http://a.example/x}", "http://a.example/x"),
    ],
)
def test_the_address_of_an_entry_is_the_one_that_is_meant(field: str, address: str) -> None:
    document = read_bibtex(f"@Comment{{jabref-meta: x}}\n@misc{{one,\n  {field}\n}}\n@misc{{two,}}".encode())
    assert [link.url for link in document.blocks[0].links] == [address]
    assert [block.entry for block in document.blocks] == ["one", "two"]
    assert document.unread == ()


def test_entries_that_cannot_be_read_are_told_with_their_lines() -> None:
    text = "@misc{one, title={A}}\n@misc{two, title={B\n@book{, title={C}}\nmail@x{y\n@misc{three, url={http://a.example/}}\n"
    document = read_bibtex(text.encode())
    assert [block.entry for block in document.blocks] == ["one", "three"]
    assert [each.partition(":")[0] for each in document.unread] == ["entry two (line 2)", "@book (line 3)"]


RIS = """TY  - RPRT
ID  - a
TI  - T
UR  - http://a.example/1
Y2  - 2026/01/02/
ER  - \x20
AB  - x
TY  - BOOK
TI  - U
"""


def test_entries_of_reference_managers_are_read() -> None:
    ris = read_ris(RIS.replace("\n", "\r\n").encode())
    assert [(block.place, block.entry, block.entry_type, block.accessed) for block in ris.blocks] == [
        ("entry a (line 1)", "a", "rprt", "2026-01-02")
    ]
    assert [link.url for link in ris.blocks[0].links] == ["http://a.example/1"]
    assert ris.unread == ("line 7: AB stands outside of an entry", "entry at line 8: it does not end (ER)")
    items = [
        {"id": "a", "type": "report", "URL": "http://a.example/1", "accessed": {"date-parts": [[2026, 1, 2]]}},
        {"id": 2, "type": "book", "title": "T"},
        "no item",
    ]
    for read in (items, {"items": items}):
        csl = read_csl_json(json.dumps(read).encode())
        assert [(block.entry, block.accessed, len(block.links)) for block in csl.blocks] == [
            ("a", "2026-01-02", 1),
            ("2", None, 0),
        ]
        assert csl.unread == ("item 3: it is no object",)
    rdf = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns:z="http://www.zotero.org/namespaces/export#" xmlns:dcterms="http://purl.org/dc/terms/"
      xmlns:dc="http://purl.org/dc/elements/1.1/">
    <rdf:Description rdf:about="http://a.example/1"><z:itemType>webpage</z:itemType>
      <dc:identifier><dcterms:URI><rdf:value>http://a.example/2</rdf:value></dcterms:URI></dc:identifier>
      <dcterms:dateSubmitted>2026-01-02 03:04:05</dcterms:dateSubmitted></rdf:Description>
    <z:Attachment rdf:about="#x"><z:itemType>attachment</z:itemType></z:Attachment></rdf:RDF>"""
    (block,) = read_zotero_rdf(rdf.encode()).blocks
    assert [link.url for link in block.links] == ["http://a.example/1", "http://a.example/2"]
    assert (block.entry, block.entry_type, block.accessed) == ("http://a.example/1", "webpage", "2026-01-02")


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        (read_csl_json, b"[" * 100_000),
        (read_csl_json, b"[" + b"1," * 4_000_001 + b"1]"),
        (read_zotero_rdf, b"<a>" * 2_000_001),
        (read_zotero_rdf, b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 100 + b'">]><a>&b;</a'),
        (read_odt, b"PK\x03\x04"),
    ],
)
def test_bombs_are_refused(reader: Callable[[bytes], CitingDocument], data: bytes) -> None:
    with pytest.raises(FormatError):
        reader(data)


def test_a_document_of_more_paragraphs_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_BLOCKS", 3)
    assert len(read_text(b"a\n\nb\n\nc").blocks) == 3
    with pytest.raises(FormatError, match="more than 3 paragraphs"):
        read_text(b"a\n\nb\n\nc\n\nd")


def test_a_member_that_unpacks_to_more_than_a_document_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_MOST_BYTES", 10_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("content.xml", "<a>" + " " * 20_000 + "</a>")
    with pytest.raises(FormatError, match=r"content.xml in the document holds more than 10,000 bytes"):
        read_odt(out.getvalue())


@pytest.mark.parametrize("data", [b"rubbish", b"%PDF-1.4\n%%EOF", b""])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_pdf(data)


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_markdown, "One\ntwo https://a.b/3.\nthree\n[four](https://a.b/5).[^n]\n\n[^n]: A note\n https://a.b/8\n"),
        (
            read_tex,
            "One\ntwo \\url{https://a.b/3}. % no\n\\textbf{three}\n\\href{https://a.b/5}{four}\n\n\n\\url{https://a.b/8}",
        ),
        (read_text, "One\ntwo https://a.b/3.\nthree\nhttps://a.b/5\n\n\nhttps://a.b/8\n"),
        (
            read_html,
            "<p>One\n<a href=https://a.b/3>two</a>\n\n<a href='https://a.b/5'>four</a>\n\n<p>\n<a href=https://a.b/8>x</a>",
        ),
    ],
)
def test_a_citation_stands_in_its_own_line(reader: Callable[[bytes], CitingDocument], text: str) -> None:
    document = reader(b"\n" + text.encode())
    told = {link.url: block.place_at(link.start) for block in document.blocks for link in block.links}
    assert told == {f"https://a.b/{line}": f"line {line}" for line in (3, 5, 8)}
