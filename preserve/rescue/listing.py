"""What a web archive holds of an address: its CDX list and its TimeMap, part by part, each held against the other.

``none`` is said only where every list that was asked is whole, readable and empty. Whatever else went wrong is
``failed`` or an incomplete list, with a finding.

Tested by ``tests/scenarios/test_rescue.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote

from preserve.config.archives import ArchiveConfig
from preserve.errors import FormatError
from preserve.findings import Finding
from preserve.formats.cdxserver import CdxRow, moment_of, parse_cdx
from preserve.formats.timemap import TimeMap, parse_json_timemap, parse_timemap
from preserve.formats.urls import resolve, surt
from preserve.net.addresses import split_url
from preserve.net.exchange import ExchangeError
from preserve.provenance.statements import Answer
from preserve.rescue.ask import ArchiveReply, Asker, NotAskedError, filled

HELD: Final = "held"
NONE: Final = "none"
FAILED: Final = "failed"
_NOT_FOUND, _OK = 404, 200
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One capture that an archive claims to have of an address."""

    archive: str
    timestamp: str
    moment: datetime
    url: str
    """The address of its raw bytes."""
    status: int | None = None
    digest: str | None = None


@dataclass(slots=True)
class MementoListing:
    """What one archive said of one address. ``not_asked``: why it was not asked to the end, else empty."""

    archive: str
    answer: Answer = FAILED
    complete: bool = False
    candidates: dict[str, Candidate] = field(default_factory=dict)
    """By timestamp."""
    findings: list[Finding] = field(default_factory=list)
    not_asked: str = ""


@dataclass(slots=True)
class _Part:
    """One way of listing: ``answer`` as in `MementoListing`; ``timestamps`` it has."""

    answer: Answer = FAILED
    complete: bool = False
    rows: dict[str, CdxRow | None] = field(default_factory=dict)


def list_mementos(asker: Asker, url: str, keep: Callable[[ArchiveReply], object]) -> MementoListing:
    """Asks for every list that the archive has. ``keep`` gets each reply as it came."""
    archive = asker.archive
    listing = MementoListing(archive.name)
    parts: list[_Part] = []
    try:
        if archive.cdx is not None:
            parts.append(_cdx(asker, url, keep, listing))
        if archive.timemap is not None:
            parts.append(_timemap(asker, url, keep, listing))
    except NotAskedError as error:
        listing.not_asked = error.reason
        _note(listing, "W-RESCUE-NOT-ASKED", url, error.reason)
        parts.append(_Part())
    for part in parts:
        for timestamp, row in part.rows.items():
            held = listing.candidates.get(timestamp)
            if held is None or (row is not None and held.status is None):
                listing.candidates[timestamp] = _candidate(archive, url, timestamp, row)
    _sum_up(listing, url, parts)
    return listing


def _sum_up(listing: MementoListing, url: str, parts: list[_Part]) -> None:
    answers = {part.answer for part in parts}
    listing.answer = HELD if listing.candidates else NONE if answers == {NONE} else FAILED
    listing.complete = bool(parts) and all(part.complete for part in parts)
    whole = [set(part.rows) for part in parts if part.complete]
    if len(whole) > 1 and any(one != whole[0] for one in whole):
        listing.complete = False
        counts = " and ".join(str(len(one)) for one in whole)
        _note(listing, "W-RESCUE-COUNT", url, f"{counts} captures")


def _candidate(archive: ArchiveConfig, url: str, timestamp: str, row: CdxRow | None) -> Candidate:
    return Candidate(
        archive=archive.name,
        timestamp=timestamp,
        moment=moment_of(timestamp),
        url=filled(archive.memento, url, timestamp=timestamp),
        status=None if row is None else row.status,
        digest=None if row is None else row.digest,
    )


def _cdx(asker: Asker, url: str, keep: Callable[[ArchiveReply], object], listing: MementoListing) -> _Part:
    archive = asker.archive
    first = filled(archive.cdx or "", url, limit=archive.page_size)
    part, address, seen = _Part(), first, set[str]()
    for _number in range(archive.max_pages):
        reply = _ask(asker, address, keep)
        empty = _says_none(reply)
        if not empty and not _is_list(reply, listing, address):
            return part
        try:
            found = parse_cdx(b"" if empty else reply.content or b"")
        except FormatError as error:
            _note(listing, "W-RESCUE-LIST", address, str(error))
            return part
        for defect in found.defects:
            _note(listing, "W-RESCUE-ROW", address, defect)
        strangers = [row for row in found.rows if not _same_page(row.original, url)]
        if strangers:
            _note(listing, "W-RESCUE-ROW", address, f"{len(strangers)} of another address: {strangers[0].original}")
        part.rows.update({row.timestamp: row for row in found.rows if _same_page(row.original, url)})
        part.answer = HELD if part.rows else NONE
        key = found.resume_key
        if key is None:
            cut = "{limit}" in (archive.cdx or "") and len(found.rows) >= archive.page_size
            if cut:
                _note(listing, "W-RESCUE-INCOMPLETE", address, f"{len(found.rows)} rows, and no resume key")
            part.complete = not cut and not found.defects and not strangers
            if part.answer == NONE and not part.complete:
                part.answer = FAILED
            return part
        if key in seen:
            _note(listing, "W-RESCUE-INCOMPLETE", address, "the same resume key came again")
            return part
        seen.add(key)
        address = f"{first}&resumeKey={quote(key, safe='')}"
    _note(listing, "W-RESCUE-INCOMPLETE", first, f"more than {archive.max_pages} parts")
    if not part.rows:
        part.answer = FAILED
    return part


def _timemap(asker: Asker, url: str, keep: Callable[[ArchiveReply], object], listing: MementoListing) -> _Part:
    archive = asker.archive
    part = _Part(complete=True)
    waiting, seen = [filled(archive.timemap or "", url)], set[str]()
    origin = split_url(waiting[0])[0]
    while waiting:
        address = waiting.pop(0)
        if address in seen:
            continue
        if len(seen) >= archive.max_pages:
            part.complete = False
            _note(listing, "W-RESCUE-INCOMPLETE", address, f"more than {archive.max_pages} parts")
            break
        seen.add(address)
        found = _one_timemap(_ask(asker, address, keep), url, listing, address)
        if found is None:
            part.complete = False
            continue
        if found.defects:
            part.complete = False
        part.rows.update({f"{m.moment:%Y%m%d%H%M%S}": None for m in found.mementos})
        for reference in found.further:
            target = resolve(address, reference)
            if target is None or not _is_of(target, origin):
                part.complete = False
                _note(listing, "W-RESCUE-ROW", address, f"a TimeMap elsewhere: {reference}")
            elif target not in seen:
                waiting.append(target)
    part.answer = HELD if part.rows else NONE if part.complete else FAILED
    return part


def _one_timemap(reply: ArchiveReply, url: str, listing: MementoListing, address: str) -> TimeMap | None:
    """A TimeMap, one without mementos where the archive has none; None where it is none, which is noted."""
    if _says_none(reply):
        return TimeMap(original=None, mementos=(), further=(), defects=())
    if not _is_list(reply, listing, address):
        return None
    content = reply.content or b""
    try:
        found = (parse_json_timemap if reply.media_type == "application/json" else parse_timemap)(content)
    except FormatError as error:
        _note(listing, "W-RESCUE-LIST", address, str(error))
        return None
    for defect in found.defects[:10]:
        _note(listing, "W-RESCUE-ROW", address, defect)
    if found.original is not None and not _same_page(found.original, url):
        _note(listing, "E-RESCUE-OTHER-URL", address, f"a TimeMap of {found.original}")
        return None
    return found


def _ask(asker: Asker, address: str, keep: Callable[[ArchiveReply], object]) -> ArchiveReply:
    replies = asker.ask(address)
    for reply in replies:
        keep(reply)
    return replies[-1]


def _says_none(reply: ArchiveReply) -> bool:
    """True for a whole 404 that is the list's own: an HTML page may come from anything on the way."""
    return (
        reply.status == _NOT_FOUND
        and reply.is_whole
        and reply.challenge is None
        and reply.media_type not in _HTML
        and reply.media_type is not None
    )


def _is_list(reply: ArchiveReply, listing: MementoListing, address: str) -> bool:
    """True for a whole reply 200 that is no page and not empty; else it is noted why."""
    if reply.status != _OK or not reply.is_whole or reply.challenge is not None:
        _note(listing, "W-RESCUE-FAILED", address, reply.reason)
    elif reply.media_type in _HTML:
        _note(listing, "W-RESCUE-LIST", address, "a page came in place of a list")
    elif not (reply.content or b"").strip() and not _says_its_length(reply):
        _note(listing, "W-RESCUE-LIST", address, "an empty reply that does not say that it is empty")
    else:
        return True
    return False


def _says_its_length(reply: ArchiveReply) -> bool:
    """True where the framing of an empty body says that it is whole: a connection may end anywhere."""
    return reply.field(b"content-length") == "0" or "chunked" in reply.field(b"transfer-encoding").lower()


def _same_page(one: str, other: str) -> bool:
    """True where web archives take two addresses for one."""
    try:
        return surt(one) == surt(other)
    except FormatError:
        return False


def _is_of(url: str, origin: object) -> bool:
    try:
        return split_url(url)[0] == origin
    except ExchangeError:
        return False


def _note(listing: MementoListing, code: str, where: str, detail: str) -> None:
    listing.findings.append(Finding(code=code, where=where, detail=detail[:300]))
