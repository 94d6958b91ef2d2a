"""An archive put right before anything is added to it: what is proved is taken, a torn end is cut, the rest moved.

Three things are told apart. What the journal proves (`preserve.provenance.journal`) is this program's own: its files
are cut back to the last group commit and sealed, and the `cut` statement says so. What a crash leaves behind that
commit was never a statement, and is dropped. Everything else was not written by this program: it goes to
``quarantine/``, and the session ends before it asks or signs anything. That it agrees with other things on the disk
proves nothing: the same hand can have written both.

Tested by ``tests/unit/provenance/test_ledger.py``.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.provenance.installation import FileState, Installation, JournalHead, Unproven
from preserve.provenance.journal import Journal, Proved, UnprovenLineError
from preserve.provenance.ledger import Ledger
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import CutStatement, decode
from preserve.regular import open_regular
from preserve.store.copying import copy_to_part, free_name, part_of
from preserve.store.durable import make_dir, remove_database, remove_derived, sync_dir, truncate_synced
from preserve.store.layout import IMPORTING_SUFFIX, OPEN_SUFFIX, CollectionPaths, name_when_sealed
from preserve.store.warcfile import count_records, open_files, seal_name

_STEP = 1 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+|^[^A-Za-z0-9]+")
_MAX_NAME = 200
_MOST_TOLD = 20


class UnprovenError(ArchiveError):
    """Something in the archive's folder is not this program's own: ``items``, in quarantine now. Nothing was signed."""

    def __init__(self, message: str, items: tuple[Unproven, ...], *, next_step: str) -> None:
        super().__init__(message, next_step=next_step)
        self.items = items


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One file that an unclean stop left: what was kept of it, sealed, and how many bytes of its end were cut.

    ``records`` 0: nothing was kept.
    """

    file: str
    size: int
    sha256: str
    records: int
    cut_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a session begins with. ``proved``: the journal to go on with; None: a new one is to be begun.

    ``files`` are to be stated as cut; ``importing`` an import has begun to state; ``unproven`` went to quarantine.
    """

    proved: Proved | None
    files: tuple[Recovered, ...] = ()
    importing: tuple[FileState, ...] = ()
    unproven: tuple[Unproven, ...] = ()


def recover(
    paths: CollectionPaths, ledger: Ledger, installation: Installation, *, origin: str, without_unproven: bool = False
) -> Recovery:
    """Puts the archive right. The caller holds the lock, and has proved the ledger's last checkpoint.

    Where something is unproven it is moved aside and nothing else is done: the session that meets it must end.

    Raises:
        EnvironmentFaultError: no secret is there to prove a journal that is not empty, and ``without_unproven`` is not
            given; or a file of the installation cannot be used.
    """
    if installation.secret() is None and _needs_secret(paths) and not without_unproven:
        raise EnvironmentFaultError(
            f"{paths.folder}: a capture did not end, and {installation.secret_file} is missing, which proves what it "
            "wrote",
            next_step="Put the secret back from a copy of the folder of keys. Where there is none, `preserve recover "
            f"{paths.name} --without-unproven` moves what cannot be proved to quarantine; its pages are asked again.",
        )
    return _Recoverer(paths, ledger, installation, origin, installation.make_secret()).run()


def unproven_error(paths: CollectionPaths, items: tuple[Unproven, ...]) -> UnprovenError:
    """What a session ends with that met something unproven."""
    told = "; ".join(f"{item.file}: {item.reason}" for item in items[:_MOST_TOLD])
    more = f"; and {len(items) - _MOST_TOLD} more" if len(items) > _MOST_TOLD else ""
    return UnprovenError(
        f"{paths.folder} holds what this program did not write: {told}{more}",
        items,
        next_step=f"It lies in {paths.quarantine} now; nothing was asked or signed. Find out who writes there. "
        "The next run states what was moved and goes on; addresses that were not stated are asked again.",
    )


def _needs_secret(paths: CollectionPaths) -> bool:
    return _size(paths.pending) > 0 or bool(_unfinished(paths))


def _unfinished(paths: CollectionPaths) -> list[Path]:
    return [*open_files(paths), *sorted(paths.archive.glob(f"*{IMPORTING_SUFFIX}"))]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


@dataclass(slots=True)
class _Recoverer:
    paths: CollectionPaths
    ledger: Ledger
    installation: Installation
    origin: str
    secret: bytes

    def run(self) -> Recovery:
        """See `recover`."""
        journal = Journal(self.paths, self.secret)
        head = self.installation.head()
        if head is not None and head.origin != self.origin:
            # Of a log that was begun before under the same name, with another key.
            head = None
        found, defect = self._proved(journal, head)
        proved, wrong = (None, {}) if found is None else self._by_files(journal, found)
        if wrong:
            defect = f"{min(wrong)} is not what was written to it"
        expected = self._expected(proved, head)
        kept = {} if proved is None else self._unsealed(journal, proved)
        strangers = [path for path in _unfinished(self.paths) if not self._is_known(journal, path, proved, expected)]
        if defect or strangers:
            return self._set_aside(proved, defect, wrong, kept, strangers)
        if proved is not None and proved.torn:
            journal.cut(proved)
        importing = {name: state for name, state in expected.items() if state.state == "importing"}
        recovered = tuple(self._finished({name: kept[name] for name in kept if name not in importing}, expected))
        return Recovery(proved=proved, files=recovered, importing=tuple(importing.values()))

    def _proved(self, journal: Journal, head: JournalHead | None) -> tuple[Proved | None, str]:
        """What the journal proves, and what is wrong with it."""
        try:
            proved = journal.prove()
        except (UnprovenLineError, ArchiveError) as error:
            return None, str(error)
        covered = self.ledger.covered
        if proved is None:
            # A head without MAC is that of a session that ended: its journal was emptied.
            lost = head.size - covered if head is not None and head.mac else 0
            return None, f"it is empty, and had {lost} statements" if lost > 0 else ""
        start = proved.start
        if start.origin != self.origin:
            return None, f"it is of the log {start.origin[:100]}"
        # A head without MAC is of a journal that may not be there yet: one with nothing new may still lie in its place.
        is_before_next = head is not None and not head.mac and proved.size <= covered and not proved.defect
        if head is not None and head.run != start.run and not is_before_next:
            return None, "it is not the one that was written last, but an older one"
        if not start.size <= self.ledger.covered <= proved.size or (
            start.size and self.ledger.root_at(start.size).hex() != start.root
        ):
            return None, "it does not extend the last checkpoint of the log"
        if not proved.defect and head is not None and proved.size < head.size:
            proved.defect = f"it ends {head.size - proved.size} statements before the last that was written"
        return proved, proved.defect

    def _by_files(self, journal: Journal, proved: Proved) -> tuple[Proved | None, dict[str, FileState]]:
        """Back to the last commit at which every file was as it lies there, and the files that are not as they were."""
        wrong = {name: state for name, state in self._unsealed(journal, proved).items() if not self._holds(state)}
        if not wrong:
            return proved, {}
        points = list(journal.points(proved))
        sizes: dict[str, list[int]] = {name: [] for name in wrong}
        for point in points:
            for state in point.mark.files:
                if state.name in wrong:
                    sizes[state.name].append(state.size)
        held = {name: self._prefixes(name, lengths) for name, lengths in sizes.items()}
        good: Proved | None = None
        now: Proved | None = None
        bad: set[str] = set()
        for point in points:
            now = point.onto(now)
            for state in point.mark.files:
                if state.name in wrong:
                    (bad.discard if held[state.name].get(state.size) == state.sha256 else bad.add)(state.name)
            if not bad and now.size >= self.ledger.covered:
                good = now.copy()
        return good, wrong

    def _unsealed(self, journal: Journal, proved: Proved) -> dict[str, FileState]:
        """The files that this program wrote and that no statement of the journal seals."""
        files = dict(proved.files)
        if files:
            for _index, entry in journal.statements(proved):
                for sealed in sealed_in(decode(entry)):
                    files.pop(sealed.name, None)
        return files

    def _holds(self, state: FileState) -> bool:
        return self._prefixes(state.name, [state.size]).get(state.size) == state.sha256

    def _prefixes(self, name: str, sizes: Iterable[int]) -> dict[int, str]:
        """SHA-256 of the first bytes of a file, for each of these lengths that it has. What is no file has none."""
        digest, done = hashlib.sha256(), 0
        found = {0: digest.hexdigest()}
        path = self.paths.held_file(name)
        if path.is_symlink() or not path.is_file():
            return found
        with open_regular(path) as file:
            for size in sorted(set(sizes)):
                while done < size and (data := file.read(min(_STEP, size - done))):
                    digest.update(data)
                    done += len(data)
                if done < size:
                    break
                found[size] = digest.hexdigest()
        return found

    def _expected(self, proved: Proved | None, head: JournalHead | None) -> dict[str, FileState]:
        """The files that may lie there unfinished, as they were last stated."""
        if proved is not None:
            return proved.files
        if head is None:
            return {}
        return {state.name: state for state in head.files if state.state == "importing"}

    def _is_known(self, journal: Journal, path: Path, proved: Proved | None, expected: dict[str, FileState]) -> bool:
        """True for a file that this installation began; one that was only just begun proves it by its name alone."""
        name = name_when_sealed(path.name)
        if path.is_symlink() or not path.is_file():
            return False
        state = expected.get(name)
        if path.name.endswith(IMPORTING_SUFFIX) and state is not None:
            return path == self.paths.held_file(name) and _size(path) == state.size and self._holds(state)
        mine = journal.token_of("" if proved is None else proved.start.run, name)
        return path in {self.paths.open_file(name, mine), self.paths.importing_file(name, mine)}

    def _finished(self, files: dict[str, FileState], expected: dict[str, FileState]) -> Iterator[Recovered]:
        """Cuts every file back to its last commit and seals it; one that holds nothing is removed.

        A file that an import had stated to its end has its name to get; one that it had not begun to state is removed.
        """
        begun = {name_when_sealed(path.name): path for path in open_files(self.paths)}
        for path in sorted(self.paths.archive.glob(f"*{IMPORTING_SUFFIX}")):
            state = expected.get(name_when_sealed(path.name))
            if state is None:
                path.unlink()
            elif state.state == "sealed":
                path.rename(self.paths.archive / state.name)
            sync_dir(self.paths.archive)
        for name in sorted({*files, *begun}):
            state = files.get(name)
            path = begun.get(name, self.paths.archive / name)
            if state is None or not state.size:
                cut = _size(path)
                path.unlink(missing_ok=True)
                sync_dir(self.paths.archive)
                yield Recovered(file=name, size=0, sha256="", records=0, cut_bytes=cut)
                continue
            cut = _size(path) - state.size
            if cut:
                truncate_synced(path, state.size)
            if name in begun:
                path = seal_name(self.paths, path)
            records = count_records(path)
            yield Recovered(file=name, size=state.size, sha256=state.sha256, records=records, cut_bytes=cut)

    def _set_aside(
        self,
        proved: Proved | None,
        defect: str,
        wrong: dict[str, FileState],
        kept: dict[str, FileState],
        strangers: Sequence[Path],
    ) -> Recovery:
        """Moves to quarantine what is not proved; what is proved of a journal or file is put back in its place.

        The list of it is durable first: whatever is killed from here on, the next session states it.
        """
        moves: list[tuple[Path, int, Unproven]] = []
        taken: set[str] = set()

        def plan(path: Path, keep: int, reason: str) -> None:
            clean = _UNSAFE.sub("-", path.name).lstrip("-._")[-_MAX_NAME:] or "unnamed"
            name = free_name(self.paths.quarantine, clean, taken)
            taken.add(name)
            there = path.is_symlink() or path.exists()
            item = Unproven(file=clean, quarantined=name if there else "", bytes=_size(path), reason=reason)
            moves.append((path, keep, item))

        if defect:
            plan(self.paths.pending, 0 if proved is None else proved.end, f"the journal: {defect}")
        for name in sorted(wrong):
            state = kept.get(name)
            path = self.paths.held_file(name)
            plan(path, 0 if state is None else state.size, "the file is not what was written to it")
        planned = {path for path, _keep, _item in moves}
        held = {} if proved is None else proved.files
        for path in [*strangers, *self._unstated(held)]:
            if path not in planned:
                planned.add(path)
                plan(path, 0, "no journal of this installation names the file")
        unproven = tuple(item for _path, _keep, item in moves)
        self.installation.write_unproven((*self._not_stated(), *unproven))
        make_dir(self.paths.quarantine)
        for path, keep, item in moves:
            if item.quarantined:
                self._move(path, keep, self.paths.quarantine / item.quarantined)
        self.installation.write_head(self._head(proved))
        # What was derived may come from what was not proved.
        remove_derived(self.paths)
        remove_database(self.paths.frontier)
        return Recovery(proved=proved, unproven=unproven)

    def _unstated(self, held: dict[str, FileState]) -> list[Path]:
        """Files with the names of sealed ones that no statement under the checkpoint seals, and no journal any more."""
        stated = {sealed.name for _index, statement in self.ledger.statements() for sealed in sealed_in(statement)}
        stated |= {cut.file for _index, cut in self.ledger.statements() if isinstance(cut, CutStatement)}
        known = stated | held.keys()
        unfinished = (OPEN_SUFFIX, IMPORTING_SUFFIX)
        return [
            path
            for path in sorted(self.paths.archive.glob("*"))
            if path.is_file() and path.name not in known and not path.name.endswith(unfinished)
        ]

    def _not_stated(self) -> tuple[Unproven, ...]:
        """What an earlier session moved aside; what it only planned to is found again."""
        held, folder = self.installation.unproven(), self.paths.quarantine
        return tuple(item for item in held if not item.quarantined or (folder / item.quarantined).exists())

    def _move(self, path: Path, keep: int, target: Path) -> None:
        """Moves a file to quarantine; where a beginning of it is kept, the name is never without that beginning."""
        if keep:
            part, aside = part_of(path.parent), part_of(target.parent)
            for left in (part, aside):
                left.unlink(missing_ok=True)
            with open_regular(path) as source:
                copy_to_part(source, aside, _size(path))
            with open_regular(aside) as source:
                copy_to_part(_Beginning(source.read, keep), part, keep)
            aside.rename(target)
            part.replace(path)
        else:
            path.rename(target)
        sync_dir(target.parent)
        sync_dir(path.parent)

    def _head(self, proved: Proved | None) -> JournalHead:
        if proved is None:
            return JournalHead(origin=self.origin, run="", size=self.ledger.covered, mac="")
        return proved.head()


class _Beginning:
    """The first bytes of a stream, as a stream."""

    def __init__(self, read: Callable[[int], bytes], size: int) -> None:
        self._read = read
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, as long as there are any."""
        data = self._read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data
