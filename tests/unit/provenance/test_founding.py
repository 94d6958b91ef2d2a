"""No second archive is begun with a key: the first may only be on a disk that is not mounted."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from preserve.errors import EnvironmentFaultError
from preserve.formats.tlog.note import Signer
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import key_path, make_key, mark_path, read_key
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError
from preserve.provenance.ledger import Ledger
from preserve.store.archive import marker_bytes


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_key_whose_archive_is_gone_begins_no_other(tmp_path: Path, keys: Path) -> None:
    archives = tmp_path / "archives"
    found_archive(archives, "demo", keys=keys)
    shutil.rmtree(archives / "demo")
    with pytest.raises(EnvironmentFaultError, match=f"has begun one before, in {archives / 'demo'}") as told:
        found_archive(archives, "demo", keys=keys)
    assert "Mount its disk" in told.value.next_step
    assert not (archives / "demo").exists()


def test_nor_in_another_place(tmp_path: Path, keys: Path) -> None:
    found_archive(tmp_path / "one", "demo", keys=keys)
    with pytest.raises(EnvironmentFaultError, match="has begun one"):
        found_archive(tmp_path / "other", "demo", keys=keys)


def test_another_key_begins_another_archive(tmp_path: Path, keys: Path) -> None:
    archives = tmp_path / "archives"
    first = found_archive(archives, "demo", keys=keys)
    shutil.rmtree(archives / "demo")
    first.key_file.rename(keys / "demo.old")
    second = found_archive(archives, "demo", keys=keys)
    assert second.created
    assert second.origin != first.origin


def test_an_archive_that_moved_is_noted_in_its_new_place(tmp_path: Path, keys: Path) -> None:
    found_archive(tmp_path / "one", "demo", keys=keys)
    (tmp_path / "one").rename(tmp_path / "other")
    assert not found_archive(tmp_path / "other", "demo", keys=keys).created
    assert mark_path("demo", keys).read_text() == f"{tmp_path / 'other' / 'demo'}\n"


def test_a_key_from_elsewhere_without_a_mark_is_taken(tmp_path: Path, keys: Path) -> None:
    make_key(key_path("demo", keys), None)
    assert found_archive(tmp_path / "archives", "demo", keys=keys).created


def test_keys_that_cannot_be_written_beside_keep_no_archive_from_its_work(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_archive(tmp_path / "archives", "demo", keys=keys)
    mark_path("demo", keys).unlink()

    def refuse(*_words: object, **_named: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("preserve.provenance.founding.write_atomic", refuse)
    assert not found_archive(tmp_path / "archives", "demo", keys=keys).created


@pytest.mark.slow
def test_stopped_at_any_write_the_next_call_finishes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the mark of a key that was moved away."""

    class StopError(Exception):
        pass

    for was_before in (False, True):
        for stop_at in range(1, 300):
            folder = tmp_path / f"{was_before}-{stop_at}"
            keys, archives = folder / "keys", folder / "archives"
            if was_before:
                found_archive(folder / "first", "demo", keys=keys)
                key_path("demo", keys).rename(keys / "demo.old")
            left = stop_at

            def counting(of: Callable[..., None]) -> Callable[..., None]:
                def wrapper(*words: object, **named: object) -> None:
                    nonlocal left
                    left -= 1
                    if left == 0:
                        raise StopError
                    of(*words, **named)

                return wrapper

            with monkeypatch.context() as patch:
                for name in ("fsync", "replace", "link"):
                    patch.setattr(os, name, counting(getattr(os, name)))
                try:
                    found_archive(archives, "demo", keys=keys)
                except StopError:
                    pass
                else:
                    break
            assert found_archive(archives, "demo", keys=keys).paths.marker.is_file()
            assert mark_path("demo", keys).read_text() == f"{archives / 'demo'}\n"
            founded = found_archive(archives, "demo", keys=keys)
            if Ledger(founded.paths).covered:
                place, known = KnownLogs(keys).place(archives / "demo"), KnownLogs(keys).log(founded.origin)
                assert place is not None
                assert known is not None
                assert (place.origin, known.is_own) == (founded.origin, True)
        else:
            pytest.fail("it has more writes than were stopped at")


def test_a_key_is_not_led_to_begin_a_second_log_under_another_name(tmp_path: Path, keys: Path) -> None:
    """Whoever writes to the folder empties the ledger, and gives the same key another name."""
    first = found_archive(tmp_path, "demo", keys=keys)
    shutil.rmtree(first.paths.ledger)
    name, key = "preserve/demo/00000000", read_key(first.key_file, None)
    first.paths.ledger.mkdir()
    first.paths.vkey.write_text(Signer(name, key).vkey + "\n")
    first.paths.marker.write_bytes(marker_bytes("demo", name))
    with pytest.raises(LogNotAsKnownError, match="There is no checkpoint"):
        found_archive(tmp_path, "demo", keys=keys)
    assert not first.paths.checkpoint.exists()


def test_a_log_begun_anew_on_purpose_takes_the_place_of_the_one_that_was_known(tmp_path: Path, keys: Path) -> None:
    first = found_archive(tmp_path, "demo", keys=keys)
    shutil.rmtree(tmp_path / "demo")
    first.key_file.rename(keys / "demo.old")
    second = found_archive(tmp_path, "demo", keys=keys)
    place = KnownLogs(keys).place(tmp_path / "demo")
    assert place is not None
    assert place.origin == second.origin
