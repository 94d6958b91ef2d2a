"""The mirror's server: HTTP/1.1 on loopback, exact bytes, a process that ends with its parent.

It tells its port on stdout (``listening PORT``), takes the number of the phase, a line each, on stdin (and says
``phase N`` when it holds), and stops when stdin closes.
"""

import argparse
import socketserver
import sys
import threading
from contextlib import suppress

from preserve.demo_site.pages import NOT_FOUND, replies

_MAX_HEAD_LINES = 200
_MAX_LINE = 16 * 1024


class MirrorServer(socketserver.ThreadingTCPServer):
    """The mirror in one of its phases."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, phase: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.replies = {path: reply.wire() for path, reply in replies(phase).items()}
        self.not_found = NOT_FOUND.wire()

    def enter_phase(self, phase: int) -> None:
        """Serves another state of the mirror from now on."""
        self.replies = {path: reply.wire() for path, reply in replies(phase).items()}


class _Handler(socketserver.StreamRequestHandler):
    """Answers requests on one connection until the client closes it."""

    server: MirrorServer
    timeout = 30

    def handle(self) -> None:
        try:
            while (request := self._request()) is not None:
                path, last = request
                self.wfile.write(self.server.replies.get(path, self.server.not_found))
                if last:
                    return
        except OSError:
            return

    def _request(self) -> tuple[str, bool] | None:
        """The path, and whether it is the connection's last request; None where there is nothing to answer."""
        start = self.rfile.readline(_MAX_LINE).split()
        if len(start) != 3 or start[0] != b"GET":  # noqa: PLR2004 - method, target, version
            return None
        last = start[2] != b"HTTP/1.1"
        for _count in range(_MAX_HEAD_LINES):
            line = self.rfile.readline(_MAX_LINE)
            if not line:
                return None
            if line in {b"\r\n", b"\n"}:
                return start[1].decode("latin-1"), last
            name, _colon, value = line.lower().partition(b":")
            last = last or (name == b"connection" and value.strip() == b"close")
        return None


def serve(port: int, phase: int) -> None:
    """Serves until stdin closes."""
    try:
        server = MirrorServer(port, phase)
    except OSError:
        # The usual port is taken; any other does.
        server = MirrorServer(0, phase)
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"listening {server.server_address[1]}", flush=True)
        for line in sys.stdin:
            server.enter_phase(int(line))
            print(f"phase {int(line)}", flush=True)
        server.shutdown()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(description="Serves the demo mirror of invented cables on this machine.")
    parser.add_argument("--port", type=int, default=8342)
    parser.add_argument("--phase", type=int, choices=(1, 2), default=1)
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        serve(options.port, options.phase)


if __name__ == "__main__":
    main()
