"""A whole life of a copy in SeaweedFS: a real server, which nobody here wrote."""

import hashlib
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from preserve.cli.main import main
from tests.objectserver import BUCKET
from tests.seaweed import make_locking_bucket, seaweed
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.interop, pytest.mark.damages]
WHERE = f"s3://{BUCKET}/copies"


def _one(shell: Shell, *words: str, status: int = 0) -> Any:
    (item,) = shell.json(*words, status=status)["collections"]
    return item


def _repaired(shell: Shell, path: Path) -> None:
    """A file that the copy has whole is damaged here, and made whole from there."""
    right = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(right[:-100])
    assert shell.json("repair", "demo", "--from", WHERE, "--apply")["whole"]
    assert path.read_bytes() == right


def _read_there(shell: Shell, site: Site, tmp_path: Path) -> None:
    """A page out of the copy, by ranges; and its files from beginning to end."""
    words = ("show", site.url("/"), "--as", "raw", "-c", "demo")
    for _time in range(2):
        assert shell(*words, "--archives", WHERE) == shell(*words)
    files = sorted(str(path) for path in (shell.archives / "demo" / "archive").iterdir())
    assert main(["index", *files, "-o", str(tmp_path / "here")]) == 0
    assert main(["index", f"{WHERE}/demo", "-o", str(tmp_path / "there")]) == 0
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


def test_a_lock_on_a_file_of_a_copy_is_seen(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (path,) = (shell.archives / "demo" / "archive").iterdir()
    (tmp_path / "weed").mkdir()
    with seaweed(tmp_path / "weed") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        make_locking_bucket("locking")
        until = "2999-01-01T00:00:00Z"
        fields = {"x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until}
        store = S3Store("locking", client_options={"allow_http": True, "default_headers": fields})
        obstore.put(store, f"copies/demo/archive/{path.name}", path.read_bytes(), use_multipart=False)
        item = _one(shell, "replicate", "s3://locking/copies", "demo")
        assert (item["complete"], item["locks"]["locked"], item["locks"]["until"]) == (True, 1, until)
        # In a bucket with versions a checkpoint takes the place of the one before, too.
        shell("capture", "demo")
        item = _one(shell, "replicate", "s3://locking/copies", "demo", status=1)
        assert (item["complete"], [one["detail"] for one in item["findings"]]) == (
            True,
            ["it is not locked, others are"],
        )


def test_a_copy_is_made_kept_checked_and_its_damage_found(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (tmp_path / "weed").mkdir()
    with seaweed(tmp_path / "weed") as environment:
        for name, value in {**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
            monkeypatch.setenv(name, value)
        assert _one(shell, "replicate", WHERE, "demo")["complete"]
        site.page("/", b"<p>another</p>")
        shell("capture", "demo")
        assert _one(shell, "replicate", WHERE, "demo")["relation"] == "older"
        assert _one(shell, "replicate", WHERE, "demo", "--check")["relation"] == "same"
        assert _one(shell, "verify", f"{WHERE}/demo")["findings"] == []
        _read_there(shell, site, tmp_path)
        store = S3Store(BUCKET, client_options={"allow_http": True})
        folder = shell.archives / "demo" / "archive"
        for path in folder.glob("*.warc.gz"):
            data = bytes(obstore.get(store, f"copies/demo/archive/{path.name}").bytes())
            assert hashlib.sha256(data).digest() == hashlib.sha256(path.read_bytes()).digest()
        first, second = sorted(folder.glob("*.warc.gz"))
        _repaired(shell, second)
        damaged = bytearray(first.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        obstore.put(store, f"copies/demo/archive/{first.name}", bytes(damaged))
        obstore.delete(store, f"copies/demo/archive/{second.name}")
        obstore.put(store, "copies/demo/archive/unknown.warc.gz", b"unknown")
        codes = {finding["code"] for finding in _one(shell, "verify", f"{WHERE}/demo", status=1)["findings"]}
        assert codes >= {"E-WARC-HASH", "E-WARC-MISSING", "E-WARC-UNKNOWN"}
