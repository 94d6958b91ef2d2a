"""What names a store, and what does not: a mistake is said, and no secret is repeated."""

import hashlib
from pathlib import Path

import pytest

from preserve.errors import EnvironmentFaultError, UsageError
from preserve.objects.folder import FolderStore
from preserve.objects.opening import open_store


@pytest.mark.parametrize(
    "name",
    [
        "s3://[bucket/x",
        "s3://",
        "s3:///x",
        "s3://Bucket",
        "s3://b",
        "s3:bucket",
        "file://host/x",
        "file:///a%00b",
        "x",
        "",
    ],
)
def test_what_names_no_store_is_said(name: str) -> None:
    with pytest.raises(UsageError, match="names no store"):
        open_store(name)


@pytest.mark.parametrize("name", ["s3://key:secret@bucket/x", "s3://bucket/x?secret", "s3://bucket/x#secret"])
def test_what_may_be_a_secret_is_not_repeated(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(name)
    assert "secret" not in f"{caught.value} {caught.value.next_step}"


def test_an_address_of_a_server_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://secret@[half")
    with pytest.raises(EnvironmentFaultError) as caught:
        open_store("s3://bucket/x")
    assert "secret" not in str(caught.value)


def test_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    store = open_store(f"file://{tmp_path}/a%20b")
    assert isinstance(store, FolderStore)
    assert store.create("x", b"y", hashlib.sha256(b"y").hexdigest())
    assert (tmp_path / "a b" / "x").is_file()
