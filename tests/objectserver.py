"""A small S3 server on loopback, for tests: as it should be, or hostile as a test asks for.

It believes every signature. ``bad`` names what it does wrong always (of a listing: ``again``, the same page without an
end; ``nameless``, pages without a name and without an end); ``faults`` what it does to the next requests that
fit: ``503``, ``cut`` (half of the body), ``silent`` (no byte until the test ends), ``elsewhere`` (another range than
was asked for), ``whole`` (the whole object for a range), ``lost`` (it does it, and hangs up without an answer),
``no-listing`` (200 and another document in the place of a listing).
"""

import base64
import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

_ENDLESS = "endless"
BUCKET = "evidence"
ACCESS_KEY, SECRET = "AKIATESTTESTTESTTEST", "secret/of+a/test+and/nowhere+else0000000"


@dataclass
class ObjectServer:
    """``objects``: by key, without the bucket. ``asked``: method and key of each request, in order."""

    objects: dict[str, bytes] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, a part of the key, fault; each is used up by the request that it fits."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    locks: dict[str, dict[str, str]] = field(default_factory=dict)
    """By key, what is said of its object lock: fields of an answer, without the ``x-amz-object-lock-`` before."""
    queries: list[str] = field(default_factory=list)
    """What stood behind the ``?`` of each request for an object."""
    sent: Counter[str] = field(default_factory=Counter)
    """By key, the bytes of it that were sent."""
    declared: dict[str, str] = field(default_factory=dict)
    """By key, the SHA-256 (hex) with which it was written."""
    url: str = ""
    page: int = 1000
    """Keys in one page of a listing."""
    before: dict[str, Any] = field(default_factory=dict)
    """By a part of the key: what is called once before an object of it is written."""
    on_list: Any = None
    """What is called once before a listing is made."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def begin_anew(self) -> None:
        """Holds nothing, has been asked nothing, and does what it should."""
        for name, value in vars(ObjectServer(url=self.url)).items():
            setattr(self, name, value)

    def environment(self) -> dict[str, str]:
        """What a program needs to know."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def fault_of(self, method: str, key: str) -> str:
        with self.lock:
            self.asked.append((method, key))
            for item in self.faults:
                if item[0] == method and item[1] in key:
                    self.faults.remove(item)
                    return item[2]
        return ""


def tag_of(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The body follows the head in a write of its own, which would wait 40 ms for the head to be acknowledged.
    disable_nagle_algorithm = True
    timeout = 60
    ours: ObjectServer

    def log_message(self, *_words: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", code: str = "", *, headers: dict[str, str] | None = None) -> None:
        if code:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{SECRET}</Message></Error>".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "closes" in self.ours.bad:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _place(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        bucket, _slash, key = unquote(parts.path).lstrip("/").partition("/")
        return (key if bucket == BUCKET else "\0"), parse_qs(parts.query)

    def _is_answered(self, fault: str) -> bool:
        """Whether a fault is all that there is to a request."""
        if fault == "503":
            self._answer(503, code="SlowDown")
        elif fault == "403":
            self._answer(403, code="AccessDenied")
        elif fault in {"silent", "lost"}:
            if fault == "silent":
                self.ours.ended.wait()
            self.close_connection = True
        return fault in {"503", "403", "silent", "lost"}

    def do_GET(self) -> None:
        key, query = self._place()
        if "list-type" in query:
            key = query.get("prefix", [""])[0]
        fault = self.ours.fault_of("LIST" if "list-type" in query else self.command, key)
        if self._is_answered(fault):
            return
        if self._place()[0] == "\0":
            self._answer(404, code="NoSuchBucket")
        elif "list-type" in query:
            if self.ours.on_list is not None:
                then, self.ours.on_list = self.ours.on_list, None
                then()
            if fault == "no-listing":
                self._answer(200, code="InternalError")
            else:
                self._list(key, query)
        else:
            self._get(key, fault)

    do_HEAD = do_GET  # noqa: N815 - as the library calls it

    def _get(self, key: str, fault: str) -> None:
        data = self.ours.objects.get(key)
        if data is None:
            self._answer(404, code="NoSuchKey")
            return
        tag = tag_of(data)
        wanted = self.headers.get("if-match")
        if wanted is not None and wanted != tag:
            self._answer(412, code="PreconditionFailed")
            return
        headers = {"ETag": tag, "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        headers |= {f"x-amz-object-lock-{name}": value for name, value in self.ours.locks.get(key, {}).items()}
        self.ours.queries.append(urlsplit(self.path).query)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        status = 200
        if found is not None and fault != "whole":
            first, last = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
            if fault == "elsewhere":
                first, last = max(0, first - 1), last - 1
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first : last + 1], 206
        if fault == "cut":
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        if "flips" in self.ours.bad and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        if self.command != "HEAD":
            self.ours.sent[key] += len(data)
        self._answer(status, data, headers=headers)

    def _list(self, prefix: str, query: dict[str, list[str]]) -> None:
        keys = sorted(key for key in self.ours.objects if key.startswith(prefix))
        asked = query.get("continuation-token", ["0"])[0]
        is_endless = bool(self.ours.bad & {"again", "nameless"})
        # A listing that had no end and is to have one now ends here.
        start = int(asked) if asked != _ENDLESS else 0 if is_endless else len(keys)
        page = keys[start : start + self.ours.page]
        after = _ENDLESS if is_endless else str(start + len(page)) if start + len(page) < len(keys) else ""
        if "nameless" in self.ours.bad:
            page = []
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(tag_of(self.ours.objects[key]))}</ETag><Size>{len(self.ours.objects[key])}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{after}</NextContinuationToken>" if after else ""
        self._answer(
            200,
            f"<?xml version='1.0'?><ListBucketResult><Name>{BUCKET}</Name>"
            f"<IsTruncated>{str(bool(after)).lower()}</IsTruncated>"
            f"<KeyCount>{len(page)}</KeyCount>{token}{items}</ListBucketResult>".encode(),
        )

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        key, _query = self._place()
        fault = self.ours.fault_of("PUT", key)
        if fault != "lost" and self._is_answered(fault):
            return
        for part in [part for part in self.ours.before if part in key]:
            self.ours.before.pop(part)()
        status, code = self._written(key, data)
        if fault == "lost":
            self.close_connection = True
        elif code:
            self._answer(status, code=code)
        else:
            self._answer(200, headers={"ETag": tag_of(data)})

    def _written(self, key: str, data: bytes) -> tuple[int, str]:
        ours = self.ours
        declared = self.headers.get("x-amz-checksum-sha256")
        digest = hashlib.sha256(data)
        if key == "\0":
            return 404, "NoSuchBucket"
        if "unchecked" not in ours.bad and declared != base64.b64encode(digest.digest()).decode():
            return 400, "BadDigest"
        with ours.lock:
            held, match = ours.objects.get(key), self.headers.get("if-match")
            if held is not None and self.headers.get("if-none-match") == "*" and "overwrites" not in ours.bad:
                return 412, "PreconditionFailed"
            if match is not None and "replaces" not in ours.bad and (held is None or tag_of(held) != match):
                return (404, "NoSuchKey") if held is None else (412, "PreconditionFailed")
            ours.objects[key] = data
            ours.declared[key] = base64.b64decode(declared or "").hex()
        return 200, ""


@contextmanager
def serving_objects() -> Iterator[ObjectServer]:
    """A server while the block lasts."""
    ours = ObjectServer()
    handler = type("_Ours", (_Handler,), {"ours": ours})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    ours.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        ours.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def _objects_served() -> Iterator[ObjectServer]:
    with serving_objects() as ours:
        yield ours


@pytest.fixture
def server(_objects_served: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    """The server of the test, empty, and the environment that leads to it."""
    _objects_served.begin_anew()
    for name, value in _objects_served.environment().items():
        monkeypatch.setenv(name, value)
    yield _objects_served
    _objects_served.ended.set()
    # A listing that was given up is asked on until the library hears an end: none goes on into another test.
    _objects_served.begin_anew()
    for thread in threading.enumerate():
        if thread.name == "listing":
            thread.join()
