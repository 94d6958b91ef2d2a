r"""The media type of a reply: what its header says, and what its first bytes say where the header says nothing usable.

Sources: Fetch Standard, "extract a MIME type"; MIME Sniffing Standard, sections 4.4 (parsing), 7 and 7.1 (what is
sniffed). Only what decides between HTML, XML, PDF, text and bytes is sniffed; images, sounds and packages come out as
``application/octet-stream``. Pure.

Worked example: ``content_type((b"text/html, text/html",), b"", nosniff=False)`` has the essence ``text/html``; with no
value at all and the content ``<!DOCTYPE html>…`` likewise; with ``text/plain`` never, whatever the content is.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from preserve.expressions import lazy_re

SNIFFED_BYTES: Final = 1445
"""MIME Sniffing Standard, section 5.2: the resource header."""
MAX_ESSENCE_CHARS: Final = 127 * 2 + 1
"""RFC 6838 section 4.2: type and subtype have at most 127 characters each."""
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - a token of HTTP
_MIME: Final = lazy_re(rf"[\t\n\r ]*({_TOKEN}/{_TOKEN})[\t\n\r ]*(?:;|\Z)")
_MEMBER: Final = lazy_re(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
"""One member of a list, with what is quoted in it (Fetch Standard, "get, decode, and split")."""
_CHARSET: Final = lazy_re(r""";\s*charset\s*=\s*("[^"]*"?|'[^']*'?|[^;,\s]*)""", re.IGNORECASE)
_HTML: Final = lazy_re(
    rb"[\t\n\f\r ]*<(?:(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[ >]|!--)",
    re.IGNORECASE,
)
_XML: Final = lazy_re(rb"[\t\n\f\r ]*<\?xml")
_BINARY: Final = lazy_re(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BOMS: Final = (b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf")
_SAYS_NOTHING: Final = frozenset({"unknown/unknown", "application/unknown", "*/*"})
_PLAIN: Final = "text/plain"


class DeclaredType(Struct, frozen=True, kw_only=True):
    """What the header says: ``essence`` in lower case, ``charset`` as written, ``None`` where there is none.

    ``is_odd``: said more than once, or with something beside it that is no media type.
    """

    essence: str
    charset: str | None
    is_odd: bool


class ContentType(Struct, frozen=True, kw_only=True):
    """What a content is read as. ``essence``: the media type. ``value``: it with its parameters, as of Content-Type.

    ``note`` says what is odd about it, empty where nothing is.
    """

    essence: str
    value: str
    note: str = ""


@lru_cache(maxsize=512)
def declared_type(values: tuple[bytes, ...]) -> DeclaredType | None:
    """What the values of Content-Type say together; None where none of them is a media type."""
    members = [
        member[0] for value in values for member in _MEMBER.finditer(value.decode("latin-1")) if member[0].strip()
    ]
    essence, charset = "", None
    for member in members:
        match = _MIME.match(member)
        if match is None or match[1] == "*/*" or len(match[1]) > MAX_ESSENCE_CHARS:
            continue
        found = _CHARSET.search(member)
        said = None if found is None else found[1].strip("\"'")
        # The last one counts; a charset holds over for one of the same type that has none.
        charset = said if said is not None or match[1].lower() != essence else charset
        essence = match[1].lower()
    return DeclaredType(essence=essence, charset=charset, is_odd=len(members) != 1) if essence else None


def content_type(values: Sequence[bytes], content: bytes, *, nosniff: bool) -> ContentType:
    """What a reply with these values of Content-Type is read as. ``content``: its beginning is enough."""
    said = _said(tuple(values))
    if said is not None:
        if said.essence == _PLAIN and looks_like_html(content):
            note = "it looks like HTML, and is read as the text/plain that it says it is"
            return ContentType(essence=said.essence, value=said.value, note=note)
        return said
    essence = sniffed(content, scriptable=not nosniff)
    what = "Content-Type names no media type" if values else "there is no Content-Type"
    note = f"{what}; by its first bytes it is {essence}"
    if nosniff and looks_like_html(content):
        note = f"{what}; it looks like HTML, and says nosniff, so it is read as {essence}"
    found = (_CHARSET.search(";" + value.decode("latin-1")) for value in values)
    charset = next((match[1].strip("\"'") for match in found if match is not None), None)
    return ContentType(essence=essence, value=_with_charset(essence, charset), note=note)


@lru_cache(maxsize=512)
def _said(values: tuple[bytes, ...]) -> ContentType | None:
    """What a reply is read as by these values alone; None where they say nothing usable."""
    declared = declared_type(values)
    if declared is None or declared.essence in _SAYS_NOTHING:
        return None
    if not declared.is_odd:
        return ContentType(essence=declared.essence, value=values[0].decode("latin-1"))
    note = f"Content-Type is not one media type; the last one counts, {declared.essence}"
    return ContentType(essence=declared.essence, value=_with_charset(declared.essence, declared.charset), note=note)


def _with_charset(essence: str, charset: str | None) -> str:
    return essence if charset is None else f"{essence}; charset={charset}"


def sniffed(content: bytes, *, scriptable: bool) -> str:
    """MIME Sniffing Standard, section 7.1. ``scriptable`` is false where a page must not be made of it."""
    beginning = content[:SNIFFED_BYTES]
    if scriptable:
        if _HTML.match(beginning):
            return "text/html"
        if _XML.match(beginning):
            return "text/xml"
        if beginning.startswith(b"%PDF-"):
            return "application/pdf"
    if beginning.startswith(b"%!PS-Adobe-"):
        return "application/postscript"
    if beginning.startswith(_BOMS) or _BINARY.search(beginning) is None:
        return _PLAIN
    return "application/octet-stream"


def looks_like_html(content: bytes) -> bool:
    """True where a content without any type would be taken for HTML."""
    return _HTML.match(content, 0, SNIFFED_BYTES) is not None
