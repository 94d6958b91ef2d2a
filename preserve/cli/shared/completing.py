"""What a shell is given to complete: names of collections, ids of cables. Nothing is loaded before it is asked for."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from preserve.errors import PreserveError

_MOST = 50
"""Words offered at most: more than a terminal shows, and found in no time in the largest collection."""


class CollectionName(click.types.StringParamType):
    """A collection: one that is held, or that has a file."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's own
        """The names that begin so."""
        from preserve.config.folder import list_collections as configured  # noqa: PLC0415 - help needs none
        from preserve.store.archive import list_collections as held  # noqa: PLC0415

        archives, config_dir = _place(ctx)
        names: set[str] = set()
        with suppress(PreserveError, OSError):
            names.update(held(archives))
        with suppress(PreserveError, OSError):
            names.update(configured(config_dir))
        return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)][:_MOST]


class CableId(click.types.StringParamType):
    """A cable, or an address."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's own
        """The ids that begin so, of all collections."""
        archives, _config_dir = _place(ctx)
        found = sorted(set(islice(_cables(archives, incomplete.upper()), _MOST)))
        return [CompletionItem(cable) for cable in found]


COLLECTION = CollectionName()
CABLE = CableId()


def complete(command: click.Command) -> None:
    """Gives the arguments and options of a command that take collections and cables their types."""
    for param in command.params:
        if isinstance(param.type, click.types.StringParamType):
            if param.name in {"collection", "collections", "what"}:
                param.type = COLLECTION
            elif param.name in {"cable", "cable_or_url", "names", "subject"}:
                param.type = CABLE
    if isinstance(command, click.Group):
        for under in command.commands.values():
            complete(under)


def _place(ctx: click.Context) -> tuple[Path, Path]:
    from preserve.config.place import find_config_dir  # noqa: PLC0415 - help needs none

    chosen = ctx.params.get("config_dir")
    return Path(ctx.params.get("archives") or "archives"), find_config_dir(None if chosen is None else Path(chosen))


def _cables(archives: Path, begin: str) -> Iterator[str]:
    from preserve.store.archive import list_collections, open_archive  # noqa: PLC0415 - help needs none
    from preserve.store.catalogue import Catalogue  # noqa: PLC0415

    for name in list_collections(archives):
        with suppress(PreserveError, OSError), Catalogue.open(open_archive(archives, name), read_only=True) as one:
            yield from one.cables_that_begin(begin, _MOST)
