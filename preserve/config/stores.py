"""What stores are called, ``s3://BUCKET/PREFIX`` or ``file:///FOLDER`` for a folder, and the keys of what lies in them.

Tested by ``tests/unit/objects/test_contract.py`` and ``tests/scenarios/test_schedule.py``.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from preserve.errors import FormatError, UsageError
from preserve.expressions import lazy_re

_PLAIN = lazy_re(r"[A-Za-z0-9_][A-Za-z0-9_.@+=,-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.@+=,-]{0,254})*\Z", re.ASCII)
_MAX_KEY_BYTES = 900
"""Of 1,024 that S3 takes, so that a prefix has room."""
_BUCKET = lazy_re(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoreName:
    """A store as it was named. ``folder``: where it is one of this machine; else ``bucket`` and ``prefix``."""

    text: str
    folder: Path | None = None
    bucket: str = ""
    prefix: str = ""


def names_store(text: str) -> bool:
    """Whether this is meant to be the name of a store, and no path of a folder."""
    return text.lower().startswith(("s3://", "file://"))


def read_store_name(text: str) -> StoreName:
    """The parts of a name; there is no credential in it.

    Raises:
        UsageError: it is no such name, or a secret may be in it.
    """
    if "@" in text or "?" in text or "#" in text:
        # Not repeated: it may hold a secret.
        raise UsageError(
            "a store is named without credentials and options",
            next_step="Write s3://BUCKET/PREFIX; credentials are read from the environment.",
        )
    scheme, _, rest = text.partition("://")
    bucket, slash, path = rest.partition("/")
    if scheme == "file" and not bucket and slash and "\0" not in unquote(path):
        return StoreName(text.rstrip("/"), folder=Path("/", unquote(path)))
    prefix = path.strip("/")
    if scheme != "s3" or _BUCKET.match(bucket) is None:
        raise UsageError(f"{text!r} names no store", next_step="Write s3://BUCKET/PREFIX or file:///FOLDER.")
    try:
        if prefix:
            check_key(prefix)
    except FormatError as error:
        raise UsageError(
            f"{text!r}: a prefix is made of letters, digits and _ . + = , - with / between", next_step="Use another."
        ) from error
    return StoreName(f"s3://{bucket}/{prefix}".rstrip("/"), bucket=bucket, prefix=prefix)


def folder_of_copies(text: str) -> Path | None:
    """The folder of this machine that copies are kept in, by its path or as a store; None for one in a bucket."""
    return read_store_name(text).folder if names_store(text) else Path(text)


def check_key(key: str) -> str:
    """The key itself.

    Raises:
        FormatError: it is none of ours: it could lead out of a folder, or differ from itself on another system.
    """
    if _PLAIN.match(key) is None or len(key) > _MAX_KEY_BYTES:
        raise FormatError(f"no plain key: {key[:60]!r}")
    return key
