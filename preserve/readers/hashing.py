"""The digests that a record declares, and what takes them from its bytes.

Tested by ``tests/unit/integrity/test_record.py``.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from preserve.errors import FormatError
from preserve.formats.content import ContentStream
from preserve.formats.digests import DeclaredDigest, UnknownAlgorithmError, parse_digest
from preserve.formats.http1.message import ReplyHead
from preserve.formats.warc.record import RecordHeader
from preserve.limits import MAX_REPLY_HEAD_BYTES

Fault = tuple[str, str]
"""A finding's code, and its detail."""
MOST_TOLD: Final = 20
"""Of a file, how many are told one by one; those beyond are counted. A hostile file has millions."""


class Hash(Protocol):
    """A hash under way, as `hashlib` has them."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Takes in some bytes."""
        ...

    def digest(self) -> bytes:
        """The digest of all that was taken in."""
        ...

    def hexdigest(self) -> str:
        """The same in hexadecimal."""
        ...


HASHES: Mapping[str, Callable[..., Hash]] = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""Old digests are checked, none is ever made."""


def declared_digest(header: RecordHeader, name: str, faults: list[Fault]) -> DeclaredDigest | None:
    """The digest in a field, or None; what is wrong with it goes into ``faults``."""
    text = header.get(name)
    if text is None:
        return None
    try:
        return parse_digest(text)
    except UnknownAlgorithmError as error:
        faults.append(("I-WARC-DIGEST-UNKNOWN", f"{name}: {error}"))
    except FormatError as error:
        faults.append((_mismatch(name), str(error)))
    return None


def _mismatch(name: str) -> str:
    return "E-WARC-BLOCK-DIGEST" if name == "WARC-Block-Digest" else "E-WARC-PAYLOAD-DIGEST"


def new_hash(declared: DeclaredDigest | None) -> Hash:
    """A hash of the algorithm that is declared."""
    return HASHES[declared.algorithm if declared is not None else "sha256"]()


class BehindHead:
    """Passes on what stands behind a message's head, the chunk framing with it."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._early: bytes | None = b""

    def feed(self, part: bytes) -> None:
        """Takes one part of the message."""
        if self._early is None:
            self._sink(part)
            return
        self._early += part
        _head, end, body = self._early.partition(b"\r\n\r\n")
        if end or len(self._early) > MAX_REPLY_HEAD_BYTES:
            self._early = None
            self._sink(body)


class DecodedHash:
    """The hash of a reply's payload with its content coding removed, where it has one."""

    def __init__(self, taken: Hash) -> None:
        self._taken = taken
        self._content: ContentStream | None = None

    def feed(self, part: bytes, head: ReplyHead | None) -> None:
        """Takes one part of the payload; the head is known from the first part on that is not empty."""
        if self._content is None:
            if head is None:
                return
            self._content = ContentStream((head.get(b"content-encoding") or b"").decode("latin-1").strip().lower())
        for piece in self._content.feed(part):
            self._taken.update(piece)

    def digest(self) -> bytes:
        """The digest; empty where there was no coding to remove."""
        return b"" if self._content is None or self._content.failed else self._taken.digest()
