"""Objects in a bucket that is spoken to in the way of S3, by obstore (the extra ``[s3]``).

What a server answers is told by its status and its code; its text is not shown, for it may have in it what was signed.
Credentials, region and endpoint come from the environment, and from the machine's own where it has any.

An ETag says that an object was replaced. It is never taken for a hash.

Tested by ``tests/unit/objects/test_contract.py`` and ``tests/unit/objects/test_hostile_server.py``.
"""

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from preserve.config.stores import check_key
from preserve.errors import EnvironmentFaultError, FormatError, NetworkError, PreserveError, install_step
from preserve.expressions import lazy_re
from preserve.limits import MIB
from preserve.model import parse_utc
from preserve.net.heads import HeadReply, heads
from preserve.net.session import NoAnswerError
from preserve.objects.port import (
    DeclaredHashError,
    ListedObject,
    LookedAt,
    ObjectData,
    ObjectLock,
    OpenedObject,
    changed,
)

if TYPE_CHECKING:
    from obstore.store import S3Store

MAX_OBJECT_BYTES: Final = 5 << 30
"""What S3 takes in one request. In several, it would not check the whole against one SHA-256."""
_SMALL_BYTES: Final = MIB
_SLOWEST_BYTES_A_SECOND: Final = 128 * 1024
_WHOLE_READ_S: Final = 6 * 3600.0
_RANGE_BYTES: Final = 8 * MIB
_SLOWEST_READ_BYTES_A_SECOND: Final = 16 * 1024
"""Of who asks for a range: a server that gives less than that gives no answer."""
MAX_LISTED: Final = 10_000_000
"""Objects below one folder: a listing that goes on behind them is not believed to have an end."""
_LISTED_AT_ONCE: Final = 1_000
_READS: Final = 4
_SIGNED_AT_ONCE: Final = 64
_SIGNED_FOR: Final = timedelta(hours=1)
_OK, _NOT_FOUND = 200, 404
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_STATUS = lazy_re(r"status code: ([0-9]{3})", re.ASCII)
_CODE = lazy_re(r"<Code>([A-Za-z0-9.]{1,60})</Code>", re.ASCII)
_ADDRESS = lazy_re(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+\Z", re.ASCII)
"""The signs that an address is made of (RFC 3986 section 2)."""
_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")
_MACHINE = "169.254."
"""Where a machine of a cloud asks for its credentials."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPatience:
    """How long a server is waited for. ``silence_s``: without a byte; ``tries``: after the first; ``pause_s``: before
    the first of them, and twice as long before each next; ``listing_s``: for the next names of a listing.
    """

    silence_s: float = 60.0
    tries: int = 6
    pause_s: float = 0.5
    listing_s: float = 3_600.0


_PATIENCE = ServerPatience()


class BucketStore:
    """``name``: ``s3://BUCKET`` or ``s3://BUCKET/PREFIX``, as `preserve.objects.opening` has checked it."""

    def __init__(
        self,
        name: str,
        bucket: str,
        prefix: str,
        *,
        patience: ServerPatience | None = None,
        environment: Mapping[str, str],
    ) -> None:
        """Raises: EnvironmentFaultError: obstore is not installed, or what the environment says cannot be used."""
        self.name = name
        self.has_locks = True
        self._bucket = bucket
        self._prefix = prefix
        self._patience = patience = _PATIENCE if patience is None else patience
        endpoint = _parsed(_endpoint(environment))
        for variable in _VARIABLES:
            if not environment.get(variable, "").isprintable():
                raise EnvironmentFaultError(
                    f"{variable} has a sign in it that cannot be sent", next_step="See whether a line ends in it."
                )
        self.place = Path("/s3", endpoint.netloc.rpartition("@")[2] or "amazon", bucket, prefix)
        # Elsewhere than on this machine, the user has to say so (AWS_ALLOW_HTTP).
        self._is_plain = endpoint.scheme == "http" and endpoint.hostname in _LOOPBACK
        self._reading = self._made(_WHOLE_READ_S, read_timeout_s=patience.silence_s)

    @cached_property
    def _asking(self) -> "S3Store":
        """For what is small: a server that gives a byte now and then would else be heard for hours."""
        patience_s = self._patience.silence_s
        return self._made(patience_s + _RANGE_BYTES / _SLOWEST_READ_BYTES_A_SECOND, read_timeout_s=patience_s)

    @cached_property
    def _writing(self) -> "S3Store":
        # To make one takes milliseconds, and most stores are only read.
        return self._made(self._patience.silence_s, checksum_algorithm="SHA256")

    def list(self, below: str) -> Iterator[ListedObject]:
        """See `ObjectStore`."""
        import obstore  # noqa: PLC0415 - of an extra

        pages = self._asked(
            "list",
            check_key(below),
            lambda: iter(obstore.list(self._asking, prefix=below, chunk_size=_LISTED_AT_ONCE)),
        )
        count = 0
        while (page := self._asked("list", below, lambda: self._named(below, lambda: next(pages, None)))) is not None:
            count += len(page)
            if count > MAX_LISTED:
                raise EnvironmentFaultError(
                    f"{self.name}: the listing of {below} has more than {MAX_LISTED} names, or no end",
                    next_step="See with the tools of the store what is there.",
                )
            for item in page:
                state = f"{item['e_tag'] or ''} {item['last_modified'].isoformat()}"
                yield ListedObject(str(item["path"]), int(item["size"]), state)

    def _named(self, below: str, ask: Callable[[], _T]) -> _T:
        """The next names of a listing: the library asks for page after page until one has any, and hears no Ctrl-C."""
        said: SimpleQueue[tuple[_T | None, BaseException | None]] = SimpleQueue()

        def wait() -> None:
            try:
                said.put((ask(), None))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                said.put((None, error))

        threading.Thread(target=wait, daemon=True, name="listing").start()
        try:
            found, error = said.get(timeout=self._patience.listing_s)
        except Empty:
            raise NetworkError(
                f"{self.name}: cannot list {below}: page after page without a name came", next_step=_AGAIN
            ) from None
        if error is not None:
            raise error
        return cast("_T", found)

    def look(self, key: str) -> LookedAt | None:
        """See `ObjectStore`."""
        import obstore  # noqa: PLC0415 - of an extra

        check_key(key)
        try:
            found = self._asked("look at", key, lambda: obstore.head(self._asking, key))
        except _NoObjectError:
            return None
        return LookedAt(int(found["size"]), str(found["e_tag"] or ""))

    def read(self, key: str) -> OpenedObject | None:
        """See `ObjectStore`."""
        import obstore  # noqa: PLC0415 - of an extra

        check_key(key)
        try:
            found = self._asked("read", key, lambda: obstore.get(self._reading, key))
        except _NoObjectError:
            return None
        size, tag = int(found.meta["size"]), str(found.meta["e_tag"] or "")
        chunks = found.stream(min_chunk_size=MIB)
        return OpenedObject(key, size, tag, self._whole(key, size, tag, iter(chunks)))

    def _whole(self, key: str, size: int, tag: str, chunks: Iterator[Any]) -> Iterator[bytes]:
        """As many bytes as were promised: where they do not come in one answer, the rest in ranges."""
        import obstore  # noqa: PLC0415 - of an extra

        done = 0
        try:
            for chunk in chunks:
                done += len(chunk)
                if done > size:
                    raise NetworkError(f"{self._at(key)}: more bytes came than were promised", next_step=_AGAIN)
                yield bytes(chunk)
        except obstore.exceptions.BaseError:
            # What is said of it is said when the rest is asked for, too.
            pass
        while done < size:
            rest = self.read_range(key, done, min(_RANGE_BYTES, size - done), tag)
            done += len(rest)
            yield rest

    def read_range(self, key: str, start: int, size: int, tag: str) -> bytes:
        """See `ObjectStore`."""
        import obstore  # noqa: PLC0415 - of an extra

        def ranged() -> bytes:
            found = obstore.get(self._asking, check_key(key), options={"range": (start, start + size), "if_match": tag})
            return bytes(found.bytes())

        last: PreserveError | None = None
        for _try in range(_READS):
            try:
                got = self._asked("read", key, ranged)
            except _NoObjectError as error:
                raise changed(self._at(key)) from error
            except NetworkError as error:
                last = error
                continue
            if len(got) == size:
                return got
        raise last or NetworkError(f"{self._at(key)}: {size} bytes were asked for, others came", next_step=_AGAIN)

    def locks(self, keys: Sequence[str]) -> Iterator[ObjectLock | None]:
        """See `ObjectStore`. The library does not tell: it signs addresses, which are asked for what they say."""
        import obstore  # noqa: PLC0415 - of an extra

        for first in range(0, len(keys), _SIGNED_AT_ONCE):
            batch = [check_key(key) for key in keys[first : first + _SIGNED_AT_ONCE]]

            def signed(paths: list[str] = batch) -> list[str]:
                return list(obstore.sign(self._reading, "HEAD", paths, _SIGNED_FOR))

            urls = self._asked("sign", batch[0], signed)
            for _try in range(_READS):
                try:
                    answers = list(heads(urls, step_s=self._patience.silence_s))
                except NoAnswerError:
                    continue
                break
            else:
                raise NetworkError(f"{self.name}: no answer came of what locks {batch[0]}", next_step=_AGAIN)
            for key, answer in zip(batch, answers, strict=True):
                yield self._lock(key, answer)

    def _lock(self, key: str, answer: HeadReply) -> ObjectLock | None:
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise NetworkError(
                f"{self._at(key)}: its lock cannot be seen: it answers {answer.status}", next_step=_AGAIN
            )
        if answer.fields.get("x-amz-object-lock-legal-hold", "").upper() == "ON":
            return ObjectLock(None)
        until = answer.fields.get("x-amz-object-lock-retain-until-date")
        if until is None:
            return None
        try:
            return ObjectLock(parse_utc(until))
        except FormatError:
            raise NetworkError(f"{self._at(key)}: the end of its lock cannot be read", next_step=_AGAIN) from None

    def create(self, key: str, data: ObjectData, sha256: str) -> bool:
        """See `ObjectStore`. The server is told the SHA-256 and takes no other bytes."""
        size = len(data)
        if size > MAX_OBJECT_BYTES:
            raise EnvironmentFaultError(
                f"{self._at(key)}: {size} bytes; an object store takes {MAX_OBJECT_BYTES} in one request",
                next_step="Copy a collection with such a file to a folder: `preserve replicate FOLDER`.",
            )
        if size <= _SMALL_BYTES and hashlib.sha256(data).hexdigest() == sha256:
            return self._put(self._writing, key, data, "create")
        declared = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
        patience_s = self._patience.silence_s + size / _SLOWEST_BYTES_A_SECOND
        return self._put(self._made(patience_s, headers={"x-amz-checksum-sha256": declared}), key, data, "create")

    def replace(self, key: str, data: bytes, tag: str) -> bool:
        """See `ObjectStore`."""
        return self._put(self._writing, key, data, {"e_tag": tag})

    def _put(self, store: "S3Store", key: str, data: ObjectData, mode: Any) -> bool:  # noqa: ANN401 - the library's
        import obstore  # noqa: PLC0415 - of an extra

        def put() -> bool:
            try:
                obstore.put(store, check_key(key), data, mode=mode, use_multipart=False)
            except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
                return False
            return True

        try:
            return self._asked("write", key, put)
        except _NoObjectError as error:
            if mode != "create":
                return False
            raise self._no_bucket() from error

    def _made(
        self,
        timeout_s: float,
        *,
        read_timeout_s: float | None = None,
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> "S3Store":
        try:
            from obstore.exceptions import BaseError  # noqa: PLC0415 - of an extra
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError as error:
            raise EnvironmentFaultError(
                "object storage needs obstore, which is not installed", next_step=install_step("s3")
            ) from error
        patience = self._patience
        client: dict[str, Any] = {"timeout": timedelta(seconds=timeout_s), "connect_timeout": timedelta(seconds=10)}
        if read_timeout_s is not None:
            client["read_timeout"] = timedelta(seconds=read_timeout_s)
        if headers:
            client["default_headers"] = headers
        if self._is_plain:
            client["allow_http"] = True
        pause = timedelta(seconds=patience.pause_s)
        try:
            return S3Store(
                self._bucket,
                prefix=self._prefix or None,
                client_options=client,  # type: ignore[arg-type]
                retry_config={
                    "max_retries": patience.tries,
                    "backoff": {"init_backoff": pause, "max_backoff": pause * 2**patience.tries, "base": 2},
                    "retry_timeout": timedelta(seconds=timeout_s + 600),
                },
                **more,  # type: ignore[arg-type]
            )
        except (BaseError, ValueError) as error:
            raise self._unusable() from error

    def _asked(self, verb: str, key: str, ask: Callable[[], _T]) -> _T:
        """Asks, and says in plain words why there is no answer."""
        from obstore.exceptions import (  # noqa: PLC0415 - of an extra
            BaseError,
            PermissionDeniedError,
            PreconditionError,
            UnauthenticatedError,
        )

        try:
            return ask()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._no_bucket() from None
            raise _NoObjectError(key) from None
        except PreconditionError:
            raise changed(self._at(key)) from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise EnvironmentFaultError(
                f"{self.name}: the store does not let us {verb} {key}{_told(str(error))}",
                next_step="See the credentials in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "those of this machine), and what they are allowed: docs/object-storage.md lists it.",
            ) from None
        except BaseError as error:
            raise self._fault(verb, key, str(error)) from None
        except BaseException as error:
            # The library's way to say that it was told something that it cannot use.
            if type(error).__name__ != "PanicException":
                raise
            raise self._unusable() from None

    def _fault(self, verb: str, key: str, text: str) -> PreserveError:
        """The error for an answer that is none, or that refuses."""
        if "NoSuchBucket" in text:
            return self._no_bucket()
        if "BadDigest" in text or "InvalidDigest" in text or "XAmzContentSHA256Mismatch" in text:
            return DeclaredHashError(f"{self._at(key)}: the store got other bytes than it was told of")
        if _MACHINE in text:
            return EnvironmentFaultError(
                f"{self.name}: there are no credentials",
                next_step="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
            )
        if "invalid path" in text:
            return EnvironmentFaultError(
                f"{self.name}: among the objects below {key} is one with a name that no file can have (.., // or signs "
                "that cannot be shown)",
                next_step="Somebody else put it there. Find it with the tools of the store, and move it elsewhere.",
            )
        found = _STATUS.search(text)
        if found is not None and found[1].startswith("4") and found[1] not in {"408", "409", "429"}:
            return EnvironmentFaultError(
                f"{self.name}: the store refuses to {verb} {key}{_told(text)}",
                next_step="Look the code up in the documentation of the store.",
            )
        why = _told(text) or (": it is silent" if "TimedOut" in text else ": no whole answer came")
        return NetworkError(f"{self.name}: cannot {verb} {key}{why}", next_step=_AGAIN)

    def _unusable(self) -> EnvironmentFaultError:
        return EnvironmentFaultError(
            f"{self.name}: what the environment says of the store cannot be used",
            next_step="See AWS_ENDPOINT_URL, AWS_REGION and the other variables in docs/object-storage.md.",
        )

    def _no_bucket(self) -> EnvironmentFaultError:
        return EnvironmentFaultError(
            f"{self.name}: there is no bucket {self._bucket}",
            next_step="Make it, or see AWS_REGION and AWS_ENDPOINT_URL. This program makes no buckets.",
        )

    def _at(self, key: str) -> str:
        return f"{self.name}/{key}"


_AGAIN: Final = "Run it again: it goes on. Nothing is said of what lies there."


class _NoObjectError(Exception):
    """There is no object of this key."""


def _told(text: str) -> str:
    """Status and code of an answer, as far as there are any: the rest of it is not ours to show."""
    status, code = _STATUS.search(text), _CODE.search(text)
    said = " ".join(found[1] for found in (status, code) if found is not None)
    return f": it answers {said}" if said else ""


def _parsed(endpoint: str) -> SplitResult:
    """The address of a server; all of it empty where it is Amazon's.

    Raises:
        EnvironmentFaultError: it is none.
    """
    try:
        parts = urlsplit(endpoint)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_one = urlsplit(""), False
    if endpoint and not (is_one and _ADDRESS.match(endpoint)):
        # Not repeated: it may hold a secret.
        raise EnvironmentFaultError(
            "the address of the server (AWS_ENDPOINT_URL) is none", next_step="Write it as https://HOST:PORT."
        )
    return parts


def _endpoint(environment: Mapping[str, str]) -> str:
    """Where the server is; empty where it is Amazon's."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((endpoint for name in names if (endpoint := environment.get(name))), "")
