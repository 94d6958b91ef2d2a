"""The entry point: the group of commands, and the one place where an error becomes a line and an exit status.

Tested by ``tests/unit/cli/test_help.py``.
"""

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from keyword import iskeyword
from typing import Final

import click

from preserve import __version__
from preserve.cli.shared.common import EXIT_STATUSES, asks_json, error_text, has_answered, say, say_error
from preserve.cli.shared.completing import complete
from preserve.cli.shared.manner import add_manner, begin_manner
from preserve.cli.shared.streams import drop_stdout, guard_streams
from preserve.errors import CancelledError, EnvironmentFaultError, OutputError, PreserveError, UsageError
from preserve.expressions import Cache, kept_expressions
from preserve.store.database import database_fault

_DATABASE_HELP = (
    "Run `preserve rebuild COLLECTION`: it makes the catalogue again from the evidence. What lies in .schedule/ of the "
    "archives (tables, alarms) is moved away: it begins anew."
)
_SYSTEM_HELP = "See whether the disk is full or read-only, and who may read and write there; then run it again."


GROUPS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "Capture": (
        "preserve capture mrkva",
        {
            "new": "Make a collection from one address.",
            "init": "Make an archive and its signing key.",
            "capture": "Capture a collection or a page once.",
            "import": "Import WARC, ARC and WACZ files.",
            "rescue": "Fetch lost pages from web archives.",
            "release": "Declare a release, or import a dump as one.",
            "reread": "Read held pages again, by new layouts.",
        },
    ),
    "Read": (
        "preserve show 05ALMATY342",
        {
            "show": "Show a captured cable or page.",
            "history": "List the captures of a cable.",
            "diff": "Compare two captures of a cable.",
            "search": "Find cables by their words.",
            "list": "List the cables held.",
            "graph": "Show who cites whom.",
            "corroborate": "Show which independent sources agree on a cable.",
            "releases": "List declared and claimed releases.",
            "extract": "Read the cables in WARC files, saved pages and tables.",
        },
    ),
    "Cite": (
        "preserve cite 05ALMATY342 --format bibtex",
        {
            "cite": "Cite cables and pages.",
            "check": "Check capsules, and what documents cite.",
        },
    ),
    "Verify": (
        "preserve verify mrkva",
        {
            "verify": "Check archives against their ledgers, or single files.",
            "repair": "Repair a damaged collection from copies.",
            "recover": "Finish what a stopped run left, without capturing.",
            "rebuild": "Rebuild index and catalogue from the evidence.",
            "upgrade": "Show what this version makes of an archive.",
            "ledger": "Inspect the log; make and check proofs.",
            "key": "Show, change and export the signing key.",
        },
    ),
    "Operate": (
        "preserve schedule once",
        {
            "schedule": "Capture and verify collections on schedule.",
            "status": "Show how all collections are doing.",
            "alarms": "Show alarms, and who was notified.",
            "doctor": "Check this machine: clock, disk, keys, locks.",
            "rot": "Show which captured pages are gone or changed.",
            "replicate": "Copy collections to a disk or object storage.",
        },
    ),
    "Publish": (
        "preserve export csv -o cables.csv",
        {
            "export": "Export what was recovered: tables, provenance.",
            "index": "Make a CDXJ index of WARC and ARC files.",
        },
    ),
    "Look at it": (
        "preserve serve",
        {
            "demo": "Run a demonstration on invented cables.",
            "serve": "Read what is held, with a browser.",
            "docs": "Read the documentation.",
            "completion": "Complete words in bash, zsh or fish.",
        },
    ),
}
"""The groups of `preserve --help`: an example, and each command with its line. A command's module has its name
(`import` apart). The lines stand here, so that the help imports no command."""


class _Commands(MutableMapping[str, click.Command]):
    """The commands by name. One is imported when it is asked for: each needs few of the libraries of all."""

    def __init__(self) -> None:
        self._names = {name: line for _example, names in GROUPS.values() for name, line in names.items()}
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            if name not in self._names:
                raise KeyError(name)
            module = import_module(f"preserve.cli.commands.{name}{'_' if iskeyword(name) else ''}")
            found = (item for item in vars(module).values() if isinstance(item, click.Command) and item.name == name)
            self[name] = next(found)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        _end_help(command)
        complete(command)
        add_manner(command)
        command.short_help = self._names.setdefault(name, command.short_help or "")
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._names[name], self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _end_help(command: click.Command) -> None:
    """Ends the help of a command, and of those under it, with the exit statuses."""
    command.epilog = EXIT_STATUSES
    if isinstance(command, click.Group):
        for under in command.commands.values():
            _end_help(under)


class _Groups(click.Group):
    """The program: its help lists the commands by what they are for, each group with an example."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own
        """Writes the groups in place of one alphabetical list."""
        width = max(len(name) for name in self.commands)
        for title, (example, names) in GROUPS.items():
            rows = [(name.ljust(width), line) for name, line in names.items()]
            with formatter.section(f"{title}, for example `{example}`"):
                formatter.write_dl(rows)


@click.group(
    cls=_Groups,
    commands=_Commands(),
    epilog=EXIT_STATUSES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="preserve")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@click.option("--live-until", type=float, hidden=True)
def cli(*, until_stdin_closes: bool, live_until: float | None) -> None:
    """Capture web pages as evidence, give their text back years later, verify the archive and cite it."""
    if live_until is not None:
        # Only processes of a fleet have such an end.
        from preserve.schedule import lifeline  # noqa: PLC0415

        lifeline.live_until(live_until)
    if until_stdin_closes:
        threading.Thread(target=_stop_with_stdin, name="stdin", daemon=True).start()


def _stop_with_stdin() -> None:
    """Asks this process to stop as SIGTERM does, once whoever holds the other end of its stdin is gone."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. No user's mistake ends in a traceback.

    ``arguments`` None: those of this process, whose standard streams are guarded first.
    """
    if arguments is None:
        guard_streams()
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    has_answered.set(False)
    asks_json.set(as_json)
    begin_manner()
    try:
        with nullcontext() if arguments is not None else kept_expressions(_expression_cache):
            status = _run(arguments)
        sys.stdout.flush()
    except OutputError as error:
        return _report(error)
    return status


def _expression_cache() -> Cache:
    from preserve.config.expressioncache import ExpressionCache  # noqa: PLC0415 - many a command uses no expression

    return ExpressionCache()


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(args=arguments, prog_name="preserve", standalone_mode=False)
    except PreserveError as error:
        return _report(error)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return 2
    except click.ClickException as error:
        return _report(UsageError(error.format_message(), next_step=_help_of(error)))
    except (KeyboardInterrupt, click.Abort):
        return _report(CancelledError("cancelled"))
    except sqlite3.DatabaseError as error:
        return _report(database_fault("a database", error, next_step=_DATABASE_HELP))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fault = EnvironmentFaultError(f"{where}{error.strerror or error}", next_step=_SYSTEM_HELP)
        return _report(fault)
    return result if isinstance(result, int) else 0


def _help_of(error: click.ClickException) -> str:
    """Where it says what may be typed."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return "" if context is None else f"See `{context.command_path} --help`."


def _report(error: PreserveError) -> int:
    if isinstance(error, OutputError):
        drop_stdout()
    if not (isinstance(error, OutputError) and error.reader_left):
        say_error(error)
    if asks_json.get() and not isinstance(error, OutputError):
        sys.stdout.write(error_text(error.code, str(error), error.next_step, error.exit_status))
    return error.exit_status
