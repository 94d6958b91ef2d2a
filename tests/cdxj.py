"""Lines of an index, read back."""

import json

from preserve.formats.cdxj import CdxLine


def parse_line(text: str) -> CdxLine:
    """The inverse of `preserve.formats.cdxj.format_line`."""
    key, timestamp, fields = text.rstrip("\r\n").split(" ", 2)
    return CdxLine(key=key, timestamp=timestamp, fields=json.loads(fields))
