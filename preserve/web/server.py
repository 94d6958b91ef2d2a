"""Applications on addresses: bound first, then served together until the process is asked to stop.

Tested by ``tests/scenarios/test_desk_hostile.py`` too.
"""

import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import anyio
import uvicorn
from starlette.types import ASGIApp

from preserve.errors import EnvironmentFaultError
from preserve.web.application import Desk, Gauges
from preserve.web.connections import BoundedConnection
from preserve.web.exhibit.own_copy import OwnCopy
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.reached import origin_of
from preserve.web.settings import MAX_CONNECTIONS, DeskSettings

_HEAD_BYTES: Final = 64 * 1024
_KEEP_ALIVE_S: Final = 15
_STOP_S: Final = 5
_BACKLOG: Final = 1_024


@dataclass(frozen=True, slots=True)
class ListeningPlace:
    """Where to listen. ``descriptor``: a socket that is listened to already, in place of an address."""

    host: str
    port: int
    descriptor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An application and where it listens. ``option``: by what that is given, for who has to choose another."""

    application: ASGIApp
    option: str
    place: ListeningPlace


def serve(
    settings: DeskSettings,
    *,
    desk: ListeningPlace,
    exhibit: ListeningPlace | None,
    metrics: ListeningPlace | None,
    begun: Callable[[Mapping[str, str]], object],
    say: Callable[[str], object],
) -> None:
    """Serves until SIGINT or SIGTERM: the desk, and where they are given the exhibit room and numbers for Prometheus.

    ``begun`` gets the addresses by the options that give them, once they can be asked; ``say``: what goes wrong inside.

    Raises:
        EnvironmentFaultError: an address cannot be listened to.
    """
    application = Desk(settings, say)
    listeners = [Listener(application=application, option="--desk", place=desk)]
    room = None
    if exhibit is not None:
        room = ExhibitRoom(settings, application.library, say)
        shown = room if settings.replay_web_page is None else _with_own_copy(settings.replay_web_page, room)
        listeners.append(Listener(application=shown, option="--replay", place=exhibit))
    if metrics is not None:
        listeners.append(Listener(application=Gauges(application), option="--metrics", place=metrics))
    with ExitStack() as stack:
        bound = [_bound(one, stack) for one in listeners]
        addresses = {one.option: bound_one.address for one, bound_one in zip(listeners, bound, strict=True)}
        if room is not None:
            introduce(application, room, addresses["--desk"], addresses["--replay"])
        begun(addresses)
        application.library.warm()
        with _ending(*(one.server for one in bound)):
            anyio.run(_all, bound)


def _with_own_copy(folder: Path, room: ExhibitRoom) -> OwnCopy:
    # A policy has no name for an IPv6 address.
    return OwnCopy(folder, room, room.names, lambda: " ".join(one for one in room.desk_origins if "[" not in one))


def introduce(desk: Desk, room: ExhibitRoom, desk_address: str, room_address: str) -> None:
    """Tells desk and room of one another: the one frames what the other shows."""
    settings = desk.settings
    desk.exhibit_url = settings.exhibit_url or room_address.rstrip("/")
    origins = [origin_of(settings.public_url)] if settings.public_url else []
    port = desk_address.rstrip("/").rpartition(":")[2]
    names = sorted(f"[{name}]" if ":" in name else name for name in settings.hosts)
    room.desk_origins = (*origins, *(f"http://{name}:{port}" for name in names))


@dataclass(frozen=True, slots=True)
class _Bound:
    """A server on a socket that is listened to."""

    server: uvicorn.Server
    address: str
    serve: Callable[[], Awaitable[None]]


async def _all(bound: Sequence[_Bound]) -> None:
    async with anyio.create_task_group() as group:
        for one in bound:
            group.start_soon(_until_the_end, one)


async def _until_the_end(one: _Bound) -> None:
    await one.serve()


class _Server(uvicorn.Server):
    """A server that is not asked to end by signals: one process has several."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Whoever began it listens to signals."""
        yield


def _bound(one: Listener, stack: ExitStack) -> _Bound:
    config = uvicorn.Config(
        one.application,
        host=one.place.host,
        port=one.place.port,
        fd=one.place.descriptor,
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        http=BoundedConnection,
        ws="none",
        loop="asyncio",
        h11_max_incomplete_event_size=_HEAD_BYTES,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
        backlog=_BACKLOG,
    )
    listening = _listening(config, one.option)
    stack.callback(listening.close)
    name = listening.getsockname()
    place = f"[{name[0]}]:{name[1]}" if ":" in str(name[0]) else f"{name[0]}:{name[1]}"
    server = _Server(config)
    return _Bound(server, f"http://{place}/", partial(server.serve, sockets=[listening]))


def _listening(config: uvicorn.Config, option: str) -> socket.socket:
    try:
        listening = config.bind_socket()
    except (SystemExit, OSError) as error:
        raise EnvironmentFaultError(
            f"{config.host}:{config.port} cannot be listened to",
            next_step=f"Is something there already? Choose another with {option}.",
        ) from error
    # An answer's head and body are written apart: the body must not wait until the client has acknowledged the head
    # (some 40 ms). Connections have this from the socket that accepts them. One of systemd may be no TCP.
    with suppress(OSError):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # From here on whoever asks waits, and is not refused.
    listening.listen(_BACKLOG)
    return listening


@contextmanager
def _ending(*servers: uvicorn.Server) -> Iterator[None]:
    """Ends the servers at the first signal; a second SIGINT does not wait for those who are being answered."""

    def end(number: int, _frame: FrameType | None) -> None:
        for server in servers:
            server.force_exit = server.force_exit or (server.should_exit and number == signal.SIGINT)
            server.should_exit = True

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
