"""ARC record headers of both versions."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.warc.arc import MAX_HEADER_BYTES, ArcHeader, is_filedesc, parse_arc_header, parse_filedesc

V1 = b"http://www.example.org/a.html 192.0.2.7 20010203040506 text/html 1234\n"
V2 = (
    b"http://www.example.org/old 192.0.2.7 20010203040506 text/html 302 fac069150613fe55599cc7fa88aa089d "
    b"http://www.example.org/new 209 EX-000001.arc 1234\n"
)
_WORD = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20)
_URL = st.lists(_WORD, min_size=1, max_size=4).map(lambda words: "http://example.org/" + " ".join(words))
_MOMENT = st.datetimes().map(lambda moment: moment.strftime("%Y%m%d%H%M%S").zfill(14))


def test_a_header_of_version_1_is_read() -> None:
    assert parse_arc_header(V1) == ArcHeader(
        url="http://www.example.org/a.html",
        ip="192.0.2.7",
        date14="20010203040506",
        content_type="text/html",
        length=1234,
        raw=V1,
    )
    assert parse_arc_header(V1).date == "2001-02-03T04:05:06Z"


def test_a_header_of_version_2_is_read() -> None:
    header = parse_arc_header(V2, version=2)
    assert (header.url, header.content_type, header.length) == ("http://www.example.org/old", "text/html", 1234)
    assert (header.result_code, header.checksum) == (302, "fac069150613fe55599cc7fa88aa089d")
    assert (header.location, header.offset, header.filename) == ("http://www.example.org/new", 209, "EX-000001.arc")
    bare = parse_arc_header(b"http://e.example/ 192.0.2.7 20010203040506 text/html - - - 0 EX.arc 5\r\n", version=2)
    assert (bare.result_code, bare.checksum, bare.location, bare.offset) == (None, None, None, 0)


@pytest.mark.parametrize(
    ("line", "url", "content_type"),
    [
        (b"http://e.example/a b  c 192.0.2.7 20010203040506 text/html 5\n", "http://e.example/a b  c", "text/html"),
        (b"http://e.example/ 192.0.2.7 20010203040506 text/html; a=b 5\n", "http://e.example/", "text/html; a=b"),
        (b"http://e.example/ 192.0.2.7 20010203040506  5\n", "http://e.example/", ""),
        (b"http://e.example/\xc3\xa9 192.0.2.7 20010203040506 a/b 5\n", "http://e.example/\u00e9", "a/b"),
        (b"http://e.example/\xe9 192.0.2.7 20010203040506 a/b 5\n", "http://e.example/\u00e9", "a/b"),
        (b"http://e.example/ 1 20010203040506 192.0.2.7 20010203040506 a/b 5\n", None, "a/b"),
    ],
)
def test_lines_of_the_wild_are_read(line: bytes, url: str | None, content_type: str) -> None:
    header = parse_arc_header(line)
    assert header.url == (url or "http://e.example/ 1 20010203040506")
    assert (header.ip, header.content_type, header.length, header.raw) == ("192.0.2.7", content_type, 5, line)


def test_a_date_without_seconds_is_a_full_minute() -> None:
    header = parse_arc_header(V1.replace(b"20010203040506", b"200102030405"))
    assert (header.date14, header.date) == ("200102030405", "2001-02-03T04:05:00Z")


@given(_URL, _MOMENT, _WORD, st.integers(0, 10**18 - 1))
def test_a_written_header_is_read_back(url: str, date14: str, kind: str, length: int) -> None:
    first = f"{url} 192.0.2.7 {date14} {kind}"
    header = parse_arc_header(f"{first} {length}\n".encode())
    assert (header.url, header.date14, header.content_type, header.length) == (url, date14, kind, length)
    assert header.date[:4] == date14[:4]
    header = parse_arc_header(f"{first} 200 - - 7 A.arc {length}\n".encode(), version=2)
    assert (header.url, header.date14, header.content_type, header.length) == (url, date14, kind, length)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        V1[:-1],
        V1 + b"\n",
        V1 + V1,
        b"http://e.example/ 192.0.2.7 20010203040506 1234\n",
        b"192.0.2.7 20010203040506 text/html 1234\n",
        V1.replace(b" 1234", b" -1"),
        V1.replace(b" 1234", b" 1e3"),
        V1.replace(b" 1234", " \u0661".encode()),
        V1.replace(b" 1234", b" 1234567890123456789"),
        V1.replace(b"20010203040506", b"2001020304050"),
        V1.replace(b"a.html", b"a" * MAX_HEADER_BYTES),
        V1.replace(b"a.html", b"a\rb"),
    ],
)
def test_other_lines_are_refused(line: bytes) -> None:
    with pytest.raises(FormatError):
        parse_arc_header(line)


def test_a_date_that_no_calendar_has_is_read_as_it_stands() -> None:
    header = parse_arc_header(V1.replace(b"20010203040506", b"20010230040506"))
    assert (header.date14, header.date) == ("20010230040506", "2001-02-30T04:05:06Z")


@pytest.mark.parametrize("line", [V1, V2.replace(b" 302 ", b" three "), V2.replace(b" 209 ", b" here ")])
def test_other_lines_are_refused_in_version_2(line: bytes) -> None:
    with pytest.raises(FormatError):
        parse_arc_header(line, version=2)


def test_other_versions_are_refused() -> None:
    with pytest.raises(FormatError):
        parse_arc_header(V1, version=3)


@pytest.mark.parametrize(
    ("line", "body", "version"),
    [
        (b"filedesc://EX-1.arc 0.0.0.0 20010203040506 text/plain 76\n", b"1 0 InternetArchive\nURL IP-address\n", 1),
        (b"filedesc://EX-1.arc 0.0.0.0 20010203040506 text/plain 76\n", b"1 1 InternetArchive\r\nURL\r\n", 1),
        (b"filedesc://EX-1.arc 0.0.0.0 20010203040506 text/plain 200 - - 0 EX-1.arc 122\n", b"2 0 Some Archive\n", 2),
    ],
)
def test_the_first_record_tells_the_version(line: bytes, body: bytes, version: int) -> None:
    header = parse_arc_header(line)
    assert is_filedesc(header)
    assert header.url == "filedesc://EX-1.arc"
    assert header.filename == (None if version == 1 else "EX-1.arc")
    assert parse_filedesc(body) == version
    assert not is_filedesc(parse_arc_header(V1))


@pytest.mark.parametrize(
    "body", [b"", b"\n1 0 InternetArchive\n", b"3 0 InternetArchive\n", b"10\n", b"1 InternetArchive"]
)
def test_a_file_without_a_version_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        parse_filedesc(body)


@given(st.binary(max_size=200), st.sampled_from([1, 2]))
def test_nothing_but_a_format_error_is_raised(data: bytes, version: int) -> None:
    for line in (data, V1[:30] + data + V1[30:], b"filedesc://" + data + b"\n"):
        try:
            header = parse_arc_header(line, version)
        except FormatError:
            continue
        assert header.raw == line
        assert len(header.date) == 20
    with contextlib.suppress(FormatError):
        assert parse_filedesc(data) in {1, 2}
