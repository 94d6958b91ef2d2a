"""Pages whose header does not say how they are to be read: read as browsers read them, and told."""

import pytest

from tests.shell import Shell
from tests.site import Site

PAGE = b"<!DOCTYPE html><html><body><p>some words</p><a href='/behind'>on</a></body></html>"


def _reply(*fields: bytes, body: bytes = PAGE) -> bytes:
    head = b"".join(field + b"\r\n" for field in (*fields, b"Content-Length: %d" % len(body)))
    return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("fields", "followed", "code", "words"),
    [
        ([b"Content-Type: text/html"], True, None, ""),
        ([b"Content-Type: text/html", b"Content-Encoding: UTF-8"], True, "I-HTTP-CODING", "Content-Encoding utf-8"),
        ([b"Content-Type: text/html", b"Content-Encoding: none"], True, "I-HTTP-CODING", "Content-Encoding none"),
        ([], True, "I-HTTP-TYPE", "there is no Content-Type"),
        ([b"Content-Type: text/html, text/html"], True, "I-HTTP-TYPE", "the last one counts"),
        ([b"Content-Type: text/plain", b"Content-Type: text/html"], True, "I-HTTP-TYPE", "the last one counts"),
        ([b"Content-Type: html"], True, "I-HTTP-TYPE", "names no media type"),
        ([b"X-Content-Type-Options: nosniff"], False, "I-HTTP-TYPE", "nosniff"),
        ([b"Content-Type: text/plain"], False, "I-HTTP-TYPE", "looks like HTML"),
    ],
)
def test_what_a_header_does_not_say_is_found_as_browsers_find_it(
    shell: Shell, site: Site, fields: list[bytes], followed: bool, code: str | None, words: str
) -> None:
    site.replies["/page"] = _reply(*fields)
    site.page("/behind", b"<p>behind</p>")
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    shell("capture", "demo")
    assert ("/behind" in site.asked) is followed
    shown = shell.json("show", site.url("/page"))
    assert [note["code"] for note in shown["notes"]] == ([] if code is None else [code])
    assert ("<p>" in shown["text"]) is not followed
    text = shell("show", site.url("/page"))
    assert "some words" in text
    assert words in text
    assert ("note " in text) is (code is not None)
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
