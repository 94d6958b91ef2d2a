"""``python -m tests.bench.cite ARCHIVES CABLE-ID``: time of the whole process to cite, in forms of each kind."""

import subprocess
import sys
import time


def main(archives: str, cable: str) -> None:
    program = [sys.executable, "-m", "preserve"]
    cite = [*program, "cite", cable, "--archives", archives]
    forms = ("text", "bibtex", "csl-json", "annotation", "apa", "chicago-notes")
    calls = {"start": [*program, "--help"], **{form: [*cite, "--format", form] for form in forms}}
    for name, words in calls.items():
        times = []
        for _turn in range(5):
            begun = time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            times.append(time.perf_counter() - begun)
        print(f"{name:15}{min(times) * 1000:8.0f} ms, best of 5")


if __name__ == "__main__":
    main(*sys.argv[1:])
