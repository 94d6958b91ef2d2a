"""Collections by their files: what is configured, what is held, and how each is doing."""

from pathlib import Path
from typing import TYPE_CHECKING

from preserve.config.configcache import cached_collection
from preserve.config.folder import own_collections
from preserve.errors import ConfigError, PreserveError
from preserve.health.collections import CollectionState, StatusReader
from preserve.store.archive import list_collections as list_archives

if TYPE_CHECKING:
    from preserve.config.collection import CollectionConfig


def known_collections(archives: Path, config_dir: Path) -> list[str]:
    """The names of all that have a file of the user's own or an archive, sorted."""
    return sorted({*own_collections(config_dir), *list_archives(archives)})


def state_of_file(
    desk: StatusReader, config_dir: Path, name: str, *, with_links: bool, keeps: bool = True
) -> CollectionState:
    """How a collection is doing by what its file says. A file with mistakes is one of the things that are wrong.

    Not ``keeps``: the file is read anew where it is not in the cache, and nothing is written there.
    """
    config: CollectionConfig | None = None
    mistake = ""
    if (config_dir / "collections" / f"{name}.yaml").is_file():
        try:
            config = cached_collection(config_dir, name, keeps=keeps)
        except ConfigError as error:
            mistake = f"its file has mistakes: {error.mistakes[0]}"
        except PreserveError as error:
            mistake = f"its file cannot be read: {error}"
    return desk.state_of(name, config, mistake=mistake, with_links=with_links)
