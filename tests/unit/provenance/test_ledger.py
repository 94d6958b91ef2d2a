"""The ledger: what is appended stays, checkpoints cover it, and damage is told."""

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.errors import ArchiveError, EnvironmentFaultError, FormatError
from preserve.formats.tlog.merkle import leaf_hash, root_of, verify_inclusion
from preserve.formats.tlog.note import Signer, open_note
from preserve.provenance import installation, journal
from preserve.provenance.installation import Installation
from preserve.provenance.ledger import Ledger
from preserve.provenance.recovery import UnprovenError
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import CutStatement, KeyStatement, ListingStatement, decode, encode
from preserve.store import ledgerfiles
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended

SIGNER = Signer("preserve/demo/test", Ed25519PrivateKey.from_private_bytes(b"k" * 32))


def _tile_defects(ledger: Ledger) -> list[str]:
    check = ledger.tile_check()
    found = [path for _index, entry in ledger.raw() for path in check.push(leaf_hash(entry))]
    return found + check.finish()


def _paths(folder: Path) -> CollectionPaths:
    paths = CollectionPaths(folder, "demo")
    make_dir(paths.ledger)
    write_atomic(paths.vkey, f"{SIGNER.vkey}\n".encode())
    return paths


def _statement(number: int) -> KeyStatement:
    text = hashlib.sha256(b"%d" % number).hexdigest()
    return KeyStatement(old=str(number), new=text, changed="2026-01-01T00:00:00.000000Z", reason="a test")


def _check(paths: CollectionPaths, size: int) -> None:
    """Everything that a ledger of ``size`` test statements must be, all of them under its checkpoint."""
    ledger = Ledger(paths)
    assert ledger.size == size
    assert [entry for _index, entry in ledger.raw()] == [encode(_statement(n)) for n in range(size)]


def _check_covered(paths: CollectionPaths, size: int) -> None:
    _check(paths, size)
    ledger = Ledger(paths)
    checkpoint = ledger.last_checkpoint()
    leaves = [leaf_hash(encode(_statement(n))) for n in range(size)]
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (size, root_of(leaves))
    open_note(paths.checkpoint.read_bytes(), [SIGNER.verifier])
    for index in {0, size // 2, size - 1}:
        verify_inclusion(leaves[index], index, size, ledger.inclusion_proof(index, size), checkpoint.root)
    assert _tile_defects(ledger) == []
    assert paths.pending.read_bytes() == b""


_LISTING = ListingStatement(
    run="r",
    archive="a",
    uri="u",
    asked="2026-01-01T00:00:00.000000Z",
    answer="none",
    complete=True,
    mementos=0,
    records=(),
    reasons=(),
)


def _session(paths: CollectionPaths, signer: Signer | None = SIGNER) -> WritingSession:
    writer = Writer.of(paths, paths.root / "keys", signer)
    return WritingSession(paths, writer, command="test", kinds=(KeyStatement,))


def _take(session: WritingSession, numbers: range) -> range:
    return session.take([encode(_statement(n)) for n in numbers], [])


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "steps", [(1,), (2, 3), (255, 1), (256,), (257, 1), (100, 156, 300), (600,), (1, 1, 1, 253, 256)]
)
def test_checkpoints_in_any_steps_give_the_root_of_all_statements(tmp_path: Path, steps: tuple[int, ...]) -> None:
    paths = _paths(tmp_path)
    size = 0
    for step in steps:
        with _session(paths) as session:
            assert _take(session, range(size, size + step)) == range(size, size + step)
            size += step
            assert session.ledger.size == size
            assert session.finish() == size
        _check_covered(paths, size)


def test_a_checkpoint_without_new_statements_is_the_last_one(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(1))
        session.finish()
    note = paths.checkpoint.read_bytes()
    with _session(paths) as session:
        assert session.finish() == 1
    assert paths.checkpoint.read_bytes() == note


def test_a_session_that_did_not_end_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(2))
        session.finish()
    with _session(paths) as session:
        _take(session, range(2, 5))
        _take(session, range(5, 6))
    assert Ledger(paths).size == 2
    assert Ledger(paths, _secret(paths)).size == 6
    with _session(paths) as session:
        assert session.ledger.size == 6
        _take(session, range(6, 7))
        session.finish()
    _check_covered(paths, 7)


def _secret(paths: CollectionPaths) -> bytes | None:
    return Installation(paths.root / "keys", paths.name).secret()


@pytest.mark.parametrize("step", [29, pytest.param(7, marks=pytest.mark.slow)])
def test_what_a_crash_leaves_of_a_group_is_no_statement(tmp_path: Path, step: int) -> None:
    """Cut anywhere in the last group, its head not written yet: the groups before it stand."""
    first = _paths(tmp_path / "whole")
    with _session(first) as session:
        _take(session, range(2))
        before = len(first.pending.read_bytes())
        head = Installation(tmp_path / "whole" / "keys", "demo").head_file.read_bytes()
        _take(session, range(2, 4))
    data = first.pending.read_bytes()
    for end in [*range(before, len(data), step), len(data)]:
        folder = tmp_path / str(end)
        shutil.copytree(tmp_path / "whole", folder)
        paths = CollectionPaths(folder, "demo")
        paths.pending.write_bytes(data[:end])
        Installation(folder / "keys", "demo").head_file.write_bytes(head)
        whole = 4 if end == len(data) else 2
        with _session(paths) as session:
            assert session.ledger.size == whole
            _take(session, range(whole, 5))
            session.finish()
        _check_covered(paths, 5)


def test_a_journal_that_ends_before_the_head_is_told_once(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(2))
        shorter = paths.pending.read_bytes()
        _take(session, range(2, 4))
    paths.pending.write_bytes(shorter)
    with pytest.raises(UnprovenError, match="2 statements before the last"), _session(paths):
        pass
    with _session(paths) as session:
        assert session.ledger.size == 3
        (cut,) = [decode(entry) for _index, entry in session.ledger.raw(2)]
        assert isinstance(cut, CutStatement)
        session.finish()


def test_without_the_secret_nothing_that_a_journal_holds_is_taken(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(2))
    Installation(tmp_path / "keys", "demo").secret_file.unlink()
    with pytest.raises(EnvironmentFaultError, match=r"demo\.secret is missing"), _session(paths):
        pass
    assert Ledger(paths).size == 0


def test_a_session_makes_only_the_statements_of_its_command(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session, pytest.raises(TypeError):
        session.state([_LISTING])
    assert Ledger(paths, _secret(paths)).size == 0


def test_a_session_without_the_key_leaves_its_statements_in_the_journal(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths, None) as session:
        _take(session, range(2))
        session.finish()
    assert not paths.checkpoint.exists()
    with _session(paths) as session:
        session.finish()
    _check_covered(paths, 2)


class _DiedError(BaseException):
    """The process died here."""


class _Dying:
    """``write_atomic`` that dies instead of its write number ``left``."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *arguments: Any, **named: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise _DiedError
        write_atomic(*arguments, **named)


def test_a_death_at_any_write_of_a_checkpoint_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in range(1, 50):
        paths = _paths(tmp_path / str(count))
        with _session(paths) as session:
            _take(session, range(300))
            session.finish()
        dying = _Dying(count)
        with suppress(_DiedError), _session(paths) as session:
            _take(session, range(300, 600))
            for module in (ledgerfiles, journal, installation):
                monkeypatch.setattr(module, "write_atomic", dying)
            session.finish()
        for module in (ledgerfiles, journal, installation):
            monkeypatch.setattr(module, "write_atomic", write_atomic)
        if dying.left > 0:
            assert count > 7
            return
        assert Ledger(paths, _secret(paths)).size == 600
        with _session(paths) as session:
            session.finish()
        _check_covered(paths, 600)
    pytest.fail("the checkpoint never came to its end")


def test_every_changed_tile_is_told(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    extended(paths, [encode(_statement(n)) for n in range(300)], SIGNER)
    tiles = [p for p in (paths.ledger / "tile").rglob("*") if p.is_file() and "entries" not in p.parts]
    assert len(tiles) == 3
    for path in tiles:
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert _tile_defects(Ledger(paths)) == [str(path.relative_to(paths.ledger))]
        path.unlink()
        assert _tile_defects(Ledger(paths)) == [str(path.relative_to(paths.ledger))]
        path.write_bytes(data)


@pytest.mark.parametrize("name", ["tile/0/000.p", "tile/entries/000.p", "checkpoint"])
def test_nothing_is_added_to_a_damaged_ledger(tmp_path: Path, name: str) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(3))
        session.finish()
    path = paths.ledger / name
    if path.is_dir():
        (path,) = path.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-4] + bytes([data[-4] ^ 1]) + data[-3:])
    with pytest.raises(ArchiveError) as told, _session(paths):
        pass
    assert "preserve repair demo --from REPLICA" in told.value.next_step


def test_a_ledger_that_is_changed_under_way_is_not_signed(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(3))
        session.finish()
    note = paths.checkpoint.read_bytes()
    tile = next((paths.ledger / "tile" / "entries" / "000.p").iterdir())
    with _session(paths) as session:
        _take(session, range(3, 5))
        tile.write_bytes(tile.read_bytes()[:-1] + b" ")
        with pytest.raises((ArchiveError, FormatError)):
            session.finish()
    assert paths.checkpoint.read_bytes() == note


def test_another_key_is_refused(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with pytest.raises(EnvironmentFaultError), _session(paths, Signer(SIGNER.name, Ed25519PrivateKey.generate())):
        pass


def test_a_ledger_without_its_checkpoint_is_never_begun_anew(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    extended(paths, [encode(_statement(0))], SIGNER)
    paths.checkpoint.unlink()
    with pytest.raises(ArchiveError):
        Ledger(paths)


def test_a_statement_without_a_canonical_form_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(1))
        with pytest.raises(FormatError):
            session.state([_statement(1), msgspec.structs.replace(_statement(2), reason=1.5)])
        assert session.ledger.size == 1


def test_a_session_that_dies_at_its_beginning_is_no_attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in range(1, 20):
        paths = _paths(tmp_path / str(count))
        with _session(paths) as session:
            _take(session, range(3))
            session.finish()
        dying = _Dying(count)
        for module in (journal, installation):
            monkeypatch.setattr(module, "write_atomic", dying)
        with suppress(_DiedError), _session(paths):
            pass
        for module in (journal, installation):
            monkeypatch.setattr(module, "write_atomic", write_atomic)
        with _session(paths) as session:
            _take(session, range(3, 5))
            session.finish()
        _check_covered(paths, 5)
        if dying.left > 0:
            assert count > 2
            return
    pytest.fail("the session never began")


def test_an_entry_of_an_older_bundle_that_was_changed_is_not_read_by_a_session(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(300))
        session.finish()
    path = paths.ledger / "tile" / "entries" / "000"
    path.write_bytes(path.read_bytes().replace(b'"old":"7"', b'"old":"8"'))
    with pytest.raises(ArchiveError, match="not the one under the checkpoint"), _session(paths) as session:
        list(session.ledger.raw())


def test_a_lock_that_leads_elsewhere_is_refused_and_one_that_is_taken_away_ends_the_session(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    with _session(paths) as session:
        _take(session, range(1))
        session.finish()
    key = tmp_path / "a.key"
    key.write_text("a secret")
    for kind in ("symlink", "hard link", "folder"):
        paths.lock.unlink(missing_ok=True)
        if kind == "symlink":
            paths.lock.symlink_to(key)
        elif kind == "hard link":
            paths.lock.hardlink_to(key)
        else:
            paths.lock.mkdir()
        with pytest.raises(EnvironmentFaultError), _session(paths):
            pass
        assert key.read_text() == "a secret"
    paths.lock.rmdir()
    with _session(paths) as session:
        paths.lock.unlink()
        with pytest.raises(ArchiveError):
            _take(session, range(1, 2))
