"""Regular expressions that were compiled before: what the engine runs is kept, and not made anew at every start.

It lies in the user's own cache folder, under a name made of the versions of this program and of Python's engine, and
can be deleted at any time. An expression is found by all of its text and its flags; the engine looks at what it is
given before it runs any of it. Whatever is odd, the expression is compiled.

Tested by ``tests/unit/config/test_expressioncache.py``.
"""

import hashlib
import os
import re
import sys
from array import array
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, AnyStr, Final

import msgspec
from msgspec import Meta, Struct

try:
    import _sre  # type: ignore[import-not-found]  # what `re` is made of: nothing public keeps one
except ImportError:
    _sre = None

from preserve import PROGRAM
from preserve.config.cachefolder import keep_cached
from preserve.config.place import user_folder
from preserve.regular import open_regular

_MAX_BYTES: Final = 8 << 20
_MOST: Final = 3_000
_DIGEST_BYTES: Final = 32
_KEPT_FILES: Final = 8
_MOST_GROUPS: Final = 1_000
_ALL_FLAGS: Final = 511
_CODE: Final = "I"
"""A word of what the engine runs: 32 bits."""

_Key = tuple[bool, str | bytes, int]


class _Kept(Struct, frozen=True, array_like=True):
    """An expression and what it was compiled to. ``is_checked``: it was looked at before it was compiled."""

    is_checked: bool
    is_bytes: bool
    pattern: bytes
    flags: int
    all_flags: Annotated[int, Meta(ge=0, le=_ALL_FLAGS)]
    code: bytes
    groups: Annotated[int, Meta(ge=0, le=_MOST_GROUPS)]
    group_index: dict[str, Annotated[int, Meta(ge=1, le=_MOST_GROUPS)]]


class ExpressionCache:
    """What is kept, by its expression; what was compiled since is in ``_fresh``."""

    def __init__(self) -> None:
        self._path = _place()
        self._kept: Mapping[_Key, _Kept] | None = None
        self._fresh: dict[_Key, re.Pattern[Any]] = {}

    def find(self, pattern: AnyStr, flags: int, *, is_checked: bool) -> "re.Pattern[AnyStr] | None":
        """The expression; None where it is not kept, or not whole."""
        if self._kept is None:
            self._kept = {} if self._path is None else _read(self._path)
        kept = self._kept.get((is_checked, pattern, flags))
        with suppress(RuntimeError, ValueError, IndexError, TypeError, OverflowError, MemoryError):
            return None if kept is None else _made(kept, pattern)
        return None

    def add(self, pattern: AnyStr, flags: int, compiled: "re.Pattern[AnyStr]", *, is_checked: bool) -> None:
        """Takes one that was compiled."""
        if len(self._fresh) < _MOST:
            self._fresh[is_checked, pattern, flags] = compiled

    def save(self) -> None:
        """Writes what there was with what came to it, or does not: a home that cannot be written to is no fault."""
        fresh = list(self._fresh.items())
        if self._path is None or not fresh:
            return
        # Another process may have added to it, and what is too much begins anew.
        kept = dict(_read(self._path))
        if len(kept) + len(fresh) > _MOST:
            kept = {}
        for key, compiled in fresh:
            if (made := _taken_apart(key, compiled)) is not None:
                kept[key] = made
        written = msgspec.msgpack.encode(list(kept.values()))
        keep_cached(self._path, hashlib.sha256(written).digest() + written, most=_KEPT_FILES)


def _place() -> Path | None:
    """The file; None where there is no home, or no engine that takes what is kept."""
    if _sre is None:
        return None
    engine = f"{PROGRAM}\0{sys.version}\0{_sre.MAGIC}\0{_sre.CODESIZE}\0{sys.byteorder}"
    name = hashlib.sha256(engine.encode()).hexdigest()[:32]
    with suppress(RuntimeError):
        return user_folder("cache") / "preserve" / f"expressions-{name}.bin"
    return None


def _read(path: Path) -> dict[_Key, _Kept]:
    """What lies there by its expressions; nothing where it is not whole, or not this user's own."""
    with suppress(OSError, msgspec.MsgspecError, UnicodeError), open_regular(path) as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            return {}
        data = file.read(_MAX_BYTES + 1)
        written = memoryview(data)[_DIGEST_BYTES:]
        if len(data) <= _MAX_BYTES and data[:_DIGEST_BYTES] == hashlib.sha256(written).digest():
            return {_key(one): one for one in msgspec.msgpack.decode(written, type=list[_Kept])}
    return {}


def _key(kept: _Kept) -> _Key:
    pattern = kept.pattern if kept.is_bytes else kept.pattern.decode("utf-8", "surrogatepass")
    return kept.is_checked, pattern, kept.flags


def _made(kept: _Kept, pattern: Any) -> "re.Pattern[Any]":  # noqa: ANN401 - text or bytes
    """The expression. The engine raises RuntimeError where what it is given cannot be what an expression becomes."""
    names: list[str | None] = [None] * (kept.groups + 1)
    for name, number in kept.group_index.items():
        names[number] = name
    code = array(_CODE, kept.code).tolist()
    made: re.Pattern[Any] = _sre.compile(pattern, kept.all_flags, code, kept.groups, kept.group_index, tuple(names))
    return made


def _taken_apart(key: _Key, compiled: "re.Pattern[Any]") -> _Kept | None:
    """What the engine was given for an expression. None where that does not give the same one again."""
    is_checked, pattern, flags = key
    with suppress(Exception):  # the parts of `re` that are asked here are nobody's promise
        parser, compiler = re._parser, re._compiler  # type: ignore[attr-defined]  # noqa: SLF001
        kept = _Kept(
            is_checked,
            isinstance(pattern, bytes),
            pattern if isinstance(pattern, bytes) else pattern.encode("utf-8", "surrogatepass"),
            flags,
            compiled.flags,
            array(_CODE, compiler._code(parser.parse(pattern, flags), flags)).tobytes(),  # noqa: SLF001
            compiled.groups,
            dict(compiled.groupindex),
        )
        if kept.groups <= _MOST_GROUPS and _made(kept, pattern) == compiled:
            return kept
    return None
