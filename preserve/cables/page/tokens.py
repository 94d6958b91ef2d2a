"""A tokeniser for HTML that may be broken or hostile, which says of every token where it stands.

It finds text, start tags, end tags and comments, and the spans of all tokens together are the whole text, in order
and without gaps: nothing is lost, repaired or moved. It builds no tree. The grammar is that of the HTML Standard
(section 13.2.5, "Tokenization") with three declared differences, all in favour of keeping what was written:

- a "tag" whose name is not an element of HTML, such as ``<Israel>`` in a message, is text;
- markup that never ends (a comment, a tag at the end of the page) is text;
- a quotation mark that never closes does not swallow the rest of the page: the value ends at the next blank or ``>``.

Time is linear in the length of the text: every position is read once, because a tag that does not end makes all that
follows text. Worked example: ``<p>1 <Israel><br>`` is a start tag ``p``, the text ``1 <Israel>`` and a start tag
``br``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from preserve.expressions import compiled_re, lazy_re

Kind = Literal["text", "start", "end", "comment"]

_ELEMENT_NAMES: Final = """
a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body
br button canvas caption center cite code col colgroup command data datalist dd del details dfn dialog dir div
dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup
hr html i iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu
menuitem meta meter multicol nav nobr noembed noframes noscript object ol optgroup option output p param picture
plaintext pre progress q rb rp rt rtc ruby s samp script search section select slot small source spacer span
strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u
ul var video wbr xmp
"""
"""The elements of HTML, living and obsolete (HTML Standard, section 16.2)."""
ELEMENTS: Final = frozenset(_ELEMENT_NAMES.split())
"""Their names, in lower case."""

RAW: Final = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea", "plaintext"})
"""Elements whose content is text up to their own end tag (HTML Standard, "raw text" and "RCDATA"); nothing ends a
``plaintext``."""

TAG_NAME: Final = r"[a-zA-Z][a-zA-Z0-9]*+"
"""The name of a tag, as an expression."""
ATTRIBUTES: Final = r"""[^>=]*+(?:=[\t\n\f\r ]*+(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >]*+)[^>=]*+)*+"""
"""What stands between a tag's name and its ``>``, as an expression."""
_TAG: Final = lazy_re(rf"<(/?+)({TAG_NAME})({ATTRIBUTES})>")
_BEHIND_NAME: Final = r"[\t\n\f\r />]"


def _any_of(names: Iterable[str]) -> str:
    """An expression for some names in any case, by their first letters: the few that begin alike are tried, not all."""
    rests: dict[str, list[str]] = {}
    for name in sorted(names, reverse=True):
        rests.setdefault(name[0], []).append(name[1:])
    return "|".join(f"[{first}{first.upper()}](?ai:{'|'.join(some)})" for first, some in rests.items())


_NAME: Final = lazy_re(rf"<(/?+(?:{_any_of(ELEMENTS)}))(?={_BEHIND_NAME})")
_HTML_TAG: Final = lazy_re(rf"{_NAME.pattern}{ATTRIBUTES}>")
_FORMS: Final[tuple[tuple[Kind, str], ...]] = (("start", "{}"), ("start", "{}/"), ("start", "{} /"), ("end", "/{}"))
_KNOWN: Final[Mapping[str, tuple[Kind, str]]] = {
    form.format(spelt): (kind, name) for name in ELEMENTS for kind, form in _FORMS for spelt in (name, name.upper())
}
"""What nearly all tags without attributes have between their signs."""
_WINDOW_CHARS: Final = 1 << 16
"""How much of a page is taken apart at a time."""
_ATTRIBUTE: Final = lazy_re(
    r"""([^\t\n\f\r />=]++)(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r >]*+)))?+"""
)


class Token(NamedTuple):
    """One piece of a page: ``start`` and ``end`` are character offsets, ``name`` is a tag's name in lower case.

    ``raw`` is true for the content of elements in `RAW`, which holds no tags; ``name`` is then that of the element.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    raw: bool = False


Piece = tuple[Kind, int, int, str, bool]
"""A `Token` without the names of its parts: pages have thousands, and a plain tuple is made in a tenth of the time."""


def tokenise(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The tokens of a page from ``start`` to ``end``, in order; their spans cover it whole."""
    return map(Token._make, pieces(text, start, end))


def pieces(text: str, start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """What `tokenise` gives, as plain tuples."""
    stop = len(text) if end is None else end
    last_close = text.rfind(">", start, stop)
    last_comment: int | None = None
    shown = position = start
    known = _KNOWN.get
    for window in range(start, last_close + 1, _WINDOW_CHARS):
        signs = iter(text[window : min(window + _WINDOW_CHARS, stop)].split("<"))
        begun = window + len(next(signs))
        for behind in signs:
            at, begun = begun, begun + len(behind) + 1
            if at < position:
                # Inside of a comment, an attribute or a script.
                continue
            if at > last_close:
                break
            written, sign, _rest = behind.partition(">")
            tag = known(written) if sign else None
            if tag is not None:
                kind, name = tag
                after = at + len(written) + 2
            elif text[at + 1] in "!?":
                last_comment = text.rfind("-->", start, stop) if last_comment is None else last_comment
                kind, name, after = "comment", "", _comment_end(text, at, last_comment)
                if after < 0:
                    continue
            else:
                found = _HTML_TAG.match(text, at, stop)
                if found is None:
                    if _NAME.match(text, at, stop) is None:
                        continue
                    # A tag that never ends: all that is left is text.
                    position = stop
                    break
                said, after = found[1], found.end()
                kind, name = ("end", said[1:].lower()) if said[0] == "/" else ("start", said.lower())
            if at > shown:
                yield "text", shown, at, "", False
            yield kind, at, after, name, False
            shown = position = after
            if name in RAW and kind == "start":
                shown = position = raw_end(text, name, after, stop)
                if shown > after:
                    yield "text", after, shown, name, True
    if shown < stop:
        yield "text", shown, stop, "", False


def attributes(text: str, token: Token) -> dict[str, str]:
    """The attributes of a start tag, names in lower case, the first of several equal ones; references not decoded."""
    result: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text, token.start + 1 + len(token.name), token.end - 1):
        result.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return result


def tag_at(text: str, position: int, end: int) -> re.Match[str] | None:
    """The tag that begins at ``position`` and ends before ``end``: groups are ``/`` or nothing, name and attributes."""
    return _TAG.match(text, position, end)


def _comment_end(text: str, begun: int, last_comment: int) -> int:
    """Where the comment or declaration ends that begins somewhere before the last ``>``; -1 where it is text."""
    if not text.startswith("<!--", begun):
        return text.find(">", begun) + 1
    # The two hyphens before ">" may be those that open the comment.
    return -1 if begun + 2 > last_comment else text.find("-->", begun + 2) + 3


@lru_cache(maxsize=64)
def _closing(name: str) -> re.Pattern[str]:
    return compiled_re(rf"</{name}[\t\n\f\r />]", re.IGNORECASE)


def raw_end(text: str, name: str, start: int, end: int) -> int:
    """Where the content of an element such as ``script`` ends that begins at ``start``."""
    match = None if name == "plaintext" else _closing(name).search(text, start, end)
    return end if match is None else match.start()


def box_tokens(text: str, start: int, end: int, names: frozenset[str]) -> Iterator[Token]:
    """The tokens of a text that nobody escaped: only tags of these names are markup."""
    shown = start
    for match in _box_tags(names).finditer(text, start, end):
        if match.start() > shown:
            yield Token("text", shown, match.start())
        yield Token("end" if match[1] else "start", match.start(), match.end(), match[2].lower())
        shown = match.end()
    if shown < end:
        yield Token("text", shown, end)


@lru_cache(maxsize=64)
def _box_tags(names: frozenset[str]) -> re.Pattern[str]:
    return compiled_re(rf"<(/?)({'|'.join(sorted(names))})(?:[\t\n\f\r /][^<>]*+)?>", re.IGNORECASE)
