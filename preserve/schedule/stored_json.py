"""What a due table keeps as JSON, read back. A table that was damaged or changed by hand is told as such."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from preserve.errors import BrokenStateError

if TYPE_CHECKING:
    from preserve.config.schedule import ScheduleRuleConfig

_NEXT_STEP = "Move the job's table in .schedule/ of the archives away: its schedule begins anew."


def rule_kept(text: str) -> "ScheduleRuleConfig":
    """The rule by which a table was filled.

    Raises:
        BrokenStateError: it is none.
    """
    from preserve.config.schedule import ScheduleRuleConfig  # noqa: PLC0415 - where nothing is scheduled none is kept

    try:
        return ScheduleRuleConfig.model_validate_json(text)
    except ValueError as error:
        raise BrokenStateError("the due table holds no rule that can be read", next_step=_NEXT_STEP) from error


def report_kept(text: str) -> Mapping[str, object]:
    """What a run told (`preserve.schedule.run_summary`); empty where it told nothing.

    Raises:
        BrokenStateError: it is no JSON object.
    """
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BrokenStateError("the due table holds a report that cannot be read", next_step=_NEXT_STEP) from error
    if not isinstance(value, dict):
        raise BrokenStateError("the due table holds a report that is none", next_step=_NEXT_STEP)
    return value
