"""What every citation format writes: one capture of one page, and the helpers that several formats share.

The dates stay apart: ``created`` (the document's own), ``source_released`` (when its source made it public),
``captured`` (when these bytes came) and ``accessed`` (when the person who cites looked).

Tested by ``tests/unit/formats/test_citations.py``.
"""

import base64
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote, urlsplit

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.model import NOT_WHOLE, parse_utc
from preserve.text import single_spaced

_DATE = lazy_re(r"(\d{4})-(\d{2})-(\d{2})")
_POST = lazy_re(r"(?:U\.?S\.? |American )?(?:Embassy|Consulate(?: General)?) ([^\d/]{2,60})")
_ARCHIVE_ID = lazy_re(r"[^A-Za-z0-9._~-]+")
_MAX_QUOTE_CHARS = 600
_URL_SIGNS = "%:/?#[]@!$&'()*+,;=-._~"
Date = tuple[int, int, int]
KIND = "Cable"
"""What kind of report a cable is, as reference managers print it."""


class CitationData(Struct, frozen=True, kw_only=True):
    """What a citation of one capture says. Empty string: not known, and then not printed."""

    identifier: str
    """The cable's id as published; empty where the page is no cable."""
    title: str
    origin: str
    created: str
    """The document's date as far as it is known: ``YYYY-MM-DD`` and, where the page gives it, a time after it."""
    source: str
    source_released: str
    url: str
    captured: str
    """WARC-Date of the record."""
    accessed: str = ""
    """``YYYY-MM-DD``, the day on which whoever cites looked at it."""
    archive: str
    """The ledger's origin line, which names the archive."""
    archived_url: str = ""
    """The address of this copy in the archive's public replay; empty where there is none."""
    record_id: str
    record_sha256: str
    payload_sha256: str = ""
    body_sha256: str
    """SHA-256 of the extracted text in UTF-8."""
    statement: int
    """Index of the record's statement in the ledger, from 0."""
    checkpoint_size: int
    """Statements under the checkpoint that covers it; 0: none yet."""
    second_hand: str = ""
    """Of a copy that a web archive served: from whom, and the moment that it claims. ``captured`` is when we got it."""
    whole: str = "whole"
    """Whether all of the page came: ``whole``, or a key of `preserve.model.NOT_WHOLE`."""
    in_its_place: str = ""
    """What came in place of the page (`preserve.model.told_reply`)."""
    date_doubt: str = ""
    """What speaks against ``captured``."""
    hidden_until_opened: bool = False
    """Whether a browser shows the text only after a script opened the element that it stands in."""
    moved: tuple[tuple[str, str], ...] = ()
    """The other addresses of the page, as the ledger states: ``moved to`` or ``moved from``, and an address."""
    url_status: str = ""
    """``live`` or ``dead`` where the newest capture of the address says so."""
    tags: tuple[str, ...] = ()
    """What the document's tags mean, in its order."""
    ark: str = ""
    """The Archival Resource Key of the capture, where the collection has a name to make it of."""
    is_long: bool = False
    """Whether all that proves the copy is printed, or only its date, its addresses and one identifier."""
    passage: str = ""
    """Where the cited passage stands, in words: ``paragraph 3 (SBU), characters 120 to 180 of the text``."""
    quote: str = ""
    """The passage itself."""

    @property
    def name(self) -> str:
        """The title on one line, else what it is known by; never empty where the address is not."""
        return single_spaced(self.title) or self.identifier or self.url

    @property
    def address(self) -> str:
        """The address that a reader is sent to: of the public copy where there is one, else of the original."""
        return self.archived_url or self.url

    @property
    def place(self) -> str:
        """The town of the embassy or consulate that wrote it; empty where its name tells none."""
        post = _POST.fullmatch(single_spaced(self.origin))
        return "" if post is None else post[1]

    @property
    def lack(self) -> str:
        """Why this is not the page, or not all of it; empty where it is."""
        return NOT_WHOLE.get(self.whole, "") or self.in_its_place

    @property
    def told_identifiers(self) -> tuple[str, ...]:
        """The names that a citation prints: all of a long one, else the ARK or, without one, that of the content."""
        names = (self.ark, *self.identifiers) if self.ark else self.identifiers
        return names if self.is_long else names[:1]

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The ``ni:`` names of the payload and of the text, those that are known, in this order."""
        return tuple(ni_name(each) for each in (self.payload_sha256, self.body_sha256) if each)


def document_date(data: CitationData) -> Date | None:
    """The document's date as numbers; None where it is not known or is no date."""
    return _date(data.created)


def release_date(data: CitationData) -> Date | None:
    """When the source made it public, as numbers; None where it is not known or is no date."""
    return _date(data.source_released)


def accessed_date(data: CitationData) -> Date | None:
    """The day of access as numbers; None where none is given."""
    return _date(data.accessed)


def iso(date: Date) -> str:
    """``YYYY-MM-DD``."""
    return f"{date[0]:04}-{date[1]:02}-{date[2]:02}"


def _date(printed: str) -> Date | None:
    match = _DATE.match(printed)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        datetime(year, month, day)  # noqa: DTZ001 - only whether there is such a day
    except ValueError:
        return None
    return year, month, day


def captured_at(data: CitationData) -> datetime:
    """The moment of capture, in UTC.

    Raises:
        FormatError: it cannot be read.
    """
    try:
        return parse_utc(data.captured)
    except FormatError as error:
        raise FormatError(f"the capture date of {data.name} cannot be read: {error}") from error


def safe_url(url: str) -> str:
    """The address with every character percent-encoded that RFC 3986 does not allow in one."""
    return quote(url, safe=_URL_SIGNS)


def is_web(url: str) -> bool:
    """True for http and https: only those are made links, since a record's address may be anything."""
    try:
        return urlsplit(url).scheme.lower() in {"http", "https"}
    except ValueError:
        return False


def ni_name(sha256: str) -> str:
    """The name of content by its SHA-256 (64 hexadecimal digits): RFC 6920, section 3, without an authority."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode("ascii").rstrip("=")


def pwid(data: CitationData) -> str:
    """The persistent web identifier (IANA formal URN namespace ``pwid``) of the capture, the time to the second.

    The archive's id is the host of its public address, else the ledger's origin; every run of characters that an id
    cannot have is a hyphen.
    """
    host = urlsplit(data.archived_url).hostname if data.archived_url else None
    archive = _ARCHIVE_ID.sub("-", host or data.archive).strip("-")
    coverage = "part" if data.quote else "page"
    return f"urn:pwid:{archive}:{captured_at(data):%Y-%m-%dT%H:%M:%SZ}:{coverage}:{safe_url(data.url)}"


def shortened(words: str) -> str:
    """Quoted words on one line; of a long passage the beginning and the end, with the usual sign between."""
    line = single_spaced(words)
    if len(line) <= _MAX_QUOTE_CHARS:
        return line
    half = _MAX_QUOTE_CHARS // 2
    return f"{line[:half].rpartition(' ')[0] or line[:half]} […] {line[-half:].partition(' ')[2] or line[-half:]}"


def note(data: CitationData, shown: Iterable[str] = ()) -> str:
    """What a format has no fields for, as one line: passage with its words, doubts, capture, addresses, identifiers.

    ``shown``: the addresses that the format prints elsewhere. A long citation has all that proves the copy.
    """
    told = frozenset(shown)
    parts = []
    if data.source and data.is_long:
        released = f", released {data.source_released}" if data.source_released else ""
        parts.append(f"source stated by the page: {data.source}{released}")
    if data.passage:
        words = f": “{shortened(data.quote)}”" if data.quote else ""
        parts.append(f"passage: {data.passage}{words}")
    if data.second_hand:
        parts.append(f"second hand, {data.second_hand}")
    if data.lack:
        parts.append(data.lack)
    if data.hidden_until_opened:
        parts.append("hidden until opened: a browser shows this text only after a script opened it")
    doubt = f", and that is in doubt: {data.date_doubt}" if data.date_doubt else ""
    captured = data.captured if data.is_long else f"{captured_at(data):%Y-%m-%dT%H:%M:%SZ}"
    parts.append(f"captured {captured}{doubt}")
    if data.url not in told and data.archived_url:
        parts[-1] += f" from {safe_url(data.url)}"
    parts += [f"{way} {safe_url(url)}" for way, url in data.moved]
    if data.archived_url and data.archived_url not in told:
        parts.append(f"archived copy {safe_url(data.archived_url)}")
    return single_spaced("; ".join([*parts, *(_proof(data) if data.is_long else data.told_identifiers)]))


def _proof(data: CitationData) -> list[str]:
    parts = [
        *([data.ark] if data.ark else []),
        f"archive {data.archive}, statement {data.statement}",
        f"record {data.record_id}",
        f"SHA-256 of the record {data.record_sha256}",
    ]
    if data.payload_sha256:
        parts.append(f"payload {ni_name(data.payload_sha256)}")
    if data.body_sha256:
        parts.append(f"SHA-256 of the text {data.body_sha256}")
    return parts
