"""Receipts: what time-stamping authorities say of checkpoints (RFC 3161), kept as they came and judged on their own.

``receipts/SIZE.checkpoint`` is the signed note that was stamped, ``SIZE.AUTHORITY.tsq`` the request, ``.tsr`` the reply
with its certificates; ``openssl ts -verify`` works on these files. A reply is judged at its own time (RFC 3161 appendix
B): a certificate that has expired since spoils nothing. Roots are given by the reader, never taken from the archive.

Tested by ``tests/scenarios/test_receipts.py``.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.der import with_certificates_in_order
from preserve.model import sha256_hex
from preserve.regular import open_regular
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

MAX_RECEIPT_BYTES = 1 << 20
AUTHORITY_NAME = lazy_re(r"[a-z0-9][a-z0-9-]{0,39}")
_SHA256_OID = "2.16.840.1.101.3.4.2.1"
_NAME = lazy_re(r"(0|[1-9][0-9]{0,18})\.([a-z0-9][a-z0-9-]{0,39})\.tsr")
_CHECKPOINT = lazy_re(r"(0|[1-9][0-9]{0,18})\.checkpoint")
_GRANTED = 0


class ReceiptError(FormatError):
    """A reply that says nothing of the checkpoint, or nothing that can be read."""


class Stamp(Struct, frozen=True, kw_only=True):
    """What a reply says, believed or not: its moment, number and policy."""

    moment: datetime
    serial: str
    policy: str


class Receipt(Struct, frozen=True, kw_only=True):
    """A reply that is held, with the checkpoint that it is for and the request that it answers."""

    size: int
    authority: str
    note: bytes
    request: bytes
    reply: bytes

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.size}.{self.authority}.tsr"


def make_request(note: bytes) -> tuple[bytes, int]:
    """A request for a stamp of these bytes, and its nonce: SHA-256, the certificates asked for (section 2.4.1)."""
    # What reads receipts takes long to import, and most archives that are read have none.
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415

    builder = TimestampRequestBuilder(data=note, hash_algorithm=HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    if request.nonce is None:
        raise RuntimeError("a request without its nonce")
    return request.as_bytes(), request.nonce


def read_reply(reply: bytes, note: bytes, *, nonce: int | None = None) -> Stamp:
    """Holds a reply against the bytes that it is for, its status, and the nonce sent, where that is known.

    Whether its signature is good is not looked at here.

    Raises:
        ReceiptError: it cannot be read, was not granted, or is for other bytes.
    """
    response = _decode(reply)
    try:
        info = response.tst_info
        imprint = info.message_imprint
        said = Stamp(moment=info.gen_time, serial=f"{info.serial_number:x}", policy=info.policy.dotted_string)
        answered = info.nonce
    except ValueError as error:
        raise ReceiptError(f"the reply cannot be read: {error}") from error
    if imprint.hash_algorithm.dotted_string != _SHA256_OID or imprint.message.hex() != sha256_hex(note):
        raise ReceiptError("the reply is for other bytes")
    if nonce is not None and answered != nonce:
        raise ReceiptError("the reply has another nonce: it is no answer to this request")
    return said


def check_request(request: bytes, reply: bytes, note: bytes) -> None:
    """Holds a request against the bytes that it is for, and against the nonce of a reply that was read before.

    Raises:
        ReceiptError: it is missing, or is for other bytes, or another reply answers it.
    """
    if not request:
        raise ReceiptError("its request is missing")
    nonce = _decode(reply).tst_info.nonce
    # DER: the octets of the digest, and those of a whole number that is not negative.
    wanted = [bytes.fromhex(sha256_hex(note))]
    if nonce is not None:
        wanted.append(nonce.to_bytes(nonce.bit_length() // 8 + 1))
    if not all(part in request for part in wanted):
        raise ReceiptError("its request is for other bytes, or has another nonce")


def is_in_order(reply: bytes) -> bool:
    """Whether the certificates of a reply stand in the order of DER: strict readers refuse others."""
    return with_certificates_in_order(reply) == reply


def check_signature(
    reply: bytes, note: bytes, roots: "Sequence[Certificate]", intermediates: "Sequence[Certificate]" = ()
) -> None:
    """Verifies signature and certificates of a reply at its own time, up to one of these roots.

    ``intermediates`` may stand between the authority and its root, where the reply lacks them; they are no ends.

    Raises:
        ReceiptError: they do not hold.
    """
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415

    reason = "there is no root"
    for root in roots:
        # One by one: an authority's old and new root may have the same name.
        try:
            builder = VerifierBuilder(roots=[root], intermediates=list(intermediates))
            builder.build().verify_message(_decode(reply), note)
        except (VerificationError, ValueError) as error:
            reason = str(error) or "the signature or its certificates do not hold"
        else:
            return
    raise ReceiptError(reason)


def _decode(reply: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415

    if len(reply) > MAX_RECEIPT_BYTES:
        raise ReceiptError(f"a reply of {len(reply)} bytes")
    try:
        response = decode_timestamp_response(with_certificates_in_order(reply))
        status = int(response.status)
    except ValueError as error:
        raise ReceiptError(f"the reply cannot be read: {error}") from error
    if status != _GRANTED:
        reasons = "; ".join(str(text) for text in response.status_string)
        raise ReceiptError(f"not granted (status {status}){': ' + reasons[:200] if reasons else ''}")
    return response


def keep(paths: CollectionPaths, *, size: int, authority: str, note: bytes, request: bytes, reply: bytes) -> None:
    """Keeps a reply; the checkpoint and the request first, so that none lies there without what it is for."""
    make_dir(paths.receipts)
    write_atomic(paths.kept_checkpoint(size), note)
    write_atomic(paths.receipt(size, authority, "tsq"), request)
    write_atomic(paths.receipt(size, authority, "tsr"), reply)
    for failed in paths.receipts.glob(f"*.{authority}.failed"):
        # What could not be had then is covered now: this checkpoint is over all that those were over.
        failed.unlink()


def keep_failure(paths: CollectionPaths, *, size: int, authority: str, reason: str) -> None:
    """Keeps why an authority gave no receipt."""
    make_dir(paths.receipts)
    write_atomic(paths.receipt(size, authority, "failed"), f"{reason}\n".encode("utf-8", "replace"))


def held_receipts(paths: CollectionPaths) -> Iterator[Receipt]:
    """Every receipt held, the newest checkpoint first. What is missing or too large of one is empty."""
    for size, authority in sorted(_places(paths), reverse=True):
        yield _receipt(paths, size, authority)


def receipts_over(paths: CollectionPaths, statement: int) -> list[Receipt]:
    """Of each authority the receipt of the smallest checkpoint over a statement; only these are read."""
    smallest: dict[str, int] = {}
    for size, authority in _places(paths):
        if size > statement:
            smallest[authority] = min(size, smallest.get(authority, size))
    return [_receipt(paths, size, authority) for authority, size in sorted(smallest.items())]


def _places(paths: CollectionPaths) -> Iterator[tuple[int, str]]:
    for path in paths.receipts.glob("*.tsr") if paths.receipts.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is not None:
            yield int(match[1]), match[2]


def _receipt(paths: CollectionPaths, size: int, authority: str) -> Receipt:
    note = _read(paths, f"{size}.checkpoint")
    request = _read(paths, f"{size}.{authority}.tsq")
    reply = _read(paths, f"{size}.{authority}.tsr")
    return Receipt(size=size, authority=authority, note=note, request=request, reply=reply)


def kept_checkpoints(paths: CollectionPaths) -> dict[int, bytes]:
    """Size to signed note of every checkpoint that is kept for what others say of it."""
    names = [path.name for path in paths.receipts.glob("*.checkpoint")] if paths.receipts.is_dir() else []
    return {int(match[1]): _read(paths, match[0]) for name in names if (match := _CHECKPOINT.fullmatch(name))}


def held_failures(paths: CollectionPaths) -> list[tuple[str, str]]:
    """File name and reason of every failure that no later receipt made good."""
    names = sorted(path.name for path in paths.receipts.glob("*.failed")) if paths.receipts.is_dir() else []
    return [(name, _read(paths, name).decode("utf-8", "replace").strip()) for name in names]


def failed_authority(name: str) -> str:
    """The authority in the name of a failure's file, `SIZE.AUTHORITY.failed`; empty where it is no such name."""
    parts = name.split(".")
    return parts[1] if len(parts) == 3 else ""  # noqa: PLR2004 - its three parts


def _read(paths: CollectionPaths, name: str) -> bytes:
    """A file of the folder; empty where it is missing or too large, which then is for nothing."""
    try:
        with open_regular(paths.receipts / name) as file:
            data = file.read(MAX_RECEIPT_BYTES + 1)
    except OSError:
        return b""
    return data if len(data) <= MAX_RECEIPT_BYTES else b""
