"""WARC 1.1 records and the gzip members that hold them: bytes in, values out, nothing rewritten.

A record's identity is `record_sha256`: SHA-256 over its header as it stands (with the blank line) and its block,
without the two line ends behind it. It covers WARC-Date and WARC-Target-URI, which the digests inside a record do not.
Sources: WARC 1.1 (ISO 28500:2017) sections 4 and 5 and annex D; RFC 1952.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Self

import deflate
from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.warc.shapes import HeaderShape, Shapes
from preserve.limits import DEFAULT_LIMITS

_VERSION = lazy_re(r"(?i)WARC/[01]\.\d+\Z")
_NAME = lazy_re(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_METHOD = lazy_re(r"[A-Z]{1,20}")
METHOD_FIELD = "WARC-Request-Method"
"""The field of a ``response`` record that says by which method it was asked for, where that was not GET."""
_END = b"\r\n\r\n"
_LF_END = b"\n\n"
_LONGEST_VERSION = 64
"""A version line is shorter than this: what is longer has none."""
FOLDED = "I-WARC-FOLDED"
LF_ONLY = "W-WARC-LF"
_SHAPES = Shapes()
_LEVEL = 5
"""Within a tenth of the smallest that gzip can be, at half of its time."""


@lru_cache(maxsize=512)
def _lower(name: str) -> str:
    return name.lower()


class RecordHeader:
    """A record header. ``raw`` is every byte of it with the blank line; ``fields`` are in order, names as written.

    ``habits``: codes of what is unusual in how it is written, and is read all the same. ``shape``: what it has in
    common with others, where nothing in it is unusual and many are like it; ``values`` are then those of its fields.
    """

    __slots__ = ("_by_name", "_fields", "habits", "raw", "shape", "values", "version")

    def __init__(
        self, *, version: str, fields: tuple[tuple[str, str], ...], raw: bytes, habits: tuple[str, ...] = ()
    ) -> None:
        self.version = version
        self.raw = raw
        self.habits = habits
        self.shape: HeaderShape | None = None
        self.values: tuple[str, ...] = ()
        self._fields: tuple[tuple[str, str], ...] | None = fields
        self._by_name: Mapping[str, str] | None = None

    @classmethod
    def shaped(cls, shape: HeaderShape, values: tuple[str, ...], raw: bytes) -> Self:
        """A header of a shape that is known, with these values in its order."""
        made = cls.__new__(cls)
        made.version = shape.version
        made.raw = raw
        made.habits = ()
        made.shape = shape
        made.values = values
        made._fields, made._by_name = None, None  # noqa: SLF001 - its own
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecordHeader) and (self.raw, self.fields) == (other.raw, other.fields)

    def __hash__(self) -> int:
        return hash(self.raw)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names as written, and values, in order."""
        if self._fields is None:
            self._fields = () if self.shape is None else tuple(zip(self.shape.names, self.values, strict=True))
        return self._fields

    @property
    def by_name(self) -> Mapping[str, str]:
        """The first value of each field, by its name in lower case: a header is asked some ten times."""
        if self._by_name is None:
            if self.shape is not None:
                self._by_name = dict(zip(self.shape.keys, self.values, strict=True))
            else:
                # Backwards, so that the first of two of a name is what stays.
                self._by_name = {_lower(name): value for name, value in reversed(self.fields)}
        return self._by_name

    def get(self, name: str) -> str | None:
        """The first value of a field; names are compared without case (section 4)."""
        if self.shape is not None:
            place = self.shape.places.get(_lower(name))
            return None if place is None else self.values[place]
        return self.by_name.get(_lower(name))

    def _required(self, name: str) -> str:
        value = self.get(name)
        if not value:
            raise FormatError(f"record without {name}")
        return value

    @property
    def type(self) -> str:
        """WARC-Type, as written."""
        return self._required("WARC-Type")

    @property
    def record_id(self) -> str:
        """WARC-Record-ID without its angle brackets."""
        return bare_uri(self._required("WARC-Record-ID"))

    @property
    def date(self) -> str:
        """WARC-Date, as written."""
        return self._required("WARC-Date")

    @property
    def target_uri(self) -> str | None:
        """WARC-Target-URI; the angle brackets that some WARC 1.0 writers put around it are taken off."""
        value = self.get("WARC-Target-URI")
        return None if value is None else bare_uri(value)

    @property
    def content_length(self) -> int:
        """Content-Length: bytes of the block."""
        text = self._required("Content-Length")
        if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - below 2**63
            raise FormatError(f"record with Content-Length {text[:30]!r}")
        return int(text)


class WarcRecord(Struct, frozen=True, kw_only=True):
    """One record: header and block, as they stand in the file."""

    header: RecordHeader
    block: bytes


def bare_uri(text: str) -> str:
    """A URI without the angle brackets that WARC puts around it."""
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def original_of(header: RecordHeader) -> tuple[str, str] | None:
    """Address and date of the record that a revisit refers to, where it names both (WARC 1.1 sections 5.12, 5.13)."""
    uri, date = header.get("WARC-Refers-To-Target-URI"), header.get("WARC-Refers-To-Date")
    return (bare_uri(uri), date) if uri and date else None


def request_method(header: RecordHeader) -> str:
    """The method by which the reply in a record was asked for: ``GET`` where the record names none that can be."""
    said = header.by_name.get("warc-request-method")
    return said if said is not None and _METHOD.fullmatch(said) is not None else "GET"


def record_sha256(header_raw: bytes, block: bytes) -> str:
    """The identity of a record: 64 hexadecimal digits over header (with its blank line) and block."""
    digest = hashlib.sha256(header_raw)
    digest.update(block)
    return digest.hexdigest()


def make_record(fields: Sequence[tuple[str, str]], block: bytes) -> WarcRecord:
    """One WARC/1.1 record with the fields in this order and Content-Length behind them.

    Raises:
        FormatError: a name is no token, or a value has a line end in it (it could smuggle in a field).
    """
    whole = (*fields, ("Content-Length", str(len(block))))
    text = "".join([f"{name}: {value}\r\n" for name, value in whole])
    are_names = _are_names(tuple([name for name, _value in whole]))
    if text.count("\n") != len(whole) or text.count("\r") != len(whole) or not are_names:
        raise FormatError(f"a WARC header with a field that is none: {text[:400]!r}")
    try:
        raw = f"WARC/1.1\r\n{text}\r\n".encode()
    except UnicodeEncodeError as error:
        raise FormatError("a WARC field that is not Unicode text") from error
    return WarcRecord(header=RecordHeader(version="WARC/1.1", fields=whole, raw=raw), block=block)


@lru_cache(maxsize=64)
def _is_version(text: str) -> bool:
    return _VERSION.match(text) is not None


@lru_cache(maxsize=64)
def _are_names(names: tuple[str, ...]) -> bool:
    """True where all are names of fields: a writer's records have the same ones again and again."""
    return all(map(_is_name, names))


@lru_cache(maxsize=512)
def _is_name(name: str) -> bool:
    return _NAME.match(name) is not None


def record_bytes(record: WarcRecord) -> bytes:
    """The record as it stands uncompressed in a file: header, block, two line ends."""
    return b"".join((record.header.raw, record.block, _END))


def parse_record(data: bytes) -> WarcRecord:
    """One record from its uncompressed bytes, with the two line ends behind the block.

    Raises:
        FormatError: the header cannot be read, or the block is not as long as it says.
    """
    split = data.find(_END, 0, DEFAULT_LIMITS.max_warc_header_bytes)
    if split < 0:
        raise FormatError("record header without an end")
    raw = data[: split + 4]
    header = parse_header(raw)
    length = header.content_length
    block = data[len(raw) : len(raw) + length]
    if len(block) != length:
        raise FormatError(f"block of {len(block)} bytes where Content-Length is {length}")
    rest = data[len(raw) + length :]
    if rest != _END:
        raise FormatError(f"{len(rest)} bytes behind the block where two line ends belong")
    return WarcRecord(header=header, block=block)


def end_of_line(first: bytes) -> bytes:
    """The line end of a header, LF or CR LF, from its first bytes: what ends its first line ends the others too."""
    line_end = first.find(b"\n")
    return b"\n" if line_end > 0 and first[line_end - 1] != 0x0D else b"\r\n"  # noqa: PLR2004 - a carriage return


def parse_header(raw: bytes) -> RecordHeader:
    """A record header from its bytes with the blank line. Folded fields are unfolded (RFC 2616 section 2.2).

    Raises:
        FormatError: not one.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("record header that is not UTF-8") from error
    if (known := _SHAPES.read(text)) is not None:
        return RecordHeader.shaped(*known, raw)
    habits: tuple[str, ...] = ()
    if raw.endswith(_LF_END) and end_of_line(raw[:_LONGEST_VERSION]) == b"\n":
        habits = (LF_ONLY,)
        lines = text.split("\n")
    else:
        lines = text.split("\r\n")
    if not _is_version(lines[0]):
        raise FormatError(f"record without a WARC version: {lines[0][:40]!r}")
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        if not line:
            continue
        if line[0] in " \t":
            if not fields:
                raise FormatError("record header that begins with a continuation")
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}".strip())
            habits = habits if FOLDED in habits else (*habits, FOLDED)
            continue
        name, colon, value = line.partition(":")
        if not colon or not _is_name(name):
            raise FormatError(f"record header with the line {line[:40]!r}")
        fields.append((name, value.strip(" \t")))
    if not habits:
        _SHAPES.met(lines[0], tuple(fields))
    return RecordHeader(version=lines[0], fields=tuple(fields), raw=raw, habits=habits)


def compress_member(data: bytes) -> bytes:
    """One gzip member (RFC 1952) without a time or name in it. Readers must not rely on its exact bytes."""
    return bytes(deflate.gzip_compress(data, _LEVEL))
