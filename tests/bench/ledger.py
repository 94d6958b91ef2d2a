"""The ledger at size: ``python -m tests.bench.ledger --statements 250000``."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.formats.tlog.merkle import leaf_hash, verify_inclusion
from preserve.formats.tlog.note import Signer
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import RecordStatement, encode
from preserve.store.archive import create_archive
from preserve.store.layout import CollectionPaths

_GROUP = 512
_A_RUN = 10_000
_HASH = "0123456789abcdef" * 4


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / (1 << 20)


def _entry(number: int) -> bytes:
    return encode(
        RecordStatement(
            record_id=f"urn:uuid:{number:032x}",
            type="response",
            uri=f"http://x.org/cable/{number}.html",
            date="2026-01-02T03:04:05.678901Z",
            status=200,
            file="bench-1.warc.gz",
            ordinal=number,
            record_sha256=_HASH,
            block_sha256=_HASH,
            payload_sha256=_HASH,
            refers_to=None,
            mime="text/html",
            challenge=None,
            whole="whole",
            run="urn:uuid:0",
        )
    )


def _grow(paths: CollectionPaths, keys: Path, signer: Signer, count: int) -> list[tuple[int, float, float, float]]:
    """Appends group by group, a checkpoint every ten thousand: size, us a statement, s a checkpoint, MiB."""
    told = []
    writer = Writer.of(paths, keys, signer)
    size = 0
    while size < count:
        with WritingSession(paths, writer, command="bench", kinds=()) as session:
            first, begun = size, time.perf_counter()
            while size < min(first + _A_RUN, count):
                size = session.take([_entry(n) for n in range(size, min(size + _GROUP, count))], None).stop
            appended = time.perf_counter()
            session.finish()
            ended = time.perf_counter()
        took_us = 1e6 * (appended - begun) / (size - first)
        told.append((size, took_us, ended - appended, _resident_mib()))
    return told


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=250_000)
    count = parser.parse_args().statements
    with tempfile.TemporaryDirectory(prefix="preserve-bench-") as folder:
        key = Ed25519PrivateKey.generate()
        signer = Signer("preserve/bench/00000000", key)
        paths = create_archive(Path(folder), "bench", origin=signer.name, vkey=signer.vkey)
        told = _grow(paths, Path(folder) / "keys", signer, count)
        print("| statements | us a statement | s a checkpoint of 10,000 | MiB |\n| --- | --- | --- | --- |")
        for size, took_us, took_s, mib in (told[0], told[len(told) // 2], told[-1]):
            print(f"| {size:,} | {took_us:.0f} | {took_s:.2f} | {mib:.0f} |")
        begun = time.perf_counter()
        ledger = Ledger(paths)
        opened = time.perf_counter()
        places = range(0, count, max(1, count // 200))
        root = ledger.root_at(count)
        for place in places:
            verify_inclusion(leaf_hash(_entry(place)), place, count, ledger.inclusion_proof(place, count), root)
        proved = time.perf_counter()
        for place in places:
            ledger.consistency_proof(place, count)
        ended = time.perf_counter()
        print(f"\nopened in {1e3 * (opened - begun):.1f} ms")
        print(f"a proof of inclusion, made and verified: {1e3 * (proved - opened) / len(places):.2f} ms")
        print(f"a proof of consistency: {1e3 * (ended - proved) / len(places):.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
