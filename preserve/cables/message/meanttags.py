"""What the tags of a message mean, beside the tags as they are printed.

Codes are told by the lists of `preserve.cables.message.tagcodes`. Each meaning names the rule that made it:

=========================  ==========================================================================  =======
rule                       what is printed                                                             certain
=========================  ==========================================================================  =======
``as printed``             a code or name of the lists                                                 yes
``letter case``            the same in other letters: ``prel``                                         yes
``name of several words``  words with blanks between them that are one name: ``COUNTRY CLEARANCE``     yes
``run together``           codes without anything between them: ``ETRDEINVCS``                         (*)
``person``                 who stands behind ``OVIP``, in brackets or by words no list has             (**)
``one letter``             one letter wrong, missing, too many, or two swapped: ``UNDESCO``            no
``not in the lists``       anything else; it means what is printed                                     no
=========================  ==========================================================================  =======

(*) where there is only one split; where others need more codes the shortest alone counts, and it is not certain; where
two are as short, or none of the codes has four letters, the word stays whole. (**) in brackets yes. A repeated tag is
told once. A caption of the message that stands among its tags (``SIPDIS``) is none.

Tested by ``tests/unit/cables/test_heads.py``.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from preserve.cables.message.classification import CAPTION
from preserve.cables.message.printed import PrintedValue
from preserve.cables.message.tagcodes import NAMES, ORGANIZATIONS, PLACES, PROGRAMMES, SUBJECTS
from preserve.expressions import lazy_re

TagRule = Literal[
    "as printed",
    "letter case",
    "name of several words",
    "run together",
    "person",
    "one letter",
    "not in the lists",
]

_WORD: Final = lazy_re(r"[^\s()\[\]]+")
_BRACKET: Final = lazy_re(r"[(\[]([^()\[\]]*)[)\]]?")
_BETWEEN: Final = lazy_re(r"[\s\\]*")
_VISITORS: Final = "OVIP"
_MOST_WORDS: Final = 5
"""Words of the longest name."""
_MOST_NAMES: Final = 3
"""Words of a person's name that stands in no brackets."""
_LONGEST_RUN: Final = 200
"""Letters that are split into codes at the most."""
_SHORTEST_GARBLED: Final = 4
_LONGEST_GARBLED: Final = 30
_OTHERWISE: Final = {"COUNTER TERRORISM": "COUNTERTERRORISM", "PHALANAGE PARTY": "PHALANGE PARTY"}


class MeantTag(Struct, frozen=True, kw_only=True):
    """A tag that is meant, the rule that says so, and ``[start, end)`` of the body, where it is printed."""

    meant: str
    rule: TagRule
    certain: bool
    start: int
    end: int


class _Word(Struct, frozen=True):
    said: str
    upper: str
    start: int
    end: int
    follows: bool
    """Whether nothing but blanks stands between this word and the one before it."""
    tag: int
    """Which of the printed tags it belongs to."""
    bracketed: bool = False


class _Lists(Struct, frozen=True):
    known: frozenset[str]
    """Codes, and names with single blanks."""
    joined: dict[str, str]
    """By their letters without blanks."""
    longest: int
    plain: frozenset[str]
    """Codes that begin no name of several words and announce nobody."""


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    names = {" ".join(name.split()) for name in NAMES.split(";")}
    codes = {code for some in (SUBJECTS, PROGRAMMES, ORGANIZATIONS, PLACES) for code in some.split()}
    known = frozenset(codes | names)
    joined = {name.replace(" ", ""): name for name in known}
    words = [name.split(" ") for name in (*names, *_OTHERWISE)]
    plain = known - {parts[0] for parts in words if len(parts) > 1} - {_VISITORS}
    return _Lists(known, joined, max(map(len, joined)), plain)


def completes_name(said: str, below: str) -> bool:
    """Whether the last words of a line of tags and those of the line below are one name of the lists."""
    lists = _lists()
    words, more = said.upper().split()[-_MOST_WORDS:], below.upper().split()
    if not words or not more or len(more) >= _MOST_WORDS:
        return False
    return any(" ".join([*words[-size:], *more]) in lists.known for size in range(1, len(words) + 1))


def meant_tags(source: str, tags: Sequence[PrintedValue]) -> tuple[MeantTag, ...]:
    """What the tags mean that were read in ``source``, in order, each once. Never fails; time is linear."""
    plain = _lists().plain
    if all(tag.text in plain for tag in tags):
        # The commonest line by far: codes, each for itself.
        named = {
            tag.text: MeantTag(meant=tag.text, rule="as printed", certain=True, start=tag.start, end=tag.end)
            for tag in reversed(tags)
        }
        return tuple(named[name] for name in dict.fromkeys(tag.text for tag in tags))
    words = _words(source, tags)
    found: dict[str, MeantTag] = {}
    at = 0
    visitor = False
    while at < len(words):
        size, told = _at(words, at, visitor=visitor)
        for tag in told:
            if CAPTION.fullmatch(tag.meant) is None:
                found.setdefault(tag.meant, tag)
        visitor = bool(told) and (
            told[-1].meant == _VISITORS or (visitor and told[-1].rule == "person" and words[at].bracketed)
        )
        at += size
    return tuple(found.values())


def _words(source: str, tags: Sequence[PrintedValue]) -> list[_Word]:
    words: list[_Word] = []
    last = 0
    for number, tag in enumerate(tags):
        follows = bool(words) and _BETWEEN.fullmatch(source, last, tag.start) is not None
        position = tag.start
        while position < tag.end:
            bracket = _BRACKET.match(source, position, tag.end)
            match = bracket or _WORD.match(source, position, tag.end)
            if match is None:
                position += 1
                continue
            said = " ".join((match[0] if bracket is None else match[1]).replace("\\", " ").split())
            if said.strip(".-/:*"):
                words.append(
                    _Word(said, said.upper(), match.start(), match.end(), follows, number, bracket is not None)
                )
                follows = True
            position = match.end()
        last = tag.end
    return words


def _at(words: Sequence[_Word], at: int, *, visitor: bool) -> tuple[int, list[MeantTag]]:
    """How many words are read at a place, and what they mean."""
    lists = _lists()
    word = words[at]
    if word.bracketed and not (_is_known(lists, word.upper) and not visitor):
        return 1, [_tag(word.upper, "person" if visitor else "not in the lists", [word], certain=visitor)]
    run = _run(words, at, _MOST_WORDS)
    for size in range(len(run), 1, -1):
        name = " ".join(one.upper for one in run[:size])
        name = _OTHERWISE.get(name, name)
        if name in lists.known:
            return size, [_tag(name, "name of several words", run[:size], certain=True)]
    plain = word.upper.strip(".:-*")
    if plain in lists.known:
        rule: TagRule = "as printed" if word.said == plain else "letter case"
        return 1, [_tag(plain, rule, run[:1], certain=True)]
    if visitor:
        names = [one for one in _run(words, at, _MOST_NAMES) if not _is_known(lists, one.upper)]
        return len(names), [_tag(_surname_first(names), "person", names, certain=False)]
    unknown = _unknown(lists, words, at)
    for some in (unknown[:1], unknown) if len(unknown) > 1 else (unknown,):
        split, only = _split(lists, "".join(one.upper.strip(".:-*") for one in some))
        if split:
            return len(some), [_tag(code, "run together", some, certain=only) for code in split]
    whole = [one for one in unknown if one.tag == word.tag]
    if len(whole) > 1:
        return len(whole), [_tag(" ".join(one.upper for one in whole), "not in the lists", whole, certain=False)]
    near = _near(plain)
    if near is not None:
        return 1, [_tag(near, "one letter", run[:1], certain=False)]
    return 1, [_tag(plain or word.upper, "not in the lists", run[:1], certain=False)]


def _tag(meant: str, rule: TagRule, words: Sequence[_Word], *, certain: bool) -> MeantTag:
    return MeantTag(meant=meant, rule=rule, certain=certain, start=words[0].start, end=words[-1].end)


def _run(words: Sequence[_Word], at: int, most: int) -> list[_Word]:
    """The word there and those that follow it with nothing but blanks between."""
    run = [words[at]]
    for word in words[at + 1 : at + most]:
        if not word.follows or word.bracketed:
            break
        run.append(word)
    return run


def _unknown(lists: _Lists, words: Sequence[_Word], at: int) -> list[_Word]:
    """Of these words the first ones that no list has."""
    run = _run(words, at, _MOST_WORDS)
    size = next((size for size, word in enumerate(run) if _is_known(lists, word.upper)), len(run))
    return run[: max(1, size)]


def _is_known(lists: _Lists, word: str) -> bool:
    return word.strip(".:-*") in lists.known


def _surname_first(words: Sequence[_Word]) -> str:
    first, *others = (word.upper for word in words)
    return f"{first}, {' '.join(others)}" if others else first


def _split(lists: _Lists, letters: str) -> tuple[list[str], bool]:
    """The fewest codes that letters are made of, and whether there is no other split; empty where two are as short.

    Work is the number of letters times that of the longest name.
    """
    if len(letters) > _LONGEST_RUN or letters in lists.joined:
        return ([lists.joined[letters]], True) if letters in lists.joined else ([], False)
    # By the number of letters: the fewest codes, in how many ways, how many ways in all, and the last of them.
    best: list[tuple[int, int, int, str]] = [(0, 1, 1, "")] + [(0, 0, 0, "")] * len(letters)
    for end in range(1, len(letters) + 1):
        fewest, ways, every, last = 0, 0, 0, ""
        for start in range(max(0, end - lists.longest), end):
            count, some, all_of_them, _ = best[start]
            piece = letters[start:end]
            if not all_of_them or piece not in lists.joined:
                continue
            every = min(every + all_of_them, _LONGEST_RUN)
            if not fewest or count + 1 < fewest:
                fewest, ways, last = count + 1, some, piece
            elif count + 1 == fewest:
                ways = min(ways + some, _LONGEST_RUN)
        best[end] = fewest, ways, every, last
    _, ways, every, _ = best[-1]
    if ways != 1:
        return [], False
    codes: list[str] = []
    end = len(letters)
    while end:
        piece = best[end][3]
        codes.append(lists.joined[piece])
        end -= len(piece)
    return (codes[::-1], every == 1) if any(len(code) >= _SHORTEST_GARBLED for code in codes) else ([], False)


@lru_cache(maxsize=1_024)
def _near(word: str) -> str | None:
    """The one code or name from which a word differs by one letter."""
    joined = _lists().joined
    if not _SHORTEST_GARBLED <= len(word) <= _LONGEST_GARBLED or not word.isascii() or not word.isalpha():
        return None
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    near = {before + letter + after for before, after in parts for letter in letters}
    near |= {before + letter + after[1:] for before, after in parts if after for letter in letters}
    near |= {before + after[1:] for before, after in parts if after}
    near |= {before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1}
    found = {joined[one] for one in near if one in joined and len(one) >= _SHORTEST_GARBLED}
    return found.pop() if len(found) == 1 else None
