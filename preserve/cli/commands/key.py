"""``preserve key``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.group()
def key() -> None:
    """Show, change and export the key that signs a collection's checkpoints.

    Lost: nothing held is lost, but nothing can be signed any more; found a new archive, and note in both where the
    other is. Stolen: rotate at once; what the old key signs from then on is not the log's. docs/threat-model.md says
    what a thief can and cannot do.

    For example: `preserve key show mrkva`
    """


@key.command(short_help="Show the key.")
@click.argument("collection")
@command_options
def show(place: Place, collection: str) -> int:
    """Show the public key of COLLECTION and where the signing key lies.

    For example: `preserve key show mrkva`
    """
    from preserve.cli.actions import key as actions

    return actions.show(place, collection=collection)


@key.command(short_help="Give the log a new key.")
@click.argument("collection")
@click.option("--reason", default="", help="Why, in a few words; it stands in the log for ever.")
@command_options
def rotate(place: Place, collection: str, reason: str) -> int:
    """Give the log of COLLECTION a new key.

    The change is a statement, and a checkpoint over it is signed with both keys: whoever trusts the old key can follow.
    The old key file is kept as COLLECTION.ID.retired.

    For example: `preserve key rotate mrkva --reason 'a laptop was stolen'`
    """
    from preserve.cli.actions import key as actions

    return actions.rotate(place, collection=collection, reason=reason)


@key.command(short_help="Write the public key.")
@click.argument("collection")
@click.option(
    "--as", "form", type=click.Choice(["vkey", "pem", "ssh"]), default="vkey", show_default=True, help="Which form."
)
@command_options
def export(place: Place, collection: str, form: str) -> int:
    """Write the public key of COLLECTION: as a verifier key, for openssl (pem), or for ssh-keygen (ssh).

    For example: `preserve key export mrkva --as pem`
    """
    from preserve.cli.actions import key as actions

    return actions.export(place, collection=collection, form=form)


@key.command("wacz", short_help="Make the key that signs packages.")
@click.argument("collection")
@click.option("--reason", default="", help="Why, in a few words; it stands in the log for ever.")
@command_options
def wacz(place: Place, collection: str, reason: str) -> int:
    """Make the key that signs WACZ packages of COLLECTION, and state it in the log.

    It is an ECDSA key on P-384, and is made and stated once: done again, it is shown. `preserve export wacz` signs with
    it. Whoever trusts the log can tell by the statement whose packages it signs.

    For example: `preserve key wacz mrkva`
    """
    from preserve.cli.actions import key as actions

    return actions.wacz(place, collection=collection, reason=reason)
