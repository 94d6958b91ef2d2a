"""A server that answers wrongly, half, or not at all: no wrong byte, and no word about the object."""

import hashlib

import pytest

from preserve.errors import ArchiveError, EnvironmentFaultError, NetworkError
from preserve.objects.probe import probe
from preserve.objects.s3 import BucketStore, ServerPatience
from tests.objectserver import BUCKET, SECRET, ObjectServer, tag_of

_BIG = bytes(range(256)) * 8192
_SHORT = ServerPatience(silence_s=30, tries=2, pause_s=0.001)


@pytest.fixture
def store(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    server.objects["p/big"] = _BIG
    return BucketStore(f"s3://{BUCKET}/p", BUCKET, "p", patience=_SHORT, environment=server.environment())


def _read(store: BucketStore) -> bytes:
    opened = store.read("big")
    assert opened is not None
    return opened.whole(1 << 30)


@pytest.mark.parametrize("fault", ["503", "cut", "lost"])
def test_trouble_that_passes_is_not_seen(store: BucketStore, server: ObjectServer, fault: str) -> None:
    server.faults = [("GET", "big", fault)]
    assert _read(store) == _BIG
    assert len(server.asked) > 1


@pytest.mark.parametrize("fault", ["503", "cut", "lost"])
def test_trouble_that_stays_is_trouble_of_the_network(store: BucketStore, server: ObjectServer, fault: str) -> None:
    server.faults = [("GET", "big", fault)] * 200
    with pytest.raises(NetworkError) as raised:
        _read(store)
    assert SECRET not in str(raised.value)


def test_a_server_that_falls_silent_is_not_waited_for_for_ever(server: ObjectServer) -> None:
    patience = ServerPatience(silence_s=0.2, tries=0, pause_s=0.001)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        store = BucketStore(f"s3://{BUCKET}/p", BUCKET, "p", patience=patience, environment=server.environment())
    server.objects["p/big"] = _BIG
    server.faults = [("GET", "big", "silent")] * 50
    with pytest.raises(NetworkError, match="silent"):
        store.read("big")


@pytest.mark.parametrize("fault", ["elsewhere", "whole", "cut"])
def test_another_range_than_was_asked_for_is_never_taken(store: BucketStore, server: ObjectServer, fault: str) -> None:
    server.faults = [("GET", "big", fault)]
    assert store.read_range("big", 1000, 500, tag_of(_BIG)) == _BIG[1000:1500]
    server.faults = [("GET", "big", fault)] * 200
    with pytest.raises(NetworkError):
        store.read_range("big", 1000, 500, tag_of(_BIG))


def test_an_object_that_is_replaced_while_it_is_read(store: BucketStore, server: ObjectServer) -> None:
    opened = store.read("big")
    assert opened is not None
    server.objects["p/big"] = _BIG[::-1]
    with pytest.raises(ArchiveError):
        store.read_range("big", 0, 10, opened.tag)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_listing_comes_in_pages(store: BucketStore, server: ObjectServer, page: int) -> None:
    server.page = page
    server.objects.update({f"p/a/{number}": b"x" for number in range(5)})
    assert [item.key for item in store.list("a")] == [f"a/{number}" for number in range(5)]


def test_a_listing_that_fails_in_the_middle_is_no_listing(store: BucketStore, server: ObjectServer) -> None:
    server.page = 2
    server.objects.update({f"p/a/{number}": b"x" for number in range(5)})
    server.faults = [("LIST", "a", ""), *[("LIST", "a", "503")] * 50]
    with pytest.raises(NetworkError):
        list(store.list("a"))


@pytest.mark.parametrize(
    ("bad", "error", "why"),
    [("again", EnvironmentFaultError, "no end"), ("nameless", NetworkError, "page after page")],
)
def test_a_listing_without_an_end_is_given_up(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch, bad: str, error: type[Exception], why: str
) -> None:
    monkeypatch.setattr("preserve.objects.s3.MAX_LISTED", 2_500)
    # The names of the other one are waited for longer than a test may last.
    patience = ServerPatience(silence_s=30, tries=0, listing_s=0.1 if bad == "nameless" else 600)
    store = BucketStore(f"s3://{BUCKET}/p", BUCKET, "p", patience=patience, environment=server.environment())
    server.objects["p/a/0"] = b"x"
    server.bad = {bad}
    with pytest.raises(error, match=why):
        list(store.list("a"))
    # It is asked on until the library hears an end.
    server.bad = set()


def test_a_write_that_was_done_and_not_answered_is_not_done_twice(store: BucketStore, server: ObjectServer) -> None:
    server.faults = [("PUT", "new", "lost")]
    assert not store.create("new", b"data", hashlib.sha256(b"data").hexdigest())
    assert server.objects["p/new"] == b"data"


def test_who_may_not_write_is_told_so_without_the_servers_words(store: BucketStore, server: ObjectServer) -> None:
    server.faults = [("PUT", "new", "403")]
    with pytest.raises(EnvironmentFaultError, match="403 AccessDenied") as raised:
        store.create("new", b"data", hashlib.sha256(b"data").hexdigest())
    assert SECRET not in f"{raised.value} {raised.value.next_step} {raised.value.__cause__}"


@pytest.mark.parametrize(
    ("bad", "why"),
    [("overwrites", "If-None-Match"), ("replaces", "If-Match"), ("unchecked", "SHA-256"), ("flips", "other bytes")],
)
def test_a_store_that_cannot_keep_evidence_is_refused(
    store: BucketStore, server: ObjectServer, bad: str, why: str
) -> None:
    server.bad = {bad}
    for _time in range(2):
        with pytest.raises(EnvironmentFaultError, match=why):
            probe(store)
