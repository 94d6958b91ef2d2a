"""Alarms by mail: one connection for all messages of a round."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from preserve.alarms.documents import mail
from preserve.alarms.values import AlarmMessage, Patience
from preserve.config.alarms import MailChannel
from preserve.net.smtp import MailServer, Send, sending


@contextmanager
def mail_line(
    channel: MailChannel, password: str | None, patience: Patience, until: float
) -> Iterator[Callable[[AlarmMessage], None]]:
    """Connects, and gives what sends a message to the mailboxes that have not taken it.

    Raises:
        UnreachedError: the server cannot be used; raised by sending too.
        RefusedError: raised by sending: the message was not taken by the server, or not for every mailbox.
    """
    server = MailServer(
        address=channel.server, tls=channel.tls, ca_file=channel.ca_file, user=channel.user, password=password
    )
    with sending(server, step_s=patience.step_s, until=until) as send:
        yield lambda message: _send(send, channel, message)


def _send(send: Send, channel: MailChannel, message: AlarmMessage) -> None:
    to = [mailbox for mailbox in channel.mail if mailbox not in message.reached]
    if to:
        send(channel.from_, to, mail(message, sender=channel.from_, to=channel.mail).as_bytes())
