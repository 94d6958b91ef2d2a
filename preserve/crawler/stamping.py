"""Asking time-stamping authorities for receipts over HTTP (RFC 3161 section 3.4). A failure is told, never fatal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from preserve.limits import Limits
from preserve.net.session import NoAnswerError, UnendingError
from preserve.net.session import ask as ask_for
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import MAX_RECEIPT_BYTES, ReceiptError, keep, keep_failure, make_request, read_reply
from preserve.regular import read_regular
from preserve.store.layout import CollectionPaths

Ask = Callable[[str, bytes], bytes]
"""Sends a request to an address; returns the reply. Raises ReceiptError."""
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """How one authority answered; ``reason`` is empty where its receipt is kept."""

    authority: str
    reason: str


def stamp(
    paths: CollectionPaths,
    authorities: Mapping[str, str],
    *,
    limits: Limits,
    proxy: str | None = None,
    ask: Ask | None = None,
) -> list[Stamped]:
    """Gets a receipt for the newest checkpoint from each authority (name to address) that has given none for it.

    ``proxy`` is the address of an HTTP proxy, or None. ``ask`` stands in for HTTP.
    """
    ledger = Ledger(paths)
    note, size = ledger.note(), ledger.covered
    if note is None:
        return []
    ask = ask or (lambda url, request: _post(url, request, limits, proxy))
    told = []
    for name, url in authorities.items():
        if paths.receipt(size, name, "tsr").is_file():
            continue
        try:
            kept = paths.kept_checkpoint(size)
            # One that others vouch for already stays the one that is vouched for.
            stamped = read_regular(kept) if kept.is_file() else note
            request, nonce = make_request(stamped)
            reply = ask(url, request)
            read_reply(reply, stamped, nonce=nonce)
        except ReceiptError as error:
            keep_failure(paths, size=size, authority=name, reason=str(error))
            told.append(Stamped(authority=name, reason=str(error)))
            continue
        keep(paths, size=size, authority=name, note=stamped, request=request, reply=reply)
        told.append(Stamped(authority=name, reason=""))
    return told


def _post(url: str, request: bytes, limits: Limits, proxy: str | None) -> bytes:
    try:
        answer = ask_for(
            url,
            proxy=proxy,
            connect_s=limits.connect_timeout_s,
            read_s=limits.read_timeout_s,
            body=request,
            fields={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
            max_bytes=MAX_RECEIPT_BYTES,
        )
    except UnendingError as error:
        raise ReceiptError("the authority's answer is too long, or comes too slowly") from error
    except NoAnswerError as error:
        raise ReceiptError(f"the authority cannot be reached: {error}") from error
    if answer.status != _OK:
        raise ReceiptError(f"the authority answered with status {answer.status}")
    return answer.body
