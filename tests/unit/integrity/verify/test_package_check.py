"""What a package's pages and index are held against; the whole is tested by ``tests/unit/formats/test_wacz.py``."""

import sqlite3
from types import SimpleNamespace
from typing import Any

from preserve.integrity.verify.package_check import _INDEXES, _SCHEMA, PackageCheck, _is_made_of
from preserve.model import sha256_hex
from tests.growth import assert_linear


def _stated(*texts: str) -> set[str]:
    return {sha256_hex(text.encode()) for text in texts}


def test_texts_of_a_page_stand_one_behind_the_other() -> None:
    stated = _stated("one", "two\n\nthree")
    assert _is_made_of(["one", "two", "three"], stated.__contains__)
    assert _is_made_of(["two", "three"], stated.__contains__)
    assert not _is_made_of(["one", "two"], stated.__contains__)
    assert not _is_made_of(["one", "four"], stated.__contains__)


def test_work_is_linear_in_the_pieces() -> None:
    assert_linear(lambda size: _is_made_of([""] * size, set().__contains__), 400_000)


def _compared(size: int) -> list[str]:
    """One id, stated and held as often, each time with another hash; and the findings."""
    found: list[str] = []
    check: Any = object.__new__(PackageCheck)
    check._name, check._db = "a.wacz", sqlite3.connect(":memory:")
    check._db.executescript(_SCHEMA)
    rows = [("urn:uuid:1", f"{number:064x}") for number in range(size)]
    check._db.executemany("INSERT INTO stated (id, sha256) VALUES (?, ?)", [*rows, rows[0]])
    check._db.executescript(_INDEXES)
    check._add = lambda code, *_where: found.append(code)
    for record_id, sha256 in [*rows, rows[0], ("urn:uuid:1", "f" * 64), ("urn:uuid:2", "f" * 64)]:
        check._compare(SimpleNamespace(record_id=record_id, record_sha256=sha256, uri=None))
    assert check._db.execute("SELECT count(*) FROM stated WHERE NOT met").fetchone() == (0,)
    return found


def test_an_id_that_is_stated_again_and_again_is_looked_up_once() -> None:
    assert _compared(3) == ["E-WARC-RECORD", "E-WARC-NO-STATEMENT"]
    assert_linear(_compared, 20_000)
