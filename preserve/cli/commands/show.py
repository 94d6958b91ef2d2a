"""``preserve show``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, collection_option, reading_options


@click.command()
@click.argument("cable_or_url", metavar="CABLE-OR-URL")
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "reading", "json", "html", "raw"]),
    default="text",
    show_default=True,
    help="text: the cable as it stands; reading: its lines joined, to read and not to cite; json: all that is known; "
    "html: the page's bytes; raw: the reply as it travelled.",
)
@click.option(
    "--at", "at", metavar="TIME", help="The newest capture at or before TIME (2011-10-04, or longer), in UTC."
)
@collection_option
@reading_options
def show(place: Place, cable_or_url: str, form: str, at: str | None, collection: tuple[str, ...]) -> int:
    """Give back a captured cable (by its id) or page (by its address).

    The bytes are checked against the ledger before they are shown. A page that no layout recognises is shown as plain
    text, and said to be no cable.

    For example: `preserve show 05ALMATY342 --at 2012`
    """
    from preserve.cli.actions import show as actions

    return actions.show(place, cable_or_url=cable_or_url, form=form, at=at, collection=collection)
