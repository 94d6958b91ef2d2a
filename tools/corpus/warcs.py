"""Records and files of invented content, sound or not, the same bytes every time."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from preserve.formats.warc.record import compress_member

Fields = tuple[tuple[str, str], ...]
DATE = "2020-01-01T00:00:00Z"
LATER_DATE = "2021-01-01T00:00:00Z"
CABLE = """<html><body><table><tr><td>Identifier:</td><td>06TESTPOST12</td></tr><tr><td>Origin:</td><td>Embassy Testpost
</td></tr><tr><td>Created:</td><td>2006-01-02 03:04:00</td></tr><tr><td>Classification:</td><td>UNCLASSIFIED</td></tr>
<tr><td>Tags:</td><td>SENV</td></tr></table><pre>UNCLAS TESTPOST 000012

TAGS: SENV
SUBJECT: NOTHING HAPPENED

1. Nothing happened.

NNNN
</pre><p>Latest source of this page is cablebrowser-2, released 2011-10-04</p></body></html>"""


class Form(StrEnum):
    """How a WARC file is compressed: not at all, or record by record."""

    PLAIN = "plain"
    GZIP = "gzip"

    @property
    def suffix(self) -> str:
        """The end of a file's name."""
        return ".warc" if self is Form.PLAIN else ".warc.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One record to be written as it is told, right or wrong. ``length``: a Content-Length other than the true one."""

    fields: Fields
    block: bytes
    version: str = "WARC/1.1"
    length: int | None = None
    end: bytes = b"\r\n\r\n"

    @property
    def head(self) -> bytes:
        """The header with its blank line."""
        length = len(self.block) if self.length is None else self.length
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*self.fields, ("Content-Length", str(length))))
        return f"{self.version}\r\n{lines}\r\n".encode()

    @property
    def raw(self) -> bytes:
        """All of it."""
        return self.head + self.block + self.end

    def get(self, name: str) -> str:
        """The value of a field that is there."""
        return dict(self.fields)[name]

    def put(self, **changed: str) -> Self:
        """With other values of fields, named with underscores, or with these fields added."""
        values = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = tuple((name, values.pop(name, value)) for name, value in self.fields)
        return replace(self, fields=(*kept, *values.items()))

    def without(self, *names: str) -> Self:
        """Without some fields."""
        return replace(self, fields=tuple(field for field in self.fields if field[0] not in names))

    def with_block(self, block: bytes) -> Self:
        """With another block and all else as it was: digests no longer fit."""
        return replace(self, block=block)


def record_id(number: int) -> str:
    """An id without brackets, always the same for a number."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def sha1(data: bytes) -> str:
    """As most writers have it: SHA-1 in base32."""
    return f"sha1:{base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()}"


def body_of(block: bytes) -> bytes:
    """What stands behind a message's head."""
    return block.partition(b"\r\n\r\n")[2]


def digested(piece: Piece, *, payload: bytes | None = None) -> Piece:
    """With digests that fit. ``payload``: other than what stands behind the head."""
    fitting = piece.put(WARC_Block_Digest=sha1(piece.block))
    if dict(piece.fields).get("WARC-Type") not in {"response", "request"} and payload is None:
        return fitting
    return fitting.put(WARC_Payload_Digest=sha1(body_of(piece.block) if payload is None else payload))


def record(kind: str, number: int, block: bytes, *more: tuple[str, str], uri: str = "", date: str = DATE) -> Piece:
    """A record without digests."""
    fields: list[tuple[str, str]] = [("WARC-Type", kind), ("WARC-Record-ID", f"<{record_id(number)}>")]
    fields.append(("WARC-Date", date))
    if uri:
        fields.append(("WARC-Target-URI", uri))
    return Piece(fields=(*fields, *more), block=block)


def reply(body: bytes, *lines: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    """An HTTP reply."""
    head = "".join(f"{line}\r\n" for line in lines)
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def warcinfo(number: int, *, date: str = DATE) -> Piece:
    """The record that begins a file."""
    fields = ("Content-Type", "application/warc-fields")
    return digested(
        record("warcinfo", number, b"software: by hand\r\nformat: WARC File Format 1.1\r\n", fields, date=date)
    )


def response(number: int, uri: str, block: bytes) -> Piece:
    """A reply, with digests."""
    return digested(record("response", number, block, ("Content-Type", "application/http; msgtype=response"), uri=uri))


def request(number: int, uri: str, concurrent: int, *, date: str = DATE) -> Piece:
    """The request of a reply, with digests."""
    path = uri.removeprefix("http://example.org")
    block = f"GET {path} HTTP/1.1\r\nHost: example.org\r\nUser-Agent: by hand\r\n\r\n".encode()
    more = (("Content-Type", "application/http; msgtype=request"), ("WARC-Concurrent-To", f"<{record_id(concurrent)}>"))
    return digested(record("request", number, block, *more, uri=uri, date=date))


def revisit(number: int, of: Piece, block: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n") -> Piece:
    """A revisit of a reply, whose payload was the same again."""
    profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    more = (
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Profile", profile),
        ("WARC-Refers-To", of.get("WARC-Record-ID")),
        ("WARC-Refers-To-Target-URI", of.get("WARC-Target-URI")),
        ("WARC-Refers-To-Date", of.get("WARC-Date")),
    )
    made = record("revisit", number, block, *more, uri=of.get("WARC-Target-URI"), date=LATER_DATE)
    return digested(made, payload=body_of(of.block))


_PAGES = (
    ("/cable", CABLE),
    ("/one", "<p>The first page, which says little.</p>" * 3),
    ("/two", "<p>Another page.</p>" * 9),
)
_FIRST = {Form.PLAIN: 100, Form.GZIP: 200}


def first_pieces(form: Form) -> list[Piece]:
    """A warcinfo record, and three replies with their requests; the first reply is a cable's page."""
    number = _FIRST[form]
    pieces = [warcinfo(number)]
    for path, body in _PAGES:
        uri = f"http://example.org{path}?{form}"
        pieces.append(response(number + len(pieces), uri, reply(body.encode())))
        pieces.append(request(number + len(pieces), uri, number + len(pieces) - 1))
    return pieces


def later_pieces(form: Form) -> list[Piece]:
    """A warcinfo record, and a revisit of the second page with its request."""
    number = _FIRST[form] + 50
    of = first_pieces(form)[3]
    again = revisit(number + 1, of)
    return [
        warcinfo(number, date=LATER_DATE),
        again,
        request(number + 2, of.get("WARC-Target-URI"), number + 1, date=LATER_DATE),
    ]


def pack(pieces: Iterable[Piece], form: Form) -> bytes:
    """A file of these records."""
    return packed([piece.raw for piece in pieces], form)


def packed(raws: Sequence[bytes], form: Form) -> bytes:
    """A file of records as they stand."""
    return b"".join(raw if form is Form.PLAIN else compress_member(raw) for raw in raws)
