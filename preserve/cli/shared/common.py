"""What every command shares: where things are, how results are printed, and the help's table of exit statuses.

Tested by ``tests/scenarios/test_errors.py``.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preserve.cli.shared.manner import is_coloured, manner
from preserve.cli.shared.moments import written
from preserve.cli.shared.tones import rendered, toned
from preserve.config.place import find_config_dir, user_folder
from preserve.errors import NotHeldError, PreserveError, UsageError
from preserve.expressions import lazy_re
from preserve.text import counted as counted  # noqa: PLC0414 - commands take it from here
from preserve.text import escaped_json

if TYPE_CHECKING:
    from rich.console import Console

_COMMAND = lazy_re(
    r"`(preserve (?:capture|import|init|rebuild|release|repair|replicate|reread|rescue|verify)\b[^`\n]*)`"
)
"""A command that a message names, and that takes the options of all."""
has_answered: ContextVar[bool] = ContextVar("an answer in JSON was begun", default=False)
asks_json: ContextVar[bool] = ContextVar("an answer in JSON is wanted", default=False)
_options_in_use: ContextVar[str] = ContextVar("options in use", default="")
_store_in_use: ContextVar[str] = ContextVar("store in use", default="")
EXIT_STATUSES = (
    "Exit status: 0 good; 1 findings; 2 usage or configuration; 3 no such archive, page or cable; 4 locked; "
    "5 network; 6 stopped by a limit that you set, resumable; 7 could not be done; 130 cancelled."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this call works (folders of archives, configuration and keys), and how it answers.

    ``store``: the archives lie in object storage, under this name; `brought_here` gives a folder for them.
    """

    archives: Path
    config_dir: Path
    keys: Path
    as_json: bool
    store: str = ""

    def emit(self, data: Mapping[str, object], text: str, *, all_is_well: bool = False) -> None:
        """One result on stdout: ``data`` as one JSON document, or ``text`` for people.

        ``all_is_well``: it tells what was done and how well that went, and who wants quiet need not hear of it.
        """
        if self.as_json:
            sys.stdout.write(answer_text(data))
        elif not (all_is_well and manner().quiet):
            text = rendered(text, colour=is_coloured(sys.stdout))
            sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


def keys_folder(environment: Mapping[str, str]) -> Path:
    """The folder of signing keys: ``$XDG_CONFIG_HOME/preserve/keys``, by default below ``~/.config``."""
    return user_folder("config", environment) / "preserve" / "keys"


class PathOrStore(click.Path):
    """A file or folder, as a path; or what is named with a store, as text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """The name of a store is left as it is: a path would make another of it."""
        if isinstance(value, str) and value.lower().startswith("s3://"):
            return value
        return super().convert(value, param, ctx)


collection_option = click.option(
    "--collection", "-c", multiple=True, help="Look only in this collection. May be repeated."
)


def command_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--archives``, ``--config`` and ``--json``; the function gets them as one `Place`, its first argument."""
    return _with_options(function, reads_stores=False)


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that only reads: ``--archives`` may name a store."""
    return _with_options(function, reads_stores=True)


def _with_options(function: Callable[..., Any], *, reads_stores: bool) -> Callable[..., Any]:
    @click.option(
        "--archives",
        type=PathOrStore(path_type=Path, file_okay=False),
        default=Path("archives"),
        show_default=True,
        envvar="PRESERVE_ARCHIVES",
        show_envvar=True,
        help="Folder of the collections' archives" + (", or s3://BUCKET/PREFIX." if reads_stores else "."),
    )
    @click.option(
        "--config",
        "config_dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="PRESERVE_CONFIG",
        show_envvar=True,
        help="Folder with collections/ and layouts/. "
        "[default: ./config, else ~/.config/preserve, else the one that came with the program]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
    @wraps(function)
    def wrapper(archives: Path | str, config_dir: Path | None, as_json: bool, **rest: Any) -> Any:  # noqa: ANN401, FBT001 - click hands over by keyword
        _note_options(click.get_current_context())
        store = archives.rstrip("/") if isinstance(archives, str) else ""
        _store_in_use.set(store if reads_stores else "")
        if store and not reads_stores:
            raise UsageError(
                "this command is for archives on this machine",
                next_step="docs/object-storage.md says which commands read a store, and how to fetch a copy.",
            )
        place = Place(
            archives=Path(archives),
            store=store,
            config_dir=find_config_dir(config_dir),
            keys=keys_folder(os.environ),
            as_json=as_json or asks_json.get(),
        )
        detail(f"archives: {place.archives}; configuration: {place.config_dir}; keys: {place.keys}")
        return function(place, **rest)

    return wrapper


def say(line: str) -> None:
    """One line for people, on stderr; where nobody hears it, the work goes on."""
    with suppress(OSError):
        sys.stderr.write(rendered(line, colour=is_coloured(sys.stderr)) + "\n")


def note(line: str) -> None:
    """The same, of what went well: not said where quiet is wished."""
    if not manner().quiet:
        say(line)


def detail(line: str) -> None:
    """The same, for who wants to know more."""
    if manner().verbose:
        say(line)


def no_file(path: Path | str, *, kind: str = "file") -> NotHeldError:
    """The error for what the user named and is not there."""
    return NotHeldError(
        f"there is no {kind} {path}", next_step="See how it is spelled, and from which folder you run this."
    )


def say_error(error: PreserveError) -> None:
    """What went wrong and what to do next, on stderr."""
    for number, line in enumerate(str(error).splitlines() or [""]):
        say(f"{toned('preserve:', 'b')} {line}" if number == 0 else f"          {line}")
    if error.next_step:
        say(f"  next: {with_options_in(error.next_step)}")


def console() -> "Console":
    """The terminal on stderr, for progress; plain where it is not a terminal."""
    from rich.console import Console  # noqa: PLC0415 - most commands show no progress

    return Console(stderr=True, highlight=False)


def human_bytes(count: int) -> str:
    """``1,234 B``, ``12.3 KiB``, ``4.5 MiB``."""
    if count < 10_000:  # noqa: PLR2004 - small figures are clearer exact
        return f"{count:,} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1000:  # noqa: PLR2004
            return f"{value:,.1f} {unit}"
    return f"{value / 1024:,.1f} TiB"


def schema_name() -> str:
    """The name and version of the document that the command at work answers with: ``preserve/ledger-log/1``."""
    has_answered.set(True)
    path = click.get_current_context().command_path.split()
    return f"preserve/{'-'.join(path[1:])}/1"


def answer_text(data: Mapping[str, object]) -> str:
    """The one JSON document that a command answers with, its schema first."""
    return json_text(written({"schema": schema_name(), **data}))


def error_text(code: str, message: str, next_step: str, status: int) -> str:
    """What stands in place of an answer, in one line; empty behind an answer that was begun."""
    if has_answered.get():
        return ""
    told = {"code": code, "message": message, "next": with_options_in(next_step), "exit_status": status}
    return escaped_json(json.dumps({"schema": "preserve/error/1", "error": told}, ensure_ascii=False) + "\n")


def json_text(data: object) -> str:
    """One JSON document for stdout, with every control character escaped, those beyond ASCII too."""
    return escaped_json(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def with_options_in(text: str) -> str:
    """A text whose commands get the options of this one."""
    return _COMMAND.sub(lambda match: f"`{_in_store(match[1]) or with_options(match[1])}`", text)


def stores_folder() -> Path:
    """Where collections that lie in stores are read: in the user's cache, and disposable."""
    return user_folder("cache") / "preserve" / "stores"


def _in_store(command: str) -> str:
    """What to run instead, where the collection lies in the store that this command reads; else empty."""
    start, store = "preserve verify ", _store_in_use.get()
    if store and command.startswith("preserve rebuild "):
        # What is made of a store is kept in the cache, and made again when it is not there.
        return f"rm -r {shlex.quote(str(stores_folder()))}"
    if store and command.startswith(start):
        return with_options(command if "://" in command else command.replace(start, f"{start}{store}/", 1))
    return ""


def with_options(command: str) -> str:
    """A command that is to be run next, with the options that this one was given on its line: where to look."""
    return command if "--archives" in command else command + _options_in_use.get()


def _note_options(context: click.Context) -> None:
    """Notes which of the options of all commands were given, and not taken from the environment."""
    given = []
    for name, option in (("archives", "--archives"), ("config_dir", "--config")):
        value = context.params.get(name)
        if isinstance(value, Path) and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            given.append(f" {option}={shlex.quote(str(value))}")
    _options_in_use.set("".join(given))
