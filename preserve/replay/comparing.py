"""What a look shows of a page that is held: one rule for the run that looked and for all who read of it. Pure.

Docs: ``docs/link-rot.md``, *A run is compared with what was held*.
"""

import hashlib
import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from preserve.expressions import lazy_re
from preserve.formats.http1.message import MISSING, REDIRECTS


class Seen(StrEnum):
    """What a look at a page shows, as against the newest whole capture before the run."""

    NEW = "new"
    """A page came whole, and none was held."""
    UNCHANGED = "unchanged"
    """The same payload, or the same text."""
    CHANGED = "changed"
    MOVED = "moved"
    """It redirects to an address that the run captured whole."""
    AWAY = "moved-away"
    """It redirects out of the collection: what is there was not asked for."""
    GONE = "gone"
    """404, 410 or 451."""
    SOFT_GONE = "soft-gone"
    """The reply says that all is well, and the page is not there."""
    ERROR = "error"
    """Any other reply: trouble of the server, a bot wall, a login, a reply that is cut."""
    NOT_REACHED = "not-reached"
    """No reply, or the page may not be asked for: robots.txt, a pause of the host."""


LOST: Final = frozenset({Seen.AWAY, Seen.GONE, Seen.SOFT_GONE, Seen.ERROR, Seen.NOT_REACHED})
"""What is no page that is held, whatever the cause: the page is not known to be dead, and was not to be had."""
TOLD: Final = frozenset({Seen.CHANGED, Seen.MOVED, *LOST})
"""What stands beside an address in the run's statement."""
_CROWD: Final = 3
"""Pages that show one text where they showed others: fewer may be two addresses of one page."""


class Page(Struct, frozen=True, kw_only=True):
    """What a whole reply shows. ``text``: a checksum of its text; ``is_empty``: it shows none.

    ``is_error``: it reads as an error page. ``cables``: the ids of those on it. ``kind``: the media type of what has no
    text.
    """

    payload_sha256: str
    text: str
    is_empty: bool = False
    is_error: bool = False
    cables: frozenset[str] = frozenset()
    kind: str = ""

    def has_lost(self, now: "Page", words: str) -> bool:
        """Whether it showed a cable, and what is there now shows others, or in its ``words`` does not even name one.

        Ids are compared in small letters, each as it is published and as it is read.
        """
        if not self.cables or now.cables:
            return bool(self.cables) and self.cables.isdisjoint(now.cables)
        small = words.lower()
        return not any(name in small for name in self.cables)

    def is_one_of_many(self, others: frozenset[str]) -> bool:
        """Whether its address, which has shown ``others`` than now, has shown more than the cables of this page."""
        return not others <= self.cables


class Led(Struct, frozen=True, kw_only=True):
    """Where redirects led in the end. ``status``: of the reply there; None: the run has none."""

    home: bool = False
    """To the front page of its own host."""
    status: int | None = None
    page: Page | None = None
    """What is there, where it came whole."""


class Look(Struct, frozen=True, kw_only=True):
    """One look. ``status`` None: no reply of HTTP. ``page``: what it shows, of a whole reply with status 200.

    ``repeats``: the server or the payload says that it is a page that is held. ``in_crowd``: one of many that show one
    text now, and did not before (`crowds`).
    """

    reason: str
    status: int | None = None
    repeats: bool = False
    page: Page | None = None
    led: Led | None = None
    in_crowd: bool = False
    lost_cable: bool = False
    """There was a cable, and it is not on the page that it shows or leads to: see `Page.has_lost`."""
    not_tried: bool = False
    """The run left it out: it was not due, or is not of the collection any more."""


def compare(before: Page | None, look: Look) -> Seen | None:
    """What a look shows; None where it says nothing of the kind. ``before`` None: nothing whole was held."""
    if look.not_tried:
        return None
    if before is None:
        return Seen.NEW if look.page is not None else None
    if look.repeats:
        return Seen.UNCHANGED
    if look.page is not None:
        return _compared(before, look.page, is_other=look.in_crowd or look.lost_cable)
    if look.status is None:
        return Seen.NOT_REACHED
    if look.status in REDIRECTS and look.led is not None:
        return _led(before, look.led, is_other=look.in_crowd or look.lost_cable)
    return Seen.GONE if look.status in MISSING else Seen.ERROR


def _compared(before: Page, now: Page, *, is_other: bool) -> Seen:
    if now.payload_sha256 == before.payload_sha256 or (now.text == before.text and not now.is_empty):
        return Seen.UNCHANGED
    if is_other or _is_none(before, now):
        return Seen.SOFT_GONE
    return Seen.UNCHANGED if now.text == before.text else Seen.CHANGED


def _is_none(before: Page, now: Page) -> bool:
    """Whether what is there now is an empty page or an error page, and was none."""
    return (now.is_empty and not before.is_empty) or (now.is_error and not before.is_error)


def _led(before: Page, led: Led, *, is_other: bool) -> Seen:
    if led.home:
        return Seen.SOFT_GONE
    if led.status is None:
        return Seen.AWAY
    if led.status in MISSING:
        return Seen.GONE
    if led.status != 200:  # noqa: PLR2004 - only a page is where a page has moved to
        return Seen.ERROR
    return Seen.SOFT_GONE if is_other or (led.page is not None and _is_none(before, led.page)) else Seen.MOVED


def is_crowd(now_one: int, before_others: int, of_all: int) -> bool:
    """Whether pages that show one text now stand for none of those they were.

    ``now_one``: pages that show it; ``before_others``: how many different texts were held of them; ``of_all``: held
    pages that the run had a page from.
    """
    if 2 * before_others <= now_one or before_others < 2:  # noqa: PLR2004 - most of them were pages of their own
        return False
    return now_one >= _CROWD or now_one == of_all


_TOKEN = lazy_re(r"\S+")
_MOST_WORDS: Final = 2_000


def gist(text: str, url: str) -> str:
    """A checksum of a text that is the same for nearly the same texts: one closing page, however it names an address.

    Words with digits, those with a slash or a point inside, and the words of the address itself are left out.
    """
    own = {word for word in re.split(r"[^a-z]+", url.lower()) if word}
    digest = hashlib.sha256()
    for number, match in enumerate(_TOKEN.finditer(text)):
        if number == _MOST_WORDS:
            break
        word = match[0].lower().strip(".,;:!?\"'()[]<>-")
        if word.isalpha() and word not in own:
            digest.update(f"{word}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
