"""``preserve capture``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collection", metavar="COLLECTION-OR-URL")
@click.option(
    "--processes",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many processes capture; each host is asked by one of them.",
)
@click.option(
    "--adaptive", is_flag=True, help="Ask only for pages that are due by `adaptive` in the collection's schedule."
)
@click.option(
    "--report",
    "report_to",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write every address and how it ended, or why it was left, to this file, one JSON line each.",
)
@click.option("--contact", help="For a URL: an e-mail address or a URL, where the site's owner reaches you.")
@click.option("--clock-is-right", is_flag=True, help="The clock is right, whatever the last run or a server says.")
@command_options
def capture(  # noqa: PLR0917 - one for each option
    place: Place,
    collection: str,
    processes: int,
    adaptive: bool,  # noqa: FBT001 - click hands over by keyword
    report_to: Path | None,
    contact: str | None,
    clock_is_right: bool,  # noqa: FBT001
) -> int:
    """Capture COLLECTION once: fetch its pages, keep them as evidence, state them in its ledger.

    A URL captures that page with its style sheets, scripts and pictures; beside them only robots.txt is asked for. They
    go into the collection `single`, which needs no file and is made when it is needed.

    A run that was stopped is continued. Ctrl-C finishes what is being written, seals the file and ends with status 130.
    Pages that are held are asked for again, and the summary names what changed.

    Status 1: an address gave no reply, or a page that is held could not be had again. Status 5: no address answered.
    Status 6: the disk is nearly full. Status 7: the clock is before the last run, or an hour or more from the first
    server's; nothing is asked then.

    For example: `preserve capture mrkva --report mrkva.jsonl`
    """
    from preserve.cli.actions import capture as actions

    return actions.capture(
        place,
        collection=collection,
        processes=processes,
        adaptive=adaptive,
        report_to=report_to,
        contact=contact,
        clock_is_right=clock_is_right,
    )
