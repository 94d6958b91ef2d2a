"""What makes a scheduler run by itself: units of systemd, and a line for cron. Pure: what to write, not where.

Quoting follows systemd.service(5) "Command lines" and systemd.exec(5); cron's follows crontab(5).
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from preserve.errors import UsageError

SERVICE, STATUS_SERVICE, STATUS_TIMER = "preserve-schedule.service", "preserve-status.service", "preserve-status.timer"
DESK_SERVICE, DESK_SOCKET = "preserve-desk.service", "preserve-desk.socket"
_BEGIN, _END = "# preserve schedule: begin (written by `preserve schedule install`)", "# preserve schedule: end"
_STOP_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCall:
    """How the program is called on this machine. All paths are absolute.

    ``program``: the words before a command (`python -m preserve`); ``archives``: their folder; ``options``: those of
    every command, archives and configuration; ``environment``: variables it needs; ``writable``: folders that it writes
    to; ``user``: who runs a unit of the system, None for a unit of a user's own; ``metrics``: a file for Prometheus, or
    None; ``secrets``: a file of variables that the scheduler is given, if it is there, or None.
    """

    program: tuple[str, ...]
    options: tuple[str, ...]
    archives: str
    environment: Mapping[str, str]
    writable: Sequence[str]
    user: str | None
    metrics: str | None = None
    secrets: str | None = None


def systemd_units(place: ProgramCall) -> dict[str, str]:
    """File name to text of each unit."""
    target = "multi-user.target" if place.user is not None else "default.target"
    units = {
        SERVICE: _unit("Captures and verifies web archives at their time", place, f"""\
Type=exec
{_secrets(place)}ExecStart={_command((*place.program, "schedule", "run", *place.options))}
# The capture under way finishes what it is writing, and seals it.
KillMode=mixed
TimeoutStopSec={_STOP_S}
SuccessExitStatus=130
Restart=on-failure
RestartSec=60
{_sandbox(place)}""") + f"\n[Install]\nWantedBy={target}\n",
    }  # fmt: skip
    if place.metrics is not None:
        words = (*place.program, "status", "--prometheus", place.metrics, *place.options)
        units[STATUS_SERVICE] = _unit("Writes how web archives are doing, for Prometheus", place, f"""\
Type=oneshot
ExecStart={_command(words)}
# Status 1 says that something is wrong with a collection, not with this.
SuccessExitStatus=1
StandardOutput=null
{_sandbox(place)}""")  # fmt: skip
        units[STATUS_TIMER] = (
            "[Unit]\nDescription=Looks every ten minutes how web archives are doing\n\n"
            "[Timer]\nOnBootSec=5min\nOnUnitActiveSec=10min\n\n[Install]\nWantedBy=timers.target\n"
        )
    return units


def desk_units(place: ProgramCall, desk: str, room: str) -> dict[str, str]:
    """The units of the desk: a socket on ``desk`` (host and port), and the service that it begins.

    ``room``: the same of the exhibit room, which the service is given behind the desk; empty: there is none.
    """
    words = [*place.program, "serve", "run", "--desk", desk, "--listening-fd", "3"]
    words += ["--replay", room, "--replay-fd", "4"] if room else []
    words += place.options
    streams = "".join(f"ListenStream={_percent(one)}\n" for one in (desk, room) if one)
    target = "multi-user.target" if place.user is not None else "default.target"
    # The archives are open for writing: SQLite keeps the shared memory of a log there, also for who only reads.
    return {
        DESK_SOCKET: (
            "[Unit]\nDescription=Where the desk of web archives is reached\n\n"
            f"[Socket]\n{streams}\n[Install]\nWantedBy=sockets.target\n"
        ),
        DESK_SERVICE: _unit("Shows web archives to readers", place, f"""\
Type=exec
ExecStart={_command(words)}
Restart=on-failure
RestartSec=10
{_sandbox(place)}""") + f"\n[Install]\nWantedBy={target}\nAlso={DESK_SOCKET}\n",
    }  # fmt: skip


def cron_block(place: ProgramCall) -> str:
    """The lines for a crontab, between marks."""
    words = shlex.join((*place.program, "schedule", "once", *place.options))
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in place.environment.items())
    lines = [f"*/10 * * * * {_percent(settings + words)}"]
    if place.metrics is not None:
        status = shlex.join((*place.program, "status", "--prometheus", place.metrics, *place.options))
        lines.append(f"*/10 * * * * {_percent(settings + status)} >/dev/null")
    return "\n".join([_BEGIN, *lines, _END]) + "\n"


def crontab_with(current: str, block: str) -> str:
    """A crontab with the block in it, in place of an earlier one; every other line stays as it is.

    Raises:
        UsageError: an earlier block has lost its last line: which lines are ours cannot be told.
    """
    before, mark, rest = current.partition(_BEGIN + "\n")
    if not mark:
        return current + ("" if not current or current.endswith("\n") else "\n") + block
    _old, end, after = rest.partition(_END)
    if not end or _BEGIN in _old:
        raise UsageError(
            f"the crontab has lost the line {_END!r}", next_step="Take the lines of preserve out with `crontab -e`."
        )
    return before + block + after.removeprefix("\n")


def _unit(description: str, place: ProgramCall, service: str) -> str:
    """A unit up to its service section."""
    user = f"User={place.user}\n" if place.user is not None else ""
    variables = "".join(f"Environment={_word(f'{name}={value}')}\n" for name, value in place.environment.items())
    # A unit of a user's own cannot have a disk mounted.
    mounts = f"RequiresMountsFor={_word(place.archives)}\n" if place.user is not None else ""
    return (
        f"[Unit]\nDescription={description}\n{mounts}"
        "Wants=network-online.target time-sync.target\nAfter=network-online.target time-sync.target\n\n"
        f"[Service]\n{user}{variables}{service}"
    )


def _secrets(place: ProgramCall) -> str:
    """The file of variables; with the hyphen, one that is not there is no mistake (systemd.exec(5))."""
    return "" if place.secrets is None else f"EnvironmentFile={_percent('-' + place.secrets)}\n"


def _sandbox(place: ProgramCall) -> str:
    """What the service may not do. A unit of a user's own has no right to most of it."""
    if place.user is None:
        return "NoNewPrivileges=yes\n"
    folders = list(dict.fromkeys(place.writable))
    # A private /tmp would hide what lies in the real one.
    own_tmp = "" if any(folder.startswith(("/tmp/", "/var/tmp/")) for folder in folders) else "PrivateTmp=yes\n"  # noqa: S108
    return (
        f"NoNewPrivileges=yes\n{own_tmp}PrivateDevices=yes\nProtectSystem=strict\nProtectHome=read-only\n"
        "ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\nRestrictSUIDSGID=yes\n"
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\nLockPersonality=yes\n"
        + "".join(f"ReadWritePaths={_word('-' + folder)}\n" for folder in folders)
    )


def _command(words: Sequence[str]) -> str:
    """A command line of systemd: a dollar is doubled, or a value is put in for it; not so in the program's path."""
    program, *rest = words
    return " ".join([_word(program), *(_word(word).replace("$", "$$") for word in rest)])


def _word(text: str) -> str:
    """One word of systemd, in quotes where it must be: a per cent sign is doubled, for it begins a specifier."""
    plain = text.replace("%", "%%")
    if plain and not set(plain) & set(" \t\"'\\;"):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _percent(text: str) -> str:
    """A per cent sign is the end of the line to cron."""
    return text.replace("%", "\\%")
