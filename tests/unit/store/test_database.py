"""A database that several processes find missing at the same moment."""

import threading
from pathlib import Path

from preserve.store.database import connect


def test_several_that_make_a_database_at_once_all_have_it(tmp_path: Path) -> None:
    faults: list[Exception] = []

    def make(path: Path, ready: threading.Barrier) -> None:
        ready.wait()
        try:
            connect(path, schema="CREATE TABLE one (a); CREATE TABLE other (b)", version=3).close()
        except Exception as fault:  # noqa: BLE001 - the test tells of it
            faults.append(fault)

    for number in range(20):
        ready = threading.Barrier(5)
        threads = [threading.Thread(target=make, args=(tmp_path / f"{number}.sqlite", ready)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
