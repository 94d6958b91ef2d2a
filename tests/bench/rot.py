"""States of many addresses: ``python -m tests.bench.rot --addresses 200000``. Told at two sizes: time is to be linear.

Each address has three captures on three days; a twentieth is gone, a twentieth failed without a record.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.formats.tlog.note import Signer
from preserve.model import RecordPlace
from preserve.provenance.rows import row_of
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import RecordStatement, RunEnd, RunStatement, Statement, encode, in_parts
from preserve.replay.link_status_list import rot_of
from preserve.replay.recover import open_for_reading
from preserve.store.archive import create_archive

_GROUP = 4_096
_HASH = "0123456789abcdef" * 4


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / (1 << 20)


def _url(number: int) -> str:
    return f"http://x{number % 7}.org/cable/{number}.html"


def _records(count: int) -> Iterator[RecordStatement]:
    for day in range(3):
        for number in range(count):
            gone = day > 0 and number % 20 == 0
            if number % 20 == 1 and day:
                continue
            yield RecordStatement(
                record_id=f"urn:uuid:{day}-{number:032x}",
                type="response",
                uri=_url(number),
                date=f"2026-01-0{day + 1}T03:04:05.678901Z",
                status=404 if gone else 200,
                file="bench-1.warc.gz",
                ordinal=number,
                record_sha256=_HASH,
                block_sha256=_HASH,
                payload_sha256=_HASH,
                refers_to=None,
                mime="text/html",
                challenge=None,
                whole="whole",
                run=f"urn:uuid:{day}",
            )


def _runs(count: int) -> Iterator[RunStatement]:
    for day in range(3):
        manifest = RunStatement(
            run=f"urn:uuid:{day}",
            started=f"2026-01-0{day + 1}T03:00:00Z",
            ended=f"2026-01-0{day + 1}T04:00:00Z",
            outcome="complete",
            program="bench",
            files=(),
            counts={},
            refused={},
            first_statement=0,
            last_statement=0,
        )
        yield from in_parts(manifest, partial(_ended, day, count))


def _ended(day: int, count: int) -> Iterator[RunEnd]:
    for n in range(count):
        yield RunEnd(url=_url(n), outcome="failed" if n % 20 == 1 and day else "done", reason="timeout")


def _measure(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        archives = Path(folder)
        key = Ed25519PrivateKey.generate()
        signer = Signer("preserve/bench/00000000", key)
        paths = create_archive(archives, "bench", origin=signer.name, vkey=signer.vkey)
        writer = Writer.of(paths, archives / "keys", signer)
        with WritingSession(paths, writer, command="bench", kinds=()) as session:
            group: list[Statement] = []
            for source in (_records(count), _runs(count)):
                for statement in source:
                    group.append(statement)
                    if len(group) == _GROUP:
                        _append(session, group)
                _append(session, group)
            session.finish()
        before = _resident_mib()
        begun = time.perf_counter()
        with open_for_reading(archives, ["bench"], {}) as (archive,):
            counts = Counter(str(found.state) for found in rot_of(archive))
        took = time.perf_counter() - begun
        grown = _resident_mib() - before
    assert counts["gone"] == len(range(0, count, 20))
    assert sum(counts.values()) == count
    print(f"{count:>9,} addresses  {took:6.2f} s  {1e6 * took / count:6.1f} us each  +{grown:.0f} MiB  {counts}")
    return took, grown


def _append(session: WritingSession, group: list[Statement]) -> None:
    # Longer than what is looked at for error pages: no file is read.
    place = RecordPlace(file="bench-1.warc.gz", ordinal=0, offset=0, length=9_000)
    session.take([encode(statement) for statement in group], [row_of(s, place) for s in group])
    group.clear()


def main() -> int:
    """Measures at a quarter of the size and at the size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=200_000)
    count = parser.parse_args().addresses
    small, _grown = _measure(count // 4)
    large, _grown = _measure(count)
    print(f"four times the addresses: {large / small:.1f} times the time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
