"""What a desk is told when it starts, and the bounds of what it does for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAX_TARGET_BYTES: Final = 8_192
"""Path and query of a request; longer ones are answered with 414."""
MAX_QUERY_CHARS: Final = 2_000
"""Words of a search."""
MAX_FILTERS: Final = 20
MAX_PARAMETERS: Final = 60
PAGE_SIZES: Final = (20, 50, 100)
QUERY_S: Final = 1.0
"""Time of one query of a database; beyond it the answer is 503, with the advice to narrow it."""
EXPORT_QUERY_S: Final = 10.0
MAX_PACKAGE_BYTES: Final = 2 << 30
"""WARC files in a package that is made at a reader's request."""
MAX_PACKAGE_HELD_BYTES: Final = 64 << 20
"""Index, pages and ledger of such a package: they are held, of so many packages at most."""
PACKAGES_KEPT: Final = 2
MAX_CONNECTIONS: Final = 2_000
"""Open at a time; one that only waits costs little, and slow ones keep nobody else waiting."""
MAX_BEING_SENT_BYTES: Final = 256 << 20
"""Answers of the exhibit room, in sum, that readers have not taken yet; whoever asks for more is told to come again."""
THREADS: Final = 4
"""Pages made at a time: SQLite and Python gain nothing from more."""
EXPORTS_AT_ONCE: Final = 10
EXPORTS_A_MINUTE: Final = 20
"""Exports that one address may take: so many at once, and so many a minute after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """Where a desk reads, and how it is reached.

    ``collections``: those that are shown, all that are held where it is empty. ``hosts``: names (without ports) that a
    request may be addressed to. ``public_url``: where readers reach it through a proxy, without a slash at the end.
    ``proxies``: addresses of proxies whose X-Forwarded-* fields count. ``replay_urls``: by collection, where the public
    replay begins that citations name; ``arks``: what their ARKs begin with. ``exhibit_url``: where readers reach the
    exhibit room through a proxy; ``exhibit_hosts``: further names of it.
    ``replay_web_page``: the folder of the operator's own copy of ReplayWeb.page.
    ``trusted``: verifier keys of logs that the reader names.
    """

    archives: Path
    config_dir: Path
    keys: Path
    collections: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    public_url: str = ""
    proxies: frozenset[str] = frozenset()
    replay_urls: Mapping[str, str] = field(default_factory=dict)
    arks: Mapping[str, str] = field(default_factory=dict)
    exhibit_url: str = ""
    exhibit_hosts: frozenset[str] = frozenset()
    replay_web_page: Path | None = None
    trusted: frozenset[str] = frozenset()
