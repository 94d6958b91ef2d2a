"""The catalogue: how it is asked."""

import sqlite3
from pathlib import Path

import pytest

from preserve.store.catalogue import Catalogue


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
