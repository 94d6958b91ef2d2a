"""The named fields of WARC 1.1 (ISO 28500:2017 clause 5): one row a field, and how a header breaks them.

A row says where a field belongs: on which types of record it shall stand, on which it shall not, whether it may stand
twice, and how its value is written. A field that is not listed may stand anywhere (clause 5.1), and a type of record
that is not known may have any (clause 5.5).
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from preserve.expressions import lazy_re
from preserve.formats.warc.record import RecordHeader

_TYPES: Final = frozenset(
    {"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"}
)
"""The types of record (clause 6)."""
_NONE: Final[frozenset[str]] = frozenset()
_BESIDE_CAPTURES: Final = frozenset({"warcinfo", "conversion", "continuation"})
_WITH_URI: Final = _TYPES - {"warcinfo", "metadata"}
_ABSOLUTE: Final = lazy_re(r"[A-Za-z][A-Za-z0-9+.-]*:")
_W3C_DATE: Final = lazy_re(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z)?)?)?\Z")


class FieldRule(NamedTuple):
    """One field: where it ``must`` and ``must_not`` stand, by type of record; ``clause`` is of WARC 1.1, clause 5.

    ``always``: without it nothing is a record, whatever its type. ``identifies``: misused, it leaves open which record
    this is; of other fields a misuse is a habit. ``pattern``: how its value begins, angle brackets taken off; None
    where any value can be read.
    """

    name: str
    clause: str
    always: bool = False
    identifies: bool = False
    must: frozenset[str] = _NONE
    must_not: frozenset[str] = _NONE
    repeatable: bool = False
    pattern: re.Pattern[str] | None = None

    @property
    def key(self) -> str:
        """The name as it is compared (clause 4)."""
        return self.name.lower()


FIELDS: Final[tuple[FieldRule, ...]] = (
    FieldRule("WARC-Record-ID", "5.2", always=True, identifies=True, pattern=_ABSOLUTE),
    FieldRule("Content-Length", "5.3", always=True, identifies=True),
    FieldRule("WARC-Date", "5.4", always=True, identifies=True, pattern=_W3C_DATE),
    FieldRule("WARC-Type", "5.5", always=True, identifies=True),
    FieldRule("Content-Type", "5.6"),
    FieldRule("WARC-Concurrent-To", "5.7", must_not=_BESIDE_CAPTURES, repeatable=True),
    FieldRule("WARC-Block-Digest", "5.8"),
    FieldRule("WARC-Payload-Digest", "5.9"),
    FieldRule("WARC-IP-Address", "5.10", must_not=_BESIDE_CAPTURES),
    FieldRule("WARC-Refers-To", "5.11", must_not=_TYPES - {"metadata", "revisit", "conversion"}),
    FieldRule("WARC-Refers-To-Target-URI", "5.12"),
    FieldRule("WARC-Refers-To-Date", "5.13"),
    FieldRule("WARC-Target-URI", "5.14", identifies=True, must=_WITH_URI, must_not=frozenset({"warcinfo"})),
    FieldRule("WARC-Truncated", "5.15"),
    FieldRule("WARC-Warcinfo-ID", "5.16", must_not=frozenset({"warcinfo"})),
    FieldRule("WARC-Filename", "5.17", must_not=_TYPES - {"warcinfo"}),
    FieldRule("WARC-Profile", "5.18", must=frozenset({"revisit"}), must_not=_TYPES - {"revisit"}),
    FieldRule("WARC-Identified-Payload-Type", "5.19"),
    FieldRule("WARC-Segment-Number", "5.20", must=frozenset({"continuation"})),
    FieldRule("WARC-Segment-Origin-ID", "5.21", must=frozenset({"continuation"}), must_not=_TYPES - {"continuation"}),
    FieldRule("WARC-Segment-Total-Length", "5.22", must_not=_TYPES - {"continuation"}),
)
"""Every field of WARC 1.1, in its order.

How ``Content-Length`` is written, `preserve.formats.warc.record.RecordHeader` knows, which needs it.
``WARC-Payload-Digest`` and ``WARC-Identified-Payload-Type`` shall not stand on a record without a payload; which that
is hangs on its block, and is seen where that is read.
"""
BY_KEY: Final[Mapping[str, FieldRule]] = {rule.key: rule for rule in FIELDS}
ALWAYS: Final = tuple(rule.key for rule in FIELDS if rule.always)


class Misuse(NamedTuple):
    """How the names of a header break the rule of one field."""

    rule: FieldRule
    detail: str


def missing(header: RecordHeader) -> list[str]:
    """The fields that every record has, and this one has not, or empty."""
    return [key for key in ALWAYS if not header.by_name.get(key)]


def misuses(header: RecordHeader) -> tuple[Misuse, ...]:
    """What of the names of a header breaks the table. Header after header of a file has the same names."""
    names = tuple(header.by_name)
    if len(names) != len(header.fields):
        names = tuple(name.lower() for name, _value in header.fields)
    return misuses_of(header.by_name.get("warc-type", ""), names)


@lru_cache(maxsize=512)
def misuses_of(kind: str, names: tuple[str, ...]) -> tuple[Misuse, ...]:
    """The same of a type of record, and names in lower case."""
    counts = Counter(names)
    found: list[Misuse] = []
    for rule in FIELDS:
        count = counts[rule.key]
        if count > 1 and not rule.repeatable:
            found.append(Misuse(rule, f"{rule.key} stands {count} times"))
        if kind in rule.must and not count:
            found.append(Misuse(rule, f"{kind} without {rule.name}"))
        if kind in rule.must_not and count:
            found.append(Misuse(rule, f"{kind} with {rule.name}"))
    return tuple(found)


def is_written_right(key: str, value: str) -> bool:
    """Whether the value of a field is written as WARC 1.1 has it, as far as the table says."""
    pattern = BY_KEY[key].pattern
    return pattern is None or pattern.match(value) is not None
