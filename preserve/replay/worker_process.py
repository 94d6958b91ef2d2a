"""What every helping process does when it begins: it leaves Ctrl-C to its parent, and ends with it."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait


def begin_helper() -> None:
    """Prepares a process of a pool."""
    # Ctrl-C goes to every process of a terminal; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when its parent is gone: killed, it can tell nobody to stop."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
