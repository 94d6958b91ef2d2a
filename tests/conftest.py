"""Shared by all tests: no network but loopback, no home of the user, a site, a shell, and the folder of real pages."""

import json
import os
import re
import shutil
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from preserve.cli.main import main
from preserve.cli.shared.common import keys_folder
from preserve.provenance.installation import Installation
from preserve.provenance.keys import mark_path
from tests.readers import assert_others_read

pytest_plugins = ["tests.clocks", "tests.tls", "tests.tsa"]

# No test depends on how fast the machine is at the moment, and a commit that passed passes again. `make test-all`
# draws other examples each time.
settings.register_profile("preserve", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("preserve")
_SLOW_TIMEOUT_S = 1_800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow test may be at work for long on a busy machine: only one that hangs is ended."""
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


class _Handler(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        try:
            while len(start := self.rfile.readline(8192).split()) == 3:
                head = b""
                while (line := self.rfile.readline(8192)) not in (b"\r\n", b"\n", b""):
                    head += line
                path = start[1].decode("latin-1")
                site.own.head = head
                site.heads.append(head)
                site.asked.append(path)
                if site.before is not None:
                    site.before(path)
                self.wfile.write(site.reply(path, head))
                if path in site.closing:
                    return
        except OSError:
            return


@dataclass
class Site:
    """``replies``: path to the bytes of the reply; ``closing``: paths after which the connection is closed."""

    replies: dict[str, bytes] = field(default_factory=dict)
    closing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    unchanged: dict[str, bytes] = field(default_factory=dict)
    """Path to a field of a conditional request that is answered with 304."""
    before: Callable[[str], None] | None = None
    own: threading.local = field(default_factory=threading.local)
    """``head``: of the request that the thread asking for it answers."""
    port: int = 0

    def page(self, path: str, body: bytes, *, status: str = "200 OK", kind: str = "text/html") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.replies[path] = head.encode() + body

    def reply(self, path: str, head: bytes) -> bytes:
        condition = self.unchanged.get(path)
        if condition is not None and condition in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: unchanged\r\n\r\n"
        return self.replies.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = site  # type: ignore[attr-defined]
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@dataclass
class Shell:
    """Runs commands against archives and a configuration of their own."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def collection(self, name: str, text: str) -> None:
        path = self.config / "collections" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def site_collection(
        self,
        name: str,
        site: Site,
        *paths: str,
        layouts: str = "[mrkva, wikileaks-cable]",
        retries: int = 0,
        recheck: str = "held",
    ) -> None:
        seeds = "\n".join(f"  - {site.url(path)}" for path in paths)
        self.collection(
            name,
            f"title: A site for a test\ncontact: test@example.org\nseeds:\n{seeds}\n"
            f"scope:\n  include:\n    - {site.url('/')}\n  max_depth: 2\n"
            f"politeness:\n  delay_s: 0\n  retries: {retries}\nlayouts: {layouts}\nallow_addresses:\n  - 127.0.0.1\n"
            f"recheck: {recheck}\n",
        )

    def __call__(self, *words: str, status: int | None = 0) -> str:
        """What a command writes to stdout; its exit status must be ``status``, and no traceback may be shown."""
        self.capsys.readouterr()
        archives = [] if "--archives" in words else ["--archives", str(self.archives)]
        got = main([*words, *archives, "--config", str(self.config)])
        out, self.errors = self.capsys.readouterr()
        self.status = int(got)
        assert "Traceback" not in self.errors
        assert status is None or got == status, f"{words}: {got}\n{out}\n{self.errors}"
        return out

    def begin_anew(self, name: str) -> None:
        """Another archive with the same key, of which nothing is known any more: what one does who rewrites history."""
        self.forget_log(name)
        self("init", name)

    def forget_log(self, name: str) -> None:
        """Takes away what is known of a log outside the archive."""
        mark_path(name, keys_folder(os.environ)).unlink(missing_ok=True)
        shutil.rmtree(keys_folder(os.environ) / "known-logs", ignore_errors=True)
        Installation(keys_folder(os.environ), name).head_file.unlink(missing_ok=True)

    def json(self, *words: str, status: int | None = 0) -> dict[str, object]:
        """What a command answers with ``--json``, but for its schema, which names the command."""
        answer: dict[str, object] = json.loads(self(*words, "--json", status=status))
        schema = str(answer.pop("schema"))
        assert schema == "preserve/error/1" or re.fullmatch(rf"preserve/{words[0]}(-[a-z-]+)?/1", schema)
        return answer

    errors: str = ""
    status: int = 0
    """Of the last command."""


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
