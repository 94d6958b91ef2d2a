"""Layouts made ready for reading: what a person wrote about one kind of page, checked and compiled.

Two extractors read pages: ``boxes`` the table and the two boxes of the wikileaks.org cable pages, ``labels`` pages
that print a label before every value, whatever elements they are made of. A layout names one and gives it its words.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from preserve.cables.texts import one_line
from preserve.config.layout import LayoutConfig
from preserve.errors import ConfigError

ExtractorName = Literal["boxes", "labels"]

_NEXT: Final = "Correct the layout; docs/reference/configuration.md lists every key."
_WORD = re.compile(r"[A-Za-z]+")
_BLANKS: Final = re.compile(r"(?<!\\) +")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of page. ``labels`` maps a label as printed, without white space at its ends and without its colon.

    ``recognise``: for ``boxes``, bytes that the payload holds; for ``labels``, UTF-8 of texts that the page shows,
    with every run of white space as one blank, so that no choice of elements hides them. ``words`` are the words of
    these texts: in a page of an encoding that holds ASCII as it is, each stands in the bytes, not split by markup.
    """

    name: str
    version: int
    extractor: ExtractorName
    recognise: tuple[bytes, ...]
    words: tuple[bytes, ...]
    labels: Mapping[str, str]
    sentences: Mapping[str, re.Pattern[str]]


def compile_layout(config: LayoutConfig) -> Layout:
    """The layout that a configuration describes. In its sentences, blanks stand for any run of white space.

    Raises:
        ConfigError: there is no such extractor, or it could never read an identifier.
    """
    where = f"layouts/{config.name}.yaml"
    mistakes: list[str] = []
    labels = {label(printed): field for printed, field in config.labels.items()}
    extractor: ExtractorName
    if config.extractor == "boxes":
        extractor = "boxes"
    else:
        extractor = "labels"
        if config.extractor != "labels":
            mistakes.append(f"{where}: unknown extractor {config.extractor!r}; write 'boxes' or 'labels'")
    if "identifier" not in labels.values():
        mistakes.append(f"{where}: no label gives the identifier; write under 'labels' which one does")
    if "" in labels:
        mistakes.append(f"{where}: a label is empty; write the label that the page prints")
    sentences: dict[str, re.Pattern[str]] = {}
    for field, expression in config.sentences.items():
        try:
            sentences[field] = re.compile(_BLANKS.sub(r"\\s+", expression))
        except re.error as error:
            mistakes.append(f"{where}: sentences.{field} is no regular expression: {error}; see Python's `re`")
    if mistakes:
        raise ConfigError(tuple(mistakes), next_step=_NEXT)
    return Layout(
        name=config.name,
        version=config.version,
        extractor=extractor,
        recognise=tuple(text.encode("utf-8") for text in config.recognise),
        words=_words(config.recognise),
        labels=labels,
        sentences=sentences,
    )


def compile_layouts(configs: Mapping[str, LayoutConfig]) -> dict[str, Layout]:
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


def recognised(layout: Layout, payload: bytes, shown: Callable[[], str]) -> bool:
    """Whether a page is of a layout. ``shown`` gives the text that it shows, on one line; called only if needed."""
    if not may_be(layout, payload):
        return False
    if layout.extractor == "boxes":
        return True
    visible = shown()
    return all(one_line(text.decode("utf-8")) in visible for text in layout.recognise)


def may_be(layout: Layout, payload: bytes) -> bool:
    """False for most pages that are not of a layout, at a fiftieth of the cost of reading what they show."""
    if layout.extractor == "boxes":
        return all(text in payload for text in layout.recognise)
    if all(word in payload for word in layout.words):
        return True
    # UTF-16 and UTF-32 put NULs between the letters; most payloads that have some are images.
    letters = payload.translate(None, b"\0")
    return len(letters) < len(payload) and all(word in letters for word in layout.words)


def _words(texts: Iterable[str]) -> tuple[bytes, ...]:
    """The words of some texts that are ASCII letters, the longest first: the likeliest to be missing elsewhere."""
    found = {word.encode("ascii") for text in texts for word in _WORD.findall(text)}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def label(printed: str) -> str:
    """A printed label without its colon and with every run of white space as one blank."""
    return one_line(one_line(printed).removesuffix(":"))
