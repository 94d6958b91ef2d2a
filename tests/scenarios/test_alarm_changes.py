"""What became of pages from one look to the next: captures of several days, and the alarms that they raise."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.changes import FIRST_LOOK, LAST_LOOK, look, of_archive
from preserve.alarms.values import MAX_ITEMS, Observation
from preserve.config.alarm_kinds import AlarmKind
from preserve.formats.warc.record import compress_member, make_record, record_bytes
from preserve.replay.recover import open_for_reading
from tests.layout_pages import BODY, HEADER, LAYOUTS, escaped, wikileaks_page
from tests.shell import Shell
from tests.site import Site
from tests.unit.alarms.telling import START, Hook, hooked, rules

_URL = "http://a.example/{}"
_PAGE = b"<html><title>A page</title><body>" + b"<p>Words that stay as they are.</p>" * 200 + b"</body></html>"
_LOST = (404, b"")


def _cable(body: str = BODY, *, more: str = "") -> tuple[int, bytes]:
    return 200, wikileaks_page(boxes=(escaped(HEADER), escaped(body)), top=more)


class Days:
    """A collection that is captured once a day, and looked at."""

    def __init__(self, shell: Shell, book: AlarmDatabase) -> None:
        self.shell = shell
        self.book = book
        self.day = 0
        self.records = 0

    def capture(self, pages: dict[str, tuple[int, bytes]], *, day: int | None = None) -> None:
        """Takes in what the pages, named by their paths, were on the next day."""
        self.day += 1
        date = f"2020-01-{day or self.day:02d}T00:00:00Z"
        members = []
        for path, (status, body) in pages.items():
            self.records += 1
            head = f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            fields = [
                ("WARC-Type", "response"),
                ("WARC-Record-ID", f"<urn:uuid:00000000-0000-4000-8000-{self.records:012d}>"),
                ("WARC-Date", date),
                ("WARC-Target-URI", path if "://" in path else _URL.format(path)),
                ("Content-Type", "application/http; msgtype=response"),
            ]
            members.append(compress_member(record_bytes(make_record(fields, head.encode() + body))))
        file = self.shell.folder / f"day-{self.day}.warc.gz"
        file.write_bytes(b"".join(members))
        self.shell("import", str(file), "--into", "held", status=None)

    def look(self) -> list[Observation]:
        with open_for_reading(self.shell.archives, ["held"], LAYOUTS) as (archive,):
            return look(self.book, archive, rules("keeper"), START + self.day)

    def kinds(self) -> list[tuple[AlarmKind, bool]]:
        return [(one.kind, one.bad) for one in self.look()]


@pytest.fixture
def days(shell: Shell) -> Iterator[Days]:
    with AlarmDatabase.open(shell.archives) as book:
        yield Days(shell, book)


def _gone(observations: Sequence[Observation]) -> Observation:
    (one,) = (found for found in observations if found.kind is AlarmKind.PAGE_GONE)
    return one


def test_the_first_look_tells_nothing_old(days: Days) -> None:
    days.capture({"old": (200, _PAGE)})
    days.capture({"old": _LOST})
    days.capture({"old": _LOST})
    assert days.look() == []
    mark = days.book.mark("held", LAST_LOOK)
    assert mark
    assert mark == days.book.mark("held", FIRST_LOOK)
    days.capture({"new": (200, _PAGE)})
    assert days.kinds() == [(AlarmKind.PAGE_GONE, False)]
    assert days.book.unsent() == []


def test_a_look_at_what_has_not_grown_reads_nothing(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.capture({"a": (200, _PAGE)})
    days.look()

    def untouched(*_arguments: object) -> None:
        raise AssertionError

    monkeypatch.setattr("preserve.alarms.changes.look_at", untouched)
    monkeypatch.setattr("preserve.store.catalogue.Catalogue.replies_since", untouched)
    assert days.look() == []


def test_a_site_that_dies_is_one_alarm_and_its_coming_back_is_told(days: Days) -> None:
    paths = [f"page-{number}" for number in range(30)]
    days.capture(dict.fromkeys(paths, (200, _PAGE)))
    days.look()
    days.capture(dict.fromkeys(paths, _LOST))
    assert days.kinds() == [(AlarmKind.PAGE_GONE, False)]
    days.capture(dict.fromkeys(paths, _LOST))
    found = _gone(days.look())
    assert (found.bad, found.items_total, len(found.items)) == (True, 30, MAX_ITEMS)
    assert found.items[0] == _URL.format("page-0")
    assert found.summary == "30 newly gone; 30 that were there at the first look are gone now"
    (waiting,) = days.book.unsent()
    days.book.sent(waiting.message)
    # Still gone: nothing new, nothing told.
    days.capture(dict.fromkeys(paths, _LOST))
    assert days.look() == []
    days.capture(dict.fromkeys(paths[:29], (200, _PAGE)))
    assert days.look() == []
    days.capture({paths[29]: (200, _PAGE)})
    assert days.kinds() == [(AlarmKind.PAGE_GONE, False)]
    assert [unsent.message.event for unsent in days.book.unsent()] == ["resolved"]


def test_more_that_is_gone_is_told_beside_what_is_gone_already(days: Days) -> None:
    days.capture({"a": (200, _PAGE), "b": (200, _PAGE)})
    days.look()
    days.capture({"a": _LOST})
    days.capture({"a": _LOST, "b": (200, b"<html><body>Sorry: page not found</body></html>")})
    found = _gone(days.look())
    assert (found.items_total, found.bad) == (2, True)
    days.capture({"c": (200, _PAGE), "a": (200, _PAGE)})
    assert days.look() == []
    days.capture({"c": _LOST})
    days.capture({"c": _LOST})
    found = _gone(days.look())
    assert found.items == (_URL.format("c"),)
    assert found.summary.startswith("1 newly gone; 2 that were there")


def test_an_address_that_never_was_a_page_is_not_gone(days: Days) -> None:
    days.capture({"a": (200, _PAGE)})
    days.look()
    days.capture({"dead-link": _LOST})
    days.capture({"dead-link": _LOST})
    assert days.kinds() == [(AlarmKind.PAGE_GONE, False)]


def test_texts_and_redactions_that_changed_are_told_with_their_addresses(days: Days) -> None:
    first = {"text": _cable(), "marks": _cable(), "fewer": _cable(BODY.replace("412", "XXXXXX")), "same": _cable()}
    days.capture(first)
    days.look()
    days.capture(
        {
            "text": _cable(BODY.replace("412", "413")),
            "marks": _cable(BODY.replace("412", "XXXXXX")),
            "fewer": _cable(),
            "same": _cable(more="<p>Another counter</p>"),
            "first-seen": _cable(),
        }
    )
    found = {one.kind: one for one in days.look()}
    assert set(found) == {AlarmKind.PAGE_GONE, AlarmKind.TEXT_CHANGED, AlarmKind.REDACTION_CHANGED}
    assert found[AlarmKind.TEXT_CHANGED].items == (f"08SAMPLETOWN12 {_URL.format('text')}: text changed",)
    assert found[AlarmKind.REDACTION_CHANGED].items == (
        f"08SAMPLETOWN12 {_URL.format('marks')}: redaction added",
        f"08SAMPLETOWN12 {_URL.format('fewer')}: redaction removed",
    )
    assert days.look() == []
    assert len(days.book.unsent()) == 2


def test_the_newest_before_is_held_against_the_newest_after(days: Days) -> None:
    days.capture({"a": _cable()})
    days.look()
    days.capture({"a": _cable(BODY.replace("412", "413"))})
    days.capture({"a": _LOST})
    days.capture({"a": _cable()})
    assert [one.kind for one in days.look()] == [AlarmKind.PAGE_GONE]
    # A text that comes back is a change as well, also where its bytes are held already.
    days.capture({"a": _cable(BODY.replace("412", "413"))})
    assert AlarmKind.TEXT_CHANGED in [one.kind for one in days.look()]
    days.capture({"a": _cable()})
    assert AlarmKind.TEXT_CHANGED in [one.kind for one in days.look()]


def test_older_captures_that_are_imported_later_are_no_change(days: Days) -> None:
    days.day = 10
    days.capture({"a": _cable()})
    days.look()
    days.capture({"a": _cable(BODY.replace("412", "413"))}, day=1)
    assert [one.kind for one in days.look()] == [AlarmKind.PAGE_GONE]


def test_the_same_cable_at_two_addresses_is_compared_address_by_address(days: Days) -> None:
    days.capture({"a": _cable(), "b": _cable(BODY.replace("412", "413"))})
    days.look()
    days.capture({"a": _cable(more="<p>1</p>"), "b": _cable(BODY.replace("412", "413"), more="<p>1</p>")})
    assert [one.kind for one in days.look()] == [AlarmKind.PAGE_GONE]


@pytest.mark.damages
def test_a_record_that_is_damaged_stops_no_look(days: Days) -> None:
    days.capture({"a": _cable(), "b": _cable()})
    days.look()
    changed = _cable(BODY.replace("412", "413"))
    days.capture({"a": changed, "b": changed})
    (file,) = days.shell.archives.glob("held/archive/*day-2*")
    data = bytearray(file.read_bytes())
    data[len(data) // 4] ^= 0xFF
    file.chmod(0o644)
    file.write_bytes(data)
    found = {one.kind: one for one in days.look()}
    assert found[AlarmKind.TEXT_CHANGED].items == (f"08SAMPLETOWN12 {_URL.format('b')}: text changed",)


def test_another_copy_of_a_collection_is_looked_at_anew(days: Days) -> None:
    days.capture({"a": (200, _PAGE)})
    days.look()
    days.book.observe([], rules(), START, {("held", LAST_LOOK): 10_000, ("held", FIRST_LOOK): 9_000})
    assert days.look() == []
    mark = days.book.mark("held", LAST_LOOK)
    assert mark is not None
    assert days.book.mark("held", FIRST_LOOK) == mark
    assert mark < 9_000


def test_what_is_forgotten_is_known_from_then_on(days: Days) -> None:
    days.capture({"a": (200, _PAGE)})
    days.look()
    days.capture({"a": _LOST})
    days.capture({"a": _LOST})
    days.look()
    assert days.book.forget("held") == 1
    assert days.look() == []
    days.capture({"b": (200, _PAGE)})
    assert days.kinds() == [(AlarmKind.PAGE_GONE, False)]


def test_without_a_first_look_what_is_lost_since_the_mark_counts(days: Days) -> None:
    days.capture({"a": (200, _PAGE)})
    with open_for_reading(days.shell.archives, ["held"], LAYOUTS) as (archive,):
        found, mark = of_archive(archive, None)
    assert found == []
    days.capture({"a": _LOST})
    days.capture({"a": _LOST})
    with open_for_reading(days.shell.archives, ["held"], LAYOUTS) as (archive,):
        found, after = of_archive(archive, mark)
        assert [one.kind for one in found] == [AlarmKind.PAGE_GONE]
        assert mark != after == _gone(found).occasion
        assert of_archive(archive, after) == ([], after)


def test_a_host_without_an_answer_is_gone_by_what_runs_state(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        day = 1

        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 1, cls.day, tzinfo=tz or UTC)

    monkeypatch.setattr("preserve.cli.actions.capture.datetime", Clock)
    monkeypatch.setattr("preserve.net.fetch.datetime", Clock)
    site.page("/page", _PAGE)
    dying = Hook()
    with hooked(dying):
        other = f"http://localhost:{dying.port}/page"
        shell.collection(
            "held",
            f"title: Two hosts\ncontact: test@example.org\nseeds:\n  - {site.url('/page')}\n  - {other}\n"
            "scope:\n  include:\n    - re:.*\npoliteness:\n  delay_s: 0\n  max_wait_s: 0\n  retries: 0\n"
            "  robots: ignore\nallow_addresses:\n  - 127.0.0.1\n  - localhost\nserver_clock: ignore\n",
        )
        shell("init", "held")
        shell("capture", "held")
    with AlarmDatabase.open(shell.archives) as book:
        days = Days(shell, book)
        assert days.look() == []
        told = []
        for day in (2, 3, 4):
            Clock.day = day
            shell("capture", "held", status=1)
            told.append(days.look())
        assert [[one.bad for one in found] for found in told] == [[False], [False], [True]]
        assert _gone(told[-1]).items == (other,)
