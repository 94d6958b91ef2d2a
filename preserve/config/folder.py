"""Reading the folder of configuration: ``alarms.yaml``, and files of collections, layouts and releases.

What checks a file is imported when there is one: it takes longer than most commands.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.config.place import bundled_config_dir, user_config_dir
from preserve.errors import ConfigError
from preserve.limits import DEFAULT_LIMITS
from preserve.model import check_collection_name
from preserve.regular import open_regular
from preserve.text import nearest

if TYPE_CHECKING:
    from preserve.config.alarms import AlarmsConfig
    from preserve.config.blocked import BlockedConfig
    from preserve.config.checked import Model
    from preserve.config.collection import CollectionConfig
    from preserve.config.layout import LayoutConfig
    from preserve.config.release import ReleaseConfig


_ENDINGS = (".yaml", ".yml")
"""How a file of configuration must end, and how its writer may have thought that it may."""


def _refuse_misnamed(path: Path) -> None:
    """Whoever wrote the file thinks that it counts.

    Raises:
        ConfigError: it is not there, and one is with the other ending.
    """
    other = path.with_suffix(_ENDINGS[1])
    if other.is_file() and not path.exists():
        raise ConfigError((f"{other}: not read: its name must end in {_ENDINGS[0]}",), next_step=f"Name it {path}.")


def list_collections(config_dir: Path) -> tuple[str, ...]:
    """The names of the collections that have a file, sorted; one whose name ends in ``.yml`` is there, and a mistake.

    Raises:
        ConfigError: the folder cannot be read.
    """
    folder = config_dir / "collections"
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        raise ConfigError((f"{folder} cannot be read",), next_step="Run it as the user who owns it.")
    return tuple(sorted({path.stem for ending in _ENDINGS for path in folder.glob(f"*{ending}") if path.is_file()}))


def own_collections(config_dir: Path) -> tuple[str, ...]:
    """As `list_collections`, without those that came with the program: examples, which nobody has chosen to capture."""
    return () if config_dir == bundled_config_dir() else list_collections(config_dir)


def load_collection(config_dir: Path, name: str) -> "CollectionConfig":
    """The collection's configuration.

    Raises:
        ConfigError: there is none, or it has mistakes (all of them are named).
        UsageError: the name cannot be a collection's.
    """
    check_collection_name(name)
    path = config_dir / "collections" / f"{name}.yaml"
    if not path.is_file():
        _refuse_misnamed(path)
        own = path if config_dir != bundled_config_dir() else user_config_dir() / "collections" / path.name
        raise ConfigError(
            (f"{own}: no such collection; {nearest(name, list_collections(config_dir))}",),
            next_step=f"Run `preserve new {name} URL`, or write the file, or give --config FOLDER.",
        )
    return parse_collection(_read(path), name=name, source=str(path), layouts=list_layouts(config_dir))


def parse_collection(
    data: bytes, *, name: str, source: str, layouts: Collection[str] | None = None
) -> "CollectionConfig":
    """A collection's configuration from the text of its file; ``source`` is how messages call the file.

    ``layouts`` are the names that may be chosen from; None leaves them unchecked.

    Raises:
        ConfigError: it has mistakes.
    """
    from preserve.config.checked import check  # noqa: PLC0415 - see above
    from preserve.config.collection import CollectionConfig  # noqa: PLC0415

    return check(data, CollectionConfig, source=source, name=name, context={"layouts": layouts})


def has_alarms(config_dir: Path) -> bool:
    """Whether there is a file of alarms."""
    path = config_dir / "alarms.yaml"
    # One that is there and cannot be read must not pass for none: nobody would be told anything.
    return path.exists() or path.is_symlink() or path.with_suffix(_ENDINGS[1]).is_file()


def load_alarms(config_dir: Path) -> "AlarmsConfig":
    """The channels and rules of alarms; no channel, where there is no file.

    Raises:
        ConfigError: it has mistakes (all of them are named).
    """
    from preserve.config.alarms import AlarmsConfig  # noqa: PLC0415 - see above
    from preserve.config.checked import check  # noqa: PLC0415
    from preserve.config.yamlfile import read_yaml  # noqa: PLC0415

    path = config_dir / "alarms.yaml"
    if not has_alarms(config_dir):
        return AlarmsConfig()
    _refuse_misnamed(path)
    data = _read(path)
    value = read_yaml(data).value
    channels = value.get("channels") if isinstance(value, dict) else None
    known = tuple(channels) if isinstance(channels, dict) else ()
    return check(data, AlarmsConfig, source=str(path), name="alarms", context={"channels": known})


def load_blocked(config_dir: Path) -> "BlockedConfig":
    """What is not to be shown to readers of the desk: ``blocked.yaml`` of the folder; nothing where there is no file.

    Raises:
        ConfigError: it has mistakes.
    """
    from preserve.config.blocked import BlockedConfig  # noqa: PLC0415 - see above
    from preserve.config.checked import check  # noqa: PLC0415

    path = config_dir / "blocked.yaml"
    if not path.is_file():
        _refuse_misnamed(path)
        return BlockedConfig(name="blocked")
    return check(_read(path), BlockedConfig, source=str(path), name="blocked")


def list_layouts(config_dir: Path | None) -> tuple[str, ...]:
    """The names of the layouts there are: those of the folder, and those that came with the program."""
    return tuple(sorted(_files(config_dir, "layouts")))


def load_layouts(config_dir: Path | None = None) -> "dict[str, LayoutConfig]":
    """All layouts by name, sorted. One in ``config_dir`` takes the place of one of that name that came along.

    Raises:
        ConfigError: some have mistakes (all are named).
    """
    from preserve.config.layout import LayoutConfig  # noqa: PLC0415 - see above

    return _load(_files(config_dir, "layouts"), LayoutConfig)


def load_releases(config_dir: Path | None = None) -> "dict[str, ReleaseConfig]":
    """All declared releases by name, sorted. One in ``config_dir`` takes the place of one of that name that came along.

    Raises:
        ConfigError: some have mistakes (all are named).
    """
    from preserve.config.release import ReleaseConfig  # noqa: PLC0415 - see above

    return _load(_files(config_dir, "releases"), ReleaseConfig)


def _load(files: Mapping[str, Path], model: "type[Model]") -> "dict[str, Model]":
    from preserve.config.checked import CORRECT, check  # noqa: PLC0415 - see above

    result: dict[str, Model] = {}
    mistakes: list[str] = []
    for name, path in sorted(files.items()):
        try:
            result[name] = check(_read(path), model, source=str(path), name=name)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes), next_step=CORRECT)
    return result


def _files(config_dir: Path | None, kind: str) -> dict[str, Path]:
    folders = [bundled_config_dir(), *([config_dir] if config_dir is not None else [])]
    return {path.stem: path for folder in folders for path in (folder / kind).glob("*.yaml") if path.is_file()}


def _read(path: Path) -> bytes:
    """The file's bytes, one more than the bound at most: a longer file is reported, never read whole."""
    try:
        with open_regular(path) as file:
            return file.read(DEFAULT_LIMITS.max_config_bytes + 1)
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}",), next_step="Make the file readable.") from error
