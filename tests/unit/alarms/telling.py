"""Observations, rules and receivers for tests of alarms."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from preserve.alarms.values import Observation
from preserve.config.alarm_kinds import AlarmKind, AlarmRule
from preserve.config.alarms import AlarmsConfig

DAY = 86_400
START = 1_800_000_000


def found(occasion: int | str = 1, *, bad: bool = True, **more: Any) -> Observation:
    given: dict[str, Any] = {"collection": "tides", "kind": AlarmKind.CAPTURE_FAILING, "summary": "no address answered"}
    return Observation(**{**given, **more, "bad": bad, "occasion": occasion})


def rules(*to: str, after: int = 1, again_after_s: int = DAY, resolved: bool = True) -> dict[AlarmKind, AlarmRule]:
    return dict.fromkeys(AlarmKind, AlarmRule(to=to, after=after, again_after_s=again_after_s, resolved=resolved))


def configured(**channels: dict[str, object]) -> AlarmsConfig:
    return AlarmsConfig.model_validate({"channels": channels})


@dataclass
class Post:
    """A mail server. ``answers``: what it says to DATA, one after the other; then it takes all. None: it hangs up."""

    answers: list[str | None] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    mails: list[EmailMessage] = field(default_factory=list)
    mailboxes: list[list[str]] = field(default_factory=list)
    users: list[tuple[str, str, bool]] = field(default_factory=list)
    password: str = ""
    sessions: set[int] = field(default_factory=set)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        self.sessions.add(id(session))
        if answer is None or answer.startswith("250"):
            made = message_from_bytes(envelope.content, policy=default)  # type: ignore[arg-type]
            assert isinstance(made, EmailMessage)
            self.mails.append(made)
            self.mailboxes.append(list(envelope.rcpt_tos))
        if answer is None:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            await asyncio.sleep(0)
            return "421 gone"
        return answer

    def authenticate(self, server: SMTP, session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        user, password = given.login.decode(), given.password.decode()
        self.users.append((user, password, session.ssl is not None))
        return AuthResult(success=password == self.password, handled=False)

    @property
    def titles(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@contextmanager
def post_office(post: Post, *, pem: Path | None = None, mode: str = "none", port: int = 0) -> Iterator[Post]:
    context = None if pem is None else _tls(pem)
    named: dict[str, Any] = {"hostname": "mail.example.org", "loop": (loop := asyncio.new_event_loop())}
    if mode == "starttls":
        named |= {"tls_context": context, "require_starttls": True}
    if post.password:
        named |= {"authenticator": post.authenticate, "auth_require_tls": mode == "starttls"}
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(post, **named), "127.0.0.1", port, ssl=context if mode == "tls" else None)
    )
    post.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield post
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _tls(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def _end(server: asyncio.AbstractServer) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@dataclass
class Hook:
    """A receiver of webhooks. ``answers``: the statuses it gives, one after the other; then 204."""

    answers: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _fields, body in self.requests]


@contextmanager
def hooked(hook: Hook, pem: Path | None = None) -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.paths.append(self.path)
            hook.requests.append((dict(self.headers.items()), body))
            self.send_response(hook.answers.pop(0) if hook.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html><title>A page</title><body>A page.</body></html>")

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        if pem is not None:
            server.socket = _tls(pem).wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()
