"""``preserve serve install``: units of systemd for the desk, shown before they are written."""

import sys
from pathlib import Path

from preserve.cli.shared.common import Place
from preserve.cli.shared.service_install import (
    check_words,
    current_user,
    full_path,
    own_folders,
    service_environment,
    write_units,
)
from preserve.config.place import user_folder
from preserve.errors import UsageError
from preserve.schedule.install import DESK_SOCKET, ProgramCall, desk_units

_SYSTEM_UNITS = Path("/etc/systemd/system")


def install(place: Place, *, systemd: bool, system: bool, desk: str, public: str, yes: bool) -> int:
    """Show the units of systemd that serve the desk; with ``yes``, write them."""
    if not systemd:
        raise UsageError("--systemd is not given", next_step="Give it: nothing else can be set up.")
    archives, config = full_path(place.archives), full_path(place.config_dir)
    described = ProgramCall(
        program=(sys.executable, "-m", "preserve"),
        archives=str(archives),
        options=("--archives", str(archives), "--config", str(config), *(("--public-url", public) if public else ())),
        environment=service_environment(),
        writable=[str(archives)],
        user=current_user() if system else None,
    )
    check_words(described)
    if not desk.isprintable() or " " in desk:
        raise UsageError("--desk is no address to listen on", next_step="Write --desk 127.0.0.1:8350.")
    units = desk_units(described, desk)
    folder = _SYSTEM_UNITS if system else user_folder("config") / "systemd" / "user"
    if yes:
        for needed in own_folders(place):
            needed.mkdir(parents=True, exist_ok=True)
        write_units(folder, units)
    control = "systemctl" if system else "systemctl --user"
    commands = [f"{control} daemon-reload", f"{control} enable --now {DESK_SOCKET}"]
    if not system:
        commands.append("loginctl enable-linger")
    text = "".join(f"# {folder / name}\n{unit}\n" for name, unit in units.items())
    text += f"{'Written' if yes else 'Nothing was written; --yes writes it'}. To begin, run:\n"
    text += "".join(f"  {command}\n" for command in commands)
    text += f"To undo it: {control} disable --now {DESK_SOCKET}, and remove the files.\n"
    place.emit({"folder": str(folder), "units": units, "written": yes, "commands": commands}, text)
    return 0
