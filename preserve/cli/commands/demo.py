"""``preserve demo``: what may be typed, and its help."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo works. It is emptied first, if an earlier demo made it.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
def demo(folder: Path, as_json: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Capture a mirror of invented cables twice, with a change between, and show what can be done with the result.

    The mirror is served on this machine by a process of its own; nothing else is contacted. Everything is written to
    one folder, the signing key too.

    For example: `preserve demo --folder /tmp/demo`
    """
    from preserve.cli.actions import demo as actions

    return actions.demo(folder=folder, as_json=as_json)
