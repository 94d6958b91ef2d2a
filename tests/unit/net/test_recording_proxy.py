"""The recording proxy: exchanges of a page are recorded as the origin read and wrote them, and no others are made."""

import base64
import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.net.certificates import RunAuthority
from preserve.net.exchange import Exchange, Failure, Truncation
from preserve.net.fetch import Fetcher
from preserve.net.recordingproxy import PageDoor, RecordingProxy
from tests.odd_replies import SHAPES, OddOrigin, Shape, odd_origin
from tests.tls import Authority

LIMITS = replace(DEFAULT_LIMITS, connect_timeout_s=60.0, read_timeout_s=60.0)
PAGE, WORD = "page-1", "secret"


@dataclass
class Everyone:
    """A visitor who lets everything through but the addresses in ``refused``."""

    refused: set[str] = field(default_factory=set)
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    room: int = 1 << 40
    is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    came: "queue.SimpleQueue[Exchange]" = field(default_factory=queue.SimpleQueue)

    def enter(self, url: str) -> str:
        if url in self.refused:
            return "robots"
        self.entered.append(url)
        return ""

    def leave(self, url: str) -> None:
        self.left.append(url)

    def take(self, count: int) -> int:
        with self._lock:
            taken = min(count, self.room)
            self.room -= taken
            return taken

    def over(self) -> None:
        self.is_over.set()

    def made(self, exchange: Exchange) -> None:
        self.came.put(exchange)

    def is_streaming(self, head: Any) -> bool:
        return bool(head.get(b"content-type") == b"text/event-stream")

    def next(self) -> Exchange:
        return self.came.get(timeout=60)


@dataclass
class Bench:
    proxy: RecordingProxy
    door: PageDoor
    visitor: Everyone

    def plain(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.proxy.port), 60)

    def tunnel(self, port: int, host: str = "127.0.0.1", *, tls: bool = False, page: str = PAGE) -> socket.socket:
        sock = self.plain()
        sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{credentials(page)}\r\n".encode())
        answer = sock.recv(1000)
        if not answer.startswith(b"HTTP/1.1 200 "):
            sock.close()
            raise ConnectionError(answer.decode())
        if not tls:
            return sock
        context = ssl.create_default_context(cadata=self.proxy.authority.pem.decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context.wrap_socket(sock, server_hostname=host)


def credentials(page: str = PAGE) -> str:
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{page}:{WORD}'.encode()).decode()}\r\n"


@contextmanager
def bench(limits: Limits = LIMITS, allow: tuple[str, ...] = ("127.0.0.1",), **named: Any) -> Iterator[Bench]:
    given: dict[str, Any] = {"verify_tls": True, **named}
    fetcher = Fetcher(user_agent="preserve/test", limits=limits, allow_addresses=allow, **given)
    proxy = RecordingProxy(fetcher, RunAuthority(), limits)
    visitor = Everyone()
    try:
        yield Bench(proxy, proxy.open(PAGE, WORD, visitor), visitor)
    finally:
        proxy.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[OddOrigin]:
    with odd_origin() as made:
        yield made


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OddOrigin, Path]]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server("127.0.0.1"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with odd_origin(context) as made:
        yield made, authority.bundle


@pytest.fixture(scope="module")
def plain_bench() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.fixture(scope="module")
def tls_bench(tls: tuple[OddOrigin, Path]) -> Iterator[Bench]:
    with bench(ca_file=str(tls[1])) as made:
        yield made


def request_for(name: str, origin: OddOrigin, *, prefix: str = "", more: str = "") -> bytes:
    shape = SHAPES[name]
    line = (
        f"{shape.method} {prefix}/{name} HTTP/1.1\r\nhOst: 127.0.0.1:{origin.port}\r\nX-Odd:   two  blanks \r\n{more}"
    )
    return line.encode() + (shape.sends or b"\r\n")


def get(path: str, origin: OddOrigin, more: str = "", *, host: str = "127.0.0.1") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{origin.port}\r\n{more}\r\n".encode()


def ask(sock: socket.socket, request: bytes, reply: bytes) -> bytes:
    """What the client gets, as many bytes as there are to come."""
    sock.sendall(request)
    got = b""
    while len(got) < len(reply) and (data := sock.recv(65536)):
        got += data
    return got


def recorded(exchange: Exchange) -> bytes:
    return exchange.interim_bytes + exchange.response_bytes


def test_there_are_enough_shapes() -> None:
    assert len(SHAPES) >= 45


@pytest.mark.parametrize("name", SHAPES)
def test_behind_tls_both_directions_are_recorded_as_the_origin_saw_them(
    name: str, tls: tuple[OddOrigin, Path], tls_bench: Bench
) -> None:
    origin, reply = tls[0], SHAPES[name].reply
    with tls_bench.tunnel(origin.port, tls=True) as sock:
        assert isinstance(sock, ssl.SSLSocket)
        assert sock.selected_alpn_protocol() == "http/1.1"
        request = request_for(name, origin)
        assert ask(sock, request, reply) == reply
        exchange = tls_bench.visitor.next()
    assert recorded(exchange) == reply
    assert exchange.request_bytes == request == origin.requests[f"/{name}"]
    assert exchange.url == f"https://127.0.0.1:{origin.port}/{name}"
    assert exchange.method == SHAPES[name].method
    assert exchange.peer is not None
    assert exchange.peer.tls is not None
    assert exchange.peer.tls.verdict == "verified"


@pytest.mark.parametrize("name", SHAPES)
def test_a_plain_request_loses_only_what_was_for_the_proxy(name: str, origin: OddOrigin, plain_bench: Bench) -> None:
    reply = SHAPES[name].reply
    sent = request_for(
        name, origin, prefix=f"http://127.0.0.1:{origin.port}", more=f"{credentials()}Proxy-Connection: keep-alive\r\n"
    )
    with plain_bench.plain() as sock:
        assert ask(sock, sent, reply) == reply
        exchange = plain_bench.visitor.next()
    assert recorded(exchange) == reply
    assert exchange.request_bytes == request_for(name, origin) == origin.requests[f"/{name}"]


def test_a_connection_is_kept_on_both_sides(origin: OddOrigin, plain_bench: Bench) -> None:
    before = origin.connections
    with plain_bench.tunnel(origin.port) as sock:
        for name in ("plain", "chunked", "head", "204-with-length", "100-and-103", "plain"):
            assert ask(sock, request_for(name, origin), SHAPES[name].reply) == SHAPES[name].reply
            assert recorded(plain_bench.visitor.next()) == SHAPES[name].reply
    assert origin.connections - before <= 1


def test_what_changes_something_goes_out_on_a_new_connection(origin: OddOrigin, plain_bench: Bench) -> None:
    with plain_bench.tunnel(origin.port) as sock:
        ask(sock, request_for("plain", origin), SHAPES["plain"].reply)
        plain_bench.visitor.next()
        before = origin.connections
        for _time in range(2):
            ask(sock, request_for("post", origin), SHAPES["post"].reply)
            plain_bench.visitor.next()
        assert origin.connections == before + 2


@pytest.mark.parametrize(
    "said", ["", credentials("page-2"), "Proxy-Authorization: Basic \xff\r\n", "Proxy-Authorization: Basic eA==\r\n"]
)
def test_who_names_no_page_gets_nothing(said: str, origin: OddOrigin) -> None:
    with bench() as made, made.plain() as sock:
        for line in (f"CONNECT 127.0.0.1:{origin.port}", f"GET http://127.0.0.1:{origin.port}/plain"):
            answer = ask(sock, f"{line} HTTP/1.1\r\nHost: x\r\n{said}\r\n".encode("latin-1"), b"x")
            assert answer.startswith(b"HTTP/1.1 407 ")
        assert (made.proxy.uninvited, made.visitor.entered) == (2, [])


def test_what_the_visitor_refuses_is_not_sent(origin: OddOrigin) -> None:
    with bench() as made, made.tunnel(origin.port) as sock:
        made.visitor.refused.add(f"http://127.0.0.1:{origin.port}/nothing-like-it")
        answer = ask(sock, get("/nothing-like-it", origin), b"x")
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert made.visitor.came.empty()
    assert "/nothing-like-it" not in origin.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "::1", "169.254.169.254"])
def test_private_addresses_are_refused_in_every_form(host: str, origin: OddOrigin) -> None:
    with bench(allow=()) as made:
        written = f"[{host}]" if ":" in host else host
        with made.tunnel(origin.port, host=written) as sock:
            answer = ask(sock, f"GET /plain HTTP/1.1\r\nHost: {written}:{origin.port}\r\n\r\n".encode(), b"x")
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert made.visitor.next().error is Failure.ADDRESS


def test_a_name_is_resolved_once_and_the_very_address_is_asked(
    origin: OddOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])
    dialled = []

    def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return (next(answers),)

    def dial(address: tuple[str, int], _timeout: float) -> socket.socket:
        dialled.append(address[0])
        raise ConnectionRefusedError

    with bench(allow=()) as made:
        with made.tunnel(origin.port, host="rebind.example") as sock:
            monkeypatch.setattr("preserve.net.transport.resolve_host", resolve)
            monkeypatch.setattr("preserve.net.transport.socket.create_connection", dial)
            sock.sendall(get("/plain", origin, host="rebind.example"))
            assert made.visitor.next().error is Failure.CONNECT
            monkeypatch.undo()
        with made.tunnel(origin.port, host="rebind.example") as sock:
            monkeypatch.setattr("preserve.net.transport.resolve_host", resolve)
            sock.sendall(get("/plain", origin, host="rebind.example"))
            assert made.visitor.next().error is Failure.ADDRESS
    assert dialled == ["93.184.215.14"]


def test_a_chain_that_is_not_accepted_is_a_failure_or_a_verdict(tls: tuple[OddOrigin, Path]) -> None:
    origin = tls[0]
    with bench() as made, made.tunnel(origin.port, tls=True) as sock:
        assert ask(sock, request_for("plain", origin), b"x").startswith(b"HTTP/1.1 502 ")
        assert made.visitor.next().error is Failure.TLS
    with bench(verify_tls=False) as made, made.tunnel(origin.port, tls=True) as sock:
        assert ask(sock, request_for("plain", origin), SHAPES["plain"].reply) == SHAPES["plain"].reply
        peer = made.visitor.next().peer
    assert peer is not None
    assert peer.tls is not None
    assert peer.tls.verdict != "verified"


def test_a_reply_beyond_the_bound_is_cut_for_record_and_client_alike(origin: OddOrigin) -> None:
    large = Shape(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000)
    with (
        odd_origin(more={"large": large}) as made_origin,
        bench(replace(LIMITS, max_body_bytes=1_000_000)) as made,
        made.tunnel(made_origin.port) as sock,
    ):
        sock.sendall(get("/large", made_origin))
        while sock.recv(65536):
            pass
        exchange = made.visitor.next()
    assert exchange.truncated is Truncation.LENGTH
    assert large.reply.startswith(exchange.response_bytes)
    assert len(exchange.response_bytes) < 1_500_000


def test_what_a_page_may_hold_is_counted_while_it_comes(origin: OddOrigin) -> None:
    large = Shape(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000)
    with odd_origin(more={"large": large}) as made_origin, bench() as made, made.tunnel(made_origin.port) as sock:
        request = get("/large", made_origin)
        made.visitor.room = len(request) + 1000
        sock.sendall(request)
        got = b""
        while data := sock.recv(65536):
            got += data
        exchange = made.visitor.next()
    assert exchange.truncated is Truncation.LENGTH
    assert exchange.response_bytes == got == large.reply[:1000]
    assert made.visitor.room == 0


def test_a_body_is_read_after_the_word_and_within_what_the_page_may_hold(origin: OddOrigin) -> None:
    head = f"POST /never HTTP/1.1\r\nHost: 127.0.0.1:{origin.port}\r\nContent-Length: 4000\r\n\r\n".encode()
    with bench() as made:
        made.visitor.refused.add(f"http://127.0.0.1:{origin.port}/never")
        with made.tunnel(origin.port) as sock:
            assert ask(sock, head, b"x").startswith(b"HTTP/1.1 403 ")
        made.visitor.refused.clear()
        made.visitor.room = len(head) + 2000
        with made.tunnel(origin.port) as sock:
            sock.sendall(head + b"x" * 1000)
            sock.sendall(b"x" * 3000)
            assert sock.recv(12).startswith(b"HTTP/1.1 413")
        made.proxy.shut(made.door, 20)
        assert made.visitor.came.empty()
        assert made.visitor.left == made.visitor.entered
    assert "/never" not in origin.requests


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1", "127.0.0.1:1", "", "a, b"])
def test_the_host_that_is_asked_for_is_that_of_the_connection(host: str, origin: OddOrigin) -> None:
    with bench() as made:
        with made.tunnel(origin.port) as sock:
            assert ask(sock, f"GET /plain HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), b"x").startswith(b"HTTP/1.1 400 ")
        with made.plain() as sock:
            line = f"GET http://127.0.0.1:{origin.port}/plain HTTP/1.1\r\nHost: {host}\r\n{credentials()}\r\n"
            assert ask(sock, line.encode(), b"x").startswith(b"HTTP/1.1 400 ")
        assert not made.visitor.entered


def test_connections_have_a_bound(monkeypatch: pytest.MonkeyPatch, origin: OddOrigin) -> None:
    monkeypatch.setattr("preserve.net.recordingproxy.MAX_CLIENTS", 2)
    with bench() as made:
        with made.tunnel(origin.port), made.tunnel(origin.port), made.plain() as third:
            assert third.recv(1) == b""
            assert made.proxy.turned_away == 1
        # Both have gone, sooner or later, and there is room again.
        assert _let_in(made, origin)


def _let_in(made: Bench, origin: OddOrigin) -> bool:
    while True:
        try:
            with made.tunnel(origin.port):
                return True
        except ConnectionError:
            continue


def test_a_page_that_is_over_tells_its_visitor(origin: OddOrigin) -> None:
    with bench() as made:
        made.proxy.shut(made.door, 20)
        assert made.visitor.is_over.is_set()


def test_a_stream_lets_others_ask_and_ends_with_its_page() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
    with odd_origin(more={"events": Shape(head)}) as origin, bench() as made, made.tunnel(origin.port) as sock:
        assert ask(sock, get("/events", origin), head) == head
        url = f"http://127.0.0.1:{origin.port}/events"
        with made.tunnel(origin.port) as other:
            assert ask(other, request_for("plain", origin), SHAPES["plain"].reply) == SHAPES["plain"].reply
        made.visitor.next()
        assert made.visitor.left[0] == url
        made.proxy.shut(made.door, 20)
        exchange = made.visitor.next()
    assert (exchange.url, exchange.truncated, exchange.response_bytes) == (url, Truncation.UNSPECIFIED, head)
    assert len(made.visitor.left) == len(made.visitor.entered) == 2


def test_a_client_that_goes_away_ends_its_exchange() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 3_000_000
    with odd_origin(more={"slow": Shape(head)}) as origin, bench() as made:
        with made.tunnel(origin.port) as sock:
            sock.sendall(get("/slow", origin))
            sock.recv(10)
        exchange = made.visitor.next()
    assert exchange.truncated is Truncation.UNSPECIFIED
    assert head.startswith(exchange.response_bytes)


def test_what_follows_a_101_is_handed_on_and_counted() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    with odd_origin(more={"socket": Shape(head + b"frame")}) as origin, bench() as made:
        with made.tunnel(origin.port) as sock:
            first = get("/socket", origin, "Upgrade: websocket\r\n")
            assert ask(sock, first, head + b"frame") == head + b"frame"
            # The origin takes it for a request of the same address, and says the same again.
            again = b"GET /socket HTTP/1.1\r\n\r\n"
            assert ask(sock, again, head + b"frame") == head + b"frame"
        exchange = made.visitor.next()
    assert (exchange.response_bytes, exchange.truncated) == (head, Truncation.UNSPECIFIED)
    assert exchange.frames == (len(again), 5 + len(head) + 5)


@pytest.mark.parametrize(
    "asked",
    [
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n",
        b"GET http://x.org/ HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"nothing at all\r\n\r\n",
    ],
)
def test_in_a_tunnel_only_requests_for_its_origin_are_taken(asked: bytes, origin: OddOrigin) -> None:
    with bench() as made, made.tunnel(origin.port) as sock:
        assert ask(sock, asked, b"x").startswith(b"HTTP/1.1 400 ")
        assert not made.visitor.entered


@pytest.mark.parametrize("target", ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "a b:1", "http://x.org/"])
def test_a_tunnel_leads_to_a_host_and_port(target: str) -> None:
    with bench() as made, made.plain() as sock:
        answer = ask(sock, f"CONNECT {target} HTTP/1.1\r\n{credentials()}\r\n".encode(), b"x")
        assert answer.startswith(b"HTTP/1.1 400 ") or not answer


def test_a_page_that_is_over_gets_nothing(origin: OddOrigin) -> None:
    with bench() as made, made.tunnel(origin.port) as sock:
        made.proxy.shut(made.door, 1)
        assert ask(sock, request_for("plain", origin), b"x") == b""
        with pytest.raises(ConnectionError, match="407"):
            made.tunnel(origin.port)


def test_what_has_no_end_is_counted_and_not_waited_for() -> None:
    with bench() as made:
        # A connection that is being made knows no way to be cut.
        assert made.door.begin()
        assert made.proxy.shut(made.door, 0.0) == 1
        assert not made.door.begin()
        made.door.end(1)
        assert made.proxy.shut(made.door, 0.0) == 0


def test_the_authority_is_of_this_run_alone() -> None:
    one, other = RunAuthority(), RunAuthority()
    assert one.spki_sha256 != other.spki_sha256
    assert one.context("x.org") is one.context("x.org")
