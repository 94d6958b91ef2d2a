"""Which checks take damage back: those of everything, also where some files were known by their hash."""

from pathlib import Path

import pytest

from preserve.store.checks import Check, checks_path, lasting_damage, note_check, noted_checks


def _check(level: str, *, good: bool) -> Check:
    return Check(level=level, started=1, ended=2, good=good, records=0, bytes_read=0, statements=None, codes={})


@pytest.mark.parametrize(
    ("level", "takes_back"), [("full", True), ("seals", True), ("sample", False), ("structure", False)]
)
def test_damage_lasts_until_everything_was_checked(tmp_path: Path, level: str, takes_back: bool) -> None:
    damage = _check("sample", good=False)
    assert lasting_damage([damage, _check(level, good=True)]) == (None if takes_back else damage)
    note_check(tmp_path, "c", damage)
    with checks_path(tmp_path, "c").open("a") as file:
        file.write("no note\n")
    note_check(tmp_path, "c", _check(level, good=True))
    assert noted_checks(tmp_path, "c").unread == (0 if takes_back else 1)
