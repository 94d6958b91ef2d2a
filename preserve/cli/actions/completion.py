"""What ``preserve completion`` does: the script that a shell reads."""

import sys

import click
from click.shell_completion import get_completion_class

VARIABLE = "_PRESERVE_COMPLETE"
"""The environment variable by which the script asks the program: click's own form of its name."""


def completion(*, shell: str) -> int:
    """Print the script of a shell."""
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    sys.stdout.write(made(click.Command("preserve"), {}, "preserve", VARIABLE).source())
    return 0
