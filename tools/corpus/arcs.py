"""Single files in the format before WARC, sound and damaged."""

from collections.abc import Iterator

from preserve.formats.warc.record import compress_member
from tools.corpus.warcs import reply

_BLANKS = {1: "URL IP-address Archive-date Content-type Archive-length", 2: "URL IP-address Archive-date Content-type "
           "Result-code Checksum Location Offset Filename Archive-length"}  # fmt: skip
_BETWEEN = {1: "", 2: "200 - - 0 x.arc "}


def _record(version: int, url: str, kind: str, body: bytes, *, ip: str = "192.0.2.1") -> bytes:
    line = f"{url} {ip} 20200101000000 {kind} {_BETWEEN[version]}{len(body)}\n"
    return line.encode() + body + b"\n"


def pieces(version: int) -> list[bytes]:
    """The description of a file, and two replies."""
    about = f"{version} 0 ByHand\n{_BLANKS[version]}\n".encode()
    found = [_record(version, "filedesc://x.arc", "text/plain", about, ip="0.0.0.0")]  # noqa: S104 - as writers have it
    for name in ("one", "two"):
        body = reply(f"<p>Page {name}.</p>".encode() * 3)
        found.append(_record(version, f"http://example.org/{name}", "text/html", body))
    return found


def arc_vectors() -> Iterator[tuple[str, bytes]]:
    """Path under the folder of vectors, and bytes."""
    for version in (1, 2):
        yield f"good/arc-{version}.arc", b"".join(pieces(version))
        yield f"good/arc-{version}.arc.gz", b"".join(compress_member(piece) for piece in pieces(version))
    one = pieces(1)
    whole, members = b"".join(one), [compress_member(piece) for piece in one]
    squeezed = b"".join(members)
    yield "warn/W-WARC-MEMBERS.one-member.arc.gz", compress_member(whole)
    yield "bad/E-WARC-EMPTY.emptied.arc", b""
    yield "bad/E-WARC-EMPTY.emptied.arc.gz", b""
    yield "bad/E-WARC-LENGTH.cut.arc", whole[:-9]
    yield "bad/E-WARC-LENGTH.too-small.arc", whole.replace(b" text/html 1", b" text/html 0", 1)
    yield "bad/E-WARC-HEADER.garbage-appended.arc", whole + b"garbage"
    yield "warn/W-WARC-DATE.impossible.arc", whole.replace(b"1 20200101", b"1 20201301", 1)
    yield "warn/W-WARC-LINE-ENDS.none-between.arc", b"".join(piece.removesuffix(b"\n") for piece in one)
    about = one[0].partition(b"\n")[2]
    for name, more in (("too-small", -9), ("too-great", 30)):
        wrong = one[0].replace(b" %d\n" % (len(about) - 1), b" %d\n" % (len(about) - 1 + more), 1)
        yield f"warn/W-WARC-ARC-LENGTH.{name}.arc", wrong + b"".join(one[1:])
    counted = one[0].replace(b" %d\n" % (len(about) - 1), b" %d\n" % len(about), 1)
    yield "warn/W-WARC-LINE-ENDS.counted-in-the-first-record.arc", counted + b"".join(one[1:])
    quoting = _record(
        1, "http://hostile.example/", "text/html", reply(b"\n" + one[1] + b"<p>The tail of the page.</p>" * 9)
    )
    yield "good/arc-page-that-quotes-a-record.arc", whole + quoting
    yield "bad/E-WARC-LENGTH.cut-page-that-quotes-a-record.arc", whole + quoting[:-40]
    yield "bad/E-WARC-GZIP.cut.arc.gz", squeezed[:-9]
    yield "bad/E-WARC-GZIP.garbage-appended.arc.gz", squeezed + b"garbage"
    yield "bad/E-WARC-GZIP.crc-changed.arc.gz", squeezed[:-8] + bytes([squeezed[-8] ^ 1]) + squeezed[-7:]
