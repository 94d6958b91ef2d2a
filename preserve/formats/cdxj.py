"""CDXJ lines: SURT key, 14-digit time, one JSON object. The interchange form of indexes (pywb, WACZ)."""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as _quoted

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re

_ORDER = ("url", "mime", "status", "digest", "length", "offset", "filename")
_WRITTEN = {name: f"{_quoted(name)}: " for name in _ORDER}
_TIME = lazy_re(r"[0-9]{14}\Z")


class CdxLine(Struct, frozen=True, kw_only=True):
    """One capture. ``fields`` are text, as pywb writes them; ``timestamp`` is 14 digits in UTC."""

    key: str
    timestamp: str
    fields: Mapping[str, str]


def format_line(line: CdxLine) -> str:
    """The line without its line end.

    Raises:
        FormatError: a blank in the key, or no 14 digits.
    """
    key, timestamp, fields = line.key, line.timestamp, line.fields
    is_time = len(timestamp) == 14 and timestamp.isascii() and timestamp.isdigit()  # noqa: PLR2004 - YYYYMMDDhhmmss
    if not is_time or key.split() != [key]:
        raise FormatError(f"no key and time of an index: {key[:60]!r} {timestamp[:20]!r}")
    parts = [written + _quoted(fields[name]) for name, written in _WRITTEN.items() if name in fields]
    if len(parts) != len(fields):
        parts += [f"{_quoted(name)}: {_quoted(said)}" for name, said in fields.items() if name not in _WRITTEN]
    return f"{key} {timestamp} {{{', '.join(parts)}}}"


def parse_line(text: str) -> CdxLine:
    """The inverse of `format_line`.

    Raises:
        FormatError: not such a line.
    """
    parts = text.rstrip("\r\n").split(" ", 2)
    if len(parts) != 3 or not parts[0] or _TIME.match(parts[1]) is None:  # noqa: PLR2004 - key, time, JSON
        raise FormatError(f"no CDXJ line: {text[:60]!r}")
    try:
        fields = json.loads(parts[2])
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON in a CDXJ line: {error}") from error
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise FormatError("a CDXJ line whose fields are no text")
    return CdxLine(key=parts[0], timestamp=parts[1], fields=fields)
