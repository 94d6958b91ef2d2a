"""``preserve init``: makes a collection's archive and its signing key."""

import os

import click

from preserve.cli.shared.common import Place, command_options, say
from preserve.cli.shared.configured import chosen_layouts
from preserve.config.folder import load_collection
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import key_path, passphrase


@click.command(short_help="Make an archive and its signing key.")
@click.argument("collection")
@click.option("--passphrase", "ask", is_flag=True, help="Ask for a passphrase for the signing key.")
@command_options
def init(place: Place, collection: str, ask: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Make the archive of COLLECTION, and its signing key outside the archive.

    COLLECTION is described in CONFIG/collections/COLLECTION.yaml. An archive that exists is left as it is.
    The key gets the passphrase that PRESERVE_KEY_PASSPHRASE_FILE names, if it is set; captures need it then as well.
    """
    config = load_collection(place.config_dir, collection)
    chosen_layouts(place, config)
    was_there = key_path(config.name, place.keys).exists()
    founded = found_archive(place.archives, config.name, keys=place.keys, secret=_secret(ask=ask))
    word = "made" if founded.created else "exists already, left as it is"
    place.emit(
        {
            "collection": config.name,
            "created": founded.created,
            "folder": str(founded.paths.folder),
            "origin": founded.origin,
            "key": founded.vkey,
        },
        f"archive  {founded.paths.folder}  ({word})\nlog      {founded.origin}\nkey      {founded.vkey}\n",
    )
    if founded.created:
        if was_there:
            say(f"preserve: the key {founded.key_file} was there before this archive, which now begins with it")
            say("  next: if its archive is on a disk that is not mounted, delete the new one before a capture:")
            say("        two logs of one key and name contradict each other.")
        say(f"The signing key is {founded.key_file}. Keep a copy of it somewhere safe: the archive does not hold it.")
    return 0


def _secret(*, ask: bool) -> bytes | None:
    held = passphrase(os.environ)
    if held is not None or not ask:
        return held
    text: str = click.prompt("Passphrase of the signing key", hide_input=True, confirmation_prompt=True, err=True)
    return text.encode()
