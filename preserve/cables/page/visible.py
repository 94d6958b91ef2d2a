"""The text that a page shows, line by line, whatever elements it is made of.

The rules, chosen so that the same lines come out whether a page is a table, a definition list, divisions, lines ended
by ``<br>`` or one ``<pre>``:

- ``<br>`` ends a line; a line end in the source directly behind it is layout and dropped. The start and the end of an
  element that is displayed as a block end a line that has begun.
- Every other line end in the source ends a line, and blanks are kept as they are: no line is joined, no blank folded.
- White space with a line end in it before a tag of a block is indentation and dropped, as is white space between two
  blocks; a blank that is all the content of a block is kept, because it is a line of the text.
- Inside ``<pre>``, ``<xmp>``, ``<textarea>`` and behind ``<plaintext>`` everything is kept.
- Scripts, styles, comments, the page's ``<title>`` and what its elements hide (`preserve.cables.page.unseen`) are not
  shown. Character references are decoded.
- A line end is LF, whether the page writes LF, CR LF or CR (HTML Standard, "normalize newlines").
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from preserve.cables.page.texts import TextBuilder
from preserve.cables.page.tokens import Token, tokenise
from preserve.cables.page.unseen import HiddenText, may_hide, seen
from preserve.expressions import lazy_re

_BLOCK_NAMES: Final = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li link listing main menu meta nav ol
optgroup option p plaintext pre script search section style summary table tbody td textarea tfoot th thead title tr ul
xmp
"""
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_CELLS: Final = frozenset({"td", "th", "dt", "dd"})
_TABLES: Final = frozenset({"table", "dl"})
_INLINE_NAMES: Final = "a b big bdi bdo code data em font i label mark q s samp small span strike strong tt u var"
_INLINE: Final = frozenset(_INLINE_NAMES.split())
_HIDDEN: Final = frozenset({"select", "svg"})
_SHOWN_RAW: Final = frozenset({"xmp", "textarea", "plaintext"})
"""Elements of `preserve.cables.page.tokens.RAW` whose content a browser shows."""
_LINE_END: Final = lazy_re(r"\r\n?|\n")
_BLANKS: Final = " \t\n\f\r"
_LONGEST_INLINE: Final = 80
"""Characters of an inline element that is remembered: labels are short."""


@dataclass(slots=True)
class Visible:
    """A page's visible text. ``cells`` and ``inlines`` are spans of it, in the order in which they begin."""

    builder: TextBuilder
    text: str = ""
    cells: list[tuple[int, int]] = field(default_factory=list)
    """What stands in each cell of a table or entry of a definition list."""
    rows: list[tuple[int, bool]] = field(default_factory=list)
    """Of each cell the number of its row, and whether it is a header cell (``th``)."""
    inlines: list[tuple[int, int]] = field(default_factory=list)
    """What stands in each short inline element, such as a ``<span>`` or a ``<b>``."""
    soft: list[tuple[int, int]] = field(default_factory=list)
    """Where line ends are those of the source, outside ``<pre>``: a browser shows them as blanks unless a style says
    so."""
    unseen: HiddenText = field(default_factory=HiddenText)
    """What stands there and is not shown."""

    def is_soft(self, offset: int) -> bool:
        """Whether the line end at ``offset`` is one of the source."""
        number = bisect_right(self.soft, (offset, len(self.text))) - 1
        return number >= 0 and offset < self.soft[number][1]


@dataclass(slots=True)
class _Maker:
    page: str
    builder: TextBuilder
    visible: Visible
    pre_depth: int = 0
    hidden: list[str] = field(default_factory=list)
    open_cells: list[int] = field(default_factory=list)
    """Numbers of the cells not yet closed; -1 for a table in between."""
    open_inlines: list[tuple[str, int]] = field(default_factory=list)
    row: int = 0

    def read(self, tokens: Sequence[Token]) -> None:
        """Takes in the tokens of a page, without comments."""
        before: Token | None = None
        nexts: list[Token | None] = []
        for number, token in enumerate(tokens, 1):
            kind, start, end, name, raw = token
            if kind != "text":
                does = _DOES.get(name)
                if does is not None and not self.hidden:
                    does(self, token)
                elif self.hidden:
                    self._hide(token)
                before = token
                continue
            after = tokens[number] if number < len(tokens) else None
            if after is not None and after.kind == "text":
                # A comment stood between them.
                nexts = nexts or self._nexts(tokens)
                after = nexts[number - 1]
            if raw and name in _SHOWN_RAW and not self.hidden:
                self._show_raw(start, end, name)
            elif not raw and not self.hidden:
                if self.pre_depth:
                    self._show(start, end)
                else:
                    self._text(start, end, before, after)
            if raw or (nexts and self.page[start:end].strip(_BLANKS)):
                before = token

    def _nexts(self, tokens: Sequence[Token]) -> list[Token | None]:
        """For every token the nearest one behind it that is not white space."""
        result: list[Token | None] = []
        behind: Token | None = None
        for token in reversed(tokens):
            result.append(behind)
            if token.kind != "text" or self.page[token.start : token.end].strip(_BLANKS):
                behind = token
        return result[::-1]

    def _hide(self, token: Token) -> None:
        """A tag that may hide what follows it, or end what hides."""
        name = token.name
        if not self.hidden:
            if token.kind == "start" and not self.page.endswith("/>", token.start, token.end):
                self.hidden.append(name)
        elif name == self.hidden[-1]:
            if token.kind == "end":
                self.hidden.pop()
            else:
                self.hidden.append(name)

    def _text(self, start: int, end: int, before: Token | None, after: Token | None) -> None:
        """Text outside ``pre``, between two tags."""
        if after is None or after.name in _BLOCKS:
            if (before is None or before.name in _BLOCKS) and not self.page[start:end].strip(_BLANKS):
                whole = before is not None and after is not None and before.name == after.name
                if not whole or before is None or after is None or (before.kind, after.kind) != ("start", "end"):
                    return
            end = self._without_indentation(start, end)
        if before is not None and before.name == "br":
            line_end = _LINE_END.match(self.page, start, end)
            start = start if line_end is None else line_end.end()
        self._show(start, end)

    def break_line(self, token: Token) -> None:
        self.builder.put("\n", token.start, token.end)

    def finish(self) -> Visible:
        while self.open_cells:
            self._close_cell()
        visible = self.visible
        visible.text = self.builder.text()
        visible.inlines.sort()
        return visible

    def _show(self, start: int, end: int) -> None:
        page, builder = self.page, self.builder
        shown = builder.length
        builder.copy(start, end, unify_line_ends=True)
        if not self.pre_depth and (page.find("\n", start, end) >= 0 or page.find("\r", start, end) >= 0):
            self.visible.soft.append((shown, builder.length))

    def _show_raw(self, start: int, end: int, name: str) -> None:
        """The content of an element that holds no tags, as it stands: only that of a ``textarea`` has references."""
        if name == "textarea":
            self.builder.copy(start, end, unify_line_ends=True)
            return
        shown = start
        for match in _LINE_END.finditer(self.page, start, end) if self.page.find("\r", start, end) >= 0 else ():
            self.builder.put(self.page[shown : match.start()], shown, match.start(), copied=True)
            self.builder.put("\n", match.start(), match.end())
            shown = match.end()
        self.builder.put(self.page[shown:end], shown, end, copied=True)

    def _without_indentation(self, start: int, end: int) -> int:
        """The end of a text without what follows its last line end, where that is only blanks."""
        line = self.page.rfind("\n", start, end)
        if line < 0 or self.page.find("\r", start, end) >= 0:
            line = max(line, self.page.rfind("\r", start, end))
        if line < 0 or self.page[line:end].strip(_BLANKS):
            return end
        return start if not self.page[start:line].strip(_BLANKS) else line + 1

    def _block(self, token: Token) -> None:
        if self.builder.length and self.builder.last != "\n":
            self.break_line(token)
        self.open_inlines.clear()

    def _pre(self, token: Token) -> None:
        self._block(token)
        self.pre_depth = max(0, self.pre_depth + (1 if token.kind == "start" else -1))

    def _cell(self, token: Token) -> None:
        """The start or the end of a row or of a cell."""
        self._block(token)
        if self.open_cells and self.open_cells[-1] >= 0:
            self._close_cell()
        if token.name == "tr":
            self.row += token.kind == "start"
        elif token.kind == "start":
            self.open_cells.append(len(self.visible.cells))
            self.visible.cells.append((self.builder.length, self.builder.length))
            self.visible.rows.append((self.row, token.name == "th"))

    def _table(self, token: Token) -> None:
        self._block(token)
        if token.kind == "start":
            self.open_cells.append(-1)
            return
        while self.open_cells and self.open_cells[-1] >= 0:
            self._close_cell()
        if self.open_cells:
            self.open_cells.pop()

    def _close_cell(self) -> None:
        number = self.open_cells.pop()
        if number >= 0:
            self.visible.cells[number] = (self.visible.cells[number][0], self.builder.length)

    def _inline(self, token: Token) -> None:
        if token.kind == "start":
            if len(self.open_inlines) < _LONGEST_INLINE:
                self.open_inlines.append((token.name, self.builder.length))
            return
        while self.open_inlines:
            name, start = self.open_inlines.pop()
            if name == token.name:
                if start < self.builder.length <= start + _LONGEST_INLINE:
                    self.visible.inlines.append((start, self.builder.length))
                return


_DOES: Final[Mapping[str, Callable[[_Maker, Token], None]]] = {
    **dict.fromkeys(_BLOCKS, _Maker._block),  # noqa: SLF001 - one unit
    **dict.fromkeys(_INLINE, _Maker._inline),  # noqa: SLF001
    **dict.fromkeys(_HIDDEN, _Maker._hide),  # noqa: SLF001
    **dict.fromkeys(_CELLS | {"tr"}, _Maker._cell),  # noqa: SLF001
    **dict.fromkeys(_TABLES, _Maker._table),  # noqa: SLF001
    "pre": _Maker._pre,  # noqa: SLF001
    "br": _Maker.break_line,
}
"""What a tag does, by its name."""


def visible_text(
    page: str,
    start: int = 0,
    end: int | None = None,
    hidden: Sequence[tuple[int, int]] = (),
    *,
    preformatted: bool = False,
) -> Visible:
    """What a page shows from ``start`` to ``end``. Time is linear in its length.

    ``hidden`` are spans of the page in order that are not shown; each ends the line that has begun. ``preformatted``
    is true where the place is inside a ``pre``.
    """
    builder = TextBuilder(page)
    maker = _Maker(page=page, builder=builder, visible=Visible(builder=builder), pre_depth=int(preformatted))
    stop = len(page) if end is None else end
    tokens = _shown_tokens(page, start, stop, hidden)
    if may_hide(page, start, stop):
        tokens, maker.visible.unseen = seen(page, tokens)
    maker.read(tokens)
    return maker.finish()


def _shown_tokens(page: str, start: int, end: int, hidden: Sequence[tuple[int, int]]) -> list[Token]:
    tokens: list[Token] = []
    for hide, show in hidden:
        if hide < start or show > end:
            continue
        tokens += tokenise(page, start, hide)
        # What is hidden was an element: it ends a line as a block does.
        tokens.append(Token("start", hide, hide, "div"))
        start = show
    tokens += tokenise(page, start, end)
    return [token for token in tokens if token.kind != "comment"]
