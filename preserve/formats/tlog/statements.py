"""Statements as bytes: canonical JSON (RFC 8785), so that one statement has one hash.

Narrower than RFC 8785, which leaves no room for two readers to differ: no fractions, integers within ±(2**53 - 1)
(RFC 7493 section 2.2), keys in ASCII, where sorting by UTF-16 code units (RFC 8785 section 3.2.3) and by bytes is the
same. What a statement says is not looked at here.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from preserve.errors import FormatError
from preserve.limits import DEFAULT_LIMITS, Limits

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""What a statement is made of."""
_MAX_INTEGER: Final = 2**53 - 1
_MAX_DEPTH: Final = 32
"""Objects and lists within one another; the statements of the program have four."""
_FLAT: Final = frozenset({str, int, bool, type(None)})
_TEXT: Final = {str}
_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(statement: Mapping[str, object], *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The canonical bytes of a statement. Tuples are written as lists; the types are exact, no subclass is taken.

    Raises:
        FormatError: a value that JSON or this format has no form for, a key that is not ASCII, a lone surrogate, more
            than 32 levels, or a result of more than ``max_statement_bytes``.
    """
    content = dict(statement)
    if not _is_flat(content):
        _check(content, limits.max_statement_bytes)
    try:
        data = _ENCODER.encode(content)
    except (UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise FormatError("a statement with text that is not UTF-8") from error
    if len(data) > limits.max_statement_bytes:
        raise FormatError(f"a statement of {len(data)} bytes, more than {limits.max_statement_bytes}")
    return data


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Json]:
    """The statement in these bytes, which are exactly those that `encode` makes of it.

    Raises:
        FormatError: they are not JSON, no object, not canonical, or too many.
    """
    if len(data) > limits.max_statement_bytes:
        raise FormatError(f"a statement of {len(data)} bytes, more than {limits.max_statement_bytes}")
    try:
        value: Json = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(f"a statement that is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise FormatError("a statement that is no JSON object")
    if encode(value, limits=limits) != data:
        raise FormatError("a statement that is not in canonical form")
    return value


def _is_flat(content: Mapping[str, object]) -> bool:
    """True where every value is text, a whole number in range, true, false or nothing: most statements are so."""
    values = content.values()
    if not (_FLAT.issuperset(map(type, values)) and set(map(type, content)) == _TEXT and "".join(content).isascii()):
        return False
    return all(-_MAX_INTEGER <= value <= _MAX_INTEGER for value in values if type(value) is int)


def _check(content: Mapping[str, object], most: int) -> None:
    """Every value, without recursion. Each takes a byte or more, so that more than ``most`` are too many."""
    waiting: list[tuple[object, int]] = [(content, 1)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        children: list[object] = []
        if isinstance(value, dict):
            for key in value:
                _check_key(key)
            children = list(value.values())
        elif isinstance(value, list | tuple):
            children = list(value)
        _check_value(value, depth)
        seen += 1 + len(children)
        if seen > 2 * most:
            raise FormatError(f"a statement of more than {most} bytes")
        waiting += [(child, depth + 1) for child in children]


def _check_key(key: object) -> None:
    if type(key) is not str or not key.isascii():
        raise FormatError(f"a key of a statement is text in ASCII, not {key!r:.60}")


def _check_value(value: object, depth: int) -> None:
    kind = type(value)
    if kind in (dict, list, tuple):
        if depth > _MAX_DEPTH:
            raise FormatError(f"a statement of more than {_MAX_DEPTH} levels")
    elif kind is int:
        assert isinstance(value, int)
        if abs(value) > _MAX_INTEGER:
            raise FormatError("an integer of a statement is out of range")
    elif value is not None and kind not in (str, bool):
        raise FormatError(f"a statement holds no {kind.__name__}")
