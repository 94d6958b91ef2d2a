"""What commands need of a collection's configuration: its layouts, its public address, its secrets."""

import os
from pathlib import Path

from preserve.cables.page.layouts import Layout
from preserve.cli.shared.common import Place
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import file_fault
from preserve.config.collection import CollectionConfig
from preserve.config.folder import load_collection, own_collections
from preserve.errors import PreserveError, UsageError
from preserve.regular import read_regular

_MAX_SECRET_BYTES = 16 * 1024


def chosen_layouts(place: Place, config: CollectionConfig) -> dict[str, Layout]:
    """The layouts that a collection names; all that are known, where it names none.

    Raises:
        UsageError: one of them does not exist.
    """
    known = all_layouts(place)
    if config.layouts is None:
        return known
    for name in config.layouts:
        if name not in known:
            raise UsageError(
                f"collection {config.name}: no layout is called {name!r}",
                next_step=f"Known layouts: {', '.join(sorted(known)) or 'none'}.",
            )
    return {name: known[name] for name in config.layouts}


def own_contact(place: Place, given: str | None) -> str:
    """Whom site owners reach: as given, else as in a collection of the user's own.

    Raises:
        UsageError: nobody says.
    """
    if given:
        return given
    for name in own_collections(place.config_dir):
        return load_collection(place.config_dir, name).contact
    raise UsageError("site owners must be able to reach you", next_step="Give --contact you@example.org.")


def read_secrets(config: CollectionConfig) -> dict[str, str]:
    """The secret header fields of a collection, from the environment or from files that only their owner can read.

    Raises:
        UsageError: one is missing, open to others, or no single line of text. Its value is never shown.
    """
    return {name: read_secret(source, name) for name, source in config.secret_headers.items()}


def read_secret(source: str, name: str = "") -> str:
    """The secret that ``env:NAME`` or ``file:PATH`` names; ``name`` is the header field that it is for, if any.

    Raises:
        UsageError: it is missing, open to others, or no single line of text. Its value is never shown.
    """
    called = f"the secret for {name} ({source})" if name else f"the secret {source}"
    kind, _colon, where = source.partition(":")
    if kind == "env":
        value = os.environ.get(where, "")
    else:
        try:
            path = Path(where).expanduser()
            data = read_regular(path, _MAX_SECRET_BYTES)
            if path.stat().st_mode & 0o077:
                raise UsageError(
                    f"{path} holds a secret and is open to other users", next_step=f"Run `chmod 600 {path}`."
                )
            value = data.decode("latin-1").rstrip("\r\n")
        except OSError as error:
            raise file_fault(called, error, done="read") from error
    if not value or not value.isascii() or not value.isprintable():
        raise UsageError(f"{called} is empty or no single line of ASCII text")
    return value


def muted_patterns(place: Place, collection: str) -> tuple[str, ...]:
    """``mute`` in a collection's file; nothing where it has none, or one with mistakes, which other commands tell."""
    try:
        return load_collection(place.config_dir, collection).mute
    except PreserveError:
        return ()
