"""Memento (RFC 7089): how an address, its TimeGate, its TimeMaps and its captures are linked, and the forms of lists.

A TimeMap in link-format says from when until when it goes, as section 5.1.2 has it; the forms in JSON and CDXJ are
those of MemGator and the Wayback Machine.

Tested by ``tests/scenarios/test_exhibit.py``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from preserve.errors import FormatError
from preserve.formats.cdxserver import moment_of
from preserve.formats.timemap import http_date
from preserve.formats.urls import in_path
from preserve.replay.recover import Capture
from preserve.web.exhibit.held import Captures, Moment

PAGE_MEMENTOS: Final = 1_000
"""Captures that one TimeMap lists; behind it comes the next."""
LINK_FORMAT: Final = "application/link-format"
_SAFE: Final = "%:/?#[]@!$&'()*+,;=-._~"


@lru_cache(maxsize=16_384)
def rfc1123(digits: str) -> str:
    """14 digits as HTTP writes a moment."""
    return format_datetime(moment_of(digits), usegmt=True)


def accepted(value: str) -> str | None:
    """What Accept-Datetime asks for, in 14 digits; None: it is no date."""
    moment = http_date(value)
    return None if moment is None else moment.strftime("%Y%m%d%H%M%S").rjust(14, "0")


@lru_cache(maxsize=16_384)
def padded(digits: str) -> str | None:
    """The first second of a year, a month, a day... in up to 14 digits; None: there is none."""
    if len(digits) < 4:  # noqa: PLR2004 - a year
        return None
    whole = digits + "00000101000000"[len(digits) :]
    if len(digits) in {5, 7, 9, 11, 13}:
        whole = digits[:-1] + "00000101000000"[len(digits) - 1 :]
    try:
        moment_of(whole)
    except FormatError:
        return None
    return whole


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one collection's exhibits of one archived address."""

    base: str
    """How a reader reaches the room: no slash at its end."""
    collection: str
    original: str

    @property
    def _of(self) -> str:
        return f"{self.base}/{self.collection}"

    @property
    def timegate(self) -> str:
        """Asked with a moment, it leads to the capture nearest to it."""
        return f"{self._of}/{self._said}"

    @property
    def calendar(self) -> str:
        """The list of captures for a reader."""
        return f"{self._of}/*/{self._said}"

    @property
    def _said(self) -> str:
        return quote(self.original, safe=_SAFE)

    def timemap(self, form: str = "link", page: int = 1) -> str:
        """A list of captures for programs."""
        return f"{self._of}/timemap/{form}/{f'{page}/' if page > 1 else ''}{self._said}"

    def memento(self, moment: Moment, modifier: str = "") -> str:
        """A capture: that of a second; its record where a later one is of it, or a path cannot hold its address."""
        said = in_path(moment.capture.url) if moment.is_alone else None
        if said is None:
            return f"{self.base}/record/{record_name(moment.capture)}{'id_' if modifier == 'id_' else ''}"
        return f"{self._of}/{moment.digits}{modifier}/{said}"


def record_name(capture: Capture) -> str:
    """The id of a capture's record, without what every id begins with."""
    return capture.row.record_id.removeprefix("urn:uuid:")


def _link(target: str, rel: str, **said: str) -> str:
    more = "".join(f'; {name}="{value}"' for name, value in said.items() if value)
    return f'<{target}>; rel="{rel}"{more}'


def _span(captures: Captures) -> dict[str, str]:
    return {"from": rfc1123(captures.digits[0]), "until": rfc1123(captures.digits[-1])}


def links(at: Addresses, captures: Captures | None, place: int | None, *, is_memento: bool) -> str:
    """The Link field of an answer: of a capture, or of what leads to one (``place``), or where nothing is held."""
    span = {} if captures is None else _span(captures)
    found = [
        _link(quote(at.original, safe=_SAFE), "original"),
        _link(at.timegate, "timegate"),
        _link(at.timemap(), "timemap", type=LINK_FORMAT, **span),
    ]
    if captures is not None and place is not None:
        last = len(captures.moments) - 1
        said: dict[int, list[str]] = {}
        for number, rel in ((0, "first"), (place - 1, "prev"), (place + 1, "next"), (last, "last")):
            if 0 <= number <= last:
                said.setdefault(number, []).append(rel)
        if is_memento or place in said:
            said.setdefault(place, [])
        for number in sorted(said):
            moment = captures.moments[number]
            found.append(
                _link(at.memento(moment), " ".join([*said[number], "memento"]), datetime=rfc1123(moment.digits))
            )
    return ", ".join(found)


def pages_of(captures: Captures) -> int:
    """How many TimeMaps list all captures."""
    return max(1, -(-len(captures.moments) // PAGE_MEMENTOS))


def listed(captures: Captures, page: int) -> Sequence[Moment]:
    """The captures that one TimeMap lists."""
    return captures.moments[(page - 1) * PAGE_MEMENTOS : page * PAGE_MEMENTOS]


def timemap_links(at: Addresses, captures: Captures | None, page: int) -> str:
    """A TimeMap in link-format. Where nothing is held, or past the end, it lists nothing."""
    moments = () if captures is None else listed(captures, page)
    span = {"from": rfc1123(moments[0].digits), "until": rfc1123(moments[-1].digits)} if moments else {}
    lines = [
        _link(quote(at.original, safe=_SAFE), "original"),
        _link(at.timegate, "timegate"),
        _link(at.timemap("link", page), "self", type=LINK_FORMAT, **span),
    ]
    if captures is not None:
        for other in (page - 1, page + 1):
            there = listed(captures, other) if 1 <= other <= pages_of(captures) else ()
            if there:
                ends = {"from": rfc1123(there[0].digits), "until": rfc1123(there[-1].digits)}
                lines.append(_link(at.timemap("link", other), "timemap", type=LINK_FORMAT, **ends))
        first, last = captures.moments[0], captures.moments[-1]
        for moment in moments:
            rel = "first " * (moment is first) + "last " * (moment is last) + "memento"
            lines.append(_link(at.memento(moment), rel, datetime=rfc1123(moment.digits)))
    return ",\n".join(lines) + "\n"


def _iso(digits: str) -> str:
    return moment_of(digits).strftime("%Y-%m-%dT%H:%M:%SZ")


def timemap_json(at: Addresses, captures: Captures | None, page: int) -> str:
    """A TimeMap in JSON; what is second hand says from whom it is."""
    moments = () if captures is None else listed(captures, page)
    value: dict[str, object] = {
        "original_uri": at.original,
        "self": at.timemap("json", page),
        "timegate_uri": at.timegate,
        "timemap_uri": {form: at.timemap(form, page) for form in ("link", "json", "cdxj")},
    }
    if captures is not None and pages_of(captures) > 1:
        value["timemap_index"] = [
            {"uri": at.timemap("json", other)} for other in range(1, pages_of(captures) + 1) if other != page
        ]
    if captures is not None:
        first, last = captures.moments[0], captures.moments[-1]
        value["mementos"] = {
            "list": [
                {
                    "datetime": _iso(moment.digits),
                    "uri": at.memento(moment),
                    **({"second_hand": moment.capture.second_hand} if moment.capture.second_hand else {}),
                }
                for moment in moments
            ],
            "first": {"datetime": _iso(first.digits), "uri": at.memento(first)},
            "last": {"datetime": _iso(last.digits), "uri": at.memento(last)},
        }
    return json.dumps(value, ensure_ascii=True, indent=1) + "\n"


def timemap_cdxj(at: Addresses, captures: Captures | None, page: int) -> str:
    """A TimeMap in CDXJ: lines about it with ``!``, then one line a capture."""
    return "\n".join(_cdxj_lines(at, captures, page)) + "\n"


def _cdxj_lines(at: Addresses, captures: Captures | None, page: int) -> Iterator[str]:
    yield '!context ["http://tools.ietf.org/html/rfc7089"]'
    yield f"!id {json.dumps({'uri': at.timemap('cdxj', page)})}"
    yield '!keys ["memento_datetime_YYYYMMDDhhmmss"]'
    yield f"!meta {json.dumps({'original_uri': at.original})}"
    yield f"!meta {json.dumps({'timegate_uri': at.timegate})}"
    if captures is None:
        return
    first, last = captures.moments[0], captures.moments[-1]
    for moment in listed(captures, page):
        rel = "first " * (moment is first) + "last " * (moment is last) + "memento"
        said = {"uri": at.memento(moment), "rel": rel, "datetime": rfc1123(moment.digits)}
        if moment.capture.second_hand:
            said["second_hand"] = moment.capture.second_hand
        yield f"{moment.digits} {json.dumps(said)}"
