"""One field of a cable's page: what is printed, and beside it what that means, as far as it can be known."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

import msgspec

from preserve.expressions import lazy_re
from preserve.text import MONTHS, single_spaced

Precision = Literal["second", "minute", "hour", "day"]
Source = Literal["field", "header", "sentence", "body"]
Times = Literal["second", "hour", "day"]

TIMES: Final = frozenset({"created", "released", "source_released"})
"""The fields that are times."""

CLAIMS: Final = ("released", "redacted_note", "partial_note", "source", "source_released", "counter", "history")
"""The fields that a page says about itself and its source, not about the document."""

MAX_FIELD_CHARS: Final = 500
"""Characters of one printed value; the longest real one has about 110. A longer one is cut and ends in U+2026, so
that a hostile page cannot make a statement that no ledger entry can hold (64 KiB)."""

_CLOCK: Final = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_LONG: Final = lazy_re(rf"(?P<year>\d{{4}}) (?P<month>[A-Z][a-z]+) (?P<day>\d{{1,2}}), {_CLOCK}\b", re.ASCII)
_MOMENTS: Final = (
    lazy_re(rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})(?:[T ]{_CLOCK})?Z?\Z", re.ASCII),
    lazy_re(rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}})(?: {_CLOCK})?\Z", re.ASCII),
    _LONG,
    lazy_re(
        rf"(?:[A-Z][a-z]{{2}} )(?P<month>[A-Z][a-z]{{2}}) (?P<day>\d{{1,2}}) {_CLOCK} [+-]\d{{4}} (?P<year>\d{{4}})\Z",
        re.ASCII,
    ),
    lazy_re(
        rf"(?:[A-Z][a-z]{{2,8}}, )?(?P<day>\d{{1,2}}) (?P<month>[A-Za-z]{{3,9}}) (?P<year>\d{{4}})(?:,? {_CLOCK})?"
        r"(?: (?:UTC|GMT|Z))?\Z",
        re.ASCII,
    ),
)
_PRECISIONS: Final[Mapping[int, Precision]] = {10: "day", 13: "hour", 16: "minute", 19: "second"}
_COUNT: Final = lazy_re(r"\d{1,3}(?:,\d{3})+|\d{1,12}", re.ASCII)
_GROUP: Final = lazy_re(r"\b(\d{2})(\d{2})(\d{2})Z {0,2}([A-Z]{3}) {0,2}(?:19|20)?(\d{2})\b", re.ASCII)
_FIRST_YEAR: Final = 66
"""The oldest cable is of 1966: two-digit years from here on are of the 20th century."""


class FieldValue(msgspec.Struct, frozen=True, kw_only=True):
    """``printed`` as the page prints it (white space as one blank), ``value`` what it means or None where that is not
    known, ``precision`` of a time, ``source`` the part of the page it was read from.

    A time's value is ISO 8601 without more than its precision (``2005-01-31T08:10``, ``1966-12-28T18``) and without a
    zone, which no page prints.
    """

    printed: str
    value: str | None = None
    precision: Precision | None = None
    source: Source = "field"

    def plain(self) -> dict[str, object]:
        """As values of JSON."""
        return {"printed": self.printed, "value": self.value, "precision": self.precision, "source": self.source}


def make_field(name: str, text: str, *, source: Source, times: Times = "second") -> FieldValue:
    """The field of that name whose printed text is ``text``.

    ``times`` is the finest part of a printed time that is real on such pages: some print something else where the
    minutes should stand, others midnight where no time was kept. Seconds printed as ``00`` say nothing, so that such
    a time is known to the minute.
    """
    printed = clip(single_spaced(text))
    if name in TIMES:
        value, precision = moment(printed, times=times)
        return FieldValue(printed=printed, value=value, precision=precision, source=source)
    if name == "counter":
        count = _COUNT.search(printed)
        return FieldValue(printed=printed, value=None if count is None else count[0].replace(",", ""), source=source)
    return FieldValue(printed=printed, source=source)


def clip(text: str) -> str:
    """A text of at most `MAX_FIELD_CHARS` characters, of which the last is U+2026 where something was cut."""
    return text if len(text) <= MAX_FIELD_CHARS else text[: MAX_FIELD_CHARS - 1] + "\u2026"


def date_time_group(header: str | None) -> FieldValue | None:
    """The first date-time group of a message header (``281848Z DEC 66``), as a time known to the minute, in UTC."""
    found = find_group(header or "", 0)
    if found is None:
        return None
    start, end, value = found
    precision: Precision | None = None if value is None else "minute"
    return FieldValue(printed=(header or "")[start:end], value=value, precision=precision, source="header")


def find_group(text: str, start: int, end: int | None = None) -> tuple[int, int, str | None] | None:
    """The first date-time group in ``[start, end)``: its span, and its time in UTC, None where there is no such time.

    The value is ISO 8601 to the minute. Years of two digits from 66 on are of the 20th century.
    """
    match = _GROUP.search(text, start, len(text) if end is None else end)
    if match is None:
        return None
    day, hour, minute, month, year = match.groups()
    value = _iso((_century(year), month, day), hour, minute)
    return match.start(), match.end(), value


def minute_of(year: str, month: int, day: str, hour: str, minute: str) -> str | None:
    """A time of the calendar as ISO 8601 to the minute; None where there is no such time."""
    return _iso((year, str(month), day), hour, minute)


@lru_cache(maxsize=1_024)
def moment(printed: str, *, times: Times = "second") -> tuple[str | None, Precision | None]:
    """What a printed time means: ISO 8601 without a zone, and how precise it is; None where it cannot be read.

    Read are ``2005-01-31 08:10:00``, ``12/28/1966 18:48`` (month first), ``2010 February 26, 11:30 (Friday)``,
    ``Fri Dec 20 00:00:00 +0100 2002``, ``Thu, 1 Jan 2009 12:00 UTC`` and ``28 APR 1975``. The day is the printed one:
    where a zone stands beside it, the time is not turned into another zone's.
    """
    for pattern in _MOMENTS:
        match = pattern.match(printed)
        if match is None:
            continue
        part = match.groupdict()
        finest: Times = times
        if pattern is _LONG and (part["hour"], part["minute"]) == ("00", "00"):
            # PlusD prints midnight where the time is not known.
            finest = "day"
        hour = None if finest == "day" else part.get("hour")
        minute = None if finest == "hour" else part.get("minute")
        value = _iso((part["year"], part["month"], part["day"]), hour, minute, part.get("second"))
        if value is None:
            return None, None
        return value, _PRECISIONS[len(value)]
    return None, None


def _iso(date: tuple[str, str, str], hour: str | None, minute: str | None, second: str | None = None) -> str | None:
    """ISO 8601 as precise as what is given, or None where there is no such time.

    ``date`` is year, month and day; the month may be a word.
    """
    year, month, day = date
    name = month[:3].upper()
    number = MONTHS.index(name) + 1 if name in MONTHS else int(month) if month.isdigit() else 0
    try:
        time = datetime(int(year), number, int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None
    # Not strftime, which writes the years before 1000 with fewer digits.
    if hour is None:
        return time.date().isoformat()
    if minute is None:
        return time.isoformat(timespec="hours")
    return time.isoformat(timespec="minutes" if second in {None, "00"} else "seconds")


def _century(year: str) -> str:
    return f"{'19' if int(year) >= _FIRST_YEAR else '20'}{year}"
