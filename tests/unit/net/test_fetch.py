"""The recording transport: every byte as it travelled, within bounds, and each failure by its name."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace

from preserve.formats.http1.stream import payload_of
from preserve.limits import DEFAULT_LIMITS, MAX_REPLY_HEAD_BYTES, Limits
from preserve.net.addresses import AddressGuard
from preserve.net.exchange import Failure, Peer, Truncation
from preserve.net.fetch import Fetcher
from tests.site import Site

LIMITS = replace(DEFAULT_LIMITS, connect_timeout_s=60.0, read_timeout_s=60.0)
QUICK = replace(LIMITS, read_timeout_s=0.3)
"""For servers that never answer: a busy machine may need more for one that does."""


def _fetcher(limits: Limits = LIMITS, **named: Any) -> Fetcher:
    return Fetcher(
        user_agent="preserve/test (+a@example.org)",
        limits=limits,
        allow_addresses=["127.0.0.1"],
        **{"verify_tls": True, **named},
    )


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    made = _fetcher()
    yield made
    made.close()


@pytest.fixture
def hasty_fetcher() -> Iterator[Fetcher]:
    made = _fetcher(QUICK)
    yield made
    made.close()


ODD = (
    b"HTTP/1.1 200 Quite  Fine\r\nX-Odd:   two  blanks   \r\nx-odd: again\r\nSERVER:none\r\nSet-Cookie: a=b\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: yes\r\n\r\n"
)


def test_request_and_reply_are_kept_byte_for_byte(site: Site, fetcher: Fetcher) -> None:
    site.replies["/a?b=%20c&d"] = ODD
    exchange = fetcher.fetch(site.url("/a?b=%20c&d"))
    assert exchange.response_bytes == ODD
    assert exchange.request_bytes.startswith(b"GET /a?b=%20c&d HTTP/1.1\r\n")
    assert exchange.request_bytes.endswith(b"\r\n\r\n")
    assert b"User-Agent: preserve/test (+a@example.org)\r\n" in exchange.request_bytes
    assert (exchange.error, exchange.truncated) == (None, None)
    assert exchange.peer == Peer(ip="127.0.0.1", addresses=("127.0.0.1",), tls=None, proxy=None)
    assert payload_of(exchange.response_bytes).payload == b"hello world"


def test_a_kept_connection_gives_one_recording_an_exchange_and_sends_no_cookie(site: Site, fetcher: Fetcher) -> None:
    site.replies["/odd"] = ODD
    site.page("/plain", b"x" * 100_000)
    first = fetcher.fetch(site.url("/odd"))
    second = fetcher.fetch(site.url("/plain"))
    assert first.response_bytes == ODD
    assert second.response_bytes == site.replies["/plain"]
    assert b"ookie" not in second.request_bytes
    assert second.peer == first.peer


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(site: Site, fetcher: Fetcher) -> None:
    site.page("/one", b"1")
    site.page("/two", b"2")
    site.closing.add("/one")
    assert fetcher.fetch(site.url("/one")).error is None
    assert fetcher.fetch(site.url("/two")).response_bytes == site.replies["/two"]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nonly this",
    ],
)
def test_a_reply_that_ends_early_is_kept_and_marked(site: Site, fetcher: Fetcher, reply: bytes) -> None:
    site.replies["/cut"] = reply
    site.closing.add("/cut")
    exchange = fetcher.fetch(site.url("/cut"))
    assert exchange.response_bytes == reply
    assert exchange.truncated is Truncation.DISCONNECT
    assert exchange.error is None


def test_a_reply_that_falls_silent_is_kept_and_marked(site: Site, hasty_fetcher: Fetcher) -> None:
    site.replies["/slow"] = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this"
    exchange = hasty_fetcher.fetch(site.url("/slow"))
    assert exchange.truncated is Truncation.TIME
    assert exchange.response_bytes.endswith(b"only this")


def test_a_server_that_says_nothing_is_a_timeout(site: Site, hasty_fetcher: Fetcher) -> None:
    site.replies["/mute"] = b""
    exchange = hasty_fetcher.fetch(site.url("/mute"))
    assert exchange.error is Failure.TIMEOUT
    assert exchange.response_bytes == b""
    assert exchange.request_bytes.startswith(b"GET /mute")


def test_a_server_that_hangs_up_is_a_disconnect(site: Site, fetcher: Fetcher) -> None:
    site.replies["/bye"] = b""
    site.closing.add("/bye")
    assert fetcher.fetch(site.url("/bye")).error is Failure.DISCONNECT


def test_a_body_beyond_the_bound_is_cut_and_marked(site: Site) -> None:
    site.page("/big", b"x" * 500_000)
    fetcher = _fetcher(replace(LIMITS, max_body_bytes=99_000))
    exchange = fetcher.fetch(site.url("/big"))
    assert exchange.truncated is Truncation.LENGTH
    assert exchange.response_bytes == site.replies["/big"][: MAX_REPLY_HEAD_BYTES + 99_000]
    fetcher.close()


def test_rubbish_is_kept_and_named(site: Site, fetcher: Fetcher) -> None:
    site.replies["/rubbish"] = b"\x00\x01\x02 not HTTP at all\r\n\r\n"
    site.closing.add("/rubbish")
    exchange = fetcher.fetch(site.url("/rubbish"))
    assert exchange.error is Failure.MALFORMED
    assert exchange.response_bytes == site.replies["/rubbish"]


def test_more_fields_than_the_standard_library_takes_are_no_fault(site: Site, fetcher: Fetcher) -> None:
    fields = b"".join(b"X-%d: y\r\n" % n for n in range(500))
    site.replies["/many"] = b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n"
    exchange = fetcher.fetch(site.url("/many"))
    assert exchange.error is None
    assert exchange.response_bytes == site.replies["/many"]


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def test_interim_replies_are_kept_apart(site: Site, fetcher: Fetcher) -> None:
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    site.replies["/hints"] = INTERIM + final
    exchange = fetcher.fetch(site.url("/hints"))
    assert (exchange.interim_bytes, exchange.response_bytes) == (INTERIM, final)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 \xc3\x96K\r\nS\xe9t-Cookie: \xff\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nServer Name: x\r\nno colon\r\nHTTP 1/1 302:\r\n: empty\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nA: b\r\n\tfolded\r\n\x93quoted\x94: c\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_heads_that_others_reject_are_kept_whole(site: Site, fetcher: Fetcher, reply: bytes) -> None:
    site.replies["/odd"] = reply
    exchange = fetcher.fetch(site.url("/odd"))
    assert (exchange.error, exchange.truncated) == (None, None)
    assert exchange.response_bytes == reply
    assert payload_of(reply).payload == b"ok"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n<html>no blank line</html>",
        b"ICY 200 OK\r\n\r\nmusic" + b"x" * 200_000,
        b"HTTP/1.1 abc\r\n\r\nbody",
    ],
)
def test_a_reply_that_cannot_be_parsed_is_kept_to_its_last_byte(site: Site, fetcher: Fetcher, reply: bytes) -> None:
    site.replies["/odd"] = reply
    site.closing.add("/odd")
    exchange = fetcher.fetch(site.url("/odd"))
    assert exchange.error is Failure.MALFORMED
    assert exchange.response_bytes == reply


def test_a_close_delimited_reply_is_whole_when_the_connection_ends(site: Site, fetcher: Fetcher) -> None:
    site.replies["/old"] = b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 100_000
    site.closing.add("/old")
    exchange = fetcher.fetch(site.url("/old"))
    assert (exchange.error, exchange.truncated) == (None, None)
    assert exchange.response_bytes == site.replies["/old"]


def test_redirects_are_not_followed(site: Site, fetcher: Fetcher) -> None:
    site.replies["/from"] = b"HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n"
    assert fetcher.fetch(site.url("/from")).response_bytes == site.replies["/from"]
    assert site.asked == ["/from"]


def test_a_closed_port_and_a_bad_address_are_named(fetcher: Fetcher) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert fetcher.fetch(f"http://127.0.0.1:{port}/").error is Failure.CONNECT
    for url in ("http://[::1/", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"):
        assert fetcher.fetch(url).error is Failure.BAD_URL, url


def test_an_unresolvable_name_is_named(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fetcher.fetch("http://nowhere.example/").error is Failure.DNS


def test_private_addresses_are_refused_unless_the_configuration_names_them(site: Site) -> None:
    fetcher = Fetcher(user_agent="x", limits=LIMITS, allow_addresses=[], verify_tls=True)
    site.page("/", b"secret")
    assert fetcher.fetch(site.url("/")).error is Failure.ADDRESS
    assert site.asked == []
    fetcher.close()


@pytest.mark.parametrize(
    ("allowed", "host", "address", "permitted"),
    [
        ([], "x.org", "93.184.216.34", True),
        ([], "x.org", "10.1.2.3", False),
        ([], "x.org", "169.254.169.254", False),
        ([], "x.org", "::1", False),
        ([], "x.org", "::ffff:127.0.0.1", False),
        ([], "x.org", "224.0.0.1", False),
        ([], "x.org", "fe80::1%eth0", False),
        (["10.0.0.0/8"], "x.org", "10.1.2.3", True),
        (["10.0.0.0/8"], "x.org", "192.168.1.1", False),
        (["intern.example"], "Intern.Example", "192.168.1.1", True),
        ([], "x.org", "2606:2800:220:1::1", True),
        ([], "x.org", "2606:2800:220:1:0:5efe:7f00:1", False),
        ([], "x.org", "64:ff9b::5db8:d822", True),
        ([], "x.org", "64:ff9b::a9fe:a9fe", False),
        (["127.0.0.1"], "x.org", "64:ff9b::7f00:1", False),
        ([], "x.org", "64:ff9b:1::5db8:d822", False),
        ([], "x.org", "2002:a9fe:a9fe::1", False),
        ([], "x.org", "2001:0:4136:e378::1", False),
        ([], "x.org", "::ffff:0:127.0.0.1", False),
        ([], "x.org", "::93.184.216.34", False),
        ([], "x.org", "::2", False),
        ([], "x.org", "fec0::1", False),
        ([], "x.org", "100::1", False),
        ([], "x.org", "3fff::1", False),
        ([], "x.org", "5f00::1", False),
        ([], "x.org", "ff0e::1", False),
        ([], "x.org", "192.0.0.8", False),
        ([], "x.org", "192.88.99.1", False),
        ([], "x.org", "240.0.0.1", False),
        (["fec0::/10"], "x.org", "fec0::1", True),
    ],
)
def test_the_guard_permits_public_addresses_and_what_is_allowed(
    allowed: list[str], host: str, address: str, permitted: bool
) -> None:
    assert AddressGuard(allowed).permits(host, address) is permitted


OK_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_tls_records_plain_http_the_verdict_and_the_chain(authority: Any, tls_server: Any) -> None:
    fetcher = _fetcher(ca_file=str(authority.bundle))
    with tls_server(authority.server("127.0.0.1"), OK_REPLY) as port:
        exchange = fetcher.fetch(f"https://127.0.0.1:{port}/")
    assert exchange.response_bytes == OK_REPLY
    assert exchange.peer is not None
    assert exchange.peer.tls is not None
    assert exchange.peer.tls.version.startswith("TLSv1.")
    assert exchange.peer.tls.verdict == "verified"
    _server, issuer = exchange.peer.tls.chain
    assert issuer == authority.certificate.public_bytes(serialization.Encoding.DER)
    fetcher.close()


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("address", "days", "trusted", "verdict"),
    [
        ("127.0.0.1", 1, False, "self-signed certificate in certificate chain"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("192.0.2.1", 1, True, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
    ids=["unknown authority", "expired", "wrong name"],
)
@pytest.mark.parametrize("verify_tls", [True, False])
def test_a_bad_chain_fails_or_is_recorded_with_its_verdict(
    authority: Any, tls_server: Any, address: str, days: int, trusted: bool, verdict: str, verify_tls: bool
) -> None:
    fetcher = _fetcher(verify_tls=verify_tls, ca_file=str(authority.bundle) if trusted else None)
    with tls_server(authority.server(address, days=days), OK_REPLY) as port:
        exchange = fetcher.fetch(f"https://127.0.0.1:{port}/")
    if verify_tls:
        assert (exchange.error, exchange.response_bytes) == (Failure.TLS, b"")
        assert exchange.request_bytes == b""
    else:
        assert exchange.response_bytes == OK_REPLY
        assert exchange.peer is not None
        assert exchange.peer.tls is not None
        assert exchange.peer.tls.verdict.rstrip(".") == verdict
    fetcher.close()


@pytest.mark.parametrize(("notified", "truncated"), [(True, None), (False, Truncation.DISCONNECT)])
def test_over_tls_only_close_notify_ends_a_reply_that_ends_with_the_connection(
    authority: Any, tls_server: Any, notified: bool, truncated: Truncation | None
) -> None:
    fetcher = _fetcher(ca_file=str(authority.bundle))
    reply = b"HTTP/1.0 200 OK\r\n\r\n<p>until the end"
    with tls_server(authority.server("127.0.0.1"), reply, notified=notified) as port:
        exchange = fetcher.fetch(f"https://127.0.0.1:{port}/")
    assert (exchange.response_bytes, exchange.truncated, exchange.error) == (reply, truncated, None)
    fetcher.close()
