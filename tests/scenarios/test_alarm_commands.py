"""``preserve alarms`` as an operator uses it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.config.alarm_kinds import AlarmKind
from preserve.store.durable import Lock
from tests.shell import Shell
from tests.unit.alarms.telling import START, Hook, Post, found, hooked, post_office, rules


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked(Hook()) as opened:
        yield opened


def _configure(shell: Shell, text: str) -> None:
    (shell.config / "alarms.yaml").write_text(text)


def _desk(shell: Shell, hook: Hook, more: str = "") -> None:
    _configure(shell, f"channels:\n  desk:\n    webhook: http://127.0.0.1:{hook.port}/\n{more}")


def _observe(shell: Shell, *observations: Any, to: tuple[str, ...] = ("desk",), after: int = 1) -> None:
    with AlarmDatabase.open(shell.archives) as book:
        book.observe(observations, rules(*to, after=after), START)


def test_nothing_is_wrong_where_nothing_was_observed(shell: Shell) -> None:
    assert shell("alarms", "list") == ""
    assert shell.errors == "no alarm is raised, and no message waits\n"
    assert shell.json("alarms", "list") == {"conditions": [], "unsent": []}
    assert not (shell.archives / ".schedule").exists()


def test_what_is_wrong_is_listed_sent_and_listed_as_sent(shell: Shell, hook: Hook) -> None:
    _desk(shell, hook)
    items = tuple(f"https://e.example/{number}" for number in range(30))
    _observe(shell, found(1, items=items, items_total=99), found(1, kind=AlarmKind.STEP_FAILING, subject="search"))
    text = shell("alarms", "list", status=1)
    for part in (
        "tides: capture-failing\n",
        "bad since 2027-01-15T08:00:00Z, found 1 time in a row",
        "tides: step-failing search",
    ):
        assert part in text
    assert "https://e.example/19\n    ...\n" in text
    assert text.count("  queued 2027-01-15T08:00:00Z: its channels have not taken it yet\n") == 2
    assert "  next: Run `preserve capture tides` by hand" in text
    assert text.count("queued for desk") == 2
    assert text.count("not tried yet") == 2
    told = shell("alarms", "send")
    assert told == "desk: tides: capture failing: sent\ndesk: tides: step failing: search: sent\n"
    assert len(hook.requests) == 2
    assert shell("alarms", "send") == ""
    answer = shell.json("alarms", "list", status=1)
    assert answer["unsent"] == []
    assert [condition["kind"] for condition in answer["conditions"]] == ["capture-failing", "step-failing"]
    assert answer["conditions"][0]["raised"] == "2027-01-15T08:00:00Z"
    assert [condition["state"] for condition in answer["conditions"]] == ["sent", "sent"]
    assert shell("alarms", "list", status=1).count("  sent 2027-01-15T08:00:00Z\n") == 2


def test_a_failure_is_told_and_listed_until_it_is_sent(shell: Shell, hook: Hook) -> None:
    _desk(shell, hook)
    hook.answers.append(503)
    _observe(shell, found(1))
    assert "desk: tides: capture failing: the answer has status 503" in shell("alarms", "send", status=7)
    assert "1 message not sent" in shell.errors
    text = shell("alarms", "list", status=1)
    assert "tried 1 time: the answer has status 503\n  tried again from 20" in text
    assert "failed for desk: tides: capture failing\n" in text
    assert "  failed 2027-01-15T08:00:00Z: a channel did not take it; it is tried again\n" in text
    (unsent,) = shell.json("alarms", "list", status=1)["unsent"]
    assert (unsent["attempts"], unsent["error"], unsent["undeliverable"]) == (1, "the answer has status 503", False)


def test_what_the_rules_do_not_tell_yet_is_listed_and_is_no_finding(shell: Shell) -> None:
    _observe(shell, found(1), after=2)
    _observe(shell, found(1, kind=AlarmKind.DISK_LOW), to=())
    assert "  no channel gets it\n" in shell("alarms", "list", status=1)
    shell("alarms", "forget", "tides")
    _observe(shell, found(1), after=2)
    assert "not told yet: the rules wait for more times in a row" in shell("alarms", "list", status=0)


def test_a_channel_taken_out_leaves_what_is_undeliverable_until_it_is_dropped(shell: Shell, hook: Hook) -> None:
    _desk(shell, hook)
    _observe(shell, found(1), to=("desk", "former"))
    assert "undeliverable: no channel has that name now" in shell("alarms", "list", status=1)
    assert shell("alarms", "send").startswith("desk: ")
    assert shell("alarms", "drop") == "dropped for former: tides: capture failing\n"
    assert shell("alarms", "drop") == ""
    assert shell.json("alarms", "list", status=1)["unsent"] == []


def test_drop_leaves_what_can_be_delivered(shell: Shell, hook: Hook) -> None:
    _desk(shell, hook)
    _observe(shell, found(1))
    assert shell("alarms", "drop") == ""
    assert len(shell.json("alarms", "list", status=1)["unsent"]) == 1


def test_a_collection_is_forgotten(shell: Shell, hook: Hook) -> None:
    _desk(shell, hook)
    _observe(shell, found(1), found(1, collection="waves"))
    assert shell("alarms", "forget", "tides") == "tides: 1 alarm forgotten\n"
    assert "tides" not in shell("alarms", "list", status=1).replace("queued for desk: tides", "")
    shell("alarms", "forget", "../x", status=2)


def test_a_test_message_tells_what_became_of_it(shell: Shell, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESERVE_HOOK_SECRET", "correct horse")
    with post_office(Post()) as post:
        _desk(
            shell,
            hook,
            "    secret: env:PRESERVE_HOOK_SECRET\n"
            "  keeper:\n    mail: [keeper@example.org]\n    from: preserve@example.org\n    tls: none\n"
            f"    smtp: 127.0.0.1:{post.port}\n  pager: {{command: [/bin/false]}}\n",
        )
        text = shell("alarms", "test", status=7)
        assert text == (
            "desk: test of a channel: sent\nkeeper: test of a channel: sent\n"
            "pager: test of a channel: it ended with status 1\n"
        )
        assert shell("alarms", "test", "keeper") == "keeper: test of a channel: sent\n"
    assert len(post.mails) == 2
    assert "This is a test of a channel. Nothing is wrong." in post.mails[0].get_content()
    assert "X-Preserve-Signature" in hook.requests[0][0]
    shell("alarms", "test", "keper", status=2)
    assert "Did you mean 'keeper'?" in shell.errors
    assert not (shell.archives / ".schedule").exists()


def test_secrets_are_read_as_those_of_a_capture(shell: Shell, hook: Hook, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o644)
    _desk(shell, hook, f"    secret: file:{secret}\n")
    assert "is open to other users" in shell("alarms", "test", status=7)
    secret.chmod(0o600)
    shell("alarms", "test")
    _desk(shell, hook, "    secret: env:PRESERVE_NONE\n")
    assert "the secret env:PRESERVE_NONE is empty" in shell("alarms", "test", status=7)


def test_mistakes_are_told(shell: Shell, hook: Hook) -> None:
    shell("alarms", "test", status=2)
    assert "no channel is there" in shell.errors
    assert "alarms.yaml" in shell.errors
    _configure(shell, "channels:\n  desk: {webhok: 'https://e.example/'}\n")
    for command in ("list", "test", "send", "drop"):
        shell("alarms", command, status=2)
        assert "alarms.yaml:2: channels.desk: none of mail, webhook, command and apprise is given" in shell.errors
    _desk(shell, hook)
    _observe(shell, found(1))
    with Lock(shell.archives / ".schedule" / "alarms.lock", "another"):
        shell("alarms", "send", status=4)
    book = shell.archives / ".schedule" / "alarms.sqlite"
    book.write_bytes(b"no database" * 100)
    for command in ("list", "send", "drop"):
        shell("alarms", command, status=7)
        assert f"Move {book} away" in shell.errors


def test_texts_of_pages_do_nothing_to_a_terminal(shell: Shell) -> None:
    _observe(shell, found(1, summary="\x1b[2J\r\nx", subject="\u202e\x9b", items=("\x07",)))
    text = shell("alarms", "list", status=1)
    assert all(c.isprintable() or c == "\n" for c in text)
    json.loads(shell("alarms", "list", "--json", status=1))
