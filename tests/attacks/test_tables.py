"""Every column of every table that a reader prints, changed by somebody without key and secret; then every reader.

The tables say where to look. What they say else is in no answer that is given with the status and the remarks of an
honest one: it is the honest answer, or it is refused or told.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from preserve.demo_site.pages import replies
from preserve.store.layout import CollectionPaths
from tests.scenarios.test_damage import PAGE
from tests.scenarios.test_rescue import LOST, OLD, WebArchive
from tests.shell import Shell
from tests.site import Site
from tests.warcs import gz, record, reply

FORGED = "http://forged.example/Jane"
NUMBER = 424_242
_CABLE = "05PORTSOLACE117"
_IMPORTED = "http://pages.example/1"
_SHADOWS = ("words", "sqlite_")
"""Of FTS5 and of SQLite: they find, and hold nothing that is printed."""


@dataclass
class Lab:
    """An archive with two captures of a site, an imported file, a stated release and a memento; and honest answers."""

    shell: Shell
    paths: CollectionPaths
    asked: list[tuple[str, ...]]
    honest: dict[tuple[str, ...], tuple[int, str, str]]

    def database(self, name: str) -> Path:
        return self.paths.state / f"{name}.sqlite"

    def columns(self, name: str) -> Iterator[tuple[str, str]]:
        """Every table and column as the schema has them, where there are rows."""
        with closing(sqlite3.connect(self.database(name))) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                if table.startswith(_SHADOWS) or not database.execute(f"SELECT 1 FROM {table}").fetchone():
                    continue
                for row in database.execute(f"PRAGMA table_info({table})").fetchall():
                    yield table, row[1]

    def changed(self, name: str, command: str, values: tuple[object, ...] = ()) -> list[str]:
        """What the readers say falsely once a database was changed; the database is as it was then."""
        for words in self.asked:
            if words not in self.honest:
                self.honest[words] = self.answer(words)
                assert self.honest[words][0] in {0, 1}, (words, self.honest[words])
        path = self.database(name)
        kept = path.with_suffix(".kept")
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(path, kept)
        try:
            with closing(sqlite3.connect(path)) as database, database:
                try:
                    database.execute(command, values)
                except sqlite3.IntegrityError:
                    return []
            return [problem for words in self.asked if (problem := self._problem(words))]
        finally:
            for end in ("-wal", "-shm"):
                Path(f"{path}{end}").unlink(missing_ok=True)
            kept.replace(path)

    def answer(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        out = self.shell(*words, status=None)
        return self.shell.status, out, self.shell.errors

    def _problem(self, words: tuple[str, ...]) -> str:
        status, out, errors = self.answer(words)
        if (status, errors) != self.honest[words][::2]:
            return "" if status != 0 or errors else f"{words}: a change of status without a word"
        return "" if out == self.honest[words][1] else f"{words}: {out[:2000]}"


@pytest.fixture
def lab(shell: Shell, site: Site, tmp_path: Path) -> Lab:
    archive = WebArchive(shell, site)
    for phase in (1, 2):
        site.replies.update({path: answer.wire() for path, answer in replies(phase).items()})
        shell.site_collection("demo", site, "/")
        shell("capture", "demo", status=None)
    archive.rows(OLD)
    archive.memento(OLD)
    archive.rescue(status=1)
    file = tmp_path / "foreign.warc.gz"
    body = reply(PAGE.replace("06TESTPOST12", "06TESTPOST13").encode(), "Content-Type: text/html")
    file.write_bytes(gz(record(1, body, uri=_IMPORTED)))
    shell("import", str(file), "--into", "demo", status=None)
    shell("release", "add", "gulls", "--title", "Gulls", "--known-from", "a test")
    shell("release", "add", "gulls", "--into", "demo")
    shell("list")
    article = tmp_path / "article.md"
    article.write_text(f"As {_CABLE} has it ([copy]({site.url('/')})); see also {_IMPORTED}.\n")
    asked = [
        ("show", _CABLE),
        ("show", _CABLE, "--as", "json"),
        ("show", _IMPORTED, "--json"),
        ("show", LOST, "--json"),
        ("history", _CABLE, "--json"),
        ("history", "06TESTPOST13"),
        ("cite", _CABLE, "--accessed", "2026-01-01", "--json"),
        ("cite", LOST, "--accessed", "2026-01-01"),
        ("check", str(article), "--json"),
        ("search", "light*", "--json"),
        ("list",),
        ("list", "--json"),
        ("graph", "--json"),
        ("export", "csv"),
        ("corroborate", _CABLE, "--json"),
        ("releases", "--json"),
        ("rot", "--all", "--json"),
    ]
    return Lab(shell, CollectionPaths(shell.archives, "demo"), asked, {})


@pytest.mark.slow
@pytest.mark.damages
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("value", [FORGED, NUMBER], ids=["text", "number"])
@pytest.mark.parametrize("name", ["catalogue", "search"])
def test_no_column_puts_a_word_into_an_answer(lab: Lab, name: str, value: object) -> None:
    columns = list(lab.columns(name))
    assert len({table for table, _column in columns}) >= 4
    wrong = {}
    for table, column in columns:
        found = lab.changed(name, f"UPDATE OR REPLACE {table} SET {column} = ?", (value,))
        if found:
            wrong[table, column] = found
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.damages
@pytest.mark.timeout(3600)
def test_rows_that_are_taken_out_swapped_or_added_are_told_by_whoever_reads_all(lab: Lab) -> None:
    lab.asked = [words for words in lab.asked if words[0] in {"list", "graph", "export", "releases", "rot"}]
    for name, table in (("catalogue", "cables"), ("search", "cables"), ("search", "citations")):
        newest = f"(SELECT max(rowid) FROM {table})"
        assert lab.changed(name, f"DELETE FROM {table} WHERE rowid = {newest}") == []
    # The rows of two statements, each at the other's place.
    assert lab.changed("catalogue", "UPDATE cables SET statement = -statement WHERE rowid > 0") == []
    assert (
        lab.changed("catalogue", "INSERT INTO cables SELECT 0, * FROM (SELECT 'x','x','x','x','x','x','x','x',1,1,1,1)")
        == []
    )


def test_rows_that_are_moved_past_the_log_and_records_at_another_place_are_told(lab: Lab) -> None:
    lab.asked = [("show", _CABLE), ("rot", "--all", "--json")]
    for table in ("cables", "records"):
        assert lab.changed("catalogue", f"UPDATE OR REPLACE {table} SET statement = ?", (NUMBER,)) == []
    assert lab.changed("catalogue", "UPDATE records SET offset = ?", (NUMBER,)) == []
    with closing(sqlite3.connect(lab.database("catalogue"))) as database, database:
        database.execute("UPDATE records SET offset = ?", (NUMBER,))
    lab.shell("rot", status=1)
    assert "could not be read" in lab.shell.errors
    assert "preserve rebuild" in lab.shell.errors
    with closing(sqlite3.connect(lab.database("catalogue"))) as database, database:
        database.execute("UPDATE OR REPLACE cables SET statement = ?", (NUMBER,))
    lab.shell("show", _CABLE, status=1)
    assert "`preserve rebuild demo" in lab.shell.errors


def test_a_place_that_is_printed_is_exactly_the_records(lab: Lab) -> None:
    lab.asked = [("export", "csv"), ("show", _CABLE, "--json")]
    for column, value in (
        ("inner", NUMBER),
        ("inner", 1),
        ("inner", -1),
        ("length", 0),
        ("length", 12),
        ("length", -1),
    ):
        assert lab.changed("catalogue", f"UPDATE records SET {column} = ?", (value,)) == [], (column, value)


def test_what_a_person_is_shown_first_is_held_against_its_statement(lab: Lab) -> None:
    lab.asked = [*[words for words in lab.asked if words[0] in {"show", "cite", "list", "search"}][:3], ("list",)]
    for name, table, column in (
        ("catalogue", "records", "uri"),
        ("catalogue", "records", "date"),
        ("catalogue", "cables", "canonical_id"),
        ("search", "cables", "subject"),
    ):
        assert lab.changed(name, f"UPDATE {table} SET {column} = ?", (FORGED,)) == []
    lab.shell("show", _CABLE)
    with closing(sqlite3.connect(lab.database("catalogue"))) as database, database:
        database.execute("UPDATE records SET uri = ?", (FORGED,))
    lab.shell("show", _CABLE, status=1)
    assert "`preserve rebuild demo" in lab.shell.errors
    lab.shell("rebuild", "demo")
    lab.shell("show", _CABLE)
