"""Strict YAML: bytes to values in which every scalar is a string or nothing, with the line of every key.

YAML 1.1 changes the type of bare words behind the writer's back (``no``, ``12:30``, ``2010-11-28``). Here a scalar
is the string that was written, and what the schema wants as a number is made one by the schema. What YAML allows and a
configuration never needs is refused: duplicate keys (which PyYAML passes silently, the last one winning), anchors and
aliases (the bombs), tags (the code execution), several documents, nesting beyond `MAX_DEPTH`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from preserve.limits import DEFAULT_LIMITS

MAX_DEPTH = 20
"""Levels of nesting; configuration needs four. Bounds the recursion of the reader below."""

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"
Path: TypeAlias = "tuple[str | int, ...]"

_NOTHING = frozenset({"", "~", "null"})
_SLOW: Final = yaml.SafeLoader
_FAST: Final = getattr(yaml, "CSafeLoader", _SLOW)
"""libyaml, ten times as fast. What it refuses is read once more by the other: its messages are for people."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong: the line it stands on (from 1), what is wrong, and what would be right."""

    line: int
    what: str
    right: str

    def told(self, source: str) -> str:
        """``file:line: what is wrong; what would be right``."""
        return f"{source}:{self.line}: {self.what}; {self.right}"


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file as read: its values, the line of every key and item by path, and the mistakes of its writing."""

    value: Value
    lines: Mapping[Path, int]
    mistakes: tuple[Mistake, ...] = ()

    def line_of(self, path: Path) -> int:
        """The line of the key or item at ``path``, or of the nearest thing around it that stands in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return self.lines.get((), 1)


@dataclass(slots=True)
class _Reader:
    """Turns nodes into values and collects lines and mistakes on the way."""

    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Value:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        text = str(node.value)
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        return None if plain and text in _NOTHING else text

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Value:
        result: dict[str, Value] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(line, "a key is not a plain word", "write `key: value`"))
                continue
            key = str(key_node.value)
            if key in result:
                first = self.lines[(*path, key)]
                self.mistakes.append(
                    Mistake(line, f"{key!r} stands here a second time (first on line {first})", "keep one of the two")
                )
                continue
            self.lines[(*path, key)] = line
            result[key] = self.value(value_node, (*path, key))
        return result


def read_yaml(data: bytes) -> YamlDocument:
    """The document in ``data``. Never raises: what cannot be read is a mistake, with the value ``None``."""
    if len(data) > DEFAULT_LIMITS.max_config_bytes:
        return _unreadable(1, f"the file has {len(data)} bytes", f"keep it below {DEFAULT_LIMITS.max_config_bytes}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(line, f"byte {data[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
    try:
        node = _composed(text, _FAST)
    except yaml.YAMLError:
        node = _composed_slowly(text)
    if isinstance(node, Mistake):
        return YamlDocument(None, {}, (node,))
    if node is None:
        return YamlDocument(None, {})
    reader = _Reader()
    value = reader.value(node, ())
    return YamlDocument(value, reader.lines, tuple(reader.mistakes))


def _composed(text: str, loader: type[yaml.SafeLoader]) -> yaml.Node | Mistake | None:
    return _refused(text, loader) or yaml.compose(text, Loader=loader)


def _composed_slowly(text: str) -> yaml.Node | Mistake | None:
    try:
        return _composed(text, _SLOW)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Mistake(line, "a control character stands in the text", "remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        right = "indent with blanks, and quote a value that holds `: `, ` #` or begins with one of `[]{}&*!|>%@`"
        return Mistake(mark.line + 1 if mark else 1, f"not YAML: {what}", right)


def _refused(text: str, loader: type[yaml.SafeLoader]) -> Mistake | None:
    """The first thing in the text that YAML allows and a configuration file may not have."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                return Mistake(line, "a second document begins", "keep one document a file")
        if isinstance(event, yaml.AliasEvent) or anchor:
            return Mistake(line, "an anchor or alias (`&name`, `*name`)", "write the value out, or quote it")
        if tag:
            return Mistake(line, f"a tag ({tag})", "remove it, or quote the value")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return Mistake(line, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _unreadable(line: int, what: str, right: str) -> YamlDocument:
    return YamlDocument(None, {}, (Mistake(line, what, right),))
