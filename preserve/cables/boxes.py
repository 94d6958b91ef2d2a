"""The extractor ``boxes``: the cable pages of wikileaks.org (November 2010 to September 2011) and of their mirrors.

On such a page, inside ``div.pane.big``: a heading ``Viewing cable ID, TITLE``, a ``table.cable`` with a row of labels
and a row of values, and two boxes ``<code><pre>``, the message's header and its body. How it is read:

- A value is the **text** of its link. The ``title`` attribute of the classification's link names another class.
- The minutes of Created and Released are not minutes (they repeat the hour on a 12-hour clock): times have the
  precision of the hour.
- A box is text: only tags ``a``, ``code`` and ``pre`` are markup in it, because the site did not escape messages.
  What else looks like markup is kept and reported. Character references are decoded, nothing else is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from preserve.cables.fields import FieldValue, clip, make_field
from preserve.cables.layouts import Layout, label
from preserve.cables.reading import Reading, published_id, strays
from preserve.cables.texts import TextBuilder, decode_references, one_line
from preserve.cables.tokens import Token, attributes, tokenise

_BOX_TAGS: Final = frozenset({"a", "code", "pre"})
_HEADING: Final = "Viewing cable "
_BOX: Final = ("code", "pre")


@dataclass(slots=True)
class _Table:
    """The cells of a table, row by row, each with whether it is a header cell."""

    rows: list[list[tuple[bool, str]]] = field(default_factory=list)

    def labelled(self) -> list[tuple[str, str]]:
        """Labels and values: a label belongs to the cell after it or, in a row of labels, to the one below it."""
        pairs: list[tuple[str, str]] = []
        for number, row in enumerate(self.rows):
            if row and all(is_label for is_label, _ in row):
                below = self.rows[number + 1] if number + 1 < len(self.rows) else []
                pairs += [(name, cell) for (_, name), (is_label, cell) in zip(row, below, strict=False) if not is_label]
                continue
            for (is_label, name), (next_is_label, cell) in pairwise(row):
                if is_label and not next_is_label:
                    pairs.append((name, cell))
        return pairs


def read(page: str, layout: Layout) -> Reading | None:
    """The cable on a page of this kind; None where it names no cable."""
    tokens = list(tokenise(page, only_in_pre=_BOX_TAGS))
    pane = _pane(page, tokens)
    boxes = _boxes(pane)
    before = pane[: boxes[0][0]] if boxes else pane
    heading_id, title = _heading(page, before)
    fields: dict[str, FieldValue] = {}
    for name, value in _table(page, before).labelled():
        key = layout.labels.get(label(name))
        if key is not None and key not in fields and value:
            fields[key] = make_field(key, value, source="field", minutes_are_real=False)
    has_table = bool(fields)
    identifier = published_id(fields["identifier"].printed) if "identifier" in fields else None
    if identifier is None and heading_id is not None:
        identifier = published_id(heading_id)
        if identifier is not None:
            fields["identifier"] = make_field("identifier", identifier, source="sentence")
    if identifier is None:
        return None
    header = _box(page, pane[slice(*boxes[0])]).text() if len(boxes) > 1 else None
    last = pane[slice(*boxes[-1])] if boxes else []
    body = _box(page, last)
    _sentences(page, tokens, header, layout, fields)
    _tags(page, last, fields)
    return Reading(
        published_id=identifier,
        title=clip(title),
        fields=fields,
        header_text=header,
        body=body.text(),
        segments=body.segments(0, body.length),
        strays=strays(page, ((token.start, token.end) for token in last if token.kind == "text")),
        has_table=has_table,
    )


def tag_links(page: str) -> tuple[str, ...]:
    """The texts of the links to tags in the body, in order, as often as they stand there."""
    pane = _pane(page, list(tokenise(page, only_in_pre=_BOX_TAGS)))
    boxes = _boxes(pane)
    return _tag_links(page, pane[slice(*boxes[-1])]) if boxes else ()


def _pane(page: str, tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens inside ``div.pane.big``; all of them where there is none."""
    start = next((number for number, token in enumerate(tokens) if _opens_pane(page, token)), None)
    if start is None:
        return tokens
    depth = 0
    for end in range(start, len(tokens)):
        if tokens[end].name == "div":
            depth += {"start": 1, "end": -1}.get(tokens[end].kind, 0)
            if depth == 0:
                return tokens[start:end]
    return tokens[start:]


def _opens_pane(page: str, token: Token) -> bool:
    if token.kind != "start" or token.name != "div":
        return False
    return {"pane", "big"} <= set(attributes(page, token).get("class", "").split())


def _boxes(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The boxes, each as the range of the tokens inside its ``pre``."""
    result: list[tuple[int, int]] = []
    number = 0
    while number < len(tokens):
        token = tokens[number]
        if token.kind == "start" and token.name == "pre" and number and tokens[number - 1].name == "code":
            end = number + 1
            while end < len(tokens) and not (tokens[end].kind == "end" and tokens[end].name in _BOX):
                end += 1
            result.append((number + 1, end))
            number = end
        number += 1
    return result


def _box(page: str, tokens: Sequence[Token]) -> TextBuilder:
    builder = TextBuilder(page)
    for token in tokens:
        if token.kind == "text":
            builder.copy(token.start, token.end)
    return builder


def _text(page: str, tokens: Sequence[Token]) -> str:
    """The text of some tokens with its references decoded, as one line."""
    parts = [page[token.start : token.end] for token in tokens if token.kind == "text" and not token.raw]
    return one_line(decode_references("".join(parts)))


def _heading(page: str, tokens: Sequence[Token]) -> tuple[str | None, str]:
    """Id and title in the heading ``Viewing cable ID, TITLE``; the title is empty on some pages."""
    start: int | None = None
    for number, token in enumerate(tokens):
        if token.name != "h3":
            continue
        if token.kind == "start":
            start = number
        elif start is not None:
            text = _text(page, tokens[start:number])
            if text.startswith(_HEADING):
                name, _, title = text.removeprefix(_HEADING).partition(",")
                return name.strip(), title.strip()
            start = None
    return None, ""


def _table(page: str, tokens: Sequence[Token]) -> _Table:
    """The first ``table.cable``."""
    table = _Table()
    inside = False
    cell: tuple[bool, int] | None = None
    for number, token in enumerate(tokens):
        if not inside:
            inside = (
                token.kind == "start"
                and token.name == "table"
                and "cable" in attributes(page, token).get("class", "").split()
            )
            continue
        if token.name not in {"table", "tr", "td", "th"}:
            continue
        if cell is not None and table.rows:
            table.rows[-1].append((cell[0], _text(page, tokens[cell[1] : number])))
        cell = None
        if token.name == "table" and token.kind == "end":
            break
        if token.kind == "start":
            if token.name == "tr" or not table.rows:
                table.rows.append([])
            if token.name in {"td", "th"}:
                cell = (token.name == "th", number)
    return table


def _sentences(
    page: str, tokens: Sequence[Token], header: str | None, layout: Layout, fields: dict[str, FieldValue]
) -> None:
    """What the page says outside its boxes, and the sentence that some pages have in place of the header."""
    for name, pattern in layout.sentences.items():
        if name in fields:
            continue
        if name == "partial_note":
            found = pattern.search(header) if header is not None else None
        else:
            first_box = next((n for n, t in enumerate(tokens) if t.kind == "start" and t.name == "pre"), len(tokens))
            found = pattern.search(_text(page, tokens[:first_box]))
        if found is not None:
            text = found[1] if found.re.groups and found[1] is not None else found[0]
            fields[name] = make_field(name, text, source="header" if name == "partial_note" else "sentence")


def _tags(page: str, tokens: Sequence[Token], fields: dict[str, FieldValue]) -> None:
    links = _tag_links(page, tokens)
    if links and "tags" not in fields:
        fields["tags"] = make_field("tags", " ".join(links), source="body")


def _tag_links(page: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    links: list[str] = []
    for number, token in enumerate(tokens):
        if token.kind == "start" and token.name == "a" and attributes(page, token).get("href", "").startswith("/tag/"):
            following = tokens[number + 1 : number + 2]
            links += [_text(page, following)] if following and following[0].kind == "text" else []
    return tuple(links)
