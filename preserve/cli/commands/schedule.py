"""``preserve schedule``: what may be typed, and its help.

Tested by ``tests/scenarios/test_schedule.py``.
"""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.config.fleet import FLEET_VARIABLE

_captures_option = click.option(
    "--captures", type=click.IntRange(1, 64), default=4, show_default=True, help="Captures at a time."
)
_fleet_option = click.option(
    "--fleet",
    metavar="URL",
    envvar=FLEET_VARIABLE,
    show_envvar=True,
    help="Share collections with other machines through this database, such as postgresql://USER@HOST/DATABASE; its "
    "password is PGPASSWORD of the environment (docs/fleet.md).",
)


@click.group()
def schedule() -> None:
    """Capture and verify collections at the times that `schedule:` and `verification:` in their files give.

    Every due moment ends as one event: ran, failed, skipped or missed (docs/schedule.md).

    For example: `preserve schedule status`
    """


@schedule.command(short_help="Run what is due now, then end.")
@click.argument("collections", nargs=-1)
@_captures_option
@_fleet_option
@command_options
def once(place: Place, collections: tuple[str, ...], captures: int, fleet: str | None) -> int:
    """Run what is due now of COLLECTIONS (all that have a schedule, where none is named), then end. For cron.

    What another scheduler is running is left to it. Alarms that are due are sent at the end (docs/alarms.md). Status 1:
    damage was found, or a step found something. Status 2: a file has mistakes; the other collections were run. A run or
    step that failed for another reason gives its own status, several reasons 7; and 7: the state of a job could not be
    read, or an alarm not be sent.

    For example: `preserve schedule once`
    """
    from preserve.cli.actions import schedule as actions

    return actions.once(place, collections=collections, captures=captures, fleet=fleet)


@schedule.command(short_help="Run what is due, until stopped.")
@click.argument("collections", nargs=-1)
@_captures_option
@_fleet_option
@command_options
def run(place: Place, collections: tuple[str, ...], captures: int, fleet: str | None) -> int:
    """Run what is due of COLLECTIONS (all that have a schedule), in the foreground, until SIGTERM or Ctrl-C.

    What is under way then finishes what it is writing and seals it; the next start goes on with it. Configuration is
    read anew at every check, and alarms are sent (docs/alarms.md).

    With --fleet a collection is on one machine at a time; one that is lost is killed there, and goes on elsewhere.

    For example: `preserve schedule run --captures 8`
    """
    from preserve.cli.actions import schedule as actions

    return actions.run(place, collections=collections, captures=captures, fleet=fleet)


@schedule.command(short_help="Show last and next runs, and what is overdue.")
@click.argument("collections", nargs=-1)
@_fleet_option
@command_options
def status(place: Place, collections: tuple[str, ...], fleet: str | None) -> int:
    """Show how the schedules of COLLECTIONS stand. Nothing is written.

    With --fleet as all its machines see it: which one has a collection, and where the head of its log is.

    Status 1: a run is overdue, the last one or a step after it failed, damage was found, no scheduler has looked for
    two days, or the clock was set back.

    For example: `preserve schedule status mrkva`
    """
    from preserve.cli.actions import schedule as actions

    return actions.status(place, collections=collections, fleet=fleet)


@schedule.command(short_help="List what became of due moments.")
@click.argument("collection")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="How many of the last ones.")
@command_options
def log(place: Place, collection: str, count: int) -> int:
    """List what became of the last due moments of COLLECTION, oldest first, with the steps after each capture.

    For example: `preserve schedule log mrkva --count 5`
    """
    from preserve.cli.actions import schedule as actions

    return actions.log(place, collection=collection, count=count)


@schedule.command(short_help="Forget moments still to come, after a wrong clock.")
@click.argument("collection")
@click.option("--yes", is_flag=True, help="Forget what is shown.")
@command_options
def forget(place: Place, collection: str, *, yes: bool) -> int:
    """Show the moments of COLLECTION that are recorded and still to come: the clock was ahead when they were. With
    --yes they are forgotten, and are due again at their times.

    What was captured then keeps the date it was given.

    For example: `preserve schedule forget mrkva`
    """
    from preserve.cli.actions import schedule as actions

    return actions.forget(place, collection=collection, yes=yes)


@schedule.command(short_help="Set up systemd or cron to run schedules.")
@click.option("--systemd", is_flag=True, help="Units of systemd: `preserve schedule run` as a service.")
@click.option("--cron", is_flag=True, help="A line of your crontab: `preserve schedule once`.")
@click.option("--system", is_flag=True, help="Units of the whole system, which run as you. [default: your own units]")
@click.option(
    "--prometheus",
    "metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write `preserve status` to this file for Prometheus, each 10 minutes, too.",
)
@click.option("--yes", is_flag=True, help="Write what is shown.")
@command_options
def install(place: Place, *, systemd: bool, cron: bool, system: bool, metrics: Path | None, yes: bool) -> int:
    """Show the units of systemd, or the line of cron, that run the schedules of these archives; with --yes, write them.

    They name this Python, these archives and this configuration by their full paths. What was written by this command
    before is replaced, nothing else is.

    For example: `preserve schedule install --systemd --yes`
    """
    from preserve.cli.shared.service_install import install as install_service

    return install_service(place, systemd=systemd, cron=cron, system=system, metrics=metrics, yes=yes)
