"""From the bytes of a request's target to a page. Segments are parted before they are decoded: ``%2F`` is no slash.

Tested by ``tests/scenarios/test_desk.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from preserve.errors import UsageError
from preserve.web.library import Shelf
from preserve.web.responses import Answer
from preserve.web.settings import MAX_PARAMETERS, MAX_TARGET_BYTES


class TargetError(UsageError):
    """The target of a request cannot be read; answered with 400 (414 where it is too long)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRequest:
    """One request. ``segments`` are those of the path, decoded; ``query`` has names and values in their order.

    ``base``: scheme, host and prefix by which the reader reaches the desk; ``prefix``: the path before every path.
    ``exhibit``: where the exhibit room is, without a slash at the end; empty: there is none.
    """

    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    wants_json: bool = False
    base: str = ""
    prefix: str = ""
    exhibit: str = ""
    rest: tuple[str, ...] = field(default=())
    """The segments that a route leaves open."""

    def first(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return next((value for key, value in self.query if key == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter, without empty ones."""
        return tuple(value for key, value in self.query if key == name and value)


Handler = Callable[[Shelf, DeskRequest], Answer]
ANY: Final = "*"
"""A segment that may be anything."""


def segments_of(raw_path: bytes) -> tuple[str, ...]:
    """The segments of a path, without the slash before the first.

    Raises:
        TargetError: a segment is no UTF-8, or holds a NUL.
    """
    found = []
    for part in raw_path.removeprefix(b"/").split(b"/"):
        try:
            text = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError as error:
            raise TargetError("the path is no UTF-8") from error
        if "\0" in text:
            raise TargetError("the path holds a character that cannot be there")
        found.append(text)
    return tuple(found)


def query_of(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values of a query.

    Raises:
        TargetError: there are too many, or one is no UTF-8.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except (ValueError, UnicodeDecodeError) as error:
        raise TargetError("the query cannot be read, or has too many parameters") from error
    return tuple((name, value.replace("\0", "")) for name, value in pairs)


def check_length(raw_path: bytes, raw_query: bytes) -> bool:
    """Whether a target is short enough to be looked at."""
    return len(raw_path) + len(raw_query) <= MAX_TARGET_BYTES


@dataclass(frozen=True, slots=True)
class Routes:
    """Patterns of segments, each with who answers. The first that fits counts."""

    table: Mapping[tuple[str, ...], Handler]

    def names(self, segments: tuple[str, ...]) -> bool:
        """Whether a pattern has the last of these segments as it is."""
        return any(len(pattern) == len(segments) and pattern[-1] == segments[-1] for pattern in self.table)

    def find(self, segments: tuple[str, ...]) -> tuple[Handler, tuple[str, ...]] | None:
        """Who answers, and the segments that the pattern leaves open; None: nobody."""
        for pattern, handler in self.table.items():
            if len(pattern) == len(segments) and all(
                want in {ANY, said} for want, said in zip(pattern, segments, strict=True)
            ):
                open_ones = tuple(said for want, said in zip(pattern, segments, strict=True) if want == ANY)
                if all(open_ones):
                    return handler, open_ones
        return None
