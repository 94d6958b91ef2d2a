"""Layouts made ready for reading: what a person wrote about one kind of page, checked and compiled.

One engine reads them all (`preserve.cables.page.engine`). A layout says where the fields stand (labels in an element or
anywhere on the page, selectors, sentences), where the message stands (a selector, or behind the last field), and what
is furniture. Two kinds of files are no pages: texts whose first lines are fields, and tables with a cable a row.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from preserve.cables.page.fields import Times
from preserve.cables.page.selectors import Selector, parse_selector
from preserve.config.patterns import check_bounded, stretched
from preserve.errors import ConfigError
from preserve.expressions import compiled_re, lazy_re
from preserve.model import sha256_hex
from preserve.text import single_spaced

if TYPE_CHECKING:
    # What checks configuration takes longer to import than a page takes to read.
    from preserve.config.layout import LayoutConfig

_NEXT: Final = "Correct the layout; docs/reference/configuration.md lists every key."
_WORD: Final = lazy_re(r"[A-Za-z]+")
_WIDE_LETTER: Final = lazy_re(rb"\0[A-Za-z]\0")
_LITERAL: Final = lazy_re(r"[A-Za-z0-9 -]{4,}")
_LEAD: Final = lazy_re(r"[A-Za-z]+(?= )")
VALUE_CHARS: Final = 4_096
"""Characters of a value at which its form looks: forms may take the square of it."""
_BEGINNING_CHARS: Final = 2_000
"""Characters of a file at which ``begins`` looks."""
_MOST_KEPT: Final = 64
_kept: "dict[str, Layout]" = {}
"""Layouts that were compiled, by all that their configuration says."""


class Recognised(Struct, frozen=True):
    """A text by which pages are told: its bytes, the same on one line, and its words that are ASCII letters.

    In a page of an encoding that holds ASCII as it is, each word stands in the bytes, not split by markup.
    """

    written: bytes
    shown: str
    words: tuple[bytes, ...]


class Sentence(Struct, frozen=True):
    """The pattern of a sentence or of lines. ``needle`` is a piece of text that every match holds, ``lead`` one that
    every match begins with; each is empty where none is known.
    """

    pattern: re.Pattern[str]
    needle: str
    lead: str = ""

    def begins_at(self, text: str, position: int) -> re.Match[str] | None:
        """The sentence, where it begins at a place."""
        return self.pattern.match(text, position) if text.startswith(self.lead, position) else None

    def last_behind(self, text: str, position: int, leads: dict[str, int]) -> re.Match[str] | None:
        """The last of the sentences that stand in a text behind a place, one after another.

        ``leads`` keeps where each lead was found behind that place: many sentences begin alike.
        """
        first = leads.get(self.lead)
        if first is None:
            first = leads[self.lead] = text.find(self.lead, position)
        if first < 0:
            return None
        return next(iter(deque(self.pattern.finditer(text, first), maxlen=1)), None)


class Layout(Struct, frozen=True, kw_only=True, dict=True):
    """One kind of page. ``labels`` maps a label as printed, without white space at its ends and without its colon."""

    name: str
    version: int
    reads: Literal["page", "lines", "rows"]
    recognise: tuple[Recognised, ...]
    begins: re.Pattern[str] | None
    error_page: tuple[bytes, ...]
    within: tuple[Selector, ...]
    furniture: tuple[Selector, ...]
    fields: tuple[Selector, ...]
    labels: Mapping[str, str]
    label_lines: re.Pattern[str] | None
    """A line end, and behind it a label of the layout with its colon; group 1 is the label."""
    values: Mapping[str, tuple[Selector, ...]]
    forms: Mapping[str, re.Pattern[str]]
    sentences: Mapping[str, Sentence]
    times: Times
    header: tuple[Selector, ...]
    body: tuple[Selector, ...]
    only_markup: frozenset[str]
    links: Mapping[str, str]
    text_after: re.Pattern[str] | None
    text_before: re.Pattern[str] | None
    cut: tuple[Sentence, ...]
    """Lines that are not the message's, each with the line end behind it."""
    split_header: bool
    lines: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def has_boxes(self) -> bool:
        """Whether the message stands in an element of its own."""
        return bool(self.body)

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """What its sentences begin with."""
        return tuple({sentence.lead for sentence in self.sentences.values()})

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that tell it from every other, and from itself before it was edited."""
        return sha256_hex(repr(_plain(self)).encode("utf-8", "surrogatepass"))[:16]


def compile_layout(config: "LayoutConfig") -> Layout:
    """The layout that a configuration describes. In its expressions, blanks stand for any run of white space.

    A process asks for the same ones again and again: they are kept.

    Raises:
        ConfigError: a selector is none, or the layout could never recognise a page or read an identifier.
    """
    written = repr(config)
    layout = _kept.get(written)
    if layout is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        layout = _kept[written] = _compiled(config)
    return layout


def _compiled(config: "LayoutConfig") -> Layout:
    where = f"layouts/{config.name}.yaml"
    mistakes = [f"{where}: {mistake}" for mistake in _contradictions(config)]

    def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
        try:
            return compiled_re(stretched(text), flags, check=check_bounded)
        except (ValueError, re.error) as error:
            mistakes.append(f"{where}: {text!r} cannot be used once its blanks stretch: {error}")
            return re.compile("")

    def selectors(texts: Iterable[str]) -> tuple[Selector, ...]:
        result = []
        for text in texts:
            try:
                result.append(parse_selector(text))
            except ValueError as error:
                mistakes.append(f"{where}: {error}")
        return tuple(result)

    labels = {label(printed): field for printed, field in config.labels.items()}
    layout = Layout(
        name=config.name,
        version=config.version,
        reads=config.reads,
        recognise=tuple(_recognised(text) for text in config.recognise),
        begins=None if config.begins is None else pattern(config.begins),
        error_page=tuple(text.encode("utf-8") for text in config.error_page),
        within=selectors(config.within),
        furniture=selectors(config.furniture),
        fields=selectors(config.fields),
        labels=labels,
        label_lines=_label_lines(labels),
        values={field: selectors(texts) for field, texts in config.values.items()},
        forms={field: pattern(text) for field, text in config.forms.items()},
        sentences={
            field: Sentence(pattern(text), _needle(text), _lead(text)) for field, text in config.sentences.items()
        },
        times=config.times,
        header=selectors(config.header),
        body=selectors(config.body),
        only_markup=frozenset(name.lower() for name in config.only_markup),
        links=dict(config.links),
        text_after=None if config.text_after is None else pattern(config.text_after, re.MULTILINE),
        text_before=None if config.text_before is None else pattern(config.text_before, re.MULTILINE),
        cut=tuple(Sentence(pattern(_whole_lines(text), re.MULTILINE), _needle(text)) for text in config.cut),
        split_header=config.split_header,
        lines=config.lines,
        columns=config.columns,
    )
    if mistakes:
        raise ConfigError(tuple(mistakes), next_step=_NEXT)
    return layout


def _contradictions(config: "LayoutConfig") -> Iterable[str]:
    """Why a layout can never read a cable."""
    given = {*config.labels.values(), *config.values, *config.sentences, *config.lines, *config.columns}
    if "identifier" not in given:
        yield "nothing gives the identifier; write under 'labels' which label does"
    if "" in {label(printed) for printed in config.labels}:
        yield "a label is empty; write the label that the page prints"
    for field, expression in config.forms.items():
        if compiled_re(expression).groups == 0:
            yield f"the form of {field} has no group; put what is wanted of the value in round brackets"
    if config.reads == "page" and not config.recognise:
        yield "nothing to recognise its pages by; write texts that all of them hold under 'recognise'"
    if config.reads != "page" and config.begins is None:
        yield f"no 'begins'; write how every file of {config.reads} begins"
    if config.reads == "lines" and not config.lines:
        yield "no 'lines'; write which fields the first lines are"
    if config.reads == "rows" and "body" not in config.columns:
        yield "no column is the body; write under 'columns' which one is"


def compile_layouts(configs: Mapping[str, "LayoutConfig"]) -> dict[str, Layout]:
    """All layouts by name, in the order given.

    Raises:
        ConfigError: some cannot be used (all mistakes of all of them are named).
    """
    result: dict[str, Layout] = {}
    mistakes: list[str] = []
    for name, config in configs.items():
        try:
            result[name] = compile_layout(config)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes), next_step=_NEXT)
    return result


def _plain(value: object) -> object:
    """A value of a layout as one whose `repr` says all of it; that of an expression is cut short."""
    if isinstance(value, re.Pattern):
        return value.pattern, value.flags
    if isinstance(value, Sentence):
        # Its lead follows from the pattern.
        return [_plain(value.pattern), value.needle]
    if isinstance(value, Struct):
        return [_plain(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, Mapping):
        return [(key, _plain(one)) for key, one in value.items()]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def candidates(layouts: Sequence[Layout], payload: bytes) -> Iterator[Layout]:
    """The layouts that a page may be of, first those whose texts stand in its bytes as they are written.

    The others of them hold for a page that shows these texts, whatever elements they are split by: finding that out
    costs fifty times as much.
    """
    others: list[Layout] = []
    for layout in layouts:
        if not _is_written(layout, payload):
            others.append(layout)
        elif layout.begins is None or may_be(layout, payload):
            yield layout
    yield from (layout for layout in others if may_be(layout, payload))


def recognised(
    layout: Layout,
    payload: bytes,
    beginning: Callable[[int], str],
    text: Callable[[], str],
    shown: Callable[[], str],
) -> bool:
    """Whether a page that may be of a layout is of it.

    ``beginning`` gives as many first characters of the decoded page, ``text`` all of it, ``shown`` what it shows on one
    line; they are called only if needed.
    """
    if layout.begins is not None and layout.begins.match(beginning(_BEGINNING_CHARS)) is None:
        return False
    return _is_written(layout, payload) or all(
        # A page of UTF-16 holds in its text, not in its bytes, what is markup.
        known.written in payload or known.shown in text() or known.shown in shown()
        for known in layout.recognise
    )


def may_be(layout: Layout, payload: bytes) -> bool:
    """False for most pages that are not of a layout, at a fiftieth of the cost of reading what they show."""
    return may_be_any((layout,), payload)


def may_be_any(layouts: Sequence[Layout], payload: bytes, beginning: Callable[[int], str] | None = None) -> bool:
    """False where a page is of none of them, as `may_be` has it.

    ``beginning`` gives as many first characters of the decoded page, where that can be told.
    """
    first = payload[:_BEGINNING_CHARS]
    # ASCII reads alike in every encoding but those with NULs; of others it has to be found out which they are in.
    text = first.decode("ascii") if first.isascii() and b"\0" not in first else None
    begun: list[Layout] = []
    for layout in layouts:
        if layout.begins is not None and text is None and beginning is not None:
            text = beginning(_BEGINNING_CHARS)
        if layout.begins is None or text is None or layout.begins.match(text) is not None:
            begun.append(layout)
    if any(_holds_words(layout.recognise, payload) for layout in begun):
        return True
    # UTF-16 and UTF-32 put NULs between the letters; most payloads that have some are images.
    if b"\0" not in payload or _WIDE_LETTER.search(payload) is None:
        return False
    without = payload.translate(None, b"\0")
    return any(_holds_words(layout.recognise, without) for layout in begun)


def _is_written(layout: Layout, payload: bytes) -> bool:
    return all(known.written in payload for known in layout.recognise)


def is_error_page(layout: Layout, payload: bytes) -> bool:
    """Whether a page is the site's own page for an error, by what the layout says."""
    return any(text in payload for text in layout.error_page)


def _holds_words(texts: Sequence[Recognised], payload: bytes) -> bool:
    for text in texts:
        for word in text.words:
            if word not in payload:
                return False
    return True


def _recognised(text: str) -> Recognised:
    found = {word.encode("ascii") for word in _WORD.findall(text)}
    # The longest first: the likeliest to be missing elsewhere.
    words = tuple(sorted(found, key=lambda word: (-len(word), word)))
    return Recognised(text.encode("utf-8"), single_spaced(text), words)


def _whole_lines(expression: str) -> str:
    """What matches an expression alone on its lines, with the line end behind it."""
    return rf"^[\x20\t]*(?:{expression})[\x20\t]*(?:\n|\Z)"


def _needle(text: str) -> str:
    """The longest word at the start of an expression that stands there literally."""
    match = _LITERAL.match(text)
    if match is None or "|" in text:
        return ""
    # A quantifier may belong to the last character.
    words = match[0].rstrip(" ") if match.end() == len(text) else match[0][:-1]
    return max(words.split(), key=len, default="")


def _lead(text: str) -> str:
    """The word that an expression begins with literally, empty where there is none."""
    match = _LEAD.match(text)
    return "" if match is None or "|" in text else match[0]


def _label_lines(labels: Mapping[str, str]) -> re.Pattern[str] | None:
    if not labels:
        return None
    names = "|".join(re.escape(name).replace(r"\ ", r"[ \t\u00a0]+") for name in sorted(labels, reverse=True))
    # A pattern that begins with a character is looked for ten times as fast as one that begins with a place.
    return compiled_re(rf"\n[ \t\u00a0]*+({names})[ \t\u00a0]*+:")


def label(printed: str) -> str:
    """A printed label without its colon and with every run of white space as one blank."""
    return single_spaced(printed).removesuffix(":").rstrip()
