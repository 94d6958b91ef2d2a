"""Configuration: what a person edits, read strictly, every mistake reported at once with its file and line.

Owns the folder of configuration (``collections/*.yaml``, ``layouts/*.yaml``) and the models of what stands in it. It
never opens a connection, never writes, and keeps nothing global: who needs a value is given it.
"""

from preserve.config.collection import CollectionConfig, PolitenessConfig, ScopeConfig
from preserve.config.folder import (
    bundled_config_dir,
    find_config_dir,
    list_collections,
    load_collection,
    load_layouts,
    parse_collection,
)
from preserve.config.layout import LayoutConfig

__all__ = [
    "CollectionConfig",
    "LayoutConfig",
    "PolitenessConfig",
    "ScopeConfig",
    "bundled_config_dir",
    "find_config_dir",
    "list_collections",
    "load_collection",
    "load_layouts",
    "parse_collection",
]
