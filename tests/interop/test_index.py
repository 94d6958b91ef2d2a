"""Our index of anybody's files beside that of cdxj-indexer, field by field."""

import subprocess
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.formats.cdxj import CdxLine
from tests.cdxj import parse_line
from tests.warcs import arc, gz, page, record, reply, sha1

pytestmark = [pytest.mark.interop, pytest.mark.slow]

INDEXER = Path(__file__).parents[2] / ".oracles" / "bin" / "cdxj-indexer"
HTML = "Content-Type: text/html; charset=utf-8"
RECORDS = [
    record(0, b"software: x\r\n", kind="warcinfo", content_type="application/warc-fields"),
    *(page(number, number * 300) for number in range(1, 30)),
    record(40, reply(b"one", HTML), payload_digest="sha256:as-it-is-declared"),
    record(41, b"GET / HTTP/1.1\r\n\r\n", kind="request", content_type="application/http; msgtype=request"),
    record(42, reply(b"", status="304 Not"), kind="revisit", payload_digest=sha1(b"one")),
    record(43, b"text", kind="resource", content_type="text/plain; x=y"),
    record(44, b"a: b", kind="resource", content_type="application/warc-fields"),
    record(45, reply(b"no digest", "content-type:\ttext/plain ; x=y"), uri="https://WWW.Example.org:8080/A?z=1&a=2"),
    record(46, reply(b"angle brackets"), uri="<http://example.org/angle>"),
    record(47, reply(b"a blank"), uri="http://example.org/a blank"),
    record(48, reply(b"beyond ASCII"), uri="http://example.org/\u00e9"),
    record(49, b"HTTP/1.0 404\r\n\r\ngone"),
]


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not INDEXER.is_file():
        pytest.skip("cdxj-indexer is not installed here: run `make oracles`")


def _theirs(path: Path) -> list[CdxLine]:
    done = subprocess.run([INDEXER, "-s", path], capture_output=True, check=True)
    return [parse_line(line) for line in sorted(done.stdout.decode().splitlines())]


def _ours(path: Path) -> list[CdxLine]:
    out = path.with_suffix(".cdxj")
    assert main(["index", str(path), "-o", str(out)]) == 0
    return [parse_line(line) for line in out.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.warc.gz", gz(*RECORDS)),
        ("a.warc", b"".join(RECORDS)),
        ("a.arc", b"".join(arc(1, reply(b"one", HTML), reply(b"two")))),
        ("a.arc.gz", gz(*arc(1, reply(b"one", HTML), reply(b"two")))),
    ],
)
def test_every_field_is_that_of_cdxj_indexer(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    theirs = [line for line in _theirs(path) if "url" in line.fields and line.fields["url"].startswith("http")]
    ours = _ours(path)
    assert ours == theirs
    assert len(ours) in {2, 37}


def test_every_field_of_our_own_captures_is_that_of_cdxj_indexer(demo_archive: Path) -> None:
    for path in sorted((demo_archive / "archive").glob("*.warc.gz")):
        out = demo_archive / "index.cdxj"
        assert main(["index", str(path), "-o", str(out)]) == 0
        assert [parse_line(line) for line in out.read_text("utf-8").splitlines()] == _theirs(path)
