"""A process of its own that hands one message to the library Apprise, which opens the connection.

On its standard input is one JSON document: ``address``, ``title``, ``body``, ``tone``. It prints nothing: what the
library says may hold the address, which is a secret. Its status says what became of it.

Tested by ``tests/unit/alarms/test_chat.py``.
"""

import json
import logging
import os
import sys

TAKEN, NOT_TAKEN, NO_SERVICE, NOT_INSTALLED = 0, 3, 4, 5
"""How it ends. Python itself ends with 1 and 2 where something fails."""


def main() -> int:
    """The status: the service took it, did not take it, is none, or the library is not there."""
    told = json.load(sys.stdin)
    try:
        import apprise  # noqa: PLC0415 - an optional extra
    except ImportError:
        return NOT_INSTALLED
    logging.disable(logging.CRITICAL)
    # Nothing is kept on disk, nothing that a message says is a template, and no redirect is followed with a secret.
    asset = apprise.AppriseAsset(
        app_id="preserve",
        app_desc="preserve",
        allow_templates=False,
        http_redirects=False,
        async_mode=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    services = apprise.Apprise(asset=asset)
    if not services.add(told["address"]):
        return NO_SERVICE
    is_taken = services.notify(
        body=told["body"], title=told["title"], notify_type=told["tone"], body_format=apprise.NotifyFormat.TEXT
    )
    return TAKEN if is_taken else NOT_TAKEN


if __name__ == "__main__":
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        sys.exit(main())
