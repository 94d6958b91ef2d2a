"""``preserve key``: the signing key of a collection's log."""

import os
from datetime import UTC, datetime

import click
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from preserve.cli.shared.common import EXIT_STATUSES, Place, command_options, say
from preserve.formats.tlog.note import Signer
from preserve.provenance.founding import load_signer
from preserve.provenance.keys import is_under_passphrase, key_path, passphrase, retired_path
from preserve.provenance.rotate import rotate_key
from preserve.store.archive import open_archive


@click.group(short_help="Show, change and export the signing key.")
def key() -> None:
    """Show, change and export the key that signs a collection's checkpoints.

    Lost: nothing held is lost, but nothing can be signed any more; found a new archive, and note in both where the
    other is. Stolen: rotate at once; what the old key signs from then on is not the log's. docs/threat-model.md says
    what a thief can and cannot do.
    """


@key.command(short_help="Show the key.")
@click.argument("collection")
@command_options
def show(place: Place, collection: str) -> int:
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


@key.command(short_help="Give the log a new key.")
@click.argument("collection")
@click.option("--reason", default="", help="Why, in a few words; it stands in the log for ever.")
@command_options
def rotate(place: Place, collection: str, reason: str) -> int:
    """Give the log of COLLECTION a new key.

    The change is a statement, and a checkpoint over it is signed with both keys: whoever trusts the old key can follow.
    The old key file is kept as COLLECTION.ID.retired.
    """
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


@key.command(short_help="Write the public key.")
@click.argument("collection")
@click.option(
    "--as", "form", type=click.Choice(["vkey", "pem", "ssh"]), default="vkey", show_default=True, help="Which form."
)
@command_options
def export(place: Place, collection: str, form: str) -> int:
    """Write the public key of COLLECTION: as a verifier key, for openssl (pem), or for ssh-keygen (ssh)."""
    paths = open_archive(place.archives, collection)
    text = _exported(load_signer(paths, place.keys, secret=passphrase(os.environ)), form)
    place.emit({"form": form, "key": text}, text)
    return 0


def _exported(signer: Signer, form: str) -> str:
    public = signer.key.public_key()
    if form == "pem":
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    if form == "ssh":
        return f"{public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode('ascii')} {signer.name}\n"
    return f"{signer.vkey}\n"


for _command in key.commands.values():
    _command.epilog = EXIT_STATUSES
