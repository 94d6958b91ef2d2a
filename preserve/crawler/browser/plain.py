"""What a page gave back when it was asked, as JSON that fits into a line: its scripts may have made anything of it.

Tested by ``tests/unit/crawler/test_browser_visit.py``.
"""

import itertools
from typing import Any, Final

_TEXT_CHARS: Final = 4_000
_VALUES: Final = 50
_MOST: Final = 1 << 31


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Its texts, numbers that count something and lists of texts, by name; of what is no object the text, or None."""
    if not isinstance(value, dict):
        return None if value is None else _short(value)
    return {_short(name): _leaf(one) for name, one in itertools.islice(value.items(), _VALUES)}


def _leaf(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_short(one) for one in value[:_VALUES]]
    is_count = isinstance(value, int) and abs(value) < _MOST
    return value if value is None or is_count else _short(value)


def _short(value: object) -> str:
    try:
        return str(value)[:_TEXT_CHARS]
    except (ValueError, RecursionError):
        # A number of thousands of digits, lists in lists without an end.
        return type(value).__name__
