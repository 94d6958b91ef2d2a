"""Messages as readers get them: where the operator reads a path of the disk, they read what lies there, and of what.

The whole of what was kept back is told to the operator, once.

Tested by ``tests/unit/web/test_publicwords.py``.
"""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from preserve.errors import NotHeldError, UsageError
from preserve.web.settings import DeskSettings

_BEFORE: Final = r"(?<![A-Za-z0-9_./~-])"
_TAIL: Final = r"""(?:/(?!/)[^\s'"`<>,;:()\[\]]*)"""
_ANY_PATH: Final = re.compile(rf"{_BEFORE}~?{_TAIL}")
_MOST_TOLD: Final = 1_000


class PublicWords:
    """What may be said to readers of what the operator is told. ``say`` is the operator's. Used by several threads."""

    def __init__(self, settings: DeskSettings, say: Callable[[str], object]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._told: set[str] = set()
        kinds = (
            (settings.archives, _of_archives),
            (settings.config_dir, _of_config),
            (settings.keys, lambda _rest: "a file beside the signing keys"),
        )
        roots = [(spelling, name) for folder, name in kinds for spelling in _spellings(folder)]
        # A folder in another is looked for first.
        roots.sort(key=lambda root: -len(root[0]))
        self._roots = [(_pattern(spelling), name) for spelling, name in roots]

    def error(self, error: Exception) -> tuple[str, str]:
        """Message and advice of an error, for readers."""
        echoes = isinstance(error, UsageError | NotHeldError)
        message, next_step = str(error), str(getattr(error, "next_step", ""))
        shown = (self._without(message, echoes=echoes), self._without(next_step, echoes=echoes))
        if shown != (message, next_step):
            self._tell(f"{message} {next_step}".rstrip())
        return shown

    def line(self, text: str) -> str:
        """A line of what is wrong, for readers."""
        shown = self._without(text, echoes=False)
        if shown != text:
            self._tell(text)
        return shown

    def _without(self, text: str, *, echoes: bool) -> str:
        """A text without paths. ``echoes``: it may hold what the reader asked for, which is left as it is."""
        for pattern, name in self._roots:
            text = pattern.sub(lambda match, name=name: _named(match[1] or "", name), text)  # type: ignore[misc]
        return text if echoes else _ANY_PATH.sub(lambda match: _named(match[0], _elsewhere), text)

    def _tell(self, text: str) -> None:
        with self._lock:
            if text in self._told or len(self._told) >= _MOST_TOLD:
                return
            self._told.add(text)
        self._say(text)


def _spellings(folder: Path) -> Iterator[str]:
    """A folder as messages may name it; not one that every path or word begins with."""
    found = {str(folder), str(folder.absolute()), str(folder.resolve())}
    return (one for one in found if one.strip("./"))


def _pattern(root: str) -> re.Pattern[str]:
    # A relative name alone may be a word.
    tail = _TAIL if root[0] != "/" else f"{_TAIL}?"
    return re.compile(rf"{_BEFORE}{re.escape(root)}({tail})(?![A-Za-z0-9_-])")


def _named(path: str, name: Callable[[list[str]], str]) -> str:
    """The words for a path, with what ends the sentence behind it."""
    end = "." if path.endswith(".") else ""
    return name([part for part in path.removesuffix(".").split("/") if part]) + end


def _of_archives(rest: list[str]) -> str:
    if not rest:
        return "the archives"
    return rest[0] if len(rest) == 1 else f"{rest[-1]} of {rest[0]}"


def _of_config(rest: list[str]) -> str:
    return f"{rest[-1]} of the configuration" if rest else "the configuration"


def _elsewhere(_rest: list[str]) -> str:
    return "a file of this machine"
