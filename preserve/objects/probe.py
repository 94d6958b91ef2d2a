"""Whether a store keeps what it is given: asked before anything is put there that matters.

Under ``preserve-probe`` lie two objects at most, which stay: a store that locks its objects is not asked to delete any.

Tested by ``tests/unit/objects/test_contract.py``.
"""

import hashlib

from preserve.errors import EnvironmentFaultError
from preserve.objects.port import DeclaredHashError, ObjectStore

_FIRST = b"preserve probe: the first bytes under a key stay\n"
_SECOND = b"preserve probe: these must never be here\n"
_KEY = "preserve-probe/first"
_WRONG_KEY = "preserve-probe/declared"
_NO_TAG = '"00000000000000000000000000000000"'


def probe(store: ObjectStore) -> None:
    """Creates twice, replaces what is not there, declares a wrong hash: each must be refused.

    Raises:
        EnvironmentFaultError: the store takes one of them: it must not hold evidence.
        NetworkError: it does not answer.
    """
    store.create(_KEY, _FIRST, _sha256(_FIRST))
    if store.create(_KEY, _SECOND, _sha256(_SECOND)):
        raise _refused(store, "it writes a new object over one that is there (If-None-Match is not obeyed)")
    if store.replace(_KEY, _SECOND, _NO_TAG):
        raise _refused(store, "it replaces an object that is not the one named (If-Match is not obeyed)")
    there = store.read(_KEY)
    if there is None or there.whole(len(_FIRST) + len(_SECOND)) != _FIRST:
        raise _refused(store, "it gives back other bytes than it was given")
    try:
        store.create(_WRONG_KEY, _SECOND, _sha256(_FIRST))
    except DeclaredHashError:
        return
    # Also where one is there already: it was taken in before.
    raise _refused(store, "it takes bytes whose SHA-256 is not the one declared (x-amz-checksum-sha256 is not checked)")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _refused(store: ObjectStore, why: str) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{store.name} is no place for evidence: {why}",
        next_step="Use another store; docs/object-storage.md names some that were tried. Nothing was copied.",
    )
