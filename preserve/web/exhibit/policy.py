"""What a browser may do with an archived page: show it. The same on every answer, raw bytes and errors too."""

from collections.abc import Sequence
from typing import Final

_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "media-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; frame-src 'self'; "
    "form-action 'none'; base-uri 'none'"
)
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # A page in a sandbox is of no origin: even what stands beside it is of another.
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-robots-tag", b"noindex, noarchive"),
)

Fields = list[tuple[bytes, bytes]]


def security(framers: Sequence[str], *, is_frame: bool = False) -> Fields:
    """The fields that no answer lacks. ``framers``: origins of the desk, which may frame what is shown.

    ``is_frame``: it is asked for as a part of an archived page; such a page, in its sandbox, is of no origin that could
    be named, so that whoever may frame it is not said.
    """
    ancestors = "" if is_frame else f"; frame-ancestors {' '.join(framers) if framers else chr(39) + 'none' + chr(39)}"
    return [(b"content-security-policy", (_POLICY + ancestors).encode()), *_ALWAYS]
