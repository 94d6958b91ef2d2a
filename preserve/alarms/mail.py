"""Alarms by mail: one SMTP connection for all messages of a round (RFC 5321, RFC 3207, RFC 4954)."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

from preserve.alarms.connections import Patience, RefusedError, UnreachedError, connected, trusted, words
from preserve.alarms.documents import mail
from preserve.alarms.values import Message, flat
from preserve.config.alarms import MailChannel

_READY: Final = 220
_MAX_ERROR_CHARS = 200
_HIDDEN = "[secret]"


class _Server(smtplib.SMTP):
    """The server at the other end of a connection; ``host`` is the name that STARTTLS verifies."""

    _host: str

    def __init__(self, sock: socket.socket, host: str, timeout_s: float) -> None:
        super().__init__(local_hostname=_own_name(), timeout=timeout_s)
        self.sock = sock
        self._host = host


@contextmanager
def mail_line(
    channel: MailChannel, password: str | None, patience: Patience, until: float
) -> Iterator[Callable[[Message], None]]:
    """Connects, and gives what sends a message. The password goes out only over TLS with a certificate that is good.

    Raises:
        UnreachedError: the server cannot be used; raised by sending too.
        RefusedError: raised by sending: the message was not taken by the server, or not for every mailbox.
    """
    context = None if channel.tls == "none" else trusted(channel.ca_file)
    at_once = context if channel.tls == "tls" else None
    try:
        with (
            connected(channel.server, context=at_once, patience=patience, until=until) as sock,
            closing(_Server(sock, channel.server[0], patience.step_s)) as server,
        ):
            _greet(server, context if channel.tls == "starttls" else None)
            if channel.user is not None and password is not None:
                _log_in(server, channel.user, password)
            yield lambda message: _send(server, channel, message, password)
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except OSError as error:
        # Those of smtplib are of this class too.
        raise UnreachedError(_told(error, channel.user, password)) from None


def _greet(server: smtplib.SMTP, context: ssl.SSLContext | None) -> None:
    code, text = server.getreply()
    if code != _READY:
        raise smtplib.SMTPConnectError(code, text)
    if context is not None:
        server.starttls(context=context)


def _own_name() -> str:
    # Looking up one's own full name may take as long as a name server likes.
    name = socket.gethostname()
    return name if "." in name and name.isascii() and name.isprintable() else "[127.0.0.1]"


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    try:
        server.login(user, password)
    except smtplib.SMTPAuthenticationError as error:
        # What the server says may repeat what it was told.
        raise UnreachedError(f"the server does not accept user and password ({error.smtp_code})") from None


def _send(server: smtplib.SMTP, channel: MailChannel, message: Message, password: str | None) -> None:
    to = [mailbox for mailbox in channel.mail if mailbox not in message.reached]
    if not to:
        return
    try:
        refused = server.sendmail(channel.from_, to, mail(message, sender=channel.from_, to=channel.mail).as_bytes())
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise RefusedError(_told(error, channel.user, password)) from None
    if refused:
        reached = tuple(mailbox for mailbox in to if mailbox not in refused)
        why = _told(smtplib.SMTPRecipientsRefused(refused), channel.user, password)
        raise RefusedError(why, reached)


def _told(error: Exception, user: str | None, password: str | None) -> str:
    """Why it failed, without the password in any of the forms in which it was sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        mailbox, (code, text) = next(iter(error.recipients.items()))
        said = f"{mailbox} is refused: {code} {_text(text)}"
    elif isinstance(error, smtplib.SMTPResponseException):
        said = f"the server said {error.smtp_code} {_text(error.smtp_error)}"
    elif isinstance(error, smtplib.SMTPServerDisconnected):
        cause = error.__context__
        said = words(cause) if isinstance(cause, OSError) else "the server ended the connection"
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        said = f"the server does not offer what is asked for: {_text(str(error))}"
    else:
        said = words(error)
    for form in _forms(user, password):
        said = said.replace(form, _HIDDEN)
    return said


def _forms(user: str | None, password: str | None) -> Iterator[str]:
    if password:
        yield password
        for plain in (password, f"\0{user}\0{password}"):
            yield base64.b64encode(plain.encode()).decode().rstrip("=")


def _text(said: bytes | str) -> str:
    return flat(said.decode("utf-8", "replace") if isinstance(said, bytes) else said, _MAX_ERROR_CHARS)
