"""The signing key of a collection's log: an Ed25519 key in a folder outside the archive, readable by its owner only."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from preserve.errors import EnvironmentFaultError
from preserve.formats.note import Signer

_MODE = 0o600
_MAX_KEY_BYTES = 64 * 1024


def key_path(collection: str, keys: Path) -> Path:
    """Where the key of a collection lies."""
    return keys / f"{collection}.key"


def load_or_create_signer(collection: str, keys: Path) -> Signer:
    """The collection's signer; its key is made where there is none (``preserve init``).

    Raises:
        EnvironmentFaultError: the folder or key cannot be used.
    """
    path = key_path(collection, keys)
    if not path.exists():
        _create(path)
    return load_signer(collection, keys)


def load_signer(collection: str, keys: Path) -> Signer:
    """The collection's signer, from its key file.

    Raises:
        EnvironmentFaultError: missing, readable by others, or no Ed25519 key.
    """
    path = key_path(collection, keys)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with path.open("rb") as file:
            data = file.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the signing key {path} cannot be read: {error.strerror}",
            next_step="Put a copy of the key there; an archive cannot be signed with another one.",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise EnvironmentFaultError(
            f"the signing key {path} is open to other users (mode {mode:o})",
            next_step=f"Run `chmod 600 {path}`, and ask yourself who may have read it.",
        )
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise EnvironmentFaultError(f"{path} is no readable private key (PEM, PKCS #8)") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EnvironmentFaultError(f"{path} is no Ed25519 key")
    return Signer(name=_origin(collection, key), key=key)


def _origin(collection: str, key: Ed25519PrivateKey) -> str:
    """The log's name: no two logs may share one, so the first eight digits of the public key stand in it."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"preserve/{collection}/{public.hex()[:8]}"


def _create(path: Path) -> None:
    data = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the signing key {path} cannot be made: {error.strerror}",
            next_step="Set XDG_CONFIG_HOME to a folder that can be written to.",
        ) from error
