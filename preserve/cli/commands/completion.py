"""``preserve completion``: what may be typed, and its help."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes SHELL complete commands, options, collections and cables.

    bash: into ~/.local/share/bash-completion/completions/preserve; zsh: into a file _preserve in a folder of $fpath;
    fish: into ~/.config/fish/completions/preserve.fish.

    For example: `preserve completion bash`
    """
    from preserve.cli.actions import completion as actions

    return actions.completion(shell=shell)
