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


@pytest.mark.parametrize(
    "address",
    [
        "http://secret@[half",
        "secret:9000",
        "127.0.0.1:9000/secret",
        "http://secret:port",
        "http://secret:99999",
        "http://",
        "ftp://secret/",
        "http://<secret>/",
        "http://a secret/",
        "http://secret/\x1b",
    ],
)
def test_an_address_of_a_server_that_is_none_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(EnvironmentFaultError, match="AWS_ENDPOINT_URL") as caught:
        open_store("s3://bucket/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"])
def test_a_line_end_in_what_is_sent_is_said(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "secret\r")
    with pytest.raises(EnvironmentFaultError, match=variable) as caught:
        open_store("s3://bucket/x")
    assert "secret\r" not in str(caught.value)


def test_what_the_library_cannot_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panics(*_of: object) -> None:
        raise PanicException("secret")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = open_store("s3://bucket/x")
    monkeypatch.setattr("obstore.get", panics)
    with pytest.raises(EnvironmentFaultError, match="what the environment says of the store") as caught:
        store.read("key")
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    store = open_store(f"file://{tmp_path}/a%20b")
    assert isinstance(store, FolderStore)
    assert store.create("x", b"y", hashlib.sha256(b"y").hexdigest())
    assert (tmp_path / "a b" / "x").is_file()
