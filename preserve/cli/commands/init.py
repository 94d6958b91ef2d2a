"""``preserve init``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collection")
@click.option("--passphrase", "ask", is_flag=True, help="Ask for a passphrase for the signing key.")
@command_options
def init(place: Place, collection: str, ask: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Make the archive of COLLECTION, and its signing key outside the archive.

    COLLECTION is described in CONFIG/collections/COLLECTION.yaml. An archive that exists is left as it is.
    The key gets the passphrase that PRESERVE_KEY_PASSPHRASE_FILE names, if it is set; captures need it then as well.

    For example: `preserve init mrkva`
    """
    from preserve.cli.actions import init as actions

    return actions.init(place, collection=collection, ask=ask)
