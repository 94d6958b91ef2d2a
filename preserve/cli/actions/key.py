"""What ``preserve key`` does: the signing key of a collection's log."""

import os
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from preserve.cli.shared.common import Place, say
from preserve.formats.tlog.note import Signer
from preserve.provenance.founding import load_signer, load_writer
from preserve.provenance.keys import is_under_passphrase, key_path, package_key_path, passphrase, retired_path
from preserve.provenance.rotate import rotate_key
from preserve.provenance.waczkey import make_package_key
from preserve.store.archive import open_archive


def show(place: Place, *, collection: str) -> int:
    """Show the public key of COLLECTION and where the signing key lies."""
    paths = open_archive(place.archives, collection)
    path = key_path(collection, place.keys)
    signer = load_signer(paths, place.keys, secret=passphrase(os.environ))
    locked = is_under_passphrase(path)
    place.emit(
        {"log": signer.name, "key": signer.vkey, "file": str(path), "passphrase": locked},
        f"log         {signer.name}\nkey         {signer.vkey}\nfile        {path}\n"
        f"passphrase  {'yes' if locked else 'no'}\n",
    )
    return 0


def rotate(place: Place, *, collection: str, reason: str) -> int:
    """Give the log of COLLECTION a new key."""
    paths = open_archive(place.archives, collection)
    old, new = rotate_key(
        paths, place.keys, secret=passphrase(os.environ), reason=reason, clock=lambda: datetime.now(UTC)
    )
    place.emit(
        {"log": new.name, "old": old.vkey, "new": new.vkey},
        f"log   {new.name}\nold   {old.vkey}\nnew   {new.vkey}\n",
    )
    say(f"The old key is kept as {retired_path(collection, place.keys, old.key_id)}. Keep a copy of the new one.")
    return 0


def export(place: Place, *, collection: str, form: str) -> int:
    """Write the public key of COLLECTION: as a verifier key, for openssl (pem), or for ssh-keygen (ssh)."""
    paths = open_archive(place.archives, collection)
    text = _exported(load_signer(paths, place.keys, secret=passphrase(os.environ)), form)
    place.emit({"form": form, "key": text}, text)
    return 0


def wacz(place: Place, *, collection: str, reason: str) -> int:
    """Make the key that signs WACZ packages of COLLECTION, and state it in the log."""
    paths = open_archive(place.archives, collection)
    secret = passphrase(os.environ)
    writer = load_writer(paths, place.keys, secret=secret)
    signer, is_new = make_package_key(
        paths, place.keys, writer, secret=secret, reason=reason, clock=lambda: datetime.now(UTC)
    )
    path = package_key_path(collection, place.keys)
    place.emit(
        {"collection": collection, "key": signer.public_key, "file": str(path), "is_new": is_new},
        f"key   {signer.public_key}\nfile  {path}\n",
    )
    if is_new:
        say("It is stated in the log. Keep a copy of the file: packages are signed with it from now on.")
    return 0


def _exported(signer: Signer, form: str) -> str:
    public = signer.key.public_key()
    if form == "pem":
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    if form == "ssh":
        return f"{public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode('ascii')} {signer.name}\n"
    return f"{signer.vkey}\n"
