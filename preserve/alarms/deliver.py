"""Sending what waits in the book. At least once: a message is taken out after its channel has taken it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec.structs import replace

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.chat import notify
from preserve.alarms.command import run
from preserve.alarms.mail import mail_line
from preserve.alarms.values import AlarmEvent, AlarmMessage, Patience, this_machine
from preserve.alarms.webhook import post
from preserve.config.alarms import AlarmsConfig, AppriseChannel, MailChannel, WebhookChannel
from preserve.errors import PreserveError
from preserve.model import new_uuid
from preserve.net.deadline import RefusedError, UnreachedError
from preserve.store.durable import Lock

Secrets = Callable[[str], str]
"""Reads the secret that a source (``env:NAME``, ``file:PATH``) names. Raises PreserveError, without the secret."""
Clock = Callable[[], float]
"""Seconds since 1970."""
_PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one attempt ended. ``error`` is empty where the channel has taken the message."""

    channel: str
    message: AlarmMessage
    error: str = ""


def deliver(
    book: AlarmDatabase, config: AlarmsConfig, secrets: Secrets, clock: Clock, patience: Patience = _PATIENCE
) -> list[Delivery]:
    """Sends what is due to each channel, in order, and puts off what fails. A dead channel holds up no other for long.

    Raises:
        LockedError: another process is sending now.
    """
    with Lock(book.path.with_suffix(".lock"), "the sending of alarms"):
        lines = _Lines(config, secrets, clock, patience)
        return [
            delivery
            for name in book.waiting_channels()
            if name in config.channels
            for delivery in _to_channel(book, name, lines)
        ]


def send_test(
    config: AlarmsConfig, names: Sequence[str], secrets: Secrets, clock: Clock, patience: Patience = _PATIENCE
) -> list[Delivery]:
    """Sends a test message to each of some channels now. Nothing is kept of it."""
    done = []
    lines = _Lines(config, secrets, clock, patience)
    for name in names:
        message = AlarmMessage(
            number=0, id=new_uuid(), channel=name, event=AlarmEvent.TEST, collection="", kind=None, subject="",
            summary="", items=(), items_total=0, times=0, bad_since=None, created=int(clock()),
            machine=this_machine(),
        )  # fmt: skip
        error = ""
        try:
            with lines.to(name, lines.deadline()) as send:
                send(message)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is told, and the next channel is tried
            error = _why(failure)
        done.append(Delivery(channel=name, message=message, error=error))
    return done


@dataclass(frozen=True, slots=True)
class _Lines:
    """Opens what sends messages to a channel."""

    config: AlarmsConfig
    secrets: Secrets
    clock: Clock
    patience: Patience

    def deadline(self) -> float:
        """When a channel that is begun now must have ended, by the monotonic clock."""
        return time.monotonic() + self.patience.channel_s

    @contextmanager
    def to(self, name: str, until: float) -> Iterator[Callable[[AlarmMessage], None]]:
        """Raises UnreachedError, also while sending; sending raises RefusedError. The same for those of a secret."""
        channel = self.config.channels[name]
        if isinstance(channel, MailChannel):
            password = None if channel.password is None else self.secrets(channel.password)
            with mail_line(channel, password, self.patience, until) as send:
                yield send
        elif isinstance(channel, WebhookChannel):
            secret = None if channel.secret is None else self.secrets(channel.secret)
            yield lambda message: post(channel, secret, message, patience=self.patience, until=until, now=self.clock())
        elif isinstance(channel, AppriseChannel):
            address = self.secrets(channel.apprise)
            yield lambda message: notify(address, self.patience, message)
        else:
            yield lambda message: run(channel, self.patience, message)


def _to_channel(book: AlarmDatabase, name: str, lines: _Lines) -> list[Delivery]:
    now = int(lines.clock())
    left = book.waiting(name, now)
    done: list[Delivery] = []
    if not left:
        return done
    until = lines.deadline()
    archives = str(book.archives)
    try:
        with lines.to(name, until) as send:
            while left and time.monotonic() < until:
                # Read now: since the list was made it may have been renewed, or taken back.
                message = book.message(left[0])
                if message is not None:
                    done.append(_one(book, replace(message, archives=archives), send, now))
                left.pop(0)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is kept, and the next channel is tried
        why = _why(failure)
        messages = [message for number in left if (message := book.message(number)) is not None]
        book.unreached(left, why, now)
        done += [Delivery(channel=name, message=message, error=why) for message in messages]
    return done


def _one(book: AlarmDatabase, message: AlarmMessage, send: Callable[[AlarmMessage], None], now: int) -> Delivery:
    try:
        send(message)
    except RefusedError as refusal:
        book.refused(message, str(refusal), refusal.reached, now)
        return Delivery(channel=message.channel, message=message, error=str(refusal))
    book.sent(message)
    return Delivery(channel=message.channel, message=message)


def _why(failure: Exception) -> str:
    """Words of ours as they are; of anything else only what it is called, for its text may hold a secret."""
    if isinstance(failure, (UnreachedError, RefusedError, PreserveError)):
        return str(failure)
    return f"an unexpected {type(failure).__name__}"
