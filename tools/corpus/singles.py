"""Single files as other programs write them, and damaged ones: for a check without any ledger."""

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from backports import zstd

from preserve.formats.warc.record import compress_member
from preserve.limits import MAX_CHUNK_LINE_BYTES, MAX_REPLY_HEAD_BYTES
from tools.corpus.arcs import arc_vectors
from tools.corpus.kinds import KINDS
from tools.corpus.warcs import (
    Form,
    Piece,
    body_of,
    digested,
    first_pieces,
    later_pieces,
    pack,
    packed,
    record,
    record_id,
    reply,
    request,
    response,
    revisit,
    sha1,
    warcinfo,
)

_URI = "http://example.org/page"
_HTTP = ("Content-Type", "application/http; msgtype=response")
_BODY = b"<p>A page of no importance.</p>"
_PLAIN, _GZIP = Form.PLAIN, Form.GZIP
_SINGLE_CODES = {
    "1": "E-WARC-PAYLOAD-DIGEST", "5": "W-WARC-REFERENCE", "7": "E-WARC-DUPLICATE", "13": "E-WARC-BLOCK-DIGEST",
    "15": "E-WARC-EMPTY", "19": "E-WARC-HEADER", "22": "E-WARC-GZIP", "23": "E-WARC-GZIP", "24": "W-WARC-MEMBERS",
    "25": "E-WARC-GZIP", "26": "E-WARC-LENGTH",
}  # fmt: skip
"""What a file shows by itself of the kinds of damage that are done to a collection."""


def vectors() -> Iterator[tuple[str, bytes]]:
    """Path under the folder of vectors, and bytes."""
    yield from _kinds()
    for name, pieces in _good_pieces().items():
        yield f"good/{name}.warc", pack(pieces, _PLAIN)
    yield from _good_forms()
    yield from _large_heads()
    yield from _warnings()
    yield from _bad_pieces()
    yield from _bad_bytes()
    yield from arc_vectors()


def _kinds() -> Iterator[tuple[str, bytes]]:
    for kind in KINDS:
        code = _SINGLE_CODES.get(kind.number)
        for form in kind.codes if code is not None else ():
            level = "bad" if str(code).startswith("E-") else "warn"
            yield f"{level}/{code}.{kind.slug}{form.suffix}", kind.make(form)


def _page(block: bytes, *, number: int = 901, payload: bytes | None = None) -> Piece:
    """A response with this block; the digest of what is taken for its payload, where that is told."""
    piece = record("response", number, block, _HTTP, uri=_URI)
    return digested(piece, payload=payload)


def _labelled(value: Callable[[bytes], str]) -> list[Piece]:
    block = reply(_BODY)
    piece = record("response", 901, block, _HTTP, uri=_URI)
    return [piece.put(WARC_Block_Digest=value(block), WARC_Payload_Digest=value(_BODY))]


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _digests() -> dict[str, list[Piece]]:
    return {
        "digest-sha1-base32": _labelled(sha1),
        "digest-sha1-lower-case": _labelled(lambda d: f"sha1:{sha1(d).removeprefix('sha1:').lower()}"),
        "digest-sha256-hex": _labelled(lambda d: f"sha256:{_sha256(d).hex()}"),
        "digest-sha-256-base64": _labelled(lambda d: f"sha-256:{base64.b64encode(_sha256(d)).decode()}"),
        "digest-sha256-base32": _labelled(lambda d: f"SHA256:{base64.b32encode(_sha256(d)).decode()}"),
        "digest-md5-hex": _labelled(lambda d: f"md5:{hashlib.md5(d, usedforsecurity=False).hexdigest()}"),
        "digest-sha512-base64url": _labelled(
            lambda d: f"sha512:{base64.urlsafe_b64encode(hashlib.sha512(d).digest()).decode().rstrip('=')}"
        ),
        "digest-of-unknown-algorithm": _labelled(lambda d: f"crc32:{zlib.crc32(d):08x}"),
        "digest-none": [record("response", 901, reply(_BODY), _HTTP, uri=_URI)],
    }


_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_BODY), _BODY)
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNKS
_ENCODED = compress_member(_BODY)
_ENCODED_REPLY = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_ENCODED),
    _ENCODED,
)


def _replies() -> dict[str, list[Piece]]:
    """Replies as servers send them, odd ones too: what is odd in them is no damage."""
    empty = b""
    blocks = {
        "http-1.0-without-length": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + _BODY,
        "http-204": b"HTTP/1.1 204 No Content\r\n\r\n",
        "http-304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 31\r\nETag: x\r\n\r\n",
        "http-shorter-than-told": b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n",
        "http-longer-than-told": reply(_BODY) + b"and more",
        "http-no-reason": b"HTTP/1.1 200\r\n\r\n" + _BODY,
        "http-line-feeds": b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + _BODY,
        "http-field-without-colon": b"HTTP/1.1 200 OK\r\nno field\r\nA: b\r\n\r\n" + _BODY,
        "http-two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\nContent-Length: 30\r\n\r\n" + _BODY,
        "http-chunks-cut": _CHUNKED[:-9],
        "http-no-head": _BODY,
        "http-head-only": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
    }
    found = {name: [_only_block_digest(block)] for name, block in blocks.items()}
    return found | {
        "http-chunked": [_page(_CHUNKED, payload=_BODY)],
        "digest-over-chunks": [_page(_CHUNKED, payload=_CHUNKS)],
        "http-gzip": [_page(_ENCODED_REPLY, payload=_ENCODED)],
        "digest-over-decoded": [_page(_ENCODED_REPLY, payload=_BODY)],
        "digest-over-block": [_page(reply(_BODY), payload=reply(_BODY))],
        "http-identity": [
            _page(reply(_BODY).replace(b"\r\n", b"\r\nTransfer-Encoding: identity\r\n", 1), payload=_BODY)
        ],
        "http-small-version": [_page(reply(_BODY).replace(b"HTTP/1.1", b"http/1.1", 1), payload=_BODY)],
        "http-empty-line-first": [_page(b"\r\n" + reply(_BODY), payload=_BODY)],
        "http-two-returns": [_page(_CHUNKED.replace(b"\r\n", b"\r\r\n"), payload=_BODY.replace(b"\r\n", b"\r\r\n"))],
        "http-size-with-zeros": [_page(_CHUNKED.replace(_CHUNKS, b"0" * 40 + _CHUNKS), payload=_BODY)],
        "http-coding-that-is-none": [_page(_with_field(b"Content-Encoding: UTF-8"), payload=_BODY)],
        "http-type-missing": [
            _page(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(_BODY) + _BODY, payload=_BODY)
        ],
        "http-type-twice": [_page(_with_field(b"Content-Type: text/html"), payload=_BODY)],
        "http-type-plain-that-looks-like-html": [
            _page(reply(_BODY).replace(b"text/html", b"text/plain", 1), payload=_BODY)
        ],
        "http-no-body": [_page(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", payload=empty)],
    }


def _with_field(field: bytes) -> bytes:
    return reply(_BODY).replace(b"\r\n", b"\r\n" + field + b"\r\n", 1)


def _only_block_digest(block: bytes) -> Piece:
    return record("response", 901, block, _HTTP, uri=_URI).put(WARC_Block_Digest=sha1(block))


def _exchange() -> list[Piece]:
    return [warcinfo(900), response(901, _URI, reply(_BODY)), request(902, _URI, 901)]


def _good_pieces() -> dict[str, list[Piece]]:
    exchange = _exchange()
    page = exchange[1]
    found = {
        "warc-1.1": exchange,
        "warc-1.0": [replace(piece, version="WARC/1.0") for piece in exchange],
        "warc-0.18": [replace(piece, version="WARC/0.18") for piece in exchange],
        "no-warcinfo": exchange[1:],
        "uri-in-brackets": [replace(p.put(WARC_Target_URI=f"<{_URI}>"), version="WARC/1.0") for p in exchange[1:]],
        "revisit-identical": [*exchange, revisit(903, page)],
        "revisit-of-another-file": [revisit(903, page)],
        "warcinfo-of-another-file": [piece.put(WARC_Warcinfo_ID=f"<{record_id(1)}>") for piece in exchange],
        "unknown-type": [*exchange, record("thought", 908, b"A thought.", ("Content-Type", "text/plain"))],
        "unknown-field": [page.put(X_Mood="indifferent")],
        "truncated": [_only_block_digest(reply(_BODY)[:-9]).put(WARC_Truncated="length")],
    }
    return found | _other_types() | _in_pieces() | _digests() | _replies()


def _other_types() -> dict[str, list[Piece]]:
    """Records of other types than response and request, and dates of other precision."""
    text, about = ("Content-Type", "text/plain"), ("Content-Type", "application/warc-fields")
    page = _exchange()[1]
    to_page = f"<{record_id(901)}>"
    inside = record("resource", 905, page.raw * 2, ("Content-Type", "application/warc"), uri=_URI)
    dns = b"20200101000000\nexample.org. 1 IN A 192.0.2.1\n"
    revisit_profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    not_modified = record("revisit", 903, b"", uri=_URI).put(WARC_Profile=revisit_profile, WARC_Refers_To=to_page)
    metadata = record("metadata", 906, b"fetchTimeMs: 1\r\n", about, ("WARC-Concurrent-To", to_page), uri=_URI)
    converted = record("conversion", 907, b"A page.", text, ("WARC-Refers-To", to_page), uri=_URI)
    return {
        "revisit-not-modified": [*_exchange(), digested(not_modified, payload=_BODY)],
        "resource": [digested(record("resource", 905, _BODY, text, uri=_URI), payload=_BODY)],
        "dns-resource": [record("resource", 905, dns, ("Content-Type", "text/dns"), uri="dns:example.org")],
        "dns-response": [
            digested(record("response", 905, dns, ("Content-Type", "text/dns"), uri="dns:x.org"), payload=dns)
        ],
        "metadata": [*_exchange(), metadata],
        "conversion": [*_exchange(), converted],
        "record-in-a-record": [digested(inside, payload=inside.block)],
        "empty-block": [digested(record("resource", 905, b"", uri=_URI), payload=b"")],
        "date-of-a-year": [record("resource", 905, b"A page.", uri=_URI, date="2020")],
        "date-with-nanoseconds": [record("resource", 905, b"A page.", uri=_URI, date="2020-01-01T00:00:00.123456789Z")],
        "field-not-ascii": [record("resource", 905, b"A page.", uri="http://example.org/f\u00fcr")],
    }


def _in_pieces() -> dict[str, list[Piece]]:
    """A reply in two segments (WARC 1.1 section 7)."""
    block = reply(_BODY)
    half = len(block) // 2
    begun = record("response", 901, block[:half], _HTTP, uri=_URI).put(WARC_Segment_Number="1")
    ended = record("continuation", 904, block[half:], uri=_URI).put(
        WARC_Segment_Number="2", WARC_Segment_Origin_ID=f"<{record_id(901)}>", WARC_Segment_Total_Length=str(len(block))
    )
    return {"segments": [begun.put(WARC_Payload_Digest=sha1(_BODY)), ended]}


def _good_forms() -> Iterator[tuple[str, bytes]]:
    raws = [piece.raw for piece in first_pieces(_PLAIN)]
    yield "good/warc-1.1.warc.gz", packed(raws, _GZIP)
    yield "good/warc-1.1.warc.zst", b"".join(_frame(raw) for raw in raws)
    yield "good/gzip-name-and-time.warc.gz", b"".join(_with_name(compress_member(raw)) for raw in raws)
    yield "good/gzip-empty-member-between.warc.gz", compress_member(b"").join(compress_member(raw) for raw in raws)
    yield "good/gzip-under-a-plain-name.warc", packed(raws, _GZIP)
    yield "good/plain-under-a-gzip-name.warc.gz", packed(raws, _PLAIN)
    cased = [_in_other_case(raw) for raw in raws]
    yield "good/field-names-in-other-case.warc", packed(cased, _PLAIN)
    folded = raws[0].replace(b"WARC-Type: ", b"X-Folded: one\r\n two\r\nWARC-Type: ")
    yield "good/folded-field.warc", packed([folded, *raws[1:]], _PLAIN)


def _large_heads() -> Iterator[tuple[str, bytes]]:
    """Replies with a head at the bound and beyond it, and with chunk lines beyond theirs."""
    start, end = b"HTTP/1.1 200 OK\r\n", b"\r\n"
    fields = b"a:b\n" * 60_000
    longest = b"X: " + b"y" * (MAX_REPLY_HEAD_BYTES - len(start + b"X: \r\n" + end)) + b"\r\n"
    line = b";" + b"x" * MAX_CHUNK_LINE_BYTES + b"\r\n"
    blocks = {
        "http-60000-fields": (start + fields + end + _BODY, _BODY),
        "http-longest-head": (start + longest + end + _BODY, _BODY),
        "http-head-beyond-the-bound": (start + b"Z" + longest + end + _BODY, None),
        "http-chunk-line-beyond-the-bound": (_CHUNKED.replace(b"\r\n0\r\n", b"\r\n1" + line + b"0\r\n"), _BODY),
        "http-trailers-beyond-the-bound": (_CHUNKED.removesuffix(end) + longest * 2 + end, _BODY),
    }
    for name, (block, payload) in blocks.items():
        piece = _only_block_digest(block) if payload is None else _page(block, payload=payload)
        yield f"good/{name}.warc.gz", packed([piece.raw], _GZIP)


def _frame(data: bytes) -> bytes:
    """A Zstandard frame with its checksum, as the tool `zstd` makes it."""
    parameter = zstd.CompressionParameter
    return zstd.compress(data, options={parameter.compression_level: 3, parameter.checksum_flag: 1})


def _in_other_case(raw: bytes) -> bytes:
    head, end, block = raw.partition(b"\r\n\r\n")
    return head.replace(b"WARC-", b"warc-").replace(b"Content-Length:", b"CONTENT-LENGTH:   ") + end + block


def _with_name(member: bytes) -> bytes:
    """A gzip member with a time and a file name in its head (RFC 1952 section 2.3.1)."""
    return member[:3] + b"\x08\x01\x02\x03\x04" + member[8:10] + b"record\x00" + member[10:]


def _habits() -> Iterator[tuple[str, bytes]]:
    """What other writers do, and other readers read; and what a page quotes, which is no record."""
    page = response(901, _URI, reply(_BODY))
    cases = {
        "warn/W-WARC-DATE.impossible": [page.put(WARC_Date="2020-02-31T00:00:00Z")],
        "warn/W-WARC-DATE.without-zone": [page.put(WARC_Date="2020-01-01T00:00:00")],
        "warn/W-WARC-URI.empty": [page.put(WARC_Target_URI="")],
        "warn/W-WARC-LINE-ENDS.one": [replace(page, end=b"\r\n"), warcinfo(900)],
        "warn/W-WARC-LINE-ENDS.none": [replace(page, end=b""), warcinfo(900)],
        "warn/W-WARC-LINE-ENDS.three": [replace(page, end=b"\r\n" * 3), warcinfo(900)],
        "warn/W-WARC-LINE-ENDS.none-at-the-end": [warcinfo(900), replace(page, end=b"")],
        "warn/W-WARC-LINE-ENDS.of-a-page-that-quotes-a-record": [replace(_quoting(), end=b"\r\n"), warcinfo(900)],
        "warn/W-WARC-REVISIT.names-itself": [revisit(903, page).put(WARC_Refers_To=f"<{record_id(903)}>")],
        "good/leap-second": [page.put(WARC_Date="2016-12-31T23:59:60Z")],
        "good/version-in-small-letters": [replace(page, version="warc/1.0")],
        "good/page-that-quotes-a-record": [_quoting(), warcinfo(900)],
        "good/warcinfo-twice": [warcinfo(900), page, warcinfo(900)],
        "good/one-id-for-list-and-arguments": [*_exchange(), *_wget()],
    }
    for name, pieces in cases.items():
        for form in Form:
            yield f"{name}{form.suffix}", pack(pieces, form)
    feeds = page.head.replace(b"\r\n", b"\n") + page.block + b"\n\n"
    yield "warn/W-WARC-LF.line-feeds.warc", feeds
    yield "warn/W-WARC-LF.line-feeds.warc.gz", packed([feeds], _GZIP)
    folded = page.raw.replace(b"WARC-Type: ", b"WARC-Type:\r\n ").replace(
        b"Content-Length: ", b"Content-Length:\r\n\t", 1
    )
    yield "good/folded-mandatory-fields.warc", folded
    quoting = _quoting()
    cut = quoting.raw[:-300]
    yield "bad/E-WARC-LENGTH.cut-page-that-quotes-a-record.warc", page.raw + cut
    yield (
        "bad/E-WARC-GZIP.cut-page-that-quotes-a-record.warc.gz",
        packed([page.raw], _GZIP) + compress_member(quoting.raw)[:-9],
    )
    yield "bad/E-WARC-LENGTH.cut-page-that-quotes-a-record.warc.gz", packed([page.raw, cut], _GZIP)
    yield "bad/E-WARC-GZIP.whole-file-cut-in-a-page-that-quotes.warc.gz", compress_member(page.raw + quoting.raw)[:-120]


def _quoting() -> Piece:
    """A page that quotes a WARC record of another site."""
    forged = response(999, "http://trusted.example/", reply(b"<p>Never said.</p>"))
    return response(
        905, "http://hostile.example/", reply(b"\r\n\r\n" + forged.raw + b"<p>The tail of the page.</p>" * 20)
    )


def _wget() -> list[Piece]:
    """The list of records and the arguments, with one id, as Wget 1.14 wrote them."""
    own = "metadata://gnu.org/software/wget/warc/"
    text = ("Content-Type", "text/plain")
    manifest = record("metadata", 909, b"<urn:uuid:1>\n", text, uri=f"{own}MANIFEST.txt")
    arguments = record("resource", 909, b"--warc-file x\n", text, uri=f"{own}wget_arguments.txt")
    return [digested(manifest), digested(arguments, payload=arguments.block)]


def _warnings() -> Iterator[tuple[str, bytes]]:
    yield from _habits()
    raws = [piece.raw for piece in first_pieces(_GZIP)]
    yield "warn/W-WARC-MEMBERS.pairs.warc.gz", packed([raws[0], raws[1] + raws[2], *raws[3:]], _GZIP)
    yield "warn/W-WARC-MEMBERS.one-frame.warc.zst", _frame(b"".join(raws))
    lone = request(902, _URI, 901)
    yield "warn/W-WARC-REFERENCE.request-alone.warc", pack([lone], _PLAIN)
    segment = record("continuation", 904, b"more", uri=_URI).put(WARC_Segment_Origin_ID=f"<{record_id(901)}>")
    yield "warn/W-WARC-REFERENCE.segment-alone.warc", pack([segment], _PLAIN)


def _bad_pieces() -> Iterator[tuple[str, bytes]]:
    page = response(901, _URI, reply(_BODY))
    cases = {
        "E-WARC-BLOCK-DIGEST.of-another-block": [page.put(WARC_Block_Digest=sha1(b"another"))],
        "E-WARC-BLOCK-DIGEST.no-digest": [page.put(WARC_Block_Digest="sha1:short")],
        "E-WARC-BLOCK-DIGEST.no-label": [page.put(WARC_Block_Digest=sha1(page.block).removeprefix("sha1:"))],
        "E-WARC-BLOCK-DIGEST.md5": [page.put(WARC_Block_Digest=f"md5:{'0' * 32}")],
        "E-WARC-PAYLOAD-DIGEST.of-another-payload": [page.put(WARC_Payload_Digest=sha1(b"another"))],
        "E-WARC-PAYLOAD-DIGEST.no-digest": [page.put(WARC_Payload_Digest="sha1:short")],
        "E-WARC-PAYLOAD-DIGEST.of-chunks": [_page(_CHUNKED, payload=body_of(_CHUNKED)[:-5])],
        "E-WARC-DUPLICATE.same-id": [page, digested(page.with_block(reply(b"another page")))],
        "E-WARC-HEADER.no-uri": [page.without("WARC-Target-URI")],
        "E-WARC-HEADER.no-date": [page.without("WARC-Date")],
        "E-WARC-HEADER.no-type": [page.without("WARC-Type")],
        "E-WARC-HEADER.two-dates": [replace(page, fields=(*page.fields, ("WARC-Date", "2021-01-01T00:00:00Z")))],
        "E-WARC-HEADER.id-no-uri": [page.put(WARC_Record_ID="901")],
        "E-WARC-HEADER.version-unknown": [replace(page, version="WARC/2.0")],
        "E-WARC-LENGTH.too-small": [replace(page, length=len(page.block) - 5), warcinfo(900)],
        "E-WARC-LENGTH.far-too-great": [replace(page, length=10_000), warcinfo(900)],
        "E-WARC-LENGTH.junk-behind": [replace(page, end=b"junk\r\n\r\n"), warcinfo(900)],
    }
    for name, pieces in cases.items():
        for form in Form:
            yield f"bad/{name}{form.suffix}", pack(pieces, form)
    twice = packed([page.raw, later_pieces(_PLAIN)[0].raw] * 2, _PLAIN)
    yield "bad/E-WARC-DUPLICATE.joined-to-itself.warc", twice


def _bad_bytes() -> Iterator[tuple[str, bytes]]:
    raws = [piece.raw for piece in first_pieces(_PLAIN)]
    plain, frames = packed(raws, _PLAIN), [_frame(raw) for raw in raws]
    whole, zst = packed(raws, _GZIP), b"".join(frames)
    middle = len(zst) - len(frames[-1]) // 2
    members = packed(raws[:1], _GZIP)
    yield "bad/E-WARC-UNREADABLE.text.txt", b"no archive\n"
    yield "bad/E-WARC-UNREADABLE.gzip-of-text.gz", compress_member(b"no archive\n")
    yield "bad/E-WARC-EMPTY.emptied.warc.zst", b""
    yield "bad/E-WARC-EMPTY.empty-member.warc.gz", compress_member(b"")
    yield "bad/E-WARC-GZIP.cut.warc.gz", whole[:-20]
    yield "bad/E-WARC-GZIP.cut-in-gzip-head.warc.gz", members + whole[len(members) :][:5]
    yield "bad/E-WARC-GZIP.garbage-appended.warc.gz", whole + b"garbage"
    yield "bad/E-WARC-GZIP.zeros-appended.warc.gz", whole + bytes(512)
    yield "bad/E-WARC-GZIP.first-byte-missing.warc.gz", whole[1:]
    yield "bad/E-WARC-GZIP.cut.warc.zst", zst[:-20]
    yield "bad/E-WARC-GZIP.changed.warc.zst", zst[:middle] + bytes([zst[middle] ^ 0xFF]) + zst[middle + 1 :]
    yield "bad/E-WARC-GZIP.garbage-appended.warc.zst", zst + b"garbage"
    yield "bad/E-WARC-HEADER.garbage-appended.warc", plain + b"garbage"
    yield "bad/E-WARC-HEADER.garbage-before.warc", b"garbage" + plain
    yield "bad/E-WARC-HEADER.zeros-appended.warc", plain + bytes(512)
    yield "bad/E-WARC-HEADER.cut-in-header.warc", plain + raws[1].replace(b"\r\n\r\n", b"")[:60]
    yield "bad/E-WARC-LENGTH.line-feeds-everywhere.warc", plain.replace(b"\r\n", b"\n")
    yield "bad/E-WARC-HEADER.not-utf-8.warc", plain.replace(b"example.org/one", b"example.org/\xff", 1)
    yield "bad/E-WARC-HEADER.length-no-number.warc", plain.replace(b"Content-Length: ", b"Content-Length: -", 1)
    yield "bad/E-WARC-LENGTH.cut-in-body.warc", plain[:-9]
    yield "warn/W-WARC-LINE-ENDS.last-line-ends-missing.warc", plain[:-4]
    yield "warn/W-WARC-LINE-ENDS.last-byte-missing.warc", plain[:-1]
