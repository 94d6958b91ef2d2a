"""The journal: what the secret proves is read, a crash's rest is passed over, everything else is not believed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import ArchiveError
from preserve.provenance.installation import FileState
from preserve.provenance.journal import Journal, JournalGoneError, Proved, UnprovenLineError
from preserve.store.layout import CollectionPaths

SECRET = bytes(range(32))
ROOT = bytes(32)


def _file(size: int, state: str = "open", name: str = "demo-1.warc.gz") -> FileState:
    return FileState(name, size, f"{size:064x}", state)  # type: ignore[arg-type]


def _journal(folder: Path) -> tuple[Journal, Proved]:
    journal = Journal(CollectionPaths(folder, "demo"), SECRET)
    proved = journal.begin(origin="preserve/demo/x", size=7, root=ROOT, run="run-1")
    journal.append(proved, [b'{"n":1}', b'{"n":2}'], [_file(10)])
    journal.append(proved, [b'{"n":3}'], [_file(20)])
    return journal, proved


def _path(folder: Path) -> Path:
    return CollectionPaths(folder, "demo").pending


def test_what_was_appended_is_proved_and_read_in_order(tmp_path: Path) -> None:
    journal, proved = _journal(tmp_path)
    assert journal.prove() == proved
    assert proved.size == 10
    assert proved.files == {"demo-1.warc.gz": _file(20)}
    assert list(journal.statements(proved)) == [(7, b'{"n":1}'), (8, b'{"n":2}'), (9, b'{"n":3}')]
    assert list(journal.statements(proved, 9)) == [(9, b'{"n":3}')]


def test_there_is_none_and_an_empty_one_is_none(tmp_path: Path) -> None:
    journal = Journal(CollectionPaths(tmp_path, "demo"), SECRET)
    assert journal.prove() is None
    journal.begin(origin="o", size=0, root=b"", run="r")
    journal.end()
    assert journal.prove() is None


@given(st.data())
def test_a_journal_cut_anywhere_gives_whole_groups_and_no_defect(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, _proved = _journal(folder)
    whole = _path(folder).read_bytes()
    first = whole.index(b"\n") + 1
    length = data.draw(st.integers(first, len(whole)))
    _path(folder).write_bytes(whole[:length])
    proved = journal.prove()
    assert proved is not None
    assert proved.defect == ""
    assert proved.size in {7, 9, 10}
    assert proved.torn == length - proved.end
    assert len(list(journal.statements(proved))) == proved.size - 7


@given(st.data())
def test_a_byte_changed_anywhere_is_not_believed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, honest = _journal(folder)
    whole = bytearray(_path(folder).read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    _path(folder).write_bytes(bytes(whole))
    try:
        proved = journal.prove()
    except UnprovenLineError:
        return
    # Where a line end is changed, the last line may be as one that a crash left.
    assert proved is None or proved.size < honest.size or proved.defect
    if proved is not None:
        held = [b'{"n":1}', b'{"n":2}', b'{"n":3}'][: proved.size - 7]
        assert [entry for _index, entry in journal.statements(proved)] == held


def _appended(line: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data + line


def _lines(*order: int) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(data.splitlines(keepends=True)[number] for number in order)


@pytest.mark.parametrize(
    "change",
    [
        _appended(b'{"index":10,"statement":{"kind":"key"}}\n'),
        _appended(b'{"index":10,"mac":"' + b"0" * 64 + b'","statement":{"kind":"key"}}\n'),
        _appended(b'{"commit":{"files":[],"size":11},"mac":"' + b"0" * 64 + b'"}\n'),
        _appended(b"\n"),
        _appended(b"x" * 2_000_000 + b"\n"),
        _lines(0, 1, 2, 3, 4, 5, 5),
        _lines(0, 1, 2, 3, 4, 5, 0),
        _lines(0, 1, 3, 4, 5),
        _lines(0, 2, 1, 3),
        _lines(0, 4, 5),
        _lines(0, 1, 2, 3, 5),
    ],
    ids=["plain", "no mac", "no commit", "empty", "long", "twice", "begun twice", "left out", "order", "group", "last"],
)
def test_a_line_that_this_installation_did_not_write_there_is_a_defect(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    journal, _proved = _journal(tmp_path)
    _path(tmp_path).write_bytes(change(_path(tmp_path).read_bytes()))
    proved = journal.prove()
    assert proved is not None
    assert proved.defect


@pytest.mark.parametrize("data", [b"x", b"{}\n", b'{"index":0,"statement":{}}\n'])
def test_a_journal_that_begins_otherwise_proves_nothing(tmp_path: Path, data: bytes) -> None:
    journal, _proved = _journal(tmp_path)
    _path(tmp_path).write_bytes(data)
    with pytest.raises(UnprovenLineError):
        journal.prove()


def test_another_secret_proves_nothing(tmp_path: Path) -> None:
    _journal(tmp_path)
    with pytest.raises(UnprovenLineError):
        Journal(CollectionPaths(tmp_path, "demo"), bytes(32)).prove()


def test_a_line_of_another_journal_of_the_same_installation_is_a_defect(tmp_path: Path) -> None:
    journal, _proved = _journal(tmp_path)
    first = _path(tmp_path).read_bytes().splitlines(keepends=True)
    proved = journal.begin(origin="preserve/demo/x", size=7, root=ROOT, run="run-2")
    journal.append(proved, [b'{"n":9}'], [])
    with _path(tmp_path).open("ab") as file:
        file.writelines(first[1:4])
    again = journal.prove()
    assert again is not None
    assert again.defect
    assert again.size == 8


def test_what_changes_between_two_readings_is_told(tmp_path: Path) -> None:
    journal, proved = _journal(tmp_path)
    whole = _path(tmp_path).read_bytes()
    _path(tmp_path).write_bytes(whole.replace(b'{"n":3}', b'{"n":4}'))
    with pytest.raises(ArchiveError, match="changed"):
        list(journal.statements(proved))
    _path(tmp_path).write_bytes(whole[: whole.index(b'{"commit"')])
    with pytest.raises(ArchiveError, match="changed"):
        list(journal.statements(proved))
    journal.begin(origin="preserve/demo/x", size=10, root=ROOT, run="run-2")
    with pytest.raises(JournalGoneError):
        list(journal.statements(proved))


def test_a_group_that_was_written_in_part_is_cut_off_by_the_next(tmp_path: Path) -> None:
    journal, proved = _journal(tmp_path)
    with _path(tmp_path).open("ab") as file:
        file.write(b'{"index":10,"mac"')
    proved.torn = 17
    journal.append(proved, [b'{"n":4}'], [])
    again = journal.prove()
    assert again is not None
    assert (again.size, again.defect, again.torn) == (11, "", 0)


def test_a_token_is_of_its_run_and_name(tmp_path: Path) -> None:
    journal, _proved = _journal(tmp_path)
    tokens = {journal.token_of(run, name) for run in ("run-1", "run-2") for name in ("a.warc.gz", "b.warc.gz")}
    assert len(tokens) == 4
    assert journal.token_of("run-1", "a.warc.gz") != Journal(CollectionPaths(tmp_path, "demo"), bytes(32)).token_of(
        "run-1", "a.warc.gz"
    )
