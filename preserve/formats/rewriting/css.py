"""The references of a style sheet, or of a ``style`` attribute, with their edits.

Source: CSS Syntax Module Level 3, section 4 (tokens); CSS Images Level 4, ``image-set()``. A function whose name is
written with escapes is not found: what it asks for is the policy's to refuse.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from preserve.expressions import lazy_re
from preserve.formats.rewriting.edits import Edit, Resolver, Use, for_style, masked

_BLANK: Final = r"[\t\n\f\r ]*+"
_QUOTED: Final = r"""(?:"((?:[^"\\\n\r\f]|\\(?:\r\n|.))*+)"?+|'((?:[^'\\\n\r\f]|\\(?:\r\n|.))*+)'?+)"""
_BARE: Final = r"""((?:[^\t\n\f\r "'()\\]|\\(?:[0-9a-fA-F]{1,6}+(?:\r\n|[\t\n\f\r ])?+|.))++)"""
_TOKEN: Final = lazy_re(
    r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?+"
    rf"|(?P<import>@import\b(?:{_BLANK}/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/)*+){_BLANK}(?:(?:url|src)\({_BLANK}(?:{_QUOTED}|{_BARE})|{_QUOTED})"
    rf"|(?:url|src)\({_BLANK}(?:{_QUOTED}|{_BARE})"
    r"|(?P<set>image-set\()"
    rf"|(?P<string>{_QUOTED})"
    r"|\\."
    r"|(?P<close>[;{}])",
    re.IGNORECASE | re.DOTALL,
)
_TYPE: Final = lazy_re(rf"type\({_BLANK}\Z", re.IGNORECASE)
_ESCAPE: Final = lazy_re(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?+|(\r\n|[\n\r\f])|(.))", re.DOTALL)
_LOOK_BACK: Final = 16


class StyleReference(NamedTuple):
    """Where a reference stands in a style sheet, as it is written, and whether it is a style sheet."""

    start: int
    end: int
    written: str
    is_import: bool


def style_spans(text: str, encoding: str = "utf-8") -> Iterator[StyleReference]:
    """The references of a style sheet in their order. In time linear in its length.

    ``encoding``: of the bytes that the characters stand for, as `as_text` gives them.
    """
    tokens = masked(text, encoding)
    in_set = False
    for match in _TOKEN.finditer(tokens):
        kind = match.lastgroup
        if kind == "set":
            in_set = True
        elif kind == "close":
            in_set = False
        elif match["string"] is not None:
            before = tokens[max(0, match.start() - _LOOK_BACK) : match.start()]
            if in_set and _TYPE.search(before) is None:
                yield _spot(match, text, is_import=False)
        elif match.lastindex is not None:
            yield _spot(match, text, is_import=match["import"] is not None)


def _spot(match: "re.Match[str]", text: str, *, is_import: bool) -> StyleReference:
    group = next(
        number for number in range(len(match.regs) - 1, 0, -1) if match[number] is not None and number not in _NAMED
    )
    start, end = match.span(group)
    return StyleReference(start, end, text[start:end], is_import)


_NAMED: Final = frozenset(_TOKEN.groupindex.values())


def style_edits(text: str, resolver: Resolver) -> Iterator[Edit]:
    """The edits of a style sheet, by characters of its text."""
    for spot in style_spans(text, "" if resolver.is_wide else resolver.encoding):
        target = resolver.target(_ESCAPE.sub(_character, resolver.characters(spot.written)))
        if target is None:
            continue
        start = spot.start
        if target.skip:
            start += len(spot.written) - len(spot.written.lstrip())
        use = Use.STYLE if spot.is_import else Use.IMAGE
        yield Edit(start, spot.end if target.is_whole else start, use, target.url, for_style(target.lead))


def _character(match: "re.Match[str]") -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"  # noqa: PLR2004
    return match[3] or ""
