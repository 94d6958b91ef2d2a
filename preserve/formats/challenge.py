"""Challenge pages: what a bot wall sends in the place of a page, known by signs that ordinary pages do not have.

Many sites carry a wall's script on every page, so a script alone is no sign: a wall's own header field is, and its
script together with its title, or together with almost no text. What is not certain is not called a challenge.
"""

import re

from msgspec import Struct

from preserve.expressions import lazy_re
from preserve.formats.http1.message import ReplyHead

MAX_PAGE_BYTES = 256 * 1024
"""Challenge pages are small; the longest known are some 60 KiB."""
_MAX_TEXT_CHARS = 300
_TITLE = lazy_re(rb"<title[^>]{0,200}>([^<]{0,200})</title", re.IGNORECASE)
_UNSEEN = lazy_re(rb"<(script|style|noscript|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = lazy_re(rb"<[^>]*(?:>|\Z)")


class _Wall(Struct, frozen=True):
    """``fields``: header field and values that say so by themselves. ``marks``: what its pages are made with."""

    name: str
    fields: tuple[tuple[bytes, frozenset[bytes]], ...] = ()
    marks: tuple[bytes, ...] = ()
    titles: frozenset[bytes] = frozenset()
    """In lower case. Without titles, a mark counts only where the page shows almost no text."""


_WALLS = (
    _Wall(
        name="cloudflare",
        fields=((b"cf-mitigated", frozenset({b"challenge"})),),
        marks=(b"_cf_chl_opt", b"/cdn-cgi/challenge-platform/", b"cf-browser-verification", b"jschl-answer"),
        titles=frozenset({b"just a moment...", b"attention required! | cloudflare", b"please wait... | cloudflare"}),
    ),
    _Wall(
        name="aws-waf",
        fields=((b"x-amzn-waf-action", frozenset({b"challenge", b"captcha"})),),
        marks=(b".awswaf.com/", b"AwsWafIntegration"),
    ),
    _Wall(name="ddos-guard", marks=(b"/.well-known/ddos-guard/",), titles=frozenset({b"ddos-guard"})),
    _Wall(name="imperva", marks=(b"/_Incapsula_Resource",)),
    _Wall(name="sucuri", marks=(b"sucuri_cloudproxy_js",), titles=frozenset({b"you are being redirected..."})),
    _Wall(name="human", marks=(b"px-captcha", b"_pxAppId"), titles=frozenset({b"access to this page has been denied"})),
    _Wall(name="datadome", marks=(b"captcha-delivery.com",)),
    _Wall(
        name="anubis",
        marks=(b"/.within.website/x/cmd/anubis/",),
        titles=frozenset({b"making sure you're not a bot!", b"making sure you&#39;re not a bot!"}),
    ),
)
_FIELDS = tuple((name, values, wall.name) for wall in _WALLS for name, values in wall.fields)
_BY_TITLE = {title: wall for wall in _WALLS for title in wall.titles}
_WITHOUT_TITLE = tuple(wall for wall in _WALLS if not wall.titles)


def challenge_of(head: ReplyHead, content: bytes | None) -> str | None:
    """The bot wall whose challenge a reply is, by name, or None.

    ``content`` is the body with its codings removed, or None where it cannot be read. Any status may hold a challenge.
    """
    for name, values, wall_name in _FIELDS:
        if (head.get(name) or b"").strip().lower() in values:
            return wall_name
    if content is None or len(content) > MAX_PAGE_BYTES:
        return None
    # The titles first: looking for every mark in every page would take longer than all else that is read of it.
    wall = _BY_TITLE.get(_title(content))
    if wall is not None and any(mark in content for mark in wall.marks):
        return wall.name
    if b"<script" not in content and b"<iframe" not in content:
        return None
    for wall in _WITHOUT_TITLE:
        if any(mark in content for mark in wall.marks) and _text_chars(content) <= _MAX_TEXT_CHARS:
            return wall.name
    return None


def _title(content: bytes) -> bytes:
    match = _TITLE.search(content)
    return b" ".join(match.group(1).split()).lower() if match is not None else b""


def _text_chars(content: bytes) -> int:
    seen = _TAG.sub(b" ", _UNSEEN.sub(b" ", content))
    return len(b" ".join(seen.split()))
