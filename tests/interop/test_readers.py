"""warcio and fastwarc on what we write: the same records, the same bytes, the same digests."""

import http.client
import io
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from preserve.demo_site.pages import replies
from preserve.formats.warc.record import WarcRecord
from preserve.model import sha256_hex
from tests.readers import assert_others_read, iter_file

pytestmark = pytest.mark.interop

BIN = Path(sys.executable).parent
_ID = re.compile(r"urn:uuid:[0-9a-f-]{36}")


def _files(archive: Path) -> list[Path]:
    files = sorted((archive / "archive").glob("*.warc.gz"))
    assert len(files) == 2
    return files


def _records(path: Path) -> list[WarcRecord]:
    found = [record for _place, record, defect in iter_file(path) if record is not None and not defect]
    assert len(found) > 20
    return found


def _odd_payloads(path: Path) -> tuple[set[str], set[str]]:
    """Ids of chunked responses, and of revisits.

    Both tools take the digest of a payload over its chunks as they travelled, where the standard means the body
    without transfer coding (iipc/warc-specifications, issue 22); fastwarc also holds a revisit's own block against the
    digest of the payload that it refers to.
    """
    records = _records(path)
    chunked = {r.header.record_id for r in records if r.header.type == "response" and b"chunked" in r.block[:500]}
    return chunked, {r.header.record_id for r in records if r.header.type == "revisit"}


def test_warcio_check_takes_every_file(demo_archive: Path) -> None:
    for path in _files(demo_archive):
        chunked, _revisits = _odd_payloads(path)
        done = subprocess.run([BIN / "warcio", "check", path], capture_output=True, text=True, check=False)
        assert set(_ID.findall(done.stdout)) == chunked
        assert "block digest failed" not in done.stdout
        assert (done.returncode != 0) is bool(chunked)


@pytest.mark.slow
def test_fastwarc_check_takes_every_file(demo_archive: Path) -> None:
    for path in _files(demo_archive):
        chunked, revisits = _odd_payloads(path)
        blocks = subprocess.run([BIN / "fastwarc", "check", path], capture_output=True, text=True, check=False)
        assert (blocks.returncode, _ID.findall(blocks.stdout)) == (0, [])
        both = subprocess.run([BIN / "fastwarc", "check", "-p", path], capture_output=True, text=True, check=False)
        assert set(_ID.findall(both.stdout)) == chunked | revisits


def test_the_payload_digest_of_a_chunked_reply_is_that_of_the_body_as_others_read_it(demo_archive: Path) -> None:
    checked = 0
    for path in _files(demo_archive):
        for record in _records(path):
            if record.header.type == "response" and b"chunked" in record.block[:500]:
                reply = http.client.HTTPResponse(_Socket(record.block))  # type: ignore[arg-type]
                reply.begin()
                assert record.header.get("WARC-Payload-Digest") == f"sha256:{sha256_hex(reply.read())}"
                checked += 1
    assert checked == 2


class _Socket:
    """What `http.client` wants of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_arguments: object, **_named: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def test_other_readers_see_the_same_records(demo_archive: Path) -> None:
    for path in _files(demo_archive):
        assert_others_read(path)


def test_what_is_stored_is_what_the_mirror_sent(demo_archive: Path) -> None:
    for phase, path in enumerate(_files(demo_archive), 1):
        sent = {address: reply.wire() for address, reply in replies(phase).items()}
        seen = 0
        for record in _records(path):
            if record.header.type == "response":
                parts = urlsplit(record.header.target_uri or "")
                address = f"{parts.path}?{parts.query}" if parts.query else parts.path
                assert record.block == sent[address]
                seen += 1
        assert seen >= 4
