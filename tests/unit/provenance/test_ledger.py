"""The ledger: what is appended stays, checkpoints cover it, and damage is told."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.errors import ArchiveError, EnvironmentFaultError, FormatError
from preserve.formats.merkle import leaf_hash, root_of, verify_inclusion
from preserve.formats.note import Signer, open_note
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Cut, encode
from preserve.store import ledgerfiles
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths

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


def _statement(number: int) -> Cut:
    sha256 = hashlib.sha256(b"%d" % number).hexdigest()
    return Cut(file="a.warc.gz", size=number, sha256=sha256, records=1, cut_bytes=0, reason="test", quarantined=None)


def _check(paths: CollectionPaths, size: int) -> None:
    """Everything that a ledger of ``size`` test statements must be."""
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


@pytest.mark.parametrize(
    "steps", [(1,), (2, 3), (255, 1), (256,), (257, 1), (100, 156, 300), (600,), (1, 1, 1, 253, 256)]
)
def test_checkpoints_in_any_steps_give_the_root_of_all_statements(tmp_path: Path, steps: tuple[int, ...]) -> None:
    paths = _paths(tmp_path)
    size = 0
    for step in steps:
        ledger = Ledger(paths)
        assert ledger.append([_statement(n) for n in range(size, size + step)]) == range(size, size + step)
        size += step
        _check(paths, size)
        ledger.checkpoint(SIGNER)
        _check_covered(paths, size)


def test_a_checkpoint_without_new_statements_is_the_last_one(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    ledger = Ledger(paths)
    ledger.append([_statement(0)])
    first = ledger.checkpoint(SIGNER)
    note = paths.checkpoint.read_bytes()
    assert Ledger(paths).checkpoint(SIGNER) == first
    assert paths.checkpoint.read_bytes() == note


def test_a_journal_cut_anywhere_holds_whole_statements_and_goes_on(tmp_path: Path) -> None:
    paths = _paths(tmp_path / "whole")
    Ledger(paths).append([_statement(n) for n in range(3)])
    data = paths.pending.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == 0x0A]
    for end in range(len(data) + 1):
        paths = _paths(tmp_path / str(end))
        paths.pending.write_bytes(data[:end])
        whole = sum(1 for e in ends if e <= end)
        _check(paths, whole)
        ledger = Ledger(paths)
        ledger.append([_statement(n) for n in range(whole, 4)])
        ledger.checkpoint(SIGNER)
        _check_covered(paths, 4)


class _DiedError(BaseException):
    """The process died here."""


def test_a_death_at_any_write_of_a_checkpoint_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write_atomic
    for count in range(1, 50):
        paths = _paths(tmp_path / str(count))
        ledger = Ledger(paths)
        ledger.append([_statement(n) for n in range(300)])
        ledger.checkpoint(SIGNER)
        ledger.append([_statement(n) for n in range(300, 600)])
        left = count

        def dying(*arguments: Any, **named: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise _DiedError
            real(*arguments, **named)

        monkeypatch.setattr(ledgerfiles, "write_atomic", dying)
        with suppress(_DiedError):
            ledger.checkpoint(SIGNER)
        monkeypatch.setattr(ledgerfiles, "write_atomic", real)
        if left > 0:
            assert count > 5
            return
        _check(paths, 600)
        Ledger(paths).checkpoint(SIGNER)
        _check_covered(paths, 600)
    pytest.fail("the checkpoint never came to its end")


def test_every_changed_tile_is_told(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    ledger = Ledger(paths)
    ledger.append([_statement(n) for n in range(300)])
    ledger.checkpoint(SIGNER)
    tiles = [p for p in (paths.ledger / "tile").rglob("*") if p.is_file() and "entries" not in p.parts]
    assert len(tiles) == 3
    for path in tiles:
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert _tile_defects(Ledger(paths)) == [str(path.relative_to(paths.ledger))]
        path.unlink()
        assert _tile_defects(Ledger(paths)) == [str(path.relative_to(paths.ledger))]
        path.write_bytes(data)


def test_nothing_is_signed_over_damaged_tiles(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    ledger = Ledger(paths)
    ledger.append([_statement(n) for n in range(3)])
    ledger.checkpoint(SIGNER)
    path = next((paths.ledger / "tile" / "0" / "000.p").iterdir())
    path.write_bytes(path.read_bytes()[::-1])
    ledger = Ledger(paths)
    ledger.append([_statement(3)])
    with pytest.raises(ArchiveError):
        ledger.checkpoint(SIGNER)


def test_another_key_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(_paths(tmp_path))
    ledger.append([_statement(0)])
    with pytest.raises(EnvironmentFaultError):
        ledger.checkpoint(Signer(SIGNER.name, Ed25519PrivateKey.generate()))


def test_a_ledger_without_its_checkpoint_is_never_begun_anew(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    ledger = Ledger(paths)
    ledger.append([_statement(0)])
    ledger.checkpoint(SIGNER)
    paths.checkpoint.unlink()
    with pytest.raises(ArchiveError):
        Ledger(paths)


@pytest.mark.parametrize(
    "journal",
    [b"rubbish\n", b'{"index":1,"statement":{}}\n', b'{"index":0,"statement":{}}\n{"index":2,"statement":{}}\n{}\n'],
)
def test_a_damaged_journal_is_told(tmp_path: Path, journal: bytes) -> None:
    paths = _paths(tmp_path)
    paths.pending.write_bytes(journal)
    with pytest.raises(ArchiveError):
        Ledger(paths)


def test_a_statement_without_a_canonical_form_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    paths = _paths(tmp_path)
    ledger = Ledger(paths)
    ledger.append([_statement(0)])
    with pytest.raises(FormatError):
        ledger.append([_statement(1), msgspec.structs.replace(_statement(2), size=1.5)])
    _check(paths, 1)
