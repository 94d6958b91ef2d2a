"""TimeMaps of Memento (RFC 7089 section 5): in link-format (RFC 6690) and in the JSON form that archives serve. Pure.

A link-value is ``<URI>; rel="memento"; datetime="Sat, 01 Oct 2011 10:00:00 GMT"``, values are separated by commas. What
is no link-value is a defect and not skipped in silence: a listing with defects is not complete.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from preserve.errors import FormatError
from preserve.expressions import lazy_re

MAX_MEMENTOS = 100_000
_MAX_VALUE_CHARS = 16_384
_TARGET = lazy_re(r"\s*<([^<>\x00-\x20]{0,8192})>")
_PARAM = lazy_re(r'\s*;\s*(?:([!#$&+.^_`|~0-9A-Za-z*-]{1,64})\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s",;]{1,4096}))?)?')
_NEXT = lazy_re(r"\s*(?:,\s*)+|\s*\Z")
_RESYNC = lazy_re(r",\s*(?=<)")
_JSON_DATE = lazy_re(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMapLink:
    """One link-value. ``rel`` holds its relation types in small letters (RFC 8288 section 3.3)."""

    target: str
    rel: tuple[str, ...]
    params: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first parameter of that name."""
        return next((value for key, value in self.params if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MementoLink:
    """A memento as a TimeMap lists it."""

    uri: str
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMap:
    """What a TimeMap says. ``further``: addresses of TimeMaps that continue it, not of its other forms. ``defects``:
    what could not be read.
    """

    original: str | None
    mementos: tuple[MementoLink, ...]
    further: tuple[str, ...]
    defects: tuple[str, ...]


def parse_links(text: str) -> tuple[list[TimeMapLink], list[str]]:
    """The link-values of a Link field or an ``application/link-format`` document, and what is none."""
    links: list[TimeMapLink] = []
    defects: list[str] = []
    text = text.strip()
    place = 0
    while place < len(text):
        match = _TARGET.match(text, place)
        if match is None:
            defects.append(f"no link-value at character {place}")
            again = _RESYNC.search(text, place)
            if again is None or len(defects) >= _MAX_DEFECTS:
                break
            place = again.end()
            continue
        begun, target, place = place, match.group(1), match.end()
        params: list[tuple[str, str]] = []
        while (found := _PARAM.match(text, place)) is not None:
            place = found.end()
            if found.group(1):
                params.append((found.group(1).lower(), _unquoted(found.group(2) or "")))
        end = _NEXT.match(text, place)
        if end is None or place - begun > _MAX_VALUE_CHARS:
            defects.append(f"a link-value at character {begun} does not end")
            again = _RESYNC.search(text, place)
            if again is None or len(defects) >= _MAX_DEFECTS:
                break
            place = again.end()
            continue
        place = end.end()
        # RFC 8288 section 3.3: a second rel is passed over.
        rel = next((value for name, value in params if name == "rel"), "")
        links.append(TimeMapLink(target=target, rel=tuple(rel.lower().split()), params=tuple(params)))
        if len(links) > MAX_MEMENTOS:
            defects.append(f"more than {MAX_MEMENTOS} links")
            break
    return links, defects


_MAX_DEFECTS = 100
_LINK_FORMAT = "application/link-format"


def _media_type(link: TimeMapLink) -> str:
    """What the link says of its target's type, without parameters and in small letters; empty where it says nothing."""
    return (link.get("type") or "").partition(";")[0].strip().lower()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value


def parse_timemap(data: bytes) -> TimeMap:
    """A TimeMap in link-format.

    Raises:
        FormatError: it is no link-format: it has no original, no self, no TimeMap and no memento.
    """
    links, defects = parse_links(data.decode("utf-8", "replace"))
    mementos: list[MementoLink] = []
    for link in links:
        if "memento" in link.rel:
            moment = http_date(link.get("datetime") or "")
            if moment is None:
                defects.append(f"a memento without a date: {link.target[:200]}")
            else:
                mementos.append(MementoLink(uri=link.target, moment=moment))
    original = next((link.target for link in links if "original" in link.rel), None)
    known = any({"original", "self", "timemap", "timegate", "memento"} & set(link.rel) for link in links)
    if not known:
        raise FormatError("no TimeMap: no link of Memento's is in it")
    # RFC 7089 section 5.1.2: a link "self" may give the span; the others are TimeMaps of their own. One of another type
    # (JSON, CDXJ) is this list in another form: it holds nothing more.
    form = {"", _LINK_FORMAT, *(_media_type(x) for x in links if "self" in x.rel)}
    further = [x.target for x in links if "timemap" in x.rel and "self" not in x.rel and _media_type(x) in form]
    return TimeMap(
        original=original, mementos=tuple(mementos), further=tuple(dict.fromkeys(further)), defects=tuple(defects)
    )


def parse_json_timemap(data: bytes) -> TimeMap:
    """A TimeMap in JSON: ``original_uri``, ``mementos.list`` of ``uri`` and ``datetime``, ``timemap_index``.

    Raises:
        FormatError: it is no such document.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}"[:200]) from error
    if not isinstance(value, dict) or not ("original_uri" in value or "mementos" in value or "timemap_index" in value):
        raise FormatError("no TimeMap in JSON")
    held = value.get("mementos")
    rows = held.get("list") if isinstance(held, dict) else []
    mementos: list[MementoLink] = []
    defects: list[str] = []
    for row in rows if isinstance(rows, list) else []:
        uri = row.get("uri") if isinstance(row, dict) else None
        moment = _json_date(row.get("datetime")) if isinstance(row, dict) else None
        if isinstance(uri, str) and moment is not None and len(mementos) < MAX_MEMENTOS:
            mementos.append(MementoLink(uri=uri, moment=moment))
        else:
            defects.append(f"no memento: {str(row)[:200]}")
    index = value.get("timemap_index")
    further = (
        [row["uri"] for row in index if isinstance(row, dict) and isinstance(row.get("uri"), str)]
        if isinstance(index, list)
        else []
    )
    original = value.get("original_uri")
    return TimeMap(
        original=original if isinstance(original, str) else None,
        mementos=tuple(mementos),
        further=tuple(dict.fromkeys(further)),
        defects=tuple(defects[:_MAX_DEFECTS]),
    )


def http_date(text: str) -> datetime | None:
    """A date as Memento has it (RFC 7089 section 2.1.1.1), or None."""
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, IndexError, OverflowError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _json_date(text: object) -> datetime | None:
    match = _JSON_DATE.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
