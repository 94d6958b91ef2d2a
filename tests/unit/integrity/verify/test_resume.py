"""The note of a stopped verification: which files it found whole, line by line."""

from itertools import pairwise
from pathlib import Path

import pytest

from preserve.integrity.verify.resume import FileTally, Resume

TALLY = FileTally(records=3, texts=1, index_lines=2, index_sum="17")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{number}.warc.gz" for number in range(4)]
    for path in made:
        path.write_bytes(path.name.encode())
    return made


def _noted(note: Path, files: list[Path], about: str = "this") -> None:
    resume = Resume(note, about)
    for path in files:
        resume.is_whole(path, TALLY)
    resume.close()


def test_files_found_whole_are_known_to_the_next_and_forgotten_at_the_end(tmp_path: Path, files: list[Path]) -> None:
    note = tmp_path / "state" / "note"
    _noted(note, files[:2])
    _noted(note, files[2:3])
    assert note.stat().st_mode & 0o777 == 0o600
    again = Resume(note, "this")
    assert len(again) == 3
    assert [again.tally_of(path) for path in files] == [TALLY, TALLY, TALLY, None]
    files[0].write_bytes(b"another")
    assert again.tally_of(files[0]) is None
    again.forget()
    assert (note.exists(), len(Resume(note, "this"))) == (False, 0)


def test_a_note_about_something_else_is_worth_nothing_and_is_written_anew(tmp_path: Path, files: list[Path]) -> None:
    note = tmp_path / "note"
    _noted(note, files[:3])
    assert len(Resume(note, "that")) == 0
    _noted(note, files[3:], "that")
    assert (len(Resume(note, "that")), len(Resume(note, "this"))) == (1, 0)


@pytest.mark.parametrize("tail", [b'{"file":"x', b"no JSON\n", b'{"file":1}\n', b"\0" * 40])
def test_what_a_crash_left_of_a_line_is_written_over(tmp_path: Path, files: list[Path], tail: bytes) -> None:
    note = tmp_path / "note"
    _noted(note, files[:2])
    whole = note.read_bytes()
    note.write_bytes(whole + tail)
    assert len(Resume(note, "this")) == 2
    _noted(note, files[2:3])
    assert note.read_bytes().startswith(whole)
    assert len(Resume(note, "this")) == 3


@pytest.mark.parametrize("data", [b"", b"{", b"[]\n", b'{"about":1}\n', b"\xff\n"])
def test_what_is_no_note_is_none(tmp_path: Path, files: list[Path], data: bytes) -> None:
    note = tmp_path / "note"
    note.write_bytes(data)
    assert len(Resume(note, "this")) == 0
    _noted(note, files)
    assert len(Resume(note, "this")) == len(files)


def test_a_file_costs_a_line_however_many_there_were(tmp_path: Path, files: list[Path]) -> None:
    note = tmp_path / "note"
    resume = Resume(note, "this")
    lengths = [0]
    for path in files:
        resume.is_whole(path, TALLY)
        lengths.append(note.stat().st_size)
    added = [after - before for before, after in pairwise(lengths[1:])]
    resume.forget()
    assert max(added) < 200


def test_that_it_cannot_be_noted_is_no_obstacle(tmp_path: Path, files: list[Path]) -> None:
    (tmp_path / "note").mkdir()
    _noted(tmp_path / "note", files)
    _noted(tmp_path / "note" / "x" / "y", [tmp_path / "gone"])
    resume = Resume(None, "this")
    resume.is_whole(files[0], TALLY)
    resume.forget()
    assert len(resume) == 0
