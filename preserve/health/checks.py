"""What an examination of the machine says: points, each with a verdict and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class CheckMark(StrEnum):
    """How a point is. A warning is what works now and may not last."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One point: ``about`` in a word, ``detail`` what was found, ``next_step`` what to do where it is not good."""

    mark: CheckMark
    about: str
    detail: str
    next_step: str = ""


def ok(about: str, detail: str) -> CheckResult:
    """A point that is good."""
    return CheckResult(mark=CheckMark.OK, about=about, detail=detail)


def warn(about: str, detail: str, next_step: str) -> CheckResult:
    """A point that works now and may not last."""
    return CheckResult(mark=CheckMark.WARN, about=about, detail=detail, next_step=next_step)


def fail(about: str, detail: str, next_step: str) -> CheckResult:
    """A point that stands in the way."""
    return CheckResult(mark=CheckMark.FAIL, about=about, detail=detail, next_step=next_step)


def not_checked(about: str, detail: str) -> CheckResult:
    """A point that could not be looked at."""
    return CheckResult(mark=CheckMark.NOT_CHECKED, about=about, detail=detail)
