"""What ``preserve doctor`` does: whether this machine can do the work.

Tested by ``tests/scenarios/test_doctor.py``.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.configured import read_secret, read_secrets
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.tones import toned
from preserve.config.alarms import AppriseChannel, CommandChannel, MailChannel, WebhookChannel
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_collections, load_alarms, load_collection, own_collections
from preserve.errors import ConfigError, NotHeldError, PreserveError
from preserve.health.checks import CheckMark, CheckResult, fail, ok, warn
from preserve.health.machine import examine_machine
from preserve.health.preflight import examine_collection
from preserve.model import check_collection_name
from preserve.provenance.keys import passphrase
from preserve.text import terminal_line


def doctor(place: Place, *, collections: tuple[str, ...]) -> int:
    """Check whether this machine can do the work, and what stands in its way for each collection."""
    now = int(time.time())
    is_new = not own_collections(place.config_dir)
    secret, trouble = _passphrase()
    sections: list[tuple[str, list[CheckResult]]] = [
        (
            "machine",
            [
                *_seen(examine_machine(place.archives, place.keys, now, is_new=is_new)),
                *trouble,
                *_seen(_alarms(place)),
            ],
        )
    ]
    if is_new and (place.archives.exists() or place.keys.exists()):
        step = "Run `preserve new NAME URL`, which writes the file of one, or name the folder with --config."
        sections[0][1].append(warn("configuration", f"no collection is configured in {place.config_dir}", step))
    for name in _names(place, collections):
        config, points = _configured(place, name)
        if config is not None:
            points += _seen(examine_collection(place.archives, place.keys, config, secret=secret, now=now))
        sections.append((name, points))
    failed = sum(point.mark is CheckMark.FAIL for _, points in sections for point in points)
    place.emit(
        {
            "failed": failed,
            "points": [{"of": name, **written_fields(point)} for name, points in sections for point in points],
        },
        "".join(_text(name, points) for name, points in sections)
        + (f"{counted(failed, 'point')} failed\n" if failed else "nothing stands in the way\n"),
    )
    return 1 if failed else 0


def _seen(points: Iterator[CheckResult]) -> Iterator[CheckResult]:
    """The points; what cannot be looked at for want of a permission ends them with a failure."""
    try:
        yield from points
    except OSError as error:
        told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        yield fail("permissions", told, "Run it as the user who owns the archives, then see the points after it.")


def _names(place: Place, chosen: Sequence[str]) -> list[str]:
    known = list_collections(place.config_dir)
    for name in chosen:
        if check_collection_name(name) not in known:
            held = "; it is held, and not captured any more" if (place.archives / name).is_dir() else ""
            raise NotHeldError(f"no collection {name!r} is configured in {place.config_dir}{held}")
    return list(dict.fromkeys(chosen)) or list(own_collections(place.config_dir))


def _passphrase() -> tuple[bytes | None, list[CheckResult]]:
    try:
        return passphrase(os.environ), []
    except PreserveError as error:
        return None, [fail("passphrase", str(error), error.next_step)]


def _configured(place: Place, name: str) -> tuple[CollectionConfig | None, list[CheckResult]]:
    try:
        config = load_collection(place.config_dir, name)
    except PreserveError as error:
        return None, list(_mistakes(error))
    points = [ok("configuration", str(place.config_dir / "collections" / f"{name}.yaml"))]
    if config.secret_headers:
        try:
            read_secrets(config)
        except PreserveError as error:
            points.append(fail("secrets", str(error), error.next_step or "Give it, as the capture will need it."))
        else:
            points.append(ok("secrets", f"{counted(len(config.secret_headers), 'header')} can be read"))
    return config, points


def _alarms(place: Place) -> Iterator[CheckResult]:
    try:
        with AlarmDatabase.open(place.archives, read_only=True) as book:
            waiting = len(book.unsent())
    except (PreserveError, sqlite3.DatabaseError, OSError) as error:
        yield fail("alarms", str(error), getattr(error, "next_step", "") or "See docs/alarms.md.")
    else:
        if waiting:
            yield warn("alarms", f"{counted(waiting, 'message')} not sent yet", "`preserve alarms list` says why.")
    try:
        channels = load_alarms(place.config_dir).channels
    except PreserveError as error:
        yield from _mistakes(error)
        return
    for name, channel in channels.items():
        problem, step = "", ""
        match channel:
            case MailChannel(password=source) | WebhookChannel(secret=source) | AppriseChannel(apprise=source) if (
                source is not None
            ):
                try:
                    read_secret(source)
                except PreserveError as error:
                    problem, step = str(error), error.next_step or "Give it to the scheduler."
            case CommandChannel(command=words) if not os.access(words[0], os.X_OK):
                problem, step = f"{words[0]} cannot be run", "Write a program that is there into alarms.yaml."
            case _:
                pass
        about = f"alarms to {name}"
        yield fail(about, problem, step) if problem else ok(about, "`preserve alarms test` sends one")


def _mistakes(error: PreserveError) -> Iterable[CheckResult]:
    lines = error.mistakes if isinstance(error, ConfigError) else (str(error),)
    return [fail("configuration", line, error.next_step) for line in lines]


def _text(name: str, points: Sequence[CheckResult]) -> str:
    lines = [name]
    for point in points:
        lines.append(f"  {toned(f'{point.mark:<11}')}  {point.about}: {terminal_line(point.detail, 200)}")
        if point.next_step:
            lines.append(f"               next: {terminal_line(point.next_step, 200)}")
    return "\n".join(lines) + "\n\n"
