"""Citations rendered in the styles of journals and courts, by citeproc-py from the styles in ``styles/``.

citeproc-py 0.11 does not turn quotation marks inside of quoted titles, sets full stops behind American closing marks
and leaves no blank after a number; all three are put right here (docs/citing.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from preserve.errors import EnvironmentFaultError
from preserve.expressions import lazy_re
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData, captured_at, safe_url
from preserve.model import NOT_WHOLE

_STYLES: Final = Path(__file__).parent / "styles"
_CHICAGO_NOTES: Final = "chicago-notes-bibliography-17th-edition"
_INNER_PAIR: Final = lazy_re(r"“([^“”\"]*)”|\"([^“”\"]*)\"")
_STOP_OUTSIDE: Final = lazy_re(r"(\u2019?\u201d)([.,])")
_STOP_AFTER_MARK: Final = lazy_re(r"([?!]\u2019?)\.(?=\u2019?\u201d|\s|\Z)")
_COMMA_AFTER_MARK: Final = lazy_re(r"([?!]\u2019?),(?=\u2019?\u201d)")
_NUMBER: Final = lazy_re(r"\A(\[1\])(?=\S)")
_MARK_CHARS: Final = str.maketrans({"<": "\ue000", ">": "\ue001"})
_BACK: Final = str.maketrans({"\ue000": "<", "\ue001": ">"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationStyle:
    """A style: its file without ``.csl``, what is printed of it, and how it marks a title."""

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


def render(data: CitationData, name: str) -> str:
    """The citation in one of `STYLES`, then a sentence that identifies the copy; one line and its end.

    Raises:
        EnvironmentFaultError: citeproc-py is not installed.
    """
    style = STYLES[name]
    text = _NUMBER.sub(r"\1 ", " ".join(_processed(_item(data, style), style).split()))
    if style.american:
        text = _STOP_OUTSIDE.sub(r"\2\1", text)
    text = _STOP_AFTER_MARK.sub(r"\1", text)
    if style.drops_comma:
        text = _COMMA_AFTER_MARK.sub(r"\1", text)
    end = "" if text.endswith((".", ".”")) else "."
    return f"{text.translate(_BACK)}{end} {_copy(data)}\n"


def _item(data: CitationData, style: CitationStyle) -> dict[str, object]:
    """The item without what the sentence on the copy says, and what styles would print at a place of their own."""
    whole = to_csl_json(data)
    names = ("id", "author", "issued", "accessed", "number")
    kept: dict[str, object] = {name: value for name, value in whole.items() if name in names}
    # A style's markup is no part of a title: `<i>` in one is these three characters.
    kept["title"] = _turned(data.name, style).translate(_MARK_CHARS)
    kept["URL"] = safe_url(data.archived_url or data.url)
    kept["type"] = "webpage"
    if data.identifier:
        kept["genre"] = "Cable"
    return kept


def _turned(title: str, style: CitationStyle) -> str:
    begin, end = style.inner
    return _INNER_PAIR.sub(lambda match: begin + (match[1] if match[1] is not None else match[2]) + end, title)


def _processed(item: Mapping[str, object], style: CitationStyle) -> str:
    citeproc = _citeproc()
    sheet = citeproc.CitationStylesStyle(str(_STYLES / f"{style.file}.csl"), style.language, validate=False)
    source = citeproc.source.json.CiteProcJSON([item])
    bibliography = citeproc.CitationStylesBibliography(sheet, source, citeproc.formatter.plain)
    citation = citeproc.Citation([citeproc.CitationItem(item["id"])])
    bibliography.register(citation)
    if style.is_note:
        return str(bibliography.cite(citation, lambda _item: None))
    return str(bibliography.bibliography()[0])


def _citeproc() -> Any:  # noqa: ANN401 - citeproc-py is not typed
    try:
        import citeproc  # noqa: PLC0415 - an extra, and slow to load
        import citeproc.formatter.plain  # noqa: PLC0415
        import citeproc.source.json  # noqa: PLC0415
    except ImportError as error:
        raise EnvironmentFaultError(
            "citations in a style need citeproc-py, which is not installed",
            next_step="Run `pip install -e '.[cite]'` in the checkout, or take --format csl-json elsewhere.",
        ) from error
    return citeproc


def _copy(data: CitationData) -> str:
    names = ", ".join(data.identifiers)
    place = f" ({data.passage})" if data.passage else ""
    hand = f", second hand, {data.second_hand}" if data.second_hand else ""
    doubt = f" (in doubt: {data.date_doubt})" if data.date_doubt else ""
    lack = f", {NOT_WHOLE[data.whole]}" if data.whole in NOT_WHOLE else ""
    released = f", source {data.source} released {data.source_released}" if data.source_released else ""
    original = f" from {safe_url(data.url)}" if data.archived_url else ""
    return (
        f"Captured {captured_at(data):%Y-%m-%dT%H:%M:%SZ}{doubt}{original}{hand}{lack}{released}, {data.archive}, "
        f"statement {data.statement}, {names}{place}."
    )
