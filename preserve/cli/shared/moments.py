"""Values as they are written into answers: structs and dataclasses as objects, moments in the form of RFC 3339."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Final

from preserve.model import moment_text

MOMENTS: Final[Mapping[str, frozenset[str]]] = {
    "Check": frozenset({"started", "ended"}),
    "Holding": frozenset({"signed"}),
    "JobEvent": frozenset({"nominal", "start", "again", "began", "ended"}),
    "JobStatus": frozenset({"next_start", "overdue_since", "looked"}),
    "Step": frozenset({"nominal", "began", "ended"}),
    "UnwatchedTime": frozenset({"began", "ended"}),
}
"""Fields that are seconds since 1970 inside the program, by their class."""


def written(value: object) -> object:
    """A value ready for JSON."""
    if (hasattr(value, "__struct_fields__") or is_dataclass(value)) and not isinstance(value, type):
        return written_fields(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _fields(type(value).__name__, dict(zip(value._fields, value, strict=True)))
    if isinstance(value, Mapping):
        return {str(key): written(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


def written_fields(value: object) -> dict[str, object]:
    """The fields of a value (a struct or a dataclass), ready for JSON."""
    # The library of structs is not imported for it: help and completion need none.
    names: Sequence[str] | None = getattr(value, "__struct_fields__", None)
    if names is None:
        names = [one.name for one in fields(value)]  # type: ignore[arg-type]  # it is one
    return _fields(type(value).__name__, {name: getattr(value, name) for name in names})


def _fields(kind: str, named: Mapping[str, object]) -> dict[str, object]:
    moments = MOMENTS.get(kind, frozenset())
    return {
        name: moment_text(one) if name in moments and isinstance(one, int) else written(one)
        for name, one in named.items()
    }
