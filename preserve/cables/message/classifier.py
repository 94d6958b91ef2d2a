"""Who classified a message, taken apart: name, title and office, and the sections that give the reasons.

The words come in two orders, ``TITLE NAME`` and ``NAME, TITLE, OFFICE``, and what tells them apart is a list of the
words of titles. Without any such word all is a name. What fits neither is left whole.

Tested by ``tests/unit/cables/test_heads.py``.
"""

import re
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from preserve.cables.likeness import one_letter_apart
from preserve.cables.message.printed import PrintedValue, printed
from preserve.expressions import lazy_re

_REPEATED: Final = lazy_re(
    r"(?:\s|\\|\((?:U|SBU|C|S)\)|1\.(?= )|This (?:message|cable)(?: is| was)?(?= )|CLASS?I?F?IED\s+BY\b:?)*",
    re.IGNORECASE,
)
"""What is printed again before the words: the label, a number, a portion mark."""
_ENDING: Final = lazy_re(
    r"(?:[\s,;:.(-]|\bE\.?O\.? ?\d{5}|\b(?:for|f0r|fr|per|under|section|based (?:up)?[o0]n|due to|"
    r"in accordance with|pursuant to)|\(acting\))+\Z",
    re.IGNORECASE,
)
_ENDING_CHARS: Final = 80
_SUFFIX: Final = lazy_re(r"(?<![A-Za-z])(?:Jr|Sr)\Z", re.IGNORECASE)
_PART: Final = lazy_re(r"[^,;]+(?:,\s*(?:(?:Jr|Sr)\.?|I{2,3}|IV|a\.?i\.?)(?![A-Za-z]))?", re.IGNORECASE)
_WORD: Final = lazy_re(r"[^\s]+")
_TITLE_WORDS: Final = frozenset(
    """
ACTING ADVISER ADVISOR AFFAIRES AFFAIRS AFFAIRE AFFAIRIES AGENT AI AMB AMBASSADOR AMBASSADOR-AT-LARGE ASSISTANT
ASSOCIATE A/S A/DCM ATTACHE BUREAU CDA CHARGE CHIEF COMMERCIAL CONSUL CONSULAR COORDINATOR COUNSEL COUNSELOR COUNSELLOR
COUNS D'AFFAIRES DAFFAIRES D'AFFAIRS DCM DEFENSE DEPUTY DIR DIRECTOR ECON ECONCOUNS ECONCOUNSELOR ECONOFF ECONOMIC
ENVOY EXECUTIVE FINANCIAL FIRST GENERAL GOVERNANCE HEAD INTERIM LABOR LEADER LEGAL LIAISON M/C MANAGEMENT MANAGER MEMBER
MILITARY MIN MINISTER MINISTER-COUNSELOR MISSION OFFICER OFFICE PAO POL POLITICAL POLITICAL-MILITARY POLAD POLCHIEF
POLCOUNS POLCOUNSELOR POLECON POLMIL POLOFF POL/ECON POL/ECONOFF POL/MIL E/P PRINCIPAL PROVINCIAL REGIONAL
REPRESENTATIVE RSO SCIENCE SECOND SECRETARY SECTION SENIOR SPECIAL STAFF TEAM THIRD TRADE UNDER UNIT VICE COUN
ARSO ASIA CENTRAL CHAIRMAN COM CONGEN CONOFF CONS COUNS DAS DELEGATE DIPLOMATIC DPO EASTERN ECMIN EMIN EUROPEAN IPO
LEGATT MC PDAS POLMINCONS SECURITY TDY U/S WESTERN
""".split()  # noqa: SIM905 - a list that can be read
)
_JOINING: Final = frozenset("OF FOR TO AND & IN AT ON THE DE".split())  # noqa: SIM905 - a list that can be read
_OFFICES: Final = frozenset(
    """
DEPARTMENT DEPT STATE EMBASSY CONSULATE MISSION BUREAU OFFICE U.S. US AIT USUN USEU USNATO USOSCE UNVIE VCI ISN NEA EUR
EAP WHA SCA AF IO EEB PRM INL INR OES DRL S/CT
""".split()  # noqa: SIM905 - a list that can be read
)
_NAME_WORD: Final = r"(?:[A-Z0][A-Za-z0'\u2019.-]{0,24}|[a-z]{2,3})"
_NAME: Final = lazy_re(rf"(?!0){_NAME_WORD}(?:\s+{_NAME_WORD}){{0,4}}(?:,\s*(?:Jr|Sr|JR|SR|I{{2,3}}|IV)\.?)?")
_SECTION: Final = lazy_re(r"(\d)\s?\.\s?(\d)")
_LETTER: Final = lazy_re(r"(?<![A-Za-z])([A-Ha-h])(?![A-Za-z])")
_CUT_AND: Final = lazy_re(r"\ba\s+nd\b|\ban\s+d\b", re.IGNORECASE)
"""The word between two letters, cut at the end of a line."""
_SHORTEST_GARBLED: Final = 8
"""Letters of a title's word that is told with one of them wrong."""
_MOST_REASONS: Final = 20

ClassifierRule = Literal["name alone", "name before the title", "name behind the title"]


class Classifier(Struct, frozen=True, kw_only=True):
    """Name, title and office of who classified, as printed, and the rule that told them apart.

    A title or office that is not told is None. No rule is certain: they go by the words of titles.
    """

    name: PrintedValue
    title: PrintedValue | None
    office: PrintedValue | None
    rule: ClassifierRule


def read_classifier(said: str, start: int, end: int, offset: int) -> Classifier | None:
    """The parts of what is printed in ``[start, end)``; ``offset`` is added to their places. None: they fit no form."""
    begin = _REPEATED.match(said, start, end)
    start = start if begin is None else begin.end()
    ending = _ENDING.search(said, max(start, end - _ENDING_CHARS), end)
    end = end if ending is None else ending.start()
    if said[end : end + 1] == "." and _SUFFIX.search(said, start, end):
        end += 1
    parts = [match.span() for match in _PART.finditer(said, start, end) if match[0].strip()]
    if not parts:
        return None
    first, *others = parts
    if others and _is_title(said, *first) and not _names_behind(said, *first):
        first, others = (first[0], others[0][1]), others[1:]
    at = _names_behind(said, *first)
    if at is None and not _has_title(said, *first):
        name, title_parts, office_parts = first, [part for part in others if _has_title(said, *part)][:1], others
        rule: ClassifierRule = "name before the title" if title_parts else "name alone"
    elif at is not None:
        name, title_parts, office_parts, rule = (at, first[1]), [(first[0], at)], others, "name behind the title"
    else:
        return None
    office_parts = [part for part in office_parts if part not in title_parts]
    whole = _printed(said, *name, offset)
    if whole is None or _NAME.fullmatch(whole.text) is None:
        return None
    title = _printed(said, *title_parts[0], offset) if title_parts else None
    office = _printed(said, office_parts[0][0], office_parts[-1][1], offset) if office_parts else None
    return Classifier(name=whole, title=title, office=office, rule=rule)


def _printed(said: str, start: int, end: int, offset: int) -> PrintedValue | None:
    while start < end and said[start] in " \t\r\n,;:.-":
        start += 1
    while end > start and said[end - 1] in " \t\r\n,;:-":
        end -= 1
    value = printed(said, start, end)
    return None if value is None else PrintedValue(text=value.text, start=offset + value.start, end=offset + value.end)


def _words(said: str, start: int, end: int) -> list[tuple[int, str]]:
    return [(match.start(), match[0].strip(".,:;()'").upper()) for match in _WORD.finditer(said, start, end)]


def _title_word(word: str) -> bool:
    if word in _TITLE_WORDS or word in _OFFICES or "/" in word or word == "A.I":
        return True
    return len(word) >= _SHORTEST_GARBLED and _is_garbled(word.replace("0", "O"))


@lru_cache(maxsize=1_024)
def _is_garbled(word: str) -> bool:
    """Whether a word is one of titles with a letter wrong; only long ones, because names are like short ones."""
    return word in _TITLE_WORDS or any(
        len(title) >= _SHORTEST_GARBLED and one_letter_apart(word, title) for title in _TITLE_WORDS
    )


def _has_title(said: str, start: int, end: int) -> bool:
    return any(_title_word(word) for _, word in _words(said, start, end))


def _is_title(said: str, start: int, end: int) -> bool:
    words = _words(said, start, end)
    return bool(words) and _title_word(words[-1][1])


def _names_behind(said: str, start: int, end: int) -> int | None:
    """Where the name begins that stands behind a title; None where no title or no name stands there."""
    words = _words(said, start, end)
    last = next((number for number in range(len(words) - 1, -1, -1) if _title_word(words[number][1])), None)
    if last is None:
        return None
    joining = next((number for number in range(len(words) - 1, last, -1) if words[number][1] in _JOINING), None)
    at = last + 1 if joining is None else joining + 2
    return words[at][0] if at < len(words) else None


def read_reasons(said: str) -> tuple[str, ...]:
    """The sections that a reason names, one by one: ``1.4 (b) and (d)`` gives ``1.4 (b)`` and ``1.4 (d)``."""
    said = _CUT_AND.sub("and", said)
    found: dict[str, None] = {}
    sections = list(_SECTION.finditer(said))
    for number, section in enumerate(sections):
        end = sections[number + 1].start() if number + 1 < len(sections) else len(said)
        letters = [match[1].lower() for match in _LETTER.finditer(said, section.end(), end)]
        name = f"{section[1]}.{section[2]}"
        for reason in [f"{name} ({letter})" for letter in letters] or [name]:
            found.setdefault(reason)
    return tuple(found)[:_MOST_REASONS]


__all__ = ["Classifier", "read_classifier", "read_reasons"]
