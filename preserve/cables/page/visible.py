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
from typing import Final

from msgspec import Struct, field

from preserve.cables.page.texts import TextBuilder
from preserve.cables.page.tokens import Piece, Token, pieces
from preserve.cables.page.unseen import HiddenText, seen, tags_may_hide
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
_NOTHING: Final[Piece] = ("start", 0, 0, "", False)
"""Stands for what is before the first token and behind the last."""
_LONGEST_INLINE: Final = 80
"""Characters of an inline element that is remembered: labels are short."""


class Visible(Struct):
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


class _Maker(Struct):
    page: str
    builder: TextBuilder
    visible: Visible
    pre_depth: int = 0
    hidden: list[str] = field(default_factory=list)
    open_cells: list[int] = field(default_factory=list)
    """Numbers of the cells not yet closed; -1 for a table in between."""
    open_inlines: list[tuple[str, int]] = field(default_factory=list)
    row: int = 0

    def read(self, tokens: Sequence[Piece]) -> None:
        """Takes in the tokens of a page, without comments."""
        builder, hidden, inlines = self.builder, self.hidden, self.open_inlines
        does = _DOES.get
        before: Piece = _NOTHING
        nexts: list[Piece] = []
        last = len(tokens)
        for number, token in enumerate(tokens, 1):
            kind, start, end, name, raw = token
            if kind != "text":
                before = token
                if hidden:
                    self._hide(token)
                elif name in _BLOCKS:
                    if builder.length and builder.last != "\n":
                        builder.put("\n", start, end)
                    if inlines:
                        inlines.clear()
                    if (done := does(name)) is not None:
                        done(self, token)
                elif (done := does(name)) is not None:
                    done(self, token)
                continue
            after = tokens[number] if number < last else _NOTHING
            if after[0] == "text":
                # A comment stood between them.
                nexts = nexts or self._nexts(tokens)
                after = nexts[number - 1]
            if raw and name in _SHOWN_RAW and not hidden:
                self._show_raw(start, end, name)
            elif not raw and not hidden:
                if self.pre_depth:
                    builder.copy(start, end, unify_line_ends=True)
                else:
                    self._text(start, end, before, after)
            if raw or (nexts and self.page[start:end].strip(_BLANKS)):
                before = token

    def _nexts(self, tokens: Sequence[Piece]) -> list[Piece]:
        """For every token the nearest one behind it that is not white space."""
        result: list[Piece] = []
        behind = _NOTHING
        for token in reversed(tokens):
            result.append(behind)
            if token[0] != "text" or self.page[token[1] : token[2]].strip(_BLANKS):
                behind = token
        return result[::-1]

    def _hide(self, token: Piece) -> None:
        """A tag that may hide what follows it, or end what hides."""
        kind, start, end, name, _raw = token
        if not self.hidden:
            if kind == "start" and not self.page.endswith("/>", start, end):
                self.hidden.append(name)
        elif name == self.hidden[-1]:
            if kind == "end":
                self.hidden.pop()
            else:
                self.hidden.append(name)

    def _text(self, start: int, end: int, before: Piece, after: Piece) -> None:
        """Text outside ``pre``, between two tags."""
        said = self.page[start:end]
        has_lines = "\n" in said or "\r" in said
        if after is _NOTHING or after[3] in _BLOCKS:
            if (before is _NOTHING or before[3] in _BLOCKS) and not said.strip(_BLANKS):
                is_whole = before is not _NOTHING and after is not _NOTHING and before[3] == after[3]
                if not is_whole or (before[0], after[0]) != ("start", "end"):
                    return
            if has_lines:
                end = self._without_indentation(start, end)
        if has_lines and before[3] == "br":
            line_end = _LINE_END.match(self.page, start, end)
            start = start if line_end is None else line_end.end()
        shown = self.builder.length
        self.builder.copy(start, end, unify_line_ends=True)
        if has_lines and (self.page.find("\n", start, end) >= 0 or self.page.find("\r", start, end) >= 0):
            self.visible.soft.append((shown, self.builder.length))

    def break_line(self, token: Piece) -> None:
        self.builder.put("\n", token[1], token[2])

    def finish(self) -> Visible:
        while self.open_cells:
            self._close_cell()
        visible = self.visible
        visible.text = self.builder.text()
        visible.inlines.sort()
        return visible

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

    def _pre(self, token: Piece) -> None:
        self.pre_depth = max(0, self.pre_depth + (1 if token[0] == "start" else -1))

    def _cell(self, token: Piece) -> None:
        """The start or the end of a row or of a cell."""
        if self.open_cells and self.open_cells[-1] >= 0:
            self._close_cell()
        kind, _start, _end, name, _raw = token
        if kind != "start":
            return
        if name == "tr":
            self.row += 1
        else:
            length, visible = self.builder.length, self.visible
            self.open_cells.append(len(visible.cells))
            visible.cells.append((length, length))
            visible.rows.append((self.row, name == "th"))

    def _table(self, token: Piece) -> None:
        if token[0] == "start":
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

    def _inline(self, token: Piece) -> None:
        name, length = token[3], self.builder.length
        if token[0] == "start":
            if len(self.open_inlines) < _LONGEST_INLINE:
                self.open_inlines.append((name, length))
            return
        while self.open_inlines:
            opened, start = self.open_inlines.pop()
            if opened == name:
                if start < length <= start + _LONGEST_INLINE:
                    self.visible.inlines.append((start, length))
                return


_DOES: Final[Mapping[str, Callable[[_Maker, Piece], None]]] = {
    **dict.fromkeys(_INLINE, _Maker._inline),  # noqa: SLF001 - one unit
    **dict.fromkeys(_HIDDEN, _Maker._hide),  # noqa: SLF001
    **dict.fromkeys(_CELLS | {"tr"}, _Maker._cell),  # noqa: SLF001
    **dict.fromkeys(_TABLES, _Maker._table),  # noqa: SLF001
    "pre": _Maker._pre,  # noqa: SLF001
    "br": _Maker.break_line,
}
"""What a tag does, by its name, beside ending a line where its element is a block."""


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
    if tags_may_hide(page, tokens):
        shown, maker.visible.unseen = seen(page, [Token._make(token) for token in tokens])
        maker.read(shown)
    else:
        maker.read(tokens)
    return maker.finish()


def _shown_tokens(page: str, start: int, end: int, hidden: Sequence[tuple[int, int]]) -> list[Piece]:
    tokens: list[Piece] = []
    for hide, show in hidden:
        if hide < start or show > end:
            continue
        tokens += pieces(page, start, hide)
        # What is hidden was an element: it ends a line as a block does.
        tokens.append(("start", hide, hide, "div", False))
        start = show
    tokens += pieces(page, start, end)
    return [token for token in tokens if token[0] != "comment"]
