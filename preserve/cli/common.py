"""What every command shares: where things are, how results are printed, and the help's table of exit statuses."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preserve.config.place import find_config_dir, user_folder
from preserve.errors import PreserveError
from preserve.expressions import lazy_re

if TYPE_CHECKING:
    from rich.console import Console

_C1 = lazy_re(r"[\x7f-\x9f]")
EXIT_STATUSES = (
    "Exit status: 0 good; 1 findings; 2 usage or configuration; 3 no such archive, page or cable; 4 locked; "
    "5 network; 6 stopped by a limit that you set, resumable; 7 could not be done; 130 cancelled."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this call works (folders of archives, configuration and keys), and how it answers."""

    archives: Path
    config_dir: Path
    keys: Path
    as_json: bool

    def emit(self, data: Mapping[str, object], text: str) -> None:
        """One result on stdout: ``data`` as one JSON document, or ``text`` for people."""
        if self.as_json:
            sys.stdout.write(json_text(data))
        else:
            sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


def keys_folder(environment: Mapping[str, str]) -> Path:
    """The folder of signing keys: ``$XDG_CONFIG_HOME/preserve/keys``, by default below ``~/.config``."""
    return user_folder("config", environment) / "preserve" / "keys"


def command_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--archives``, ``--config`` and ``--json``; the function gets them as one `Place`, its first argument."""

    @click.option(
        "--archives",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("archives"),
        show_default=True,
        envvar="PRESERVE_ARCHIVES",
        show_envvar=True,
        help="Folder of the collections' archives.",
    )
    @click.option(
        "--config",
        "config_dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="PRESERVE_CONFIG",
        show_envvar=True,
        help="Folder with collections/ and layouts/. [default: ./config, else the one that came with the program]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
    @wraps(function)
    def wrapper(archives: Path, config_dir: Path | None, as_json: bool, **rest: Any) -> Any:  # noqa: ANN401, FBT001 - click hands over by keyword
        place = Place(
            archives=archives,
            config_dir=find_config_dir(config_dir),
            keys=keys_folder(os.environ),
            as_json=as_json,
        )
        return function(place, **rest)

    return wrapper


def say(line: str) -> None:
    """One line for people, on stderr; where nobody hears it, the work goes on."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")


def say_error(error: PreserveError) -> None:
    """What went wrong and what to do next, on stderr."""
    for number, line in enumerate(str(error).splitlines() or [""]):
        say(f"preserve: {line}" if number == 0 else f"          {line}")
    if error.next_step:
        say(f"  next: {error.next_step}")


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


def counted(number: int, what: str) -> str:
    """``1 record``, ``2,000 records``."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def one_line(text: str, width: int = 100) -> str:
    """Text that came from a page, made safe for a terminal: one line, no control characters, at most ``width``."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def json_text(data: object) -> str:
    """One JSON document for stdout, with every control character escaped, those beyond ASCII too."""
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    return _C1.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def clean(text: str) -> str:
    """Text for a terminal: control characters other than line feeds and tabs become U+FFFD, so no escape passes."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
