"""What several commands load the same way: layouts, collections, the archives to look in."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from preserve.cables.layouts import Layout, compile_layouts
from preserve.cli.common import Place
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_collections as list_configured
from preserve.config.folder import load_collection, load_layouts
from preserve.errors import NotHeldError, UsageError
from preserve.model import check_collection_name
from preserve.provenance.trust import Trust, load_trust
from preserve.replay.recover import Archive, open_for_reading
from preserve.store.archive import list_collections

trust_option = click.option(
    "--trust",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Verifier keys (.vkey) or root certificates (.pem) that you trust, beside those of CONFIG/trust/.",
)
_MAX_SECRET_BYTES = 16 * 1024


def all_layouts(place: Place) -> dict[str, Layout]:
    """Every layout there is: those that came with the program, and the user's own before them."""
    return compile_layouts(load_layouts(place.config_dir))


def chosen_layouts(place: Place, config: CollectionConfig) -> dict[str, Layout]:
    """The layouts that a collection names.

    Raises:
        UsageError: one of them does not exist.
    """
    known = all_layouts(place)
    for name in config.layouts:
        if name not in known:
            raise UsageError(
                f"collection {config.name}: no layout is called {name!r}",
                next_step=f"Known layouts: {', '.join(sorted(known)) or 'none'}.",
            )
    return {name: known[name] for name in config.layouts}


def public_url(place: Place, name: str) -> str:
    """Where the public replay of a collection begins, as its configuration says; empty where it says nothing."""
    if name not in list_configured(place.config_dir):
        return ""
    return load_collection(place.config_dir, name).public_url or ""


def read_secrets(config: CollectionConfig) -> dict[str, str]:
    """The secret header fields of a collection, from the environment or from files that only their owner can read.

    Raises:
        UsageError: one is missing, open to others, or no single line of text. Its value is never shown.
    """
    return {name: _secret(name, source) for name, source in config.secret_headers.items()}


def _secret(name: str, source: str) -> str:
    kind, _colon, where = source.partition(":")
    if kind == "env":
        value = os.environ.get(where, "")
    else:
        try:
            path = Path(where).expanduser()
            if path.stat().st_mode & 0o077:
                raise UsageError(
                    f"{path} holds a secret and is open to other users", next_step=f"Run `chmod 600 {path}`."
                )
            value = path.read_bytes()[:_MAX_SECRET_BYTES].decode("latin-1").rstrip("\r\n")
        except OSError as error:
            raise UsageError(f"{where}: the secret for {name} cannot be read: {error.strerror}") from error
    if not value or not value.isascii() or not value.isprintable():
        raise UsageError(f"the secret for {name} ({source}) is empty or no single line of ASCII text")
    return value


def collections_to_read(place: Place, chosen: Sequence[str]) -> list[str]:
    """The collections named, or all that are held.

    Raises:
        NotHeldError: there is none.
    """
    if chosen:
        return [check_collection_name(name) for name in chosen]
    names = list_collections(place.archives)
    if not names:
        raise NotHeldError(
            f"no archive is held under {place.archives}",
            next_step="Run `preserve init COLLECTION`, or name the folder with --archives.",
        )
    return names


@contextmanager
def reading(place: Place, chosen: Sequence[str]) -> Iterator[list[Archive]]:
    """The collections to look in, opened for reading."""
    with open_for_reading(place.archives, collections_to_read(place, chosen), all_layouts(place)) as archives:
        yield archives


def read_trust(place: Place, named: Sequence[Path]) -> Trust:
    """What the reader trusts: ``trust/`` of the configuration, and what was named.

    Raises:
        UsageError: a file of it cannot be read.
    """
    folder = place.config_dir / "trust"
    return load_trust([*([folder] if folder.is_dir() else []), *named])
