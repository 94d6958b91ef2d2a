"""Pages that are held and that a layout would read now, though no text of them is stated; and texts of an earlier
extractor. `preserve reread` states both.

Of pages that no layout in use has read yet, at most a thousand are looked at, spread over all. What was found is kept
beside the collections for as long as neither ledger nor layouts change. Derived.

Tested by ``tests/scenarios/test_status.py``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.limits import DEFAULT_LIMITS
from preserve.model import sha256_hex
from preserve.provenance.describe import page_of_dom, read_cables, readers_of
from preserve.regular import read_regular
from preserve.store.catalogue import Catalogue, RecordRow
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths, job_folder
from preserve.store.readmarks import Readers, ReadMarks
from preserve.store.warcfile import read_stated

if TYPE_CHECKING:
    from preserve.config.collection import CollectionConfig

MOST_LOOKED_AT: Final = 1_000
_MAX_BYTES: Final = 1 << 20
_VERSION: Final = 1

Count = Annotated[int, msgspec.Meta(ge=0)]
LayoutName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]


class Waiting(Struct, frozen=True, kw_only=True):
    """``pages`` that were looked at and that a layout would read, by its name; ``looked_at`` of ``candidates``.

    ``older``: pages whose texts were read by an earlier version of the extractor only. ``not_in_use``: those of the
    layouts that the collection's file does not name.
    """

    pages: dict[LayoutName, Count] = field(default_factory=dict)
    looked_at: Count = 0
    candidates: Count = 0
    older: Count = 0
    not_in_use: tuple[LayoutName, ...] = ()

    @property
    def total(self) -> int:
        """Number of pages that a layout would read, of those looked at."""
        return sum(self.pages.values())

    def words(self, collection: str) -> str:
        """What is waiting and what to do, in a line; empty where nothing is."""
        said = []
        if self.total:
            at_least = "at least " if self.looked_at < self.candidates else ""
            what = "page that is held" if self.total == 1 else "pages that are held"
            said.append(f"{at_least}{self.total:,} {what} can be read by {', '.join(sorted(self.pages))}")
        if self.older:
            what = "page was" if self.older == 1 else "pages were"
            said.append(f"{self.older:,} {what} read by an earlier extractor")
        given = "".join(f" --layout {name}" for name in self.not_in_use)
        return f"{'; '.join(said)}: run `preserve reread {collection}{given}`" if said else ""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    key: str
    found: Waiting


def waiting_in(paths: CollectionPaths, config: "CollectionConfig | None", layouts: Mapping[str, Layout]) -> Waiting:
    """What waits in a collection; looked for where that is not known. ``layouts`` are all that are known.

    Also those that the collection's file forgot; nothing where it says that no page is read.

    Raises:
        ArchiveError, sqlite3.DatabaseError, OSError: the catalogue cannot be read.
    """
    in_use = layouts if config is None or config.layouts is None else config.layouts
    if not in_use or not paths.catalogue.is_file():
        return Waiting()
    found = _known_or_looked(paths, layouts)
    return replace(found, not_in_use=tuple(sorted(found.pages.keys() - set(in_use))))


def _known_or_looked(paths: CollectionPaths, layouts: Mapping[str, Layout]) -> Waiting:
    chosen = tuple(layouts.values())
    readers = readers_of(chosen)
    with Catalogue.open(paths, read_only=True) as catalogue:
        marks = ReadMarks.of(paths)
        unread = [name for name in catalogue.files_in_order() if not marks.is_read(name, readers)]
        if not unread:
            return Waiting()
        place = job_folder(paths.root, paths.name) / "waiting.json"
        key = _key(readers, catalogue.ledger_size, unread)
        kept = _kept(place)
        if kept is not None and kept.key == key:
            return kept.found
        found = _looked(paths, catalogue, chosen, unread)
    # An archive that cannot be written to is looked at again the next time.
    with suppress(OSError, EnvironmentFaultError):
        make_dir(place.parent)
        write_atomic(place, msgspec.json.encode(_Kept(_VERSION, key, found)))
    return found


def _key(readers: Readers, size: int, unread: list[str]) -> str:
    said = "\0".join([readers.extractor, *sorted(readers.layouts), "", str(size), *unread])
    return sha256_hex(said.encode("utf-8", "surrogatepass"))


def _kept(path: Path) -> _Kept | None:
    with suppress(OSError, ValueError, RecursionError, msgspec.MsgspecError):
        if path.is_file():
            kept = msgspec.json.decode(read_regular(path, _MAX_BYTES), type=_Kept)
            return kept if kept.version == _VERSION else None
    return None


def _looked(paths: CollectionPaths, catalogue: Catalogue, layouts: tuple[Layout, ...], unread: list[str]) -> Waiting:
    extractor = readers_of(()).extractor
    older = sum(catalogue.pages_read_by_others(name, extractor) for name in unread)
    statements = [number for name in unread for number in catalogue.pages_without_text(name)]
    step = -(-len(statements) // MOST_LOOKED_AT) or 1
    pages: Counter[str] = Counter()
    looked_at = 0
    for row in islice(_rows(catalogue, statements[::step]), MOST_LOOKED_AT):
        looked_at += 1
        name = _layout_of(paths, catalogue, row, layouts)
        if name is not None:
            pages[name] += 1
    return Waiting(pages=dict(pages), looked_at=looked_at, candidates=len(statements), older=older)


def _rows(catalogue: Catalogue, statements: list[int]) -> Iterator[RecordRow]:
    for number in statements:
        row = catalogue.record_at(number)
        if row is not None:
            yield row


def _layout_of(paths: CollectionPaths, catalogue: Catalogue, row: RecordRow, layouts: tuple[Layout, ...]) -> str | None:
    """The layout that reads a page, where it shows a cable and its bytes are those that are stated."""
    memento = catalogue.memento_in(row.record_id)
    if (memento is not None and memento.verdict != "page") or page_of_dom(row.uri) is not None:
        return None
    try:
        record = read_stated(paths, row.place, row).record
    except ArchiveError:
        return None
    read = read_cables(record, layouts, DEFAULT_LIMITS)
    return read.layout if read.cables else None
