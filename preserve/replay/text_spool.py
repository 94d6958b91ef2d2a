"""What the search index needs of texts, kept from when a page is read until its statements are under a checkpoint.

A file without a name in the archive's ``state/``: it is gone with the session, however that ends, and nobody else can
write to it. Every process that reads pages adds to its end: nothing of a text crosses a pipe, no group waits for it.
Texts are found by what is stated of them. One that is not here is no loss: the next search reads its record.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import IO, Final, Self

import msgspec

from preserve.cables.extract import Extraction
from preserve.errors import EnvironmentFaultError
from preserve.replay.indexed_texts import ReadText, read_text
from preserve.store.catalogue import ShownCable
from preserve.store.durable import make_dir
from preserve.store.layout import CollectionPaths

_MOST_BYTES: Final = 512 << 20
"""Of 40,000 to 90,000 texts."""
_KEY_BYTES: Final = 16
_HEAD: Final = struct.Struct(f"<{_KEY_BYTES}sII")
"""Before each text: its key, the number of its bytes, and their CRC-32."""
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(ReadText)


class TextSpool:
    """The texts of one session. Made before processes are forked: all of them add to it."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file
        self._places: dict[bytes, tuple[int, int]] = {}

    @classmethod
    def of(cls, paths: CollectionPaths) -> Self:
        """A spool beside the search index; one that takes nothing where none can be made."""
        with suppress(OSError, EnvironmentFaultError):
            make_dir(paths.state)
            file = TemporaryFile("w+b", buffering=0, dir=paths.state)  # noqa: SIM115 - closed with the spool
            fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
            return cls(file)
        return cls(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, record_id: str, text: Extraction) -> None:
        """Adds a text that was read from a record. What cannot be written is left to the next search."""
        if self._file is None:
            return
        layout = f"{text.layout}/{text.layout_version}"
        key = _key(record_id, text.extractor, layout, text.published_id, text.body_sha256)
        said = _ENCODER.encode(read_text(text))
        piece = _HEAD.pack(key, len(said), zlib.crc32(said)) + said
        try:
            if os.fstat(self._file.fileno()).st_size + len(piece) <= _MOST_BYTES:
                # At once and at the end of the file, whoever else adds to it. Cut short, reading stops there.
                os.write(self._file.fileno(), piece)
        except (OSError, ValueError):
            self._file = None

    def find(self) -> bool:
        """Looks through what was added; false where that is nothing. The processes that add have ended."""
        if self._file is not None:
            with suppress(OSError):
                self._places.update(_pieces(self._file.fileno()))
        return bool(self._places)

    def get(self, cable: ShownCable) -> ReadText | None:
        """What was read of a stated text; None where it is not here."""
        key = _key(cable.record.record_id, cable.extractor, cable.layout, cable.published_id, cable.body_sha256)
        place = self._places.get(key)
        if place is None or self._file is None:
            return None
        start, size = place
        with suppress(OSError, msgspec.MsgspecError):
            return _DECODER.decode(os.pread(self._file.fileno(), size, start))
        return None


def _key(*stated: str) -> bytes:
    return blake2b("\0".join(stated).encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()


def _pieces(file: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Key and place of each text that was written whole."""
    at = 0
    while len(head := os.pread(file, _HEAD.size, at)) == _HEAD.size:
        key, size, crc = _HEAD.unpack(head)
        start = at + _HEAD.size
        said = os.pread(file, min(size, _MOST_BYTES), start)
        if len(said) != size or zlib.crc32(said) != crc:
            return
        yield key, (start, size)
        at = start + size
