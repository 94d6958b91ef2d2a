"""Whether words in quotation marks are the title of what is cited, as citation styles print it: `“Title,”`.

Styles change a title's capital letters and quotation marks, set their comma or full stop inside of the closing mark,
and may leave out the name of the site; long titles are cut with an ellipsis. Letters and digits are compared.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from preserve.cables.extract import Extraction
from preserve.cables.page.titles import page_title
from preserve.expressions import lazy_re
from preserve.provenance.describe import HTML_TYPES
from preserve.replay.recover import RecoveredPage

_SITE: Final = lazy_re(r"\s+[|\u2013\u2014\u00b7:\u00bb-]\s+")
_CUT: Final = lazy_re(r"(?:\.\s?\.\s?\.|\u2026)[\s.,;]*\Z")
_FEWEST_SIGNS: Final = 8
"""Letters that a cut title must have to be told as one."""
_MOST_CHARS: Final = 2_000


def titles_of(page: RecoveredPage, cable: Extraction | None) -> tuple[str, ...]:
    """The titles that a page gives itself and its cable: of the message's subject, the layout's heading, the page."""
    found = []
    if cable is not None:
        subject = cable.message.subject
        found += [cable.title, "" if subject is None else subject.text]
    if page.media_type in HTML_TYPES:
        found.append(page_title(page.content, page.content_type))
    return tuple(title[:_MOST_CHARS] for title in dict.fromkeys(found) if title)


def is_title(quote: str, titles: Iterable[str]) -> bool:
    """Whether words are one of the titles, whole, without its site's name, or cut with an ellipsis."""
    words = _signs(quote[:_MOST_CHARS])
    if not words:
        return False
    cut = _CUT.search(quote) is not None and len(words) >= _FEWEST_SIGNS
    return any(words == form or (cut and form.startswith(words)) for title in titles for form in _forms(title))


def _forms(title: str) -> Iterator[str]:
    yield _signs(title)
    parts = _SITE.split(title)
    if len(parts) > 1:
        # The site's name stands first or last.
        yield _signs(" ".join(parts[:-1]))
        yield _signs(" ".join(parts[1:]))


def _signs(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isalnum())
