"""Statements that are, byte for byte, what follows from their records: they are not decoded, and nothing is missed."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree

import msgspec
import pytest

from preserve.errors import FormatError
from preserve.integrity.verify import collection, ledger_reading
from preserve.integrity.verify.checks import Leaf
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.record_check import RecordCheck, TakenRecords
from preserve.integrity.verify.report import Report
from preserve.provenance.derive import rebuild
from preserve.provenance.founding import load_writer
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import RecordStatement, decode, encode
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended
from tests.simulated import Simulation, html, links, reply


@pytest.fixture
def sim(tmp_path: Path) -> Simulation:
    """Two captures: pages, one that did not change, one that is gone, a picture, one of no type."""
    made = Simulation(tmp_path)
    made.politeness = "delay_s: 0\n  robots: ignore"
    made.web.pages = {
        "http://x.org/": links("/a", "/b", "/c", "/d"),
        "http://x.org/a": html("<p>one"),
        "http://x.org/b": [html("<p>two"), html("<p>three")],
        "http://x.org/c": reply(200, b"\x89PNG", "Content-Type: image/png"),
        "http://x.org/d": reply(200, b"plain"),
    }
    made.run()
    made.run()
    return made


def _paths(sim: Simulation) -> CollectionPaths:
    return CollectionPaths(sim.archives, "sim")


def _check(sim: Simulation) -> Report:
    return verify(_paths(sim), {}, VerifyOptions(processes=1, deep=100))


def test_of_a_sound_file_the_first_record_is_decoded_and_what_is_to_be_looked_at(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []

    def noted(entry: bytes) -> object:
        decoded.append(decode(entry))
        return decoded[-1]

    monkeypatch.setattr(ledger_reading, "decode", noted)
    assert _check(sim).spotless
    said = [one for _index, one in Ledger(_paths(sim)).statements()]
    records = [one for one in said if isinstance(one, RecordStatement)]
    first = {one.file: one for one in reversed(records)}
    kept = [one for one in records if one.type == "revisit" or one is first[one.file]]
    assert len(kept) < len(records) / 2
    assert [one for one in decoded if isinstance(one, RecordStatement)] == kept
    assert [one for one in decoded if not isinstance(one, RecordStatement)] == [
        one for one in said if not isinstance(one, RecordStatement)
    ]


def _restated(sim: Simulation, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """The same log with other statements in it, signed by its key: what a program with a fault could have stated."""
    paths = _paths(sim)
    entries = change([entry for _index, entry in Ledger(paths).raw()])
    signer = load_writer(paths, sim.folder / "keys", secret=None).signer
    assert signer is not None
    paths.checkpoint.unlink()
    rmtree(paths.ledger / "tile")
    extended(paths, entries, signer)
    with suppress(FormatError):
        rebuild(paths, Ledger(paths))


def _one(entries: list[bytes]) -> int:
    """The last reply of a page."""
    return max(n for n, entry in enumerate(entries) if b'"type":"response"' in entry)


def _with(**values: object) -> Callable[[list[bytes]], list[bytes]]:
    def change(entries: list[bytes]) -> list[bytes]:
        place = _one(entries)
        entries[place] = encode(msgspec.structs.replace(decode(entries[place]), **values))
        return entries

    return change


def _not_canonical(entries: list[bytes]) -> list[bytes]:
    place = _one(entries)
    entries[place] = entries[place].replace(b'"kind":', b'"kind": ')
    return entries


def _without(entries: list[bytes]) -> list[bytes]:
    del entries[_one(entries)]
    return entries


def _twice(entries: list[bytes]) -> list[bytes]:
    place = _one(entries)
    return [*entries[:place], entries[place], *entries[place:]]


def _swapped(entries: list[bytes]) -> list[bytes]:
    place = _one(entries)
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    return entries


OTHERS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    **{
        next(iter(values)): _with(**values)
        for values in (
            {"type": "resource"},
            {"uri": "http://y.org/"},
            {"date": "2026-01-01T00:00:00.000000Z"},
            {"status": 404},
            {"file": "other.warc.gz"},
            {"ordinal": 900},
            {"record_sha256": "0" * 64},
            {"block_sha256": "0" * 64},
            {"payload_sha256": "0" * 64},
            {"refers_to": "urn:x"},
            {"mime": "text/other"},
            {"challenge": "a wall"},
            {"whole": "cut"},
            {"run": "urn:other"},
            {"method": "POST"},
            {"record_id": "urn:other"},
        )
    },
    "not canonical": _not_canonical,
    "one less": _without,
    "one twice": _twice,
    "two in other order": _swapped,
}


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def _row(change: str) -> Callable[[Simulation], None]:
    def damage(sim: Simulation) -> None:
        with closing(sqlite3.connect(_paths(sim).catalogue)) as database, database:
            database.execute(f"{change} WHERE statement = (SELECT max(statement) FROM records WHERE type = 'request')")

    return damage


def _rows_from(number: int) -> Callable[[Simulation], None]:
    def damage(sim: Simulation) -> None:
        with closing(sqlite3.connect(_paths(sim).catalogue)) as database, database:
            first = f"SELECT statement FROM records ORDER BY statement LIMIT 1 OFFSET {number}"
            database.execute(f"UPDATE records SET mime = 'other' WHERE statement >= ({first})")

    return damage


def _line(sim: Simulation) -> None:
    index = _paths(sim).index
    index.write_bytes(index.read_bytes().replace(b"text/html", b"text/plain", 1))


DAMAGES: dict[str, Callable[[Simulation], object]] = {
    **{name: partial(_restated, change=change) for name, change in OTHERS.items()},
    "a bit of a file": lambda sim: _flipped(max(_paths(sim).archive.iterdir())),
    "a row's place": _row("UPDATE records SET offset = offset + 1"),
    "a row's run": _row("UPDATE records SET run = 'other'"),
    "no row": _row("DELETE FROM records"),
    **{f"rows from {number}": _rows_from(number) for number in (0, 1, 2, 5)},
    "a line": _line,
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_told_is_what_is_told_when_every_statement_is_decoded(
    sim: Simulation, damage: Callable[[Simulation], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(sim)
    taken: list[int] = []
    take = RecordCheck.take_expected

    def counted(self: RecordCheck, statements: Sequence[tuple[int, Leaf]], place: int) -> TakenRecords | None:
        found = take(self, statements, place)
        taken.append(0 if found is None else len(found.rows))
        return found

    monkeypatch.setattr(RecordCheck, "take_expected", counted)
    report = _check(sim)
    assert any(taken)
    monkeypatch.setattr(collection._Checks, "take_expected", lambda _self, _statements, _place: 0)
    assert report == _check(sim)


def test_what_is_told_of_odd_records_does_not_depend_on_it(sim: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remarks of a record are counted, whichever way its statement is taken."""
    sim.web.pages["http://x.org/a"] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
    sim.run()
    report = _check(sim)
    monkeypatch.setattr(collection._Checks, "take_expected", lambda _self, _statements, _place: 0)
    assert report == _check(sim)
