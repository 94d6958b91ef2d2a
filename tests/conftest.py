"""Shared by all tests: no network but loopback, no home of the user, a site, a shell, and the folder of real pages."""

import contextlib
import gc
import io
import itertools
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from preserve.cli.main import main
from preserve.schedule import child
from preserve.store import secondreader
from tests.examples import mark_slow
from tests.forked_program import Programs, programs
from tests.forked_reader import Subprocesses, forking
from tests.readers import assert_others_read
from tests.shell import Shell
from tests.site import Handler, Server, Site

pytest_plugins = ["tests.clocks", "tests.objectserver", "tests.tls", "tests.tsa"]

# No test depends on how fast the machine is at the moment, and a commit that passed passes again. `make test-all`
# draws other examples each time, and four times as many.
settings.register_profile(
    "preserve", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, max_examples=25
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("preserve")
_SLOW_TIMEOUT_S = 1_800

# Tests start the program hundreds of times: it is compiled once, whatever the environment says of bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What a shell starts in the background has Ctrl-C ignored, and so has all that it starts: tests send it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What is collected stays to the end: to look through it for what is no more needed, over and over, finds nothing.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow test may be at work for long on a busy machine: only one that hangs is ended."""
    mark_slow(items)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_SLOW_TIMEOUT_S))


_LOOPBACK = ("127.", "::1", "localhost")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: a test's name is the same in every process, whatever a compressor put in."""
    return argname if isinstance(val, bytes) else None


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine."""


def _refuse(address: object) -> None:
    if isinstance(address, tuple) and address:
        host = address[0]
        if host in ("", None) or str(host).startswith(_LOOPBACK):
            return
        raise NetworkBlockedError(f"a test tried to reach {host!r}; only loopback is open")


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections and name look-ups to anything but loopback fail, unless the test is marked ``online``."""
    if request.node.get_closest_marker("online") is not None:
        return
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        # An address needs no look-up.
        if not re.fullmatch(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*", str(host)):
            _refuse((host.decode() if isinstance(host, bytes) else host,))
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layouts that were checked once are not checked again in each test: what is kept there goes by its bytes."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory, _own_cache: Path) -> Path:
    """The folder of a demonstration, to be copied."""
    folder = tmp_path_factory.mktemp("made") / "demo"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setenv("XDG_CACHE_HOME", str(_own_cache))
        assert main(["demo", "--folder", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folders of single tests, as they are asked for.

    They are numbered here: pytest looks through all that are there before it makes the next, which for ten thousand
    tests takes longer than half of the tests.
    """
    base = tmp_path_factory.mktemp("of", numbered=False)

    def made() -> Iterator[Path]:
        for number in itertools.count():
            folder = base / str(number)
            folder.mkdir()
            yield folder

    return made()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, _own_folders: Iterator[Path]) -> Path:
    """A folder of the test's own, of its name."""
    folder = next(_own_folders) / re.sub(r"\W", "_", request.node.name)[:30]
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _own_home(_own_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch, _own_cache: Path) -> None:
    """No test reads or writes the user's configuration, keys or proxies."""
    monkeypatch.setenv("HOME", str(next(_own_folders)))
    for name in list(os.environ):
        if name.startswith(("XDG_", "PRESERVE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(_own_cache))


@pytest.fixture(scope="session")
def _forked_readers() -> Iterator[Subprocesses]:
    with forking() as subprocesses:
        yield subprocesses


@pytest.fixture(autouse=True)
def _second_reader(monkeypatch: pytest.MonkeyPatch, _forked_readers: Subprocesses) -> None:
    """Second readers are forked. Tests of how they are started have an empty fixture of this name."""
    monkeypatch.setattr(secondreader, "subprocess", _forked_readers)


@pytest.fixture(scope="session")
def _forked_programs(_forked_readers: Subprocesses) -> Iterator[Programs]:
    with programs(_forked_readers) as stand_in:
        yield stand_in


@pytest.fixture
def forked_program(monkeypatch: pytest.MonkeyPatch, _forked_programs: Programs) -> None:
    """What a schedule starts is forked, and one after another. Tests of how it is started put the true module back."""
    monkeypatch.setattr(child, "subprocess", _forked_programs)


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_disks() -> Iterator[None]:
    """Nobody cuts the power under a test: what is synced is the same as what is written, and only later there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _file: None)
        yield


_SHARED = os.environ.get("PRESERVE_SHARED")


@pytest.fixture(scope="session")
def shared_cables() -> Path:
    """The folder of real pages (``$PRESERVE_SHARED/cables``, else ``../shared/cables``); skips where there is none."""
    base = Path(_SHARED) if _SHARED else Path(__file__).parents[2] / "shared"
    folder = base / "cables"
    if not folder.is_dir():
        pytest.skip("no folder of real pages beside the checkout (PRESERVE_SHARED)")
    return folder


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with Server(("127.0.0.1", 0), Handler) as server:
        server.site = site  # type: ignore[attr-defined]
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of loopback at which connections are refused: it is held, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def free_ports() -> list[int]:
    """Two ports of loopback that nobody listens on."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], two.getsockname()[1]]


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Iterator[Shell]:
    """A shell; at the end, warcio and fastwarc read every file that was sealed, unless the test damages them."""
    (tmp_path / "config" / "layouts").mkdir(parents=True)
    yield Shell(folder=tmp_path, capsys=capsys)
    if request.node.get_closest_marker("damages") is None:
        for path in tmp_path.glob("archives/*/archive/*.warc.gz"):
            assert_others_read(path)
