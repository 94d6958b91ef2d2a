"""Pages that say "not found" though their reply says 200: soft 404s, told by what stands on them.

Only short pages are told by their text, so that an article about missing pages is none; a title tells of any length.
The words are those of common servers and publishing systems, in the languages of the sites that this was tried on.
"""

import html
import re

from preserve.expressions import lazy_re

_MOST_CHARS = 1_500
"""Visible characters of a page that may be taken for an error page by its text."""
_LOOKED_AT_BYTES = 16_384
_TITLE = lazy_re(rb"<title[^<>]{0,200}>([^<]{0,400})", re.IGNORECASE)
_WORDS = lazy_re(
    r"""
    \b404\b(?=.{0,40}\b(?:error|not|page|found|chyba|fehler|erreur)\b) | \berror\ 404\b
    | \b(?:page|file|document|cable|url|address|resource|article|record)\b.{0,60}?
      \b(?:not\ (?:be\ )?found|does\ not\ exist|doesn't\ exist|no\ longer\ (?:exists?|available)|has\ been\ removed)\b
    | \bno\ such\ (?:page|file|document|cable|article|record)\b | \bnot\ found\b(?=\W*\Z)
    | \bseite\ nicht\ gefunden\b | \bpage\ introuvable\b | \bpágina\ no\ encontrada\b
    | \bstránka\ (?:nebyla\ nalezena|nenalezena|neexistuje)\b | \bpagina\ niet\ gevonden\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TITLES = lazy_re(
    r"\s*(?:(?:error\W*)?404\b|(?:page|file|document|cable)?\W*not found\b"
    r"|page\W+introuvable|seite\W+nicht gefunden)",
    re.IGNORECASE,
)


def is_error_page(content: bytes, text: str) -> bool:
    """True where a page with status 200 reads as an error page. ``text`` is what the page shows."""
    title = _TITLE.search(content, 0, _LOOKED_AT_BYTES)
    if title is not None and _TITLES.match(html.unescape(title.group(1).decode("utf-8", "replace"))):
        return True
    flat = " ".join(text[: _MOST_CHARS * 2].split())
    return len(flat) <= _MOST_CHARS and _WORDS.search(flat) is not None
