"""Layouts that were checked before: the same files, to the byte, need not be parsed and checked at every start.

What is kept lies in the user's own cache folder, under a name made of the program's version and of all the bytes that
were checked. It can be deleted at any time. Whatever is odd about it, the files are checked again.
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from preserve import PROGRAM
from preserve.config.place import bundled_config_dir, user_folder
from preserve.limits import DEFAULT_LIMITS
from preserve.model import sha256_hex
from preserve.regular import open_regular, read_regular

if TYPE_CHECKING:
    from preserve.config.layout import LayoutConfig

_KEPT_FILES = 8
_MAX_CACHE_BYTES = 64 << 20
_DIGEST_CHARS = 64
_RULES = Path(__file__).with_name("layout.py")
"""What layouts are checked by."""


def cached_layouts(config_dir: Path | None) -> "dict[str, LayoutConfig]":
    """What `preserve.config.folder.load_layouts` gives: values that were checked.

    Raises:
        ConfigError: some layouts have mistakes (all are named).
    """
    kept = _place(config_dir)
    if kept is not None:
        with suppress(OSError, TypeError):
            return _plain(read_regular(kept, _MAX_CACHE_BYTES))
    from preserve.config.folder import load_layouts  # noqa: PLC0415 - not needed where the cache has them

    loaded = load_layouts(config_dir)
    if kept is not None:
        _keep(kept, {name: layout.model_dump(mode="json") for name, layout in loaded.items()})
    return loaded


def _place(config_dir: Path | None) -> Path | None:
    """The file that would hold the layouts there are; None where they cannot be read: loading them says so."""
    digest = hashlib.sha256(PROGRAM.encode("utf-8"))
    try:
        digest.update(_RULES.read_bytes())
        for folder in (bundled_config_dir(), config_dir):
            paths = [] if folder is None else sorted((folder / "layouts").glob("*.yaml"))
            digest.update(b"folder")
            for path in paths:
                with open_regular(path) as file:
                    data = file.read(DEFAULT_LIMITS.max_config_bytes + 1)
                digest.update(f"\0{path.stem}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
    except OSError:
        return None
    return user_folder("cache") / "preserve" / f"layouts-{digest.hexdigest()}.json"


def _plain(kept: bytes) -> "dict[str, LayoutConfig]":
    """The values by attribute, as a checked layout has them: lists were tuples."""
    written = kept[_DIGEST_CHARS:]
    if kept[:_DIGEST_CHARS] != sha256_hex(written).encode("ascii"):
        raise TypeError("not what was kept")
    values_of: dict[str, dict[str, Any]] = msgspec.json.decode(written)
    return {
        name: cast("LayoutConfig", SimpleNamespace(**{key: _frozen(value) for key, value in values.items()}))
        for name, values in values_of.items()
    }


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _keep(path: Path, values: Mapping[str, object]) -> None:
    """Writes the cache, or does not: a home that cannot be written to is no fault."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = msgspec.json.encode(values)
        part.write_bytes(sha256_hex(written).encode("ascii") + written)
        part.replace(path)
        known = sorted(path.parent.glob("layouts-*.json"), key=lambda each: each.stat().st_mtime)
        for old in known[:-_KEPT_FILES]:
            old.unlink(missing_ok=True)
