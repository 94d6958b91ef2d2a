"""``preserve capture`` as a process of its own, which is asked to stop when the schedule is."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import BinaryIO

from preserve.limits import MIB
from preserve.schedule.runs import Ended

_LOOK_S = 0.5
_MAX_REPORT_BYTES = 64 * MIB


def run_child(arguments: Sequence[str], *, stop: Callable[[], bool]) -> Ended:
    """Runs the program with ``arguments`` to its end. Its stdout is its report, its stderr goes where ours goes.

    When ``stop`` says yes it gets SIGTERM once, finishes what is being written and seals it.

    Raises:
        OSError: it cannot be started.
    """
    with tempfile.TemporaryFile() as report:
        # A session of its own: Ctrl-C reaches it once, through us.
        process = subprocess.Popen(  # noqa: S603 - our own program, a list of arguments
            [sys.executable, "-m", "preserve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=report,
            start_new_session=True,
        )
        try:
            _wait(process, stop)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
        return Ended(status=process.returncode, reported=_is_report(report))


def _wait(process: subprocess.Popen[bytes], stop: Callable[[], bool]) -> None:
    is_asked = False
    while True:
        try:
            process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if stop() and not is_asked:
                process.send_signal(signal.SIGTERM)
                is_asked = True
        else:
            return


def _is_report(file: BinaryIO) -> bool:
    file.seek(0)
    try:
        value = json.loads(file.read(_MAX_REPORT_BYTES))
    except ValueError:
        return False
    return isinstance(value, dict) and "outcome" in value
