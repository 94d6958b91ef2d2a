"""ARC record headers, the form before WARC: one line of fields that blanks separate, then the body.

Versions 1 and 2::

    URL IP-address Archive-date Content-type Archive-length
    URL IP-address Archive-date Content-type Result-code Checksum Location Offset Filename Archive-length

A file begins with a record whose URL is ``filedesc://``; its body's first line says the version. Files in the wild hold
URLs and content types with blanks in them, so a line is read from its right end, and the date tells where the URL ends.
Source: M. Burner, B. Kahle, "Arc File Format", Internet Archive, 1996.
"""

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re

MAX_HEADER_BYTES = 64 * 1024
"""Header line with its line end; also the first line of a ``filedesc`` body."""
_BEHIND_TYPE = {1: 1, 2: 6}
"""Fields behind the content type, by version."""
_DATE = lazy_re(r"[0-9]{12}(?:[0-9]{2})?\Z")
_LENGTH = lazy_re(r"[0-9]{1,18}\Z")
_VERSION = lazy_re(rb"([12]) [0-9]+ [^\r\n]*\Z")
_FILEDESC = "filedesc://"
_NOTHING = "-"


class ArcHeader(Struct, frozen=True, kw_only=True):
    """A record header. ``raw``: the header line with its line end; ``length``: bytes of the body behind it.

    ``date14`` is as written, 14 digits or 12 (without seconds). The last five are those of version 2, None where the
    line has a hyphen or is of version 1; ``offset`` is in bytes from the beginning of ``filename``.
    """

    url: str
    ip: str
    date14: str
    content_type: str
    length: int
    raw: bytes
    result_code: int | None = None
    checksum: str | None = None
    location: str | None = None
    offset: int | None = None
    filename: str | None = None

    @property
    def date(self) -> str:
        """The time of capture as ``YYYY-MM-DDThh:mm:ssZ``, as it is written: it may be none that a calendar has.

        A missing second is 00.
        """
        text = self.date14.ljust(14, "0")
        return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}Z"


def parse_arc_header(line: bytes, version: int = 1) -> ArcHeader:
    """A record header from its line with the line end (LF, or CR LF).

    The version is known only behind the first header of a file, so that one, ``filedesc://``, is read in either
    version. Text that is not UTF-8 is read as ISO 8859-1.

    Raises:
        FormatError: not such a line, longer than `MAX_HEADER_BYTES`, or a version that is neither 1 nor 2.
    """
    if version not in _BEHIND_TYPE:
        raise FormatError(f"ARC version {version}, not 1 or 2")
    if len(line) > MAX_HEADER_BYTES:
        raise FormatError(f"an ARC header of {len(line)} bytes, more than {MAX_HEADER_BYTES}")
    if not line.endswith(b"\n"):
        raise FormatError("an ARC header without a line end")
    bare = line[:-1].removesuffix(b"\r")
    if b"\n" in bare or b"\r" in bare:
        raise FormatError("an ARC header of more than one line")
    fields = _text(bare).split(" ")
    if not fields[0].startswith(_FILEDESC):
        return _header(fields, version, line)
    try:
        return _header(fields, 2, line)
    except FormatError:
        return _header(fields, 1, line)


def is_filedesc(header: ArcHeader) -> bool:
    """True for the record that begins a file and describes it."""
    return header.url.startswith(_FILEDESC)


def parse_filedesc(body: bytes) -> int:
    """The version, 1 or 2, from the body of a ``filedesc`` record: ``1 0 InternetArchive`` and the like.

    Raises:
        FormatError: its first line is not such a line.
    """
    first = body[:MAX_HEADER_BYTES].partition(b"\n")[0].removesuffix(b"\r")
    match = _VERSION.match(first)
    if match is None:
        raise FormatError(f"no version of an ARC file: {first[:40]!r}")
    return int(match.group(1))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def _header(fields: list[str], version: int, raw: bytes) -> ArcHeader:
    behind = _BEHIND_TYPE[version]
    # URL and address stand before the date, the content type and the rest behind it.
    places = range(len(fields) - behind - 2, 1, -1)
    place = next((place for place in places if _DATE.match(fields[place])), None)
    if place is None:
        raise FormatError(f"an ARC header that is not of version {version}: {raw[:60]!r}")
    url = " ".join(fields[: place - 1])
    if not url or not fields[place - 1]:
        raise FormatError(f"an ARC header without a URL or an address: {raw[:60]!r}")
    rest = dict(zip(("result_code", "checksum", "location", "offset", "filename"), fields[-behind:-1], strict=False))
    return ArcHeader(
        url=url,
        ip=fields[place - 1],
        date14=fields[place],
        content_type=" ".join(fields[place + 1 : -behind]),
        length=_number(fields[-1], "length"),
        raw=raw,
        result_code=_optional_number(rest.get("result_code"), "result code"),
        checksum=_optional(rest.get("checksum")),
        location=_optional(rest.get("location")),
        offset=_optional_number(rest.get("offset"), "offset"),
        filename=_optional(rest.get("filename")),
    )


def _number(text: str, what: str) -> int:
    if _LENGTH.match(text) is None:
        raise FormatError(f"an ARC header with the {what} {text[:30]!r}")
    return int(text)


def _optional_number(text: str | None, what: str) -> int | None:
    return None if text is None or text == _NOTHING else _number(text, what)


def _optional(text: str | None) -> str | None:
    return None if text is None or text == _NOTHING else text
