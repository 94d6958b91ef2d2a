"""``preserve export``: what is recovered, in the forms of other programs. One line registers a form."""

import click

from preserve.cli.shared.provenance_exports import provenance_commands
from preserve.cli.shared.table_exports import table_commands


@click.group(short_help="Export what was recovered: tables, provenance.")
def export() -> None:
    """Hand everything recovered to other programs."""


for _command in (*table_commands(), *provenance_commands()):
    export.add_command(_command)
