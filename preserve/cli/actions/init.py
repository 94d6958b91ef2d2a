"""What ``preserve init`` does: makes a collection's archive and its signing key."""

import os

import click

from preserve.cli.shared.common import Place, say
from preserve.cli.shared.configured import chosen_layouts
from preserve.config.folder import load_collection
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import key_path, passphrase


def init(place: Place, *, collection: str, ask: bool) -> int:
    """Make the archive of COLLECTION, and its signing key outside the archive."""
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
