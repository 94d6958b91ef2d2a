"""How a long command is stopped: once to finish what is being written, twice at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from preserve.cli.common import say


@contextmanager
def stopped_by_signals(asked: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """The first SIGINT or SIGTERM asks the run to stop; the next interrupts a wait or a slow reply.

    ``asked`` is called with the first one.
    """
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        asked()
        say(f"preserve: {signal.Signals(number).name}: finishing what is being written (once more: at once)")

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
