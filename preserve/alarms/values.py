"""What is observed, what is open, what is to be told. All times are seconds since 1970 (UTC).

Tested by ``tests/unit/alarms/test_alarm_db.py``.
"""

import platform
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from preserve.config.alarm_kinds import AlarmKind
from preserve.text import terminal_line

MAX_ITEMS = 20
_MAX_ITEM_CHARS = 500
_MAX_SUMMARY_CHARS = 500
_MAX_SUBJECT_CHARS = 200
_MAX_OCCASION_CHARS = 100


def this_machine() -> str:
    """The name of this machine, as it calls itself."""
    return terminal_line(platform.node(), _MAX_SUBJECT_CHARS)


class AlarmEvent(StrEnum):
    """Why a message is sent."""

    RAISED = "raised"
    AGAIN = "again"
    RESOLVED = "resolved"
    HAPPENED = "happened"
    TEST = "test"


class Observation(Struct, frozen=True, kw_only=True):
    """What was found of one thing at one occasion.

    ``subject`` names the thing within the collection (a host, a step; empty for the collection itself). ``items`` are
    examples, such as addresses, ``items_total`` how many there are; texts come from anywhere, and are made one line
    and bounded. ``occasion`` tells occasions apart (a due moment, a ledger size): one occasion counts once, however
    often it is observed. Occasions are observed in their order. Of a happening only bad observations say something.
    """

    collection: str
    kind: AlarmKind
    subject: str = ""
    bad: bool
    summary: str = ""
    items: tuple[str, ...] = ()
    items_total: int = 0
    occasion: int | str

    def bounded(self) -> "Observation":
        """The same, with its texts on one line each and within bounds."""
        return replace(
            self,
            collection=terminal_line(self.collection, _MAX_SUBJECT_CHARS),
            kind=AlarmKind(self.kind),
            subject=terminal_line(self.subject, _MAX_SUBJECT_CHARS),
            summary=terminal_line(self.summary, _MAX_SUMMARY_CHARS),
            items=tuple(terminal_line(item, _MAX_ITEM_CHARS) for item in self.items[:MAX_ITEMS]),
            items_total=max(self.items_total, len(self.items)),
            occasion=str(self.occasion)[:_MAX_OCCASION_CHARS],
        )


class Condition(Struct, frozen=True, kw_only=True):
    """What is bad now. ``raised``: since when it is an alarm; None while the rule waits for more times in a row."""

    collection: str
    kind: AlarmKind
    subject: str
    summary: str
    items: tuple[str, ...]
    items_total: int
    bad_since: int
    times: int
    raised: int | None
    told: int | None


class AlarmMessage(Struct, frozen=True, kw_only=True):
    """One message for one channel. ``id`` stays the same over all attempts to send it; another content has another id.

    ``times``: how often in a row it was found bad; of a happening, how many occasions the message tells. ``machine``:
    the name of the one that has found it. ``archives``: the folder of the archives there. ``reached``: the mailboxes
    that have it already.
    """

    number: int
    id: str
    channel: str
    event: AlarmEvent
    collection: str
    kind: AlarmKind | None
    subject: str
    summary: str
    items: tuple[str, ...]
    items_total: int
    times: int
    bad_since: int | None
    created: int
    machine: str = ""
    archives: str = ""
    reached: tuple[str, ...] = ()


class Unsent(Struct, frozen=True, kw_only=True):
    """A message that waits: how often it was tried, since when that fails, why, and when it is tried again."""

    message: AlarmMessage
    attempts: int
    failing_since: int | None
    error: str
    next_try: int


class Patience(Struct, frozen=True, kw_only=True):
    """Seconds: of one step of a connection, of a channel altogether, of a command."""

    step_s: float = 20.0
    channel_s: float = 60.0
    command_s: float = 30.0
