"""What a reference becomes: where something is put before it, or in its place, and to which address it leads.

Tested by ``tests/unit/formats/test_rewriting.py``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple
from urllib.parse import quote

from preserve.expressions import lazy_re
from preserve.formats.charset import decode_piece
from preserve.formats.urls import Base


class Use(Enum):
    """What a reference is for, by the modifier that replay systems put behind a time."""

    LINK = "link"
    """What a reader may follow."""
    OTHER = ""
    FRAME = "if_"
    IMAGE = "im_"
    STYLE = "cs_"
    SCRIPT = "js_"
    OBJECT = "oe_"


class Edit(NamedTuple):
    """Bytes ``start`` to ``end`` of a content give way to a prefix that the use decides, and to ``text``.

    Where both are equal, something is put there and nothing gives way. ``use`` None: ``text`` alone, no prefix.
    ``url``: the http or https address that it leads to, in one form or another; None: it leads to none.
    """

    start: int
    end: int
    use: Use | None
    url: str | None
    text: str


class Rewrite(NamedTuple):
    """What is to be done with one reference: see `Edit`. ``skip``: characters before it that stay where they are."""

    skip: int
    is_whole: bool
    lead: str
    url: str | None


_EDGES: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = str.maketrans("", "", "\t\n\r")
_SCHEME: Final = lazy_re(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB: Final = lazy_re(r"https?:", re.IGNORECASE)
_INERT: Final = frozenset({"about", "blob", "cid", "data", "javascript", "mailto", "tel", "vbscript"})
"""Schemes that ask nobody for anything: under a policy without scripts they do nothing, or open a letter."""
_DOTS: Final = lazy_re(r"(?:^|[/\\])(?:\.|%2e){1,2}(?=[/\\?#]|\Z)", re.IGNORECASE)
_UP: Final = lazy_re(r"(?:\./|\.\./)*")
_PATH: Final = lazy_re(r"[^?#]*")
_MOST_KEPT: Final = 20_000


@dataclass(slots=True)
class Resolver:
    """Reads references that stand in a text of ``encoding``, and are relative to ``base``.

    Texts are as `as_text` gives them: one character for each byte, or for each unit of two.
    """

    base: Base
    encoding: str
    is_wide: bool = False
    _seen: dict[str, Rewrite | None] = field(default_factory=dict)
    _folders: tuple[str, str, str, int] = ("", "", "", 0)

    def __post_init__(self) -> None:
        """Takes the base apart: its scheme, its origin, the folder it lies in, and how deep that is."""
        href = re.split(r"[?#]", self.base.href, maxsplit=1)[0]
        match = re.fullmatch(r"(https?:)(//[^/]*)(/.*/|/)[^/]*", href, re.DOTALL)
        if match is not None:
            folder = match[1] + match[2] + match[3]
            self._folders = (match[1], match[1] + match[2], folder, match[3].count("/") - 1)

    def plain_target(self, up: str, path: str, query: str) -> Rewrite | None:
        """The same of a plain reference, in its parts (`Base.behind`); None where more has to be looked at."""
        url = self.base.behind(up, path, query)
        _scheme, origin, folder, depth = self._folders
        if url is None or len(up) // 3 > depth:
            return None
        return Rewrite(0, is_whole=False, lead=origin if up == "/" else folder, url=url)

    def target(self, value: str) -> Rewrite | None:
        """What becomes of a reference, given as characters; None: it stays as it is."""
        if value in self._seen:
            return self._seen[value]
        if len(self._seen) >= _MOST_KEPT:
            self._seen.clear()
        found = self._seen[value] = self._target(value)
        return found

    def _target(self, value: str) -> Rewrite | None:
        rest = value.lstrip(_EDGES)
        skip = len(value) - len(rest)
        plain = rest.translate(_REMOVED).rstrip(_EDGES)
        if not plain or plain.startswith("#"):
            return None
        path = _path_of(plain)
        scheme = _SCHEME.match(plain)
        if scheme is not None and _WEB.match(plain) is None:
            inert = scheme[0][:-1].lower() in _INERT
            return None if inert else Rewrite(skip, is_whole=False, lead="", url=None)
        lead = self._lead(plain, path, has_scheme=scheme is not None)
        if lead == "" and plain.isascii():
            return Rewrite(skip, is_whole=False, lead="", url=plain.partition("#")[0])
        url = self.base.join(plain)
        if url is None:
            return Rewrite(skip, is_whole=False, lead="", url=None)
        if lead is None:
            fragment = plain.partition("#")[2]
            whole = url + (f"#{quote(fragment, safe='%/?:@!$*+,;=~')}" if fragment else "")
            return Rewrite(skip, is_whole=True, lead=whole, url=url)
        return Rewrite(skip, is_whole=False, lead=lead, url=url)

    def _lead(self, plain: str, path: str, *, has_scheme: bool) -> str | None:
        """What makes a whole address of a reference, put before it; None: it has to be written anew."""
        scheme, origin, folder, depth = self._folders
        if has_scheme:
            # ``http:name`` is relative to a base of the same scheme.
            is_whole = plain[plain.index(":") + 1 :][:2] in _SLASHES
            return "" if is_whole and _DOTS.search(path) is None else None
        if not scheme:
            return None
        if plain[:2] in _SLASHES:
            return scheme if _DOTS.search(path) is None else None
        if plain[0] in "/\\":
            return origin if _DOTS.search(path) is None else None
        if plain[0] == "?":
            return re.split(r"[?#]", self.base.href, maxsplit=1)[0]
        steps = _UP.match(path)
        begin = "" if steps is None else steps[0]
        if begin.count("../") > depth or _DOTS.search(path, max(0, len(begin) - 1)) is not None:
            return None
        return folder

    def characters(self, written: str) -> str:
        """What is written with the characters that its bytes are. Only ASCII is sure to be as long as before."""
        if written.isascii() or self.is_wide:
            return written
        try:
            return decode_piece(written.encode("latin-1"), self.encoding)
        except UnicodeEncodeError:
            # It came out of references, at least some of it.
            return written


_SLASHES: Final = frozenset({"//", "\\\\", "/\\", "\\/"})


def _path_of(plain: str) -> str:
    match = _PATH.match(plain)
    return "" if match is None else match[0]


def for_attribute(text: str) -> str:
    """ASCII text as it may stand in any attribute, with or without quotation marks around it."""
    return (
        text.replace("&", "&amp;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )


def for_style(text: str) -> str:
    """ASCII text as it may stand in any token of a style sheet."""
    return re.sub(r"""(["'()\\])""", r"\\\1", text)


def pieces(
    content: bytes, edits: Iterable[Edit], prefix: Callable[[Use, str | None], str], *, wide: str = ""
) -> Iterator[bytes]:
    """The content with its edits made, in pieces. Edits are in order, and none overlaps another.

    ``prefix``: what is put before an address, ASCII without quotation marks, blanks, ``<``, ``>`` and ``&``.
    ``wide``: what the text is written in, where it is not a superset of ASCII (`as_text`).
    """
    done = 0
    for edit in edits:
        if edit.start < done:
            continue
        yield content[done : edit.start]
        text = edit.text if edit.use is None else prefix(edit.use, edit.url) + edit.text
        yield text.encode(wide or "ascii", "replace")
        done = edit.end
    yield content[done:]


_TWO_BYTES: Final = lazy_re(rb"\x1b\$[@B][^\x1b]*+")
_WIDER: Final = lazy_re("[\x81-\xfe][\x40-\xfe]")
_PAIRS: Final = {
    "shift_jis": lazy_re("[\x81-\x9f\xe0-\xfc][\x40-\xfc]"),
    "big5": _WIDER,
    "gbk": _WIDER,
    "gb18030": _WIDER,
}
"""Two bytes of one character, of which the second may be one of ASCII (Encoding Standard, sections 10 to 12)."""


def masked(text: str, encoding: str) -> str:
    """Text as `as_text` gives it, as long as before, for a grammar in which braces and backslashes mean something.

    No second byte of a character is taken for one of these. In tags none of them ends anything.
    """
    pairs = _PAIRS.get(encoding)
    return text if pairs is None or text.isascii() else pairs.sub("\xff\xff", text)


def as_text(content: bytes, encoding: str) -> tuple[str, str]:
    """A content as text for a tokeniser, and what it is written in where ASCII in it takes two bytes a character.

    A character stands for one byte, or for one unit of two: places in the text are places in the content. What an
    encoding writes with bytes of ASCII that mean something else (ISO-2022-JP) is masked.
    """
    if encoding in {"utf-16le", "utf-16be"}:
        is_little = encoding == "utf-16le"
        # Each unit by itself: a character outside of the first plane has two.
        units = content[: len(content) // 2 * 2]
        high, low = (units[1::2], units[0::2]) if is_little else (units[0::2], units[1::2])
        text = "".join([chr(first << 8 | second) for first, second in zip(high, low, strict=True)])
        return text, "utf-16-le" if is_little else "utf-16-be"
    if encoding == "iso-2022-jp":
        content = _TWO_BYTES.sub(lambda match: b"\xff" * len(match[0]), content)
    return content.decode("latin-1"), ""
