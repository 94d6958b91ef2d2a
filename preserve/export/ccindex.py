"""The index as a table, in the columns of Common Crawl's cc-index-table: a row for each line of CDXJ.

Names, order, types and meanings are those of its flat schema (cc-index-schema-flat.json, as of CC-MAIN-2026-30), so
that queries for one run on the other. What this program cannot know is null.

Tested by ``tests/unit/export/test_ccindex.py`` and ``tests/interop/test_duckdb.py``.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple

from preserve.errors import FormatError
from preserve.export.parquet import Kind
from preserve.export.suffixes import Registered, Suffixes
from preserve.expressions import lazy_re
from preserve.formats.cdxj import CdxLine, parse_line
from preserve.formats.urls import canonical, host_name
from preserve.replay.blocked import HiddenRecords
from preserve.store.catalogue import Catalogue, IndexRow, RecordRow
from preserve.store.index import cdx_line, index_line


class Column(NamedTuple):
    """A column: its type, and what stands in it."""

    kind: Kind
    said: str


COLUMNS: Final = {
    "url_surtkey": Column(Kind.TEXT, "the key of the address in the index (SURT); rows are in its order, then by time"),
    "url": Column(Kind.TEXT, "the address"),
    "url_host_name": Column(Kind.TEXT, "its host, in ASCII; an IP address too"),
    "url_host_tld": Column(Kind.TEXT, "the last part of the host name; null of an IP address, as all parts are"),
    "url_host_2nd_last_part": Column(Kind.TEXT, "the part before it"),
    "url_host_3rd_last_part": Column(Kind.TEXT, "the third from the end"),
    "url_host_4th_last_part": Column(Kind.TEXT, "the fourth from the end"),
    "url_host_5th_last_part": Column(Kind.TEXT, "the fifth from the end"),
    "url_host_registry_suffix": Column(Kind.TEXT, "the suffix under which a registry registers names: `co.uk`"),
    "url_host_registered_domain": Column(Kind.TEXT, "the name registered under it: `example.co.uk`"),
    "url_host_private_suffix": Column(Kind.TEXT, "the same suffix, or that of a private registrar: `blogspot.com`"),
    "url_host_private_domain": Column(Kind.TEXT, "the name under that"),
    "url_host_name_reversed": Column(Kind.TEXT, "the host name from its end: `uk.co.example.www`"),
    "url_protocol": Column(Kind.TEXT, "http or https"),
    "url_port": Column(Kind.INTEGER, "the port, where the address names one"),
    "url_path": Column(Kind.TEXT, "the path"),
    "url_query": Column(Kind.TEXT, "the query, where there is one"),
    "fetch_time": Column(Kind.TIME, "when it was captured, in UTC, to the second"),
    "fetch_status": Column(Kind.SHORT, "the status of the reply; null of what is no reply"),
    "fetch_redirect": Column(Kind.TEXT, "where a redirect leads to; of a collection null"),
    "content_digest": Column(Kind.TEXT, "the payload's digest: SHA-1 in base32, another with its name: `sha256:…`"),
    "content_mime_type": Column(Kind.TEXT, "the type that the reply declares; `warc/revisit` where it was unchanged"),
    "content_mime_detected": Column(Kind.TEXT, "WARC-Identified-Payload-Type; of a collection null"),
    "content_charset": Column(Kind.TEXT, "null: it is not detected"),
    "content_languages": Column(Kind.TEXT, "null: they are not detected"),
    "content_truncated": Column(Kind.TEXT, "why the payload is cut (WARC-Truncated); of a collection `unspecified`"),
    "warc_record_id": Column(Kind.UUID, "the UUID of the record, 16 bytes; null where its id is none"),
    "warc_filename": Column(Kind.TEXT, "the name of the file, below `archive/` of its collection"),
    "warc_record_offset": Column(Kind.INTEGER, "where the record begins in it; null where that is beyond 2 GiB"),
    "warc_record_length": Column(Kind.INTEGER, "how long its compressed piece is; null where that is beyond 2 GiB"),
    "warc_segment": Column(Kind.TEXT, "null: there are no segments"),
    "crawl": Column(Kind.TEXT, "the collection; of files null"),
    "subset": Column(Kind.TEXT, "`robotstxt`; `warc` with status 200 or none; `crawldiagnostics`: all else"),
}  # fmt: skip
"""Every column in order."""

EXTRA: Final = {
    "redirect": "fetch_redirect",
    "mime-detected": "content_mime_detected",
    "truncated": "content_truncated",
}
"""Fields that a line may have beside those of pywb, under the names of Common Crawl's CDXJ, and their columns."""

_MOST: Final = 2**31 - 1
_OK: Final = 200
_UNKNOWN_TYPE: Final = "unk"
_WRITTEN: Final = lazy_re(
    r"(https?)://(?:[^/?#\\]*@)?(?:\[[^\]]*\]|[^/?#:\\]*)(?::([0-9]{1,5}))?((?:[/\\][^?#]*)?)(?:\?([^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_IP_ADDRESS: Final = lazy_re(r"\[.*\]|[0-9]+(?:\.[0-9]+){3}")
_UUID: Final = lazy_re(r"<?(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})>?", re.IGNORECASE)
_NOT_REGISTERED: Final = Registered(None, None, None, None)


class UrlParts(NamedTuple):
    """An address as it was written, taken apart. ``port`` None: it names none."""

    protocol: str
    host: str
    port: int | None
    path: str
    query: str | None


def url_parts(url: str) -> UrlParts:
    """The parts of an address; of one that is written in a way that only browsers read, of its canonical form.

    Raises:
        FormatError: no http or https address with a host.
    """
    host = host_name(url)
    match = _WRITTEN.fullmatch(url) or _WRITTEN.fullmatch(canonical(url))
    if match is None:
        raise FormatError(f"no http or https address: {url[:80]!r}")
    protocol, port, path, query = match.groups()
    return UrlParts(protocol.lower(), host, None if port is None else int(port), path, query)


def row_of(line: CdxLine, suffixes: Suffixes, *, crawl: str | None) -> dict[str, Any]:
    """The row of a line of an index, times and ids as text.

    Raises:
        FormatError: its address or its numbers are none.
    """
    fields = line.fields
    url = fields.get("url", "")
    parts = url_parts(url)
    is_name = _IP_ADDRESS.fullmatch(parts.host) is None
    labels = parts.host.split(".")[::-1] if is_name else []
    registered = suffixes.of(parts.host) if is_name else _NOT_REGISTERED
    first, second, third, fourth, fifth, *_ = (*labels, None, None, None, None, None)
    status = _number(fields.get("status"))
    mime = fields.get("mime")
    time = line.timestamp
    identified = _UUID.fullmatch(fields.get("recordid", ""))
    row: dict[str, Any] = {
        "url_surtkey": line.key,
        "url": url,
        "url_host_name": parts.host,
        "url_host_tld": first,
        "url_host_2nd_last_part": second,
        "url_host_3rd_last_part": third,
        "url_host_4th_last_part": fourth,
        "url_host_5th_last_part": fifth,
        "url_host_registry_suffix": registered.suffix,
        "url_host_registered_domain": registered.domain,
        "url_host_private_suffix": registered.private_suffix,
        "url_host_private_domain": registered.private_domain,
        "url_host_name_reversed": ".".join(labels) if is_name else None,
        "url_protocol": parts.protocol,
        "url_port": parts.port,
        "url_path": parts.path,
        "url_query": parts.query,
        "fetch_time": f"{time[:4]}-{time[4:6]}-{time[6:8]}T{time[8:10]}:{time[10:12]}:{time[12:]}Z",
        "fetch_status": status,
        "content_digest": fields["digest"].removeprefix("sha1:") if "digest" in fields else None,
        "content_mime_type": None if mime == _UNKNOWN_TYPE else mime,
        "content_charset": None,
        "content_languages": None,
        "warc_record_id": None if identified is None else identified.group(1).lower(),
        "warc_filename": fields.get("filename"),
        "warc_record_offset": _number(fields.get("offset")),
        "warc_record_length": _number(fields.get("length")),
        "warc_segment": None,
        "crawl": crawl,
        "subset": _subset(parts, status),
    }
    return row | {column: fields.get(name) for name, column in EXTRA.items()}


def _number(text: str | None) -> int | None:
    """A number of a line, where the column can hold it."""
    if not text:
        return None
    try:
        number = int(text)
    except ValueError as error:
        raise FormatError(f"no number in a line of an index: {text[:40]!r}") from error
    return number if 0 <= number <= _MOST else None


def _subset(parts: UrlParts, status: int | None) -> str:
    if parts.path == "/robots.txt":
        return "robotstxt"
    return "warc" if status in {_OK, None} else "crawldiagnostics"


def rows_of_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The rows of the lines of an index of files, in their order.

    Raises:
        FormatError: no line of an index.
        UsageError: the list of suffixes is not installed.
    """
    suffixes = Suffixes()
    return (row_of(parse_line(line.decode()), suffixes, crawl=None) for line in lines)


def index_rows(catalogue: Catalogue, hidden: HiddenRecords, *, crawl: str, size: int) -> Iterator[dict[str, Any]]:
    """The rows of a collection, in the order of its index. ``size``: statements from there on are left out.

    Raises:
        CatalogueDiffersError: with a proof: a row is not what its statement says.
        UsageError: the list of suffixes is not installed.
    """
    suffixes = Suffixes()
    shown = (
        (row, record)
        for row, record in catalogue.captures_in_index_order(size)
        if not hidden.has(record_id=record.record_id, refers_to=record.refers_to, url=record.uri)
    )
    for _key, group in groupby(shown, key=lambda pair: (pair[0].surt, pair[0].date[:19])):
        for row, record in sorted(group, key=lambda pair: index_line(pair[0])):
            yield row_of(_line(row, record), suffixes, crawl=crawl)


def _line(row: IndexRow, record: RecordRow) -> CdxLine:
    said = cdx_line(row)
    more = {"recordid": record.record_id} | ({"truncated": "unspecified"} if record.whole == "cut" else {})
    return CdxLine(key=said.key, timestamp=said.timestamp, fields={**said.fields, **more})
