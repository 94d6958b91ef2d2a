"""Small WARC and ARC files made for tests, with digests that fit, in every kind of compression."""

import base64
import gzip
import hashlib
from collections.abc import Sequence

from backports import zstd

DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"


def sha1(data: bytes) -> str:
    """A digest as most writers declare it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def reply(payload: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """A reply that one Content-Length frames."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(payload)}"]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + payload


def chunked(payload: bytes, *fields: str) -> bytes:
    """A reply in two chunks."""
    half = len(payload) // 2
    parts = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (payload[:half], payload[half:]) if p)
    lines = ["HTTP/1.1 200 OK", *fields, "Transfer-Encoding: chunked"]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + parts + b"0\r\n\r\n"


def record(
    number: int,
    block: bytes,
    *fields: tuple[str, str],
    kind: str = "response",
    content_type: str = "application/http; msgtype=response",
    uri: str | None = None,
    block_digest: str | None = None,
    payload_digest: str | None = None,
) -> bytes:
    """One record with the line ends behind it. ``block_digest`` None: one that fits; empty: none is declared."""
    lines = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", f"<urn:uuid:00000000-0000-4000-8000-{number:012x}>"),
        ("WARC-Date", "2026-01-02T03:04:05Z"),
        ("Content-Type", content_type),
        ("WARC-Target-URI", f"http://example.org/{number}" if uri is None else uri),
        ("WARC-Block-Digest", sha1(block) if block_digest is None else block_digest),
        ("WARC-Payload-Digest", payload_digest or ""),
        *fields,
        ("Content-Length", str(len(block))),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines if value)
    return b"WARC/1.1\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def page(number: int, size: int = 40) -> bytes:
    """A response record with both digests; its payload of ``size`` bytes does not compress well."""
    payload = hashlib.shake_128(b"%d" % number).digest(size)
    return record(number, reply(payload, "Content-Type: text/html"), payload_digest=sha1(payload))


def gz(*records: bytes) -> bytes:
    """One gzip member for each record."""
    return b"".join(gzip.compress(data, 1, mtime=0) for data in records)


def zst(records: Sequence[bytes], trained: bytes | None = None) -> bytes:
    """One Zstandard frame for each record; the dictionary, where there is one, in a skippable frame before them."""
    head = b"" if trained is None else DICTIONARY_MAGIC + len(trained).to_bytes(4, "little") + trained
    used = None if trained is None else zstd.ZstdDict(trained)
    return head + b"".join(zstd.compress(data, zstd_dict=used) for data in records)


def dictionary() -> bytes:
    """A dictionary of the kind that writers of Zstandard WARC files train."""
    return bytes(zstd.train_dict([page(n) for n in range(200)], 2000).dict_content)


def arc(version: int, *bodies: bytes) -> list[bytes]:
    """The records of an ARC file, its description first, each with the line end behind it."""
    rest = "" if version == 1 else " 200 - - 0 example.arc"
    about = b"%d 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n" % version
    head = f"filedesc://example.arc 0.0.0.0 20260102030405 text/plain{rest} {len(about)}\n".encode()
    return [
        head + about + b"\n",
        *(
            f"http://example.org/{n} 192.0.2.7 20260102030405 text/html{rest} {len(body)}\n".encode() + body + b"\n"
            for n, body in enumerate(bodies)
        ),
    ]
