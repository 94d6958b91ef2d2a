"""``preserve new``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("name")
@click.argument("url")
@click.option("--contact", help="An e-mail address or a URL, where site owners reach you.")
@command_options
def new(place: Place, name: str, url: str, contact: str | None) -> int:
    """Write the file of the collection NAME, which begins at URL and takes what lies beside it.

    The page is asked for once, to see its title and which layout reads it; nothing of it is kept. The file has a
    comment at each key. It goes to --config or ./config, where there is one, else to the user's own folder.

    For example: `preserve new news https://a.example/ --contact me@b.example`
    """
    from preserve.cli.actions import new as actions

    return actions.new(place, name=name, url=url, contact=contact)
