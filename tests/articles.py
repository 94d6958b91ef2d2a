"""One invented article in every kind of document that is checked: paragraphs of text with links."""

import html
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_ESCAPES = {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph: words with a quotation (empty: none), and the address that it cites."""

    lead: str
    quote: str
    url: str


Article = Sequence[Sentence]


def _plain(each: Sentence) -> str:
    return f"{each.lead} “{each.quote}”" if each.quote else each.lead


def to_markdown(article: Article) -> bytes:
    return "\n\n".join(f"{_plain(each)} ([copy]({each.url}))." for each in article).encode()


def to_html(article: Article) -> bytes:
    body = "\n".join(
        f'<p>{html.escape(_plain(each))} (<a href="{html.escape(each.url)}">copy</a>).</p>' for each in article
    )
    return f"<!DOCTYPE html><html><head><meta charset=utf-8><title>A</title></head><body>{body}</body></html>".encode()


def to_tex(article: Article) -> bytes:
    lines = []
    for each in article:
        text = "".join(_ESCAPES.get(sign, sign) for sign in _plain(each)).replace("“", "``").replace("”", "''")
        lines.append(f"{text} (\\href{{{each.url}}}{{copy}}).")
    return ("\\documentclass{article}\n\\begin{document}\n" + "\n\n".join(lines) + "\n\\end{document}\n").encode()


def _zip(members: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in members.items():
            package.writestr(name, text)
    return out.getvalue()


def to_docx(article: Article) -> bytes:
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rows, targets = [], []
    for number, each in enumerate(article, 1):
        words = html.escape(_plain(each))
        rows.append(
            f'<w:p><w:r><w:t xml:space="preserve">{words} (</w:t></w:r><w:hyperlink r:id="l{number}"><w:r><w:t>copy'
            f"</w:t></w:r></w:hyperlink><w:r><w:t>).</w:t></w:r></w:p>"
        )
        targets.append(f'<Relationship Id="l{number}" Type="{r}/hyperlink" Target="{html.escape(each.url)}"/>')
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return _zip(
        {
            "word/document.xml": f'<w:document xmlns:w="{w}" xmlns:r="{r}"><w:body>{"".join(rows)}</w:body>'
            "</w:document>",
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{space}">{"".join(targets)}</Relationships>',
        }
    )


def to_odt(article: Article) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    rows = [
        f'<text:p>{html.escape(_plain(each))} (<text:a xlink:href="{html.escape(each.url)}">copy</text:a>).</text:p>'
        for each in article
    ]
    return _zip(
        {
            "content.xml": f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:text="{names}:text:1.0" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:text>{"".join(rows)}</office:text>'
            "</office:body></office:document-content>"
        }
    )


def to_epub(article: Article) -> bytes:
    half = len(article) // 2
    pages = {f"OPS/c{n}.xhtml": to_html(part).decode() for n, part in enumerate((article[:half], article[half:]), 1)}
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in (1, 2))
    return _zip(
        {
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/a.opf"/></rootfiles></container>',
            "OPS/a.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest>'
            '<spine><itemref idref="c1"/><itemref idref="c2"/></spine></package>',
            **pages,
        }
    )


def to_pdf(article: Article) -> bytes:
    """Lines of at most 80 signs, ligatures and parted words as typesetters set them, links as boxes (ISO 32000-1)."""
    content, notes = [], []
    y = 800.0
    for each in article:
        text = f"{_plain(each)} (copy)."
        lines = [""]
        for word in text.split(" "):
            if len(lines[-1]) + len(word) > 80:
                lines.append("")
            lines[-1] += f"{' ' if lines[-1] else ''}{word}"
        for line in lines:
            written = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            content.append(b"BT /F1 10 Tf 1 0 0 1 50 %.1f Tm (%b) Tj ET" % (y, written))
            y -= 12
        notes.append((y + 12, each.url))
        y -= 12
    stream = b"\n".join(content)
    links = [
        b"<< /Type /Annot /Subtype /Link /Rect [60 %.1f 90 %.1f] /A << /S /URI /URI (%b) >> >>"
        % (at, at + 10, url.encode())
        for at, url in notes
    ]
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 842] /Contents 4 0 R /Annots [%b] "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % b" ".join(links),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + end


WRITERS: Mapping[str, Callable[[Article], bytes]] = {
    ".md": to_markdown,
    ".html": to_html,
    ".tex": to_tex,
    ".docx": to_docx,
    ".odt": to_odt,
    ".epub": to_epub,
    ".pdf": to_pdf,
}
"""How the article is written, by the ending of its name."""
