"""Asking time-stamping authorities for receipts over HTTP (RFC 3161 section 3.4). A failure is told, never fatal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from preserve.crawler.session import plain_session
from preserve.limits import Limits
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import MAX_RECEIPT_BYTES, ReceiptError, keep, keep_failure, make_request, read_reply
from preserve.store.layout import CollectionPaths

Ask = Callable[[str, bytes], bytes]
"""Sends a request to an address; returns the reply. Raises ReceiptError."""


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
            stamped = kept.read_bytes() if kept.is_file() else note
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
    session = plain_session(proxy)
    try:
        with session.post(
            url,
            data=request,
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
            timeout=(limits.connect_timeout_s, limits.read_timeout_s),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code != requests.codes.ok:
                raise ReceiptError(f"the authority answered with status {response.status_code}")
            reply = _body(response, limits.connect_timeout_s + limits.read_timeout_s)
    except (requests.RequestException, OSError, ValueError) as error:
        raise ReceiptError(f"the authority cannot be reached: {type(error).__name__}") from error
    return reply


def _body(response: requests.Response, most_s: float) -> bytes:
    """The body, as long as it comes in time and stays within the bound of a receipt."""
    deadline = time.monotonic() + most_s
    reply = b""
    for chunk in response.iter_content(1 << 14):
        reply += chunk
        if len(reply) > MAX_RECEIPT_BYTES or time.monotonic() > deadline:
            raise ReceiptError("the authority's answer is too long, or comes too slowly")
    return reply
