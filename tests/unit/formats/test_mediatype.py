"""What a reply is read as: by its header where that says it, else by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.mediatype import content_type, declared_type, sniffed

PAGE = b"<!DOCTYPE html><p>words"


@pytest.mark.parametrize(
    ("values", "essence", "charset"),
    [
        ([b"text/html"], "text/html", None),
        ([b"Text/HTML;charset=UTF-8"], "text/html", "UTF-8"),
        ([b"text/html, text/html"], "text/html", None),
        ([b"text/html;charset=latin1, text/html"], "text/html", "latin1"),
        ([b"text/html;charset=latin1", b"text/plain"], "text/plain", None),
        ([b"text/html", b"*/*"], "text/html", None),
        ([b"text/html", b"nonsense"], "text/html", None),
        ([b'text/html;x="a,b/c";charset="utf-8"'], "text/html", "utf-8"),
        ([b"html"], None, None),
        ([b"text/html charset=x"], None, None),
        ([b""], None, None),
        ([], None, None),
        ([b"a/" + b"b" * 300], None, None),
    ],
)
def test_the_header_says_what_the_fetch_standard_takes_from_it(
    values: list[bytes], essence: str | None, charset: str | None
) -> None:
    declared = declared_type(tuple(values))
    assert (declared and declared.essence) == essence
    assert (declared and declared.charset) == charset


@pytest.mark.parametrize(
    ("content", "essence"),
    [
        (b"\n \t<!doctype HTML>", "text/html"),
        (b"<p>", "text/html"),
        (b"<A HREF=x>", "text/html"),
        (b"<!-- x", "text/html"),
        (b"<pre>", "text/plain"),
        (b"<address>", "text/plain"),
        (b"words <p>", "text/plain"),
        (b" <?xml version='1.0'?>", "text/xml"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\xef\xbb\xbf<html>", "text/plain"),
        (b"%!PS-Adobe-3.0\x00", "application/postscript"),
        (b"\x89PNG\r\n\x1a\n", "application/octet-stream"),
        (b"a\x00b", "application/octet-stream"),
        (b" " * 1445 + b"<html>", "text/plain"),
        (b"x" * 1445 + b"\x00", "text/plain"),
        (b"", "text/plain"),
    ],
)
def test_the_first_bytes_say_what_the_sniffing_standard_takes_from_them(content: bytes, essence: str) -> None:
    assert sniffed(content, scriptable=True) == essence
    if essence in {"text/html", "text/xml", "application/pdf"}:
        assert sniffed(content, scriptable=False) == "text/plain"


@pytest.mark.parametrize("values", [[], [b""], [b"html"], [b"unknown/unknown"], [b"application/unknown"], [b"*/*"]])
def test_only_what_says_nothing_usable_is_sniffed_and_nosniff_makes_no_page(values: list[bytes]) -> None:
    found = content_type(values, PAGE, nosniff=False)
    assert (found.essence, found.value) == ("text/html", "text/html")
    assert "by its first bytes it is text/html" in found.note
    found = content_type(values, PAGE, nosniff=True)
    assert found.essence == "text/plain"
    assert "nosniff" in found.note


def test_a_type_that_is_said_is_never_made_another() -> None:
    plain = content_type([b"text/plain; charset=utf-8"], PAGE, nosniff=False)
    assert (plain.essence, plain.value) == ("text/plain", "text/plain; charset=utf-8")
    assert "looks like HTML" in plain.note
    assert content_type([b"text/plain"], b"words", nosniff=False).note == ""
    assert content_type([b"application/octet-stream"], PAGE, nosniff=False).essence == "application/octet-stream"
    assert content_type([b"text/html; charset=x"], b"words", nosniff=True).note == ""


def test_a_charset_that_is_given_counts_whatever_the_type() -> None:
    assert content_type([b"html; charset=latin1"], PAGE, nosniff=False).value == "text/html; charset=latin1"
    assert content_type([b"text/html;charset=a, text/html"], PAGE, nosniff=False).value == "text/html; charset=a"


@given(st.lists(st.binary(max_size=40), max_size=3), st.binary(max_size=60), st.booleans())
def test_any_input_gives_a_type(values: list[bytes], content: bytes, nosniff: bool) -> None:
    found = content_type(values, content, nosniff=nosniff)
    assert found.essence.count("/") == 1
    assert not (nosniff and found.essence == "text/html" and declared_type(tuple(values)) is None)
