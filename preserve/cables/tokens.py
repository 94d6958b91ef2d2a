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
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

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
_ELEMENTS: Final = frozenset(_ELEMENT_NAMES.split())

_RAW: Final = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea"})
"""Elements whose content is text up to their own end tag (HTML Standard, "raw text" and "RCDATA")."""

_TAG: Final = re.compile(
    r"""<(/?+)([a-zA-Z][a-zA-Z0-9]*+)"""
    r"""((?:[^>=]++|=[\t\n\f\r ]*+(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >]*+))*+)>"""
)
_NAME: Final = re.compile(r"</?+([a-zA-Z][a-zA-Z0-9]{0,12}+)(?=[\t\n\f\r />])")
_ATTRIBUTE: Final = re.compile(
    r"""([^\t\n\f\r />=]++)(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r >]*+)))?+"""
)


class Token(NamedTuple):
    """One piece of a page: ``start`` and ``end`` are character offsets, ``name`` is a tag's name in lower case.

    ``raw`` is true for the content of elements such as ``script``, whose text is no text of the page.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    raw: bool = False


def tokenise(text: str, *, only_in_pre: frozenset[str] = frozenset()) -> Iterator[Token]:
    """The tokens of a page, in order; their spans cover it whole.

    ``only_in_pre``: where it is given, the content of a ``pre`` is text except for tags of these names, and it ends
    at the first ``</pre>`` or ``</code>``. This is for pages whose ``pre`` holds text that nobody escaped.
    """
    last_close = text.rfind(">")
    last_comment = text.rfind("-->")
    shown = position = 0
    while (position := text.find("<", position)) >= 0 and position < last_close:
        token = _markup(text, position, last_comment)
        if token is None:
            position += 1
            continue
        if token.end < 0:
            break
        if position > shown:
            yield Token("text", shown, position)
        yield token
        shown = position = token.end
        if token.kind != "start":
            continue
        if token.name in _RAW:
            end = _raw_end(text, token)
            if end > shown:
                yield Token("text", shown, end, token.name, raw=True)
            shown = position = end
        elif token.name == "pre" and only_in_pre:
            for inner in _message_tokens(text, position, only_in_pre):
                yield inner
                shown = position = inner.end
    if shown < len(text):
        yield Token("text", shown, len(text))


def attributes(text: str, token: Token) -> dict[str, str]:
    """The attributes of a start tag, names in lower case, the first of several equal ones; references not decoded."""
    result: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text, token.start + 1 + len(token.name), token.end - 1):
        result.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return result


def _markup(text: str, position: int, last_comment: int) -> Token | None:
    """The markup that begins at ``position``; None where it is text; an end of -1 where all the rest is text."""
    if text.startswith("<!--", position):
        if position + 2 > last_comment:
            return None
        # The two hyphens before ">" may be those that open the comment.
        return Token("comment", position, text.find("-->", position + 2) + 3)
    if text.startswith(("<!", "<?"), position):
        return Token("comment", position, text.find(">", position) + 1)
    name = _NAME.match(text, position)
    if name is None or name[1].lower() not in _ELEMENTS:
        return None
    match = _TAG.match(text, position)
    if match is None:
        return Token("text", position, -1)
    return Token("end" if match[1] else "start", position, match.end(), match[2].lower())


def _raw_end(text: str, token: Token) -> int:
    match = re.compile(rf"</{token.name}[\t\n\f\r />]", re.IGNORECASE).search(text, token.end)
    return len(text) if match is None else match.start()


def _message_tokens(text: str, start: int, names: frozenset[str]) -> Iterator[Token]:
    """The tokens inside a ``pre`` of which only tags of ``names`` are markup, with the end tag that closes it."""
    tag = re.compile(rf"<(/?)({'|'.join(sorted(names))})(?:[\t\n\f\r /][^<>]*+)?>", re.IGNORECASE)
    shown = start
    for match in tag.finditer(text, start):
        if match.start() > shown:
            yield Token("text", shown, match.start())
        name = match[2].lower()
        yield Token("end" if match[1] else "start", match.start(), match.end(), name)
        shown = match.end()
        if match[1] and name in {"pre", "code"}:
            return
    if shown < len(text):
        yield Token("text", shown, len(text))
