"""``preserve rot``: what may be typed, and its help.

Tested by ``tests/scenarios/test_link_rot.py``.
"""

import click

from preserve.cli.shared.common import Place, collection_option, command_options
from preserve.cli.shared.tables import TableShape, table_options

STATES = ("alive", "moved", "changed", "soft-404", "gone", "unknown")
"""Those of `preserve.replay.link_status.LinkState`, in its order."""
COLUMNS = {
    "state": "",
    "since": "",
    "reason": "",
    "last_look": "",
    "looks": "",
    "captured": "newest good capture",
    "cable": "",
    "url": "",
    "muted": "",
    "collection": "",
    "record_id": "of the newest good capture",
}
"""Columns of a table of addresses."""


@click.group(invoke_without_command=True)
@collection_option
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="List addresses of this state only. May be repeated. [default: all but alive]",
)
@click.option("--all", "everything", is_flag=True, help="List addresses that are alive too.")
@click.option("--held", is_flag=True, help="Look only at addresses that were a page once.")
@click.option("--never", is_flag=True, help="List addresses that never were a page, which else are only counted.")
@click.option("--since", metavar="TIME", help="List only what is as it is since TIME (2011-10-04, or longer), in UTC.")
@click.option("--markdown", is_flag=True, help="Answer with a report in Markdown.")
@command_options
@table_options(COLUMNS, shown=("state", "since", "reason", "captured", "url"), own="report")
def rot(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    collection: tuple[str, ...],
    states: tuple[str, ...],
    everything: bool,
    held: bool,
    never: bool,
    since: str | None,
    markdown: bool,
    shape: TableShape,
) -> int:
    """Tell what became of every captured address: alive, moved, changed, soft-404, gone or unknown; with the evidence.

    It looks at what is held and connects to nothing: the states are as fresh as the last capture. An address is gone
    after 404, 410 or 451 on two different days, or after three days without an answer while other hosts answered.
    Pages that are muted are counted and marked. Status 1: something that is not muted is gone or a soft 404, or a
    record could not be read.

    For example: `preserve rot -c mrkva --state gone`
    """
    from preserve.cli.actions import rot as actions

    return actions.rot(
        place,
        collection=collection,
        states=states,
        everything=everything,
        held=held,
        never=never,
        since=since,
        markdown=markdown,
        shape=shape,
    )


@rot.command(short_help="State that losses are known.")
@click.argument("urls", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All pages that the last run did not have.")
@click.option("--collection", "-c", required=True, help="The collection.")
@click.option("--reason", required=True, help="Why, in a few words; it stands in the log for ever.")
@command_options
def accept(place: Place, urls: tuple[str, ...], *, everything: bool, collection: str, reason: str) -> int:
    """State that the loss of pages (URLS, or all that the last run did not have) is known: from then on no run fails
    for it, until they are captured whole again. Nothing that is held changes.

    For example: `preserve rot accept --all -c mrkva --reason 'it has closed'`
    """
    from preserve.cli.actions import rot as actions

    return actions.accept(place, urls=urls, everything=everything, collection=collection, reason=reason)


@rot.command(short_help="State where pages have moved.")
@click.argument("old")
@click.argument("new")
@click.option("--collection", "-c", required=True, help="The collection.")
@click.option("--reason", default="", help="Why, in a few words; it stands in the log for ever.")
@command_options
def moved(place: Place, old: str, new: str, *, collection: str, reason: str) -> int:
    """State that the pages whose addresses begin with OLD begin with NEW now: a site's new home.

    From then on NEW belongs to the collection, as if `include` had it, and a page that is held from there is not lost.

    For example: `preserve rot moved http://a.test/ https://b.test/ -c news`
    """
    from preserve.cli.actions import rot as actions

    return actions.moved(place, old=old, new=new, collection=collection, reason=reason)


@rot.command(short_help="State that pages raise no alarm.")
@click.argument("urls", nargs=-1, required=True)
@click.option("--collection", "-c", required=True, help="The collection.")
@click.option("--reason", required=True, help="Why, in a few words; it stands in the log for ever.")
@click.option("--end", is_flag=True, help="They raise alarms again.")
@command_options
def mute(place: Place, urls: tuple[str, ...], *, collection: str, reason: str, end: bool) -> int:
    """State that the pages at URLS raise no alarm from then on: they are looked at and recorded as before.

    Patterns of addresses are muted by `mute` in the collection's file.

    For example: `preserve rot mute https://a.example/ -c news --reason daily`
    """
    from preserve.cli.actions import rot as actions

    return actions.mute(place, urls=urls, collection=collection, reason=reason, end=end)
