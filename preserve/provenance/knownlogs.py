"""What is known of logs from outside their archives: by origin, and by the place where a collection lies.

Whoever can write to an archive can put an older state of it back, or another log in its place, and everything in it
agrees. What was seen before does not lie there: it is kept beside the signing keys, in ``known-logs/`` ::

    logs/<SHA-256 of the origin, 32 hex digits>.json     keys, the newest checkpoint, sizes and roots seen
    places/<SHA-256 of the real path, 32 hex digits>.json    origin, size and root that were last seen there

The rules, with *s* and *r* the size and root of the log that is looked at:

- nothing known of origin and place: it is known from now on;
- another origin than the one known at this place: the log was replaced (``E-LEDGER-REPLACED``);
- it does not begin with what was seen of its origin, or is signed by other keys: a fork (``E-LEDGER-FORKED``);
- *s* below the size seen at this place: rolled back (``E-LEDGER-ROLLED-BACK``);
- *s* below the size seen elsewhere: a copy that is behind (``I-LEDGER-BEHIND``);
- *s* above: it grew, here or where somebody else has the key. A change of key is followed where both keys signed it.

Only a log that nothing is wrong with is noted. A record that cannot be written costs a reading command nothing.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, Self, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from preserve.errors import ArchiveError, BrokenStateError, EnvironmentFaultError, FormatError, PreserveError
from preserve.findings import CODES, Finding
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash, verify_consistency
from preserve.formats.tlog.note import UnknownKeyError, Verifier, open_note, parse_note, parse_vkey
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.keychain import BeginsWith, LogKey, is_signed_change, read_keys
from preserve.provenance.ledger import Ledger
from preserve.regular import open_regular
from preserve.store.durable import write_atomic
from preserve.store.layout import CollectionPaths

_MAX_FILE_BYTES = 1 << 20
_MAX_SEEN = 512
"""Checkpoints of a log that are remembered, the newest: by them an older copy is told from a fork."""
_NAME_DIGITS = 32


class SeenLog(Struct, frozen=True, kw_only=True):
    """A log as it is read. ``keys`` from the first to that in force; ``notes``: signed checkpoints that are held,
    by size; ``begins_with``: whether the log has this root at that size.
    """

    origin: str
    size: int
    root: bytes
    note: bytes
    keys: tuple[LogKey, ...]
    notes: Mapping[int, bytes]
    begins_with: BeginsWith

    def goes_on_from(self, size: int, root: bytes) -> bool:
        """Whether it is this state of a log, or a later one; False, too, where that cannot be told."""
        return size <= self.size and (root == self.root if size == self.size else self.begins_with(size, root) is True)


class KnownLog(Struct, frozen=True, kw_only=True):
    """What is known of a log. ``seen``: sizes and roots of checkpoints, ascending; the last is the newest.

    ``is_own``: its checkpoints were signed here.
    """

    origin: str
    keys: tuple[LogKey, ...]
    note: bytes
    seen: tuple[tuple[int, bytes], ...]
    is_own: bool

    @property
    def size(self) -> int:
        """Statements under the newest checkpoint seen."""
        return self.seen[-1][0]

    def keys_at(self, size: int) -> tuple[LogKey, ...]:
        """The keys that a log of ``size`` statements has; the last signs it."""
        return tuple(key for key in self.keys if key.since < size)

    def seen_within(self, size: int) -> tuple[int, bytes] | None:
        """The largest checkpoint seen that covers ``size`` statements or fewer."""
        return next((item for item in reversed(self.seen) if item[0] <= size), None)


class KnownPlace(Struct, frozen=True, kw_only=True):
    """What was last seen at a place."""

    origin: str
    size: int
    root: bytes


class Compared(Struct, frozen=True, kw_only=True):
    """The outcome. ``behind``: statements that a newer state of the log has. ``is_told``: False where archive or record
    is too damaged to say whether it is the log known. ``not_noted``: why it was not noted, where it was to be.
    """

    findings: tuple[Finding, ...] = ()
    log: KnownLog | None = None
    place: KnownPlace | None = None
    behind: int = 0
    is_told: bool = True
    not_noted: str = ""

    @property
    def good(self) -> bool:
        """True where nothing is wrong."""
        return not any(finding.is_problem for finding in self.findings)


class LogNotAsKnownError(ArchiveError):
    """A log is not what is known of it: nothing may be written to it. ``findings`` says why."""

    def __init__(self, message: str, findings: tuple[Finding, ...], *, next_step: str) -> None:
        super().__init__(message, next_step=next_step)
        self.findings = findings

    @classmethod
    def of(cls, paths: CollectionPaths, findings: Sequence[Finding]) -> Self:
        """What speaks against the log of an archive, the first of it in words."""
        first = findings[0]
        return cls(
            f"{paths.folder}: {CODES[first.code].meaning} {first.detail}".rstrip(),
            tuple(findings),
            next_step=CODES[first.code].next_step.replace("COLLECTION", paths.name),
        )


class _LogFile(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    origin: str
    own: bool
    keys: list[tuple[int, str]]
    checkpoint: str
    seen: list[tuple[int, str]]


class _PlaceFile(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    path: str
    origin: str
    size: int
    root: str


_File = TypeVar("_File", _LogFile, _PlaceFile)


class KnownLogs:
    """The record of known logs beside the signing keys (``keys`` is their folder).

    ``at``: the place that counts for a log that was fetched from there, wherever it lies now. ``then``: see `as_now`.
    """

    def __init__(self, keys: Path, *, at: Path | None = None, then: tuple[KnownPlace | None] | None = None) -> None:
        self._keys = keys
        self._folder = keys / "known-logs"
        self._at = at
        self._then = then

    def as_now(self, folder: Path) -> Self:
        """The same, for a reading that begins now: what is noted of the place meanwhile is newer than what is read, and
        does not speak against it.
        """
        with suppress(EnvironmentFaultError):
            return type(self)(self._keys, at=self._at, then=(self.place(folder),))
        return self

    def log(self, origin: str) -> KnownLog | None:
        """What is known of a log.

        Raises:
            BrokenStateError: its file cannot be read.
        """
        held = _load(self._log_path(origin), _LogFile)
        if held is None:
            return None
        try:
            known = KnownLog(
                origin=held.origin,
                keys=tuple(LogKey(since, vkey) for since, vkey in held.keys),
                note=held.checkpoint.encode("utf-8"),
                seen=tuple((size, base64.b64decode(root, validate=True)) for size, root in held.seen),
                is_own=held.own,
            )
            newest = parse_checkpoint(parse_note(known.note).text)
        except (FormatError, ValueError) as error:
            raise _unreadable(self._log_path(origin), str(error)) from error
        sizes = [size for size, _root in known.seen]
        if (newest.origin, known.origin) != (origin, origin) or not known.keys or sizes != sorted(set(sizes)):
            raise _unreadable(self._log_path(origin), "it is of another log")
        if not sizes or known.seen[-1] != (newest.size, newest.root):
            raise _unreadable(self._log_path(origin), "its last checkpoint is not the one that it holds")
        return known

    def place(self, folder: Path) -> KnownPlace | None:
        """What is known of the place where a collection lies.

        Raises:
            BrokenStateError: its file cannot be read.
        """
        held = _load(self._place_path(folder), _PlaceFile)
        if held is None:
            return None
        try:
            root = base64.b64decode(held.root, validate=True)
        except ValueError as error:
            raise _unreadable(self._place_path(folder), str(error)) from error
        return KnownPlace(origin=held.origin, size=held.size, root=root)

    def of_archive(self, paths: CollectionPaths) -> KnownLog | None:
        """What is known of the log that lay at this place; else of the one that the archive says that it has.

        Raises:
            BrokenStateError: a file of the record cannot be read.
        """
        place = self.place(paths.folder)
        if place is not None:
            return self.log(place.origin)
        for path in (paths.checkpoint, paths.vkey):
            with suppress(OSError, FormatError, UnicodeDecodeError):
                with open_regular(path) as file:
                    text = file.read(DEFAULT_LIMITS.max_note_bytes).decode("utf-8")
                origin = parse_vkey(text.strip()).name if path == paths.vkey else text.partition("\n")[0]
                if (known := self.log(origin)) is not None:
                    return known
        return None

    def sizes(self, origin: str, folder: Path) -> frozenset[int]:
        """The sizes at which `compare` will ask for the root, for those who read the entries once.

        What cannot be read is told by `compare`.
        """
        wanted: set[int] = set()
        with suppress(EnvironmentFaultError):
            if (known := self.log(origin)) is not None:
                wanted |= {size for size, _root in known.seen}
            if (place := self.place(folder)) is not None:
                wanted.add(place.size)
        return frozenset(wanted)

    def compare(self, folder: Path, seen: SeenLog | None) -> Compared:
        """Holds a log against what is known of it and of the place where it lies. ``seen`` None: there is none.

        A record that cannot be read is a finding of information (``I-LEDGER-KNOWN``): nothing can be told then.
        """
        return self._compared(folder, seen, self._then)

    def _compared(self, folder: Path, seen: SeenLog | None, then: tuple[KnownPlace | None] | None = None) -> Compared:
        try:
            (place,) = (self.place(folder),) if then is None else then
            origin = place.origin if seen is None and place is not None else seen.origin if seen is not None else ""
            known = self.log(origin) if origin else None
        except EnvironmentFaultError as error:
            finding = Finding(code="I-LEDGER-KNOWN", where="known-logs", detail=str(error))
            return Compared(findings=(finding,), is_told=False)
        return _Comparison(known, place).outcome(seen)

    def glance(self, paths: CollectionPaths, ledger: Ledger) -> Compared:
        """Compares cheaply: a log of which nothing is known, here or elsewhere, is not read.

        Raises:
            ArchiveError, FormatError: the ledger is too damaged to be read.
        """
        note = ledger.note()
        origin = "" if note is None else parse_checkpoint(parse_note(note).text).origin
        if not self.sizes(origin, paths.folder):
            return Compared()
        return self.compare(paths.folder, read_log(paths, ledger, self))

    def meet(self, folder: Path, seen: SeenLog | None) -> Compared:
        """Compares, and notes what was seen where nothing is wrong with it and it can be noted."""
        if seen is None:
            return self.compare(folder, seen)
        try:
            return self._compare_and_note(folder, seen, own=False)
        except (OSError, EnvironmentFaultError, FormatError) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            return replace(self.compare(folder, seen), not_noted=reason)

    def note_own(self, folder: Path, seen: SeenLog | None) -> None:
        """Notes a checkpoint that was signed here just now. Of a log whose statements name no key of it, none is.

        Raises:
            EnvironmentFaultError: it cannot be noted.
        """
        if seen is None:
            return
        try:
            with suppress(FormatError):
                self._compare_and_note(folder, seen, own=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def begin(self, folder: Path, seen: SeenLog) -> str:
        """Notes a log begun here on purpose, whatever lay at its place; returns why it could not, or ``""``."""
        try:
            with self._locked():
                self._note(folder, seen, Compared(log=self.log(seen.origin)), own=True)
        except (OSError, EnvironmentFaultError, FormatError) as error:
            return error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return ""

    def forget_place(self, folder: Path) -> None:
        """Forgets what lay at a place: something else was put there on purpose.

        Raises:
            EnvironmentFaultError: it cannot be.
        """
        try:
            self._place_path(folder).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def set_back(self, folder: Path, tail: SeenLog, head: SeenLog) -> None:
        """Puts a log in the place of what is known, where only ``tail`` speaks against it: what was signed here, and is
        given up for the ``head`` that all machines have. What lay at ``folder`` is forgotten.

        Raises:
            LogNotAsKnownError: something else that was seen speaks against it, too; nothing is changed.
            EnvironmentFaultError: it cannot be.
        """
        with self._locked():
            known = self.log(head.origin)
            if known is not None:
                held = [item for item in known.seen if head.goes_on_from(*item)]
                given_up = [item for item in known.seen if item not in held]
                if not known.is_own or not all(tail.goes_on_from(*item) for item in given_up):
                    raise LogNotAsKnownError(
                        f"{folder.name}: the log of the fleet is not the one that is known here",
                        _Comparison(known, None).outcome(head).findings,
                        next_step="Find out who else signs with its key. Nothing was changed.",
                    )
                seen = (*(item for item in held if item[0] < head.size), (head.size, head.root))
                made = replace(known, keys=head.keys, note=head.note, seen=seen)
                _store(self._log_path(head.origin), _encoded(made))
        self.forget_place(folder)

    def require(self, paths: CollectionPaths, ledger: Ledger) -> Compared:
        """For whoever is about to write: the log must be the newest state that is known of it.

        Raises:
            LogNotAsKnownError: it is not; signing it would make two histories under one key.
            ArchiveError: the ledger is too damaged to tell.
            EnvironmentFaultError: the record cannot be read.
        """
        self.place(paths.folder)
        seen = read_log(paths, ledger, self)
        if seen is not None:
            self.log(seen.origin)
        compared = self.compare(paths.folder, seen)
        if not compared.good:
            raise LogNotAsKnownError.of(paths, compared.findings)
        if compared.behind:
            raise LogNotAsKnownError(
                f"{paths.folder} is an older copy: {compared.behind} statements of its log are not here",
                compared.findings,
                next_step=CODES["E-LEDGER-ROLLED-BACK"].next_step.replace("COLLECTION", paths.name),
            )
        if not compared.is_told:
            raise ArchiveError(
                f"{paths.ledger}: it is too damaged to tell whether it is the log that is known",
                next_step=f"Run `preserve repair {paths.name} --from REPLICA`.",
            )
        return compared

    def _compare_and_note(self, folder: Path, seen: SeenLog, *, own: bool) -> Compared:
        with self._locked():
            compared = self._compared(folder, seen)
            if compared.good and compared.is_told:
                self._note(folder, seen, compared, own=own)
                return compared
        # What was noted since a reading began is newer than what was read, and stays.
        return compared if self._then is None else self.compare(folder, seen)

    def _note(self, folder: Path, seen: SeenLog, compared: Compared, *, own: bool) -> None:
        if not seen.keys:
            raise FormatError("its first statement names no key")
        signed = parse_checkpoint(open_note(seen.note, [parse_vkey(seen.keys[-1].vkey)]).text)
        if (signed.origin, signed.size, signed.root) != (seen.origin, seen.size, seen.root):
            raise FormatError("its checkpoint says something else")
        # The place first: a log that is known is one whose place was noted.
        place = compared.place
        if place is None or (place.origin, place.size, place.root) != (seen.origin, seen.size, seen.root):
            data = msgspec.json.encode(
                _PlaceFile(
                    v=1,
                    path=os.fsencode((self._at or folder).resolve()).decode("utf-8", "replace"),
                    origin=seen.origin,
                    size=seen.size,
                    root=_base64(seen.root),
                )
            )
            _store(self._place_path(folder), data)
        known = compared.log
        is_own = own or (known is not None and known.is_own)
        made = known
        if known is None or seen.size > known.size:
            before = known.seen if known is not None else ()
            checkpoints = (*before[1 - _MAX_SEEN :], (seen.size, seen.root))
            made = KnownLog(origin=seen.origin, keys=seen.keys, note=seen.note, seen=checkpoints, is_own=is_own)
        elif is_own != known.is_own:
            made = replace(known, is_own=is_own)
        if made is not None and made is not known:
            _store(self._log_path(seen.origin), _encoded(made))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time reads and writes the record, so that none puts an older state over a newer one."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _log_path(self, origin: str) -> Path:
        return self._folder / "logs" / f"{_digits(origin.encode('utf-8', 'surrogatepass'))}.json"

    def _place_path(self, folder: Path) -> Path:
        return self._folder / "places" / f"{_digits(os.fsencode((self._at or folder).resolve()))}.json"


class _Comparison(Struct, frozen=True):
    known: KnownLog | None
    place: KnownPlace | None

    def outcome(self, seen: SeenLog | None) -> Compared:
        known, place = self.known, self.place
        if seen is None:
            if place is None:
                return Compared()
            detail = f"There is no checkpoint; {place.size} statements of {place.origin} were here."
            return self._problem("E-LEDGER-ROLLED-BACK", detail)
        if place is not None and place.origin != seen.origin:
            detail = f"{place.origin} was here, with {place.size} statements; now it is {seen.origin}."
            return self._problem("E-LEDGER-REPLACED", detail)
        if known is not None and (reason := self._keys_differ(known, seen)):
            return self._problem("E-LEDGER-FORKED", reason)
        same = self._is_same(seen) if known is None or self._is_signed(seen) else None
        if same is False:
            return self._problem("E-LEDGER-FORKED", "It does not begin with the statements that were seen before.")
        if place is not None and seen.size < place.size:
            return self._problem("E-LEDGER-ROLLED-BACK", f"{seen.size} statements; {place.size} were here before.")
        behind = max(0, known.size - seen.size) if known is not None else 0
        findings: tuple[Finding, ...] = ()
        if behind:
            told = f"{behind} statements behind: it has {seen.size} of {seen.size + behind}"
            findings = (Finding(code="I-LEDGER-BEHIND", where="checkpoint", detail=told),)
        return Compared(findings=findings, log=known, place=place, behind=behind, is_told=same is not None)

    def _problem(self, code: str, detail: str) -> Compared:
        return Compared(
            findings=(Finding(code=code, where="checkpoint", detail=detail),), log=self.known, place=self.place
        )

    def _keys_differ(self, known: KnownLog, seen: SeenLog) -> str:
        """Why the keys of the log are not those known, or follow from them; empty where they do."""
        common = known.keys_at(seen.size)
        if tuple(key for key in seen.keys if key.since < known.size) != common:
            other = seen.keys[-1].short if seen.keys else "none"
            return f"Its key is {other}, not {common[-1].short if common else 'known'}."
        for old, new in zip(seen.keys, seen.keys[1:], strict=False):
            if new.since >= known.size and not is_signed_change(
                old, new, {**seen.notes, seen.size: seen.note}, seen.begins_with
            ):
                return f"It changes to the key {new.short} without a checkpoint that both keys signed."
        try:
            open_note(seen.note, [parse_vkey(seen.keys[-1].vkey)])
        except UnknownKeyError:
            return f"Its checkpoint is not signed by {seen.keys[-1].short}."
        except FormatError:
            # Damage, and for others to tell.
            return ""
        return ""

    def _is_signed(self, seen: SeenLog) -> bool:
        return bool(seen.keys) and opened(seen.note, parse_vkey(seen.keys[-1].vkey)) is not None

    def _is_same(self, seen: SeenLog) -> bool | None:
        """Whether the log begins with what was seen of it; None where that cannot be told."""
        held = self.known.seen_within(seen.size) if self.known is not None else None
        before = [held] if held is not None else []
        if self.place is not None and self.place.size <= seen.size:
            before.append((self.place.size, self.place.root))
        answers = [root == seen.root if size == seen.size else seen.begins_with(size, root) for size, root in before]
        if False in answers:
            return False
        return None if None in answers else True


def opened(note: bytes, key: Verifier) -> Checkpoint | None:
    """The checkpoint of a note that this key signed; None where it did not, or it cannot be read."""
    try:
        return parse_checkpoint(open_note(note, [key]).text)
    except FormatError:
        return None


def compare_with(known: KnownLog, seen: SeenLog) -> Compared:
    """Holds a log against what is known of it, wherever it lies."""
    return _Comparison(known, None).outcome(seen)


def known_by(seen: SeenLog) -> KnownLog:
    """What is known of a log by having read it."""
    return KnownLog(origin=seen.origin, keys=seen.keys, note=seen.note, seen=((seen.size, seen.root),), is_own=False)


def read_log(paths: CollectionPaths, ledger: Ledger, logs: KnownLogs) -> SeenLog | None:
    """A log as it lies there, read from where it is known on; None where there is no checkpoint.

    Raises:
        ArchiveError, FormatError: the ledger is too damaged to be read.
    """
    # What reads receipts takes long to import, and most readers only look a key up here.
    from preserve.provenance.receipts import kept_checkpoints  # noqa: PLC0415

    note = ledger.note()
    if note is None:
        return None
    checkpoint = parse_checkpoint(parse_note(note).text)
    known = None
    with suppress(EnvironmentFaultError):
        known = logs.log(checkpoint.origin)
    if known is None:
        keys = read_keys(_covered(ledger, 0, checkpoint.size))
    else:
        keys = read_keys(_covered(ledger, known.size, checkpoint.size), known.keys_at(checkpoint.size))
    return SeenLog(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        note=note,
        keys=keys,
        notes=kept_checkpoints(paths),
        begins_with=_Beginning(ledger, checkpoint),
    )


def _covered(ledger: Ledger, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    if start >= size:
        return
    for index, entry in ledger.raw(start):
        if index >= size:
            return
        yield index, entry


class _Beginning(Struct, frozen=True):
    """Whether a log begins with a tree: by a proof out of the tiles; where they give none, from the entries."""

    ledger: Ledger
    checkpoint: Checkpoint

    def __call__(self, size: int, root: bytes) -> bool | None:
        if size > self.checkpoint.size:
            return False
        if size == 0:
            return True
        try:
            proof = self.ledger.consistency_proof(size, self.checkpoint.size)
            verify_consistency(size, root, self.checkpoint.size, self.checkpoint.root, proof)
        except (PreserveError, OSError):
            return self._by_entries(size, root)
        return True

    def _by_entries(self, size: int, root: bytes) -> bool | None:
        tree = CompactRange()
        found = b""
        try:
            for _index, entry in _covered(self.ledger, 0, self.checkpoint.size):
                tree.append(leaf_hash(entry))
                if tree.size == size:
                    found = tree.root()
        except (PreserveError, OSError):
            return None
        if (tree.size, tree.root()) != (self.checkpoint.size, self.checkpoint.root):
            return None
        return found == root


def _encoded(log: KnownLog) -> bytes:
    return msgspec.json.encode(
        _LogFile(
            v=1,
            origin=log.origin,
            own=log.is_own,
            keys=[(key.since, key.vkey) for key in log.keys],
            checkpoint=log.note.decode("utf-8"),
            seen=[(size, _base64(root)) for size, root in log.seen],
        )
    )


def _digits(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_NAME_DIGITS]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _load(path: Path, kind: type[_File]) -> _File | None:
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if len(data) > _MAX_FILE_BYTES:
        raise _unreadable(path, f"it is longer than {_MAX_FILE_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error


def _store(path: Path, data: bytes) -> None:
    if len(data) > _MAX_FILE_BYTES:
        raise FormatError(f"what is known of a log has {len(data)} bytes")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(path, data + b"\n", mode=0o600)


def _unreadable(path: Path, reason: str) -> BrokenStateError:
    return BrokenStateError(
        f"what is known of a log cannot be read: {path}: {reason}",
        next_step="Restore it from a copy of the folder of keys; or move it away: the log is then as if never seen.",
    )


def _unwritable(folder: Path, error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{folder} cannot be written to: {error.strerror}",
        next_step="Make room in the folder of keys, and make it writable for you; or set XDG_CONFIG_HOME to another.",
    )
