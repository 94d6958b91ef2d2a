"""``preserve alarms``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.group()
def alarms() -> None:
    """Show what is wrong with the collections, and send what was not sent yet (docs/alarms.md).

    `alarms.yaml` in the folder of configuration says whom to tell: by mail, webhook, a command of yours, or a chat
    service.

    For example: `preserve alarms list`
    """


@alarms.command("list", short_help="Show what is wrong, and what was not sent yet.")
@command_options
def list_(place: Place) -> int:
    """Show what is wrong now, and the messages that no channel has taken yet. Nothing is sent.

    Status 1: an alarm is raised, or a message waits.

    For example: `preserve alarms list --json`
    """
    from preserve.cli.actions import alarms as actions

    return actions.list_(place)


@alarms.command(short_help="Send a test message to channels.")
@click.argument("channels", nargs=-1)
@command_options
def test(place: Place, channels: tuple[str, ...]) -> int:
    """Send a test message to CHANNELS now (to all, where none is named), and tell what became of each.

    Status 7: a channel did not take it.

    For example: `preserve alarms test pager`
    """
    from preserve.cli.actions import alarms as actions

    return actions.test(place, channels=channels)


@alarms.command(short_help="Send what waits.")
@command_options
def send(place: Place) -> int:
    """Send the messages that wait and are due. A running scheduler sends them by itself.

    Status 7: a channel did not take one. Status 4: another process is sending.

    For example: `preserve alarms send`
    """
    from preserve.cli.actions import alarms as actions

    return actions.send(place)


@alarms.command(short_help="Drop what can no longer be sent.")
@command_options
def drop(place: Place) -> int:
    """Drop the messages that wait for channels that are no longer configured, and no others.

    For example: `preserve alarms drop`
    """
    from preserve.cli.actions import alarms as actions

    return actions.drop(place)


@alarms.command(short_help="Forget the alarms of a collection.")
@click.argument("collection")
@command_options
def forget(place: Place, collection: str) -> int:
    """Forget what is known of the alarms of COLLECTION: what is wrong is reported again when it is found again.

    Pages that are gone now are taken as known. For a collection that is no longer captured, or an alarm that was dealt
    with and cannot become good. Messages that wait are still sent.

    For example: `preserve alarms forget mrkva`
    """
    from preserve.cli.actions import alarms as actions

    return actions.forget(place, collection=collection)
