"""Regular expressions that are compiled at their first use: a command uses few of all that the program has."""

import re
from typing import Any, AnyStr, cast


class _Expression:
    """Stands for a compiled expression. At the first use it takes over the methods of the compiled one."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self._source: tuple[Any, int] = (pattern, flags)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        pattern, flags = self._source
        compiled = re.compile(pattern, flags)
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
