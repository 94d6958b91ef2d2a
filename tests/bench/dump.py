"""How fast a dump is taken in row by row, and how long the questions about it take: ``python -m tests.bench.dump``."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from preserve.model import sha256_hex

_SENTENCE = "Post counted the gulls of the harbour again and reports. \n"


def write_dump(path: Path, rows: int, body_lines: int = 60) -> None:
    """An invented dump in the true form."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, rows + 1):
            mark = sha256_hex(b"%d" % number)
            body = f"UNCLAS SAMPLETOWN {number:06d}\n\nTAGS: PREL, ZZ\nSUBJECT: GULLS\n\n1. (U) {mark}\n"
            said = (number, "1/5/2008 12:33", f"08SAMPLETOWN{number}", "Embassy Sampletown", "UNCLASSIFIED", "", "FM X")
            file.write(",".join(f'"{value}"' for value in (*said, body + _SENTENCE * body_lines + "DOE")) + "\n")


def _timed(folder: Path, *words: str) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "preserve", *words, "--archives", str(folder / "archives")]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Prints a line for each number of rows: rows a second, the most memory so far, and the time of each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[2_000, 8_000])
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory(prefix="preserve-bench-") as place:
            folder = Path(place)
            write_dump(folder / "cables.csv", rows)
            size = (folder / "cables.csv").stat().st_size
            took = _timed(
                folder, "release", "import", str(folder / "cables.csv"), "--into", "dump", "--release", "cables-csv"
            )
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            asked = {
                "releases": _timed(folder, "releases"),
                "history": _timed(folder, "history", "08SAMPLETOWN7"),
                "rebuild": _timed(folder, "rebuild", "dump"),
            }
            told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in asked.items())
            sys.stdout.write(
                f"{rows:,} rows, {size / 1e6:.0f} MB: {rows / took:,.0f} rows/s, {size / took / 1e6:.1f} MB/s, "
                f"{most} MiB; {told}\n"
            )


if __name__ == "__main__":
    main()
