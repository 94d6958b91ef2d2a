"""Regular expressions that are compiled at their first use: a command uses few of all that the program has."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, AnyStr, Protocol, cast


class Cache(Protocol):
    """Where expressions lie that were compiled before (`preserve.config.expressioncache`)."""

    def find(self, pattern: AnyStr, flags: int, *, is_checked: bool) -> re.Pattern[AnyStr] | None:
        """The compiled one; None where it is not there."""

    def add(self, pattern: AnyStr, flags: int, compiled: re.Pattern[AnyStr], *, is_checked: bool) -> None:
        """Takes one that was not there."""

    def save(self) -> None:
        """Keeps what was added. Nothing is raised where that cannot be."""


class _Keeping:
    """The cache of one command, opened when the first expression is asked for."""

    opening: Callable[[], Cache] | None = None
    opened: Cache | None = None
    is_saved: bool = True

    def __call__(self) -> Cache | None:
        if self.opened is None and self.opening is not None:
            self.opened = self.opening()
        return self.opened


_cache = _Keeping()


@contextmanager
def kept_expressions(opening: Callable[[], Cache]) -> Iterator[None]:
    """Within it, expressions are looked up in a cache; at its end, what was compiled is added to that."""
    _cache.opening, _cache.is_saved = opening, True
    try:
        yield
    finally:
        opened, _cache.opening, _cache.opened = _cache.opened, None, None
        if opened is not None and _cache.is_saved:
            opened.save()


def keep_no_more_expressions() -> None:
    """What is compiled is not added to the cache: for a command that promises to write nothing."""
    _cache.is_saved = False


def compiled_re(
    pattern: AnyStr, flags: int = 0, *, check: Callable[[AnyStr], object] | None = None
) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, from the cache where it was compiled before.

    ``check`` is called before it is compiled for the first time, and raises what speaks against it.
    """
    is_checked, cache = check is not None, _cache()
    found = None if cache is None else cache.find(pattern, flags, is_checked=is_checked)
    if found is not None:
        return found
    if check is not None:
        check(pattern)
    compiled = re.compile(pattern, flags)
    if cache is not None:
        cache.add(pattern, flags, compiled, is_checked=is_checked)
    return compiled


class _Expression:
    """Stands for a compiled expression. At the first use it takes over the methods of the compiled one."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self._source: tuple[Any, int] = (pattern, flags)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        pattern, flags = self._source
        compiled = compiled_re(pattern, flags)
        for taken in ("match", "search", "fullmatch", "finditer", "findall", "sub", "subn", "split", "scanner"):
            setattr(self, taken, getattr(compiled, taken))
        return getattr(compiled, name)

    def __reduce__(self) -> tuple[object, ...]:
        return _Expression, self._source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Expression) and other._source == self._source

    def __hash__(self) -> int:
        return hash(self._source)


def lazy_re(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, but that it is compiled when it is first used."""
    return cast("re.Pattern[AnyStr]", _Expression(pattern, flags))
