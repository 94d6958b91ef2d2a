"""The file of alarms: what is taken, what is refused, and that every mistake is told at once with its line."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preserve.config.alarm_kinds import AlarmKind, AlarmRule
from preserve.config.alarms import AlarmsConfig, CommandChannel, MailChannel, WebhookChannel
from preserve.config.checked import check
from preserve.config.folder import load_alarms
from preserve.errors import ConfigError

GOOD = """\
channels:
  keeper:
    mail: [keeper@example.org]
    from: preserve@example.org
    smtp: mail.example.org:587
    user: preserve
    password: env:PRESERVE_SMTP_PASSWORD
  desk: {webhook: "https://hooks.example.org/preserve", secret: "file:/etc/preserve/hook"}
  pager: {command: [/usr/local/bin/page, --urgent]}
"""


def _load(folder: Path, text: str) -> AlarmsConfig:
    (folder / "alarms.yaml").write_text(text)
    return load_alarms(folder)


def _mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(folder, text)
    return [mistake.removeprefix(f"{folder}/alarms.yaml:") for mistake in caught.value.mistakes]


def test_no_file_is_no_channel(tmp_path: Path) -> None:
    assert load_alarms(tmp_path).channels == {}
    assert load_alarms(tmp_path).rule(AlarmKind.OVERDUE).to == ()


@pytest.mark.parametrize("what", ["a folder", "a link that leads nowhere"])
def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path, what: str) -> None:
    path = tmp_path / "alarms.yaml"
    if what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"alarms\.yaml"):
        load_alarms(tmp_path)


def test_three_kinds_of_channels(tmp_path: Path) -> None:
    keeper, desk, pager = _load(tmp_path, GOOD).channels.values()
    assert isinstance(keeper, MailChannel)
    assert (keeper.server, keeper.tls, keeper.from_) == (("mail.example.org", 587), "starttls", "preserve@example.org")
    assert isinstance(desk, WebhookChannel)
    assert isinstance(pager, CommandChannel)
    assert pager.command == ("/usr/local/bin/page", "--urgent")


def test_without_rules_everything_goes_to_all_channels(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    everywhere = AlarmRule(to=("keeper", "desk", "pager"), after=1, again_after_s=86_400, resolved=True)
    assert config.in_force == dict.fromkeys(AlarmKind, everywhere)


def test_a_rule_takes_what_it_does_not_say_from_the_default(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        GOOD
        + "rules:\n  default: {to: [keeper, keeper], again_after: 15m, resolved: false}\n"
        + "  capture-failing: {after: 2}\n  challenge-page: {to: []}\n  overdue: {resolved: true, to: [desk]}\n",
    )
    assert config.rule(AlarmKind.CAPTURE_FAILING) == AlarmRule(
        to=("keeper",), after=2, again_after_s=900, resolved=False
    )
    assert config.rule(AlarmKind.CHALLENGE_PAGE).to == ()
    assert config.rule(AlarmKind.OVERDUE) == AlarmRule(to=("desk",), after=1, again_after_s=900, resolved=True)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """\
channels:
  keeper:
    mail: [keeper@example.org, "two words@example.org"]
    fron: preserve@example.org
    smtp: mail.example.org
    password: hunter2
  desk:
    webhook: http://hooks.example.org/preserve
    comand: [x]
  "Bad name": {command: [page]}
  nothing: {tls: none}
rules:
  default: {to: [keepr], after: 0, again_after: 1x}
  capture-failin: {after: 2}
"""
    mistakes = _mistakes(tmp_path, text)
    assert [mistake.partition(":")[0] for mistake in mistakes] == [
        *("2", "3", "4", "5", "6", "8", "9", "10", "10", "11", "13", "13", "13", "14"),
    ]  # fmt: skip
    told = "\n".join(mistakes)
    for part in (
        "2: 'channels.keeper.from' is missing; write the e-mail address that alarms come from",
        "4: unknown key 'channels.keeper.fron'; did you mean 'from'?",
        "5: channels.keeper.smtp: 'mail.example.org' is no host with a port; write it like mail.example.org:587",
        "8: channels.desk.webhook: alarms would travel unprotected; write it like https://",
        "10: channels.Bad name: 'Bad name' cannot name a channel",
        "11: channels.nothing: none of mail, webhook, command and apprise is given",
        "13: rules.default.to[1]: no channel 'keepr'; did you mean 'keeper'?",
        "13: rules.default.again_after: '1x' is no span; write minutes, hours, days or weeks",
        "14: rules.capture-failin: no kind of alarm 'capture-failin'; did you mean 'capture-failing'?",
    ):
        assert part in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ("tls: none", "mail would travel unprotected"),
        ("tls: maybe", "not one of the words"),
        ("user: preserve", "`user` and `password` belong together"),
        ("password: env:X", "`user` and `password` belong together"),
        ("ca_file: ca.pem", "no absolute path"),
        ("webhook: https://h.example/", "unknown key 'channels.keeper.webhook'"),
    ],
)
def test_what_a_mail_channel_cannot_be(tmp_path: Path, more: str, mistake: str) -> None:
    text = "channels:\n  keeper: {mail: [a@b.example], from: a@b.example, smtp: 'm.example:25', " + more + "}\n"
    assert any(mistake in told for told in _mistakes(tmp_path, text))


@pytest.mark.parametrize("server", ["127.0.0.1:25", "localhost:25", "[::1]:25", "127.0.0.2:65535"])
def test_no_tls_is_for_this_machine_and_takes_no_password(tmp_path: Path, server: str) -> None:
    text = f"channels:\n  keeper: {{mail: [a@b.example], from: a@b.example, smtp: '{server}', tls: none"
    assert len(_load(tmp_path, text + "}\n").channels) == 1
    (mistake,) = _mistakes(tmp_path, text + ", user: a, password: env:A}\n")
    assert "a password would travel unprotected" in mistake


@pytest.mark.parametrize(
    "server", ["m.example:0", "m.example:65536", "m.example:", ":25", "a b:25", "[::1:25", "10.0.0.0/8:25", "-a:25"]
)
def test_what_no_server_is(tmp_path: Path, server: str) -> None:
    text = f"channels:\n  keeper: {{mail: [a@b.example], from: a@b.example, smtp: '{server}'}}\n"
    assert "is no host with a port" in _mistakes(tmp_path, text)[0]


@pytest.mark.parametrize("mailbox", ["a", "a@", "@b", "a@b c", "a\\nb@c", "a@b@c", "<a@b>", "é@b.example", "a@b/c"])
def test_what_no_mailbox_is(tmp_path: Path, mailbox: str) -> None:
    text = f'channels:\n  keeper: {{mail: ["{mailbox}"], from: a@b.example, smtp: "m:25"}}\n'
    assert "is no e-mail address" in _mistakes(tmp_path, text)[0]


def test_a_webhook_on_this_machine_may_go_without_tls(tmp_path: Path) -> None:
    text = "channels:\n  desk: {webhook: 'http://127.0.0.1:8080/in', secret: abc}\n"
    (mistake,) = _mistakes(tmp_path, text)
    assert "the value of secret must not stand here" in mistake
    assert "abc" not in mistake


def test_a_file_of_rubbish_is_told(tmp_path: Path) -> None:
    assert _mistakes(tmp_path, "- a\n")
    assert _mistakes(tmp_path, "channels: [a]\n") == [
        (
            "1: channels: not a group of keys; "
            "write a group of channels, each with `mail`, `webhook`, `command` or `apprise`"
        ),
    ]
    assert _mistakes(tmp_path, "channels: {a: {command: []}}\n")
    assert _mistakes(tmp_path, "channels: {a: [b]}\nrules: 3\n")


_WORDS = st.sampled_from(
    ["channels", "rules", "default", "mail", "from", "smtp", "tls", "user", "password", "webhook", "secret",
     "command", "to", "after", "keeper", "m.example:25", "a@b.example", "env:A", "none", "name", "overdue", "[key]",
     "1d", "/x", ""]
)  # fmt: skip
_VALUES = st.recursive(
    _WORDS | st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=15,
)


@given(channels=st.dictionaries(_WORDS, _VALUES, max_size=3), rules=_VALUES)
def test_whatever_is_written_is_taken_or_told_line_by_line(channels: object, rules: object) -> None:
    text = yaml.safe_dump({"channels": channels, "rules": rules}, allow_unicode=True).encode("utf-8", "replace")
    mistakes: tuple[str, ...] = ()
    try:
        config = check(text, AlarmsConfig, source="a", name="alarms", context={"channels": ("keeper",)})
    except ConfigError as error:
        mistakes = error.mistakes
    else:
        assert len(config.in_force) == len(AlarmKind)
    assert all(re.match(r"a:[1-9][0-9]*: .+; .+", mistake, re.DOTALL) for mistake in mistakes)
