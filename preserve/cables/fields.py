"""One field of a cable's page: what is printed, and beside it what that means, as far as it can be known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from preserve.cables.texts import one_line

Precision = Literal["second", "minute", "hour", "day"]
Source = Literal["field", "header", "sentence", "body"]

CLAIMS: Final = ("released", "redacted_note", "partial_note", "source", "source_released", "counter")
"""The fields that a page says about itself and its source, not about the document."""

MAX_FIELD_CHARS: Final = 500
"""Characters of one printed value; the longest real one has about 110. A longer one is cut and ends in U+2026, so
that a hostile page cannot make a statement that no ledger entry can hold (64 KiB)."""

_MOMENT: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?Z?\Z", re.ASCII)
_COUNT: Final = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,12}", re.ASCII)
_GROUP: Final = re.compile(r"\b(\d{2})(\d{2})(\d{2})Z ([A-Z]{3}) (\d{2})\b", re.ASCII)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FIRST_YEAR: Final = 66
"""The oldest cable is of 1966: two-digit years from here on are of the 20th century."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValue:
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


def make_field(name: str, text: str, *, source: Source, minutes_are_real: bool = True) -> FieldValue:
    """The field of that name whose printed text is ``text``.

    ``minutes_are_real`` is false for pages that print something else where the minutes should stand: then the
    precision is the hour. Seconds printed as ``00`` say nothing, so that such a time is known to the minute.
    """
    printed = clip(one_line(text))
    if name in {"created", "released", "source_released"}:
        value, precision = _moment(printed, minutes_are_real=minutes_are_real)
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
    match = _GROUP.search(header or "")
    if match is None:
        return None
    day, hour, minute, month, year = match.groups()
    value: str | None = None
    if month in _MONTHS:
        century = "19" if int(year) >= _FIRST_YEAR else "20"
        value, _ = _moment(
            f"{century}{year}-{_MONTHS.index(month) + 1:02}-{day} {hour}:{minute}", minutes_are_real=True
        )
    precision: Precision | None = None if value is None else "minute"
    return FieldValue(printed=match[0], value=value, precision=precision, source="header")


def statement_fields(fields: Mapping[str, FieldValue]) -> dict[str, dict[str, dict[str, object]]]:
    """``fields`` and, apart from them once more, ``claims``: plain values of JSON."""
    return {
        "fields": {name: value.plain() for name, value in sorted(fields.items())},
        "claims": {
            name: {"printed": fields[name].printed, "value": fields[name].value} for name in CLAIMS if name in fields
        },
    }


def _moment(printed: str, *, minutes_are_real: bool) -> tuple[str | None, Precision | None]:
    match = _MOMENT.match(printed)
    if match is None:
        return None, None
    year, month, day, hour, minute, second = match.groups()
    try:
        datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None, None
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date, "day"
    if not minutes_are_real:
        return f"{date}T{hour}", "hour"
    if second in {None, "00"}:
        return f"{date}T{hour}:{minute}", "minute"
    return f"{date}T{hour}:{minute}:{second}", "second"
