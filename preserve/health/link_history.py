"""Link rot of a collection as numbers, kept beside the collections for as long as its ledger does not grow. Derived."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from preserve.cables.page.layouts import Layout
from preserve.errors import EnvironmentFaultError
from preserve.regular import read_regular
from preserve.replay.link_status import LOST, LinkState
from preserve.replay.link_status_list import rot_of
from preserve.replay.recover import open_for_reading
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import job_folder

_VERSION = 1
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """Addresses by state (docs/link-rot.md), and when the last one was lost: a WARC-Date, or empty."""

    statements: int
    counts: Mapping[str, int]
    lost_since: str


def links_of(archives: Path, name: str, layouts: Mapping[str, Layout], statements: int) -> LinkCounts:
    """The numbers for a ledger of ``statements``; worked out where they are not kept.

    Raises:
        ArchiveError, FormatError, sqlite3.DatabaseError, OSError: the archive cannot be read.
    """
    path = _path(archives, name)
    kept = _kept(path)
    if kept is not None and kept.statements == statements:
        return kept
    counts = dict.fromkeys((str(state) for state in LinkState), 0)
    lost_since = ""
    with open_for_reading(archives, [name], layouts) as (archive,):
        for rot in rot_of(archive):
            counts[str(rot.state)] += 1
            if rot.state in LOST:
                lost_since = max(lost_since, rot.machine.since)
    found = LinkCounts(statements=statements, counts=counts, lost_since=lost_since)
    # An archive that cannot be written to is shown too; it only takes longer.
    with suppress(OSError, EnvironmentFaultError):
        make_dir(path.parent)
        write_atomic(path, json.dumps({"version": _VERSION, **asdict(found)}).encode())
    return found


def kept_links(archives: Path, name: str) -> LinkCounts | None:
    """The numbers as they were worked out last, for whatever size the ledger had; None where they never were."""
    return _kept(_path(archives, name))


def _path(archives: Path, name: str) -> Path:
    return job_folder(archives, name) / "links.json"


def _kept(path: Path) -> LinkCounts | None:
    try:
        value = json.loads(read_regular(path, _MAX_BYTES) if path.is_file() else b"")
        if value.pop("version") != _VERSION:
            return None
        links = LinkCounts(**value)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return links if _is_sound(links) else None


def _is_sound(links: LinkCounts) -> bool:
    """Whether it is what this module writes, and no more: it is shown, and made into metrics."""
    counts: Any = links.counts
    since: Any = links.lost_since
    return (
        isinstance(counts, dict)
        and counts.keys() == {str(state) for state in LinkState}
        and all(type(count) is int and count >= 0 for count in counts.values())
        and isinstance(since, str)
        and since.isprintable()
    )
