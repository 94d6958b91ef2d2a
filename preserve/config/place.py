"""Finding the folder of configuration, and those of a user. Nothing is read in them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from preserve.errors import ConfigError

_PACKAGE = Path(__file__).parents[1]


_USER_FOLDERS = {"config": ".config", "state": ".local/state", "cache": ".cache"}


def user_folder(kind: Literal["config", "state", "cache"], environment: Mapping[str, str] | None = None) -> Path:
    """A user's folder by the XDG Base Directory Specification: ``$XDG_CONFIG_HOME``, by default ``~/.config``."""
    named = (os.environ if environment is None else environment).get(f"XDG_{kind.upper()}_HOME")
    return Path(named) if named else Path.home() / _USER_FOLDERS[kind]


def user_config_dir(environment: Mapping[str, str] | None = None) -> Path:
    """The user's own folder of configuration: ``$XDG_CONFIG_HOME/preserve``, by default ``~/.config/preserve``."""
    return user_folder("config", environment) / "preserve"


def bundled_config_dir() -> Path:
    """The folder that came with the program: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "_config"
    return inside if inside.is_dir() else _PACKAGE.parent / "config"


def bundled_docs_dir() -> Path:
    """The pages of documentation that came with the program: inside an installed package, or beside it."""
    inside = _PACKAGE / "_docs"
    return inside if inside.is_dir() else _PACKAGE.parent / "docs"


def find_config_dir(
    explicit: Path | None = None, *, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Path:
    """The folder in force: ``explicit`` (--config), ``$PRESERVE_CONFIG``, ``./config``, the user's, the bundled one.

    Raises:
        ConfigError: a folder that was asked for by name is not there.
    """
    asked = (os.environ if environment is None else environment).get("PRESERVE_CONFIG")
    chosen = explicit or (Path(asked) if asked else None)
    if chosen is not None:
        if not chosen.is_dir():
            raise ConfigError((f"{chosen}: no such folder",), next_step="Give the folder that holds collections/.")
        return chosen
    for folder in ((cwd or Path()) / "config", user_config_dir(environment)):
        if any((folder / kind).is_dir() for kind in ("collections", "layouts", "releases")):
            return folder
    return bundled_config_dir()
