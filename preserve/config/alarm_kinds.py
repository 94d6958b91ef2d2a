"""What alarms can be of, and the rule in force for one. Without what checks a configuration: who is told reads it."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

DEFAULT_AFTER: Final = 1
DEFAULT_AGAIN_AFTER_S: Final = 86_400
DEFAULT_RESOLVED: Final = True


class AlarmKind(StrEnum):
    """What an alarm can be of. `preserve.alarms.kinds` says what each means."""

    CAPTURE_FAILING = "capture-failing"
    STEP_FAILING = "step-failing"
    PAGE_MISSING = "page-missing"
    PAGE_GONE = "page-gone"
    TEXT_CHANGED = "text-changed"
    REDACTION_CHANGED = "redaction-changed"
    CHALLENGE_PAGE = "challenge-page"
    CERTIFICATE_INVALID = "certificate-invalid"
    RECEIPTS_FAILING = "receipts-failing"
    DAMAGE_FOUND = "damage-found"
    LOG_DIFFERS = "log-differs"
    DISK_LOW = "disk-low"
    OVERDUE = "overdue"
    CLOCK_BACK = "clock-back"
    NOT_LOOKED = "not-looked"
    SCHEDULE_FAILING = "schedule-failing"


class AlarmRule(Struct, frozen=True, kw_only=True):
    """A rule in force: channels, times in a row before it is told, seconds until it is told again."""

    to: tuple[str, ...]
    after: int = DEFAULT_AFTER
    again_after_s: int = DEFAULT_AGAIN_AFTER_S
    resolved: bool = DEFAULT_RESOLVED
