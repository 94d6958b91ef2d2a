"""Through a proxy: what is sent to it, what is known behind it, and what is refused all the same."""

import socket
from typing import Any

import pytest
from msgspec.structs import replace

from preserve.limits import DEFAULT_LIMITS
from preserve.net.addresses import AddressGuard, Origin, resolve_host, split_url
from preserve.net.exchange import ExchangeError, Failure
from preserve.net.fetch import Fetcher
from tests.proxy import proxy_at_work
from tests.shell import Shell
from tests.site import Site

LIMITS = replace(DEFAULT_LIMITS, connect_timeout_s=60.0, read_timeout_s=60.0)


def _fetcher(proxy: str, **named: Any) -> Fetcher:
    return Fetcher(user_agent="x", limits=LIMITS, allow_addresses=["127.0.0.1"], verify_tls=True, proxy=proxy, **named)


def test_a_plain_address_is_asked_of_the_proxy_in_absolute_form() -> None:
    asked: list[bytes] = []
    with proxy_at_work(asked) as proxy:
        fetcher = _fetcher(proxy)
        exchange = fetcher.fetch("http://far.example/a?b")
        fetcher.close()
    assert asked[0].startswith(b"GET http://far.example/a?b HTTP/1.1\r\nHost: far.example\r\n")
    assert exchange.response_bytes.endswith(b"from afar")
    assert exchange.peer is not None
    assert (exchange.peer.ip, exchange.peer.addresses) == ("", ())
    assert exchange.peer.proxy == f"{proxy.rstrip('/')} (127.0.0.1)"


def test_tls_goes_through_the_proxy_end_to_end(authority: Any, tls_server: Any) -> None:
    asked: list[bytes] = []
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with tls_server(authority.server("127.0.0.1"), reply) as port, proxy_at_work(asked) as proxy:
        fetcher = _fetcher(proxy, ca_file=str(authority.bundle))
        exchange = fetcher.fetch(f"https://127.0.0.1:{port}/")
        fetcher.close()
    assert asked[0] == f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    assert exchange.response_bytes.endswith(b"ok")
    assert exchange.peer is not None
    assert exchange.peer.tls is not None
    assert exchange.peer.tls.verdict == "verified"
    assert exchange.request_bytes.startswith(b"GET / HTTP/1.1\r\n")


def test_a_proxy_that_gives_no_way_through_is_named() -> None:
    with proxy_at_work([], verdict=b"407 Proxy Authentication Required") as proxy:
        fetcher = _fetcher(proxy)
        assert fetcher.fetch("https://far.example/").error is Failure.PROXY
        fetcher.close()


def test_an_address_written_as_a_private_one_is_refused_behind_a_proxy_too() -> None:
    fetcher = _fetcher("http://127.0.0.1:1/")
    for url in ("http://169.254.169.254/", "http://[::ffff:10.0.0.1]/", "https://10.0.0.1/"):
        assert fetcher.fetch(url).error is Failure.ADDRESS, url
    fetcher.close()


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata", "metadata.google.internal",
        "nas.home.arpa",
        "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "2852039166", "0xa9fea9fe", "169.254.43518",
        "0", "127.0.0.1.",
        "10.0.0.08", "1.2.3.4.5", "99999999999", "\uff11\uff12\uff17.0.0.2",
        "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1%25eth0]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_never_asked_for_this_machine_or_its_network(host: str, scheme: str) -> None:
    fetcher = Fetcher(user_agent="x", limits=LIMITS, allow_addresses=[], verify_tls=True, proxy="http://127.0.0.1:1/")
    assert fetcher.fetch(f"{scheme}://{host}/").error in (Failure.ADDRESS, Failure.BAD_URL), host
    fetcher.close()


@pytest.mark.parametrize(
    ("allowed", "host", "permitted"),
    [
        ([], "far.example", True),
        ([], "localhost.example", True),
        ([], "93.184.216.34", True),
        ([], "0x5db8d822", True),
        (["printer.local"], "Printer.Local", True),
        (["127.0.0.0/8"], "127.1", True),
        ([], "127.1", False),
    ],
)
def test_public_names_and_those_of_the_configuration_go_to_the_proxy(
    allowed: list[str], host: str, permitted: bool
) -> None:
    assert AddressGuard(allowed).permits_by_name(host) is permitted


def test_the_metadata_record_says_whether_there_was_aproxy_at_work(shell: Shell, site: Site) -> None:
    with proxy_at_work([]) as proxy:
        shell.site_collection("demo", site, "/")
        path = shell.config / "collections" / "demo.yaml"
        text = path.read_text("utf-8").replace("politeness:\n", "politeness:\n  robots: ignore\n")
        path.write_text(f"{text}proxy: {proxy}\n", "utf-8")
        shell("init", "demo")
        shell("capture", "demo")
    assert site.asked == []
    assert shell("show", site.url("/"), "--as", "html") == "from afar"


def test_odd_address_families_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", "/run/x"),
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("2001:db8::1", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: odd)
    assert resolve_host("x.example", 80) == ("2001:db8::1", "192.0.2.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: odd[:1])
    with pytest.raises(ExchangeError):
        resolve_host("x.example", 80)


@pytest.mark.parametrize(
    ("url", "netloc", "target"),
    [
        ("http://example.org", "example.org", "/"),
        ("https://example.org:443/a?b#c", "example.org", "/a?b"),
        ("http://Example.org:8080/%7Ea/../b", "example.org:8080", "/%7Ea/../b"),
        ("http://[2001:db8::1]:81/x", "[2001:db8::1]:81", "/x"),
        ("http://bücher.example/ü x", "xn--bcher-kva.example", "/%C3%BC%20x"),
        ("http://under_score.example/", "under_score.example", "/"),
    ],
)
def test_a_target_goes_out_as_it_is_written(url: str, netloc: str, target: str) -> None:
    origin, found = split_url(url)
    assert (origin.netloc, found) == (netloc, target)


def test_default_ports_make_one_origin() -> None:
    assert split_url("http://a.example/")[0] == split_url("http://a.example:80/")[0] == Origin("http", "a.example", 80)
