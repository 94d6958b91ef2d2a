"""Values shared by the layers: digests, times, positions. No I/O here.

Tested by ``tests/unit/provenance/test_statements.py``.
"""

import hashlib
import re
import secrets
from calendar import monthrange
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from preserve.errors import FormatError, UsageError
from preserve.expressions import lazy_re

_COLLECTION = lazy_re(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_OFFSET = len("+00:00")
_SECONDS = len("2011-10-04T00:00:00Z")
_BEGINNING = "0001-01-01T00:00:00Z"
_DATE_LIKE = lazy_re(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,9}))?)?)?Z?\Z", re.ASCII)
_LEAST = (1, 1, 1, 0, 0, 0)
_CLOCK = lazy_re(r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z\Z")
_DAY = len("2011-10-04")
_UTC = lazy_re(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z\Z")


def is_collection_name(name: str) -> bool:
    """Whether a text can be a collection's name (`check_collection_name`)."""
    return _COLLECTION.match(name) is not None


def check_collection_name(name: str) -> str:
    """The name itself, if it can be a folder, a WARC file prefix and a URL segment: ``[a-z0-9][a-z0-9-]{0,62}``.

    Raises:
        UsageError: it cannot.
    """
    if not is_collection_name(name):
        raise UsageError(
            f"{name!r} cannot be a collection's name",
            next_step="Use lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit.",
        )
    return name


def sha256_hex(data: bytes | memoryview) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def new_uuid() -> str:
    """A random UUID as text (RFC 9562 section 5.4)."""
    digits = secrets.token_hex(16)
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def format_utc(moment: datetime) -> str:
    """``2026-11-23T07:58:00.123456Z``: W3C date-time in UTC with microseconds (WARC 1.1 section 5.4)."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='microseconds')[:-_OFFSET]}Z"


@lru_cache(maxsize=4096)
def parse_utc(text: str) -> datetime:
    """The inverse of `format_utc`; also takes whole seconds. Digits past the microsecond are dropped.

    Raises:
        FormatError: not such a date-time.
    """
    match = _UTC.match(text)
    if match is None:
        raise FormatError(f"not a UTC date-time: {text[:40]!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micro = int((match.group(7) or "0").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    except ValueError as error:
        raise FormatError(f"not a UTC date-time: {text[:40]!r}") from error


def whole_date(text: str) -> str | None:
    """A WARC-Date with all its parts: one of less precision stands for its beginning. None: it is none.

    WARC 1.1 section 5.4 allows any precision from the year to the nanosecond. For a date that no calendar has, a leap
    second among them, the nearest before it stands: 30 April for 31 April, 23:59:59 for 23:59:60. Dates without a zone
    or with other signs between, as old writers have them, are read as UTC.
    """
    if is_whole_date(text):
        return text
    whole = text if len(text) >= _SECONDS else text.removesuffix("Z") + _BEGINNING[len(text.removesuffix("Z")) :]
    try:
        moment = parse_utc(whole)
        return whole if len(text) >= _SECONDS else format_utc(moment)
    except FormatError:
        return _nearest_date(text)


def is_whole_date(text: str) -> bool:
    """True for nearly every date that has all its parts and that a calendar has; of others `whole_date` must look."""
    return _CLOCK.match(text, _DAY) is not None and _is_day(text[:_DAY])


@lru_cache(maxsize=256)
def _is_day(text: str) -> bool:
    try:
        parse_utc(f"{text}T00:00:00Z")
    except FormatError:
        return False
    return text.isascii()


def _nearest_date(text: str) -> str | None:
    match = _DATE_LIKE.match(text)
    if match is None:
        return None
    parts = zip(match.groups()[:6], _LEAST, strict=True)
    year, month, day, hour, minute, second = (int(part or least) for part, least in parts)
    if not year:
        return None
    month = min(max(month, 1), 12)
    day = min(max(day, 1), monthrange(year, month)[1])
    moment = datetime(year, month, day, min(hour, 23), min(minute, 59), min(second, 59), tzinfo=UTC)
    fraction = f".{match.group(7)}" if match.group(7) else ""
    return f"{moment.replace(tzinfo=None).isoformat()}{fraction}Z"


def moment_text(value: int) -> str:
    """Seconds since 1970 for people; as a number where they are no time that a calendar has."""
    try:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OSError, ValueError, OverflowError):
        return f"{value} s"


def timestamp14(text: str) -> str:
    """A WARC-Date as the 14 digits of CDXJ and replay: ``20261123075800``."""
    parse_utc(text)
    return f"{text[:4]}{text[5:7]}{text[8:10]}{text[11:13]}{text[14:16]}{text[17:19]}"


class RecordPlace(Struct, frozen=True, kw_only=True):
    """Where a record lies: file name (no folder), ordinal in the file from 0, compressed offset and length in bytes.

    ``inner`` is where it begins in the compressed piece at ``offset``: 0 but in files that were not compressed record
    by record; there ``length`` may be 0, not known.
    """

    file: str
    ordinal: int
    offset: int
    length: int
    inner: int = 0


NOT_WHOLE: Final = {
    "cut": "cut capture: not all of the reply came",
    "partial": "partial capture: the server sent a part of the page only (status 206)",
    "undecodable": "unreadable capture: what came cannot be decoded",
}
"""What `preserve.provenance.describe.wholeness` finds of a reply that is not whole, in words."""
_OK: Final = 200
_REDIRECT: Final = 300
_ERROR: Final = 400


def told_reply(status: int | None, challenge: str | None) -> str:
    """What came in place of a page, in words; empty where it was the page, or no reply of HTTP."""
    if challenge is not None:
        return "no page: a bot wall's challenge"
    if status is None or status == _OK:
        return ""
    if status >= _ERROR:
        return f"no page: an error, status {status}"
    return f"no page: a redirect, status {status}" if status >= _REDIRECT else f"status {status}"
