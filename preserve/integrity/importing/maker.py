"""Which program made a WARC file, in the words of its first ``warcinfo`` record (WARC 1.1, section 6.2).

It is what the file says of itself, and nothing more: nobody proves it.
"""

from pathlib import Path
from typing import Final

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.warc.containers import Container, records_in
from preserve.formats.warc.record import RecordHeader
from preserve.regular import open_regular
from preserve.text import terminal_line

_MOST_CHARS: Final = 120
_MOST_BLOCK: Final = 64 * 1024
_SOFTWARE = lazy_re(rb"(?im)^software[ \t]*:[ \t]*([^\r\n]{1,2000})")


def maker_of(path: Path, container: Container) -> str:
    """The ``software`` that the first record names, on one line; empty where that is no ``warcinfo`` or has none."""
    if container.is_arc:
        return ""
    with open_regular(path) as stream:
        try:
            first = next(records_in(stream, container, hold_bytes=_MOST_BLOCK), None)
        except FormatError:
            return ""
        raw = None if first is None else first.raw
        if raw is None or not isinstance(raw.header, RecordHeader) or raw.header.get("WARC-Type") != "warcinfo":
            return ""
        # A block larger than is held is no list of a few fields.
        found = _SOFTWARE.search(bytes(raw.block or b""))
    return "" if found is None else terminal_line(found[1].decode("utf-8", "replace"), _MOST_CHARS)
