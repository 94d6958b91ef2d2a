"""Where the addresses of contents stand, kept for the next reader of the same bytes: a style sheet is of many pages.

What is kept is a function of the bytes, by whose SHA-256 it is found: they are read and proved each time all the same.

Tested by ``tests/unit/web/test_kept_edits.py``.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Final

from preserve.formats.rewriting.content import Rewritable, rewritable

_EDIT_BYTES: Final = 250
"""What one edit takes beside its texts, in Python's objects."""
_MOST_BYTES: Final = 32 << 20
_MOST_OF_ONE: Final = 1 << 20

_Key = tuple[bytes, str, str | None, str | None]


class KeptEdits:
    """Used by several threads. ``most_bytes``: of memory, as it is reckoned here."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[Rewritable | None, int]] = OrderedDict()
        self.bytes = 0
        """What is kept takes."""

    def find(self, content: bytes, url: str, media_type: str | None, content_type: str | None) -> Rewritable | None:
        """`rewritable` of the same."""
        key = (hashlib.sha256(content).digest(), url, media_type, content_type)
        with self._lock:
            held = self._kept.get(key)
            if held is not None:
                self._kept.move_to_end(key)
                return held[0]
        found = rewritable(content, url, media_type, content_type)
        self._keep(key, found)
        return found

    def _keep(self, key: _Key, found: Rewritable | None) -> None:
        size = len(repr(key)) + _EDIT_BYTES
        if found is not None:
            texts = sum(len(edit.text) + len(edit.url or "") for edit in found.edits)
            size += len(found.content) + texts + _EDIT_BYTES * len(found.edits)
        if size > min(_MOST_OF_ONE, self._most_bytes):
            return
        with self._lock:
            _found, before = self._kept.pop(key, (None, 0))
            self._kept[key] = (found, size)
            self.bytes += size - before
            while self.bytes > self._most_bytes:
                self.bytes -= self._kept.popitem(last=False)[1][1]
