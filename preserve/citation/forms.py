"""Every form that a citation is written in, by its name."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from preserve.citation.passage import Passage
from preserve.citation.rendered import STYLES, is_style, render
from preserve.citation.selectors import annotation, text_fragment
from preserve.errors import UsageError
from preserve.formats.citations.bibtex import to_biblatex, to_bibtex
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData, pwid, safe_url
from preserve.formats.citations.ris import to_ris
from preserve.formats.citations.texts import to_markdown, to_robust_link, to_text, to_wikitext

_PLAIN: Final[Mapping[str, Callable[[CitationData], str]]] = {
    "text": to_text,
    "bibtex": to_bibtex,
    "biblatex": to_biblatex,
    "ris": to_ris,
    "csl-json": lambda data: _json([to_csl_json(data)]),
    "html": to_robust_link,
    "markdown": to_markdown,
    "wikitext": to_wikitext,
    "pwid": lambda data: pwid(data) + "\n",
    "ark": lambda data: _said(
        data.ark, "the collection's configuration has no `ark`", "Add it, as docs/citing.md shows."
    ),
    "permalink": lambda data: _said(
        safe_url(data.archived_url),
        "the collection's configuration has no `public_url`",
        "Publish the collection first, as docs/citing.md shows.",
    ),
    "ni": lambda data: "".join(name + "\n" for name in data.identifiers),
}
MANY_LINES: Final = frozenset({"bibtex", "biblatex", "ris", "annotation", "ni"})
"""Forms of several lines: what follows one of them stands apart."""
FORMS: Final = (*_PLAIN, "text-fragment", "annotation", *STYLES)


def write(data: CitationData, form: str, passage: Passage | None = None, *, number: int = 1) -> str:
    """The citation in one of `FORMS` or a style ``csl:NAME``; ends with a newline.

    ``number``: which one of a list it is.

    Raises:
        UsageError: the form is of a passage, and none is cited.
        EnvironmentFaultError: the form needs a library that is not installed.
    """
    if is_style(form):
        return render(data, form, number)
    if form == "annotation":
        return _json(annotation(data, passage))
    if form == "text-fragment":
        if passage is None:
            raise UsageError(
                "a link to a text fragment needs a passage", next_step="Give --quote, --paragraph or --chars."
            )
        return text_fragment(data, passage) + "\n"
    return _PLAIN[form](data)


def available(data: CitationData, passage: Passage | None) -> list[str]:
    """The forms that can be written of a citation, but for what is not installed."""
    lacks = {
        "text-fragment": passage is None,
        "ark": not data.ark,
        "permalink": not data.archived_url,
    }
    return [form for form in FORMS if not lacks.get(form)]


def _said(value: str, lack: str, next_step: str) -> str:
    if not value:
        raise UsageError(lack, next_step=next_step)
    return value + "\n"


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
