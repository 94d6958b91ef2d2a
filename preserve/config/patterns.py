"""Regular expressions that people write: read at configuration, and refused where they could take time without end.

Those of a scope are held against every link of hostile pages: they are expressions of RE2, whose time is linear in the
address whatever they are. Those of layouts run over whole pages with Python's `re`, as RE2 has no possessive repetition
and no look-around: what makes that engine try the same text in exponentially many ways is refused, and so are two
repetitions that can share one text between them in many ways, as in `a*a*b` (`preserve.config.repetitions`).
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from preserve.config.repetitions import EVERYWHERE, check_overlap, flags_in, is_rest_of_line
from preserve.expressions import lazy_re

_MOST_CHARS: Final = 2_000
_PIECE: Final = lazy_re(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]| ++([*?]?)(?=([+{]?))", re.DOTALL)
"""What is kept whole when blanks are made to stretch; group 1 is what makes it optional, group 2 what counts it."""
_BLANKS: Final = r"[\x20\t]*"
_MOST_REPEATS: Final = 10_000
_MOST_MEMORY: Final = 8 << 20
_NESTED: Final = (
    "a repetition or a choice stands inside a repetition, as in '(a+)+' or '(a|ab)*', and could take time without end; "
    "make one of the two possessive ('++', '*+'), or write it without the outer"
)


def linear(text: str) -> Any:  # noqa: ANN401 - RE2 has no types
    """An expression of RE2, whose ``match`` holds it against the beginning of a text.

    Raises:
        ValueError: it is none. The message says why, for whoever wrote it.
    """
    if len(text) > _MOST_CHARS:
        raise ValueError(f"an expression of {len(text)} characters, more than {_MOST_CHARS}; use several")
    # What Python's engine takes for a mistake is one, also where RE2 would take it for text.
    _parsed(text)
    try:
        return _compiled(text)
    except ValueError as error:
        raise ValueError(
            f"no regular expression of RE2: {error}; look-around and back references are not in it, "
            "see https://github.com/google/re2/wiki/Syntax"
        ) from error


@lru_cache(maxsize=256)
def _compiled(text: str) -> Any:  # noqa: ANN401 - RE2 has no types
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - few scopes have any

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from error


def stretched(expression: str) -> str:
    """An expression in which blanks stand for any run of white space, also optional ones; in a set one is a blank."""

    def stretch(match: re.Match[str]) -> str:
        if match[0][0] != " ":
            return match[0]
        return r"\s*" if match[1] else r"\s" if match[2] else r"\s+"

    return _PIECE.sub(stretch, expression)


def check_match(text: str) -> str:
    """The expression, if it is one that is held against the beginning of a page, and ends soon.

    Raises:
        ValueError: as `check_bounded`, or its repetitions overlap.
    """
    check_overlap(_layout_parts(text)[0], (), flags=flags_in(text))
    return text


def check_search(text: str) -> str:
    """The same of one that is looked for everywhere in a page: what comes before its match is one more repetition."""
    check_overlap(_layout_parts(text)[0], (EVERYWHERE,), flags=flags_in(text))
    return text


def check_form(text: str) -> str:
    """The same of one that is looked for in a short value: runs of white space may stand before anything."""
    check_overlap(_layout_parts(text)[0], (), flags=flags_in(text), blanks_are_free=True)
    return text


def check_lines(text: str) -> str:
    """The same of one for whole lines: blanks may stand before and behind it."""
    parts, is_to_end = _layout_parts(text)
    behind = [] if is_to_end else _parsed(_BLANKS)
    check_overlap([*_parsed(_BLANKS), *parts, *behind], (), flags=flags_in(text))
    return text


def _layout_parts(text: str) -> tuple[list[Any], bool]:
    """The parts of one, but for what takes the rest of a line at its end, as that cannot fail; and whether."""
    parts = list(_parsed(stretched(check_bounded(text))))
    is_to_end = bool(parts) and is_rest_of_line(parts[-1])
    return (parts[:-1] if is_to_end else parts), is_to_end


@lru_cache(maxsize=256)
def check_bounded(text: str) -> str:
    """The text itself, if it is an expression of Python's `re` that does not try the same text over and over.

    Raises:
        ValueError: it is not. The message says why, for whoever wrote it.
    """
    if len(text) > _MOST_CHARS:
        raise ValueError(f"an expression of {len(text)} characters, more than {_MOST_CHARS}; write a shorter one")
    _check(_parsed(text), repeated=False)
    return text


@lru_cache(maxsize=256)
def _parsed(text: str) -> Iterable[tuple[Any, Any]]:
    """The tree, which nobody changes: an expression is asked for by several rules, and again when it is compiled."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
            # The parser behind `re.compile`; there is no public one.
            return re._parser.parse(text)  # type: ignore[attr-defined,no-any-return] # noqa: SLF001
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}; see the Python documentation of `re`") from error
    except (RecursionError, OverflowError, MemoryError) as error:
        raise ValueError("an expression too deep or with numbers too large; write a simpler one") from error


def _check(parts: Iterable[tuple[Any, Any]], *, repeated: bool) -> None:
    """Looks for what is tried in many ways. ``repeated``: the parts stand in something that is repeated."""
    before: tuple[Any, Any] | None = None
    for operator, argument in parts:
        name, last = str(operator), before
        before = None
        if name in {"GROUPREF", "GROUPREF_EXISTS"}:
            raise ValueError("an expression that refers back to a group could take time without end; leave that out")
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            least, most, inner = argument
            possessive = name == "POSSESSIVE_REPEAT"
            if most is not _ENDLESS and most > _MOST_REPEATS:
                raise ValueError(f"a repetition of more than {_MOST_REPEATS} times; write a smaller number, or none")
            if repeated and least != most and not possessive:
                raise ValueError(_NESTED)
            # Nothing is tried again of what is possessive.
            _check(inner, repeated=(repeated or _is_long(most)) and not possessive)
            before = (name, list(inner)) if most is _ENDLESS else None
            if before is not None and before == last:
                raise ValueError("the same repetition stands twice in a row, as in '.*.*'; write it once")
            continue
        if name == "BRANCH" and repeated:
            raise ValueError(_NESTED)
        for inner in _within(name, argument):
            _check(inner, repeated=repeated and name != "ATOMIC_GROUP")


def _is_long(most: Any) -> bool:  # noqa: ANN401 - a number, or the parser's own for "without end"
    return most is _ENDLESS or most > 1


def _within(name: str, argument: Any) -> Sequence[Iterable[tuple[Any, Any]]]:  # noqa: ANN401 - as the parser has it
    if name == "SUBPATTERN":
        return (argument[-1],)
    if name == "BRANCH":
        return tuple(argument[1])
    if name == "ATOMIC_GROUP":
        return (argument,)
    return (argument[1],) if name in {"ASSERT", "ASSERT_NOT"} else ()


_ENDLESS: Final = re._parser.MAXREPEAT  # type: ignore[attr-defined] # noqa: SLF001 - "without end", in the parser's tree
