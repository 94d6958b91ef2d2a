"""The kinds of alarms: a closed table (``docs/alarms.md``).

Tested by ``tests/docs/test_alarms_guide.py``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from preserve.config.alarm_kinds import AlarmKind


class KindFacts(Struct, frozen=True, kw_only=True):
    """What a kind means and what to do next.

    ``is_state``: it can become good again; else it is a happening, told once. ``is_counted``: the rule's ``after`` says
    how often in a row it must be found; else it is told at once. ``is_told_by_time``: it is told again while it lasts;
    else each time that there is more of it, which is when it is found bad.
    """

    meaning: str
    next_step: str
    is_state: bool = True
    is_counted: bool = True
    is_told_by_time: bool = True


def next_step(kind: AlarmKind, collection: str) -> str:
    """What to do next about an alarm of a collection, as it can be typed."""
    step = KINDS[kind].next_step
    return step.replace(_COLLECTION, collection) if collection else step


_COLLECTION: Final = "COLLECTION"
"""Stands in a next step for the collection's name."""
KINDS: Final[Mapping[AlarmKind, KindFacts]] = MappingProxyType(
    {
        AlarmKind.CAPTURE_FAILING: KindFacts(
            meaning="A capture did not come to its end, no address answered, or too many pages that are held were not "
            "to be had.",
            next_step="Run `preserve capture COLLECTION` by hand and see what it says.",
        ),
        AlarmKind.STEP_FAILING: KindFacts(
            meaning="A step after a capture failed.",
            next_step="See `preserve schedule status COLLECTION`, then run the step by hand.",
        ),
        AlarmKind.PAGE_MISSING: KindFacts(
            meaning="Pages that are held were not to be had at the last run, for whatever cause.",
            next_step="See `preserve rot -c COLLECTION`; `preserve rot accept` or `preserve rot moved` states what is "
            "known of it.",
        ),
        AlarmKind.PAGE_GONE: KindFacts(
            meaning="Pages that were captured are gone from their addresses, or are error pages now.",
            next_step="See `preserve rot -c COLLECTION`. `preserve rescue` asks web archives for what is not held.",
            is_counted=False,
            is_told_by_time=False,
        ),
        AlarmKind.TEXT_CHANGED: KindFacts(
            meaning="A cable's text has changed since the previous capture.",
            next_step="See `preserve diff ID` and `preserve history ID`.",
            is_state=False,
            is_counted=False,
        ),
        AlarmKind.REDACTION_CHANGED: KindFacts(
            meaning="Cables have more or fewer redaction marks than at the capture before.",
            next_step="See `preserve diff ID` and `preserve history ID`.",
            is_state=False,
            is_counted=False,
        ),
        AlarmKind.CHALLENGE_PAGE: KindFacts(
            meaning="A site answers with a bot wall's challenge in place of its pages.",
            next_step="Ask the site's owner to let the crawler in, or capture less often.",
        ),
        AlarmKind.CERTIFICATE_INVALID: KindFacts(
            meaning="The certificate of a site is not accepted.",
            next_step="See whether it has expired. Tell the site's owner.",
        ),
        AlarmKind.RECEIPTS_FAILING: KindFacts(
            meaning="A time-stamping authority gave no receipt.",
            next_step="Run `preserve ledger stamp COLLECTION`, or name another authority.",
        ),
        AlarmKind.DAMAGE_FOUND: KindFacts(
            meaning="A verification found damage in the archive.",
            next_step="Run `preserve verify COLLECTION`, then `preserve repair` from a replica.",
            is_counted=False,
        ),
        AlarmKind.LOG_DIFFERS: KindFacts(
            meaning="The log in the archive is not the one that is known: it was rolled back, forked or replaced.",
            next_step="Run `preserve verify COLLECTION`, then `preserve repair COLLECTION --from REPLICA`.",
            is_counted=False,
        ),
        AlarmKind.DISK_LOW: KindFacts(
            meaning="The disk has less free space than `min_free_mb` asks for: captures stop.",
            next_step="Make room, or move the archives to a larger disk.",
        ),
        AlarmKind.OVERDUE: KindFacts(
            meaning="No good run has followed a due moment within `grace`.",
            next_step="See `preserve schedule status COLLECTION`.",
            is_counted=False,
        ),
        AlarmKind.CLOCK_BACK: KindFacts(
            meaning="The machine's clock is before the last moment recorded: nothing is due until it is past it.",
            next_step="If it is wrong, set it, and see that NTP keeps it. If it is right, run "
            "`preserve schedule forget COLLECTION`.",
        ),
        AlarmKind.NOT_LOOKED: KindFacts(
            meaning="No scheduler looked for two days or more: the machine was off, or none was running.",
            next_step="See `preserve schedule log COLLECTION`, and whether a scheduler starts with the machine.",
            is_state=False,
            is_counted=False,
        ),
        AlarmKind.SCHEDULE_FAILING: KindFacts(
            meaning="A schedule cannot do its work: its table or file cannot be used, or a verification did not end.",
            next_step="See `preserve schedule status COLLECTION`.",
        ),
    }
)
