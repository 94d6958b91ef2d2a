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
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from preserve.expressions import lazy_re

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
_BARE: Final = lazy_re(rf"<(/?+)({TAG_NAME})>")
"""A tag without attributes: most are."""
_KINDS: Final[Mapping[str, Kind]] = {"": "start", "/": "end"}
_NAME: Final = lazy_re(r"</?+([a-zA-Z][a-zA-Z0-9]{0,12}+)(?=[\t\n\f\r />])")
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


def tokenise(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The tokens of a page from ``start`` to ``end``, in order; their spans cover it whole."""
    stop = len(text) if end is None else end
    last_close = text.rfind(">", start, stop)
    last_comment = text.rfind("-->", start, stop)
    shown = position = start
    # Pages have thousands of tokens: they are made as the tuples that they are, in half the time.
    made, find, bare_at = tuple.__new__, text.find, _BARE.match
    while (position := find("<", position, stop)) >= 0 and position < last_close:
        bare = bare_at(text, position, stop)
        if bare is not None:
            slash, name = bare.groups()
            kind, name, after = _KINDS[slash], name.lower(), bare.end()
            if name not in ELEMENTS:
                position += 1
                continue
        else:
            markup = _markup(text, position, stop, last_comment)
            if markup is None:
                position += 1
                continue
            kind, _position, after, name, _raw = markup
            if after < 0:
                break
        if position > shown:
            yield made(Token, ("text", shown, position, "", False))
        yield made(Token, (kind, position, after, name, False))
        shown = position = after
        if name in RAW and kind == "start":
            closing = raw_end(text, name, after, stop)
            if closing > shown:
                yield Token("text", shown, closing, name, raw=True)
            shown = position = closing
    if shown < stop:
        yield Token("text", shown, stop)


def attributes(text: str, token: Token) -> dict[str, str]:
    """The attributes of a start tag, names in lower case, the first of several equal ones; references not decoded."""
    result: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text, token.start + 1 + len(token.name), token.end - 1):
        result.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return result


def tag_at(text: str, position: int, end: int) -> re.Match[str] | None:
    """The tag that begins at ``position`` and ends before ``end``: groups are ``/`` or nothing, name and attributes."""
    return _TAG.match(text, position, end)


def _markup(text: str, position: int, stop: int, last_comment: int) -> Token | None:
    """What is no bare tag and begins at ``position``; None where it is text; an end of -1 where all the rest is."""
    name = _NAME.match(text, position, stop)
    if name is not None:
        # The name first: what is no element is not read to its end, which may be that of the page.
        said = name[1].lower()
        if said not in ELEMENTS:
            return None
        match = _TAG.match(text, position, stop)
        return Token("text", position, -1) if match is None else Token(_KINDS[match[1]], position, match.end(), said)
    if text.startswith("<!--", position):
        if position + 2 > last_comment:
            return None
        # The two hyphens before ">" may be those that open the comment.
        return Token("comment", position, text.find("-->", position + 2) + 3)
    if text.startswith(("<!", "<?"), position):
        return Token("comment", position, text.find(">", position) + 1)
    return None


@lru_cache(maxsize=64)
def _closing(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}[\t\n\f\r />]", re.IGNORECASE)


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
    return re.compile(rf"<(/?)({'|'.join(sorted(names))})(?:[\t\n\f\r /][^<>]*+)?>", re.IGNORECASE)
