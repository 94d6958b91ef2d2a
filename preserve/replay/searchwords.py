"""What a person types to search, as an expression of SQLite's FTS5: never one that it refuses.

::

    harbour master          both words
    "harbour master"        the phrase
    harb*                   words that begin so
    harbour OR port         either; AND, OR, NOT in capitals, NOT before AND before OR
    harbour -gulls          without the second (as NOT)
    (harbour OR port) fee   brackets group

    -(gulls OR terns)       without any of them

Everything else is letters and digits with what parts them: ``E.O. 12958`` is the phrase of its three words, a quote
that is not closed goes to the end, a star alone or a bracket too many is nothing.

Tested by ``tests/scenarios/test_search.py``.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from preserve.errors import UsageError
from preserve.expressions import lazy_re
from preserve.text import terminal_line

_TOKEN: Final = re.compile(
    r'(?P<minus>(?<![^\s(])-(?=[^\s)-]))?(?:"(?P<phrase>[^"]*)"?(?P<pstar>\*)?|(?P<word>[^\s"()]+)|(?P<bracket>[()]))'
)
_MAX_TOKENS: Final = 200
_MAX_CHARS: Final = 4_000
_MAX_DEPTH: Final = 20
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\ufeff"))
_OPERATORS: Final = frozenset({"AND", "OR", "NOT"})


def searchable(text: str) -> str:
    """A text without signs that nobody sees and that would part a word: soft hyphens, joiners, blanks of no width."""
    return text.translate(_UNSEEN)


def expression(text: str) -> str:
    """The expression of FTS5.

    Raises:
        UsageError: no word is asked for, or only what must not be there, or too much.
    """
    if len(text) > _MAX_CHARS:
        raise UsageError(f"a search of {len(text):,} characters", next_step=f"At most {_MAX_CHARS:,} are taken.")
    parser = _Parser(list(_tokens(searchable(text))))
    found = parser.either(0)
    if found is None:
        raise UsageError(
            "nothing to search for", next_step='Give a word or a "phrase"; `preserve list` lists what is held.'
        )
    if found.startswith("!"):
        raise UsageError(
            "only words that must not be there", next_step="Give a word that must be there too: harbour -gulls."
        )
    return found


_DAY: Final = lazy_re(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")


def days(first: str, last: str) -> tuple[str, str]:
    """The first and the last day that are asked for: a year, a month or a day each, or nothing.

    Raises:
        UsageError: one is none, or the first is after the last.
    """
    first, last = _day(first), _day(last)
    if first and last and first > f"{last}~":
        raise UsageError(f"from {first} to {last} is no time", next_step="Give the earlier date first.")
    return first, last


def _day(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    match = _DAY.match(text)
    try:
        # A text of another form is as little a date as the year 0.
        date(*((0, 0, 0) if match is None else (int(part or 1) for part in match.groups())))
    except ValueError as error:
        raise UsageError(
            f"{terminal_line(text, 40)!r} is not a date", next_step="Write 2005, 2005-03 or 2005-03-14."
        ) from error
    return text


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    count = 0
    for match in _TOKEN.finditer(text.replace("\0", " ")):
        count += 1
        if count > _MAX_TOKENS:
            raise UsageError(f"a search of more than {_MAX_TOKENS} words", next_step="Search for less at a time.")
        if match["minus"]:
            yield "NOT", ""
        if match["bracket"]:
            yield match["bracket"], ""
            continue
        word = match["phrase"] if match["phrase"] is not None else match["word"]
        if match["word"] in _OPERATORS:
            yield match["word"], ""
        elif any(char.isalnum() for char in word):
            star = "*" if match["pstar"] or (match["word"] or "").endswith("*") else ""
            yield "word", '"' + word.replace('"', '""').rstrip("*") + '"' + star


class _Parser:
    """Recursive descent over tokens. A part is an expression, with ``!`` before it where it must not be; None: none."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def either(self, depth: int) -> str | None:
        parts = [self._all(depth)]
        while self._peek() == "OR" or (depth == 0 and self._peek() == ")"):
            is_or = self._peek() == "OR"
            self._at += 1
            part = self._all(depth)
            # A bracket that closes nothing is nothing: what follows it is asked for as well.
            if is_or or parts[-1] is None:
                parts.append(part)
            else:
                parts[-1] = _join([p for p in (parts[-1], part) if p is not None])
        said = [part for part in parts if part is not None]
        good = [part for part in said if not part.startswith("!")]
        if len(good) > 1:
            return f"({' OR '.join(good)})"
        return good[0] if good else (said[0] if said else None)

    def _all(self, depth: int) -> str | None:
        parts: list[str] = []
        while self._peek() not in {"", "OR", ")"}:
            is_not = False
            while self._peek() in {"AND", "NOT"}:
                is_not = is_not or self._peek() == "NOT"
                self._at += 1
            part = self._one(depth)
            if part is not None:
                parts.append(f"!{part.removeprefix('!')}" if is_not else part)
        return _join(parts)

    def _one(self, depth: int) -> str | None:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind == "word":
            self._at += 1
            return text
        if kind == "(":
            if depth >= _MAX_DEPTH:
                raise UsageError(f"brackets in more than {_MAX_DEPTH} brackets", next_step="Search for less at a time.")
            self._at += 1
            found = self.either(depth + 1)
            if self._peek() == ")":
                self._at += 1
            return found
        return None


def _join(parts: list[str]) -> str | None:
    good = [part for part in parts if not part.startswith("!")]
    bad = [part[1:] for part in parts if part.startswith("!")]
    if not good:
        return f"!({' OR '.join(bad)})" if bad else None
    wanted = good[0] if len(good) == 1 else f"({' AND '.join(good)})"
    return f"({wanted} NOT ({' OR '.join(bad)}))" if bad else wanted
