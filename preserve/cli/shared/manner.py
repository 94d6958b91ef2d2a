"""How this call speaks: how much of it, with which progress, in colour or plain. Options that every command has."""

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final, TextIO

import click

LONG_COMMANDS: Final = frozenset({
    "capture", "export", "extract", "import", "index", "rebuild", "release", "repair", "replicate", "reread", "rescue",
    "upgrade", "verify",
})  # fmt: skip
"""Commands that tell how far they are. `export` and `release` are groups: what is under them does."""
PROGRESS: Final = ("auto", "json", "none")


@dataclass(frozen=True, slots=True)
class Manner:
    """``quiet``: neither progress nor notes, and no summary of what went well. ``verbose``: all there is to say.

    ``progress``: one of `PROGRESS`; auto is a bar on a terminal, and nothing elsewhere.
    """

    quiet: bool = False
    verbose: bool = False
    progress: str = "auto"


_PLAIN: Final = Manner()
_manner: ContextVar[Manner] = ContextVar("how this call speaks", default=_PLAIN)


def manner() -> Manner:
    """How the command at work is to speak."""
    return _manner.get()


def begin_manner() -> None:
    """A new call begins, of which nothing is known."""
    _manner.set(_PLAIN)


def is_coloured(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether colour is shown there: on a terminal that is not dumb, where ``NO_COLOR`` (no-color.org) is not set."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def add_manner(command: click.Command) -> None:
    """Gives a command, and those under it, ``--quiet`` and ``--verbose``, and to a long one ``--progress``."""
    _add(command, is_long=command.name in LONG_COMMANDS)


def _add(command: click.Command, *, is_long: bool) -> None:
    if isinstance(command, click.Group):
        for under in command.commands.values():
            _add(under, is_long=is_long)
        if not command.invoke_without_command:
            return
    taken = {flag for param in command.params for flag in param.opts}
    if "--progress" in taken or "--quiet" in taken:
        return
    behind = next((n for n, param in enumerate(command.params) if "--json" in param.opts), len(command.params))
    command.params[behind:behind] = [
        *([_progress()] if is_long else []),
        _flag(["-q", "--quiet"], "Neither progress nor notes, and no summary where all is well."),
        *([] if "--verbose" in taken else [_flag(["-v", "--verbose"], "Say more, as it goes and in the summary.")]),
    ]


def _flag(names: list[str], text: str) -> click.Option:
    return click.Option(names, is_flag=True, expose_value=False, help=text, callback=_note)


def _progress() -> click.Option:
    return click.Option(
        ["--progress"],
        type=click.Choice(PROGRESS),
        default="auto",
        show_default=True,
        expose_value=False,
        help="auto: a bar on a terminal. json: JSON Lines on stderr.",
        callback=_note,
    )


def _note(_ctx: click.Context, param: click.Parameter, value: object) -> object:
    if value and param.name in {"quiet", "verbose", "progress"}:
        _manner.set(replace(_manner.get(), **{param.name: value}))  # type: ignore[arg-type]  # each of its own type
    return value
