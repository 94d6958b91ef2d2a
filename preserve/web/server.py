"""The desk on an address: bound first, then served until the process is asked to stop."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from preserve.errors import EnvironmentFaultError
from preserve.web.application import Desk
from preserve.web.settings import MAX_CONNECTIONS, DeskSettings

_HEAD_BYTES: Final = 64 * 1024
_KEEP_ALIVE_S: Final = 15
_STOP_S: Final = 5
_BACKLOG: Final = 1_024


def serve(
    settings: DeskSettings,
    *,
    host: str,
    port: int,
    descriptor: int | None,
    begun: Callable[[str], object],
    say: Callable[[str], object],
) -> None:
    """Serves until SIGINT or SIGTERM. ``descriptor``: a socket that is listened to already, in place of an address.

    ``begun`` gets the address once it can be asked; ``say``: what goes wrong inside.

    Raises:
        EnvironmentFaultError: the address cannot be listened to.
    """
    desk = Desk(settings, say)
    config = uvicorn.Config(
        desk,
        host=host,
        port=port,
        fd=descriptor,
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        http="h11",
        ws="none",
        loop="asyncio",
        h11_max_incomplete_event_size=_HEAD_BYTES,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
        backlog=_BACKLOG,
    )
    try:
        listening = config.bind_socket()
    except (SystemExit, OSError) as error:
        raise EnvironmentFaultError(
            f"{host}:{port} cannot be listened to", next_step="Is a desk there already? Choose another with --desk."
        ) from error
    try:
        # From here on whoever asks waits, and is not refused.
        listening.listen(_BACKLOG)
        name = listening.getsockname()
        place = f"[{name[0]}]:{name[1]}" if ":" in str(name[0]) else f"{name[0]}:{name[1]}"
        begun(f"http://{place}/")
        desk.library.warm()
        with _quiet_signals():
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """The server ends by itself when it is asked to; what it raises again afterwards is no news."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """The server has seen it."""

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ignore) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
