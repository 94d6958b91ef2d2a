"""What ``spark-submit`` runs: `preserve`, whose files are read by that Spark (``docs/cluster.md``).

Tested by ``tests/interop/test_spark.py``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path


def main(words: Sequence[str]) -> int:
    """`preserve` with these words, and ``--on spark``."""
    from preserve.cli.main import main as run  # noqa: PLC0415 - found when the path is as it should be

    end = words.index("--") if "--" in words else len(words)
    return run([*words[:end], "--on", "spark", *words[end:]])


if __name__ == "__main__":
    # It is run by its file, whose folder Python then takes for a place of modules.
    _here = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != _here]
    sys.exit(main(sys.argv[1:]))
