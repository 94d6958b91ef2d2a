"""Whom the program tells when something is wrong, and of what: ``alarms.yaml``."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, model_validator

from preserve.config.addresses import check_address, check_proxy, url_mistake
from preserve.config.alarm_kinds import DEFAULT_AFTER, DEFAULT_AGAIN_AFTER_S, DEFAULT_RESOLVED, AlarmKind, AlarmRule
from preserve.config.checked import Strict
from preserve.config.collection import check_secret_source
from preserve.config.paths import check_absolute
from preserve.config.spanfield import Span
from preserve.config.spans import span_seconds
from preserve.text import nearest

DEFAULT_RULE = "default"
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.{1,253})")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:]{1,253}):([0-9]{1,5})")
_MAX_PORT = 65_535


def _mailbox(text: str) -> str:
    match = _MAILBOX.fullmatch(text)
    if match is None or not _is_host(match.group(1)):
        raise ValueError(f"{text!r} is no e-mail address; write it like keeper@example.org")
    return text


def _is_host(text: str) -> bool:
    try:
        check_address(text)
    except ValueError:
        return False
    return "/" not in text


def _server(text: str) -> str:
    match = _SERVER.fullmatch(text)
    if match is None or not _is_host(match.group(1).strip("[]")) or not 0 < int(match.group(2)) <= _MAX_PORT:
        raise ValueError(f"{text!r} is no host with a port; write it like mail.example.org:587")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(mode: str, info: ValidationInfo) -> str:
    server = info.data.get("smtp")
    if mode == "none" and server is not None and not _is_loopback(_split(server)[0]):
        raise ValueError("mail would travel unprotected; write starttls or tls (none is for a server on this machine)")
    return mode


def _password(source: str | None, info: ValidationInfo) -> str | None:
    if source is not None:
        check_secret_source(source, "password")
        if info.data.get("tls") == "none":
            raise ValueError("a password would travel unprotected; write starttls or tls at `tls`")
    return source


def _user(name: str | None, info: ValidationInfo) -> str | None:
    if name is not None and (not name.isascii() or not name.isprintable() or not name):
        raise ValueError("no name of ASCII characters; write the name that the server knows")
    if "password" in info.data and (name is None) != (info.data["password"] is None):
        raise ValueError("`user` and `password` belong together; write both or neither")
    return name


def _webhook(url: str) -> str:
    mistake = url_mistake(url)
    if mistake is None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            mistake = "alarms would travel unprotected"
        elif not url.isascii() or parts.fragment:
            mistake = "an address with a fragment, or with characters beyond ASCII"
    if mistake is not None:
        raise ValueError(f"{mistake}; write it like https://hooks.example.org/preserve")
    return url


def _secret(source: str | None) -> str | None:
    return None if source is None else check_secret_source(source, "secret")


def _service(source: str) -> str:
    return check_secret_source(source, "apprise")


def _program(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words[0].startswith("/") or any("\0" in word for word in words):
        raise ValueError(f"{words[0]!r} is no absolute path; write a list like [/usr/local/bin/page, --urgent]")
    return words


def _absolute(path: str | None) -> str | None:
    return None if path is None else check_absolute(path, like="/etc/ssl/our-authority.pem")


def _channel_name(name: str) -> str:
    if _CHANNEL.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a channel; use lower-case letters, digits and hyphens, at most 40")
    return name


def _known_channel(name: str, info: ValidationInfo) -> str:
    known = info.context.get("channels") if isinstance(info.context, Mapping) else None
    if known is not None and name not in known:
        raise ValueError(f"no channel {name!r}; {nearest(name, known)}")
    return name


def _rule_key(key: str) -> str:
    known = {DEFAULT_RULE, *(str(kind) for kind in AlarmKind)}
    if key not in known:
        raise ValueError(f"no kind of alarm {key!r}; {nearest(key, known)}")
    return key


def _split(server: str) -> tuple[str, int]:
    host, _colon, port = server.rpartition(":")
    return host.strip("[]"), int(port)


class MailChannel(Strict):
    """Alarms by mail, over SMTP."""

    mail: Annotated[tuple[Annotated[str, AfterValidator(_mailbox)], ...], Field(min_length=1, max_length=50)] = Field(
        description="a list of e-mail addresses that get the alarms, at least one"
    )
    from_: Annotated[str, AfterValidator(_mailbox)] = Field(
        alias="from", description="the e-mail address that alarms come from"
    )
    smtp: Annotated[str, AfterValidator(_server)] = Field(
        description="the mail server and its port, such as mail.example.org:587"
    )
    tls: Annotated[Literal["starttls", "tls", "none"], AfterValidator(_tls)] = Field(
        default="starttls", description="`starttls`, `tls` (from the first byte) or `none` (only to this machine)"
    )
    password: Annotated[str | None, AfterValidator(_password)] = Field(
        default=None, description="`env:NAME` or `file:PATH`, where the password is read from"
    )
    user: Annotated[str | None, AfterValidator(_user)] = Field(
        default=None, validate_default=True, description="the name that the mail server knows, where it asks for one"
    )
    ca_file: Annotated[str | None, AfterValidator(_absolute)] = Field(
        default=None, description="an absolute path of certificates (PEM) of authorities that are trusted as well"
    )

    @property
    def server(self) -> tuple[str, int]:
        """Host and port."""
        return _split(self.smtp)


class WebhookChannel(Strict):
    """Alarms as a JSON document by HTTP POST."""

    webhook: Annotated[str, AfterValidator(_webhook)] = Field(
        description="an https address that takes a POST, such as https://hooks.example.org/preserve"
    )
    secret: Annotated[str | None, AfterValidator(_secret)] = Field(
        default=None, description="`env:NAME` or `file:PATH`, where the key of the signature is read from"
    )
    ca_file: Annotated[str | None, AfterValidator(_absolute)] = Field(
        default=None, description="an absolute path of certificates (PEM) of authorities that are trusted as well"
    )
    proxy: Annotated[str | None, AfterValidator(check_proxy)] = Field(
        default=None, description="the address of an HTTP proxy that gives a way through, such as http://127.0.0.1:3128"
    )

    @model_validator(mode="after")
    def _is_through_tls(self) -> Self:
        if self.proxy is not None and not self.webhook.startswith("https:"):
            raise ValueError("a proxy is for https addresses; take `proxy` out")
        return self


class CommandChannel(Strict):
    """Alarms as a JSON document on the standard input of a program."""

    command: Annotated[tuple[str, ...], Field(min_length=1, max_length=100), AfterValidator(_program)] = Field(
        description="a list: the absolute path of a program, and its arguments; no shell reads it"
    )


class AppriseChannel(Strict):
    """Alarms to a chat or push service that the library Apprise knows."""

    apprise: Annotated[str, AfterValidator(_service)] = Field(
        description="`env:NAME` or `file:PATH`, where the Apprise address of a service is read from; it is a secret"
    )


_MEANS = ("mail", "webhook", "command", "apprise")


def _means(value: object) -> str | None:
    return next((word for word in _MEANS if isinstance(value, Mapping) and word in value), None)


_Channel = Annotated[
    Annotated[MailChannel, Tag("mail")]
    | Annotated[WebhookChannel, Tag("webhook")]
    | Annotated[CommandChannel, Tag("command")]
    | Annotated[AppriseChannel, Tag("apprise")],
    Discriminator(
        _means,
        custom_error_type="channel_means",
        custom_error_message="none of mail, webhook, command and apprise is given",
    ),
]


class AlarmRuleConfig(Strict):
    """Which alarms of a kind are told, to whom and how often. What is not given is that of ``default``."""

    to: tuple[Annotated[str, AfterValidator(_known_channel)], ...] | None = Field(
        default=None, description="a list of names of channels; an empty one switches the kind off"
    )
    after: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="how many times in a row something is found bad before an alarm is sent, 1 to 1000"
    )
    again_after: Span | None = Field(
        default=None, description="a span after which an alarm that still holds is sent again, such as 12h or 1d"
    )
    resolved: bool | None = Field(
        default=None, description="`true` (a message is sent when it is good again) or `false`"
    )


class AlarmsConfig(Strict):
    """The file of alarms. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(default="alarms", description="the file's name")
    channels: dict[Annotated[str, AfterValidator(_channel_name)], _Channel] = Field(
        default={}, description="a group of channels, each with `mail`, `webhook`, `command` or `apprise`"
    )
    rules: dict[Annotated[str, AfterValidator(_rule_key)], AlarmRuleConfig] = Field(
        default={}, description="a group of rules by kind of alarm, and `default`"
    )

    def rule(self, kind: AlarmKind) -> AlarmRule:
        """The rule in force for a kind: its own keys, then those of ``default``, then the program's."""
        chosen = [self.rules[key] for key in (kind, DEFAULT_RULE) if key in self.rules]
        said: dict[str, object] = {}
        for rule in reversed(chosen):
            said |= rule.model_dump(exclude_none=True)
        own = AlarmRuleConfig.model_validate(said)
        return AlarmRule(
            to=tuple(dict.fromkeys(tuple(self.channels) if own.to is None else own.to)),
            after=own.after or DEFAULT_AFTER,
            again_after_s=DEFAULT_AGAIN_AFTER_S if own.again_after is None else span_seconds(own.again_after),
            resolved=DEFAULT_RESOLVED if own.resolved is None else own.resolved,
        )

    @property
    def in_force(self) -> Mapping[AlarmKind, AlarmRule]:
        """The rule of every kind."""
        return {kind: self.rule(kind) for kind in AlarmKind}
