"""Record headers with the same names in the same order, as a file has them again and again: one expression for each.

A header is read line by line (`preserve.formats.warc.record.parse_header`). Once many had the same names, type and
Content-Type, an expression is made that matches such a header only, and only where nothing in it is unusual: then its
groups are the very values that reading it line by line gives. What does not match is read line by line.

Tested by ``tests/unit/formats/warc/test_shapes.py``.
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

_OFTEN = 48
"""Headers after which an expression is made: it takes as long to make as reading as many of them line by line."""
_MOST_SHAPES = 16
_MOST_MET = 256
_MOST_FIELDS = 40
_CONSTANT = frozenset({"warc-type", "content-type"})
"""Fields whose value is part of the shape."""
_VALUE = r"(\S.*(?<=\S))"
"""In a line that ends in CR LF: neither empty nor with a blank before or behind it."""


class HeaderShape(Struct, frozen=True, eq=False, kw_only=True):
    """What headers have in common. ``names`` as they are written, ``keys`` in lower case and each there once.

    ``places``: which value is that of a key. ``kind`` and ``content_type``: the values of WARC-Type and Content-Type,
    empty where there is none. ``sample``: the values of one such header. No value is empty.
    """

    version: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    places: Mapping[str, int]
    kind: str
    content_type: str
    sample: tuple[str, ...]
    match: Callable[[str], re.Match[str] | None]


class Shapes:
    """The shapes that were met often, the last one that fitted first. Bounded, whatever is read."""

    def __init__(self) -> None:
        self._known: list[HeaderShape] = []
        self._met: dict[tuple[str, ...], int] = {}

    def read(self, text: str) -> tuple[HeaderShape, tuple[str, ...]] | None:
        """The shape of a header, and its values in order; None where it is of none that is known."""
        for place, shape in enumerate(self._known):
            if (match := shape.match(text)) is not None:
                if place > 1:
                    # Replies and requests take turns: the first two stay as they are.
                    self._known.insert(0, self._known.pop(place))
                return shape, match.groups()
        return None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many shapes are known, and how many are counted."""
        return len(self._known), len(self._met)

    def met(self, version: str, fields: tuple[tuple[str, str], ...]) -> None:
        """Takes note of a header that was read line by line, and in which nothing was unusual."""
        if len(fields) > _MOST_FIELDS:
            return
        names = tuple([name for name, _value in fields])
        constant = [value for name, value in fields if name.lower() in _CONSTANT]
        known = (version, *constant, *names)
        count = self._met[known] = self._met.get(known, 0) + 1
        if count == _OFTEN and len({name.lower() for name in names}) == len(names) and all(constant):
            self._known = [_shape(version, fields), *self._known][:_MOST_SHAPES]
        if len(self._met) > _MOST_MET or count == _OFTEN:
            self._met.clear()


def _shape(version: str, fields: tuple[tuple[str, str], ...]) -> HeaderShape:
    lines = [re.escape(version)]
    for name, value in fields:
        said = f"({re.escape(value)})" if name.lower() in _CONSTANT else _VALUE
        lines.append(f"{re.escape(name)}: {said}")
    found = {name.lower(): value for name, value in fields}
    keys = tuple(name.lower() for name, _value in fields)
    return HeaderShape(
        version=version,
        names=tuple(name for name, _value in fields),
        keys=keys,
        places={key: place for place, key in enumerate(keys)},
        kind=found.get("warc-type", ""),
        content_type=found.get("content-type", ""),
        sample=tuple(value for _name, value in fields),
        match=re.compile("".join(rf"{line}\r\n" for line in (*lines, ""))).fullmatch,
    )
