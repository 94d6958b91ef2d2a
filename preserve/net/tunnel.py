"""A way through an HTTP proxy to a server (RFC 9110 section 9.3.6)."""

import socket

from preserve.formats.http1.framing import ReplyParser

_READ_BYTES = 64 * 1024
_GOOD = range(200, 300)


class TunnelError(OSError):
    """The proxy gives no way through."""


def open_tunnel(sock: socket.socket, host: str, port: int) -> None:
    """Asks the proxy at the other end of a connection for a way through to a server.

    Raises:
        TunnelError: it gives none. OSError: the connection failed.
    """
    name = f"[{host}]" if ":" in host else host
    scanner = ReplyParser("HEAD")
    sock.sendall(f"CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode("ascii"))
    # The server speaks only after the handshake: nothing of TLS is read away here.
    while scanner.head is None:
        data = sock.recv(_READ_BYTES)
        if not data or scanner.defects:
            raise TunnelError("the proxy gave no answer")
        scanner.feed(data)
    if scanner.head.status not in _GOOD:
        raise TunnelError(f"the proxy answered with status {scanner.head.status}")
