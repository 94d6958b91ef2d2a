"""`preserve`, with tasks that say when they begin, and wait at a gate: what is read can be counted, and stopped there.

Run as a program: ``python -m tests.countedreads WORDS...``, or by its file, as Spark does.
"""

import os
import signal
import sys
import time
from pathlib import Path
from unittest.mock import patch

from preserve.cluster import opening
from preserve.cluster.processes import ProcessEngine
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task

LOG, GATES, DEADLY = "PRESERVE_TEST_READS", "PRESERVE_TEST_GATES", "PRESERVE_TEST_DEADLY"
"""Variables of the environment: a file with a line for each reading, a folder with a file for each shut gate, and the
name of a file that kills who reads it."""


def counted_task(task: FileTask) -> Result:
    """Reads a file when its gate is open."""
    name = Path(task.key).name
    with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
        log.write(f"{name} {os.getpid()}\n")
    if name == os.environ.get(DEADLY):
        os.kill(os.getpid(), signal.SIGKILL)
    while Path(os.environ[GATES], name).exists():
        time.sleep(0.02)
    return run_task(task, 0)


def main() -> int:
    """`preserve` with these words."""
    from preserve.cli.main import main as run  # noqa: PLC0415 - helpers need none of it
    from preserve.cluster import daskengine, sparkengine  # noqa: PLC0415 - as above

    spark_engine = sparkengine.SparkEngine
    with (
        patch.object(sparkengine, "SparkEngine", lambda: spark_engine(counted_task)),
        patch.object(daskengine, "run_task", counted_task),
        patch.object(opening, "ProcessEngine", lambda count: ProcessEngine(count, counted_task)),
    ):
        return run(sys.argv[1:])


if __name__ == "__main__":
    # By its name, and not as `__main__`: what is sent to other processes is known there by the module's name.
    from tests.countedreads import main as named_main

    sys.exit(named_main())
