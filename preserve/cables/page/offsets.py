"""From a character of a text back to the bytes of the payload it was read from.

The map is exact for UTF-8 (also where bytes are not UTF-8), for UTF-16 and for encodings of one byte a character. For
the others (Shift_JIS, GBK, Big5, EUC, ISO-2022-JP) it is made by encoding the text again: right where the payload was
written the usual way, near otherwise.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import webencodings
from msgspec import Struct

from preserve.cables.page.texts import Segment
from preserve.formats.charset import Decoded

_WIDE: Final = frozenset(
    {"gbk", "gb18030", "hz-gb-2312", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "replacement"}
)
"""Encodings of more than one byte a character besides the Unicode ones (Encoding Standard, sections 10 to 14)."""

_BAD: Final = "\ufffd"
_BAD_UTF8: Final = b"\xef\xbf\xbd"


def encoded_length(text: str, encoding: str) -> int:
    """The number of bytes that ``text`` has in an encoding of the Encoding Standard."""
    if text.isascii() and not encoding.startswith("utf-16"):
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "replace"))
    if encoding.startswith("utf-16"):
        return 2 * len(text) + 2 * sum(character > "\uffff" for character in text)
    if encoding in _WIDE:
        # What could not be decoded was a byte as a rule; GB18030 alone has U+FFFD itself, in four.
        return len(webencodings.lookup(encoding).codec_info.encode(text.replace(_BAD, "?"), "replace")[0])
    return len(text)


class ByteCursor(Struct):
    """Byte offsets of ever later characters of a decoded payload."""

    payload: bytes
    decoded: Decoded
    _character: int = 0
    _byte: int = 0

    def __post_init__(self) -> None:
        self._byte = self.decoded.bom_bytes

    def at(self, character: int) -> int:
        """The byte offset at which a character begins; it must not lie before the one asked for last."""
        text, start = self.decoded.text, self._character
        if self.decoded.encoding == "utf-8":
            while (bad := text.find(_BAD, start, character)) >= 0:
                self._byte += encoded_length(text[start:bad], "utf-8")
                self._byte += self._bad_bytes()
                start = bad + 1
        self._byte += encoded_length(text[start:character], self.decoded.encoding)
        self._character = character
        return min(self._byte, len(self.payload))

    def _bad_bytes(self) -> int:
        """How many bytes of the payload became the U+FFFD that stands here."""
        here = self.payload[self._byte : self._byte + 4]
        if here.startswith(_BAD_UTF8):
            return len(_BAD_UTF8)
        try:
            here.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.end - error.start
        return 1


class BodyMap(Struct, frozen=True, kw_only=True):
    """Where the characters of a text stand in the payload: runs of the text, each with its span of bytes.

    In a run that is ``copied`` every character has its own bytes; the others stand for their bytes as a whole (a
    character reference, a tag that breaks the line).
    """

    body: str
    encoding: str
    starts: "array[int]"
    byte_starts: "array[int]"
    byte_ends: "array[int]"
    copied: bytes

    def bytes_of(self, start: int, end: int) -> tuple[int, int]:
        """The span of bytes that the characters from ``start`` to ``end`` were read from.

        Offsets outside the text are taken to its ends; an empty span gives an empty span.
        """
        if not self.starts:
            return 0, 0
        start = min(max(start, 0), len(self.body))
        end = min(max(end, start), len(self.body))
        if start == end:
            place = self._end(start) if start == len(self.body) else self._begin(start)
            return place, place
        first, last = self._begin(start), self._end(end)
        return first, max(first, last)

    def _begin(self, offset: int) -> int:
        run = bisect_right(self.starts, offset) - 1
        return self._inside(run, offset)

    def _end(self, offset: int) -> int:
        """Where the character before ``offset`` ends."""
        run = max(bisect_right(self.starts, offset - 1) - 1, 0)
        return self._inside(run, offset) if self.copied[run] else self.byte_ends[run]

    def _inside(self, run: int, offset: int) -> int:
        """The place of a character of a run, never behind the run's end."""
        if not self.copied[run]:
            return self.byte_starts[run]
        into = encoded_length(self.body[self.starts[run] : offset], self.encoding)
        return min(self.byte_starts[run] + into, self.byte_ends[run])


_LONGEST_RUN: Final = 4_096
"""Characters of one run: finding a place inside a run costs as much as the run is long."""


def body_map(body: str, segments: Sequence[Segment], payload: bytes, decoded: Decoded, first_byte: int = 0) -> BodyMap:
    """The map of a text made of segments of the decoded payload. Segments must come in the order of the page.

    ``first_byte`` is added to every place: where the payload is a piece of a larger one.
    """
    cursor = ByteCursor(payload, decoded)
    starts, byte_starts, byte_ends = array("q"), array("q"), array("q")
    copied = bytearray()

    def add(start: int, from_start: int, from_end: int, *, as_copy: bool) -> None:
        starts.append(start)
        byte_starts.append(first_byte + cursor.at(from_start))
        byte_ends.append(first_byte + cursor.at(from_end))
        copied.append(as_copy)

    for segment in segments:
        if not segment.copied:
            add(segment.start, segment.from_start, segment.from_end, as_copy=False)
            continue
        offset, shift = segment.start, segment.from_start - segment.start
        stop = segment.start + segment.length
        while offset < stop:
            after = min(stop, offset + _LONGEST_RUN)
            bad = body.find(_BAD, offset, after)
            if bad >= 0:
                after = max(bad, offset + 1)
            add(offset, offset + shift, after + shift, as_copy=bad != offset)
            offset = after
    return BodyMap(
        body=body,
        encoding=decoded.encoding,
        starts=starts,
        byte_starts=byte_starts,
        byte_ends=byte_ends,
        copied=bytes(copied),
    )
