"""Messages on their way: real servers on loopback, and a clock that the test turns."""

import hashlib
import hmac
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.deliver import Delivery, deliver, send_test
from preserve.alarms.outbox import MAX_PAUSE_S
from preserve.alarms.values import AlarmEvent, Patience, this_machine
from preserve.config.alarm_kinds import AlarmKind
from preserve.config.alarms import AlarmsConfig
from preserve.errors import LockedError, UsageError
from preserve.store.durable import Lock
from tests.processes import is_alive, until
from tests.proxy import proxy_at_work
from tests.tls import Authority
from tests.unit.alarms.telling import DAY, START, Hook, Post, configured, found, hooked, post_office

_SECRET = "correct horse"
_HASTY = Patience(step_s=0.3, channel_s=0.6, command_s=0.5)


def _no_secret(source: str) -> str:
    raise UsageError(f"the secret of {source} is empty")


def _secret(_source: str) -> str:
    return _SECRET


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AlarmDatabase]:
    with AlarmDatabase.open(tmp_path) as opened:
        yield opened


def _mail(port: int, **more: object) -> dict[str, object]:
    channel = {"mail": ["keeper@example.org"], "from": "preserve@example.org", "tls": "none"}
    return {**channel, "smtp": f"127.0.0.1:{port}", **more}


def _tell(
    book: AlarmDatabase,
    config: AlarmsConfig,
    now: int = START,
    secrets: Callable[[str], str] = _secret,
    patience: Patience = Patience(),  # noqa: B008 - a value that does not change
) -> list[str]:
    return [delivery.error for delivery in deliver(book, config, secrets, lambda: now, patience)]


def _raise(book: AlarmDatabase, config: AlarmsConfig, *subjects: str, now: int = START) -> None:
    book.observe([found(now, subject=subject) for subject in subjects or ("",)], config.in_force, now)


def test_a_mail_says_what_is_wrong_and_what_to_do(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port, mail=["keeper@example.org", "second@example.org"]))
        book.observe([found(1, items=("https://e.example/é",), items_total=7)], config.in_force, START)
        message = book.unsent()[0].message
        assert _tell(book, config) == [""]
        assert _tell(book, config) == []
    (mail,) = post.mails
    assert mail["Subject"] == "[preserve] tides: capture failing"
    assert (mail["From"], mail["To"]) == ("preserve@example.org", "keeper@example.org, second@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{message.id}@example.org>"
    assert mail["X-Preserve-Message"] == message.id
    assert mail["Date"].datetime.timestamp() == START
    body = mail.get_content()
    for part in ("no address answered", "Next: Run `preserve capture tides`", "https://e.example/é", "(1 of 7)"):
        assert part in body
    assert post.mailboxes == [["keeper@example.org", "second@example.org"]]
    assert book.unsent() == []


def test_the_title_counts_and_says_whether_it_is_over(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port))
        for occasion in (1, 2):
            book.observe([found(occasion)], config.in_force, START)
        _tell(book, config)
        book.remind(config.in_force, START + DAY)
        _tell(book, config)
        book.observe([found(3, bad=False)], config.in_force, START)
        _tell(book, config)
    assert [title.removeprefix("[preserve] tides: capture failing") for title in post.titles] == [
        " (2 times)",
        ": still (2 times)",
        ": resolved",
    ]


def test_texts_of_pages_put_no_header_into_a_mail(book: AlarmDatabase) -> None:
    nasty = "x\r\nBcc: all@example.org\r\n\r\n.\r\nMAIL FROM:<a@b.example>"
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port))
        book.observe([found(1, subject=nasty, summary=nasty, items=(nasty,))], config.in_force, START)
        assert _tell(book, config) == [""]
    (mail,) = post.mails
    assert mail["Bcc"] is None
    assert post.mailboxes == [["keeper@example.org"]]


def test_several_messages_go_through_one_connection(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port))
        _raise(book, config, "a", "b", "c")
        assert _tell(book, config) == ["", "", ""]
    assert [title[-1] for title in post.titles] == ["a", "b", "c"]
    assert len(post.sessions) == 1


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_a_password_goes_over_verified_tls_only(book: AlarmDatabase, authority: Authority, mode: str) -> None:
    pem = authority.server("127.0.0.1")
    named: dict[str, object] = {"user": "preserve", "password": "env:P", "tls": mode}
    with post_office(Post(password=_SECRET), pem=pem, mode=mode) as post:
        config = configured(keeper=_mail(post.port, **named))
        _raise(book, config)
        (error,) = _tell(book, config)
        assert error.startswith("the certificate is not accepted")
        assert post.users == []
        config = configured(keeper=_mail(post.port, **named, ca_file=str(authority.bundle)))
        assert _tell(book, config, START + MAX_PAUSE_S) == [""]
    assert post.users == [("preserve", _SECRET, mode == "starttls")]
    assert len(post.mails) == 1


def test_a_certificate_for_another_name_is_not_accepted(book: AlarmDatabase, authority: Authority) -> None:
    with post_office(Post(), pem=authority.server("127.0.0.2"), mode="starttls") as post:
        config = configured(keeper=_mail(post.port, tls="starttls", ca_file=str(authority.bundle)))
        _raise(book, config)
        assert "mismatch" in _tell(book, config)[0]
    assert post.mails == []


def test_a_server_without_starttls_gets_nothing(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port, tls="starttls", user="preserve", password="env:P"))
        _raise(book, config)
        assert "STARTTLS" in _tell(book, config)[0]
    assert (post.mails, post.users) == ([], [])


def test_a_wrong_password_is_told_without_it(book: AlarmDatabase, authority: Authority, tmp_path: Path) -> None:
    with post_office(Post(password="another"), pem=authority.server("127.0.0.1"), mode="starttls") as post:
        named: dict[str, object] = {"tls": "starttls", "user": "preserve", "password": "env:P"}
        config = configured(keeper=_mail(post.port, ca_file=str(authority.bundle), **named))
        _raise(book, config)
        assert _tell(book, config) == ["the server does not accept user and password (535)"]
    held = b"".join(path.read_bytes() for path in (tmp_path / ".schedule").iterdir())
    assert _SECRET.encode() not in held
    assert book.unsent()[0].error.endswith("(535)")


def test_a_server_that_repeats_the_password_is_not_quoted(book: AlarmDatabase, authority: Authority) -> None:
    with post_office(
        Post(password=_SECRET, answers=[f"554 {_SECRET} is it"]), pem=authority.server("127.0.0.1"), mode="starttls"
    ) as post:
        named: dict[str, object] = {"tls": "starttls", "user": "preserve", "password": "env:P"}
        config = configured(keeper=_mail(post.port, ca_file=str(authority.bundle), **named))
        _raise(book, config)
        assert _tell(book, config) == ["the server said 554 [secret] is it"]


def test_a_secret_that_cannot_be_read_is_told_and_holds_up_no_other_channel(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(
            first={"webhook": "https://hooks.example.org/", "secret": "env:NONE"}, keeper=_mail(post.port)
        )
        _raise(book, config)
        assert sorted(_tell(book, config, secrets=_no_secret)) == ["", "the secret of env:NONE is empty"]
    assert len(post.mails) == 1


@pytest.mark.parametrize("answer", ["451 try later", "554 no"])
def test_a_message_that_is_refused_is_kept_and_the_next_is_sent(book: AlarmDatabase, answer: str) -> None:
    with post_office(Post(answers=[answer])) as post:
        config = configured(keeper=_mail(post.port))
        _raise(book, config, "a", "b")
        assert _tell(book, config) == [f"the server said {answer}", ""]
        assert _tell(book, config, START + 59) == []
        assert _tell(book, config, START + 60) == [""]
    assert [title[-1] for title in post.titles] == ["b", "a"]


def test_a_resolved_one_never_goes_before_the_alarm_that_was_refused(book: AlarmDatabase) -> None:
    with post_office(Post(answers=["451 later"])) as post:
        config = configured(keeper=_mail(post.port))
        _raise(book, config)
        book.observe([found(2, bad=False)], config.in_force, START)
        assert _tell(book, config) == ["the server said 451 later"]
        assert post.mails == []
        assert _tell(book, config, START + 60) == ["", ""]
    assert [title.endswith("resolved") for title in post.titles] == [False, True]


def test_a_mailbox_that_is_refused_does_not_make_the_others_get_it_again(book: AlarmDatabase) -> None:
    with post_office(Post(refused={"gone@example.org"})) as post:
        config = configured(keeper=_mail(post.port, mail=["keeper@example.org", "gone@example.org"]))
        _raise(book, config)
        assert _tell(book, config) == ["gone@example.org is refused: 550 5.1.1 no such user"]
        assert "gone@example.org is refused" in _tell(book, config, START + 60)[0]
        post.refused.clear()
        assert _tell(book, config, START + DAY) == [""]
    assert post.mailboxes == [["keeper@example.org"], ["gone@example.org"]]


def test_a_server_that_hangs_up_after_the_data_gets_the_same_message_once_more(book: AlarmDatabase) -> None:
    with post_office(Post(answers=[None])) as post:
        config = configured(keeper=_mail(post.port))
        _raise(book, config)
        assert _tell(book, config) == ["the server ended the connection"]
        assert _tell(book, config, START + 60) == [""]
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["X-Preserve-Message"] == second["X-Preserve-Message"]


@contextmanager
def _raw(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with each connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    sock, _peer = listener.accept()
                    with sock:
                        answer(sock)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _hang(sock: socket.socket) -> None:
    sock.settimeout(20)
    while sock.recv(4096):
        pass


def _drip(sock: socket.socket) -> None:
    try:
        while True:
            sock.sendall(b"2")
            time.sleep(0.02)
    except OSError:
        return


def _babble(sock: socket.socket) -> None:
    sock.sendall(b"\x00\xff garbage\r\n" * 10)


@pytest.mark.parametrize("manner", [_hang, _drip])
@pytest.mark.parametrize("kind", ["mail", "webhook", "mail over TLS"])
def test_a_server_that_hangs_or_drips_is_left_in_time(
    book: AlarmDatabase, manner: Callable[[socket.socket], None], kind: str
) -> None:
    with _raw(manner) as port:
        kinds: dict[str, dict[str, object]] = {
            "mail": _mail(port),
            "webhook": {"webhook": f"http://127.0.0.1:{port}/"},
            "mail over TLS": _mail(port, tls="tls"),
        }
        config = configured(slow=kinds[kind])
        _raise(book, config, "a", "b")
        (error, other) = _tell(book, config, patience=_HASTY)
    assert error == other
    assert error == "no answer in time" or error.startswith("TLS failed")
    assert len(book.unsent()) == 2


def test_a_resolver_that_never_answers_is_left_in_time(book: AlarmDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: answer.wait())
    config = configured(desk={"webhook": "http://localhost/"})
    _raise(book, config)
    try:
        assert _tell(book, config, patience=_HASTY) == ["no answer in time"]
    finally:
        answer.set()


def test_a_name_that_nobody_knows_is_told(book: AlarmDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_words: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    config = configured(keeper=_mail(25))
    _raise(book, config)
    assert _tell(book, config) == ["the name of the server cannot be looked up"]


def test_the_next_address_of_a_server_is_tried(
    book: AlarmDatabase, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hooked(Hook()) as hook:
        found_at = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead_port, hook.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: found_at)
        config = configured(desk={"webhook": "http://localhost/"})
        _raise(book, config)
        assert _tell(book, config) == [""]


def test_a_channel_that_failed_is_tried_last(book: AlarmDatabase, dead_port: int) -> None:
    with hooked(Hook()) as hook:
        config = configured(a=_mail(dead_port), b={"webhook": f"http://127.0.0.1:{hook.port}/"})
        order = []
        for occasion in (1, 2):
            book.observe([found(occasion, subject=str(occasion))], config.in_force, START)
            order.append([delivery.channel for delivery in deliver(book, config, _secret, lambda: START)])
    assert order == [["a", "b"], ["b", "a", "a"]]


@pytest.mark.parametrize("kind", ["mail", "webhook"])
def test_a_server_that_talks_nonsense_is_a_failure_like_others(book: AlarmDatabase, kind: str) -> None:
    with _raw(_babble) as port:
        webhook: dict[str, object] = {"webhook": f"http://127.0.0.1:{port}/"}
        channel = _mail(port) if kind == "mail" else webhook
        config = configured(bad=channel)
        _raise(book, config)
        assert _tell(book, config, patience=_HASTY)[0]
    assert len(book.unsent()) == 1


def test_a_server_that_is_away_for_days_gets_every_alarm_once_when_it_is_back(
    book: AlarmDatabase, free_ports: list[int]
) -> None:
    port = free_ports[0]
    config = configured(keeper=_mail(port))
    now, attempts = START, 0
    for hour in range(72):
        now = START + hour * 3600
        if hour % 24 == 0:
            book.observe([found(hour)], config.in_force, now)
        book.remind(config.in_force, now)
        attempts += len(_tell(book, config, now))
    assert attempts > 70
    (waiting,) = book.unsent()
    assert (waiting.error, waiting.failing_since) == ("Connection refused", START)
    with post_office(Post(), port=port) as post:
        for minute in range(120):
            _tell(book, config, now + minute * 60)
    assert post.titles == ["[preserve] tides: capture failing (3 times)"]


def test_a_webhook_gets_a_signed_document(book: AlarmDatabase, tmp_path: Path) -> None:
    with hooked(Hook()) as hook:
        config = configured(desk={"webhook": f"http://127.0.0.1:{hook.port}/in?a=1", "secret": "env:S"})
        book.observe([found(1, items=("/é",), items_total=7)], config.in_force, START - 5)
        own_id = book.unsent()[0].message.id
        assert _tell(book, config) == [""]
    ((fields, body),) = hook.requests
    assert hook.paths == ["/in?a=1"]
    assert fields["Content-Type"] == "application/json"
    assert fields["X-Preserve-Message"] == own_id
    assert fields["X-Preserve-Timestamp"] == str(START)
    code = hmac.new(_SECRET.encode(), f"{START}.".encode() + body, hashlib.sha256).hexdigest()
    assert fields["X-Preserve-Signature"] == f"v1={code}"
    assert json.loads(body) == {
        "version": 1, "id": own_id, "machine": this_machine(), "archives": str(tmp_path), "event": "raised",
        "channel": "desk", "collection": "tides",
        "kind": "capture-failing", "subject": "", "summary": "no address answered", "items": ["/é"], "items_total": 7,
        "times": 1, "bad_since": "2027-01-15T07:59:55Z", "created": "2027-01-15T07:59:55Z",
        "meaning": "A capture did not come to its end, no address answered, or too many pages that are held were "
        "not to be had.",
        "next_step": "Run `preserve capture tides` by hand and see what it says.",
    }  # fmt: skip


def test_a_webhook_without_a_secret_is_not_signed(book: AlarmDatabase) -> None:
    with hooked(Hook()) as hook:
        config = configured(desk={"webhook": f"http://127.0.0.1:{hook.port}/"})
        _raise(book, config)
        assert _tell(book, config, secrets=_no_secret) == [""]
    assert "X-Preserve-Signature" not in hook.requests[0][0]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, "the answer has status 302; no redirect is followed"),
        (404, "the answer has status 404"),
        (503, "the answer has status 503"),
    ],
)
def test_a_webhook_that_says_no_is_asked_again_with_the_same_id(book: AlarmDatabase, status: int, error: str) -> None:
    with hooked(Hook(answers=[status])) as hook:
        config = configured(desk={"webhook": f"http://127.0.0.1:{hook.port}/"})
        _raise(book, config)
        assert _tell(book, config) == [error]
        assert _tell(book, config, START + 60) == [""]
    first, second = hook.documents
    assert first == second
    assert hook.paths == ["/", "/"]


def test_a_webhook_over_tls_is_verified(book: AlarmDatabase, authority: Authority) -> None:
    with hooked(Hook(), authority.server("127.0.0.1")) as hook:
        url = f"https://127.0.0.1:{hook.port}/"
        config = configured(desk={"webhook": url})
        _raise(book, config)
        assert _tell(book, config)[0].startswith("the certificate is not accepted")
        assert url not in book.unsent()[0].error
        config = configured(desk={"webhook": url, "ca_file": str(authority.bundle)})
        assert _tell(book, config, START + 60) == [""]
    assert len(hook.requests) == 1


def test_a_webhook_behind_a_proxy_is_verified_all_the_same(book: AlarmDatabase, authority: Authority) -> None:
    asked: list[bytes] = []
    with hooked(Hook(), authority.server("127.0.0.1")) as hook, proxy_at_work(asked) as proxy:
        url = f"https://127.0.0.1:{hook.port}/"
        config = configured(desk={"webhook": url, "ca_file": str(authority.bundle), "proxy": proxy})
        _raise(book, config)
        assert _tell(book, config) == [""]
    assert asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1" % hook.port)
    assert len(hook.requests) == 1


def test_a_proxy_that_gives_no_way_through_is_told(book: AlarmDatabase) -> None:
    with proxy_at_work([], verdict=b"407 Proxy Authentication Required") as proxy:
        config = configured(desk={"webhook": "https://hooks.example/", "proxy": proxy})
        _raise(book, config)
        assert _tell(book, config) == ["the proxy answered with status 407"]


def test_a_webhook_that_hangs_up_is_told_so(book: AlarmDatabase) -> None:
    with _raw(lambda sock: sock.close()) as port:
        config = configured(desk={"webhook": f"http://127.0.0.1:{port}/"})
        _raise(book, config)
        assert _tell(book, config)[0] in {"the server ended the connection", "Connection reset by peer", "Broken pipe"}


def test_a_command_gets_the_document_and_no_secret(
    book: AlarmDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESERVE_SMTP_PASSWORD", _SECRET)
    monkeypatch.setenv("LANG", "C.UTF-8")
    script = (
        "import json, os, sys; json.dump([sys.argv[2:], json.load(sys.stdin), dict(os.environ)], open(sys.argv[1],'w'))"
    )
    out = tmp_path / "out"
    config = configured(pager={"command": [sys.executable, "-c", script, str(out), "$HOME; ls", "--urgent"]})
    _raise(book, config)
    own_id = book.unsent()[0].message.id
    assert _tell(book, config) == [""]
    arguments, told, environment = json.loads(out.read_text())
    assert arguments == ["$HOME; ls", "--urgent"]
    assert told["id"] == own_id
    assert environment["LANG"] == "C.UTF-8"
    assert "PRESERVE_SMTP_PASSWORD" not in environment


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("import sys; print('x' * 10**7); print('y'); sys.exit(3)", "it ended with status 3: xxx"),
        ("import sys; print('first'); print('no\\x1b[2J modem'); sys.exit(1)", "it ended with status 1: no [2J modem"),
        ("import os; os.kill(os.getpid(), 9)", "it ended with signal 9"),
        ("import time; time.sleep(60)", "it did not end within 0.5 s and was killed"),
    ],
)
def test_a_command_that_fails_is_told_and_tried_again(book: AlarmDatabase, script: str, error: str) -> None:
    config = configured(pager={"command": [sys.executable, "-c", script]})
    _raise(book, config)
    patience = _HASTY if "sleep" in script else Patience()
    (told,) = _tell(book, config, patience=patience)
    assert told.startswith(error)
    assert len(told) < 300
    assert len(book.unsent()) == 1


def test_what_a_command_leaves_running_is_ended_with_it(book: AlarmDatabase, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    script = f"import subprocess; open({str(noted)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    config = configured(pager={"command": [sys.executable, "-c", script]})
    _raise(book, config)
    assert _tell(book, config) == [""]
    until(lambda: not is_alive(int(noted.read_text())))


def test_what_has_left_the_group_and_holds_the_output_holds_up_nothing(book: AlarmDatabase, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    script = (
        "import subprocess, sys; print('said'); p = subprocess.Popen(['sleep', '600'], start_new_session=True); "
        f"open({str(noted)!r}, 'w').write(str(p.pid)); sys.exit(2)"
    )
    config = configured(pager={"command": [sys.executable, "-c", script]})
    _raise(book, config)
    try:
        assert _tell(book, config) == ["it ended with status 2: said"]
    finally:
        os.kill(int(noted.read_text()), signal.SIGKILL)


def test_a_program_that_is_not_there_is_told(book: AlarmDatabase) -> None:
    config = configured(pager={"command": ["/no/such/program"]})
    _raise(book, config)
    assert _tell(book, config) == ["/no/such/program cannot be started: No such file or directory"]


def test_only_one_process_sends_at_a_time(book: AlarmDatabase) -> None:
    with post_office(Post()) as post:
        config = configured(keeper=_mail(post.port))
        _raise(book, config)
        with Lock(book.path.with_suffix(".lock"), "another"), pytest.raises(LockedError):
            _tell(book, config)
        assert _tell(book, config) == [""]


def test_what_came_in_while_it_was_sent_is_sent_after_it(book: AlarmDatabase, tmp_path: Path) -> None:
    with hooked(Hook()) as hook:
        config = configured(desk={"webhook": f"http://127.0.0.1:{hook.port}/"})
        changed = AlarmKind.TEXT_CHANGED
        book.observe([found(1, kind=changed, items=("A",))], config.in_force, START)
        came = []

        def clock() -> float:
            # The second reading is that of the signature: the message is on its way.
            came.append(1)
            if len(came) == 2:
                with AlarmDatabase.open(tmp_path) as other:
                    other.observe([found(2, kind=changed, items=("B",))], config.in_force, START)
            return START

        deliver(book, config, _secret, clock)
        assert [document["items"] for document in hook.documents] == [["A"]]
        assert _tell(book, config) == [""]
    assert [document["items"] for document in hook.documents] == [["A"], ["A", "B"]]
    assert hook.documents[0]["id"] != hook.documents[1]["id"]


def test_a_fault_of_ours_in_one_channel_keeps_no_other_from_telling(
    book: AlarmDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError(_SECRET)

    monkeypatch.setattr("preserve.alarms.deliver.run", broken)
    with hooked(Hook()) as hook:
        config = configured(a={"command": ["/bin/true"]}, b={"webhook": f"http://127.0.0.1:{hook.port}/"})
        _raise(book, config)
        assert _tell(book, config) == ["an unexpected ZeroDivisionError", ""]


def test_a_channel_that_is_not_configured_keeps_its_messages(book: AlarmDatabase) -> None:
    config = configured(keeper=_mail(1))
    _raise(book, config)
    assert _tell(book, configured(desk={"command": ["/bin/true"]})) == []
    assert len(book.unsent()) == 1


def test_a_test_message_goes_through_every_channel(tmp_path: Path) -> None:
    with post_office(Post()) as post, hooked(Hook()) as hook:
        config = configured(
            keeper=_mail(post.port),
            desk={"webhook": f"http://127.0.0.1:{hook.port}/"},
            dead={"command": ["/bin/false"]},
        )
        told = send_test(config, ["keeper", "desk", "dead"], _secret, lambda: START)
    assert [(delivery.channel, delivery.error) for delivery in told] == [
        ("keeper", ""), ("desk", ""), ("dead", "it ended with status 1"),
    ]  # fmt: skip
    assert post.titles == ["[preserve] test of a channel"]
    assert hook.documents[0]["event"] == AlarmEvent.TEST
    assert isinstance(told[0], Delivery)
