"""The catalogue: how it is asked."""

import sqlite3
from pathlib import Path

import pytest

from preserve.store.catalogue import Catalogue, StatementRow


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("captures_of_url", ("http://x.org/",)),
        ("last_response", ("http://x.org/", "0" * 64)),
        ("newest_response", ("http://x.org/",)),
        ("newest_of_run", ("http://x.org/", "urn:uuid:1")),
        ("looks_at", ("http://x.org/", "2026-01-01T00:00:00Z", 9)),
        ("record", ("urn:uuid:1",)),
        ("captures_of_cable", ("05X1",)),
    ],
)
def test_no_question_goes_through_all_records(tmp_path: Path, query: str, arguments: tuple[str, ...]) -> None:
    database = tmp_path / "catalogue.sqlite"
    Catalogue.create(database).close()
    connection = sqlite3.connect(database)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    getattr(Catalogue(connection), query)(*arguments)
    connection.set_trace_callback(None)
    plans = [str(row[3]) for statement in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    connection.close()
    assert plans
    assert [plan for plan in plans if plan.startswith(("SCAN records", "SCAN cables"))] == []


def _indexes(database: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(database) as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid"
        found = connection.execute(asked).fetchall()
    connection.close()
    return found


def test_indexes_that_were_left_out_are_there_after_the_commit_and_after_a_stop(tmp_path: Path) -> None:
    stopped, ended = tmp_path / "stopped.sqlite", tmp_path / "ended.sqlite"
    Catalogue.create(tmp_path / "new.sqlite").close()
    whole = _indexes(tmp_path / "new.sqlite")
    row = StatementRow("runs", ("urn:uuid:1", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"))
    for database in (stopped, ended):
        with Catalogue.create(database) as catalogue:
            catalogue.leave_out_indexes()
            catalogue.apply(0, [row])
            assert _indexes(database) == whole
            if database == ended:
                catalogue.commit()
    assert len(whole) > 10
    assert _indexes(stopped) == _indexes(ended) == whole
    with Catalogue.create(stopped) as catalogue:
        assert (catalogue.ledger_size, list(catalogue.runs())) == (0, [])
    with Catalogue.create(ended) as catalogue:
        assert catalogue.ledger_size == 1
        assert catalogue.run_is_held("urn:uuid:1")
        catalogue.check_sound(indexes=True)
