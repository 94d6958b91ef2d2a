"""A YAML document checked against a pydantic model, with all mistakes at once, each on its line, in words of ours.

Tested by ``tests/unit/config/test_yamlfile.py``.
"""

import types
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Tag
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from preserve.config.yamlfile import Mistake, Path, YamlDocument, read_yaml
from preserve.errors import ConfigError
from preserve.text import nearest


class Strict(BaseModel):
    """The base of every configuration model: unknown keys are mistakes, values do not change.

    A field's description completes "write …": it is what a person is told when the value is wrong.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


Model = TypeVar("Model", bound=Strict)
_OF_KEY = "[key]"
"""How pydantic marks that the key of a group is meant, not its value."""


CORRECT = "Correct the file; docs/reference/configuration.md lists every key."


def check(
    data: bytes, model: type[Model], *, source: str, name: str, context: Mapping[str, object] | None = None
) -> Model:
    """The model's value read from ``data``. ``name`` is the file's own, which it must not give itself.

    Raises:
        ConfigError: with every mistake found, in the order of the lines, each ``source:line: what; right``.
    """
    document = read_yaml(data)
    mistakes = list(document.mistakes)
    given = {} if document.value is None and not mistakes else document.value
    if isinstance(given, dict):
        if "name" in given:
            mistakes.append(
                Mistake(document.line_of(("name",)), "unknown key 'name'", f"remove it: the file's name says {name!r}")
            )
        try:
            value = model.model_validate({**given, "name": name}, context=context)
        except pydantic.ValidationError as error:
            mistakes += [_mistake(detail, document, model) for detail in _told(error)]
        else:
            if not mistakes:
                return value
    elif not mistakes:
        mistakes.append(Mistake(1, "the file holds no keys", "write `key: value` lines"))
    mistakes.sort(key=lambda mistake: mistake.line)
    raise ConfigError(tuple(mistake.told(source) for mistake in mistakes), next_step=CORRECT)


def _told(error: pydantic.ValidationError) -> list[ErrorDetails]:
    """The details worth telling: a list whose items are wrong counts as too short as well, which says nothing new."""
    details = error.errors(include_url=False)
    inner = {detail["loc"][:-1] for detail in details}
    return [detail for detail in details if not (detail["type"] == "too_short" and detail["loc"] in inner)]


def _mistake(detail: ErrorDetails, document: YamlDocument, model: type[BaseModel]) -> Mistake:
    given = detail["loc"]
    path = _written(model, given)
    dotted = _dotted(path)
    kind = detail["type"]
    if kind == "extra_forbidden":
        owner = _model_at(model, given[:-1]) or model
        return Mistake(
            document.line_of(path),
            f"unknown key {dotted!r}",
            nearest(str(path[-1]), set(_fields(owner)) - {"name"}),
        )
    right = _right(model, given)
    if kind == "missing":
        return Mistake(document.line_of(path[:-1]), f"{dotted!r} is missing", f"write {right}")
    if kind == "value_error":
        error = detail.get("ctx", {}).get("error")
        what, _, better = str(error).partition("; ")
        return Mistake(document.line_of(path), f"{dotted}: {what}" if dotted else what, better or f"write {right}")
    return Mistake(document.line_of(path), f"{dotted}: {_WORDS.get(kind) or _lowered(detail['msg'])}", f"write {right}")


_WORDS = {
    "string_type": "no text stands here",
    "tuple_type": "not a list",
    "list_type": "not a list",
    "dict_type": "not a group of keys",
    "model_type": "not a group of keys",
    "model_attributes_type": "not a group of keys",
    "int_parsing": "not a whole number",
    "int_type": "not a whole number",
    "int_from_float": "not a whole number",
    "float_parsing": "not a number",
    "float_type": "not a number",
    "finite_number": "not a finite number",
    "literal_error": "not one of the words that may stand here",
    "greater_than": "out of range",
    "greater_than_equal": "out of range",
    "less_than": "out of range",
    "less_than_equal": "out of range",
    "too_short": "the list is too short",
    "string_too_short": "the text is empty",
}


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _dotted(path: Path) -> str:
    """``scope.include[2]``, counting items from 1 as people do."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _written(model: type[BaseModel], given: Path) -> Path:
    """A path as the file has it: without the tags of a union's members, and without the mark of a key."""
    return tuple(
        part
        for number, part in enumerate(given)
        if part != _OF_KEY and not _members(_annotation_at(model, given[:number]))
    )


def _right(model: type[BaseModel], path: Path) -> str:
    """The description of the field at ``path``; for an item of a list, that of the list."""
    for length in range(len(path), 0, -1):
        name = path[length - 1]
        owner = _model_at(model, path[: length - 1])
        if owner is not None and isinstance(name, str) and name in _fields(owner):
            described = _fields(owner)[name].description
            if described:
                return described
    return "what the reference asks for"


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the keys of the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that holds the keys at ``path``, through nested models, lists, groups and unions of them."""
    current = _annotation_at(model, path)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _annotation_at(model: type[BaseModel], path: Path) -> Any:  # noqa: ANN401 - an annotation is any object
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            fields = _fields(current)
            current = fields[part].annotation if isinstance(part, str) and part in fields else None
        elif members := _members(current):
            current = members.get(str(part))
        else:
            current = _inner(current)
        current = _plain(current)
    return current


def _members(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - an annotation is any object
    """The members of a tagged union by their tags; empty where it is none."""
    return {
        mark.tag: typing.get_args(member)[0]
        for member in typing.get_args(annotation)
        for mark in getattr(member, "__metadata__", ())
        if isinstance(mark, Tag)
    }


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - an annotation is any object
    """``X`` of ``X | None``, and of ``X`` with marks."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType) and not _members(annotation):
        rest = [part for part in typing.get_args(annotation) if part is not type(None)]
        return rest[0] if len(rest) == 1 else None
    return annotation


def _inner(annotation: Any) -> Any:  # noqa: ANN401 - an annotation is any object
    """The items' annotation of a tuple, list or mapping."""
    rest = [part for part in typing.get_args(annotation) if part is not Ellipsis]
    return rest[-1] if rest else None
