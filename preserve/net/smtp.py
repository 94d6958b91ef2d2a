"""Mail: one SMTP connection for any number of messages (RFC 5321, RFC 3207, RFC 4954).

Tested by ``tests/unit/alarms/test_deliver.py``.
"""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from preserve.net.deadline import Bounded, RefusedError, UnreachedError, connected, trusted, words
from preserve.text import terminal_line

_READY: Final = 220
_MAX_ERROR_CHARS = 200
_MAX_REPLY_BYTES = 64 * 1024
"""RFC 5321 section 4.5.3.1.5: a line of a reply has 512 octets; no server needs as many lines as this has."""
_HIDDEN = "[secret]"
Send = Callable[[str, Sequence[str], bytes], None]
"""Sends a message, given the sender, the mailboxes and the message with its header."""


class _Connection(smtplib.SMTP):
    """The server at the other end of a connection; ``host`` is the name that STARTTLS verifies."""

    _host: str
    file: Any

    def __init__(self, sock: socket.socket, host: str, timeout_s: float) -> None:
        super().__init__(local_hostname=_own_name(), timeout=timeout_s)
        self.sock = sock
        self._host = host

    def getreply(self) -> tuple[int, bytes]:
        """Reads one reply, of bounded length: its lines are kept until the last has come."""
        if not isinstance(self.file, Bounded):
            sock: Any = self.sock
            self.file = Bounded(sock.makefile("rb"), 0)
        self.file.room = _MAX_REPLY_BYTES
        return super().getreply()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A server that takes mail. ``tls``: ``tls`` from the first byte, ``starttls``, or ``none``."""

    address: tuple[str, int]
    tls: str
    ca_file: str | None = None
    user: str | None = None
    password: str | None = None


@contextmanager
def sending(server: MailServer, *, step_s: float, until: float) -> Iterator[Send]:
    """Connects, and gives what sends. The password goes out only over TLS with a certificate that is good.

    Raises:
        UnreachedError: the server cannot be used; raised by sending too.
        RefusedError: raised by sending: the message was not taken by the server, or not for every mailbox.
    """
    context = None if server.tls == "none" else trusted(server.ca_file)
    at_once = context if server.tls == "tls" else None
    try:
        with (
            connected(server.address, context=at_once, step_s=step_s, until=until) as sock,
            closing(_Connection(sock, server.address[0], step_s)) as line,
        ):
            _greet(line, context if server.tls == "starttls" else None)
            if server.user is not None and server.password is not None:
                _log_in(line, server.user, server.password)
            yield lambda sender, to, message: _send(line, server, sender, to, message)
            with suppress(smtplib.SMTPException, OSError):
                line.quit()
    except OSError as error:
        # Those of smtplib are of this class too.
        raise UnreachedError(_told(error, server)) from None


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


def _send(line: smtplib.SMTP, server: MailServer, sender: str, to: Sequence[str], message: bytes) -> None:
    try:
        refused = line.sendmail(sender, to, message)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise RefusedError(_told(error, server)) from None
    if refused:
        reached = tuple(mailbox for mailbox in to if mailbox not in refused)
        raise RefusedError(_told(smtplib.SMTPRecipientsRefused(refused), server), reached)


def _told(error: Exception, server: MailServer) -> str:
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
    for form in _forms(server.user, server.password):
        said = said.replace(form, _HIDDEN)
    return said


def _forms(user: str | None, password: str | None) -> Iterator[str]:
    if password:
        yield password
        for plain in (password, f"\0{user}\0{password}"):
            yield base64.b64encode(plain.encode()).decode().rstrip("=")


def _text(said: bytes | str) -> str:
    return terminal_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said, _MAX_ERROR_CHARS)
