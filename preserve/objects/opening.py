"""What the user calls a store, opened: ``s3://BUCKET/PREFIX``, or ``file:///FOLDER`` for the same in a folder."""

import os

from preserve.config.stores import read_store_name
from preserve.objects.folder import FolderStore
from preserve.objects.port import ObjectStore
from preserve.objects.s3 import BucketStore


def open_store(text: str) -> ObjectStore:
    """The store of this name; nothing is asked of it yet.

    Raises:
        UsageError: it is no such name, or a secret is in it.
        EnvironmentFaultError: obstore is not installed, or what the environment says cannot be used.
    """
    name = read_store_name(text)
    if name.folder is not None:
        return FolderStore(name.text, name.folder)
    return BucketStore(name.text, name.bucket, name.prefix, environment=os.environ)
