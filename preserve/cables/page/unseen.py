"""What a page holds and a browser never shows: which of a page's tokens stand in elements that hide what is in them.

An element hides its content where it is a ``template``, has the attribute ``hidden`` (but for ``until-found``, and
where its own style gives it another display), or has ``display: none`` or ``visibility: hidden`` in its own style;
under the latter a descendant with ``visibility: visible`` is shown again. Styles are read as CSS reads them, whatever
escapes, comments, references, case and order they are written in (CSS Syntax Level 3; of several declarations the last
valid one counts, important ones first). Style sheets, colours, sizes and places are not judged.

No tree is built: a stack of open elements follows the rules of the HTML Standard for what closes what (section
13.2.6) as far as they decide which text an element holds. Time is linear in the length of the page, and next to none
where nothing can be hidden.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from msgspec import Struct, field

from preserve.cables.page.texts import decode_references
from preserve.cables.page.tokens import ATTRIBUTES, ELEMENTS, Piece, Token, attributes
from preserve.expressions import lazy_re

_HIDDEN_NAME: Final = lazy_re(r"""(?<=[\t\n\f\r /"'])hidden(?=[\t\n\f\r =/>])""")
_STYLE_NAME: Final = lazy_re(r"""style[\t\n\f\r ]*+=[\t\n\f\r ]*+("[^"]*+"|'[^']*+'|[^\t\n\f\r >]*+)""")
_MAY_HIDE: Final = lazy_re(r"none|hidden|collapse|[\\&]|/\*")
"""What a style has that hides: one of these words, or a way of writing them otherwise."""
_OTHER_TAG: Final = lazy_re(rf"<(/?+)([a-zA-Z][^\t\n\f\r />]*+)({ATTRIBUTES})>")
"""A tag of any name: what is no element of HTML is text here, and hides what is in it in a browser all the same."""
_VOID_NAMES: Final = """
area base basefont bgsound br col command embed frame hr image img input keygen link meta param source track wbr
"""
_VOID: Final = frozenset(_VOID_NAMES.split())
_CLOSES_P_NAMES: Final = """
address article aside blockquote center details dialog dd dir div dl dt fieldset figcaption figure footer form h1 h2 h3
h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext pre search section summary table ul xmp
"""
_CLOSES_P: Final = frozenset(_CLOSES_P_NAMES.split())
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_FORMATTING_NAMES: Final = "a b big code em font i nobr s small strike strong tt u"
_FORMATTING: Final = frozenset(_FORMATTING_NAMES.split())
_CELLS: Final = frozenset({"td", "th"})
_SECTIONS: Final = frozenset({"tbody", "tfoot", "thead"})
_SCOPES: Final = ("applet", "caption", "html", "marquee", "object", "table", "td", "template", "th")
"""Elements out of which an end tag does not reach (HTML Standard, "has an element in scope")."""
_TABLES: Final = ("html", "table", "template")
_PARTS: Final[dict[str, frozenset[str]]] = {
    "caption": frozenset({"caption", "colgroup"}) | _CELLS | _SECTIONS | {"tr"},
    "colgroup": frozenset({"caption", "colgroup"}) | _CELLS | _SECTIONS | {"tr"},
    **dict.fromkeys(_SECTIONS, frozenset({"caption", "colgroup", "tr"}) | _CELLS | _SECTIONS),
    "tr": frozenset({"caption", "colgroup", "tr"}) | _CELLS,
    **dict.fromkeys(_CELLS, frozenset({"caption", "colgroup"}) | _CELLS),
}
"""Of each part of a table the parts that its start tag closes."""
_LISTS: Final = ("dir", "dl", "menu", "ol", "table", "td", "template", "th", "ul")
_MOST_KEPT: Final = 3
"""Formatting elements that go on behind one that closes around them (HTML Standard, the "Noah's Ark clause")."""
_IGNORED_ENDS: Final = frozenset({"body", "html"})

_STYLE_PIECE: Final = lazy_re(
    r"""/\*(?:[^*]|\*(?!/))*+(?:\*/)?+"""
    r"""|[uU][rR][lL]\([\t\n\f\r ]*+(?!["'])(?:[^)\\]|\\(?s:.))*+\)?"""
    r"""|[\t\n\f\r ]++"""
    r"""|"(?:[^"\\\n]|\\(?s:.))*+"?|'(?:[^'\\\n]|\\(?s:.))*+'?"""
    r"""|(?:[\w-]|[^\x00-\x7f]|\\[0-9a-fA-F]{1,6}[\t\n\f\r ]?|\\[^\n\f\r0-9a-fA-F])++"""
    r"""|(?s:.)"""
)
"""A comment, an address, white space, a string, a word, or one other character (CSS Syntax, section 4.3)."""
_ESCAPE: Final = lazy_re(r"\\(?:([0-9a-fA-F]{1,6})[\t\n\f\r ]?|((?s:.)))")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
_WIDE: Final = frozenset({"inherit", "initial", "revert", "revert-layer", "unset"})
_DISPLAY_NAMES: Final = """
block contents flex flow flow-root grid inline inline-block inline-flex inline-grid inline-table list-item math none
ruby ruby-base ruby-base-container ruby-text ruby-text-container run-in table table-caption table-cell table-column
table-column-group table-footer-group table-header-group table-row table-row-group -webkit-box -webkit-flex
-webkit-inline-box -webkit-inline-flex -moz-box
"""
_DISPLAYS: Final = frozenset(_DISPLAY_NAMES.split()) | _WIDE
_VISIBILITIES: Final = frozenset({"visible", "hidden", "collapse"}) | _WIDE
_LONGEST_STYLE: Final = 100_000
"""Characters of a style that are read; a longer one hides, because nobody writes such."""


_BARE_CHARS: Final = len("</>")


class InlineStyle(NamedTuple):
    """What an element's own style says: its last valid ``display`` and ``visibility``, empty where it says none."""

    display: str = ""
    visibility: str = ""


def may_hide(page: str, start: int, end: int) -> bool:
    """False for most pages: nothing in this part of one can be hidden, at a small part of the cost of finding out."""
    part = page[start:end].lower()
    if "<template" in part or ("hidden" in part and _HIDDEN_NAME.search(part) is not None):
        return True
    return "style" in part and any(_MAY_HIDE.search(match[1]) is not None for match in _STYLE_NAME.finditer(part))


def tags_may_hide(page: str, tokens: Iterable[Piece]) -> bool:
    """The same of a part that is taken apart already: only its tags are looked at, and text with a sign of other tags.

    A bare tag, ``<p>`` or ``</p>``, hides nothing but if it is a ``<template>``.
    """
    written = "".join(
        [
            page[start:end]
            for kind, start, end, name, _raw in tokens
            if (
                page.find("<", start, end) >= 0
                if kind == "text"
                else end - start > len(name) + _BARE_CHARS or name == "template"
            )
        ]
    )
    return may_hide(written, 0, len(written))


class HiddenText(Struct):
    """What was left out: ``elements`` that hide, and the ``characters`` of text in them (white space not counted)."""

    elements: int = 0
    characters: int = 0


def seen(page: str, tokens: Sequence[Token]) -> tuple[list[Token], HiddenText]:
    """The tokens of a page, or of a part of it, that are shown; and how much is not.

    What stands around the first token is not looked at: who selects an element that is hidden wants what is in it.
    """
    stack = _Stack(page)
    shown: list[Token] = []
    told = HiddenText()
    for token in _with_other_tags(page, tokens):
        is_tag = token.kind != "text"
        before = stack.state
        if is_tag:
            stack.take(token)
        elif before != "shown" and not token.raw:
            told.characters += len("".join(page[token.start : token.end].split()))
        if not is_tag or token.name in ELEMENTS:
            # A tag of an element without a box ends no line; one that is merely invisible has its place.
            hides = ("gone",) if is_tag else ("gone", "invisible")
            if before not in hides and stack.state not in hides:
                shown.append(token)
        elif before == stack.state == "shown":
            shown.append(Token("text", token.start, token.end))
    told.elements = stack.hiding
    return shown, told


def hidden_spans(page: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The parts of a page, in characters and in order, that are not shown; each with the tags around it."""
    stack = _Stack(page)
    spans: list[tuple[int, int]] = []
    begun = -1
    end = tokens[-1].end if tokens else 0
    for token in _with_other_tags(page, tokens):
        if token.kind == "text":
            continue
        stack.take(token)
        if stack.state != "shown" and begun < 0:
            begun = token.start
        elif stack.state == "shown" and begun >= 0:
            spans.append((begun, token.end))
            begun = -1
    return [*spans, (begun, end)] if begun >= 0 else spans


def _with_other_tags(page: str, tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens, with the tags of other names than HTML's that hide, and those of the same names, out of the text."""
    names: set[str] = set()
    for token in tokens:
        if token.kind != "text" or token.raw or page.find("<", token.start, token.end) < 0:
            yield token
            continue
        shown = token.start
        for match in _OTHER_TAG.finditer(page, token.start, page.rfind(">", token.start, token.end) + 1):
            tag = Token("end" if match[1] else "start", match.start(), match.end(), match[2].lower())
            if tag.kind == "start" and tag.name not in names and _own_style(page, tag) != (False, ""):
                names.add(tag.name)
            if tag.name in names and tag.name not in ELEMENTS:
                if tag.start > shown:
                    yield Token("text", shown, tag.start)
                yield tag
                shown = tag.end
        if shown < token.end:
            yield Token("text", shown, token.end)


_State = Literal["shown", "invisible", "gone"]


class _Open(NamedTuple):
    """An open element: what becomes of the text in it, and what it says itself."""

    name: str
    gone: bool
    invisible: bool
    hides: bool
    visibility: Literal["", "hidden", "visible"]


class _Stack(Struct):
    """The open elements, the innermost last."""

    page: str
    open: list[_Open] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)
    """Name to the places on the stack, the innermost last."""
    hiding: int = 0
    """Elements that hide what would be shown without them."""

    @property
    def state(self) -> _State:
        """What becomes of text that stands here."""
        if not self.open:
            return "shown"
        return "gone" if self.open[-1].gone else "invisible" if self.open[-1].invisible else "shown"

    def take(self, token: Token) -> None:
        """Takes in a tag."""
        if token.start == token.end or token.kind == "comment":
            return
        if token.kind == "start":
            self._start(token)
        elif token.name not in _IGNORED_ENDS:
            self._end(token.name)

    def _start(self, token: Token) -> None:
        name = token.name
        self._make_room(name)
        if name in _VOID:
            return
        hides, visibility = _own_style(self.page, token)
        before = self.state
        self._push(name, hides, visibility)
        self.hiding += before == "shown" and self.state != "shown"

    def _push(self, name: str, hides: bool, visibility: Literal["", "hidden", "visible"]) -> None:  # noqa: FBT001
        outer = self.open[-1] if self.open else _Open("", gone=False, invisible=False, hides=False, visibility="")
        invisible = visibility == "hidden" if visibility else outer.invisible
        self.places.setdefault(name, []).append(len(self.open))
        self.open.append(_Open(name, outer.gone or hides, invisible, hides, visibility))

    def _make_room(self, name: str) -> None:
        """Closes what the start tag of an element closes."""
        if name in _CLOSES_P:
            self._close_within(("p",), _SCOPES + ("button",))  # noqa: RUF005 - two tuples
        if name == "li":
            self._close_within(("li",), _LISTS)
        elif name in ("dd", "dt"):
            self._close_within(("dd", "dt"), _LISTS)
        elif name in _PARTS:
            self._close_within(tuple(_PARTS[name]), _TABLES, outermost=True)
        elif name in _HEADINGS and self.open and self.open[-1].name in _HEADINGS:
            self._cut(len(self.open) - 1)
        elif name in ("option", "optgroup"):
            self._close_within(("option",), ("select", "datalist", *_SCOPES))
        elif name == "a":
            self._close_within(("a",), _SCOPES)
        elif name == "button":
            self._close_within(("button",), _SCOPES)

    def _end(self, name: str) -> None:
        if name in _HEADINGS:
            self._close_within(tuple(_HEADINGS), _SCOPES)
        elif name in _PARTS or name == "table":
            self._close_within((name,), _TABLES if name != "table" else ("html", "template"))
        else:
            self._close_within((name,), tuple(each for each in _SCOPES if each != name))

    def _close_within(self, names: Sequence[str], bounds: Sequence[str], *, outermost: bool = False) -> None:
        """Closes the innermost open element of these names (or the outermost), unless a bound lies inside of it."""
        # Cells outside of a table are no elements in a browser; where a part of a table was selected, they are.
        in_table = bool(self.places.get("table"))
        holding = [each for each in bounds if self.places.get(each) and (in_table or each not in _PARTS)]
        bound = max((self.places[each][-1] for each in holding), default=-1)
        found = [self.places[each][-1] for each in names if self.places.get(each) and self.places[each][-1] > bound]
        if found:
            self._cut(min(found) if outermost else max(found))

    def _cut(self, length: int) -> None:
        """Takes elements from the stack. Formatting that hides goes on behind an element that closes around it."""
        kept: list[_Open] = []
        outer = self.open[length].name
        while len(self.open) > length:
            element = self.open.pop()
            self.places[element.name].pop()
            if element.name in _FORMATTING and (element.hides or element.visibility) and len(self.open) > length:
                kept.append(element)
        if outer not in _CELLS and outer not in ("caption", "template", "table"):
            for element in reversed(kept[-_MOST_KEPT:]):
                self._push(element.name, element.hides, element.visibility)


def _own_style(page: str, token: Token) -> tuple[bool, Literal["", "hidden", "visible"]]:
    """Whether an element's content is gone by what it says itself, and the visibility that it gives itself."""
    if token.name == "template":
        return True, ""
    if token.end - token.start <= len(token.name) + 2:
        return False, ""
    found = attributes(page, token)
    style = style_of(decode_references(found["style"])) if "style" in found else InlineStyle()
    gone = style.display == "none"
    if "hidden" in found and style.display in ("", "revert", "revert-layer"):
        gone = gone or decode_references(found["hidden"]).lower() != "until-found"
    if style.visibility in ("hidden", "collapse"):
        return gone, "hidden"
    return gone, "visible" if style.visibility in ("visible", "initial") else ""


def style_of(text: str) -> InlineStyle:
    """The display and the visibility of a style attribute's value, its character references decoded."""
    if len(text) > _LONGEST_STYLE:
        return InlineStyle(display="none")
    found: dict[str, tuple[bool, str]] = {}
    for name, words, important in _declarations(text):
        for target, valid in (("display", _DISPLAYS), ("visibility", _VISIBILITIES)):
            if name == "all" and len(words) == 1 and words[0] in _WIDE:
                said = words[0]
            elif name == target and words and (_is_filled_in(words) or _is_value(words, valid)):
                said = " ".join(words)
            else:
                continue
            if important or not found.get(target, (False, ""))[0]:
                found[target] = (important, said)
    return InlineStyle(found.get("display", (False, ""))[1], found.get("visibility", (False, ""))[1])


def _is_filled_in(words: Sequence[str]) -> bool:
    """Whether what is meant is found out by the browser: a style sheet's matter, and none of the words that hide."""
    return any(word in ("var", "env") and behind == "(" for word, behind in pairwise(words))


def _is_value(words: Sequence[str], valid: frozenset[str]) -> bool:
    if len(words) == 1:
        return words[0] in valid
    several = valid is _DISPLAYS and len(words) <= 3  # noqa: PLR2004 - outside, inside, list-item
    return several and all(word in valid and word != "none" and word not in _WIDE for word in words)


def _declarations(text: str) -> list[tuple[str, list[str], bool]]:
    """Name, words and importance of each declaration (CSS Syntax, "consume a declaration"), all in lower case."""
    result: list[tuple[str, list[str], bool]] = []
    current: list[str] = []
    closing: list[str] = []
    for match in _STYLE_PIECE.finditer(text + ";"):
        piece = match[0]
        if closing:
            if piece == closing[-1]:
                closing.pop()
            elif piece in _PAIRS:
                closing.append(_PAIRS[piece])
            continue
        if piece in _PAIRS:
            closing.append(_PAIRS[piece])
            current.append(piece)
        elif piece == ";":
            declared = _declaration(current)
            if declared is not None:
                result.append(declared)
            current = []
        elif piece.startswith("/*"):
            continue
        else:
            current.append(" " if piece.isspace() else _unescaped(piece))
    # What is open at the end is closed there, and was part of the last declaration.
    declared = _declaration(current) if closing else None
    return result if declared is None else [*result, declared]


def _declaration(pieces: Sequence[str]) -> tuple[str, list[str], bool] | None:
    words = [piece for piece in pieces if piece != " "]
    if len(words) < 3 or words[1] != ":":  # noqa: PLR2004 - a name, a colon, a word
        return None
    important = words[-2:] == ["!", "important"]
    return words[0], words[2 : -2 if important else None], important


def _unescaped(piece: str) -> str:
    if "\\" not in piece:
        return piece.lower()
    if piece[0] in "\"'":
        return piece
    return _ESCAPE.sub(lambda match: match[2] or _code_point(int(match[1], 16)), piece).lower()


def _code_point(number: int) -> str:
    return "\ufffd" if not 0 < number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF else chr(number)  # noqa: PLR2004 - Unicode
