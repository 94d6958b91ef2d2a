"""What an examination of the machine says: points, each with a verdict and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a point is. A warning is what works now and may not last."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point: ``about`` in a word, ``detail`` what was found, ``next_step`` what to do where it is not good."""

    mark: Mark
    about: str
    detail: str
    next_step: str = ""


def ok(about: str, detail: str) -> Point:
    """A point that is good."""
    return Point(mark=Mark.OK, about=about, detail=detail)


def warn(about: str, detail: str, next_step: str) -> Point:
    """A point that works now and may not last."""
    return Point(mark=Mark.WARN, about=about, detail=detail, next_step=next_step)


def fail(about: str, detail: str, next_step: str) -> Point:
    """A point that stands in the way."""
    return Point(mark=Mark.FAIL, about=about, detail=detail, next_step=next_step)


def not_checked(about: str, detail: str) -> Point:
    """A point that could not be looked at."""
    return Point(mark=Mark.NOT_CHECKED, about=about, detail=detail)
