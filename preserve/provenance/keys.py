"""The signing key of a collection's log: an Ed25519 key in a folder outside the archive, readable by its owner only.

It may be under a passphrase, which comes from ``PRESERVE_KEY_PASSPHRASE`` or from the file that
``PRESERVE_KEY_PASSPHRASE_FILE`` names: a capture under cron has nobody to ask.

Tested by ``tests/unit/provenance/test_founding.py``.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.errors import EnvironmentFaultError
from preserve.regular import open_regular
from preserve.store.durable import sync_dir

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_MODE = 0o600
_MAX_KEY_BYTES = 64 * 1024
_MAX_PASSPHRASE_BYTES = 1023
_PASSPHRASE = "PRESERVE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
_PASSPHRASE_FILE = "PRESERVE_KEY_PASSPHRASE_FILE"  # noqa: S105


def key_path(collection: str, keys: Path) -> Path:
    """Where the key of a collection lies."""
    return keys / f"{collection}.key"


def retired_path(collection: str, keys: Path, key_id: bytes) -> Path:
    """Where a key lies that signs no more."""
    return keys / f"{collection}.{key_id.hex()}.retired"


def next_path(collection: str, keys: Path) -> Path:
    """Where a key lies that is to follow, until the ledger says so."""
    return keys / f"{collection}.next"


def coming_path(collection: str, keys: Path) -> Path:
    """Where the key of a log lies that is to follow one of which a part is lost, until it has begun."""
    return keys / f"{collection}.follows"


def package_key_path(collection: str, keys: Path) -> Path:
    """Where the key lies that signs packages of a collection."""
    return keys / f"{collection}.wacz"


def mark_path(collection: str, keys: Path) -> Path:
    """Where it stands which archive the key of a collection has begun."""
    return keys / f"{collection}.begun"


def passphrase(environment: Mapping[str, str]) -> bytes | None:
    """The passphrase of signing keys, or None where there is none.

    Raises:
        EnvironmentFaultError: its file cannot be read, or is open to others; it is empty, or too long.
    """
    if _PASSPHRASE in environment:
        return _usable(environment[_PASSPHRASE].encode("utf-8", "surrogateescape"), _PASSPHRASE)
    name = environment.get(_PASSPHRASE_FILE)
    if name is None:
        return None
    return _usable(read_private(Path(name), "the passphrase").strip(b"\r\n"), name)


def _usable(secret: bytes, where: str) -> bytes:
    """A passphrase that a key can be put under: PKCS #8 takes none that is empty, and OpenSSL 1,023 bytes at most."""
    if not secret:
        raise EnvironmentFaultError(
            f"the passphrase of signing keys in {where} is empty", next_step="Write one there, or leave it out."
        )
    if len(secret) > _MAX_PASSPHRASE_BYTES:
        raise EnvironmentFaultError(
            f"the passphrase of signing keys in {where} has {len(secret)} bytes; {_MAX_PASSPHRASE_BYTES} can be used",
            next_step="Use a shorter one.",
        )
    return secret


def read_key(path: Path, secret: bytes | None) -> "Ed25519PrivateKey":
    """A signing key from its file.

    Raises:
        EnvironmentFaultError: missing, readable by others, no Ed25519 key, or under another passphrase.
    """
    # What only reads an archive has no key to read.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = load_private(path, secret)
    if not isinstance(key, Ed25519PrivateKey):
        raise EnvironmentFaultError(f"{path} is no Ed25519 key")
    return key


def load_private(path: Path, secret: bytes | None) -> "PrivateKeyTypes":
    """A private key of any kind from its file.

    Raises:
        EnvironmentFaultError: missing, readable by others, no private key, or under another passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see `read_key`
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    data = read_private(path, "the signing key")
    try:
        return load_pem_private_key(data, password=secret if b"ENCRYPTED" in data else None)
    except TypeError as error:
        raise EnvironmentFaultError(
            f"{path} is under a passphrase", next_step=f"Set {_PASSPHRASE_FILE} to a file that holds it."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EnvironmentFaultError(
            f"{path} is no readable private key (PEM, PKCS #8), or the passphrase is wrong"
        ) from error


def is_under_passphrase(path: Path) -> bool:
    """True where a key file is encrypted."""
    return b"ENCRYPTED" in read_private(path, "the signing key")


def make_key(path: Path, secret: bytes | None) -> None:
    """Makes a key of a log; see `make_private`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see `read_key`

    make_private(path, Ed25519PrivateKey.generate(), secret)


def make_private(path: Path, key: "Ed25519PrivateKey | EllipticCurvePrivateKey", secret: bytes | None) -> None:
    """Writes a key durably, under a passphrase if one is given. A key that another process made first stands.

    Raises:
        EnvironmentFaultError: the folder cannot be written to.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see `read_key`

    lock: serialization.KeySerializationEncryption = (
        serialization.NoEncryption() if secret is None else serialization.BestAvailableEncryption(secret)
    )
    data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where another process made the key first; its key then stands.
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
        sync_dir(path.parent)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the signing key {path} cannot be made: {error.strerror}",
            next_step="Set XDG_CONFIG_HOME to a folder that can be written to.",
        ) from error


def read_private(path: Path, what: str, *, most: int = _MAX_KEY_BYTES) -> bytes:
    """The bytes of a file that only its owner can read, ``most`` of them; ``what`` it is, for messages.

    Raises:
        EnvironmentFaultError: it cannot be read, or is open to others.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with open_regular(path) as file:
            data = file.read(most)
    except OSError as error:
        raise EnvironmentFaultError(
            f"{what} {path} cannot be read: {error.strerror}",
            next_step="Put a copy there; see `preserve key --help` for what to do where none is left.",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise EnvironmentFaultError(
            f"{what} {path} is open to other users (mode {mode:o})",
            next_step=f"Run `chmod 600 {path}`, and ask yourself who may have read it.",
        )
    return data
