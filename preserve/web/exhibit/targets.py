"""What a target asks for. It is read as bytes: an archived address is the rest of it, with ``//``, ``%2F`` and all.

``/COLLECTION/14digits[modifier]/ADDRESS``, ``/COLLECTION/ADDRESS`` (the TimeGate), ``/COLLECTION/*/ADDRESS``,
``/COLLECTION/timemap/FORM/[PAGE/]ADDRESS``, ``/COLLECTION/cdx?...``, ``/record/UUID[modifier]``, and the same behind
``/COLLECTION``.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from preserve.formats.urls import of_header

MODIFIERS: Final = frozenset({"", "id_", "mp_", "im_", "cs_", "js_", "if_", "oe_", "no_"})
"""What may stand behind a time. ``no_``: it was not held when the page that leads there was sent."""
_TIME: Final = re.compile(rb"(\d{1,14})([a-z]{2}_)?/(.+)", re.DOTALL)
_RECORD: Final = re.compile(
    rb"(?:/([A-Za-z0-9][A-Za-z0-9._-]{0,99}))?"
    rb"/record/(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(id_)?/?"
)
_TIMEMAP: Final = re.compile(rb"timemap/(link|json|cdxj)/(?:(\d{1,6})/(?=[A-Za-z][A-Za-z0-9+.-]*:))?(.+)", re.DOTALL)
_NAME: Final = re.compile(rb"/([A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:/(.*))?", re.DOTALL)
_SCHEME: Final = re.compile(r"(https?):/{0,2}(?=[^/])", re.IGNORECASE)
_ANY_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")

Kind = Literal["page", "gate", "list", "timemap", "cdx", "record", "front"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One request. ``digits``: of a time, as they were given. ``address``: as it was given, with its scheme, in ASCII.

    ``form``: of a TimeMap; ``page``: which of its pages, from 1.
    """

    kind: Kind
    collection: str = ""
    digits: str = ""
    modifier: str = ""
    address: str = ""
    form: str = ""
    page: int = 1
    record: str = ""


def target_of(path: bytes, query: bytes) -> Target | None:  # noqa: PLR0911 - one for each kind
    """What is asked for; None: nothing that is here. ``path`` is without the prefix, and not decoded."""
    record = _RECORD.fullmatch(path)
    if record is not None:
        return Target(
            kind="record",
            collection=(record[1] or b"").decode(),
            record=f"urn:uuid:{record[2].decode()}",
            modifier=(record[3] or b"").decode(),
        )
    if path in {b"", b"/"}:
        return Target(kind="front")
    named = _NAME.fullmatch(path)
    if named is None:
        return None
    name, rest = named[1].decode(), named[2] or b""
    if not rest and not query:
        return Target(kind="front", collection=name)
    if rest == b"cdx":
        return Target(kind="cdx", collection=name)
    rest += b"?" + query if query else b""
    timemap = _TIMEMAP.fullmatch(rest)
    if timemap is not None:
        page = int(timemap[2] or 1)
        address = address_of(timemap[3])
        return Target(kind="timemap", collection=name, form=timemap[1].decode(), page=page, address=address)
    if rest.startswith(b"*/"):
        return Target(kind="list", collection=name, address=address_of(rest[2:]))
    timed = _TIME.fullmatch(rest)
    if timed is not None:
        digits, modifier = timed[1].decode(), (timed[2] or b"").decode()
        if modifier not in MODIFIERS:
            return None
        return Target(kind="page", collection=name, digits=digits, modifier=modifier, address=address_of(timed[3]))
    return Target(kind="gate", collection=name, address=address_of(rest))


def address_of(raw: bytes) -> str:
    """An archived address out of a target: whole again where a proxy took one slash for two; http where it has none."""
    address = of_header(raw)
    match = _SCHEME.match(address)
    if match is not None:
        return f"{match[1]}://{address[match.end() :]}"
    return address if _ANY_SCHEME.match(address) is not None else f"http://{address.lstrip('/')}"
