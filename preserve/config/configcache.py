"""Layouts, releases and collections that were checked before: the same files are not checked at every start.

What is kept lies in the user's own cache folder, under a name made of the program's version and of all the bytes that
were checked. It can be deleted at any time. Whatever is odd about it, the files are checked again.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from preserve import PROGRAM
from preserve.config.cachefolder import keep_cached
from preserve.config.folder import list_layouts, load_collection, load_layouts, load_releases
from preserve.config.place import bundled_config_dir, user_folder
from preserve.limits import DEFAULT_LIMITS
from preserve.model import check_collection_name, sha256_hex
from preserve.regular import open_regular, read_regular

if TYPE_CHECKING:
    from preserve.config.collection import CollectionConfig
    from preserve.config.layout import LayoutConfig
    from preserve.config.release import ReleaseConfig

_KEPT_FILES = 8
_KEPT_COLLECTIONS = 1_000
_MAX_CACHE_BYTES = 64 << 20
_DIGEST_CHARS = 64
_RULES = tuple(Path(__file__).with_name(name) for name in ("checked.py", "layout.py", "release.py", "yamlfile.py"))
"""What files are read and checked by."""


def cached_layouts(config_dir: Path | None, *, keeps: bool = True) -> "dict[str, LayoutConfig]":
    """What `preserve.config.folder.load_layouts` gives: values that were checked. Not ``keeps``: nothing is written.

    Raises:
        ConfigError: some layouts have mistakes (all are named).
    """
    kept = _place(config_dir, "layouts")
    if (values := _kept(kept)) is not None:
        return {name: cast("LayoutConfig", SimpleNamespace(**value)) for name, value in values.items()}
    loaded = load_layouts(config_dir)
    if keeps:
        _keep(kept, {name: layout.model_dump(mode="json") for name, layout in loaded.items()})
    return loaded


def cached_releases(config_dir: Path | None) -> "dict[str, ReleaseConfig]":
    """What `preserve.config.folder.load_releases` gives: values that were checked.

    Raises:
        ConfigError: some releases have mistakes (all are named).
    """
    kept = _place(config_dir, "releases")
    if (values := _kept(kept)) is not None:
        for value in values.values():
            value["builds"] = tuple(SimpleNamespace(**build) for build in value["builds"])
        return {name: cast("ReleaseConfig", SimpleNamespace(**value)) for name, value in values.items()}
    loaded = load_releases(config_dir)
    _keep(kept, {name: release.model_dump(mode="json") for name, release in loaded.items()})
    return loaded


def cached_collection(config_dir: Path, name: str, *, keeps: bool = True) -> "CollectionConfig":
    """What `preserve.config.folder.load_collection` gives, as far as its fields are simple values: those that were
    checked. One with a schedule of its own is checked each time. Not ``keeps``: nothing is written.

    Raises:
        ConfigError: there is none, or it has mistakes.
        UsageError: the name cannot be a collection's.
    """
    kept = _place_of_collection(config_dir, check_collection_name(name))
    if (values := _kept(kept)) is not None:
        return cast("CollectionConfig", SimpleNamespace(**values[name]))
    loaded = load_collection(config_dir, name)
    if keeps and loaded.schedule is None and loaded.verification is None:
        _keep(kept, {name: loaded.model_dump(mode="json")})
    return loaded


def _place_of_collection(config_dir: Path, name: str) -> Path | None:
    """The file that would hold a collection; None where it cannot be read: loading it says so."""
    digest = hashlib.sha256(f"{PROGRAM}\0{name}\0{list_layouts(config_dir)}\0".encode("utf-8", "surrogateescape"))
    try:
        for path in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(path.read_bytes())
        with open_regular(config_dir / "collections" / f"{name}.yaml") as file:
            digest.update(file.read(DEFAULT_LIMITS.max_config_bytes + 1))
    except OSError:
        return None
    return user_folder("cache") / "preserve" / f"collection-{digest.hexdigest()}.json"


def _place(config_dir: Path | None, kind: str) -> Path | None:
    """The file that would hold what there is of a kind; None where it cannot be read: loading it says so."""
    digest = hashlib.sha256(PROGRAM.encode("utf-8"))
    try:
        for path in _RULES:
            digest.update(path.read_bytes())
        for folder in (bundled_config_dir(), config_dir):
            paths = [] if folder is None else sorted((folder / kind).glob("*.yaml"))
            digest.update(b"folder")
            for path in paths:
                with open_regular(path) as file:
                    data = file.read(DEFAULT_LIMITS.max_config_bytes + 1)
                digest.update(f"\0{path.stem}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
    except OSError:
        return None
    return user_folder("cache") / "preserve" / f"{kind}-{digest.hexdigest()}.json"


def _kept(path: Path | None) -> dict[str, dict[str, Any]] | None:
    """The values by name and field, as checked ones have them (lists were tuples); None where nothing whole is kept."""
    if path is None:
        return None
    try:
        data = read_regular(path, _MAX_CACHE_BYTES)
    except OSError:
        return None
    written = data[_DIGEST_CHARS:]
    if data[:_DIGEST_CHARS] != sha256_hex(written).encode("ascii"):
        return None
    values_of: dict[str, dict[str, Any]] = msgspec.json.decode(written)
    return {name: {key: _frozen(value) for key, value in values.items()} for name, values in values_of.items()}


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _keep(path: Path | None, values: Mapping[str, object]) -> None:
    if path is None:
        return
    written = msgspec.json.encode(values)
    most = _KEPT_COLLECTIONS if path.name.startswith("collection-") else _KEPT_FILES
    keep_cached(path, sha256_hex(written).encode("ascii") + written, most=most)
