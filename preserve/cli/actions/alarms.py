"""What ``preserve alarms`` does: what is wrong, what is still to be told of it, and the telling.

Tested by ``tests/scenarios/test_alarm_commands.py``.
"""

import time
from collections.abc import Sequence

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.deliver import Delivery, deliver, send_test
from preserve.alarms.documents import document, title
from preserve.alarms.kinds import next_step
from preserve.alarms.values import Condition, Unsent
from preserve.cli.shared.common import Place, counted, note, say
from preserve.cli.shared.configured import read_secret
from preserve.cli.shared.tones import toned
from preserve.config.folder import load_alarms
from preserve.errors import ConfigError, EnvironmentFaultError, UsageError
from preserve.model import check_collection_name, moment_text
from preserve.text import clean, nearest

_STATES = {
    "queued": ": its channels have not taken it yet",
    "failed": ": a channel did not take it; it is tried again",
}
"""What is said behind the state of an alarm that is raised."""


def list_(place: Place) -> int:
    """Show what is wrong now, and the messages that no channel has taken yet."""
    channels = load_alarms(place.config_dir).channels
    with AlarmDatabase.open(place.archives, read_only=True) as book:
        conditions, unsent = book.open_conditions(), book.unsent()
    place.emit(
        {
            "conditions": [_condition_json(one, _state(one, unsent)) for one in conditions],
            "unsent": [_unsent_json(one, is_known=one.message.channel in channels) for one in unsent],
        },
        "".join(_condition_text(one, _state(one, unsent)) for one in conditions)
        + "".join(_unsent_text(one, is_known=one.message.channel in channels) for one in unsent),
    )
    if not conditions and not unsent:
        note("no alarm is raised, and no message waits")
    return 1 if unsent or any(condition.raised is not None for condition in conditions) else 0


def test(place: Place, *, channels: tuple[str, ...]) -> int:
    """Send a test message to CHANNELS now (to all, where none is named), and tell what became of each."""
    config = load_alarms(place.config_dir)
    for name in channels:
        if name not in config.channels:
            raise UsageError(f"no channel {name!r}", next_step=f"{nearest(name, config.channels).capitalize()}.")
    if not config.channels:
        raise ConfigError(("no channel is there",), next_step=f"Write {place.config_dir / 'alarms.yaml'}.")
    return _tell(place, send_test(config, channels or tuple(config.channels), read_secret, time.time))


def send(place: Place) -> int:
    """Send the messages that wait and are due."""
    config = load_alarms(place.config_dir)
    with AlarmDatabase.open(place.archives) as book:
        deliveries = deliver(book, config, read_secret, time.time)
    if not deliveries:
        note("no message is due")
    return _tell(place, deliveries)


def drop(place: Place) -> int:
    """Drop the messages that wait for channels that are no longer configured, and no others."""
    channels = load_alarms(place.config_dir).channels
    with AlarmDatabase.open(place.archives) as book:
        dropped = book.drop_all_but(channels)
    place.emit(
        {"dropped": [document(message) for message in dropped]},
        clean("".join(f"dropped for {message.channel}: {title(message)}\n" for message in dropped)),
    )
    return 0


def forget(place: Place, *, collection: str) -> int:
    """Forget what is known of the alarms of COLLECTION: what is wrong is told anew when it is found again."""
    with AlarmDatabase.open(place.archives) as book:
        count = book.forget(check_collection_name(collection))
    place.emit({"collection": collection, "forgotten": count}, f"{collection}: {counted(count, 'alarm')} forgotten\n")
    return 0


def _tell(place: Place, deliveries: Sequence[Delivery]) -> int:
    failed = [delivery for delivery in deliveries if delivery.error]
    place.emit(
        {"deliveries": [{**document(d.message), "sent": not d.error, "error": d.error} for d in deliveries]},
        clean("".join(f"{d.channel}: {title(d.message)}: {d.error or 'sent'}\n" for d in deliveries)),
    )
    if failed:
        say(f"preserve: {counted(len(failed), 'message')} not sent")
    return EnvironmentFaultError.exit_status if failed else 0


def _state(condition: Condition, unsent: Sequence[Unsent]) -> str:
    """What became of the telling: ``sent``, ``queued``, ``failed``; ``waiting`` for the rules; for ``nobody``."""
    if condition.raised is None:
        return "waiting"
    if condition.told is None:
        return "nobody"
    about = (condition.collection, condition.kind, condition.subject)
    mine = [one for one in unsent if (one.message.collection, one.message.kind, one.message.subject) == about]
    if any(one.attempts for one in mine):
        return "failed"
    return "queued" if mine else "sent"


def _condition_json(condition: Condition, state: str) -> dict[str, object]:
    return {
        "collection": condition.collection,
        "kind": str(condition.kind),
        "subject": condition.subject,
        "summary": condition.summary,
        "items": list(condition.items),
        "items_total": condition.items_total,
        "bad_since": _told(condition.bad_since),
        "times": condition.times,
        "raised": _told(condition.raised),
        "told": _told(condition.told),
        "state": state,
        "next_step": next_step(condition.kind, condition.collection),
    }


def _condition_text(condition: Condition, state: str) -> str:
    subject = f" {condition.subject}" if condition.subject else ""
    lines = [
        f"{condition.collection or 'preserve'}: {condition.kind}{subject}",
        f"  bad since {_told(condition.bad_since)}, found {counted(condition.times, 'time')} in a row",
        *([f"  {condition.summary}"] if condition.summary else []),
        *(f"    {item}" for item in condition.items),
        *(["    ..."] if condition.items_total > len(condition.items) else []),
    ]
    if condition.raised is None:
        lines.append("  not told yet: the rules wait for more times in a row")
    else:
        told = f"{toned(state)} {_told(condition.told)}" if condition.told is not None else "no channel gets it"
        lines.append(f"  {told}{_STATES.get(state, '')}")
    return "\n".join([*lines, f"  next: {next_step(condition.kind, condition.collection)}"]) + "\n"


def _unsent_json(unsent: Unsent, *, is_known: bool) -> dict[str, object]:
    state = "undeliverable" if not is_known else "failed" if unsent.attempts else "queued"
    return {
        **document(unsent.message),
        "state": state,
        "undeliverable": not is_known,
        "attempts": unsent.attempts,
        "failing_since": _told(unsent.failing_since),
        "error": unsent.error,
        "next_try": _told(unsent.next_try),
    }


def _unsent_text(unsent: Unsent, *, is_known: bool) -> str:
    word = "failed" if unsent.attempts else "queued"
    head = f"{toned(word)} for {unsent.message.channel}: {title(unsent.message)}\n"
    if not is_known:
        return f"{head}  undeliverable: no channel has that name now; `preserve alarms drop` drops it\n"
    if not unsent.attempts:
        return f"{head}  not tried yet\n"
    since = f"failing since {_told(unsent.failing_since)}, tried {counted(unsent.attempts, 'time')}"
    return f"{head}  {since}: {unsent.error}\n  tried again from {_told(unsent.next_try)}\n"


def _told(value: int | None) -> str:
    return "" if value is None else moment_text(value)
