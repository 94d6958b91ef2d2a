"""An HTTP proxy for tests: it notes what it is asked, and opens a way through to loopback."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def proxy_at_work(asked: list[bytes], *, verdict: bytes = b"200 Connection established") -> Iterator[str]:
    """One connection of a proxy: the absolute form is answered by itself, CONNECT opens a way through."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _peer = listener.accept()
            with client:
                request = client.recv(65536)
                asked.append(request)
                if not request.startswith(b"CONNECT "):
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom afar")
                    client.recv(1)
                    return
                client.sendall(b"HTTP/1.1 %s\r\n\r\n" % verdict)
                if verdict.startswith(b"200"):
                    _pump(client, request.split()[1].decode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(10)


def _pump(client: socket.socket, target: str) -> None:
    host, port = target.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as server:
        while True:
            for sock in select.select([client, server], [], [], 10)[0]:
                data = sock.recv(65536)
                if not data:
                    return
                (server if sock is client else client).sendall(data)
