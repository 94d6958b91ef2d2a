"""SeaweedFS, a real object store, started by a test and stopped by its process id."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from tests.objectserver import ACCESS_KEY, BUCKET, SECRET

_WEED = Path(__file__).parents[1] / ".oracles" / "bin" / "weed"
_PATIENCE_S = 120


def _free_ports(count: int) -> list[int]:
    # Each also ten thousand above: there the program speaks to itself.
    held: list[socket.socket] = []
    ports: list[int] = []
    while len(ports) < count:
        one, other = socket.socket(), socket.socket()
        held += [one, other]
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
        try:
            other.bind(("127.0.0.1", (port + 10000) if port + 10000 < 65536 else 0))
        except OSError:
            continue
        if port + 10000 < 65536:
            ports.append(port)
    for each in held:
        each.close()
    return ports


@contextmanager
def seaweed(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which a bucket of it is found, while the block lasts. Skips the test where it is not here."""
    if not _WEED.is_file():
        pytest.skip("SeaweedFS is not here: run `make oracles`")
    config = folder / "s3.json"
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    key = {"accessKey": ACCESS_KEY, "secretKey": SECRET}
    config.write_text(json.dumps({"identities": [{"name": "test", "credentials": [key], "actions": actions}]}))
    data = folder / "data"
    data.mkdir()
    master, volume, filer, s3 = _free_ports(4)
    words = [
        *("server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}"),
        *(f"-volume.port={volume}", f"-filer.port={filer}", "-filer", "-s3", f"-s3.port={s3}"),
        *(f"-s3.config={config}", "-master.volumeSizeLimitMB=64", "-volume.max=200", "-s3.port.iceberg=0"),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([_WEED, *words], stdout=log, stderr=log, start_new_session=True, cwd=folder)
    try:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }
        _make_bucket(server, environment)
        yield environment
    finally:
        os.kill(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(server.pid, signal.SIGKILL)
            server.wait()


def _make_bucket(server: "subprocess.Popen[bytes]", environment: dict[str, str]) -> None:
    """Makes it, and waits until an object can be written: the port answers before all behind it is there."""
    store = S3Store(
        BUCKET,
        endpoint=environment["AWS_ENDPOINT_URL"],
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        assert server.poll() is None, "SeaweedFS ended"
        try:
            _put_bucket(store)
            obstore.put(store, "ready", b"yes", use_multipart=False)
        except (OSError, obstore.exceptions.BaseError):
            assert time.monotonic() < end_s, "SeaweedFS does not answer"
            time.sleep(0.2)
        else:
            return


def make_locking_bucket(name: str) -> None:
    """Makes a bucket whose objects can be locked, with the credentials of the environment."""
    fields = {"x-amz-bucket-object-lock-enabled": "true"}
    store = S3Store(
        name, client_options={"allow_http": True, "default_headers": fields}, retry_config={"max_retries": 0}
    )
    # A bucket is no object: the library misses a tag in the answer.
    with suppress(obstore.exceptions.GenericError):
        obstore.put(store, "", b"", use_multipart=False)


def _put_bucket(store: S3Store) -> None:
    url = obstore.sign(store, "PUT", "", timedelta(minutes=1))
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=10):
            pass
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
