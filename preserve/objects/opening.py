"""What the user calls a store, opened: ``s3://BUCKET/PREFIX``, or ``file:///FOLDER`` for the same in a folder."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from preserve.errors import FormatError, UsageError
from preserve.expressions import lazy_re
from preserve.objects.folder import FolderStore
from preserve.objects.port import ObjectStore, check_key
from preserve.objects.s3 import BucketStore

_BUCKET = lazy_re(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z", re.ASCII)


def open_store(text: str) -> ObjectStore:
    """The store of this name; nothing is asked of it yet.

    Raises:
        UsageError: it is no such name, or a secret is in it.
        EnvironmentFaultError: obstore is not installed, or what the environment says cannot be used.
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
        return FolderStore(text.rstrip("/"), Path("/", unquote(path)))
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
    name = f"s3://{bucket}/{prefix}".rstrip("/")
    return BucketStore(name, bucket, prefix, environment=os.environ)
