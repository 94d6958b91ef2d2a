"""Secret header fields: sent where they belong, stored and shown nowhere."""

import os
from pathlib import Path

import pytest

from tests.readers import iter_file
from tests.shell import Shell
from tests.site import Site

SECRET = "Bearer 0123456789-do-not-keep"


def _configure(shell: Shell, site: Site, source: str) -> None:
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8") + f"secret_headers:\n  Authorization: {source}\n", "utf-8")


def _everything(folder: Path) -> bytes:
    kept = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            kept += path.read_bytes()
            if path.name.endswith(".warc.gz"):
                kept += b"".join(r.header.raw + r.block for _p, r, _d in iter_file(path) if r is not None)
    return kept


@pytest.mark.parametrize("kind", ["env", "file"])
def test_a_secret_is_sent_and_leaves_no_trace(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    site.page("/", b"<p>members only</p>")
    if kind == "env":
        monkeypatch.setenv("SITE_TOKEN", SECRET)
        _configure(shell, site, "env:SITE_TOKEN")
    else:
        secret = tmp_path / "token"
        secret.write_text(SECRET + "\n", "utf-8")
        secret.chmod(0o600)
        _configure(shell, site, f"file:{secret}")
    shell("init", "demo")
    out = shell("capture", "demo")
    assert f"Authorization: {SECRET}\r\n".encode() in site.heads[-1]
    kept = _everything(shell.archives)
    assert SECRET.encode() not in kept
    assert b"Authorization: [withheld]\r\n" in kept
    assert b"withheldRequestFields: Authorization\r\n" in kept
    assert SECRET not in out + shell.errors
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_a_secret_does_not_follow_a_redirect_to_another_host(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_TOKEN", SECRET)
    elsewhere = f"http://localhost:{site.port}/taken"
    site.replies["/"] = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
    site.page("/taken", b"<p>x</p>")
    _configure(shell, site, "env:SITE_TOKEN")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8").replace("- 127.0.0.1", "- 127.0.0.1\n  - ::1"), "utf-8")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    sent = [head for path, head in zip(site.asked, site.heads, strict=True) if path == "/taken"]
    assert sent
    assert not [head for head in sent if b"Authorization" in head]


@pytest.mark.parametrize("source", ["env:ABSENT_TOKEN", "file:/no/such/file"])
def test_a_missing_secret_is_a_mistake_of_usage(shell: Shell, site: Site, source: str) -> None:
    _configure(shell, site, source)
    shell("init", "demo")
    shell("capture", "demo", status=2)
    assert "Authorization" in shell.errors
    assert site.asked == []


def test_a_secret_file_open_to_others_is_refused(shell: Shell, site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(SECRET, "utf-8")
    os.chmod(secret, 0o644)  # noqa: PTH101 - the mode is the point
    _configure(shell, site, f"file:{secret}")
    shell("init", "demo")
    shell("capture", "demo", status=2)
    assert "chmod 600" in shell.errors
    assert SECRET not in shell.errors


def test_a_secret_in_the_configuration_itself_is_refused_without_being_shown(shell: Shell, site: Site) -> None:
    _configure(shell, site, SECRET)
    shell("init", "demo", status=2)
    assert "env:NAME" in shell.errors
    assert SECRET not in shell.errors
