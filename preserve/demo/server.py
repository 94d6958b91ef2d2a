"""The demo mirror's process: ``python -m preserve.demo.server --port PORT [--phase 1|2]``.

Speaks HTTP/1.1 on the loopback address only, with the bytes of `preserve.demo.site` and no library between them and the
socket. Prints ``listening PORT`` when it answers, and ``phase 2`` when SIGUSR1 has moved it on. It ends on SIGTERM or
SIGINT, and when its standard input is a pipe and that closes, so that it never outlives who started it.
"""

import argparse
import os
import signal
import socketserver
import stat
import sys
import threading
from typing import ClassVar, Literal

from preserve.demo.site import Phase, Reply, reply

ADDRESS = "127.0.0.1"
MAX_HEAD_BYTES = 64 * 1024
IDLE_TIMEOUT_S = 30.0
_REFUSED = Reply(head=b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", body=b"")


class DemoServer(socketserver.ThreadingTCPServer):
    """Listens on the loopback address; ``port`` 0, or one that is taken, gives any free one."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, phase: Phase = 1) -> None:
        self.phase: Phase = phase
        try:
            super().__init__((ADDRESS, port), Connection)
        except OSError:
            super().__init__((ADDRESS, 0), Connection)

    @property
    def port(self) -> int:
        """The port that it really got."""
        return int(self.socket.getsockname()[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a client that goes away in the middle of a reply is no fault of the mirror."""


class Connection(socketserver.StreamRequestHandler):
    """One connection, kept open from request to request until the client closes it or is silent."""

    server: DemoServer
    timeout: ClassVar[float] = IDLE_TIMEOUT_S

    def handle(self) -> None:
        """Answers request after request."""
        while (head := self._request_head()) is not None:
            method, _, rest = head.partition(b" ")
            path = rest.partition(b" ")[0].decode("latin-1")
            if method not in (b"GET", b"HEAD"):
                self.wfile.write(_REFUSED.head)
                return
            answer = reply(path, self.server.phase)
            self.wfile.write(answer.head + (b"" if method == b"HEAD" else answer.body))
            if b"\r\nconnection: close" in head.lower() or b" HTTP/1.0\r\n" in head:
                return

    def _request_head(self) -> bytes | None:
        """The head of the next request; None where the client is gone, silent or sends too much."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                line = self.rfile.readline(MAX_HEAD_BYTES)
            except OSError:
                return None
            head += line
            if not line or len(head) > MAX_HEAD_BYTES:
                return None
        return head


def main(arguments: list[str] | None = None) -> int:
    """Serves until told to stop."""
    parser = argparse.ArgumentParser(prog="preserve.demo.server", description="Serve the demo mirror on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8342, help="port; if it is taken, any free one (default 8342)")
    parser.add_argument("--phase", type=int, choices=(1, 2), default=1, help="state of the site (default 1)")
    options = parser.parse_args(arguments)
    phase: Literal[1, 2] = 2 if options.phase == 2 else 1  # noqa: PLR2004 - the second of two
    # Blocked before any thread starts, so that each is taken by `sigwait` below and by nothing else.
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with DemoServer(options.port, phase) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            threading.Thread(target=_end_with_input, daemon=True).start()
        print(f"listening {server.port}", flush=True)
        while signal.sigwait(signals) == signal.SIGUSR1:
            server.phase = 2
            print("phase 2", flush=True)
        server.shutdown()
    return 0


def _end_with_input() -> None:
    """Waits for the end of standard input, then asks this process to stop."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
