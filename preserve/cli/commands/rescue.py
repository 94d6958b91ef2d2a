"""``preserve rescue``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--gone", is_flag=True, help="Every address of the collection that is gone or a soft 404.")
@click.option("--into", "collection", required=True, help="The collection that keeps what comes.")
@click.option("--archive", "chosen", multiple=True, help="Ask only this web archive. May be repeated.")
@click.option("--at", metavar="TIME", help="Only mementos at or before TIME (UTC).")
@click.option(
    "--copies", type=click.IntRange(1, 100), default=1, show_default=True, help="Mementos to get of each address."
)
@click.option("--again", is_flag=True, help="Also addresses that were rescued before.")
@click.option(
    "--dry-run", "dry", is_flag=True, help="Ask for the lists only; tell what would be fetched; keep nothing."
)
@command_options
def rescue(  # noqa: PLR0913, PLR0917 - one for each option
    place: Place,
    urls: tuple[str, ...],
    gone: bool,  # noqa: FBT001
    collection: str,
    chosen: tuple[str, ...],
    at: str | None,
    copies: int,
    again: bool,  # noqa: FBT001
    dry: bool,  # noqa: FBT001
) -> int:
    """Ask web archives for the addresses URL, or for all that are gone, and keep what they serve.

    What comes is second-hand evidence: it is kept under the address that was asked, and linked to the lost one with
    the archive's name, the moment asked for and the moment served. `show`, `history` and `cite` find it and say so.

    Status 1: something was not rescued, or there are findings. Status 5: no archive answered. Status 6: the budget of
    an archive is used up; run it again tomorrow. What was stopped goes on where it was.

    For example: `preserve rescue --gone --into mrkva`
    """
    from preserve.cli.actions import rescue as actions

    return actions.rescue(
        place, urls=urls, gone=gone, collection=collection, chosen=chosen, at=at, copies=copies, again=again, dry=dry
    )
