"""The journal of statements that no checkpoint covers yet, authenticated by a secret of this installation (ADR 0018).

Whoever can write to the archive's folder can append a line; without the secret no line of his is ever believed. Lines::

    {"mac":"…","start":{"files":[…],"origin":"…","root":"…","run":"…","size":N,"v":2}}
    {"index":N,"mac":"…","statement":S}
    {"commit":{"files":[…],"size":M},"mac":"…"}

``S`` is byte for byte the canonical statement. A MAC is HMAC-SHA-256 (RFC 2104) over the MAC before it, the kind of the
line and its content, so that none can be changed, left out, moved or taken from another journal. A group of statements
counts once its ``commit`` is there; ``files`` says of each file that the group changed how long it is and the SHA-256
of these bytes. What a crash can leave is the part of a group at the end: it was never a statement.
"""

import hmac
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, Literal, NamedTuple

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from preserve.errors import ArchiveError, FormatError
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.installation import FileState, JournalHead
from preserve.provenance.mac import Mac
from preserve.regular import open_regular
from preserve.store.durable import append_synced, make_dir, truncate_synced, write_atomic
from preserve.store.layout import CollectionPaths

_STATEMENT = lazy_re(rb'\{"index":(0|[1-9]\d{0,15}),"mac":"([0-9a-f]{64})","statement":(\{.*\})\}\n\Z')
_MARK = lazy_re(rb'\{"(?:mac":"([0-9a-f]{64})","start":(\{.*\})|commit":(\{.*\}),"mac":"([0-9a-f]{64})")\}\n\Z')
_MAX_LINE_BYTES = max(DEFAULT_LIMITS.max_statement_bytes + 256, DEFAULT_LIMITS.max_journal_mark_bytes)
_TOKEN_DIGITS = 16


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a journal extends: the log, its last checkpoint, and files that were not sealed before it (imports)."""

    files: tuple[FileState, ...]
    origin: str
    root: str
    run: str
    size: int
    v: Literal[2]


class Commit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a group: how many statements the log has now, and the files that the group changed."""

    files: tuple[FileState, ...]
    size: int


class JournalLine(NamedTuple):
    """One authenticated line: a mark, or the statement with this ``number``; the file's length up to its end."""

    mark: Start | Commit | None
    number: int
    entry: bytes
    mac: str
    end: int


class UnprovenLineError(FormatError):
    """A line that the secret does not prove."""


class JournalGoneError(ArchiveError):
    """Another journal, or none, is in the place of the one that was read."""


class Proved(Struct):
    """What a journal proves: the group commits from its beginning to the last one that holds.

    ``end`` is the length of the file up to there, ``size`` the number of statements of the log, ``mac`` the last MAC.
    ``defect`` says what follows and is not proved, empty where nothing does; ``torn`` counts bytes that a crash left.
    """

    start: Start
    size: int
    mac: str
    end: int
    files: dict[str, FileState] = field(default_factory=dict)
    """By name, as the last commit that names it states it."""
    torn: int = 0
    defect: str = ""

    def take(self, commit: Commit, line: JournalLine) -> None:
        """Goes on to the next commit."""
        self.size, self.mac, self.end = commit.size, line.mac, line.end
        self.files.update((state.name, state) for state in commit.files)

    def copy(self) -> "Proved":
        """The same, to be moved on by itself."""
        return replace(self, files=dict(self.files))

    def head(self) -> JournalHead:
        """What this installation keeps of it, outside the archive."""
        files = tuple(state for state in self.files.values() if state.state != "sealed")
        return JournalHead(origin=self.start.origin, run=self.start.run, size=self.size, mac=self.mac, files=files)


class JournalPoint(NamedTuple):
    """The beginning of a journal, or the end of a group, with its line."""

    mark: Start | Commit
    line: JournalLine

    def onto(self, before: Proved | None) -> Proved:
        """What is proved up to here; ``before`` is what was proved up to the point before."""
        if before is None or isinstance(self.mark, Start):
            return _begun(self.mark, self.line)
        before.take(self.mark, self.line)
        return before


def _begun(mark: Start | Commit, line: JournalLine) -> Proved:
    if isinstance(mark, Commit):
        raise UnprovenLineError("it does not begin as a journal does")
    return Proved(mark, mark.size, line.mac, line.end, {state.name: state for state in mark.files})


def _mac_of(secret: Mac, before: str, kind: bytes, content: bytes) -> str:
    return secret.digest(b"%s\0%s\0%s" % (before.encode("ascii"), kind, content)).hex()


def _statement_mac(secret: Mac, before: str, index: int, entry: bytes) -> str:
    return secret.digest(b"%s\0statement %d\0%s" % (before.encode("ascii"), index, entry)).hex()


def _encoded(mark: Start | Commit) -> bytes:
    return msgspec.json.encode(mark, order="deterministic")


def start_line(secret: Mac, start: Start) -> tuple[bytes, str]:
    """The line that begins a journal, and its MAC."""
    content = _encoded(start)
    mac = _mac_of(secret, "", b"start", content)
    return b'{"mac":"%s","start":%s}\n' % (mac.encode("ascii"), content), mac


def group_lines(secret: Mac, before: str, entries: Sequence[bytes], commit: Commit) -> tuple[bytes, str]:
    """The lines of a group of statements, its commit the last, behind a line with the MAC ``before``; its last MAC."""
    mac, lines = before, []
    for index, entry in enumerate(entries, commit.size - len(entries)):
        mac = _statement_mac(secret, mac, index, entry)
        lines.append(b'{"index":%d,"mac":"%s","statement":%s}\n' % (index, mac.encode("ascii"), entry))
    content = _encoded(commit)
    mac = _mac_of(secret, mac, b"commit", content)
    lines.append(b'{"commit":%s,"mac":"%s"}\n' % (content, mac.encode("ascii")))
    return b"".join(lines), mac


class Journal:
    """The journal of one collection, for whoever has the secret. Writing is for the holder of the collection's lock."""

    def __init__(self, paths: CollectionPaths, secret: bytes) -> None:
        self._paths = paths
        self._secret = Mac(secret)

    def mac_of(self, *texts: str) -> bytes:
        """16 bytes that prove that these texts were written by this installation."""
        data = "\0".join((str(len(texts)), *texts)).encode("utf-8", "surrogatepass")
        return self._secret.digest(b"preserve note\0" + data)[:16]

    def token_of(self, run: str, name: str) -> str:
        """What stands in the name of an open file and proves that a run of this installation began it."""
        text = f"preserve open file\0{run}\0{name}".encode()
        return self._secret.digest(text).hex()[:_TOKEN_DIGITS]

    def begin(self, *, origin: str, size: int, root: bytes, run: str, files: Sequence[FileState] = ()) -> Proved:
        """Puts a new journal in place, which extends the checkpoint of ``size`` statements."""
        start = Start(files=tuple(files), origin=origin, root=root.hex(), run=run, size=size, v=2)
        line, mac = start_line(self._secret, start)
        make_dir(self._paths.ledger)
        write_atomic(self._paths.pending, line)
        return Proved(start, size, mac, len(line), {state.name: state for state in files})

    def append(self, proved: Proved, entries: Sequence[bytes], files: Sequence[FileState]) -> None:
        """Appends one group in one synced write, and moves ``proved`` on to its commit.

        A write that fails may leave a part of it, which the next group cuts off.
        """
        if proved.torn:
            self.cut(proved)
        commit = Commit(files=tuple(files), size=proved.size + len(entries))
        data, mac = group_lines(self._secret, proved.mac, entries, commit)
        proved.torn = len(data)
        append_synced(self._paths.pending, data)
        proved.torn = 0
        proved.take(commit, JournalLine(commit, 0, b"", mac, proved.end + len(data)))

    def end(self) -> None:
        """Empties the journal: a checkpoint covers all of it."""
        write_atomic(self._paths.pending, b"")

    def cut(self, proved: Proved) -> None:
        """Cuts off what stands behind the last commit."""
        truncate_synced(self._paths.pending, proved.end)
        proved.torn = 0

    def prove(self) -> Proved | None:
        """Reads the journal through; None where there is none, or an empty one.

        Raises:
            UnprovenLineError: already its first line is not this installation's.
            ArchiveError: it is no file that can be read.
        """
        proved: Proved | None = None
        with self._opened() as file:
            lines = self._lines(file)
            while True:
                try:
                    line = next(lines, None)
                except UnprovenLineError as error:
                    if proved is None:
                        raise
                    proved.defect = str(error)
                    return proved
                if line is None:
                    break
                if line.mark is not None:
                    proved = JournalPoint(line.mark, line).onto(proved)
            length = file.seek(0, 2)
        if proved is not None:
            proved.torn = length - proved.end
        elif length:
            # Less than one line, of a journal whose beginning is written in one piece.
            raise UnprovenLineError("it does not begin as a journal does")
        return proved

    def statements(self, proved: Proved, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of the statements from ``start`` on, each proved again as it is read.

        Raises:
            ArchiveError: the file is not any more what ``proved`` says.
        """
        for line in self._proved_lines(proved):
            if line.mark is None and line.number >= start:
                yield line.number, line.entry

    def points(self, proved: Proved) -> Iterator[JournalPoint]:
        """The beginning and every end of a group, in order.

        Raises:
            ArchiveError: the file is not any more what ``proved`` says.
        """
        for line in self._proved_lines(proved):
            if line.mark is not None:
                yield JournalPoint(line.mark, line)

    def _proved_lines(self, proved: Proved) -> Iterator[JournalLine]:
        last = None
        try:
            with self._opened() as file:
                for line in self._lines(file):
                    if last is None and line.mark != proved.start:
                        raise JournalGoneError(f"{self._paths.pending} is another journal than the one that was read")
                    last = line
                    yield line
                    if line.end >= proved.end:
                        break
        except UnprovenLineError as error:
            raise self._changed(str(error)) from error
        if last is None:
            raise JournalGoneError(f"{self._paths.pending} is empty, and was not")
        if (last.end, last.mac) != (proved.end, proved.mac):
            raise self._changed("it ends before the last commit that was read")

    def _changed(self, detail: str) -> ArchiveError:
        return ArchiveError(
            f"{self._paths.pending} was changed while it was used: {detail}",
            next_step="Find out what else writes to the archive. Nothing was signed; the next run takes what is "
            "proved.",
        )

    def _opened(self) -> BinaryIO:
        path = self._paths.pending
        try:
            return open_regular(path)
        except FileNotFoundError:
            return BytesIO()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error

    def _lines(self, file: BinaryIO) -> Iterator[JournalLine]:
        """Every line as far as the secret proves it. A part of a line at the end is passed over.

        Raises:
            UnprovenLineError: a whole line is not proved, or stands where none of its kind can.
        """
        mac, end = "", 0
        while data := file.readline(_MAX_LINE_BYTES):
            if not data.endswith(b"\n") and not file.read(1):
                return
            line = self._line(data, mac, end)
            if isinstance(line.mark, Start) != (end == 0):
                raise UnprovenLineError(f"the line at byte {end} is the beginning of another journal")
            mac, end = line.mac, line.end
            yield line

    def _line(self, data: bytes, before: str, at: int) -> JournalLine:
        end = at + len(data)
        if match := _STATEMENT.match(data):
            index, entry = int(match.group(1)), match.group(3)
            mac = _statement_mac(self._secret, before, index, entry)
            if before and hmac.compare_digest(mac.encode(), match.group(2)):
                return JournalLine(None, index, entry, mac, end)
        elif match := _MARK.match(data):
            start, commit = match.group(2), match.group(3)
            content, stated = (commit, match.group(4)) if start is None else (start, match.group(1))
            mac = _mac_of(self._secret, before, b"commit" if start is None else b"start", content)
            if hmac.compare_digest(mac.encode(), stated):
                kind: type[Start | Commit] = Commit if start is None else Start
                mark: Start | Commit = msgspec.json.decode(content, type=kind)
                return JournalLine(mark, 0, b"", mac, end)
        raise UnprovenLineError(f"the line at byte {at} is not proved by this installation's secret")
