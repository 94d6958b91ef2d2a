"""``python -m tests.bench.capsule ARCHIVES CABLE-ID CHARS``: time to cite with a capsule and to check it."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main(archives: str, cable: str, chars: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "one.capsule")
        program = [sys.executable, "-m", "preserve"]
        cite = [*program, "cite", cable, "--chars", chars, "--capsule", str(path), "--archives", archives]
        for name, words in (("cite", cite), ("check", [*program, "check", str(path)]), ("start", [*program, "--help"])):
            times = []
            for _turn in range(5):
                begun = time.perf_counter()
                subprocess.run(words, check=True, capture_output=True)
                times.append(time.perf_counter() - begun)
            print(f"{name:8}{min(times) * 1000:8.0f} ms, best of 5")
        print(f"size    {path.stat().st_size:8} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
