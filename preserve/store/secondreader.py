"""A file read once more by another program's reader: an archive that only its own reader can read is none.

The reader is warcio, in a process of its own at low priority. It knows nothing of this program, and this program takes
the digests of what it gives. Compared are number, order, ids, types, Content-Length, the bytes really read, and SHA-256
of each block, with what was stated of them; and each block with the digest that its record declares. Addresses are not:
warcio rewrites blanks in them. What it is known not to read is not checked, with the reason.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import NamedTuple, Self

import msgspec

from preserve.errors import FormatError
from preserve.findings import Verdict
from preserve.formats.digests import UnknownAlgorithmError, parse_digest
from preserve.formats.warc.containers import Container, RecordSpan, records_in
from preserve.formats.warc.record import FOLDED, LF_ONLY, RecordHeader, bare_uri
from preserve.formats.warc.stream import ARC_LENGTH, ODD_ENDS
from preserve.store.heldfiles import open_written
from preserve.store.warcfile import container_of

READER = f"warcio {version('warcio')}"
CODE = "E-SECOND-READER"
NOT_CHECKED = "I-SECOND-READER"
_CHILD = Path(__file__).with_name("secondchild.py")
_MOST_TOLD = 20
_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 20
"""Bytes that what it says may take before it is taken in: some four thousand records."""
_LEAST_S, _BYTES_A_S = 120.0, 200_000
"""How long it may take: so much, and a second for each so many bytes more."""
_HABITS = {
    LF_ONLY: f"{READER} does not read headers with LF as line ends",
    FOLDED: f"{READER} does not unfold fields",
    ODD_ENDS: f"{READER} wants the line ends behind each record",
    ARC_LENGTH: f"{READER} goes by the length of the first record",
}
"""What it is known not to read, by the code of the habit."""
_ARC_KINDS = {Container.ARC, Container.ARC_GZIP}


class RecordAsRead(NamedTuple):
    """What one reader sees of a record: id, type, bytes of the block, and its SHA-256 in hexadecimal.

    ``obstacle``: why the second reader is not held to this record and those behind it.
    """

    record_id: str
    type: str
    length: int
    block_sha256: str
    obstacle: str = ""


class ReadTally:
    """What is stated of the records of one file, in order, in little memory."""

    def __init__(self) -> None:
        self.records = 0
        self._taken = hashlib.sha256()

    def add(self, seen: RecordAsRead) -> None:
        """The next record."""
        self.records += 1
        self._taken.update("\n".join((seen.record_id, seen.type, str(seen.length), seen.block_sha256, "")).encode())

    @property
    def sum(self) -> tuple[int, bytes]:
        """The number of records, and a digest over what is stated of them."""
        return self.records, self._taken.digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """What became of it. ``reason``: why it is not checked, or nothing. ``printed``: what the reader printed."""

    records: int = 0
    defects: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    printed: str = ""

    @property
    def verdict(self) -> Verdict:
        """PASS, FAIL or NOT CHECKED."""
        if self.defects:
            return Verdict.FAIL
        return Verdict.NOT_CHECKED if self.reason else Verdict.PASS

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """Codes of findings, each with its detail."""
        if self.defects:
            return tuple((CODE, defect) for defect in self.defects)
        return ((NOT_CHECKED, self.reason),) if self.reason else ()


class _StoppedError(Exception):
    """The second reader was stopped, or could not be begun."""


class _Line(msgspec.Struct):
    """A line of the second reader: a record, or how it ended."""

    id: str = ""
    type: str = ""
    length: str = ""
    size: int = 0
    sha256: str = ""
    declared: str = ""
    digest: str = ""
    end: str | None = None


def second_reading(path: Path, *, container: Container | None = None) -> SecondReading:
    """Reads a file with the second reader, and holds what it gives against what this program reads, record by record.

    Raises:
        OSError: the file cannot be read, or no process can be begun.
    """
    kind = container or container_of(path)
    if kind is None or kind in {Container.WARC_ZSTD, Container.WACZ}:
        return SecondReading(reason=f"{READER} does not read {'Zstandard' if kind is Container.WARC_ZSTD else 'it'}")
    with _Child([str(path.absolute())]) as child:
        ours = read_here(path, kind)
        return child.reading(path, lambda lines: _compared(lines, ours, with_ids=kind not in _ARC_KINDS))


class Follower:
    """Reads a file of ours while it is written, and holds what the second reader gives against what is stated of it.

    So the reading is done when the file is, on a processor that has nothing else to do. It never reads what is not
    synced. What it says is taken in as it comes: no more of it waits than a pipe holds.
    """

    def __init__(self, path: Path) -> None:
        """Begins with a file of no records.

        Raises:
            OSError: no process can be begun.
        """
        # Opened here: before the process is there, the file may have its last name.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            self._child = _Child([str(file), "follow"], file)
        finally:
            os.close(file)
        self._stated = ReadTally()
        self._read = _Tallying()

    def add(self, seen: RecordAsRead) -> None:
        """What is stated of the next record."""
        self._stated.add(seen)

    def grown(self, size: int) -> None:
        """So many bytes of the file are synced."""
        self._child.say(f"{size}\n")
        for line in self._child.waiting():
            self._read.add(line)

    def finish(self, path: Path, size: int) -> SecondReading:
        """What became of it, once it has read all ``size`` bytes. ``path`` is where the file lies now.

        Raises:
            OSError: the file cannot be read.
        """
        with self._child as child:
            child.say(f"{size}.\n")
            found = child.reading(path, lambda lines: self._read.result(lines, self._stated))
        if found.defects:
            # Which record it is, only a second pass can tell.
            told = second_reading(path)
            return told if told.defects else found
        return found

    def abandon(self) -> None:
        """Ends the reading as it is."""
        self._child.close()


_Outcome = tuple[int, list[str], str]
"""Records that were read, what is wrong with them, and why that was not checked."""


class _Child:
    """A process with the second reader, begun with these words. ``growing``: an open file that is still written to."""

    def __init__(self, words: Sequence[str], growing: int | None = None) -> None:
        self._printed = TemporaryFile()  # noqa: SIM115 - closed with the process
        self._decoder = msgspec.json.Decoder(_Line)
        self._part = b""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", str(_CHILD), *words],
                stdin=subprocess.DEVNULL if growing is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._printed,
                bufsize=0,
                pass_fds=() if growing is None else (growing,),
                # Of a group of its own: what stops a capture from the terminal lets it end what it has begun.
                process_group=0,
            )
        except BaseException:
            self._printed.close()
            raise
        if growing is not None:
            # It is never waited for while it has more to read; and it need not wait either, where that can be.
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
            with suppress(OSError):
                fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def _out(self) -> int:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        return self._process.stdout.fileno()

    def say(self, text: str) -> None:
        """Tells it something. One that is gone is noticed when it is asked how it ended."""
        if self._process.stdin is not None:
            # A pipe holds thousands of such lines; where one is lost, the next says more than it did.
            with suppress(OSError):
                os.write(self._process.stdin.fileno(), text.encode("ascii"))

    def waiting(self) -> Iterator["_Line"]:
        """What it has said, as far as whole lines of it are there."""
        while True:
            try:
                data = os.read(self._out, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                return
            *lines, self._part = (self._part + data).split(b"\n")
            for line in lines:
                yield self._decoder.decode(line)

    def _lines(self) -> Iterator["_Line"]:
        """What it says until its end; _StoppedError: it did not come to that."""
        os.set_blocking(self._out, True)
        for said in self.waiting():
            yield said
            if said.end is not None:
                return
        raise _StoppedError

    def reading(self, path: Path, take: Callable[[Iterator["_Line"]], _Outcome]) -> SecondReading:
        """What ``take`` makes of what it says, within the time that a file of this length may take."""
        started = time.monotonic()
        most_s = _LEAST_S + path.stat().st_size / _BYTES_A_S
        timer = Timer(most_s, self._process.kill)
        timer.start()
        try:
            records, defects, reason = take(self._lines())
        except _StoppedError:
            why = "not done" if timer.is_alive() else f"not done in {most_s:.0f} s"
            records, defects, reason = 0, [], f"{READER} was {why}"
        finally:
            timer.cancel()
        self._printed.seek(0)
        return SecondReading(
            records=records,
            defects=tuple(defects[:_MOST_TOLD]),
            reason=reason,
            seconds=time.monotonic() - started,
            printed=self._printed.read(2_000).decode("utf-8", "replace"),
        )

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._printed):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def read_here(path: Path, container: Container) -> Iterator[RecordAsRead]:
    """What this program reads of a file, with the obstacles to reading it in another way. Behind damage it ends."""
    with open_written(path) as file:
        for spot in records_in(file, container):
            seen = _seen(spot)
            yield seen
            if seen.obstacle and spot.raw is None:
                return


def _seen(spot: RecordSpan) -> RecordAsRead:
    raw = spot.raw
    if raw is None or not isinstance(raw.header, RecordHeader):
        return RecordAsRead("", "", 0, "", "the file is damaged there")
    digest, size = hashlib.sha256(), 0
    try:
        for part in (raw.block,) if raw.block is not None else raw.more or ():
            digest.update(part)
            size += len(part)
        header = raw.header
        record_id, kind = header.record_id, header.type
    except FormatError:
        return RecordAsRead("", "", 0, "", "the file is damaged there")
    obstacle = "the file is damaged there" if raw.defect else ""
    if spot.is_shared:
        obstacle = f"{READER} does not read several records in one compressed piece"
    for habit in (*header.habits, *raw.habits):
        obstacle = obstacle or _HABITS.get(habit, "")
    return RecordAsRead(record_id, kind, size, digest.hexdigest(), obstacle)


class _Tallying:
    """What the second reader gives of a file of ours, taken in record by record."""

    def __init__(self) -> None:
        self._tally = ReadTally()
        self._defects: list[str] = []
        self._ended = False

    def add(self, line: _Line) -> None:
        """The next record, or how it ended."""
        count = self._tally.records
        if line.end is not None:
            self._ended = True
            if line.end:
                self._defects.append(f"{READER} stopped behind record {count}: {line.end}")
        elif len(self._defects) < _MOST_TOLD:
            self._defects += _own_defects(count, line)
            self._tally.add(RecordAsRead(bare_uri(line.id), line.type, line.size, line.sha256))

    def result(self, lines: Iterable[_Line], stated: ReadTally) -> "_Outcome":
        """How all of it agrees with what is stated; ``lines`` are those that were not taken in yet."""
        for line in () if self._ended else lines:
            self.add(line)
        count, defects = self._tally.records, self._defects
        if not defects and self._tally.sum != stated.sum:
            defects = [f"{READER} reads {count} records, not the {stated.records} that are stated as they are"]
        return count, defects, ""


def _own_defects(number: int, line: _Line) -> Iterator[str]:
    """What is wrong with a record by itself, as the second reader reads it."""
    if line.length != str(line.size):
        yield f"record {number} ({line.id}): {READER} reads {line.size} bytes where {line.length!a:.30} are declared"
    try:
        declared = parse_digest(line.declared) if line.declared else None
    except UnknownAlgorithmError:
        declared = None
    except FormatError:
        yield f"record {number} ({line.id}): a block digest that is none"
        return
    if declared is not None and declared.digest.hex() != line.digest:
        yield f"record {number} ({line.id}): the block that {READER} reads does not fit its digest"


def _compared(lines: Iterable[_Line], ours: Iterable[RecordAsRead], *, with_ids: bool) -> tuple[int, list[str], str]:
    """Records that both read, what differs, and why what is left was not compared."""
    theirs, count, defects, obstacle = iter(lines), 0, list[str](), ""
    for seen in ours:
        obstacle = obstacle or seen.obstacle
        line = next(theirs, _Line(end=""))
        if line.end is not None:
            why = f": {line.end}" if line.end else ""
            defects.append(f"{READER} reads {count} records and no more{why}")
            break
        differs = list(_differences(count, line, seen, with_ids=with_ids))
        defects += differs
        if differs and (obstacle or len(defects) >= _MOST_TOLD):
            break
        count += 1
    else:
        line = next(theirs, _Line(end=""))
        if line.end is None:
            defects.append(f"{READER} reads a record more: {line.id!a:.100}")
        elif line.end:
            defects.append(f"{READER} stopped behind record {count}: {line.end}")
    if defects and obstacle:
        return count, [], f"{obstacle}; {count} records before are the same"
    return count, defects, ""


def _differences(number: int, line: _Line, seen: RecordAsRead, *, with_ids: bool) -> Iterator[str]:
    if with_ids:
        yield from _own_defects(number, line)
        if (bare_uri(line.id), line.type) != (seen.record_id, seen.type):
            is_read = f"{line.type} {line.id!a:.100}"
            yield f"record {number}: {READER} reads {is_read}, not {seen.type} {seen.record_id!a:.100}"
    elif number == 0:
        # What describes an ARC file is a part of its first header there.
        return
    if (line.size, line.sha256) != (seen.length, seen.block_sha256):
        yield f"record {number} ({seen.record_id}): {READER} reads another block, of {line.size} bytes"
