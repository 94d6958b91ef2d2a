"""Writes the manual pages from the commands' help into a folder: one for the program, one a command."""

import sys
from pathlib import Path

import click

from preserve import __version__
from preserve.cli.main import GROUPS, cli
from preserve.cli.shared.common import EXIT_STATUSES


def escaped(text: str) -> str:
    """Text as roff prints it: no line of it is a request."""
    said = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in {".", "'"} else line for line in said.split("\n"))


def pages_of(name: str, command: click.Command, parent: click.Context | None = None) -> dict[str, str]:
    """The pages of a command and of those under it, by file name."""
    context = click.Context(command, info_name=name, parent=parent)
    path = context.command_path.replace(" ", "-")
    paragraphs = [part.strip() for part in (command.help or "").split("\n\n") if part.strip()]
    first = " ".join(paragraphs[0].split()).split(". ")[0].rstrip(".")
    lines = [
        f'.TH "{escaped(path.upper())}" 1 "" "preserve {escaped(__version__)}" "User commands"',
        ".SH NAME",
        f"{escaped(path)} \\- {escaped(first)}",
        ".SH SYNOPSIS",
        f".B {escaped(context.command_path)}",
        escaped(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
    ]
    for part in paragraphs:
        lines += [".PP", escaped(part)]
    lines.append(".SH OPTIONS")
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            lines += [".TP", f".B {escaped(record[0])}", escaped(record[1])]
    made: dict[str, str] = {}
    if isinstance(command, click.Group):
        lines += _commands(path, command, is_program=parent is None)
        for each in sorted(command.commands):
            made |= pages_of(each, command.commands[each], context)
    if parent is None:
        lines += [
            ".SH COMPLETION",
            escaped(
                "preserve completion SHELL writes a script for bash, zsh or fish, which completes commands, options, "
                "collections and ids of cables."
            ),
            ".SH ENVIRONMENT",
            escaped("PRESERVE_ARCHIVES, PRESERVE_CONFIG: as --archives and --config. NO_COLOR: no colour."),
        ]
    lines += [".SH EXIT STATUS", escaped(EXIT_STATUSES.removeprefix("Exit status: "))]
    if parent is not None:
        lines += [".SH SEE ALSO", ".BR preserve (1)"]
    return made | {f"{path}.1": "\n".join(lines) + "\n"}


def _commands(path: str, group: click.Group, *, is_program: bool) -> list[str]:
    lines = [".SH COMMANDS"]
    if not is_program:
        return lines + [f".BR {escaped(f'{path}-{each}')} (1)\n.br" for each in sorted(group.commands)]
    for title, (example, names) in GROUPS.items():
        lines += [".SS", escaped(f"{title}, for example: {example}")]
        for each, said in names.items():
            lines += [".TP", f".BR {escaped(f'preserve-{each}')} (1)", escaped(said)]
    return lines


def main() -> int:
    """Writes the pages into the folder named; returns the exit status."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages_of("preserve", cli).items():
        (folder / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
