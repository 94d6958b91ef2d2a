"""What a reply of a web archive is: the memento that was asked for, or something else. Pure.

A memento counts as the page only if it is of the address asked for, does not contradict itself, and has status 200.
Whatever it is, it is kept; only a page is linked to the lost address.

Tested by ``tests/scenarios/test_rescue.py``.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.findings import Finding
from preserve.formats.cdxserver import moment_of
from preserve.formats.digests import parse_digest
from preserve.formats.errorpage import is_error_page
from preserve.formats.timemap import http_date, parse_links
from preserve.formats.urls import surt
from preserve.provenance.statements import DigestFit
from preserve.rescue.ask import ArchiveReply
from preserve.rescue.listing import Candidate

PAGE, REDIRECT, ERROR, OTHER, NO_MEMENTO, FAILED, CUT = (
    "page", "redirect", "error", "other", "no-memento", "failed", "cut",
)  # fmt: skip
PASSING = frozenset({FAILED, CUT})
"""Verdicts after which a memento is asked for again by the next rescue."""
_IN_ADDRESS = lazy_re(r"/(\d{14})(?:[a-z]{2}_)?/(https?:/.*)\Z", re.DOTALL)
_BASE32_SHA1 = lazy_re(r"[A-Z2-7]{32}\Z")
_MEMENTO = b"memento-datetime"


@dataclass(frozen=True, slots=True, kw_only=True)
class MementoVerdict:
    """``served``: the Memento-Datetime; ``digest``: which reading of the bytes the listed digest fits."""

    kind: str
    served: datetime | None
    digest: DigestFit
    findings: tuple[Finding, ...]


def is_own_redirect(reply: ArchiveReply) -> bool:
    """True for a redirect of the archive itself: a memento that is a redirect has a Memento-Datetime."""
    return reply.status is not None and 300 <= reply.status < 400 and not reply.field(_MEMENTO)  # noqa: PLR2004


def judge(reply: ArchiveReply, candidate: Candidate, url: str, *, shown: str) -> MementoVerdict:
    """The verdict on the last reply. ``url``: the lost address; ``shown``: the text that it shows, or nothing."""
    served = http_date(reply.field(_MEMENTO))
    notes: list[tuple[str, str]] = []
    digest: DigestFit = "unknown"
    bad = _no_memento(reply) if served is None else _strange(reply, url, served)
    if bad is None and served != candidate.moment:
        notes.append(("W-RESCUE-TIME", f"asked {candidate.moment}, served {served}"))
    bad = bad or _no_page(reply, shown)
    if bad is not None:
        notes.append(bad[1:])
    elif served == candidate.moment:
        digest = fits(candidate.digest, reply)
        if digest == "differs":
            notes.append(("W-RESCUE-DIGEST", f"listed {candidate.digest}"))
    where = reply.exchange.url
    return MementoVerdict(
        kind=PAGE if bad is None else bad[0],
        served=served,
        digest=digest,
        findings=tuple(Finding(code=code, where=where, detail=detail[:300]) for code, detail in notes),
    )


_Bad = tuple[str, str, str]
"""Verdict, code of the finding, detail."""


def _no_memento(reply: ArchiveReply) -> _Bad:
    """A reply without Memento-Datetime: trouble of the archive passes, anything else will be none tomorrow."""
    if is_own_redirect(reply):
        return FAILED, "W-RESCUE-LOOP", reply.field(b"location")
    passing = reply.exchange.error is not None or reply.status is None or reply.status >= 429  # noqa: PLR2004
    if passing or reply.challenge is not None:
        return FAILED, "W-RESCUE-FAILED", reply.reason
    return NO_MEMENTO, "W-RESCUE-NO-MEMENTO", reply.reason


def _strange(reply: ArchiveReply, url: str, served: datetime) -> _Bad | None:
    """A memento that was cut, or contradicts itself or what was asked for."""
    if reply.exchange.truncated is not None:
        return CUT, "W-RESCUE-CUT", str(reply.exchange.truncated)
    contradiction = _contradiction(reply, url, served)
    return None if contradiction is None else (OTHER, *contradiction)


def _no_page(reply: ArchiveReply, shown: str) -> _Bad | None:
    """A memento of a redirect, of an error, or of an error page that is said to be good."""
    if reply.challenge is not None:
        return ERROR, "W-RESCUE-ERROR", f"challenge {reply.challenge}"
    if reply.status is not None and 300 <= reply.status < 400:  # noqa: PLR2004
        return REDIRECT, "W-RESCUE-REDIRECT", f"to {reply.field(b'location')}"
    if reply.status != 200 or reply.content is None:  # noqa: PLR2004
        return ERROR, "W-RESCUE-ERROR", reply.reason
    return (ERROR, "W-RESCUE-ERROR", "it reads as an error page") if is_error_page(reply.content, shown) else None


def _contradiction(reply: ArchiveReply, url: str, served: datetime) -> tuple[str, str] | None:
    """Where the reply is about another address, or its two moments differ: the finding's code and detail."""
    match = _IN_ADDRESS.search(reply.exchange.url)
    if match is not None and not _same(match.group(2), url):
        return "E-RESCUE-OTHER-URL", f"of {match.group(2)}"
    links, _defects = parse_links(reply.field(b"link"))
    original = next((link.target for link in links if "original" in link.rel), None)
    if original is not None and not _same(original, url):
        return "E-RESCUE-OTHER-URL", f"of {original}"
    if match is not None and _moment(match.group(1)) != served:
        return "E-RESCUE-DATETIME", f"{match.group(1)} in the address, {served} in the reply"
    return None


def _moment(timestamp: str) -> datetime | None:
    try:
        return moment_of(timestamp)
    except FormatError:
        return None


def _same(one: str, other: str) -> bool:
    try:
        return surt(one) == surt(other)
    except FormatError:
        return False


def fits(claimed: str | None, reply: ArchiveReply) -> DigestFit:
    """Which reading of the bytes served the listed digest fits: ``payload``, ``content``, ``body``, ``differs``.

    ``payload``: transfer coding removed; ``content``: content coding too; ``body``: as it travelled. ``unclaimed``: the
    list has no digest; ``unknown``: it is of no known kind. A CDX digest is over the bytes of the archive's own record:
    one that fits vouches for them, one that does not proves nothing.
    """
    if claimed is None:
        return "unclaimed"
    wanted = _digest(claimed)
    if wanted is None or reply.payload is None:
        return "unknown"
    algorithm, value = wanted
    body = reply.exchange.response_bytes[len(reply.payload.head.raw) :]
    readings: tuple[tuple[DigestFit, bytes | None], ...] = (
        ("payload", reply.payload.payload),
        ("content", reply.content),
        ("body", body),
    )
    for name, data in readings:
        if data is not None and hashlib.new(algorithm, data, usedforsecurity=False).digest() == value:
            return name
    return "differs"


def _digest(claimed: str) -> tuple[str, bytes] | None:
    """Algorithm and value of a digest as CDX lists have it: bare SHA-1 in base 32, or with its algorithm before it."""
    try:
        if _BASE32_SHA1.match(claimed):
            return "sha1", base64.b32decode(claimed)
        declared = parse_digest(claimed)
    except (FormatError, ValueError):
        return None
    return declared.algorithm, declared.digest


def order(candidates: Sequence[Candidate], moment: datetime | None) -> list[Candidate]:
    """The order of trying: the newest first, at or before ``moment`` where that is given."""
    chosen = [c for c in candidates if moment is None or c.moment <= moment]
    # One that is listed as an error or a redirect is not the page, and is not asked for.
    good = [c for c in chosen if c.status in {None, 200}]
    return sorted(good, key=lambda c: (c.timestamp, c.status is not None, c.archive), reverse=True)
