"""What becomes of one exchange."""

import pytest

from preserve.crawler.page import redirect_of
from preserve.formats.http1.stream import payload_of


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (b"/caf\xe9", "http://x.org/caf%E9"),
        (b"/caf\xc3\xa9?\xe9", "http://x.org/caf%C3%A9?%E9"),
        (b"..\\b", "http://x.org/b"),
        (b"//b\xc3\xbccher.example", "http://xn--bcher-kva.example/"),
        (b"http://[", None),
        (b"mailto:a@b", None),
    ],
)
def test_a_redirect_leads_where_a_browser_goes(location: bytes, url: str | None) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    assert redirect_of("http://x.org/a/b", payload_of(reply)) == url
