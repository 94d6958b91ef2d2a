"""TeX's marks for characters, undone: escapes, accents, ties, quotation marks and the commands of addresses."""

import re
import unicodedata
from typing import Final

from preserve.expressions import lazy_re

_ACCENTS: Final = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327", "k": "\u0328",
}  # fmt: skip
_LETTERS: Final = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å", "AA": "Å",
    "i": "i", "j": "j", "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textquotedblleft": "“",
    "textquotedblright": "”", "ldots": "…", "dots": "…", "textellipsis": "…", "S": "§", "textendash": "\u2013",
    "textemdash": "—", "pounds": "£", "textunderscore": "_", "slash": "/",
}  # fmt: skip
_ACCENTED: Final = lazy_re(
    r"\\(?:([`'^~=.\"])|([uvHckr])(?![A-Za-z]))\s*(?:\{\s*(\\[ij](?![A-Za-z])|[^\W\d_])\s*\}|(\\[ij](?![A-Za-z])|[^\W\d_]))"
)
_ESCAPED: Final = lazy_re(r"\\([&%$#_{}])")
_NAMED: Final = lazy_re(r"\\([A-Za-z]{1,40})(?:\{\}|[ \t]*)")
_MARKS: Final = (("``", "“"), ("''", "”"), ("---", "—"), ("--", "\u2013"), ("~", "\u00a0"))


_OF_ADDRESS: Final = lazy_re(r"\\([&%$#_{}~^/])(?:\{\})?|\\([A-Za-z]{1,40})(?:\{\}|[ \t]*)|\\-|[{}]")
_TILDE: Final = lazy_re(r"(?:\{?\\?\$\}?)\{?\\sim(?:eq)?\}?(?:\{?\\?\$\}?)|\\texttildelow(?:\{\}|(?![A-Za-z]))")
"""Ways in which managers of references write a tilde."""
_NOT_PRINTED: Final = frozenset({"allowbreak", "linebreak", "nolinkurl", "path", "relax", "string", "texttt", "url"})
BRACED_ADDRESS: Final = r"\{(?:[^{}]|\{[^{}]{0,100}\}){1,4000}+\}"
"""A pattern: an address as the argument of a command, with braces around some of its characters."""


def tex_address(text: str) -> str:
    """An address as TeX prints it: its escapes undone, without the braces. A backslash is read as browsers read it."""
    return _OF_ADDRESS.sub(_of_address, _TILDE.sub("~", text.strip())).replace("\\", "/")


def _of_address(match: re.Match[str]) -> str:
    if match[2] is None:
        return match[1] or ""
    return "" if match[2] in _NOT_PRINTED else _LETTERS.get(match[2], match[0])


def plain_tex(text: str) -> str:
    """The text of a piece of TeX. Commands that are not known are dropped, what stands in their braces stays."""
    text = _ACCENTED.sub(_accented, text)
    for mark, character in _MARKS:
        text = text.replace(mark, character)
    text = _ESCAPED.sub(lambda match: chr(0xE000 + ord(match[1])), text)
    text = _NAMED.sub(lambda match: _LETTERS.get(match[1], ""), text)
    text = text.replace("{", "").replace("}", "").replace("\\\\", "\n").replace("\\", "")
    text = re.sub("[\ue000-\ue07f]", lambda match: chr(ord(match[0]) - 0xE000), text)
    return text.replace("\u00a0", " ")


def _accented(match: re.Match[str]) -> str:
    letter = (match[3] or match[4]).removeprefix("\\")
    return unicodedata.normalize("NFC", letter + _ACCENTS[match[1] or match[2]])
