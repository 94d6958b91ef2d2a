"""A proxy on the loopback that records: what a browser asks for, each exchange as it travelled behind TLS.

The browser trusts the run's own authority (`preserve.net.certificates`), so that both sides of the proxy see plain
HTTP/1.1: requests go to the origin as they came, replies to the browser as they come. Nothing is added, and nothing
taken away but the fields ``Proxy-*`` and the origin in the target of a plain request, which are for the proxy. What is
recorded is what was sent to the origin and what came from it.

A client says by its user name which page it asks for. Without one that is known here it is asked for it (407) and gets
nothing; whether an exchange of a page may be made, and when, is said by whoever opened the page (`Visitor`).

Tested by ``tests/unit/net/test_recording_proxy.py``.
"""

import base64
import binascii
import select
import socket
import socketserver
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

from msgspec.structs import replace

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.http1.message import FramingKind, body_framing
from preserve.formats.http1.request import RequestHead, RequestParser
from preserve.limits import MIB, Limits
from preserve.net.addresses import Origin, split_url
from preserve.net.certificates import RunAuthority
from preserve.net.exchange import Exchange, ExchangeError, Request, Truncation
from preserve.net.fetch import Fetcher

STAY = "stay"
"""The refusal of a navigation that leaves the page as it is."""
MAX_REQUEST_BYTES = 16 * MIB
"""One request of a page with its body: uploads are no part of what is preserved."""
MAX_CLIENTS = 256
"""Connections at once, each with a thread. Chromium opens 32 to a proxy, and as many again for WebSockets."""
_READ_BYTES = 1 << 16
_TLS_HANDSHAKE = 0x16
_IDLE_S = 120.0
"""How long a client's connection may say nothing."""
_BODY_S = 30.0
"""How long the rest of a request may let wait for itself: a host's turn is held meanwhile."""
_PASS_S = 5.0
"""The same of a request that was refused."""
_LOOK_S = 0.2
"""How often a relayed connection is looked at for the end of its page."""
_SWITCHING = 101
_PROXY_FIELD = lazy_re(rb"(?im)^proxy-[^\r\n]*\r?\n")
_AUTHORITY = lazy_re(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_ASK = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="preserve"\r\n'
    b"Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"
)  # fmt: skip
_ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Visitor(Protocol):
    """Who opened a page: says what may be asked for, and takes what came. Called from many threads."""

    def enter(self, url: str) -> str:
        """Waits until an address may be asked for; empty, or why it may not be (`STAY`: the page stays as it is)."""
        ...

    def leave(self, url: str) -> None:
        """The server's turn is over, once for each `enter` that said yes: the next request may go to its host."""
        ...

    def take(self, count: int) -> int:
        """Counts in bytes that are going to be held until the page is over; how many of them may be."""
        ...

    def made(self, exchange: Exchange) -> None:
        """Takes an exchange, also one that failed. Its bytes were counted by `take`."""
        ...

    def over(self) -> None:
        """The page is over: whoever waits in `enter` is told so."""
        ...

    def is_streaming(self, exchange_head: Any) -> bool:  # noqa: ANN401 - a ReplyHead
        """True where a reply with this head is a stream that others should not wait for."""
        ...


class RecordingProxy:
    """The listener; ``port`` is the one that it has on 127.0.0.1."""

    def __init__(self, fetcher: Fetcher, authority: RunAuthority, limits: Limits) -> None:
        self.authority = authority
        self.limits = limits
        self.fetcher = fetcher
        self.fault: BaseException | None = None
        """A fault of the program in a thread of the proxy."""
        self.uninvited = 0
        """Requests that named no page: the browser's own, or another program's."""
        self.turned_away = 0
        """Connections beyond `MAX_CLIENTS`."""
        self._pages: dict[str, PageDoor] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_S,), daemon=True, name="proxy")
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    def open(self, page_id: str, password: str, visitor: Visitor) -> "PageDoor":
        """From now on exchanges are made for a page, by clients that know its password."""
        door = PageDoor(visitor)
        self._pages[_credentials(page_id, password)] = door
        return door

    def shut(self, door: "PageDoor", wait_s: float) -> int:
        """No more exchanges for a page: those under way are cut, and waited for.

        How many had no end until then: connections that are being made cannot be cut, and end by their own limits.
        """
        for key in [key for key, known in self._pages.items() if known is door]:
            del self._pages[key]
        left = door.shut(wait_s)
        if self.fault is not None:
            raise self.fault
        return left

    def close(self) -> None:
        """Ends the listener, and every connection of the fetcher."""
        self._server.shutdown()
        self._server.server_close()
        for door in list(self._pages.values()):
            door.shut(0.0)
        self._pages.clear()
        self.fetcher.close()

    def door_of(self, head: RequestHead) -> "PageDoor | None":
        """The page that a client names; None, and counted, where it names none."""
        scheme, _blank, said = (head.fields.get(b"proxy-authorization") or b"").partition(b" ")
        door = None
        if scheme.lower() == b"basic":
            with suppress(binascii.Error, ValueError):
                door = self._pages.get(base64.b64decode(said.strip(), validate=True).decode("utf-8"))
        if door is None:
            self.uninvited += 1
        return door


def _credentials(page_id: str, password: str) -> str:
    return f"{page_id}:{password}"


class PageDoor:
    """What the proxy knows of one page: who opened it, and what is under way."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.is_shut = False
        self._cuts: dict[int, Callable[[], None]] = {}
        self._lock = threading.Condition()
        self._under_way = 0

    def begin(self) -> bool:
        """Counts an exchange in; false where the page is over."""
        with self._lock:
            if not self.is_shut:
                self._under_way += 1
            return not self.is_shut

    def end(self, number: int) -> None:
        """Counts it out."""
        with self._lock:
            self._cuts.pop(number, None)
            self._under_way -= 1
            self._lock.notify_all()

    def cuts_by(self, number: int, cut: Callable[[], None]) -> None:
        """How an exchange is ended from here."""
        with self._lock:
            self._cuts[number] = cut
            if self.is_shut:
                cut()

    def shut(self, wait_s: float) -> int:
        """Cuts what is under way, and waits for it; how much of it had no end."""
        with self._lock:
            self.is_shut = True
            for cut in self._cuts.values():
                cut()
        self.visitor.over()
        with self._lock:
            self._lock.wait_for(lambda: not self._under_way, wait_s)
            return self._under_way


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: RecordingProxy

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        self._rooms = threading.BoundedSemaphore(MAX_CLIENTS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has them
        """A thread for the connection, where there is room for one more; else it is closed."""
        if self._rooms.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.proxy.turned_away += 1
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has them
        """Handles the connection, and makes room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._rooms.release()

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Keeps a fault of the program: it is raised where the page is closed."""
        self.proxy.fault = sys.exc_info()[1]


class _Handler(socketserver.BaseRequestHandler):
    """One connection of a client."""

    def handle(self) -> None:
        self.request.settimeout(_IDLE_S)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError, FormatError):
            self._plain()

    @property
    def _proxy(self) -> RecordingProxy:
        return cast("_Server", self.server).proxy

    def _plain(self) -> None:
        """Requests that are for the proxy itself."""
        while (asked := _next_request(self.request)) is not None:
            head = asked.head
            door = self._proxy.door_of(head)
            if door is None:
                self.request.sendall(_ASK)
                if not asked.parser.done:
                    return
            elif head.method == "CONNECT":
                self._tunnel(head, door)
                return
            elif not self._is_absolute(head.target) or not self._exchange(self.request, door, asked, None):
                return

    def _is_absolute(self, url: str) -> bool:
        if url.startswith("http://"):
            return True
        self.request.sendall(_own(400, "only addresses that begin with http:// are asked for without a tunnel"))
        return False

    def _tunnel(self, head: RequestHead, door: PageDoor) -> None:
        """Requests of a page to one origin, behind TLS or (for WebSockets) not."""
        match = _AUTHORITY.fullmatch(head.target)
        if match is None or not 0 < int(match[2]) < 1 << 16:
            self.request.sendall(_own(400, "no host and port"))
            return
        host, port = match[1].strip("[]").lower(), int(match[2])
        self.request.sendall(_ESTABLISHED)
        first = self.request.recv(1, socket.MSG_PEEK)
        if first and first[0] != _TLS_HANDSHAKE:
            self._requests(self.request, door, Origin("http", host, port))
        elif first:
            with self._proxy.authority.context(host).wrap_socket(self.request, server_side=True) as tls:
                self._requests(tls, door, Origin("https", host, port))

    def _requests(self, client: Any, door: PageDoor, origin: Origin) -> None:  # noqa: ANN401 - a socket, plain or TLS
        while (asked := _next_request(client)) is not None:
            if asked.head.method == "CONNECT" or not asked.head.target.startswith(("/", "*")):
                client.sendall(_own(400, "a path was wanted"))
                return
            if not self._exchange(client, door, asked, origin):
                return

    def _exchange(self, client: Any, door: PageDoor, asked: "_Asked", tunnel: Origin | None) -> bool:  # noqa: ANN401 - as above
        """Makes one exchange for a page; true where the client may ask for more on its connection."""
        url = asked.url(tunnel)
        try:
            origin = split_url(url)[0]
        except ExchangeError:
            client.sendall(_own(400, "no address"))
            return False
        if {"@", "\\"} & set(url.split("/", 3)[2]):
            # Readers of addresses do not agree on the host of such a one.
            client.sendall(_own(400, "an address with more than a host"))
            return False
        if asked.head.host.lower() not in {origin.netloc, origin.authority}:
            # The server would answer for another one than the record names.
            client.sendall(_own(400, "the field Host names another server than the address"))
            return False
        if not door.begin():
            return False
        tap = _ClientTap(client, door, url)
        try:
            refusal = door.visitor.enter(url)
            if refusal:
                client.sendall(_NO_CONTENT if refusal == STAY else _own(403, refusal))
                _pass_over(client, asked.parser)
                return False
            try:
                _read_body(client, asked, door.visitor)
                exchange = self._proxy.fetcher.relay(asked.request(url, tunnel), origin, tap)
            finally:
                tap.turn_over()
            door.visitor.made(tap.marked(exchange))
        finally:
            door.end(id(tap))
        if exchange.error is not None and not tap.sent:
            client.sendall(_own(502, str(exchange.error)))
        return tap.client_is_there and _keeps(exchange)


class _ClientTap:
    """Hands a reply on to the client as it comes."""

    def __init__(self, client: Any, door: PageDoor, url: str) -> None:  # noqa: ANN401 - a socket, plain or TLS
        self._client = client
        self._door = door
        self._url = url
        self._cut: Callable[[], None] = lambda: None
        self._has_turn = True
        self._beginning = b""
        self.sent = 0
        self.client_is_there = True
        self._frames: list[int] | None = None

    @property
    def is_cut(self) -> bool:
        """True where the page is over, or its browser wants no more."""
        return self._door.is_shut or not self.client_is_there

    def room_for(self, count: int) -> int:
        """How many of the bytes that came the page may still hold."""
        return self._door.visitor.take(count)

    def began(self, cut: Callable[[], None]) -> None:
        """The request is about to be sent."""
        self._cut = cut
        self._door.cuts_by(id(self), cut)

    def took(self, data: bytes) -> None:
        """Bytes of the reply."""
        if not self.client_is_there:
            return
        try:
            self._client.sendall(data)
            self.sent += len(data)
        except OSError:
            self.client_is_there = False
            self._cut()

    def head_came(self, head: Any) -> None:  # noqa: ANN401 - a ReplyHead
        """The head of the reply is there."""
        if self._door.visitor.is_streaming(head):
            self.turn_over()

    def turn_over(self) -> None:
        """Lets others ask the host, once."""
        if self._has_turn:
            self._has_turn = False
            self._door.visitor.leave(self._url)

    def switched(self, sock: Any, behind: int) -> None:  # noqa: ANN401 - a socket, plain or TLS
        """Hands bytes on in both directions until one side ends, or the page does. They are counted and not kept."""
        self.turn_over()
        self._frames = [0, behind]
        ways = {self._client: (sock, 0), sock: (self._client, 1)}
        until = time.monotonic() + _IDLE_S
        with suppress(OSError):
            while not self.is_cut and time.monotonic() < until:
                ready = [one for one in ways if isinstance(one, ssl.SSLSocket) and one.pending()]
                for one in ready or select.select(list(ways), [], [], _LOOK_S)[0]:
                    data = one.recv(_READ_BYTES)
                    if not data:
                        return
                    other, way = ways[one]
                    other.sendall(data)
                    self._frames[way] += len(data)
                    until = time.monotonic() + _IDLE_S

    def marked(self, exchange: Exchange) -> Exchange:
        """The exchange, with a note of what came after a 101 and was not kept."""
        if self._frames is None:
            return exchange
        return replace(exchange, frames=(self._frames[0], self._frames[1]), truncated=Truncation.UNSPECIFIED)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose head is there; its body may still be to come."""

    parser: RequestParser
    head: RequestHead

    def url(self, tunnel: Origin | None) -> str:
        """What it asks for: in a tunnel by the tunnel's origin and its path, else by the address in its target."""
        target = self.head.target
        if tunnel is not None:
            return f"{tunnel.scheme}://{tunnel.netloc}{'/' if target == '*' else target}"
        authority, path = _cut(target)
        return f"http://{authority}{path}"

    def request(self, url: str, tunnel: Origin | None) -> Request:
        """The whole request as the origin gets it.

        Of a plain one the origin is taken out of the target, and the proxy's own fields are left out.
        """
        head, raw = self.head, self.parser.raw
        if tunnel is not None:
            return Request(url, head.method, raw)
        lines = _PROXY_FIELD.sub(b"", head.lines)
        line = f"{head.method} {_cut(head.target)[1]} {head.version}\r\n".encode("ascii")
        return Request(url, head.method, line + lines + raw[len(head.raw) :])


def _cut(url: str) -> tuple[str, str]:
    """The authority of an absolute address, and what a server is asked for (RFC 9112 section 3.2.1)."""
    _scheme, _slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if slash:
        return authority, f"/{path}"
    authority, mark, query = authority.partition("?")
    return authority, f"/{mark}{query}"


def _next_request(client: Any) -> _Asked | None:  # noqa: ANN401 - a socket, plain or TLS
    """The next request on a client's connection, as far as its head; None where there is none.

    Raises:
        FormatError: what came is no request.
    """
    client.settimeout(_IDLE_S)
    parser = RequestParser(MAX_REQUEST_BYTES)
    while parser.head is None:
        data = client.recv(_READ_BYTES)
        if not data:
            return None
        _feed(client, parser, data)
    return _Asked(parser, parser.head)


def _read_body(client: Any, asked: _Asked, visitor: Visitor) -> None:  # noqa: ANN401 - a socket, plain or TLS
    """Reads what is left of a request.

    Raises:
        FormatError: it is framed wrongly, or more than may be held.
    """
    parser = asked.parser
    client.settimeout(_BODY_S)
    if not parser.done and b"100-continue" in asked.head.fields.get_list(b"expect"):
        client.sendall(_CONTINUE)
    count = len(parser.raw)
    while visitor.take(count) == count:
        if parser.done:
            return
        data = client.recv(_READ_BYTES)
        if not data:
            raise FormatError("a request that does not come to its end")
        _feed(client, parser, data)
        count = len(data)
    client.sendall(_own(413, "the page has sent and received as much as is held"))
    _pass_over(client, parser)
    raise FormatError("more than is held")


def _feed(client: Any, parser: RequestParser, data: bytes) -> None:  # noqa: ANN401 - a socket, plain or TLS
    try:
        parser.feed(data)
    except FormatError as error:
        client.sendall(_own(400, str(error)))
        raise
    if parser.extra:
        # Nobody asks for more before the reply is there (RFC 9112 section 9.3.2 lets a client; browsers do not).
        raise FormatError("requests without waiting for replies")


def _pass_over(client: Any, parser: RequestParser) -> None:  # noqa: ANN401 - a socket, plain or TLS
    """Reads the rest of a request that was answered already, and keeps nothing of it.

    Else the connection's end would reach the client as a fault, and before the reply.
    """
    if parser.done:
        return
    client.settimeout(_PASS_S)
    left = MAX_REQUEST_BYTES
    while left > 0 and (data := client.recv(_READ_BYTES)):
        left -= len(data)


def _keeps(exchange: Exchange) -> bool:
    """True where the client could tell the end of the reply without the end of the connection."""
    head = exchange.head
    if exchange.error is not None or exchange.truncated is not None or head is None or head.version != b"HTTP/1.1":
        return False
    if b"close" in head.get_list(b"connection") or head.status == _SWITCHING:
        return False
    framing = body_framing(head, exchange.method)
    if framing.kind is FramingKind.CLOSE:
        return False
    return exchange.received_bytes == (framing.length or 0) if framing.kind is not FramingKind.CHUNKED else True


def _own(status: int, why: str) -> bytes:
    """A reply of the proxy itself."""
    body = f"{why}\n".encode("utf-8", "replace")
    head = f"HTTP/1.1 {status} preserve\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode("ascii") + body
