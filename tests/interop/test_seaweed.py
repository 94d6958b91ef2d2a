"""A whole life of a copy in SeaweedFS: a real server, which nobody here wrote."""

import hashlib
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from tests.objectserver import BUCKET
from tests.seaweed import seaweed
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


def test_a_copy_is_made_kept_checked_and_its_damage_found(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (tmp_path / "weed").mkdir()
    with seaweed(tmp_path / "weed") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert _one(shell, "replicate", WHERE, "demo")["complete"]
        site.page("/", b"<p>another</p>")
        shell("capture", "demo")
        assert _one(shell, "replicate", WHERE, "demo")["relation"] == "older"
        assert _one(shell, "replicate", WHERE, "demo", "--check")["relation"] == "same"
        assert _one(shell, "verify", f"{WHERE}/demo")["findings"] == []
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
