"""The entry point: the group of commands, and the one place where an error becomes a line and an exit status."""

import os
import sqlite3
import sys
from collections.abc import Sequence

import click

from preserve import __version__
from preserve.cli.capture import capture
from preserve.cli.cite import cite
from preserve.cli.common import EXIT_STATUSES, say
from preserve.cli.demonstration import demo
from preserve.cli.history import history
from preserve.cli.imports import import_files
from preserve.cli.index import index
from preserve.cli.init import init
from preserve.cli.key import key
from preserve.cli.ledger import ledger
from preserve.cli.rebuild import rebuild
from preserve.cli.repair import repair
from preserve.cli.replicate import replicate
from preserve.cli.show import show
from preserve.cli.verify import verify
from preserve.errors import CancelledError, PreserveError


@click.group(
    epilog=EXIT_STATUSES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="preserve")
def cli() -> None:
    """Capture web pages as evidence, give their text back years later, verify the archive and cite it."""


_COMMANDS = (
    init, capture, import_files, index, show, history, verify, repair, replicate, cite, ledger, key, rebuild, demo
)  # fmt: skip
for _command in _COMMANDS:
    _command.epilog = EXIT_STATUSES
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. No user's mistake ends in a traceback."""
    try:
        result = cli.main(args=arguments, prog_name="preserve", standalone_mode=False)
        sys.stdout.flush()
    except PreserveError as error:
        return _report(error)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return 2
    except click.ClickException as error:
        say(f"preserve: {error.format_message()}")
        return 2
    except (KeyboardInterrupt, click.Abort):
        return _report(CancelledError("cancelled"))
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not a fault. Python would complain once more at exit.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives to the end of the process
        return 0
    except sqlite3.DatabaseError as error:
        return _report_database(error)
    except OSError as error:
        say(f"preserve: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        return 1
    return result if isinstance(result, int) else 0


def _report_database(error: sqlite3.DatabaseError) -> int:
    say(f"preserve: a database in state/ cannot be used: {error}")
    if isinstance(error, sqlite3.OperationalError):
        say("  next: see whether the disk is full or read-only, then run it again. Nothing captured is lost.")
    else:
        say("  next: run `preserve rebuild COLLECTION`; it makes the catalogue again from the evidence.")
    return 1


def _report(error: PreserveError) -> int:
    for number, line in enumerate(str(error).splitlines() or [""]):
        say(f"preserve: {line}" if number == 0 else f"          {line}")
    if error.next_step:
        say(f"  next: {error.next_step}")
    return error.exit_status
