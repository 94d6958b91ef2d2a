"""The keys of a log: the first, named by its first statement, and each that a ``key`` statement changed it to.

A change of key holds where a checkpoint over its statement is signed by both keys.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from preserve.errors import FormatError
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import open_note, parse_vkey
from preserve.provenance.statements import ArchiveStatement, KeyStatement, decode

BeginsWith = Callable[[int, bytes], bool | None]
"""Takes size and root; True where the log begins with that tree, False where not, None where it cannot be told."""
_CHANGE = b'"kind":"key"'
"""As it stands in the canonical form of a ``key`` statement; other entries are not decoded."""


class LogKey(Struct, frozen=True):
    """A verifier key, and the index of the statement that names it. It signs the checkpoints that cover that one."""

    since: int
    vkey: str

    @property
    def short(self) -> str:
        """Name and ID; the base64 may hold a plus as well."""
        return short_key(self.vkey)


def short_key(vkey: str) -> str:
    """Name and ID of a verifier key."""
    return "+".join(vkey.split("+")[:2])


def read_keys(entries: Iterable[tuple[int, bytes]], known: tuple[LogKey, ...] = ()) -> tuple[LogKey, ...]:
    """The keys that entries name, behind those ``known`` from the entries before; empty where the first names none.

    Raises:
        FormatError: an entry that names a key cannot be read.
    """
    keys = list(known)
    for index, entry in entries:
        if index and _CHANGE not in entry:
            continue
        match decode(entry):
            case ArchiveStatement(key=key) if index == 0:
                keys.append(LogKey(index, key))
            case KeyStatement(new=key):
                keys.append(LogKey(index, key))
    return tuple(keys)


def is_signed_change(old: LogKey, new: LogKey, notes: Mapping[int, bytes], begins_with: BeginsWith) -> bool:
    """True where one of the ``notes`` (by size) is a checkpoint of this log over the change, signed by both keys."""
    for size, note in notes.items():
        if size <= new.since:
            continue
        try:
            checkpoint = parse_checkpoint(open_note(note, [parse_vkey(old.vkey)]).text)
            open_note(note, [parse_vkey(new.vkey)])
        except FormatError:
            continue
        if checkpoint.size == size and begins_with(size, checkpoint.root):
            return True
    return False


def vouched_by(
    keys: Sequence[LogKey], trusted: Collection[str], notes: Mapping[int, bytes], begins_with: BeginsWith
) -> LogKey | None:
    """The newest of a log's keys that is ``trusted``, where every change from it on is signed by both keys."""
    for place in range(len(keys) - 1, -1, -1):
        if keys[place].vkey in trusted:
            return keys[place]
        if not place or not is_signed_change(keys[place - 1], keys[place], notes, begins_with):
            return None
    return None
