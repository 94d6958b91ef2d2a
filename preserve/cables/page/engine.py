"""The one engine that reads pages by a layout: its fields, and its message with where every character came from.

The part of a page that is read is the element that ``within`` selects, without the layout's furniture. In it:

- **Fields** stand beside labels, in the element that ``fields`` selects or anywhere (`preserve.cables.page.labels`), in
  elements that ``values`` selects, and in ``sentences`` of the page. What is found first counts, in this order.
- **Message**. Where ``body`` selects an element, that is its text, and the first that ``header`` selects, of which
  ``cut`` leaves something, its header. Where not, the text begins behind the last field, or behind the sentence
  ``partial_note`` where that follows, and ends where the last other sentence stands; or it stands between the lines
  ``text_after`` and ``text_before``.
- Completely empty lines at the ends of a text without an element are layout and dropped; lines of blanks belong to it.
  The lines of ``cut`` are dropped. Else nothing is changed.
- With ``only_markup``, an element of the message is text in which only those tags are markup, because the site did
  not escape it: what else looks like markup is kept and reported.

Tested by ``tests/unit/cables/page/test_fields.py``.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Final

from msgspec import Struct, field

from preserve.cables.page.cutting import cut_lines, disjoint, without, without_empty_ends
from preserve.cables.page.fields import FieldValue, clip, make_field
from preserve.cables.page.labels import Fields, read_labelled, read_table
from preserve.cables.page.layouts import VALUE_CHARS, Layout
from preserve.cables.page.reading import STRAY, PageText, Reading, no_text, published_id
from preserve.cables.page.selectors import Element, Selector, find_all, value_of
from preserve.cables.page.splitting import split_header
from preserve.cables.page.texts import Segment, TextBuilder, decode_references
from preserve.cables.page.tokens import Token, attributes, box_tokens, tokenise
from preserve.cables.page.unseen import HiddenText, hidden_spans, may_hide, seen
from preserve.cables.page.visible import Visible, visible_text
from preserve.expressions import lazy_re
from preserve.text import single_spaced

_BLANKS: Final = lazy_re(r"[ \t\u00a0]*+")
_SPACE: Final = lazy_re(r"\s*+")
_MOST_STRAYS: Final = 1_000
_LONGEST_TITLE: Final = 2_000


class PageReader(Struct):
    """A page being read by one layout. ``visible`` is what it shows without its header and body."""

    text: str
    layout: Layout
    start: int
    end: int
    body: Element | None = None
    header: Element | None = None
    within: Element | None = None
    _hidden: list[tuple[int, int]] | None = None
    _furniture: list[tuple[int, int]] | None = None
    _visible: Visible | None = None

    @classmethod
    def of(cls, text: str, layout: Layout) -> "PageReader":
        """A page with the elements found that its layout selects: the part that is read, and the text."""
        page = cls(text, layout, 0, len(text))
        page.within = page.first(layout.within)
        if page.within is not None:
            page.start, page.end = page.within.inner, page.within.inner_end
        page.body = page.first(layout.body)
        return page

    def first(self, selectors: Iterable[Selector]) -> Element | None:
        """What the first of some selectors finds that finds anything."""
        return next((element for _, element in self.all(selectors)), None)

    def all(self, selectors: Iterable[Selector]) -> Iterator[tuple[Selector, Element]]:
        """What selectors find, each with its selector, one selector after another."""
        opaque = bool(self.layout.only_markup)
        for selector in selectors:
            for element in find_all(self.text, self.start, self.end, selector, opaque_pre=opaque):
                yield selector, element

    @property
    def furniture(self) -> list[tuple[int, int]]:
        """The spans of the elements that are not read."""
        if self._furniture is None:
            self._furniture = [(element.start, element.end) for _, element in self.all(self.layout.furniture)]
        return self._furniture

    @property
    def hidden(self) -> list[tuple[int, int]]:
        """The spans of the whole page that a browser does not show."""
        if self._hidden is None:
            is_plain = not may_hide(self.text, 0, len(self.text))
            self._hidden = [] if is_plain else hidden_spans(self.text, list(tokenise(self.text)))
        return self._hidden

    def is_hidden(self, position: int) -> bool:
        """Whether a browser does not show what stands at ``position``."""
        number = bisect_right(self.hidden, (position, len(self.text))) - 1
        return number >= 0 and position < self.hidden[number][1]

    @property
    def visible(self) -> Visible:
        """What the part of the page shows that is read, without furniture, header and body."""
        if self._visible is None:
            boxes = [(element.start, element.end) for element in (self.header, self.body) if element is not None]
            self._visible = visible_text(self.text, self.start, self.end, disjoint([*self.furniture, *boxes]))
        return self._visible

    def show(self, whole: Visible) -> None:
        """Takes what the whole page shows, made before, where that is what is read."""
        if not (self.layout.within or self.layout.furniture or self.body is not None or self.header is not None):
            self._visible = whole


def read(text: str, layout: Layout, whole: Visible | None = None) -> Reading | None:
    """The cable on a page of this layout; None where it names no cable.

    ``whole`` is what the whole page shows, where that is known already.
    """
    page = PageReader.of(text, layout)
    if whole is not None:
        page.show(whole)
    found = _Found()
    header = _header(page)
    labelled = _fields(page, found)
    _values(page, found)
    if layout.has_boxes:
        body = _boxed(page, page.body, found)
        _sentences(page, found, header)
    else:
        body = _running_text(page, labelled, found)
    identifier = published_id(found.fields["identifier"].printed) if "identifier" in found.fields else None
    if identifier is None:
        return None
    if layout.split_header and header is None:
        header, body = split_header(body)
    title = found.fields.pop("title", None)
    return Reading(
        published_id=identifier,
        title=title.printed if title is not None else _title_above(page, labelled),
        fields=found.fields,
        places=found.places,
        header=header,
        body=body,
        strays=_strays(page, body),
        has_fields=_has_fields(layout, found),
        hidden_until_opened=any(
            page.is_hidden(element.inner) for element in (page.within, page.header, page.body) if element is not None
        ),
    )


def _has_fields(layout: Layout, found: "_Found") -> bool:
    """Whether more was found than the identifier, where the layout has more."""
    expected = {*layout.labels.values(), *layout.values} - {"identifier", "title"}
    return not expected or any(found.fields[name].source == "field" for name in expected & found.fields.keys())


class _Found(Struct):
    fields: dict[str, FieldValue] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, name: str, value: FieldValue, place: tuple[int, int]) -> None:
        """Keeps a field that was not found before."""
        if name not in self.fields and value.printed:
            self.fields[name] = value
            self.places[name] = place


def _fields(page: PageReader, found: _Found) -> Fields | None:
    """The labelled fields; gives them with their places in the visible text where they have no element."""
    layout = page.layout
    if not layout.labels:
        return None
    element = page.first(layout.fields)
    if element is not None:
        visible = visible_text(page.text, element.start, element.end)
        fields = read_table(visible, layout, only_fields=True)
        _take(found, fields, visible)
        return None
    if layout.fields:
        return None
    if layout.has_boxes or layout.text_after is not None:
        _take(found, read_table(page.visible, layout, besides=_text_between(page)), page.visible)
        return None
    labelled = read_labelled(page.visible, layout)
    if labelled is not None:
        _take(found, labelled, page.visible)
    return labelled


def _take(found: _Found, fields: Fields, visible: Visible) -> None:
    for name, value in fields.values.items():
        found.add(name, value, visible.builder.origin(*fields.spans[name]))


def _values(page: PageReader, found: _Found) -> None:
    """The fields that stand in elements of their own."""
    for name, selectors in page.layout.values.items():
        form = page.layout.forms.get(name)
        for selector, element in page.all(selectors):
            if selector.attribute is not None:
                said, place = value_of(page.text, element, selector.attribute), (element.start, element.inner)
            else:
                said, place = _shown_line(page.text, element), (element.inner, element.inner_end)
            if form is not None:
                match = form.search(said, 0, VALUE_CHARS)
                if match is None:
                    continue
                said = match[1] or ""
            if said.strip():
                found.add(name, make_field(name, said, source="field", times=page.layout.times), place)
            # What has the form and is empty is the value: it is not looked for further down.
            if said.strip() or form is not None:
                break


def _shown_line(text: str, element: Element) -> str:
    """What an element shows, on one line."""
    if text.find("<", element.inner, element.inner_end) < 0:
        return single_spaced(decode_references(text[element.inner : element.inner_end]))
    return single_spaced(visible_text(text, element.inner, element.inner_end).text)


def _sentences(page: PageReader, found: _Found, header: PageText | None) -> None:
    """What a page with boxes says outside them, and the sentence that stands in place of the header."""
    stop = min((e.start for e in (page.header, page.body) if e is not None), default=len(page.text))
    for name, sentence in page.layout.sentences.items():
        if name in found.fields:
            continue
        if name == "partial_note":
            match = None if header is None else sentence.pattern.search(header.text)
            if header is not None and match is not None:
                found.add(name, make_field(name, match[0], source="header"), header.origin(*match.span()))
            continue
        # Furniture comes in megabytes and says such things in one piece: its source is looked at, not what it shows.
        if sentence.needle and page.text.find(sentence.needle, 0, stop) < 0:
            continue
        match = next((m for m in sentence.pattern.finditer(page.text, 0, stop) if not page.is_hidden(m.start())), None)
        if match is not None:
            group = 1 if sentence.pattern.groups and match[1] is not None else 0
            said = make_field(name, decode_references(match[group]), source="sentence", times=page.layout.times)
            found.add(name, said, match.span(group))


def _header(page: PageReader) -> PageText | None:
    """The text of the first element selected for it of which something is left, but for the body's."""
    header: PageText | None = None
    for _, element in page.all(page.layout.header):
        if element == page.body:
            break
        header, page.header = _boxed(page, element), element
        if header.text.strip() or not page.layout.cut:
            break
    return header


def _boxed(page: PageReader, element: Element | None, found: _Found | None = None) -> PageText:
    """The text of an element. ``found`` takes what links in it say."""
    if element is None:
        return no_text()
    if not page.layout.only_markup:
        is_pre = page.text[element.start + 1 : element.start + 4].lower() == "pre"
        hidden = disjoint(page.furniture)
        shown = visible_text(page.text, element.inner, element.inner_end, hidden, preformatted=is_pre)
        return without_empty_ends(shown, 0, len(shown.text), page.layout.cut)
    tokens = list(box_tokens(page.text, element.inner, element.inner_end, page.layout.only_markup))
    if found is not None and page.layout.links:
        _links(page, tokens, found)
    spans = [(token.start, token.end) for token in tokens if token.kind == "text"]
    spans, unseen = _shown_spans(page.text, element, spans)
    text = "".join([decode_references(page.text[start:end]) for start, end in spans])
    cut = cut_lines(text, 0, len(text), page.layout.cut)
    if cut:
        return without(_built(page.text, spans), text, cut, unseen)
    return PageText(text=text, segments=partial(_segments, page.text, spans), unseen=unseen)


def _shown_spans(text: str, element: Element, spans: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], HiddenText]:
    """The spans of text in an element without those that a browser never shows, whatever tags it takes for markup."""
    if not may_hide(text, element.inner, element.inner_end):
        return spans, HiddenText()
    tokens = list(tokenise(text, element.inner, element.inner_end))
    shown: list[tuple[int, int]] = []
    hidden = iter(hidden_spans(text, tokens))
    now = next(hidden, None)
    for start, end in spans:
        begun = start
        while now is not None and now[0] < end:
            if now[0] > begun:
                shown.append((begun, now[0]))
            begun = max(begun, min(now[1], end))
            if now[1] > end:
                break
            now = next(hidden, None)
        if begun < end:
            shown.append((begun, end))
    return shown, seen(text, tokens)[1]


def _built(text: str, spans: Iterable[tuple[int, int]]) -> TextBuilder:
    builder = TextBuilder(text)
    for start, end in spans:
        builder.copy(start, end)
    return builder


def _segments(text: str, spans: Iterable[tuple[int, int]]) -> list[Segment]:
    builder = _built(text, spans)
    return builder.segments(0, builder.length)


def _links(page: PageReader, tokens: Sequence[Token], found: _Found) -> None:
    """The texts of links to known addresses, in order, as often as they stand there."""
    for name, beginning in page.layout.links.items():
        shown: list[Token] = []
        for token, following in pairwise(tokens):
            if (token.kind, token.name, following.kind) != ("start", "a", "text"):
                continue
            if attributes(page.text, token).get("href", "").startswith(beginning):
                shown.append(following)
        if shown:
            said = " ".join([decode_references(page.text[text.start : text.end]) for text in shown])
            found.add(name, make_field(name, said, source="body"), (shown[0].start, shown[-1].end))


def _text_between(page: PageReader) -> tuple[int, int]:
    """The span of the visible text between the lines that the layout names; an empty one where they are missing."""
    layout = page.layout
    text = "" if layout.text_after is None else page.visible.text
    match = None if layout.text_after is None else layout.text_after.search(text)
    if match is None:
        return 0, 0
    start = _line_end(text, match.end())
    closing = None if layout.text_before is None else layout.text_before.search(text, start)
    return start, len(text) if closing is None else closing.start()


def _running_text(page: PageReader, labelled: Fields | None, found: _Found) -> PageText:
    """The text of a page that has no element for it."""
    layout, visible = page.layout, page.visible
    text = visible.text
    position, end = 0 if labelled is None else labelled.end, len(text)
    if layout.text_after is not None:
        position, end = _text_between(page)
    note = layout.sentences.get("partial_note")
    match = None if note is None else note.begins_at(text, _skip(text, position))
    if match is not None:
        found.add("partial_note", make_field("partial_note", match[0], source="sentence"), _at(visible, match.span()))
        position = match.end()
    end = min(end, _closing(page, position, found))
    return without_empty_ends(visible, _behind_line(text, position, end), end, layout.cut)


def _closing(page: PageReader, position: int, found: _Found) -> int:
    """Reads the sentences that stand behind the text; where the text ends."""
    visible = page.visible
    end = len(visible.text)
    leads: dict[str, int] = {}
    for name, sentence in page.layout.sentences.items():
        if name in found.fields or name == "partial_note":
            continue
        last = sentence.last_behind(visible.text, position, leads)
        if last is None:
            continue
        group = 1 if sentence.pattern.groups and last[1] is not None else 0
        value = make_field(name, last[group], source="sentence", times=page.layout.times)
        found.add(name, value, _at(visible, last.span(group)))
        end = min(end, last.start())
    return end


def _at(visible: Visible, span: tuple[int, int]) -> tuple[int, int]:
    return visible.builder.origin(*span)


def _strays(page: PageReader, body: PageText) -> tuple[str, ...]:
    """What looks like markup in the text, in order; at most a thousand pieces."""
    if "<" not in body.text:
        return ()
    spans = ((segment.from_start, segment.from_end) for segment in body.segments() if segment.copied)
    return tuple(islice((match[0] for span in spans for match in STRAY.finditer(page.text, *span)), _MOST_STRAYS))


def _title_above(page: PageReader, labelled: Fields | None) -> str:
    """The last line before the first label, with the lines of the same block that the source wrapped."""
    if labelled is None:
        return ""
    visible = page.visible
    text = visible.text
    end = len(text[: labelled.start].rstrip())
    start = end
    while start > 0 and end - start < _LONGEST_TITLE:
        line = text.rfind("\n", 0, start)
        begin = line + 1
        if not text[begin:start].strip() or (start < end and not visible.is_soft(start)):
            break
        start = max(line, 0)
        if line < 0:
            break
    return clip(single_spaced(text[start:end]))


def _behind_line(text: str, start: int, end: int) -> int:
    """Where a text begins behind the rest of the line that ``start`` is in, if that is blank."""
    blanks = _BLANKS.match(text, start, end)
    return blanks.end() + 1 if blanks is not None and text.startswith("\n", blanks.end()) else start


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()
