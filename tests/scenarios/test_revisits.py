"""Captures of what is held already: by payload, and by the server's own word."""

from pathlib import Path

import pytest

from preserve.formats.warc.record import WarcRecord
from tests.readers import iter_file
from tests.shell import Shell
from tests.site import Site

ETAG = 'W/"odd  tag"'
BODY = b"<a href='/next'>next</a>"


def _tagged(site: Site) -> None:
    site.replies["/"] = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag:  {ETAG} \r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
        + BODY
    )
    site.page("/next", b"<p>next</p>")
    site.unchanged["/"] = f"If-None-Match: {ETAG}\r\n".encode()


def _all(shell: Shell) -> list[WarcRecord]:
    files = sorted(Path(shell.archives, "demo", "archive").glob("*.warc.gz"))
    return [record for path in files for _place, record, _defect in iter_file(path) if record is not None]


def _records(shell: Shell, uri: str) -> list[WarcRecord]:
    return [r for r in _all(shell) if r.header.target_uri == uri and r.header.type in {"response", "revisit"}]


@pytest.fixture
def twice(shell: Shell, site: Site) -> list[WarcRecord]:
    _tagged(site)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    shell("capture", "demo")
    return _records(shell, site.url("/"))


def test_a_server_that_says_not_modified_gives_a_revisit_of_the_held_record(
    shell: Shell, site: Site, twice: list[WarcRecord]
) -> None:
    first, second = twice
    assert second.header.type == "revisit"
    assert second.block == b""
    assert b"HTTP/1.1 304 Not Modified\r\nETag: unchanged\r\n\r\n" in [r.block for r in _all(shell)]
    assert second.header.get("WARC-Refers-To") == f"<{first.header.record_id}>"
    assert second.header.get("WARC-Refers-To-Date") == first.header.date
    assert second.header.get("WARC-Payload-Digest") == first.header.get("WARC-Payload-Digest")
    assert shell("show", site.url("/"), "--as", "html") == BODY.decode()
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_the_links_of_a_page_that_was_not_sent_again_are_followed(
    shell: Shell, site: Site, twice: list[WarcRecord]
) -> None:
    assert site.asked.count("/next") == 2
    first, second = _records(shell, site.url("/next"))
    assert (first.header.type, second.header.type) == ("response", "revisit")
    assert second.header.get("WARC-Truncated") == "length"


def test_validators_come_back_as_they_were_received(site: Site, twice: list[WarcRecord]) -> None:
    assert f"If-None-Match: {ETAG}\r\n".encode() in b"".join(site.heads)


def test_not_modified_to_an_unconditional_request_is_no_revisit(shell: Shell, site: Site) -> None:
    site.replies["/"] = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    shell("capture", "demo")
    assert [r.header.type for r in _records(shell, site.url("/"))] == ["response", "response"]


@pytest.mark.damages
def test_a_damaged_record_is_never_referred_to(shell: Shell, site: Site) -> None:
    _tagged(site)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    path = next(Path(shell.archives, "demo", "archive").glob("*.warc.gz"))
    path.chmod(0o644)
    path.write_bytes(bytes(b ^ 1 if n > 600 else b for n, b in enumerate(path.read_bytes())))
    shell("capture", "demo")
    newest = max(_records(shell, site.url("/")), key=lambda r: r.header.date)
    assert newest.header.type == "response"
    assert b"If-None-Match" not in b"".join(site.heads)


def test_conditional_requests_can_be_turned_off(shell: Shell, site: Site) -> None:
    _tagged(site)
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8").replace("delay_s: 0", "delay_s: 0\n  conditional: false"), "utf-8")
    shell("init", "demo")
    shell("capture", "demo")
    shell("capture", "demo")
    assert b"If-None-Match" not in b"".join(site.heads)
    first, second = _records(shell, site.url("/"))
    assert second.block.startswith(b"HTTP/1.1 200 OK")
    assert second.header.type == "revisit"
    assert first.block.endswith(BODY)


def test_a_page_that_is_as_it_was_long_ago_is_asked_for_by_that_copy(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    for edition in ("one", "two", "one", "one"):
        head = f'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "{edition}"\r\nContent-Length: 3\r\n\r\n'
        site.replies["/"] = (head + edition).encode()
        site.unchanged["/"] = f'If-None-Match: "{edition}"\r\n'.encode()
        shell("capture", "demo")
    conditions = [head for head, path in zip(site.heads, site.asked, strict=True) if path == "/"]
    assert b'If-None-Match: "one"' in conditions[-1]
    records = _records(shell, site.url("/"))
    assert [record.header.type for record in records] == ["response", "response", "revisit", "revisit"]
    assert {record.header.get("WARC-Refers-To") for record in records[2:]} == {f"<{records[0].header.record_id}>"}
