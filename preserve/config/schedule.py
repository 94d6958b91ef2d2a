"""When a collection is captured and when it is verified: the ``schedule`` and ``verification`` groups of its file.

Tested by ``tests/unit/schedule/test_schedule.py``.
"""

import re
from datetime import UTC, datetime, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from preserve.config.adaptive import AdaptiveConfig
from preserve.config.addresses import url_mistake
from preserve.config.checked import Strict
from preserve.config.paths import check_absolute
from preserve.config.spanfield import Span
from preserve.config.stores import names_store, read_store_name
from preserve.errors import UsageError

_CRON_FIELDS = 5
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_TABLE_FORMS = (".csv", ".jsonl", ".parquet")


def _cron(text: str) -> str:
    # cronsim takes a sixth field, seconds.
    if len(text.split()) != _CRON_FIELDS:
        raise ValueError(f"{text!r} has not five fields; write them like 0 3 * * 1")
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"{text!r} is no moment of cron ({str(error) or 'never'}); write one that comes, like 0 3 * * 1"
        ) from error
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"no time zone {name!r}; write it like Europe/Vienna or UTC") from error
    return name


def _window(text: str) -> str:
    if _WINDOW.fullmatch(text) is None or text[:5] == text[6:]:
        raise ValueError(f"{text!r} is no window; write two times of day like 22:00-06:00")
    return text


def _file(text: str) -> str:
    return check_absolute(text, like="/srv/preserve/demo.alive")


def _copies(text: str) -> str:
    if not names_store(text):
        return check_absolute(text, like="/mnt/copy or s3://BUCKET/PREFIX")
    try:
        return read_store_name(text).text
    except UsageError as error:
        raise ValueError(f"{error}. {error.next_step}") from error


def _table(text: str) -> str:
    if not text.endswith(_TABLE_FORMS):
        raise ValueError(f"{text!r} has none of the endings {', '.join(_TABLE_FORMS)}")
    return check_absolute(text, like="/srv/preserve/demo.csv")


def _ping(text: str) -> str:
    mistake = url_mistake(text)
    if mistake is not None:
        raise ValueError(f"{mistake}; write it like https://ping.example.org/4f1c")
    return text


class ScheduleRuleConfig(Strict):
    """When something is due: ``every`` or ``cron``, in a time zone; and what is done when it fails."""

    every: Span | None = Field(default=None, description="a span between two runs, such as 12h, 30d or 2w")
    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        default=None, description="five fields of cron in quotes, such as `0 3 * * 1`"
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="a time zone of `cron` and `only`, such as Europe/Vienna"
    )
    only: Annotated[str, AfterValidator(_window)] | None = Field(
        default=None, description="times of day between which a run may begin, in quotes, such as 22:00-06:00"
    )
    jitter: float = Field(
        default=0.0, ge=0, le=0.5, description="the share of the interval by which a run may begin later, 0 to 0.5"
    )
    missed: Literal["once", "skip"] = Field(
        default="once",
        description="`once` (one run makes up for all moments missed) or `skip` (none, when `grace` is over)",
    )
    grace: Span = Field(default="1d", description="a span after which a run that was due is overdue, such as 12h or 1d")
    retries: int = Field(
        default=3, ge=0, le=10, description="how often a run that failed is tried again before the next is due, 0 to 10"
    )
    retry_after: Span = Field(
        default="15m", description="a span before the first try again, such as 15m; twice as long before each further"
    )
    time_limit: Span = Field(
        default="7d", description="a span after which a run is stopped, such as 12h or 7d; it goes on with the next try"
    )

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("write either `every` or `cron`")
        return self

    @property
    def window(self) -> tuple[time, time] | None:
        """The two times of day of ``only``; the second may be the earlier one: it is then of the next day."""
        if self.only is None:
            return None
        first, last = self.only.split("-")
        return time.fromisoformat(first), time.fromisoformat(last)


def _share(value: object) -> object:
    return value[:-1] if isinstance(value, str) and value.endswith("%") else value


def _wanted(value: bool) -> bool:  # noqa: FBT001 - pydantic hands over by position
    if not value:
        raise ValueError("a step that is not wanted is left out; write `true`")
    return value


class StepConfig(Strict):
    """One step after a capture: exactly one key."""

    verify: float | None = Field(
        default=None, gt=0, le=100, description="the part of the records that is read, in per cent, above 0 to 100"
    )
    receipts: Annotated[bool, AfterValidator(_wanted)] | None = Field(
        default=None, description="`true`: time authorities that gave no receipt are asked again"
    )
    replicate: Annotated[str, AfterValidator(_copies)] | None = Field(
        default=None,
        description="an absolute path of the folder of the copy, or a place in object storage, such as "
        "`s3://BUCKET/PREFIX`",
    )
    export: Annotated[str, AfterValidator(_table)] | None = Field(
        default=None, description="an absolute path of a table that ends in .csv, .jsonl or .parquet"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("write exactly one of `verify`, `receipts`, `replicate` and `export` in a step")
        return self


class VerificationConfig(ScheduleRuleConfig):
    """When all that is held is verified, and how much of what was read before is read again."""

    deep: Annotated[float, BeforeValidator(_share)] = Field(
        default=10.0,
        gt=0,
        le=100,
        description="the part of the bytes that is read record by record again each time, such as `10%`: the rest is "
        "compared by SHA-256",
    )


class ScheduleConfig(ScheduleRuleConfig):
    """When a collection is captured, and what is done after it."""

    steps: tuple[StepConfig, ...] = Field(
        default=(), description="a list of steps after a capture, each one key: `verify: 5` or `replicate: /mnt/copy`"
    )
    adaptive: AdaptiveConfig | None = Field(
        default=None, description="a group of `min` and `max`: pages that seldom change are asked for less often"
    )
    alive_file: Annotated[str, AfterValidator(_file)] | None = Field(
        default=None, description="an absolute path of a file whose time of change is set after each good run, no other"
    )
    alive_url: Annotated[str, AfterValidator(_ping)] | None = Field(
        default=None, description="an address that is asked for after each good run, no other"
    )
