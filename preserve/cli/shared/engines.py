"""``--on`` and ``--processes``, for the commands that have files read by other processes, or read them here.

Tested by ``tests/scenarios/test_read_on.py``.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import click

from preserve.cli.shared.common import counted, say
from preserve.errors import EnvironmentFaultError, UsageError
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.stores import NamedFiles
    from preserve.cluster.rows import RowCodec
    from preserve.cluster.task import Work
    from preserve.readers.hashing import Fault
    from preserve.readers.segments import SegmentReader

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

on_option = click.option(
    "--on",
    "engine",
    metavar="PLACE",
    help="Have files read by processes:N, or by the workers of a cluster: dask://HOST:PORT, slurm:N (jobs) or spark.",
)

processes_option = click.option(
    "--processes", type=click.IntRange(1, 64), help="How many processes read records. [default: one a processor]"
)


class PartsReader(Protocol[T_co]):
    """Reads files part by part."""

    @property
    def done_bytes(self) -> int:
        """How many were read."""
        ...

    @property
    def unread(self) -> Mapping[Path, str]:
        """Files that nobody could read, with the reason."""
        ...

    @property
    def unsealed(self) -> Sequence[Path]:
        """Files of stores that are not as they were sealed."""
        ...

    def parts_in(self, path: Path) -> Iterator[T_co]:
        """What is found in one of them; nothing of one that is unread, or not as it was sealed."""
        ...


class PartsHere(Generic[T]):
    """Reads them with this process and its helpers."""

    def __init__(
        self, segments: "SegmentReader[T]", parts_of: Callable[["SegmentReader[T]", Path], Iterator[T]]
    ) -> None:
        self._segments = segments
        self._parts_of = parts_of
        self.unread: Mapping[Path, str] = {}
        self.unsealed: Sequence[Path] = ()

    @property
    def done_bytes(self) -> int:
        """See `PartsReader`."""
        return self._segments.done_bytes

    def parts_in(self, path: Path) -> Iterator[T]:
        """See `PartsReader`."""
        return self._parts_of(self._segments, path)


@contextmanager
def parts_elsewhere(engine: str, named: "NamedFiles", work: "Work", codec: "RowCodec[T]") -> Iterator[PartsReader[T]]:
    """Reads them with an engine that ``--on`` names; what was found stays where the caller does not come to its end."""
    from preserve.cluster.opening import open_engine, open_parts, results_folder  # noqa: PLC0415 - not every reading needs it

    with (
        open_engine(engine) as opened,
        open_parts(opened, results_folder(os.environ), list(named.paths()), work, codec, sealed=named.sealed) as reader,
    ):
        yield reader


def fault_lines(name: str, faults: "Sequence[tuple[int, Fault]]", count: int) -> list[str]:
    """What is to be said of the damage in a file: of so many faults these, each with its place in bytes."""
    lines = [
        f"{name} at byte {offset}: {code}" + (f": {terminal_line(detail, 200)}" if detail else "")
        for offset, (code, detail) in faults
    ]
    if more := count - len(faults):
        lines.append(f"{name}: {more:,} more places are damaged")
    return lines


def check_engine(engine: str | None, processes: int | None) -> None:
    """Refuses two words on who reads.

    Raises:
        UsageError: ``--on`` is there with ``--processes``.
    """
    if engine is not None and processes is not None:
        raise UsageError("--on says who reads, and so does --processes", next_step="Leave one of them out.")


def check_unread(named: "NamedFiles", reader: PartsReader[object]) -> None:
    """Names the files that are not as they were sealed, or that nobody could read, when all else is written.

    Raises:
        EnvironmentFaultError: nobody could read some.
    """
    for path in reader.unsealed:
        named.leave_out_unsealed(path)
    unread = {named.name_of(path): reason for path, reason in reader.unread.items()}
    check_all_read(unread, len(named.sealed) + len(named.here))


def check_all_read(unread: Mapping[str, str], count: int) -> None:
    """Names the files, of so many, that nobody could read. ``unread``: by name, the reason.

    Raises:
        EnvironmentFaultError: there are some.
    """
    for name, reason in unread.items():
        say(f"{terminal_line(name, 200)} is left out: {terminal_line(reason, 200)}")
    if unread:
        raise EnvironmentFaultError(
            f"{len(unread):,} of {counted(count, 'file')} could not be read, and the rest is written",
            next_step="Run it again: what was read is not read again.",
        )
