"""Content codings of HTTP (RFC 9110 section 8.4.1), taken off for reading; the stored bytes keep them.

Tested by ``tests/unit/formats/test_content_cdxj.py``.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence

import brotli
from backports import zstd
from isal import isal_zlib

from preserve.errors import FormatError

_MAX_CODINGS = 4
_GZIP_MAGIC = b"\x1f\x8b"
# The stub of the library declares its error class as an instance.
_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_GZIP_HEAD = 10
_RESERVED_FLAGS = 0xE0
"""RFC 1952 section 2.3.1.2: a member with one of these is refused."""
_STEP = 1 << 16
_FIRST_STEP = 64
"""Bytes of a later member that are looked at first; then twice as many, and so on."""
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW_LOG = 23
"""RFC 9659: a content coding has a window of at most 8 MiB."""


def decode_content(payload: bytes, encodings: Sequence[str], *, max_bytes: int) -> bytes:
    """The content behind ``encodings``, given in the order in which they were applied.

    A body that is plain although a coding is declared is given as it is: some servers do so, and browsers show it. So
    is one whose "coding" is none (``UTF-8``, ``none``): see `no_codings`.

    Raises:
        FormatError: damaged or cut, a coding that cannot be taken off here, more than four, or more than ``max_bytes``
            when decoded.
    """
    named = [name.strip().lower() for name in encodings]
    codings = [name for name in named if name in _DECODERS or name in _OTHERS]
    if len(codings) > _MAX_CODINGS:
        raise FormatError(f"{len(codings)} content codings")
    for name in reversed(codings):
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise FormatError(f"the content coding {name} cannot be taken off")
        payload = decoder(payload, max_bytes) if payload else b""
    return payload


def no_codings(encodings: Sequence[str]) -> list[str]:
    """Those that name no content coding: neither one that is known here nor one that IANA has registered."""
    named = [name.strip().lower() for name in encodings]
    return [name for name in named if name not in _DECODERS and name not in _OTHERS and name not in {"", "identity"}]


def _gzip(data: bytes, max_bytes: int) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    first, data = _quick_inflate(data, max_bytes) or _inflate(data, 31, max_bytes)
    parts, left, at = [first], max_bytes - len(first), 0
    # Zero padding and rubbish behind the last member: as gzip itself does, they are passed over.
    while data.startswith(_GZIP_MAGIC, at):
        part, at = _later_member(memoryview(data), at, left)
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _later_member(data: memoryview, at: int, max_bytes: int) -> tuple[bytes, int]:
    """A gzip member and where it ends. No more than twice its length is looked at: there may be millions of them."""
    inflater = zlib.decompressobj(31)
    parts: list[bytes] = []
    size, step = 0, _FIRST_STEP
    try:
        while at < len(data) and not inflater.eof and size <= max_bytes:
            piece = data[at : at + step]
            at, step = at + len(piece), 2 * step
            part = inflater.decompress(piece, max_bytes + 1 - size)
            size += len(part)
            parts.append(part)
    except zlib.error as error:
        raise FormatError(f"damaged content coding: {error}") from error
    _check_whole(size, max_bytes, ended=inflater.eof)
    return b"".join(parts), at - len(inflater.unused_data)


def _deflate(data: bytes, max_bytes: int) -> bytes:
    """RFC 1950 as the standard says, or RFC 1951 as many servers send it."""
    try:
        return _inflate(data, 15, max_bytes)[0]
    except _TooLargeError:
        raise
    except FormatError:
        return _inflate(data, -15, max_bytes)[0]


class _TooLargeError(FormatError):
    """The bound was reached."""


def _check_whole(size: int, max_bytes: int, *, ended: bool) -> None:
    """Decoded content is within its bound, and came to its end.

    Raises:
        FormatError: it is not.
    """
    if size > max_bytes:
        raise _TooLargeError(f"content of more than {max_bytes} bytes when decoded")
    if not ended:
        raise FormatError("content coding without an end")


def _quick_inflate(data: bytes, max_bytes: int) -> tuple[bytes, bytes] | None:
    """A gzip member and what stands behind it, at half of zlib's time; None where zlib has to say what is wrong."""
    if len(data) < _GZIP_HEAD or data[3] & _RESERVED_FLAGS:
        return None
    inflater = isal_zlib.decompressobj(31)
    try:
        content = inflater.decompress(data, max_bytes + 1)
    except _ISAL_ERROR:
        return None
    return (content, inflater.unused_data) if inflater.eof and len(content) <= max_bytes else None


def _inflate(data: bytes, window: int, max_bytes: int) -> tuple[bytes, bytes]:
    inflater = zlib.decompressobj(window)
    try:
        content = inflater.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise FormatError(f"damaged content coding: {error}") from error
    _check_whole(len(content), max_bytes, ended=inflater.eof)
    return content, inflater.unused_data


def _brotli(data: bytes, max_bytes: int) -> bytes:
    decompressor = brotli.Decompressor()
    parts: list[bytes] = []
    total = 0
    pending = data
    try:
        while not decompressor.is_finished():
            part = decompressor.process(pending, output_buffer_limit=_STEP)
            pending = b""
            total += len(part)
            _check_whole(total, max_bytes, ended=bool(part) or not decompressor.can_accept_more_data())
            parts.append(part)
    except brotli.error as error:
        raise FormatError(f"damaged content coding: {error}") from error
    return b"".join(parts)


def _zstd(data: bytes, max_bytes: int) -> bytes:
    if not data.startswith(_ZSTD_MAGIC):
        return data
    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})
    try:
        content = decompressor.decompress(data, max_bytes + 1)
    except zstd.ZstdError as error:
        raise FormatError(f"damaged content coding: {error}") from error
    _check_whole(len(content), max_bytes, ended=decompressor.eof)
    return content


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
_OTHERS = frozenset({"aes128gcm", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress"})
"""What else stands in IANA's registry of content codings: nothing that is sent unasked today."""


class ContentStream:
    """One content coding, taken off a payload that comes in pieces; what comes out is no larger than its steps.

    ``failed``: the coding is none of those known here, or the payload is damaged; nothing more comes out.
    """

    def __init__(self, coding: str) -> None:
        window = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(coding)
        self._inflater = None if window is None else zlib.decompressobj(window)
        self._brotli = brotli.Decompressor()
        self.failed = window is None and coding != "br"

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content in one piece of the payload."""
        more = bool(data)
        while more and not self.failed:
            try:
                if self._inflater is not None:
                    part = self._inflater.decompress(data, _STEP)
                    data = self._inflater.unconsumed_tail
                    # Where a step was filled, more may come without more input.
                    more = bool(data) or len(part) == _STEP
                else:
                    part = self._brotli.process(data, output_buffer_limit=_STEP)
                    data = b""
                    more = bool(part) and not self._brotli.is_finished()
            except (zlib.error, brotli.error):
                self.failed = True
                return
            yield part
