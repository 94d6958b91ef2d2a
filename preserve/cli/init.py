"""``preserve init``: makes a collection's archive and its signing key."""

import click

from preserve.cli.common import Place, command_options, say
from preserve.cli.loading import chosen_layouts
from preserve.config import load_collection
from preserve.provenance.found import found_archive


@click.command(short_help="Make an archive and its signing key.")
@click.argument("collection")
@command_options
def init(place: Place, collection: str) -> int:
    """Make the archive of COLLECTION, and its signing key outside the archive.

    COLLECTION is described in CONFIG/collections/COLLECTION.yaml. An archive that exists is left as it is.
    """
    config = load_collection(place.config_dir, collection)
    chosen_layouts(place, config)
    founded = found_archive(place.archives, config.name, keys=place.keys)
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
        say(f"The signing key is {founded.key_file}. Keep a copy of it somewhere safe: the archive does not hold it.")
    return 0
