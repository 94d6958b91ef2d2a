"""How a long command is stopped: once to finish what is being written, twice at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from preserve.cli.shared.common import say


@contextmanager
def stopped_by_signals(asked: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """The first SIGINT, SIGTERM or SIGHUP asks the run to stop; the next interrupts a wait or a slow reply.

    ``asked`` is called with the first one. A SIGHUP that was ignored when the program began (`nohup`) stays ignored.
    """
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        asked()
        say(f"preserve: {signal.Signals(number).name}: finishing what is being written (once more: at once)")

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # The terminal is gone, or its user: what is under way is sealed all the same.
        numbers.append(signal.SIGHUP)
    previous = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
