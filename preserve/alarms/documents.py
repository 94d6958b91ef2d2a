"""A message as a JSON document and as a mail (``docs/alarms.md``). Pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from preserve import __version__
from preserve.alarms.kinds import KINDS, next_step
from preserve.alarms.values import AlarmEvent, AlarmMessage
from preserve.model import moment_text
from preserve.text import terminal_line

VERSION: Final = 1
_MAX_SUBJECT_CHARS = 160
_MAX_FOLDER_CHARS = 300
_TEST_MEANING = "This is a test of a channel. Nothing is wrong."
MESSAGE_FIELD: Final = "X-Preserve-Message"
"""The header field, of mails and of requests, that holds a message's id."""


def document(message: AlarmMessage) -> dict[str, object]:
    """The document of a message, ready for JSON. Fields may be added to it, never taken away."""
    facts = None if message.kind is None else KINDS[message.kind]
    return {
        "version": VERSION,
        "id": message.id,
        "event": str(message.event),
        "channel": message.channel,
        "collection": message.collection,
        "kind": None if message.kind is None else str(message.kind),
        "subject": message.subject,
        "summary": message.summary,
        "items": list(message.items),
        "items_total": message.items_total,
        "times": message.times,
        "bad_since": None if message.bad_since is None else moment_text(message.bad_since),
        "created": moment_text(message.created),
        "machine": message.machine,
        "archives": message.archives,
        "meaning": _TEST_MEANING if facts is None else facts.meaning,
        "next_step": "" if message.kind is None else next_step(message.kind, message.collection),
    }


def json_bytes(message: AlarmMessage) -> bytes:
    """The document as one line of ASCII."""
    return json.dumps(document(message)).encode("ascii") + b"\n"


def title(message: AlarmMessage) -> str:
    """``mrkva: capture failing (2 times)``: one line."""
    if message.kind is None:
        return "test of a channel"
    about = f"{message.collection or 'preserve'}: {str(message.kind).replace('-', ' ')}"
    about = f"{about}: {message.subject}" if message.subject else about
    count = f" ({message.times} times)" if message.times > 1 and message.event is not AlarmEvent.RESOLVED else ""
    end = {AlarmEvent.RESOLVED: ": resolved", AlarmEvent.AGAIN: ": still"}.get(message.event, "")
    return terminal_line(about, _MAX_SUBJECT_CHARS) + end + count


def mail(message: AlarmMessage, *, sender: str, to: Sequence[str]) -> EmailMessage:
    """The mail of a message."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = ", ".join(to)
    made["Subject"] = f"[preserve] {title(message)}"
    made["Date"] = format_datetime(datetime.fromtimestamp(message.created, UTC))
    made["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made[MESSAGE_FIELD] = message.id
    made.set_content(f"{title(message)}\n\n{text(message)}", charset="utf-8", cte="quoted-printable")
    return made


def text(message: AlarmMessage) -> str:
    """What a person reads below the title: lines, each with its end."""
    return "\n".join(_lines(message)) + "\n"


def _lines(message: AlarmMessage) -> list[str]:
    facts = None if message.kind is None else KINDS[message.kind]
    lines = [message.summary, ""] if message.summary else []
    meaning = _TEST_MEANING if facts is None else facts.meaning
    lines.append(f"This is over: {meaning}" if message.event is AlarmEvent.RESOLVED else meaning)
    if message.kind is not None and message.event is not AlarmEvent.RESOLVED:
        lines.append(f"Next: {next_step(message.kind, message.collection)}")
    if message.bad_since is not None:
        times = "once" if message.times == 1 else f"{message.times} times in a row"
        since = moment_text(message.bad_since)
        if message.event is AlarmEvent.RESOLVED:
            lines += [
                "",
                f"It was bad since {since}, found {times}, and was found good at {moment_text(message.created)}.",
            ]
        else:
            lines += ["", f"Bad since {since}, found {times}."]
    if message.items:
        is_part = message.items_total > len(message.items)
        of_all = f" ({len(message.items)} of {message.items_total:,})" if is_part else ""
        lines += ["", f"What it is about{of_all}:", *(f"  {item}" for item in message.items)]
    machine = f" on {message.machine}" if message.machine else ""
    folder = f", archives in {terminal_line(message.archives, _MAX_FOLDER_CHARS)}" if message.archives else ""
    return [*lines, "", "-- ", f"preserve {__version__}{machine}{folder}, message {message.id}"]
