"""WARC 1.1 records and the gzip members that hold them: bytes in, values out, nothing rewritten.

A record's identity is `record_sha256`: SHA-256 over its header as it stands (with the blank line) and its block,
without the two line ends behind it. It covers WARC-Date and WARC-Target-URI, which the digests inside a record do not.
Sources: WARC 1.1 (ISO 28500:2017) sections 4 and 5 and annex D; RFC 1952.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import deflate
from isal import isal_zlib

from preserve.errors import FormatError
from preserve.limits import DEFAULT_LIMITS

_VERSION = re.compile(r"WARC/[01]\.\d+\Z")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_END = b"\r\n\r\n"
_GZIP = b"\x1f\x8b\x08"
_LEVEL = 5
"""Within a tenth of the smallest that gzip can be, at half of its time."""
_CHUNK = 1 << 18
# The stub of the library declares its error class as an instance.
_DAMAGE: tuple[type[Exception], ...] = (zlib.error, isal_zlib.error, EOFError, ValueError)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeader:
    """A record header. ``raw`` is every byte of it with the blank line; ``fields`` are in order, names as written."""

    version: str
    fields: tuple[tuple[str, str], ...]
    raw: bytes

    def get(self, name: str) -> str | None:
        """The first value of a field; names are compared without case (section 4)."""
        for key, value in self.fields:
            # As most writers spell it, this program among them.
            if key == name:
                return value
        wanted = name.lower()
        return next((value for key, value in self.fields if key.lower() == wanted), None)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record: header and block, as they stand in the file."""

    header: RecordHeader
    block: bytes


def bare_uri(text: str) -> str:
    """A URI without the angle brackets that WARC puts around it."""
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def record_sha256(header_raw: bytes, block: bytes) -> str:
    """The identity of a record: 64 hexadecimal digits over header (with its blank line) and block."""
    digest = hashlib.sha256(header_raw)
    digest.update(block)
    return digest.hexdigest()


def make_record(fields: Sequence[tuple[str, str]], block: bytes) -> Record:
    """One WARC/1.1 record with the fields in this order and Content-Length behind them.

    Raises:
        FormatError: a name is no token, or a value has a line end in it (it could smuggle in a field).
    """
    whole = (*fields, ("Content-Length", str(len(block))))
    text = "".join([f"{name}: {value}\r\n" for name, value in whole])
    if text.count("\n") != len(whole) or text.count("\r") != len(whole) or not all(_is_name(name) for name, _ in whole):
        raise FormatError(f"a WARC header with a field that is none: {text[:400]!r}")
    try:
        raw = f"WARC/1.1\r\n{text}\r\n".encode()
    except UnicodeEncodeError as error:
        raise FormatError("a WARC field that is not Unicode text") from error
    return Record(header=RecordHeader(version="WARC/1.1", fields=whole, raw=raw), block=block)


@lru_cache(maxsize=256)
def _is_name(name: str) -> bool:
    return _NAME.match(name) is not None


def record_bytes(record: Record) -> bytes:
    """The record as it stands uncompressed in a file: header, block, two line ends."""
    return b"".join((record.header.raw, record.block, _END))


def parse_record(data: bytes) -> Record:
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
    return Record(header=header, block=block)


def parse_header(raw: bytes) -> RecordHeader:
    """A record header from its bytes with the blank line.

    Raises:
        FormatError: not one.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("record header that is not UTF-8") from error
    lines = text.split("\r\n")
    if _VERSION.match(lines[0]) is None:
        raise FormatError(f"record without a WARC version: {lines[0][:40]!r}")
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        if not line:
            continue
        if line[0] in " \t":
            if not fields:
                raise FormatError("record header that begins with a continuation")
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or _NAME.match(name) is None:
            raise FormatError(f"record header with the line {line[:40]!r}")
        fields.append((name, value.strip(" \t")))
    return RecordHeader(version=lines[0], fields=tuple(fields), raw=raw)


def compress_member(data: bytes) -> bytes:
    """One gzip member (RFC 1952) without a time or name in it. Readers must not rely on its exact bytes."""
    return bytes(deflate.gzip_compress(data, _LEVEL))


def read_member(data: bytes | memoryview, *, max_bytes: int = DEFAULT_LIMITS.max_warc_record_bytes) -> bytes:
    """The content of exactly one gzip member, its checksum and length verified.

    Raises:
        FormatError: damaged, cut, followed by other bytes, or larger than ``max_bytes`` when inflated.
    """
    inflated = _Inflater(max_bytes)
    inflated.feed(data)
    if not inflated.done:
        raise FormatError("gzip member without an end")
    if inflated.rest:
        raise FormatError(f"{len(inflated.rest)} bytes behind a gzip member")
    return inflated.content()


class _Inflater:
    """Inflates one member, piece by piece, within a bound."""

    def __init__(self, max_bytes: int) -> None:
        self._object = isal_zlib.decompressobj(31)
        self._parts: list[bytes] = []
        self._left = max_bytes
        self.done = False
        self.rest = b""

    def feed(self, data: bytes | memoryview) -> None:
        """Takes compressed bytes; after the member's end they are in ``rest``."""
        pending: bytes | memoryview = data
        while True:
            try:
                part = self._object.decompress(pending, self._left + 1)
            except _DAMAGE as error:
                raise FormatError(f"damaged gzip member: {error}") from error
            self._left -= len(part)
            if self._left < 0:
                raise FormatError("gzip member larger than the bound")
            self._parts.append(part)
            if self._object.eof:
                self.done = True
                self.rest = bytes(self._object.unused_data)
                return
            pending = self._object.unconsumed_tail
            if not pending:
                return

    def content(self) -> bytes:
        """What was inflated."""
        return b"".join(self._parts)


class Reader(Protocol):
    """A binary stream that can be read and searched, such as an open file."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        ...

    def seek(self, offset: int, /) -> int:
        """Goes to an offset from the beginning."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One gzip member of a file: compressed offset and length, and its content; ``data`` None: a damaged stretch."""

    offset: int
    length: int
    data: bytes | None
    defect: str = ""


def iter_members(stream: Reader, *, max_bytes: int = DEFAULT_LIMITS.max_warc_record_bytes) -> Iterator[Member]:
    """Every member of a file from its beginning, in order; memory is that of one member.

    Damage ends nothing: the damaged stretch is given with its defect, and reading goes on at the next member whose
    content begins like a WARC record.
    """
    offset = 0
    while True:
        stream.seek(offset)
        try:
            found = _one_member(stream, max_bytes)
        except FormatError as error:
            after = _next_member(stream, offset + 1)
            yield Member(offset=offset, length=after - offset, data=None, defect=str(error))
            offset = after
            continue
        if found is None:
            return
        content, length = found
        yield Member(offset=offset, length=length, data=content)
        offset += length


def _one_member(stream: Reader, max_bytes: int) -> tuple[bytes, int] | None:
    """The member at the stream's position, and its compressed length; None at the end of the file."""
    inflater = _Inflater(max_bytes)
    taken = 0
    size = 1 << 14
    while not inflater.done:
        chunk = stream.read(size)
        if not chunk:
            if taken == 0:
                return None
            raise FormatError("gzip member without an end")
        inflater.feed(chunk)
        taken += len(chunk)
        size = _CHUNK
    return inflater.content(), taken - len(inflater.rest)


def _next_member(stream: Reader, start: int) -> int:
    """Offset of the next member, at or behind ``start``, that begins like a WARC record; else the end of the file."""
    offset = start
    while True:
        stream.seek(offset)
        window = stream.read(_CHUNK)
        if not window:
            return offset
        found = window.find(_GZIP)
        if found < 0:
            if len(window) < len(_GZIP):
                return offset + len(window)
            # The mark may stand across two windows.
            offset += max(1, len(window) - len(_GZIP) + 1)
            continue
        if _begins_record(window[found : found + 4096]):
            return offset + found
        offset += found + 1


def _begins_record(data: bytes) -> bool:
    try:
        return bytes(isal_zlib.decompressobj(31).decompress(data, 5)) == b"WARC/"
    except _DAMAGE:
        return False
