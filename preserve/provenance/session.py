"""One writing session of a collection: the only code that adds to a log, and the only one that signs for it (ADR 0018).

The order, which no command has a second version of:

1. the lock; what a killed process left half written is removed;
2. what is extended is proved: the last checkpoint is signed by the key, its root follows from the tiles, the entries
   that new ones join are those of the tile, and the log is the one that is known from outside the archive;
3. what a stopped session left is put right (`preserve.provenance.recovery`); what is not proved to be this program's
   own ends the session here, before anything is asked or signed;
4. the catalogue catches up;
5. groups of statements: the journal is synced, then its head outside the archive, then the catalogue;
6. the end: catalogue, index, and last the checkpoint. A process that dies before it leaves all of them behind alike.

A session takes the kinds of statement that its command may make, and no others: a change of the key comes from
``key rotate`` and from nothing else.

Tested by ``tests/unit/provenance/test_journal.py``.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import UNSET

from preserve.errors import ArchiveError, BrokenStateError, FormatError
from preserve.formats.tlog.files import Checkpoint, format_checkpoint, parse_checkpoint
from preserve.formats.tlog.note import Signer, open_note, parse_vkey
from preserve.formats.tlog.signing import sign_note
from preserve.model import new_uuid
from preserve.provenance.derive import catch_up, rebuild, refuse
from preserve.provenance.installation import FileState, IndexMark, Installation, JournalHead
from preserve.provenance.journal import Journal, Proved
from preserve.provenance.knownlogs import KnownLogs, read_log
from preserve.provenance.leaves import Leaves
from preserve.provenance.ledger import Ledger, check_signer
from preserve.provenance.recovery import Recovered, Recovery, recover, unproven_error
from preserve.provenance.rows import row_of
from preserve.provenance.statements import CutStatement, RecordStatement, Statement, encode
from preserve.regular import FileIdentity, read_regular
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.durable import Lock, remove_derived, remove_parts
from preserve.store.index import UnusableIndexError, extend_index, write_index
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import seal_name

_MAX_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: the signer of the log, None where its key is not at hand, and this installation's files of it."""

    signer: Signer | None
    installation: Installation

    @classmethod
    def of(cls, paths: CollectionPaths, keys: Path, signer: Signer | None) -> Self:
        """For a collection and the folder of signing keys."""
        return cls(signer=signer, installation=Installation(keys, paths.name))


class WritingSession:
    """Takes the lock when it is entered. What was stated is under a checkpoint only after `finish`.

    ``kinds`` are those of statements that ``command`` may make. ``prepare`` is called under the lock before anything is
    proved, and says who writes: a repair puts a ledger together there. ``without_unproven``: a secret that is missing
    is made anew, and what it would have proved is moved to quarantine. ``is_brief``: it states what is known already,
    and the next writer waits for it.
    """

    def __init__(
        self,
        paths: CollectionPaths,
        writer: Writer,
        *,
        command: str,
        kinds: Sequence[type[Statement]],
        prepare: Callable[[], Writer] | None = None,
        without_unproven: bool = False,
        is_brief: bool = False,
    ) -> None:
        self._paths = paths
        self._writer = writer
        self._kinds = (*kinds, CutStatement)
        self._prepare = prepare
        self._without_unproven = without_unproven
        self._lock = Lock(paths.lock, f"preserve {command}", is_brief=is_brief)
        self._catalogue: Catalogue | None = None
        self.recovered: tuple[Recovered, ...] = ()
        """Files that the session before left open, which this one sealed and stated."""
        self.importing: tuple[FileState, ...] = ()
        """Files that an import has begun to state."""

    def __enter__(self) -> Self:
        self._lock.__enter__()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session as it is: what was stated stays in the journal, for the next one."""
        self.release_catalogue()
        self._lock.__exit__(None, None, None)

    def _begin(self) -> None:
        paths = self._paths
        remove_parts(paths)
        if self._prepare is not None:
            self._writer = self._prepare()
        installation = self._writer.installation
        self.ledger = Ledger(paths)
        self._last = self._proved_checkpoint()
        self._known = KnownLogs(installation.keys)
        self._known.require(paths, self.ledger)
        self._catch_up(unclean=False)
        recovery = recover(
            paths, self.ledger, installation, origin=self.origin, without_unproven=self._without_unproven
        )
        if recovery.unproven:
            # What was derived was deleted: it may have come from what is not proved.
            self.release_catalogue()
            rebuild(paths, self.ledger)
            raise unproven_error(paths, recovery.unproven)
        self._journal = Journal(paths, installation.make_secret())
        self._proved = self._continued(recovery)
        self.ledger.follow(self._journal, self._proved)
        self._catch_up(unclean=recovery.proved is not None)
        self.recovered, self.importing = recovery.files, recovery.importing
        aside = installation.unproven()
        cuts: list[Statement] = [
            CutStatement(
                file=item.file,
                size=0,
                sha256="",
                records=0,
                cut_bytes=item.bytes,
                reason=f"not proved: {item.reason}"[:_MAX_REASON],
                quarantined=item.quarantined or None,
            )
            for item in aside
        ]
        cuts += [
            CutStatement(
                file=item.file,
                size=item.size,
                sha256=item.sha256,
                records=item.records,
                cut_bytes=item.cut_bytes,
                reason="unclean stop",
                quarantined=None,
            )
            for item in recovery.files
        ]
        if cuts:
            self.state(cuts)
        if aside:
            installation.write_unproven(())

    def _proved_checkpoint(self) -> Checkpoint | None:
        """The last checkpoint, signed by the log's key and over tiles that give its root; None where there is none."""
        paths, signer = self._paths, self._writer.signer
        if signer is not None:
            check_signer(paths, signer)
            verifier = parse_vkey(signer.vkey)
        else:
            verifier = parse_vkey(read_regular(paths.vkey).decode("ascii", errors="replace").strip())
        self.origin = verifier.name
        note = self.ledger.note()
        if note is None:
            return None
        try:
            checkpoint = parse_checkpoint(open_note(note, [verifier]).text)
        except FormatError as error:
            raise ArchiveError(
                f"{paths.checkpoint} is not signed by the key of the log: {error}",
                next_step=f"Run `preserve repair {paths.name} --from REPLICA`. Nothing is signed over damage.",
            ) from error
        self.ledger.proved_tree(checkpoint)
        self.ledger.prove_bundles(Leaves(Ledger(paths), checkpoint).check)
        return checkpoint

    def _continued(self, recovery: Recovery) -> Proved:
        """The journal to go on with: the one that was proved, or a new one. Its head is durable before it is."""
        installation, proved = self._writer.installation, recovery.proved
        if proved is not None and proved.size > self.ledger.covered:
            installation.write_head(proved.head())
            return proved
        size, run = self.ledger.covered, new_uuid()
        root = b"" if self._last is None else self._last.root
        # A head without MAC is of a journal that may not be there yet.
        installation.write_head(JournalHead(origin=self.origin, run=run, size=size, mac="", files=recovery.importing))
        return self._journal.begin(origin=self.origin, size=size, root=root, run=run, files=recovery.importing)

    def _catch_up(self, *, unclean: bool) -> None:
        """A catalogue that is behind catches up. One that is broken, or says more than the log, is made again.

        Raises:
            NewerFormatError: the log has statements that a newer program wrote.
        """
        try:
            if unclean:
                self.catalogue.check_sound()
            is_whole = self.catalogue.ledger_size <= self._known_size()
            if is_whole:
                catch_up(self._paths, self.ledger, self.catalogue)
        except (BrokenStateError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            is_whole = False
        if not is_whole:
            self.release_catalogue()
            remove_derived(self._paths)
            catch_up(self._paths, self.ledger, self.catalogue)
        refuse(self._paths.name, self.catalogue.newer_statements)

    def _known_size(self) -> int:
        """Statements of the log, those of a journal that is not proved yet included."""
        head = self._writer.installation.head()
        return max(self.ledger.size, 0 if head is None or head.origin != self.origin else head.size)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue, opened when it is first asked for."""
        if self._catalogue is None:
            self._catalogue = Catalogue.open(self._paths)
        return self._catalogue

    def release_catalogue(self) -> None:
        """Closes the catalogue: no open database may cross a fork."""
        if self._catalogue is not None:
            self._catalogue.close()
            self._catalogue = None

    def mac_of(self, *texts: str) -> bytes:
        """The MAC of these texts, for what a run keeps in the archive's folder until it has ended."""
        return self._journal.mac_of(*texts)

    def replies_of_run(self, run: str) -> Iterator[tuple[str, int | None, str | None]]:
        """Address, status and challenge of the replies that a run stated and that are under no checkpoint yet."""
        for _index, statement in self.ledger.statements(self.ledger.covered):
            match statement:
                case RecordStatement(uri=str() as uri, run=of_run, type="response" | "revisit", method=method) if (
                    of_run == run and method is UNSET
                ):
                    yield uri, statement.status, statement.challenge

    def leaves(self) -> Leaves | None:
        """The statements under the checkpoint that the session began with; None where there was none."""
        return None if self._last is None else Leaves(Ledger(self._paths), self._last)

    def token_of(self, name: str) -> str:
        """What stands in the name of an open file of this session."""
        return self._journal.token_of(self._proved.start.run, name)

    def state(self, statements: Sequence[Statement], files: Sequence[FileState] = ()) -> range:
        """States these durably, as one group; returns their indexes.

        Raises:
            FormatError: one has no canonical form or is too long; none is stated then.
        """
        for statement in statements:
            if not isinstance(statement, self._kinds):
                raise TypeError(f"this session makes no statements of the kind {type(statement).__name__}")
        entries = [encode(statement) for statement in statements]
        return self.take(entries, [row_of(statement) for statement in statements], files)

    def take(
        self, entries: Sequence[bytes], rows: Sequence[StatementRow] | None, files: Sequence[FileState] = ()
    ) -> range:
        """Takes a group of encoded statements, and how long the files are that hold their records; durable on return.

        ``rows`` None: the catalogue catches up with them at the end.
        """
        first = self._proved.size
        if not self._lock.is_held:
            raise _changed(self._paths)
        if entries or files:
            self._journal.append(self._proved, entries, files)
            self._writer.installation.write_head(self._proved.head())
        if rows:
            self.catalogue.apply(first, rows)
            self.catalogue.commit()
        return range(first, first + len(entries))

    def seal_file(self, name: str) -> None:
        """Gives an open file of this session its name for ever. What it holds was taken before.

        Raises:
            OSError: it is not there, or cannot be renamed.
        """
        seal_name(self._paths, self._paths.open_file(name, self.token_of(name)))

    def finish(self, *others: Signer) -> int:
        """Catalogue and index, and then a signed checkpoint over all; returns the number of statements.

        ``others`` sign it too, as a key does that is to follow. Without the log's key nothing is signed, and the
        statements stay in the journal.

        Raises:
            ArchiveError: the ledger was changed since the session began; nothing is signed.
            EnvironmentFaultError: what was signed cannot be noted beside the key; the next session notes it.
        """
        catch_up(self._paths, self.ledger, self.catalogue)
        # The index before the checkpoint: once all statements are covered, everything derived agrees with them.
        self._write_index()
        if self._writer.signer is not None:
            self._cover([self._writer.signer, *others])
            self._mark_index()
        return self.ledger.size

    def _write_index(self) -> None:
        """Adds the lines of new statements, where the index is the file that this installation wrote; else all."""
        mark, last = self._writer.installation.index_mark(), self._last
        if mark is not None and last is not None and self._is_as_marked(mark, last):
            with suppress(UnusableIndexError):
                extend_index(self._paths, self.catalogue, mark.size)
                return
        write_index(self._paths, self.catalogue)

    def _is_as_marked(self, mark: IndexMark, last: Checkpoint) -> bool:
        """Whether the log begins with what the index was made of, and the index is the file that was written then."""
        is_of_log = mark.origin == self.origin and 0 < mark.size <= last.size
        return (
            is_of_log
            and self.ledger.root_at(mark.size).hex() == mark.root
            and FileIdentity.of(self._paths.index) == mark.file
        )

    def _mark_index(self) -> None:
        identity = FileIdentity.of(self._paths.index)
        if self._last is not None and identity is not None:
            mark = IndexMark(origin=self.origin, size=self._last.size, root=self._last.root.hex(), file=identity)
            self._writer.installation.write_index_mark(mark)

    def _cover(self, signers: Sequence[Signer]) -> None:
        last = self._last
        size = self._proved.size
        if last is None or last.size != size:
            covered = 0 if last is None else last.size
            entries = (entry for _index, entry in self._journal.statements(self._proved, covered))
            tree = self.ledger.extend(entries, last)
            if tree.size != size or not self._lock.is_held:
                raise _changed(self._paths)
            made = Checkpoint(origin=self.origin, size=size, root=tree.root())
            self._last = self.ledger.cover(sign_note(format_checkpoint(made), signers))
            self._known.note_own(self._paths.folder, read_log(self._paths, self.ledger, self._known))
        importing = tuple(state for state in self._proved.files.values() if state.state == "importing")
        self._writer.installation.write_head(
            JournalHead(origin=self.origin, run=self._proved.start.run, size=size, mac="", files=importing)
        )
        self._journal.end()


def _changed(paths: CollectionPaths) -> ArchiveError:
    return ArchiveError(
        f"{paths.ledger} was changed while it was written to; nothing was signed",
        next_step="Find out what else writes to the archive, and run it again.",
    )
