"""Whether two repetitions of an expression can share one text between them in many ways, as in ``a*a*b``.

Python's engine goes back: where two repetitions can both take the same signs, and all that must stand between them too,
a text of n such signs is cut between them at n places, and for three repetitions in the square of it. This looks at the
tree of Python's own parser, one pass from left to right, with the repetitions that may still be gone back into.

A set of signs is a whole number with a bit for each sign of a small alphabet: ASCII, some signs beyond it of each kind,
and every sign that the expression names. What is not known counts for all signs, so that more is refused than need be.

Tested by ``tests/unit/config/test_patterns.py``.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from preserve.expressions import lazy_re

_ENDLESS: Final = re._parser.MAXREPEAT  # type: ignore[attr-defined] # noqa: SLF001 - "without end", in the parser's tree
_ENDLESS_COST: Final = 10_000
_MOST_COST: Final = 4_000_000
"""Of ways: one repetition without end and one of 256 times, or three of 128 times."""
_SHORT: Final = 16
"""So many times is no repetition."""
_BEYOND: Final = "\u00a0\u00e9\u0130\u0660\u2028\u20ac\u4e2d"
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": lazy_re(r"\d"), "CATEGORY_NOT_DIGIT": lazy_re(r"\D"), "CATEGORY_SPACE": lazy_re(r"\s"),
    "CATEGORY_NOT_SPACE": lazy_re(r"\S"), "CATEGORY_WORD": lazy_re(r"\w"), "CATEGORY_NOT_WORD": lazy_re(r"\W"),
}  # fmt: skip
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_OVERLAP: Final = (
    "two repetitions can take the same text, as in 'a*a*b' or 'x+y?x+', and each way to share it is tried; put between "
    "them what neither of them takes, make the first possessive ('*+'), or count them, as in '.{0,100}' (a blank is a "
    "repetition, and blanks may stand before and behind whole lines)"
)
_EVERYWHERE: Final = (
    "a repetition can take all that must stand before it, too, and is tried again from each place of a page; count it, "
    "as in '.{0,200}'"
)
_FLAGS: Final = lazy_re(r"\(\?([aiLmsux]*)(?:-[imsx]+)?[:)]")

Part = tuple[Any, Any]
"""An operator of the parser and its argument."""


class Repetition(Struct, frozen=True):
    """One that may still be gone back into. ``signs``: what it takes; None for all.

    ``between``: what must stand behind it, so far, one set a part. ``cost``: in how many ways it may have ended.
    """

    signs: int | None
    between: frozenset[int]
    cost: int
    is_everywhere: bool = False


EVERYWHERE: Final = Repetition(None, frozenset(), _ENDLESS_COST, is_everywhere=True)
"""What stands before a match that is looked for everywhere."""


def check_overlap(
    parts: Iterable[Part], before: Sequence[Repetition], *, flags: str = "", blanks_are_free: bool = False
) -> None:
    """Looks for repetitions that overlap.

    ``flags``: the letters that `flags_in` found. ``blanks_are_free``: repetitions of white space alone are none.

    Raises:
        ValueError: some do. The message says what to write.
    """
    tree = list(parts)
    alphabet = "".join(dict.fromkeys([*map(chr, range(128)), *_BEYOND, *_named(tree)]))
    walk = _Walk(alphabet, flags, blanks_are_free=blanks_are_free)
    start = frozenset(Repetition(walk.every if one.signs is None else one.signs, one.between, one.cost,
                                 one.is_everywhere) for one in before)  # fmt: skip
    walk.sequence(tree, start)


def flags_in(text: str) -> str:
    """The letters of the flags that an expression sets anywhere: they are taken to hold everywhere."""
    return "".join(_FLAGS.findall(text))


def is_rest_of_line(part: Part) -> bool:
    """Whether a part is ``.*`` or ``.+``, or a group of nothing else."""
    name, argument = str(part[0]), part[1]
    if name == "SUBPATTERN":
        inner = list(argument[-1])
        return len(inner) == 1 and is_rest_of_line(inner[0])
    return name == "MAX_REPEAT" and argument[1] is _ENDLESS and [str(one) for one, _ in argument[2]] == ["ANY"]


def _named(parts: Iterable[Part]) -> list[str]:
    """Every sign that stands in an expression, and the ends of its ranges, in both cases."""
    found: list[str] = []
    for name, argument in _all_parts(parts):
        codes = [argument] if name in {"LITERAL", "NOT_LITERAL"} else list(argument) if name == "RANGE" else []
        found += [sign for code in codes for sign in {chr(code), chr(code).lower()[:1], chr(code).upper()[:1]}]
    return found


def _all_parts(parts: Iterable[Part]) -> Iterable[tuple[str, Any]]:
    for operator, argument in parts:
        yield str(operator), argument
        for inner in _inner(str(operator), argument):
            yield from _all_parts(inner)


def _inner(name: str, argument: Any) -> Sequence[Iterable[Part]]:  # noqa: ANN401 - as the parser has it
    if name == "BRANCH":
        return tuple(argument[1])
    if name == "IN":
        return (argument,)
    if name == "ATOMIC_GROUP":
        return (argument,)
    if name in _REPEATS:
        return (argument[2],)
    return (argument[-1],) if name in {"SUBPATTERN", "ASSERT", "ASSERT_NOT"} else ()


_State = frozenset[Repetition]


class _Walk:
    def __init__(self, alphabet: str, flags: str, *, blanks_are_free: bool) -> None:
        self._alphabet = alphabet
        self._ignores_case = "i" in flags
        self._dot_is_all = "s" in flags
        self.every = (1 << len(alphabet)) - 1
        self._bits_of = self._bits_by_code()
        self._categories: dict[str, int] = {}
        self._white = self._category("CATEGORY_SPACE")
        self._free = blanks_are_free

    def _bits_by_code(self) -> dict[int, int]:
        """The signs that a code stands for: itself, and where case does not count, what it is another case of."""
        found: dict[int, int] = {}
        for bit, sign in enumerate(self._alphabet):
            for each in {sign, *sign.lower(), *sign.upper()} if self._ignores_case else {sign}:
                found[ord(each)] = found.get(ord(each), 0) | 1 << bit
        return found

    def _category(self, name: str) -> int:
        if name not in self._categories:
            match = _CATEGORIES[name].match
            self._categories[name] = sum(1 << bit for bit, sign in enumerate(self._alphabet) if match(sign))
        return self._categories[name]

    def sequence(self, parts: Iterable[Part], state: _State) -> _State:
        for operator, argument in parts:
            state = self._part(str(operator), argument, state)
        return state

    def _part(self, name: str, argument: Any, state: _State) -> _State:  # noqa: ANN401 - as the parser has it
        if name in _REPEATS:
            return self._repeat(name, argument, state)
        if name == "SUBPATTERN":
            return self.sequence(argument[-1], state)
        if name == "ATOMIC_GROUP":
            self.sequence(argument, state)
            return self._passed(state, self._signs(argument))
        if name == "BRANCH":
            return frozenset().union(*(self.sequence(inner, state) for inner in argument[1]))
        if name in {"ASSERT", "ASSERT_NOT"}:
            self.sequence(argument[1], frozenset())
            return state
        if name == "AT":
            # A line begins behind a line end.
            return self._passed(state, 1 << 10) if str(argument).startswith("AT_BEGINNING") else state
        return self._passed(state, self._signs([(name, argument)]))

    def _repeat(self, name: str, argument: Any, state: _State) -> _State:  # noqa: ANN401 - as the parser has it
        least, most, inner = argument
        if most is not _ENDLESS and most <= _SHORT:
            taken = self.sequence(inner, state)
            return taken if least else taken | state
        signs = self._signs(inner)
        # What is in it is looked at by itself: that it ends is the matter of another rule.
        self.sequence(inner, frozenset())
        cost = _ENDLESS_COST if most is _ENDLESS else most
        if self._free and signs & ~self._white == 0:
            return self._passed(state, signs) if least else state
        ways = cost
        for one in state:
            common = (self.every if one.signs is None else one.signs) & signs
            if common and all(each & common for each in one.between):
                ways = max(ways, one.cost * cost)
                if ways > _MOST_COST:
                    raise ValueError(_EVERYWHERE if one.is_everywhere else _OVERLAP)
        after = self._passed(state, signs) if least else state
        # What is possessive is not gone back into.
        return after if name == "POSSESSIVE_REPEAT" else after | {Repetition(signs, frozenset(), ways)}

    def _passed(self, state: _State, signs: int) -> _State:
        """Behind something that must stand there: who cannot take it is done with."""
        return frozenset(
            Repetition(one.signs, one.between | {signs}, one.cost, one.is_everywhere)
            for one in state
            if one.signs is None or one.signs & signs
        )

    def _signs(self, parts: Iterable[Part]) -> int:
        """Every sign that may stand somewhere in these parts."""
        found = 0
        for operator, argument in parts:
            name = str(operator)
            if name in {"LITERAL", "NOT_LITERAL", "RANGE", "CATEGORY", "IN", "ANY"}:
                found |= self._set(name, argument)
            elif name not in {"ASSERT", "ASSERT_NOT", "AT"}:
                inner = _inner(name, argument)
                found |= self._union(inner) if inner else self.every
        return found

    def _union(self, sequences: Iterable[Iterable[Part]]) -> int:
        found = 0
        for sequence in sequences:
            found |= self._signs(sequence)
        return found

    def _set(self, name: str, argument: Any) -> int:  # noqa: ANN401 - as the parser has it
        if name == "ANY":
            return self.every if self._dot_is_all else self.every & ~(1 << 10)
        if name == "CATEGORY":
            return self._category(str(argument))
        if name == "IN":
            items = [(str(each), value) for each, value in argument]
            found = 0
            for each, value in items:
                found |= 0 if each == "NEGATE" else self._set(each, value)
            return self.every & ~found if items[0][0] == "NEGATE" else found
        if name == "RANGE":
            first, last = argument
            found = 0
            for code, bits in self._bits_of.items():
                found |= bits if first <= code <= last else 0
            return found
        found = self._bits_of.get(argument, 0)
        return self.every & ~found if name == "NOT_LITERAL" else found
