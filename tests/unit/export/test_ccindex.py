"""The index as a table: names and types are those of Common Crawl, and addresses are taken apart as there."""

import io

import pyarrow.parquet as pq
import pytest

from preserve.errors import FormatError
from preserve.export.ccindex import COLUMNS, row_of, url_parts
from preserve.export.suffixes import Suffixes
from preserve.export.tables import TABLES, write_parquet
from preserve.formats.cdxj import CdxLine
from preserve.formats.urls import surt

# cc-index-schema-flat.json; the timestamp in milliseconds, as their script sets it.
SCHEMA = {
    "url_surtkey": "string", "url": "string", "url_host_name": "string", "url_host_tld": "string",
    "url_host_2nd_last_part": "string", "url_host_3rd_last_part": "string", "url_host_4th_last_part": "string",
    "url_host_5th_last_part": "string", "url_host_registry_suffix": "string", "url_host_registered_domain": "string",
    "url_host_private_suffix": "string", "url_host_private_domain": "string", "url_host_name_reversed": "string",
    "url_protocol": "string", "url_port": "int32", "url_path": "string", "url_query": "string",
    "fetch_time": "timestamp[ms, tz=UTC]", "fetch_status": "int16", "fetch_redirect": "string",
    "content_digest": "string", "content_mime_type": "string", "content_mime_detected": "string",
    "content_charset": "string", "content_languages": "string", "content_truncated": "string",
    "warc_record_id": "binary", "warc_filename": "string", "warc_record_offset": "int32",
    "warc_record_length": "int32", "warc_segment": "string", "crawl": "string", "subset": "string",
}  # fmt: skip


@pytest.fixture(scope="module")
def suffixes() -> Suffixes:
    return Suffixes()


def _line(url: str, **fields: str) -> CdxLine:
    given = {"url": url, "offset": "7", "length": "9", "filename": "a.warc.gz", **fields}
    return CdxLine(key=surt(url), timestamp="20260102030405", fields=given)


def test_names_order_and_types_are_theirs(suffixes: Suffixes) -> None:
    out = io.BytesIO()
    assert write_parquet([row_of(_line("http://example.org/"), suffixes, crawl="x")], out, TABLES["index"]) == 1
    table = pq.read_table(out)
    assert {field.name: str(field.type) for field in table.schema} == SCHEMA
    assert table.column_names == list(SCHEMA) == list(COLUMNS)
    assert table.schema.metadata[b"publicsuffixlist"].decode() == suffixes.version


@pytest.mark.parametrize(
    ("host", "parts", "registered"),
    [
        ("www.example.co.uk", ("uk", "co", "example", "www", None), ("co.uk", "example.co.uk") * 2),
        ("a.b.c.d.e.example.org", ("org", "example", "e", "d", "c"), ("org", "example.org") * 2),
        (
            "mine.blogspot.com",
            ("com", "blogspot", "mine", None, None),
            ("com", "blogspot.com", "blogspot.com", "mine.blogspot.com"),
        ),
        ("co.uk", ("uk", "co", None, None, None), ("co.uk", None) * 2),
        ("localhost", ("localhost", None, None, None, None), (None,) * 4),
        ("192.0.2.7", (None,) * 5, (None,) * 4),
        ("[2001:db8::1]", (None,) * 5, (None,) * 4),
    ],
)  # fmt: skip
def test_a_host_is_taken_apart(
    suffixes: Suffixes, host: str, parts: tuple[str | None, ...], registered: tuple[str | None, ...]
) -> None:
    row = row_of(_line(f"http://{host}/"), suffixes, crawl=None)
    assert row["url_host_name"] == host
    names = ("tld", "2nd_last_part", "3rd_last_part", "4th_last_part", "5th_last_part")
    assert tuple(row[f"url_host_{name}"] for name in names) == parts
    listed = ("registry_suffix", "registered_domain", "private_suffix", "private_domain")
    assert tuple(row[f"url_host_{name}"] for name in listed) == registered
    assert row["url_host_name_reversed"] == (None if parts[0] is None else ".".join(host.split(".")[::-1]))


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://example.org", ("http", "example.org", None, "", None)),
        ("HTTPS://User:x@WWW.Example.org:443/A%20b?q=1?2#top", ("https", "www.example.org", 443, "/A%20b", "q=1?2")),
        ("http://example.org/?", ("http", "example.org", None, "/", "")),
        ("http://[2001:db8::1]:8080/a", ("http", "[2001:db8::1]", 8080, "/a", None)),
        ("http://b\u00fccher.example/\u00e9", ("http", "xn--bcher-kva.example", None, "/\u00e9", None)),
        ("http:\\\\example.org\\a", ("http", "example.org", None, "/a", None)),
        ("http:example.org/a", ("http", "example.org", None, "/a", None)),
        ("http://example.org./a", ("http", "example.org", None, "/a", None)),
    ],
)
def test_an_address_is_taken_apart(url: str, wanted: tuple[object, ...]) -> None:
    assert tuple(url_parts(url)) == wanted


@pytest.mark.parametrize("url", ["", "ftp://example.org/", "http://", "urn:x"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(FormatError):
        url_parts(url)


def test_a_line_says_what_the_row_has(suffixes: Suffixes) -> None:
    said = {
        "mime": "text/html", "status": "302", "digest": "sha1:CH7IV3XAD3M7A42JARKRLJ3T5PGGCGXD",
        "recordid": "<urn:uuid:019D6D22-5cf4-7ad9-8a24-81690cf43c7d>", "redirect": "http://example.org/b",
        "truncated": "length", "mime-detected": "text/plain",
    }  # fmt: skip
    row = row_of(_line("http://example.org/a", **said), suffixes, crawl="held")
    assert (row["fetch_time"], row["fetch_status"]) == ("2026-01-02T03:04:05Z", 302)
    assert (row["fetch_redirect"], row["content_truncated"]) == ("http://example.org/b", "length")
    assert (row["content_mime_type"], row["content_mime_detected"]) == ("text/html", "text/plain")
    assert row["content_digest"] == "CH7IV3XAD3M7A42JARKRLJ3T5PGGCGXD"
    assert row["warc_record_id"] == "019d6d22-5cf4-7ad9-8a24-81690cf43c7d"
    assert (row["warc_filename"], row["warc_record_offset"], row["warc_record_length"]) == ("a.warc.gz", 7, 9)
    assert (row["crawl"], row["subset"]) == ("held", "crawldiagnostics")


def test_what_is_not_known_or_does_not_fit_is_null(suffixes: Suffixes) -> None:
    row = row_of(_line("http://example.org/", mime="unk", offset=str(2**31), recordid="<x:1>"), suffixes, crawl=None)
    wanted = (
        "content_mime_type", "warc_record_offset", "warc_record_id", "fetch_status", "fetch_redirect", "content_digest",
        "content_charset", "content_languages", "content_truncated", "warc_segment", "crawl",
    )  # fmt: skip
    assert [row[name] for name in wanted] == [None] * len(wanted)
    assert row["subset"] == "warc"


@pytest.mark.parametrize(
    ("path", "status", "subset"),
    [
        ("robots.txt", "404", "robotstxt"),
        ("", "200", "warc"),
        ("", "304", "crawldiagnostics"),
        ("a", "500", "crawldiagnostics"),
    ],
)
def test_captures_fall_into_subsets(suffixes: Suffixes, path: str, status: str, subset: str) -> None:
    assert row_of(_line(f"http://example.org/{path}", status=status), suffixes, crawl=None)["subset"] == subset


def test_a_line_with_a_number_that_is_none_is_told(suffixes: Suffixes) -> None:
    with pytest.raises(FormatError, match="no number"):
        row_of(_line("http://example.org/", offset="far"), suffixes, crawl=None)
