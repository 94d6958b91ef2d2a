"""Shared by all tests: the network is cut off except for loopback, and the folder of real pages is found or skipped."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

_LOOPBACK = ("127.", "::1", "localhost")


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
        _refuse((host.decode() if isinstance(host, bytes) else host,))
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's configuration, keys or proxies."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in list(os.environ):
        if name.startswith(("XDG_", "PRESERVE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


_SHARED = os.environ.get("PRESERVE_SHARED")


@pytest.fixture(scope="session")
def shared_cables() -> Path:
    """The folder of real pages (``$PRESERVE_SHARED/cables``, else ``../shared/cables``); skips where there is none."""
    base = Path(_SHARED) if _SHARED else Path(__file__).parents[2] / "shared"
    folder = base / "cables"
    if not folder.is_dir():
        pytest.skip("no folder of real pages beside the checkout (PRESERVE_SHARED)")
    return folder
