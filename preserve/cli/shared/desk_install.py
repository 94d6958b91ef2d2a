"""``preserve serve install``: units of systemd for the desk, shown before they are written."""

import sys
from collections.abc import Sequence

from preserve.cli.shared.common import Place
from preserve.cli.shared.service_install import (
    check_words,
    current_user,
    full_path,
    service_environment,
    show_units,
)
from preserve.errors import UsageError
from preserve.schedule.install import DESK_SOCKET, ProgramCall, desk_units


def install(
    place: Place, *, systemd: bool, system: bool, desk: str, room: str, options: Sequence[str], yes: bool
) -> int:
    """Show the units of systemd that serve the desk, and the exhibit room where there is one; with ``yes``, write them.

    ``options``: further ones of `preserve serve`.
    """
    if not systemd:
        raise UsageError("--systemd is not given", next_step="Give it: nothing else can be set up.")
    archives, config = full_path(place.archives), full_path(place.config_dir)
    described = ProgramCall(
        program=(sys.executable, "-m", "preserve"),
        archives=str(archives),
        options=("--archives", str(archives), "--config", str(config), *options),
        environment=service_environment(),
        writable=[str(archives)],
        user=current_user() if system else None,
    )
    check_words(described)
    return show_units(place, desk_units(described, desk, room), DESK_SOCKET, system=system, yes=yes)
