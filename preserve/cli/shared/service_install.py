"""``preserve schedule install``: a service of systemd or a line of cron, shown before it is written.

Tested by ``tests/unit/schedule/test_install.py``.
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from preserve.cli.shared.common import Place, say
from preserve.config.alarms import AlarmsConfig, AppriseChannel, MailChannel, WebhookChannel
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_collections, load_alarms, load_collection
from preserve.config.place import user_folder
from preserve.config.schedule import StepConfig
from preserve.config.stores import folder_of_copies
from preserve.errors import EnvironmentFaultError, PreserveError, UsageError
from preserve.schedule.install import SERVICE, STATUS_TIMER, ProgramCall, cron_block, crontab_with, systemd_units
from preserve.store.durable import make_dir, write_atomic

_SYSTEM_UNITS = Path("/etc/systemd/system")
_CRONTAB_TIMEOUT_S = 30
_VARIABLES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "PRESERVE_KEY_PASSPHRASE_FILE")
_PASSPHRASE = "PRESERVE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


def install(place: Place, *, systemd: bool, cron: bool, system: bool, metrics: Path | None, yes: bool) -> int:
    """Show the units of systemd, or the line of cron; with ``yes``, write them."""
    if systemd == cron:
        told = "both --systemd and --cron are given" if cron else "neither --systemd nor --cron is given"
        raise UsageError(told, next_step="Give one of them.")
    if system and cron:
        raise UsageError("--system is for units of systemd")
    configs = _configs(place)
    described = _installation(place, configs, metrics, user=current_user() if system else None)
    check_words(described)
    _warn_of_secrets(place, configs)
    if cron:
        return _cron(place, cron_block(described), yes=yes)
    names = " ".join([SERVICE, *([STATUS_TIMER] if metrics is not None else [])])
    return show_units(place, systemd_units(described), names, system=system, yes=yes)


def show_units(place: Place, units: Mapping[str, str], names: str, *, system: bool, yes: bool) -> int:
    """Shows units and what begins and ends ``names`` of them; with ``yes``, writes them."""
    folder = _SYSTEM_UNITS if system else user_folder("config") / "systemd" / "user"
    if yes:
        # What is not there when a unit starts, it may not make in a closed system.
        for needed in own_folders(place):
            make_dir(needed)
        write_units(folder, units)
    control = "systemctl" if system else "systemctl --user"
    commands = [f"{control} daemon-reload", f"{control} enable --now {names}"]
    if not system:
        commands.append("loginctl enable-linger")
    text = "".join(f"# {folder / name}\n{unit}\n" for name, unit in units.items())
    text += f"{'Written' if yes else 'Nothing was written; --yes writes it'}. To begin, run:\n"
    text += "".join(f"  {command}\n" for command in commands)
    text += f"To undo it: {control} disable --now {names}, and remove the files.\n"
    place.emit({"folder": str(folder), "units": units, "written": yes, "commands": commands}, text)
    return 0


SECRETS = "secrets.env"
"""Beside the configuration: variables that the unit of the scheduler is given (EnvironmentFile=)."""


def _configs(place: Place) -> list[CollectionConfig]:
    """The collections whose files can be read; what is wrong with the others is said."""
    found = []
    for name in list_collections(place.config_dir):
        try:
            found.append(load_collection(place.config_dir, name))
        except PreserveError as error:
            say(f"preserve: {error}")
    return found


def _installation(
    place: Place, configs: Sequence[CollectionConfig], metrics: Path | None, *, user: str | None
) -> ProgramCall:
    archives, config = full_path(place.archives), full_path(place.config_dir)
    if not archives.is_dir():
        say(f"preserve: there is no folder {archives} yet: `preserve init` makes it")
    writable = [str(archives), *(str(own) for own in own_folders(place))]
    for rule in (config.schedule for config in configs):
        if rule is not None:
            writable += [str(folder) for step in rule.steps if (folder := _folder_of(step)) is not None]
            writable += [str(Path(step.export).parent) for step in rule.steps if step.export is not None]
            writable += [str(Path(rule.alive_file).parent)] if rule.alive_file is not None else []
    target = None if metrics is None else full_path(metrics)
    if target is not None:
        writable.append(str(target.parent))
    return ProgramCall(
        program=(sys.executable, "-m", "preserve"),
        archives=str(archives),
        options=("--archives", str(archives), "--config", str(config)),
        environment=service_environment(),
        writable=writable,
        user=user,
        metrics=None if target is None else str(target),
        secrets=str(config / SECRETS),
    )


def _folder_of(step: StepConfig) -> Path | None:
    """The folder that a step copies to, if it does and that is one."""
    return None if step.replicate is None else folder_of_copies(step.replicate)


def service_environment() -> dict[str, str]:
    """The variables of this shell that say where the program's own folders are."""
    return {name: str(full_path(Path(os.environ[name]))) for name in _VARIABLES if os.environ.get(name)}


def own_folders(place: Place) -> list[Path]:
    """What the program writes to beside the archives: keys, the state of budgets and looks, caches."""
    return [full_path(place.keys), *(full_path(user_folder(kind) / "preserve") for kind in ("state", "cache"))]


def full_path(path: Path) -> Path:
    """An absolute path without `..`: systemd ignores others."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, which may be changed later


def current_user() -> str:
    """Who runs this: by the system, not by a variable that may say another."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def check_words(described: ProgramCall) -> None:
    """Neither a unit nor a crontab can hold a line end in a word."""
    values = (*described.program, *described.options, *described.environment.values(), described.metrics or "")
    for word in (*values, *described.writable):
        if not word.isprintable() and word:
            raise UsageError(f"{word!r} has a character that cannot stand in a unit or a crontab")


def _warn_of_secrets(place: Place, configs: Sequence[CollectionConfig]) -> None:
    """Says which secrets come from variables: what is set up has none of them, and their values are written nowhere."""
    names = {_PASSPHRASE} if _PASSPHRASE in os.environ else set[str]()
    with suppress(PreserveError):
        names |= _secret_variables(load_alarms(place.config_dir))
    for config in configs:
        names |= _variables(config.secret_headers.values())
        if config.schedule is not None and any(
            step.replicate is not None and _folder_of(step) is None for step in config.schedule.steps
        ):
            names |= {name for name in os.environ if name.startswith("AWS_")}
    for name in sorted(names):
        say(f"preserve: {name} is a variable of this shell, and is not written: the scheduler will not have it")
    if names:
        say(f"  next: write NAME=value into {full_path(place.config_dir) / SECRETS} (mode 0600), which the unit reads,")
        say("        or have secrets read from files (`file:PATH`, PRESERVE_KEY_PASSPHRASE_FILE)")


def _secret_variables(config: AlarmsConfig) -> set[str]:
    """The names of variables that channels of alarms read their secrets from."""
    sources: list[str | None] = []
    for channel in config.channels.values():
        match channel:
            case MailChannel(password=source) | WebhookChannel(secret=source) | AppriseChannel(apprise=source):
                sources.append(source)
            case _:
                pass
    return _variables(source for source in sources if source is not None)


def _variables(sources: Iterable[str]) -> set[str]:
    return {source.removeprefix("env:") for source in sources if source.startswith("env:")}


def _cron(place: Place, block: str, *, yes: bool) -> int:
    if yes:
        crontab = shutil.which("crontab")
        if crontab is None:
            raise EnvironmentFaultError(
                "there is no command `crontab` here", next_step="Put the lines that are shown without --yes into cron."
            )
        listed = _run([crontab, "-l"], "")
        current = listed.stdout if listed.returncode == 0 else ""
        if listed.returncode != 0 and "no crontab" not in listed.stderr.lower():
            told = listed.stderr.strip()[:300] or f"status {listed.returncode}"
            raise EnvironmentFaultError(
                f"your crontab cannot be read: {told}", next_step="Put the lines that are shown without --yes into it."
            )
        written = _run([crontab, "-"], crontab_with(current, block))
        if written.returncode != 0:
            told = written.stderr.strip()[:300] or f"status {written.returncode}"
            raise EnvironmentFaultError(f"your crontab cannot be written: {told}", next_step="Nothing was changed.")
    told = "Written to your crontab." if yes else "Nothing was written; --yes puts it into your crontab."
    undo = "To undo it, remove these lines with `crontab -e`."
    place.emit({"crontab": block, "written": yes}, f"{block}\n{told}\n{undo}\n")
    return 0


def _run(words: list[str], text: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program; what a user has in another encoding, or with other line ends, goes back as it came."""
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, the program found on the PATH
            words,
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=_CRONTAB_TIMEOUT_S,
            check=False,
        )
        out, errors = (data.decode("utf-8", "surrogateescape") for data in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, errors)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFaultError(f"{words[0]} cannot be run: {error}") from error


def write_units(folder: Path, units: Mapping[str, str]) -> None:
    """Writes units by their names.

    Raises:
        EnvironmentFaultError: one cannot be written.
    """
    make_dir(folder)
    for name, text in units.items():
        try:
            write_atomic(folder / name, text.encode())
        except OSError as error:
            raise EnvironmentFaultError(
                f"{folder / name}: {error.strerror}",
                next_step="For units of the system, run it with the rights to write.",
            ) from error
