"""JSON Schema (draft 2020-12) of what a command answers, made from the types that its answer is written from.

Tested by ``tests/scenarios/test_schemas.py``.
"""

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from preserve.cli.shared.moments import MOMENTS

BASE: Final = "https://json-schema.org/draft/2020-12/schema"
_TIME: Final[dict[str, object]] = {"type": "string", "format": "date-time"}
_SIMPLE: Final[Mapping[object, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_LISTS: Final = (list, tuple, Sequence, frozenset, set)


def document_schema(name: str, answer: object, *, title: str, strict: bool = False) -> dict[str, object]:
    """The schema of one document, whose ``schema`` is ``name``. Fields that are not known are allowed, as later
    versions add some; with ``strict`` they are not, so that a test finds what is written and not described.
    """
    maker = _Maker(strict=strict)
    made = maker.of(answer)
    choices = made.get("anyOf")
    named: dict[str, object] = {"properties": {"schema": {"const": name}}, "required": ["schema"]}
    for part in choices if isinstance(choices, list) else [made]:
        part["properties"] = {"schema": {"const": name}, **part["properties"]}
        part["required"] = ["schema", *part.get("required", [])]
    head = {"$schema": BASE, "title": title}
    return {**head, **made} if made else {**head, **named}


class _Maker:
    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def of(self, kind: Any) -> dict[str, Any]:  # noqa: ANN401, PLR0911 - any type there is, one by one
        """The schema of a type."""
        if kind in _SIMPLE:
            return {"type": _SIMPLE[kind]}
        if kind in {Any, object}:
            return {}
        if kind is None or kind is type(None):
            return {"type": "null"}
        origin, given = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            return self._union(given)
        if origin is Literal:
            return {"enum": list(given)}
        if origin in {Required, NotRequired} or (origin is not None and origin.__class__.__name__ == "TypeAliasType"):
            return self.of(given[0])
        if origin is Annotated:
            return dict(_TIME) if given[1:] == ("date-time",) else self.of(given[0])
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(given[1])}
        if origin in _LISTS:
            return self._list(origin, given)
        return self._class(kind)

    def _union(self, given: Sequence[Any]) -> dict[str, Any]:
        known = [one for one in given if one is not msgspec.UnsetType]
        if len(known) == 1:
            return self.of(known[0])
        return {"anyOf": [self.of(one) for one in known]}

    def _list(self, origin: object, given: Sequence[Any]) -> dict[str, Any]:
        if origin is tuple and not (len(given) == 2 and given[1] is Ellipsis):  # noqa: PLR2004 - (kind, ...)
            return {"type": "array", "prefixItems": [self.of(one) for one in given], "items": False}
        return {"type": "array", "items": self.of(given[0])}

    def _class(self, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any class
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"enum": [str(one) for one in kind]}
        hints = get_type_hints(kind, include_extras=True)
        if is_typeddict(kind):
            required = sorted(kind.__required_keys__)
        elif is_dataclass(kind):
            required = [field.name for field in fields(kind)]
            hints = {name: hints[name] for name in required}
        elif hasattr(kind, "_fields"):
            required = list(kind._fields)
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            required = [one.encode_name for one in msgspec.structs.fields(kind) if one.default is not msgspec.UNSET]
            hints = {one.encode_name: hints[one.name] for one in msgspec.structs.fields(kind)}
        else:
            raise TypeError(f"no schema can be made of {kind}")
        moments = MOMENTS.get(kind.__name__, frozenset())
        made: dict[str, Any] = {
            "type": "object",
            "properties": {
                name: self._moment(hint) if name in moments else self.of(hint) for name, hint in hints.items()
            },
            "required": required,
        }
        told = _first_sentence(kind)
        if told:
            made = {"description": told, **made}
        return {**made, "additionalProperties": False} if self._strict else made

    @staticmethod
    def _moment(hint: object) -> dict[str, Any]:
        return {"anyOf": [_TIME, {"type": "null"}]} if type(None) in get_args(hint) else dict(_TIME)


def _first_sentence(kind: type) -> str:
    text = " ".join((kind.__doc__ or "").split())
    if text.startswith(f"{kind.__name__}("):
        return ""
    return re.split(r"(?<=\.)\s", text)[0]
