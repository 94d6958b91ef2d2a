"""A site of a test: what it answers, and what it was asked."""

import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field


class Handler(socketserver.StreamRequestHandler):
    timeout = 120

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


class Server(socketserver.ThreadingTCPServer):
    """Serves until it is shut down, which takes no time: it looks for no end between connections."""

    allow_reuse_address = True
    daemon_threads = True
    is_over = False

    def serve_forever(self, _poll_interval: float = 0) -> None:
        """Waits for one connection after the other, however long."""
        while not self.is_over:
            self.handle_request()

    def shutdown(self) -> None:
        """Ends it by a connection that asks for nothing."""
        self.is_over = True
        with suppress(OSError), socket.create_connection(self.server_address[:2], timeout=1):  # type: ignore[arg-type]
            pass
