"""Bot walls are known by their own signs, and ordinary pages that carry the same script are not taken for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.challenge import challenge_of
from preserve.formats.http1.message import parse_response_head

PLAIN = parse_response_head(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
LONG = b"<p>" + b"A sentence that a reader came for. " * 20 + b"</p>"


@pytest.mark.parametrize(
    ("content", "wall"),
    [
        (b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script>", "cloudflare"),
        (b"<TITLE> Just a\n moment... </TITLE><script src='/cdn-cgi/challenge-platform/x.js'>", "cloudflare"),
        (b"<script src='https://a.token.awswaf.com/x/challenge.js'></script><p>Verify</p>", "aws-waf"),
        (b"<iframe src='/_Incapsula_Resource?x=1'>Request unsuccessful.</iframe>", "imperva"),
        (b"<title>DDoS-Guard</title><script src='/.well-known/ddos-guard/js-challenge/'></script>", "ddos-guard"),
        (b"<script>var dd={'host':'geo.captcha-delivery.com'}</script>", "datadome"),
        (b"<title>You are being redirected...</title><script>sucuri_cloudproxy_js=''</script>", "sucuri"),
    ],
)
def test_a_walls_page_is_known(content: bytes, wall: str) -> None:
    assert challenge_of(PLAIN, content) == wall


@pytest.mark.parametrize(
    "content",
    [
        b"<title>An article</title><script src='/cdn-cgi/challenge-platform/x.js'></script>" + LONG,
        b"<title>Just a moment...</title>" + LONG,
        b"<script src='/_Incapsula_Resource?x=1'></script>" + LONG,
        b"<script src='https://a.token.awswaf.com/x/challenge.js'></script>" + LONG,
        b"<title>Just a moment...</title><script>_cf_chl_opt</script>" + b" " * 300_000,
        b"",
    ],
)
def test_an_ordinary_page_is_not_taken_for_one(content: bytes) -> None:
    assert challenge_of(PLAIN, content) is None


def test_a_walls_own_field_is_enough() -> None:
    head = parse_response_head(b"HTTP/1.1 403 Forbidden\r\nCF-Mitigated: challenge\r\n\r\n")
    assert challenge_of(head, None) == "cloudflare"
    head = parse_response_head(b"HTTP/1.1 202 Accepted\r\nx-amzn-waf-action: captcha\r\n\r\n")
    assert challenge_of(head, b"") == "aws-waf"


@given(st.binary(max_size=400))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    answer = challenge_of(PLAIN, b"<script>px-captcha captcha-delivery.com" + content)
    assert answer is None or answer.isascii()
