"""Text that wants to leave its place in a page, always the same for its number; and whether an answer kept it there."""

import json
import random
import re
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
import lxml.html

import preserve.web

_PIECES: Final = (
    "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "</title>",
    "</textarea>", "</pre></main>", "<style>*{display:none}</style>", "<base href=//evil.example/>", "<!--", "-->",
    "]]>", "<![CDATA[", "<a href='javascript:alert(1)'>x</a>", "javascript:alert(1)", "JaVaScRiPt\t:alert(1)",
    "data:text/html,<script>1</script>", "vbscript:x", "//evil.example/", "\\\\evil.example\\", "http://evil.example/",
    '" onmouseover="alert(1)', "' onfocus='alert(1)' autofocus='", "`", '" style="x:y', "><", "/>", "</", "<", ">",
    '"', "'", "&", "&lt;", "&#60;script&#62;", "&quot;", "&colon;", "%3Cscript%3E", "%00", "%0d%0aSet-Cookie: a=b",
    "\r\nX-Evil: 1\r\n\r\n<b>", "\n", "\t", "{{7*7}}", "{% raw %}", "${7*7}", "#{7}", "\u2028", "\u202e", "\u200f",
    "\ufeff", "\u00a0", "\uff1cscript\uff1e", "\u00ab", "\x7f", "\x1b[31m", "\ud7ff", "\U0001f4a9", "e\u0301", "ⓐ",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<iframe srcdoc='<script>1</script>'>", "<math><mi//",
    "<form action=//evil.example><input name=q>", "<link rel=stylesheet href=//evil.example/x.css>", "harbour", "PREL",
    "*", "OR", "NEAR(", ":", "^", "--", "..", "../../etc/passwd", "?", "#", ";", ",", "=", "@", "|", "+", " ",
)  # fmt: skip
_TEMPLATES: Final = [path.read_text() for path in Path(preserve.web.__path__[0], "templates").glob("*.html")]
_ELEMENTS: Final = frozenset(re.findall(r"<([a-z][a-z0-9]*)", " ".join(_TEMPLATES))) | {"tbody"}
_VALUED: Final = re.findall(r"[\s}]([a-z][a-z0-9:-]*)=[\"{]", " ".join(_TEMPLATES).lower())
_ATTRIBUTES: Final = frozenset(_VALUED) | {"open", "selected", "checked"}
_ADDRESSES: Final = frozenset({"href", "src", "action", "formaction", "poster", "data", "srcset", "xlink:href", "cite"})
_MAY_HOLD_IT: Final = frozenset({"action", "href", "value", "content", "title", "aria-label", "src", "alt"})
_TAG: Final = re.compile(r"<(?:!doctype html|/?([a-z][a-z0-9]*))(?=[\s>/])", re.IGNORECASE)


def marker(number: int) -> str:
    """The word that every hostile text of a number holds, in more than one place."""
    return f"qz{number}zq"


def hostile(number: int) -> str:
    """A text made of pieces that mean something to a browser, a template, a header or a database."""
    chance = random.Random(number)
    pieces = chance.choices(_PIECES, k=chance.randrange(1, 7))
    at = chance.randrange(len(pieces) + 1)
    return "".join([*pieces[:at], marker(number), *pieces[at:], marker(number)])


def check_kept(answer: httpx.Response, number: int) -> None:
    """Asserts that a hostile text is text in an answer: no element, attribute, address or header field is its own."""
    word = marker(number)
    for name, value in answer.headers.multi_items():
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), (number, name, value)
        assert name.lower() not in {"x-evil", "set-cookie"}
    location = answer.headers.get("location", "/")
    assert re.match(r"/(?!/)|http://testserver/", location), (number, location)
    assert answer.headers["x-content-type-options"] == "nosniff"
    media_type = answer.headers.get("content-type", "text/plain").partition(";")[0]
    if media_type == "application/json":
        json.loads(answer.content)
    elif media_type == "text/html":
        _check_page(answer.text, word)
    else:
        assert media_type not in {"application/xhtml+xml", "image/svg+xml", "text/xml"}, (number, media_type)


def _check_page(text: str, word: str) -> None:
    for match in re.finditer("<", text):
        tag = _TAG.match(text, match.start())
        assert tag is not None, (word, text[match.start() : match.start() + 80])
    page: Any = lxml.html.document_fromstring(text.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    for element in page.iter():
        assert isinstance(element.tag, str), (word, element)
        assert element.tag in _ELEMENTS, (word, element.tag)
        for name, value in element.attrib.items():
            assert name in _ATTRIBUTES, (word, element.tag, name)
            assert not name.startswith("on"), (word, element.tag, name)
            assert word not in value or name in _MAY_HOLD_IT, (word, element.tag, name, value)
            if name in _ADDRESSES:
                # A page's own address may lead to the live web, and nothing else leads away.
                scheme = re.match(r"\s*([A-Za-z][A-Za-z0-9+.\s-]*):", value)
                assert scheme is None or scheme[1].lower() in {"http", "https"}, (word, element.tag, value)
                assert not value.lstrip().startswith(("//", "\\", "/\\")), (word, element.tag, value)
        if element.tag == "script":
            assert element.get("type") == "application/ld+json"
            json.loads(element.text)
        assert element.tag != "style" or word not in (element.text or "")
    assert len(page.xpath("//main")) <= 1
    assert len(page.xpath("//head/title")) == 1
