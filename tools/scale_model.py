"""What an archive of some terabytes costs: the tables of docs/scale.md, from what was measured and what was assumed.

``python tools/scale_model.py`` prints them. The figures measured are those of ``python -m tests.bench.scale``: what one
more reply takes, and what one more byte takes, as it is stored (compressed). A test holds the page against this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

TERABYTE: Final = 10**12
_GIGABYTE: Final = 10**9
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_MONTH_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds of the processor that something takes: microseconds a reply and nanoseconds a byte."""

    name: str
    us_a_reply: float
    ns_a_byte: float

    def core_hours(self, total: float, reply_bytes: float) -> float:
        """Of so many bytes in replies of this mean size."""
        return (total / reply_bytes * self.us_a_reply / 1e6 + total * self.ns_a_byte / 1e9) / _HOUR_S


CAPTURE: Final = Work("`capture`", 5_800, 63)
DEEP: Final = Work("`verify --deep`", 2_700, 36)
KNOWN: Final = Work("`verify` of what was read before", 81, 1.6)
REBUILD: Final = Work("`rebuild`", 550, 4.0)
REPLICATE: Final = Work("`replicate s3://…`", 67, 2.1)
COPY: Final = Work("`verify --structure s3://…`", 200, 1.7)
INDEX: Final = Work("`index`", 240, 3.6)
EXTRACT: Final = Work("`extract`", 1_500, 31)
TEXTS: Final = Work("`export parquet`, a text on each page", 3_800, 0.0)
TABLE: Final = Work("`export parquet --table index`", 510, 0.3)
WORKS: Final = (CAPTURE, DEEP, KNOWN, REBUILD, REPLICATE, COPY, INDEX, EXTRACT, TEXTS, TABLE)

STATEMENTS_A_REPLY: Final = 4
"""Request, response, metadata, and a text."""
LEDGER_BYTES: Final = 3_270
CATALOGUE_BYTES: Final = 2_340
INDEX_BYTES: Final = 320
TABLE_BYTES: Final = 68
"""Bytes a reply of ledger, catalogue, CDXJ index and the table of the index in Parquet."""
STATEMENTS_AN_OBJECT: Final = 256
OBJECTS_A_BUNDLE: Final = 2
"""A bundle of statements is an object, and so is the tile with their hashes."""
FILE_BYTES: Final = 1_000 * 2**20
OBJECTS_A_FILE: Final = 2
"""The file, and the places of its records."""
LOOK_MS: Final = 7
"""What a look of the scheduler takes a collection, in milliseconds of the processor."""

ARCHIVES: Final = (("small pages", 6_900), ("a mixture", 50_000), ("pictures and PDF", 900_000))
"""What was captured, and the mean size of a reply as it is stored, with its request and metadata."""
MIXTURE: Final = ARCHIVES[1][1]

CORE_HOUR_USD: Final = 0.05
PUT_MILLION_USD: Final = 5.0
GET_MILLION_USD: Final = 0.4
EGRESS_TB_USD: Final = 90.0
STORAGE_TB_MONTH_USD: Final = 23.0

SIZES_TB: Final = (1, 10, 1_000)
DEEPENED: Final = 0.1
"""The part that a monthly verification reads record by record again."""
HOSTS: Final = 1_000
DELAY_S: Final = 1.0


def replies(total: float, reply_bytes: float) -> float:
    """How many replies have so many bytes."""
    return total / reply_bytes


def objects(total: float, reply_bytes: float) -> float:
    """How many objects a copy has: each is put once, and read once by a check."""
    bundles = replies(total, reply_bytes) * STATEMENTS_A_REPLY / STATEMENTS_AN_OBJECT
    return OBJECTS_A_FILE * total / FILE_BYTES + OBJECTS_A_BUNDLE * bundles


def copy_bytes(total: float, reply_bytes: float) -> float:
    """How large a copy is: WARC files and ledger."""
    return total + replies(total, reply_bytes) * LEDGER_BYTES


def monthly(total: float, reply_bytes: float) -> float:
    """Core-hours of a verification that reads a part of everything again."""
    return KNOWN.core_hours(total, reply_bytes) + DEEPENED * DEEP.core_hours(total, reply_bytes)


def figure(value: float) -> str:
    """Two digits that count: more would say more than is known."""
    if value >= 100:  # noqa: PLR2004 - from here on without a point
        digits = len(str(int(value))) - 2
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"  # noqa: PLR2004


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def measured() -> str:
    """What the figures rest on."""
    rows = [[work.name, f"{work.us_a_reply:,.0f}", f"{work.ns_a_byte:g}"] for work in WORKS]
    return _table(["command", "µs a reply", "ns a byte"], rows)


def assumed() -> str:
    """The prices."""
    return _table(
        ["what", "US$"],
        [
            ["an hour of a core", f"{CORE_HOUR_USD:.2f}"],
            ["a million objects written", f"{PUT_MILLION_USD:.2f}"],
            ["a million objects read", f"{GET_MILLION_USD:.2f}"],
            ["a terabyte out of the region", f"{EGRESS_TB_USD:.2f}"],
            ["a terabyte kept for a month", f"{STORAGE_TB_MONTH_USD:.2f}"],
        ],
    )


def a_terabyte() -> str:
    """What a terabyte of WARC files takes."""
    means = [mean for _name, mean in ARCHIVES]
    head = ["", *(f"{name}: {mean / 1000:g} KB a reply" for name, mean in ARCHIVES)]

    def row(name: str, values: Iterable[float]) -> list[str]:
        return [name, *map(figure, values)]

    def gigabytes(name: str, bytes_a_reply: float) -> list[str]:
        return row(name, (replies(TERABYTE, mean) * bytes_a_reply / _GIGABYTE for mean in means))

    copied = [copy_bytes(TERABYTE, mean) for mean in means]
    made = [
        REPLICATE.core_hours(TERABYTE, mean) * CORE_HOUR_USD + objects(TERABYTE, mean) / 1e6 * PUT_MILLION_USD
        for mean in means
    ]
    checked = [
        COPY.core_hours(TERABYTE, mean) * CORE_HOUR_USD + objects(TERABYTE, mean) / 1e6 * GET_MILLION_USD
        for mean in means
    ]
    rows = [
        row("replies, millions", (replies(TERABYTE, mean) / 1e6 for mean in means)),
        gigabytes("ledger, GB", LEDGER_BYTES),
        gigabytes("catalogue, GB", CATALOGUE_BYTES),
        gigabytes("index, GB", INDEX_BYTES),
        gigabytes("index as Parquet, GB", TABLE_BYTES),
        *(row(f"{work.name}, core-hours", (work.core_hours(TERABYTE, mean) for mean in means)) for work in WORKS),
        row("objects of a copy", (objects(TERABYTE, mean) for mean in means)),
        row("a copy made, US$", made),
        row("a copy checked in its region, US$", checked),
        row(
            "the same from outside, US$",
            (cost + size / TERABYTE * EGRESS_TB_USD for cost, size in zip(checked, copied, strict=True)),
        ),
        row("a copy kept for a month, US$", (size / TERABYTE * STORAGE_TB_MONTH_USD for size in copied)),
    ]
    return _table(head, rows)


def by_size() -> str:
    """What archives of several sizes take, of the mixture."""
    totals = [size * TERABYTE for size in SIZES_TB]

    def row(name: str, values: Iterable[float]) -> list[str]:
        return [name, *map(figure, values)]

    deep = [DEEP.core_hours(total, MIXTURE) for total in totals]
    copied = [copy_bytes(total, MIXTURE) / TERABYTE for total in totals]
    rows = [
        row("replies, millions", (replies(total, MIXTURE) / 1e6 for total in totals)),
        row(
            f"days to capture them from {HOSTS:,} hosts, a page a second each",
            (replies(total, MIXTURE) * DELAY_S / HOSTS / _DAY_S for total in totals),
        ),
        row("`capture`, core-hours", (CAPTURE.core_hours(total, MIXTURE) for total in totals)),
        row("everything read once, core-hours", deep),
        row(f"cores that read everything in {_MONTH_DAYS} days", (hours / 24 / _MONTH_DAYS for hours in deep)),
        row(
            f"a monthly check that reads {DEEPENED:.0%} again, core-hours",
            (monthly(total, MIXTURE) for total in totals),
        ),
        row("ledger, GB", (replies(total, MIXTURE) * LEDGER_BYTES / _GIGABYTE for total in totals)),
        row("objects of a copy, millions", (objects(total, MIXTURE) / 1e6 for total in totals)),
        row("index as Parquet, GB", (replies(total, MIXTURE) * TABLE_BYTES / _GIGABYTE for total in totals)),
        row("a copy kept for a year, US$", (size * STORAGE_TB_MONTH_USD * 12 for size in copied)),
        row("read once out of its region, US$", (size * EGRESS_TB_USD for size in copied)),
    ]
    return _table(["", *(f"{size:,} TB" for size in SIZES_TB)], rows)


TABLES: Final = (measured, assumed, a_terabyte, by_size)


if __name__ == "__main__":
    print("\n".join(table() for table in TABLES))
