"""What is known of a log decides what may be put in its place."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.formats.tlog.note import Signer
from preserve.provenance.knownlogs import Compared, KnownLogs, LogNotAsKnownError, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import ArchiveStatement, CutStatement, KeyStatement, encode
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended

ORIGIN = "preserve/demo/11111111"


def _signer(name: str, origin: str = ORIGIN) -> Signer:
    return Signer(origin, Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)[:32]))


HONEST, NEXT, EVIL = _signer("honest"), _signer("next"), _signer("evil")


def _statement(number: int, text: str) -> CutStatement:
    return CutStatement(
        file="a.warc.gz", size=0, sha256="", records=0, cut_bytes=number, reason=text or "test", quarantined=None
    )


@dataclass(frozen=True)
class _Log:
    """A log in a folder, made of statements that ``text`` tells from those of another history."""

    paths: CollectionPaths
    signer: Signer = HONEST

    def begin(self, text: str = "") -> "_Log":
        make_dir(self.paths.ledger)
        write_atomic(self.paths.vkey, f"{self.signer.vkey}\n".encode())
        first = ArchiveStatement(
            collection=f"demo{text}",
            format=2,
            origin=self.signer.name,
            key=self.signer.vkey,
            created="2026-01-01T00:00:00Z",
        )
        extended(self.paths, [encode(first)], self.signer)
        return self

    def grow(self, count: int, text: str = "") -> "_Log":
        """Adds statements under one checkpoint."""
        start = Ledger(self.paths).size
        entries = [encode(_statement(n, text)) for n in range(start, start + count)]
        extended(self.paths, entries, self.signer)
        return self

    def change_key(self, new: Signer, *, both: bool = True) -> "_Log":
        change = KeyStatement(old=self.signer.vkey, new=new.vkey, changed="2026-01-02T00:00:00Z", reason="")
        checkpoint = extended(self.paths, [encode(change)], *([self.signer, new] if both else [new]))
        if both:
            make_dir(self.paths.receipts)
            write_atomic(self.paths.kept_checkpoint(checkpoint.size), self.paths.checkpoint.read_bytes())
        write_atomic(self.paths.vkey, f"{new.vkey}\n".encode())
        return _Log(self.paths, new)

    def copy(self, folder: Path) -> "_Log":
        shutil.copytree(self.paths.folder, folder / "demo")
        return _Log(CollectionPaths(folder, "demo"), self.signer)

    def put_back(self, older: "_Log") -> "_Log":
        """Puts another state in the same place."""
        shutil.rmtree(self.paths.folder)
        shutil.copytree(older.paths.folder, self.paths.folder)
        return self


@pytest.fixture
def logs(tmp_path: Path) -> KnownLogs:
    return KnownLogs(tmp_path / "keys")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., _Log]:
    """Makes a log at a place of its own."""

    def made(where: str = "here", signer: Signer = HONEST, text: str = "") -> _Log:
        return _Log(CollectionPaths(tmp_path / where, "demo"), signer).begin(text)

    return made


def _meet(logs: KnownLogs, log: _Log) -> Compared:
    return logs.meet(log.paths.folder, read_log(log.paths, Ledger(log.paths), logs))


def _codes(compared: Compared) -> list[str]:
    return [finding.code for finding in compared.findings]


def test_a_log_that_was_never_seen_is_known_from_then_on(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(3)
    first = _meet(logs, log)
    assert (first.findings, first.log, first.not_noted) == ((), None, "")
    known, place = logs.log(ORIGIN), logs.place(log.paths.folder)
    assert known is not None
    assert place is not None
    assert (known.size, known.keys[-1].vkey, known.is_own) == (4, HONEST.vkey, False)
    assert (place.origin, place.size) == (ORIGIN, 4)
    assert _meet(logs, log).log == known


@pytest.mark.parametrize("count", [1, 300])
def test_growth_is_accepted_wherever_it_happened(logs: KnownLogs, make: Callable[..., _Log], count: int) -> None:
    log = make().grow(3)
    _meet(logs, log)
    log.grow(count)
    assert _codes(_meet(logs, log)) == []
    known = logs.log(ORIGIN)
    assert known is not None
    assert known.size == 4 + count


def test_smaller_than_seen_here_is_rolled_back_and_goes_on_to_be(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path
) -> None:
    log = make().grow(3)
    older = log.copy(tmp_path / "backup")
    _meet(logs, log.grow(5))
    log.put_back(older)
    for _again in range(2):
        assert _codes(_meet(logs, log)) == ["E-LEDGER-ROLLED-BACK"]
    with pytest.raises(LogNotAsKnownError, match="smaller than it was") as told:
        logs.require(log.paths, Ledger(log.paths))
    assert "preserve repair demo --from REPLICA" in told.value.next_step


def test_an_older_copy_elsewhere_is_information_and_takes_no_writer(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path
) -> None:
    log = make().grow(3)
    older = log.copy(tmp_path / "backup")
    _meet(logs, log.grow(5))
    compared = _meet(logs, older)
    assert _codes(compared) == ["I-LEDGER-BEHIND"]
    assert (compared.good, compared.behind) == (True, 5)
    with pytest.raises(LogNotAsKnownError, match="5 statements of its log are not here"):
        logs.require(older.paths, Ledger(older.paths))
    known = logs.log(ORIGIN)
    assert known is not None
    assert known.size == 9


def test_a_copy_that_was_behind_and_grew_is_good(logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path) -> None:
    log = make().grow(3)
    copy = log.copy(tmp_path / "backup")
    _meet(logs, log.grow(5))
    _meet(logs, copy)
    copy.grow(5)
    assert _codes(_meet(logs, copy)) == []
    logs.require(copy.paths, Ledger(copy.paths))


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize(("before", "after"), [(5, 5), (5, 9), (5, 2)], ids=["same", "larger", "smaller"])
def test_two_histories_of_one_key_are_a_fork_everywhere(
    logs: KnownLogs, make: Callable[..., _Log], where: str, before: int, after: int
) -> None:
    log = make().grow(2)
    _meet(logs, log)
    _meet(logs, log.grow(before))
    other = make("other").grow(2, "told otherwise").grow(after)
    if where == "here":
        other = log.put_back(other)
    assert _codes(_meet(logs, other)) == ["E-LEDGER-FORKED"]
    known = logs.log(ORIGIN)
    assert known is not None
    assert known.size == 3 + before


@pytest.mark.parametrize("size", [2, 5, 9])
def test_a_log_of_the_same_name_by_another_key_is_a_fork(logs: KnownLogs, make: Callable[..., _Log], size: int) -> None:
    _meet(logs, make().grow(5))
    assert _codes(_meet(logs, make("other", EVIL).grow(size))) == ["E-LEDGER-FORKED"]


@pytest.mark.parametrize("size", [2, 5, 9])
def test_the_same_statements_under_another_key_are_a_fork(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path, size: int
) -> None:
    log = make().grow(2)
    _meet(logs, log)
    copy = log.copy(tmp_path / "other").grow(size)
    _meet(logs, log.grow(5))
    # Only the signature is another: key and checkpoint of the copy agree.
    write_atomic(copy.paths.vkey, f"{EVIL.vkey}\n".encode())
    _Log(copy.paths, EVIL).grow(1)
    assert _codes(_meet(logs, copy)) == ["E-LEDGER-FORKED"]


def test_another_log_at_a_known_place_is_told_until_it_is_accepted(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(5)
    _meet(logs, log)
    other = make("other", _signer("evil", "preserve/demo/22222222")).grow(40)
    assert _codes(_meet(logs, other)) == []
    log.put_back(other)
    assert _codes(_meet(logs, log)) == ["E-LEDGER-REPLACED"]
    with pytest.raises(LogNotAsKnownError, match="Another log"):
        logs.require(log.paths, Ledger(log.paths))
    logs.forget_place(log.paths.folder)
    assert _codes(_meet(logs, log)) == []


def test_no_checkpoint_at_a_known_place_is_rolled_back(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(5)
    _meet(logs, log)
    shutil.rmtree(log.paths.ledger)
    make_dir(log.paths.ledger)
    assert _codes(_meet(logs, log)) == ["E-LEDGER-ROLLED-BACK"]


def test_a_change_of_key_that_both_signed_is_followed(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path
) -> None:
    log = make().grow(2)
    before = log.copy(tmp_path / "before")
    _meet(logs, log)
    log = log.change_key(NEXT).grow(3)
    assert _codes(_meet(logs, log)) == []
    known = logs.log(ORIGIN)
    assert known is not None
    assert [key.vkey for key in known.keys] == [HONEST.vkey, NEXT.vkey]
    assert _codes(_meet(logs, before)) == ["I-LEDGER-BEHIND"]
    # The key that was given up signs nothing behind its change.
    assert _codes(_meet(logs, before.grow(4))) == ["E-LEDGER-FORKED"]


def test_a_change_of_key_that_the_old_key_did_not_sign_is_a_fork(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(2)
    _meet(logs, log)
    log = log.change_key(EVIL, both=False).grow(3)
    assert _codes(_meet(logs, log)) == ["E-LEDGER-FORKED"]


def test_damaged_tiles_are_not_taken_for_a_fork(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(300)
    _meet(logs, log)
    log.grow(300)
    for tile in (log.paths.ledger / "tile" / "0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(len(tile.read_bytes())))
    assert _codes(_meet(logs, log)) == []


def test_damaged_entries_tell_nothing_and_nothing_is_noted(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(3)
    _meet(logs, log)
    log.grow(3)
    shutil.rmtree(log.paths.ledger / "tile" / "0")
    bundle = next(path for path in (log.paths.ledger / "tile" / "entries").rglob("*") if path.is_file())
    data = bytearray(bundle.read_bytes())
    data[10] ^= 1
    bundle.write_bytes(bytes(data))
    seen = read_log(log.paths, Ledger(log.paths), logs)
    compared = logs.meet(log.paths.folder, seen)
    assert (_codes(compared), compared.is_told) == ([], False)
    known = logs.log(ORIGIN)
    assert known is not None
    assert known.size == 4
    with pytest.raises(ArchiveError, match="too damaged"):
        logs.require(log.paths, Ledger(log.paths))


def test_a_checkpoint_by_another_key_than_the_first_statement_names_is_not_noted(
    logs: KnownLogs, make: Callable[..., _Log]
) -> None:
    log = make().grow(3)
    write_atomic(log.paths.vkey, f"{EVIL.vkey}\n".encode())
    _Log(log.paths, EVIL).grow(1)
    assert _meet(logs, log).not_noted
    assert logs.log(ORIGIN) is None


def test_a_place_is_known_by_its_real_path(logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path) -> None:
    log = make().grow(3)
    older = log.copy(tmp_path / "backup")
    _meet(logs, log.grow(5))
    log.put_back(older)
    (tmp_path / "link").symlink_to(tmp_path / "here")
    linked = _Log(CollectionPaths(tmp_path / "link", "demo"))
    assert _codes(_meet(logs, linked)) == ["E-LEDGER-ROLLED-BACK"]


def test_a_record_that_cannot_be_read_is_told_and_left_as_it_is(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path
) -> None:
    log = make().grow(3)
    _meet(logs, log)
    path = next((tmp_path / "keys" / "known-logs" / "logs").glob("*.json"))
    path.write_bytes(b"{}")
    compared = _meet(logs, log)
    assert (_codes(compared), compared.good, compared.is_told) == (["I-LEDGER-KNOWN"], True, False)
    assert path.read_bytes() == b"{}"
    with pytest.raises(EnvironmentFaultError, match="cannot be read"):
        logs.require(log.paths, Ledger(log.paths))


def test_a_home_that_cannot_be_written_fails_nobody(make: Callable[..., _Log], tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("no folder")
    logs = KnownLogs(tmp_path / "keys")
    compared = _meet(logs, make().grow(3))
    assert (compared.findings, bool(compared.not_noted)) == ((), True)
    logs.require(make("other").paths, Ledger(make("third").paths))


def test_files_are_for_their_owner_only(logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path) -> None:
    _meet(logs, make().grow(3))
    kept = [path for path in (tmp_path / "keys" / "known-logs").rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in kept} == {"0o600"}
    assert {oct(path.parent.stat().st_mode & 0o077) for path in kept} == {"0o0"}
    assert not list((tmp_path / "keys").rglob("*.part"))


def test_what_is_remembered_is_bounded_and_an_older_copy_is_still_one(
    logs: KnownLogs, make: Callable[..., _Log], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.provenance.knownlogs._MAX_SEEN", 3)
    log = make().grow(1)
    _meet(logs, log)
    older = log.copy(tmp_path / "backup")
    for _again in range(6):
        _meet(logs, log.grow(1))
    known = logs.log(ORIGIN)
    assert known is not None
    assert [size for size, _root in known.seen] == [6, 7, 8]
    assert _codes(_meet(logs, older)) == ["I-LEDGER-BEHIND"]


def test_own_logs_are_marked_and_stay_so(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(1)
    _meet(logs, log)
    seen = read_log(log.paths, Ledger(log.paths), logs)
    logs.note_own(log.paths.folder, seen)
    _meet(logs, log.grow(1))
    known = logs.log(ORIGIN)
    assert known is not None
    assert (known.is_own, known.size) == (True, 3)


def test_a_log_begun_on_purpose_takes_the_place_of_another(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make().grow(5)
    _meet(logs, log)
    log.put_back(make("other", _signer("own", "preserve/demo/33333333")))
    seen = read_log(log.paths, Ledger(log.paths), logs)
    assert seen is not None
    assert logs.begin(log.paths.folder, seen) == ""
    assert _codes(_meet(logs, log)) == []


def test_the_sizes_that_are_asked_for_are_those_seen(logs: KnownLogs, make: Callable[..., _Log]) -> None:
    log = make()
    for _again in range(3):
        _meet(logs, log.grow(2))
    assert logs.sizes(ORIGIN, log.paths.folder) == {3, 5, 7}
    assert logs.sizes("preserve/other/11111111", Path(os.devnull)) == frozenset()
