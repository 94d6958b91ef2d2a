r"""Which character encoding a payload is in, who said so, and its text.

The order is that of browsers (HTML Standard, "determining the character encoding"; Encoding Standard, "decode"):

1. a byte order mark (UTF-8, UTF-16LE, UTF-16BE), which beats every label;
2. the ``charset`` parameter of the HTTP ``Content-Type``;
3. a ``<meta>`` or an XML declaration within the first 1,024 bytes;
4. a ``<meta>`` behind them, within the first MiB, that is no part of a script, a style or other raw text: a browser
   that meets it begins anew with what it says (HTML Standard, "change the encoding while parsing");
5. the default: UTF-8 if the whole payload is valid UTF-8, windows-1252 otherwise.

Labels are those of the Encoding Standard (``latin1`` means windows-1252); a label that it does not have is passed over.
Nothing is guessed from statistics. Every input gives a value: bytes that the encoding does not have become U+FFFD.

Worked example: ``decide(b"caf\xe9", "text/html; charset=latin1")`` has the encoding ``windows-1252``, the source
``http`` and the text ``café``.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

import webencodings
from msgspec import Struct

from preserve.expressions import lazy_re

PRESCAN_BYTES: Final = 1024
"""HTML Standard, "prescan a byte stream to determine its encoding": declarations are looked for this far."""

LATE_BYTES: Final = 1 << 20
"""How far a later ``<meta>`` is looked for. Browsers have no bound; a page that declares itself behind this is none."""

_FALLBACK: Final = "windows-1252"
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_SPACE: Final = b"\t\n\f\r "
_UTF16: Final = ("utf-16le", "utf-16be")
_HTTP_CHARSET: Final = lazy_re(r""";\s*charset\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^;,\s]*))""", re.IGNORECASE)
_META: Final = lazy_re(rb"<meta[\t\n\f\r /]", re.IGNORECASE)
_TAG: Final = lazy_re(rb"</?[a-z]", re.IGNORECASE)
_TAG_NAME_END: Final = lazy_re(rb"[\t\n\f\r >]")
_LATE: Final = lazy_re(rb"<meta[\t\n\f\r /][^<>]*charset", re.IGNORECASE)
_RAW_TEXT: Final = frozenset(
    {b"script", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"title", b"textarea", b"plaintext"}
)
_RAW_ENDS: Final = {name: lazy_re(rb"</%b[\t\n\f\r />]" % name, re.IGNORECASE) for name in _RAW_TEXT}
_CONTENT_CHARSET: Final = lazy_re(rb"charset[\t\n\f\r ]*=[\t\n\f\r ]*", re.IGNORECASE)
_UNQUOTED: Final = lazy_re(rb"[^\t\n\f\r ;]*")
_XML_ENCODING: Final = lazy_re(rb"encoding[\x00-\x20]*=[\x00-\x20]*([\"'])")

Source = Literal["bom", "http", "meta", "default"]


class Decoded(Struct, frozen=True, kw_only=True):
    """The text of a payload and how it was found."""

    encoding: str
    """Name of the encoding in the Encoding Standard, lower case: ``utf-8``, ``windows-1252``, ``utf-16le``."""
    source: Source
    """What decided: a byte order mark, the HTTP field, a declaration in the payload (``meta``), or the default."""
    text: str
    """The text without the byte order mark; U+FFFD where bytes are not of the encoding."""
    bom_bytes: int
    """Bytes of the byte order mark at the start of the payload, which `text` does not have: 0, 2 or 3."""


class _OutOfBytesError(Exception):
    """The prescan reached the end of the bytes that it may look at."""


def decide(payload: bytes, content_type: str | None) -> Decoded:
    """The encoding and the text of a payload whose content coding is removed. Never fails.

    ``content_type`` is the value of the HTTP field, or None where there was none. A declaration inside the payload is
    not looked for in ``text/plain``, where it would be part of the text.
    """
    said = _said(payload, content_type)
    if said is not None:
        return _decoded(payload, *said)
    try:
        return Decoded(encoding="utf-8", source="default", text=payload.decode("utf-8"), bom_bytes=0)
    except UnicodeDecodeError:
        return _decoded(payload, _FALLBACK, "default", 0)


def beginning(payload: bytes, content_type: str | None, characters: int) -> str:
    """The first characters of the text that `decide` gives, without decoding all of a picture or an archive."""
    name, bom_bytes = _FALLBACK, 0
    said = _said(payload, content_type)
    if said is not None:
        name, _source, bom_bytes = said
    else:
        try:
            return payload.decode("utf-8")[:characters]
        except UnicodeDecodeError:
            pass
    text = decode_piece(payload[bom_bytes : bom_bytes + characters + 1], name)
    # A byte is a character in most encodings. In others, the piece has fewer, and its last may be half of one.
    return text[:characters] if len(text) > characters else decode_piece(payload[bom_bytes:], name)[:characters]


def _said(payload: bytes, content_type: str | None) -> tuple[str, Source, int] | None:
    """Encoding, who said so, and the bytes of the byte order mark; None where nobody does."""
    for bom, name in _BOMS:
        if payload.startswith(bom):
            return name, "bom", len(bom)
    declared = _http_encoding(content_type or "")
    if declared is not None:
        return declared, "http", 0
    if not (content_type or "").strip().lower().startswith("text/plain"):
        declared = _declared_encoding(payload[:PRESCAN_BYTES]) or _late_encoding(payload)
        if declared is not None:
            return declared, "meta", 0
    return None


def lookup(label: str) -> str | None:
    """The Encoding Standard's name for a label, lower case; None for a label that it does not have.

    None too for the labels of its ``replacement`` encoding (``iso-2022-kr``, ``hz-gb-2312`` and others), which has no
    text in it: browsers refuse such a page to be safe from scripts, and a reader of text is not at that risk.
    """
    encoding = webencodings.lookup(label) if label.isascii() else None
    return None if encoding is None or encoding.name == "replacement" else str(encoding.name)


def _decoded(payload: bytes, name: str, source: Source, bom_bytes: int) -> Decoded:
    return Decoded(encoding=name, source=source, text=decode_piece(payload[bom_bytes:], name), bom_bytes=bom_bytes)


def decode_piece(piece: bytes, encoding: str) -> str:
    """The text of a piece of a payload whose encoding was decided; it must begin and end between characters."""
    return _decoder(encoding)(piece, "replace")[0]


@lru_cache(maxsize=64)
def _decoder(encoding: str) -> Callable[[bytes, str], tuple[str, int]]:
    decoder: Callable[[bytes, str], tuple[str, int]] = webencodings.lookup(encoding).codec_info.decode
    return decoder


@lru_cache(maxsize=64)
def _http_encoding(content_type: str) -> str | None:
    """The first ``charset`` parameter that names a known encoding. Most pages of a host say the same."""
    for match in _HTTP_CHARSET.finditer(content_type):
        name = lookup(match[1] or match[2] or match[3] or "")
        if name is not None:
            return name
    return None


def _declared_encoding(head: bytes) -> str | None:
    """HTML Standard, "prescan a byte stream to determine its encoding", over at most `PRESCAN_BYTES`."""
    if head.startswith(b"<\x00?\x00x\x00"):
        return "utf-16le"
    if head.startswith(b"\x00<\x00?\x00x"):
        return "utf-16be"
    try:
        found = _prescan(head)
    except _OutOfBytesError:
        found = None
    return found or _xml_encoding(head)


def _late_encoding(payload: bytes) -> str | None:
    """The encoding that a ``<meta>`` behind the first `PRESCAN_BYTES` declares."""
    if len(payload) <= PRESCAN_BYTES or _LATE.search(payload, 0, LATE_BYTES) is None:
        return None
    try:
        return _prescan(payload[:LATE_BYTES], passes_raw_text=True)
    except _OutOfBytesError:
        return None


def _prescan(head: bytes, *, passes_raw_text: bool = False) -> str | None:
    if b"charset" not in head.lower():
        # Every way to declare one has this word in it: most pages are not gone through sign by sign.
        return None
    position = 0
    while True:
        position = head.find(b"<", position)
        if position < 0:
            return None
        if head.startswith(b"<!--", position):
            # The two hyphens before ">" may be those that open the comment.
            position = _find(head, b"-->", position + 2) + 2
        elif _META.match(head, position):
            name, position = _meta(head, position + len(b"<meta"))
            if name is not None:
                return name
        elif _TAG.match(head, position):
            start = position
            end = _TAG_NAME_END.search(head, position)
            if end is None:
                return None
            position = end.start()
            attribute: tuple[bytes, bytes] | None = (b"", b"")
            while attribute is not None:
                attribute, position = _attribute(head, position)
            element = head[start + 1 : end.start()].lower()
            if passes_raw_text and element in _RAW_TEXT:
                position = _raw_end(head, element, position)
        elif head.startswith((b"<!", b"</", b"<?"), position):
            position = _find(head, b">", position)
        position += 1


def _raw_end(page: bytes, name: bytes, position: int) -> int:
    # Nothing ends a plaintext.
    match = None if name == b"plaintext" else _RAW_ENDS[name].search(page, position)
    if match is None:
        raise _OutOfBytesError
    return match.start() - 1


def _find(head: bytes, wanted: bytes, start: int) -> int:
    found = head.find(wanted, start)
    if found < 0:
        raise _OutOfBytesError
    return found


def _meta(head: bytes, position: int) -> tuple[str | None, int]:
    """The encoding that one ``<meta>`` declares, and where reading stopped."""
    seen: set[bytes] = set()
    got_pragma = False
    need_pragma: bool | None = None
    # None: nothing said so far. Empty: a label was given and is not known, which later attributes do not mend.
    charset: str | None = None
    while True:
        attribute, position = _attribute(head, position)
        if attribute is None:
            break
        name, value = attribute
        if name in seen:
            continue
        seen.add(name)
        if name == b"http-equiv":
            got_pragma = got_pragma or value == b"content-type"
        elif name == b"content" and charset is None:
            label = _content_label(value)
            known = None if label is None else lookup(label)
            if known is not None:
                charset, need_pragma = known, True
        elif name == b"charset":
            charset, need_pragma = lookup(value.decode("latin-1")) or "", False
    if need_pragma is None or (need_pragma and not got_pragma) or not charset:
        return None, position
    return _as_declared(charset), position


def _as_declared(name: str) -> str:
    """What a declaration that was readable as ASCII really means (HTML Standard, end of the prescan's meta step)."""
    if name in _UTF16:
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name


def _attribute(head: bytes, position: int) -> tuple[tuple[bytes, bytes] | None, int]:
    """HTML Standard, "get an attribute": name and value in lower case, or None at the end of the tag."""
    position = _skip(head, position, _SPACE + b"/")
    if _byte(head, position) == b">":
        return None, position
    start = position
    while True:
        byte = _byte(head, position)
        if (byte == b"=" and position > start) or byte in b"\t\n\f\r />":
            break
        position += 1
    name = head[start:position].lower()
    position = _skip(head, position, _SPACE)
    if _byte(head, position) != b"=":
        return (name, b""), position
    position = _skip(head, position + 1, _SPACE)
    quote = _byte(head, position)
    if quote in b"\"'":
        end = _find(head, quote, position + 1)
        return (name, head[position + 1 : end].lower()), end + 1
    match = _TAG_NAME_END.search(head, position)
    if match is None:
        raise _OutOfBytesError
    return (name, head[position : match.start()].lower()), match.start()


def _byte(head: bytes, position: int) -> bytes:
    if position >= len(head):
        raise _OutOfBytesError
    return head[position : position + 1]


def _skip(head: bytes, position: int, skipped: bytes) -> int:
    while position < len(head) and head[position] in skipped:
        position += 1
    return position


def _content_label(value: bytes) -> str | None:
    """HTML Standard, "extracting a character encoding from a meta element": the label in a ``content`` attribute."""
    match = _CONTENT_CHARSET.search(value)
    if match is None:
        return None
    start = match.end()
    quote = value[start : start + 1]
    if quote and quote in b"\"'":
        end = value.find(quote, start + 1)
        return None if end < 0 else value[start + 1 : end].decode("latin-1")
    unquoted = _UNQUOTED.match(value, start)
    return None if unquoted is None else unquoted[0].decode("latin-1")


def _xml_encoding(head: bytes) -> str | None:
    """HTML Standard, "get an XML encoding": the ``encoding`` of an XML declaration that is readable as ASCII."""
    if not head.startswith(b"<?xml"):
        return None
    end = head.find(b">")
    # Only the first "encoding" counts; what follows it must be "=" and a quotation mark.
    start = head.find(b"encoding")
    match = _XML_ENCODING.match(head, start) if start >= 0 else None
    if match is None:
        return None
    close = head.find(match[1], match.end())
    if close < 0 or close > end:
        return None
    name = lookup(head[match.end() : close].decode("latin-1"))
    return None if name is None else _as_declared(name)
