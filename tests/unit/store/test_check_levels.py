"""Which checks take damage back: those of everything, also where some files were known by their hash."""

from pathlib import Path

import pytest

from preserve.provenance.mac import Mac
from preserve.store.checks import Check, MacOfNote, append_check, checks_path, lasting_damage, read_checks


def _check(level: str, *, good: bool, ended: int = 2) -> Check:
    return Check(level=level, started=1, ended=ended, good=good, records=0, bytes_read=0, statements=None, codes={})


def _left(folder: Path) -> tuple[int | None, int]:
    """When the damage ended that lasts, and how many checks count."""
    checks = read_checks(folder, "c", OURS).checks
    damage = lasting_damage(checks)
    return (None if damage is None else damage.ended), len(checks)


OURS, THEIRS = Mac(b"ours").digest, Mac(b"theirs").digest


@pytest.mark.parametrize(
    ("level", "takes_back"), [("full", True), ("seals", True), ("sample", False), ("structure", False)]
)
def test_damage_lasts_until_everything_was_checked(tmp_path: Path, level: str, takes_back: bool) -> None:
    damage = _check("sample", good=False)
    assert lasting_damage([damage, _check(level, good=True)]) == (None if takes_back else damage)
    append_check(tmp_path, "c", damage, None)
    with checks_path(tmp_path, "c").open("a") as file:
        file.write("no note\n")
    append_check(tmp_path, "c", _check(level, good=True), None)
    assert read_checks(tmp_path, "c", None).unread == (0 if takes_back else 1)


@pytest.mark.parametrize("theirs", [None, THEIRS])
def test_good_is_believed_of_the_own_notes_only_and_damage_of_all(tmp_path: Path, theirs: MacOfNote | None) -> None:
    append_check(tmp_path, "c", _check("full", good=True), theirs)
    assert _left(tmp_path) == (None, 0)
    append_check(tmp_path, "c", _check("full", good=False, ended=1 << 62), theirs)
    assert _left(tmp_path) == (1 << 62, 1)
    append_check(tmp_path, "c", _check("full", good=True, ended=3), OURS)
    assert _left(tmp_path) == (None, 2)
    append_check(tmp_path, "c", _check("full", good=False, ended=4), OURS)
    append_check(tmp_path, "c", _check("full", good=True, ended=5), theirs)
    assert _left(tmp_path) == (4, 3)
    assert len(read_checks(tmp_path, "c", None).checks) == 5


def test_an_older_note_put_behind_damage_takes_nothing_back(tmp_path: Path) -> None:
    append_check(tmp_path, "c", _check("full", good=True, ended=3), OURS)
    path = checks_path(tmp_path, "c")
    older = path.read_bytes()
    append_check(tmp_path, "c", _check("full", good=False, ended=4), OURS)
    path.write_bytes(path.read_bytes() + older)
    assert _left(tmp_path) == (4, 2)
    append_check(tmp_path, "c", _check("full", good=True, ended=4), OURS)
    assert _left(tmp_path) == (None, 3)


@pytest.mark.parametrize("change", [b'"records":1', b'"level":"seals"', b'"mac":"\\ud800"', b'"mac":7', b'"mac":null'])
def test_a_note_that_was_changed_is_not_the_own_one(tmp_path: Path, change: bytes) -> None:
    append_check(tmp_path, "c", _check("full", good=True), OURS)
    path = checks_path(tmp_path, "c")
    path.write_bytes(path.read_bytes().replace(b"}\n", b"," + change + b"}\n"))
    assert _left(tmp_path) == (None, 0)
