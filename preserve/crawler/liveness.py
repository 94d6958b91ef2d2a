"""Looks at pages at their addresses, to say whether they are there and what they show. Nothing of it is stored.

One look says little: `preserve.replay.link_status` says what several say of a page. Redirects are followed as a
reader's browser would, one exchange at a time, with a pause between two looks at one host.

Tested by ``tests/scenarios/test_check_documents.py``.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from preserve.cables.extract import plain_text, read_page
from preserve.cables.page.layouts import Layout
from preserve.crawler.outcomes import reason_of
from preserve.formats.errorpage import is_error_page
from preserve.formats.http1.message import REDIRECTS
from preserve.formats.urls import of_header, resolve
from preserve.limits import Limits
from preserve.model import format_utc
from preserve.net.exchange import Exchange
from preserve.provenance.describe import challenge_in, decoded_content, http_payload, type_of
from preserve.replay.link_status import LinkSignal, Probe, sign_of_failure, sign_of_status

_MOST_REDIRECTS: Final = 8
_FOR_GOOD: Final = frozenset({301, 308})


class Asks(Protocol):
    """What makes exchanges (`preserve.net.fetch.Fetcher`)."""

    def fetch(self, url: str) -> Exchange:
        """One exchange."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One look at one address. ``final``: the address that answered in the end."""

    url: str
    final: str
    look: Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressProber:
    """Looks at addresses, one after another."""

    fetcher: Asks
    layouts: Sequence[Layout]
    limits: Limits
    delay_s: float = 2.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], None] = time.sleep

    def look_at(self, wanted: Sequence[tuple[str, str | None]]) -> Iterator[Asked]:
        """A look at each address. Beside it stands the comparison checksum of the text that is held, where one is.

        A host that gives no answer tells nothing of the page where no other host answered either: then the way is shut.
        """
        silent: list[Asked] = []
        answered = False
        for number, (url, text_sha256) in enumerate(wanted):
            if number:
                self.wait(self.delay_s)
            asked = self._one(url, text_sha256)
            if asked.look.status is None and asked.look.sign is LinkSignal.UNREACHABLE:
                silent.append(asked)
            else:
                answered = True
                yield asked
        for asked in silent:
            sign = sign_of_failure(asked.look.reason, others_answered=answered)
            yield replace(asked, look=replace(asked.look, sign=sign))

    def _one(self, url: str, text_sha256: str | None) -> Asked:
        at, moved = url, False
        for _hop in range(_MOST_REDIRECTS):
            exchange = self.fetcher.fetch(at)
            status = None if exchange.head is None else exchange.head.status
            target = self._redirect(exchange, at)
            if status not in REDIRECTS or target is None:
                sign, reason = self._sign(exchange, text_sha256)
                if sign in {LinkSignal.SAME, LinkSignal.OTHER} and at != url and _is_front(at) and not _is_front(url):
                    sign, reason = LinkSignal.ERROR_PAGE, "leads to the front page"
                elif moved and sign in {LinkSignal.SAME, LinkSignal.OTHER}:
                    sign, reason = LinkSignal.MOVED, f"moved to {at}"
                return self._asked(url, at, sign, reason, status)
            moved = moved or status in _FOR_GOOD
            at = target
        return self._asked(url, at, LinkSignal.DOUBTFUL, "redirects without end", None)

    def _asked(self, url: str, final: str, sign: LinkSignal, reason: str, status: int | None) -> Asked:
        look = Probe(date=format_utc(self.clock()), sign=sign, reason=reason, evidence="", status=status)
        return Asked(url=url, final=final, look=look)

    @staticmethod
    def _redirect(exchange: Exchange, at: str) -> str | None:
        location = None if exchange.head is None else exchange.head.get(b"location")
        return None if location is None else resolve(at, of_header(location))

    def _sign(self, exchange: Exchange, text_sha256: str | None) -> tuple[LinkSignal, str]:
        if exchange.head is None:
            reason = reason_of(exchange, challenge=None)
            return sign_of_failure(reason, others_answered=True), reason
        payload = http_payload(exchange.response_bytes)
        content = None if payload is None else decoded_content(payload, self.limits)
        challenge = None if payload is None else challenge_in(payload, content)
        sign, reason = sign_of_status(exchange.head.status, challenge)
        if sign is not LinkSignal.SAME or content is None or payload is None:
            return sign, reason
        read_as = type_of(payload, content)
        if "html" not in read_as.essence and not read_as.essence.startswith("text/"):
            return sign, reason
        content_type = read_as.value
        cables = read_page(content, content_type, self.layouts).cables
        plain = plain_text(content, content_type)
        if not cables and is_error_page(content, plain.text):
            return LinkSignal.ERROR_PAGE, "reads as an error page"
        shown = cables[0].comparison_sha256 if len(cables) == 1 else plain.comparison_sha256
        return (LinkSignal.SAME if text_sha256 in {None, shown} else LinkSignal.OTHER), reason


def _is_front(url: str) -> bool:
    return (resolve(url, "/") or "").rstrip("/") == url.split("#", maxsplit=1)[0].rstrip("/")
