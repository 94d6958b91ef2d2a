"""Replies of CDX servers in the forms that Wayback and pywb give, and what is no list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.cdxserver import MAX_LINE_BYTES, parse_cdx

_WAYBACK = b"""[["urlkey","timestamp","original","mimetype","statuscode","digest","length"],
["org,x)/","20111004010203","http://x.org/","text/html","200","3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ","1043"],
["org,x)/","20121004010203","http://x.org:80/","warc/revisit","-","3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ","500"]"""
_PYWB = (
    b'{"urlkey": "org,x)/", "timestamp": "20111004010203", "url": "http://x.org/", "mime": "text/html", '
    b'"status": "404", "digest": "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", "offset": "3"}\n'
)
_CDXJ = b'org,x)/ 20111004010203 {"url": "http://x.org/", "mime": "text/html", "status": "200"}\n'


def test_wayback() -> None:
    found = parse_cdx(_WAYBACK + b"]\n")
    assert [(r.timestamp, r.original, r.status, r.mime) for r in found.rows] == [
        ("20111004010203", "http://x.org/", 200, "text/html"),
        ("20121004010203", "http://x.org:80/", None, "warc/revisit"),
    ]
    assert found.rows[0].digest == "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"
    assert (found.resume_key, found.defects) == (None, ())


def test_a_resume_key() -> None:
    found = parse_cdx(_WAYBACK + b',[],["org,x)/ 20121004010204"]]')
    assert found.resume_key == "org,x)/ 20121004010204"
    assert len(found.rows) == 2


def test_pywb_and_cdxj() -> None:
    (row,) = parse_cdx(_PYWB).rows
    assert (row.status, row.digest, f"{row.moment:%Y}") == (404, "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", "2011")
    (row,) = parse_cdx(_CDXJ).rows
    assert (row.timestamp, row.original, row.digest) == ("20111004010203", "http://x.org/", None)


@pytest.mark.parametrize("data", [b"", b"[]", b" [] \n", b'[["timestamp","original"]]'])
def test_an_empty_list_is_empty(data: bytes) -> None:
    assert parse_cdx(data).rows == ()


@pytest.mark.parametrize(
    "data",
    [
        b"<html><h1>503 Service Unavailable</h1></html>",
        _WAYBACK,
        b"[" * 100_000,
        b'["a","b"]',
        b'[["urlkey"],["x"]]',
        b'{"message": "busy"}',
        b"Internal Server Error",
        b"\xff\xfe",
    ],
)
def test_what_is_no_list(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_cdx(data)


def test_bad_rows_are_told() -> None:
    found = parse_cdx(b'[["timestamp","original"],["2011","http://x.org/"],["20111304010203","http://x.org/"],[1]]')
    assert found.rows == ()
    assert len(found.defects) == 3
    found = parse_cdx(_PYWB + b"x" * (MAX_LINE_BYTES + 1) + b"\nrubbish\n" + _PYWB)
    assert len(found.rows) == 2
    assert len(found.defects) == 2


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        parse_cdx(data)
    except FormatError:
        return
