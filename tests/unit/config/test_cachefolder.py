"""Files of the user's cache: whole or not at all, and no more of a kind than are of use."""

import os
from pathlib import Path

from preserve.config.cachefolder import keep_cached


def test_of_a_kind_the_newest_stay_and_others_are_let_be(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    keep_cached(folder / "other-0.json", b"other", most=2)
    for number in range(4):
        keep_cached(folder / f"kind-{number}.json", b"%d" % number, most=2)
        os.utime(folder / f"kind-{number}.json", (number, number))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "other-0.json": b"other",
        "kind-2.json": b"2",
        "kind-3.json": b"3",
    }
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_process_left_goes_and_what_another_writes_now_stays(tmp_path: Path) -> None:
    left, written = tmp_path / "kind-0.77.part", tmp_path / "kind-0.78.part"
    for part in (left, written):
        part.write_bytes(b"half")
    os.utime(left, (0, 0))
    keep_cached(tmp_path / "kind-1.json", b"whole", most=2)
    assert {path.name for path in tmp_path.iterdir()} == {written.name, "kind-1.json"}


def test_a_folder_that_cannot_be_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    keep_cached(tmp_path / "file" / "kind-1.json", b"whole", most=2)
    assert (tmp_path / "file").read_bytes() == b""
