"""When a collection is captured: the ``schedule`` group of its file."""

import re
from datetime import UTC, datetime, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from preserve.config.adaptive import AdaptiveConfig
from preserve.config.checked import Strict

_SPAN = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_CRON_FIELDS = 5
_SPAN_S = {"h": 3600, "d": 86_400, "w": 604_800}
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


def span_seconds(text: str) -> int:
    """Seconds of a checked span: ``12h``, ``30d``, ``2w``. A day has 86,400 of them."""
    return int(text[:-1]) * _SPAN_S[text[-1]]


def _span(text: str) -> str:
    if _SPAN.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no span; write hours, days or weeks like 12h, 30d or 2w")
    return text


def _cron(text: str) -> str:
    # cronsim takes a sixth field, seconds.
    if len(text.split()) != _CRON_FIELDS:
        raise ValueError(f"{text!r} has not five fields; write them like 0 3 * * 1")
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"{text!r} is no moment of cron ({str(error) or 'never'}); write five fields like 0 3 * * 1"
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


def _absolute(text: str) -> str:
    if not text.startswith("/") or not text.isprintable():
        raise ValueError(f"{text!r} is no absolute path; write it like /var/lib/preserve/demo.alive")
    return text


class ScheduleConfig(Strict):
    """When a collection is captured: ``every`` or ``cron``, in a time zone."""

    every: Annotated[str, AfterValidator(_span)] | None = Field(
        default=None, description="a span between two captures, such as 12h, 30d or 2w"
    )
    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        default=None, description="five fields of cron in quotes, such as `0 3 * * 1`"
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="a time zone of `cron` and `only`, such as Europe/Vienna"
    )
    only: Annotated[str, AfterValidator(_window)] | None = Field(
        default=None, description="times of day between which a capture may begin, in quotes, such as 22:00-06:00"
    )
    jitter: float = Field(
        default=0.0, ge=0, le=0.5, description="the share of the interval by which a capture may begin later, 0 to 0.5"
    )
    missed: Literal["once", "skip"] = Field(
        default="once",
        description="`once` (one capture makes up for all moments missed) or `skip` (none, when `grace` is over)",
    )
    grace: Annotated[str, AfterValidator(_span)] = Field(
        default="1d", description="a span after which a capture that was due is overdue, such as 12h or 1d"
    )
    adaptive: AdaptiveConfig | None = Field(
        default=None, description="a group of `min` and `max`: pages that seldom change are asked for less often"
    )
    alive_file: Annotated[str, AfterValidator(_absolute)] | None = Field(
        default=None, description="an absolute path of a file whose time of change is set after each good run, no other"
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
