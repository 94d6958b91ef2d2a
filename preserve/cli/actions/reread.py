"""What ``preserve reread`` does: the texts of what is held, by the layouts and the extractor of today.

Tested by ``tests/scenarios/test_reread.py``.
"""

import os
from collections.abc import Sequence

from preserve.cables.page.layouts import Layout
from preserve.cables.version import EXTRACTOR
from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.configured import chosen_layouts
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.progress import ProgressLine
from preserve.config.folder import list_collections, load_collection
from preserve.errors import CancelledError, UsageError
from preserve.integrity.rereading import Reread, Rereader, Told
from preserve.model import check_collection_name
from preserve.provenance.founding import load_writer
from preserve.provenance.keys import passphrase
from preserve.store.archive import open_archive
from preserve.text import terminal_line

_MOST_SHOWN = 20


def reread(place: Place, *, collection: str, chosen: tuple[str, ...], dry_run: bool, processes: int | None) -> int:
    """Read every page that is held by the layouts and the extractor of today, and state the texts that are new."""
    paths = open_archive(place.archives, check_collection_name(collection))
    layouts = _layouts(place, collection, chosen)
    writer = None if dry_run else load_writer(paths, place.keys, secret=passphrase(os.environ))
    with ProgressLine("pages") as told:
        order = Rereader(paths=paths, writer=writer, layouts=layouts, processes=processes, progress=told)
        try:
            done = order.run()
        except KeyboardInterrupt:
            raise CancelledError(
                f"{collection}: the reading was cut short",
                next_step=f"Run `preserve reread {collection}` again: it goes on.",
            ) from None
    place.emit(
        {
            "collection": collection,
            "dry_run": dry_run,
            "extractor": EXTRACTOR,
            "layouts": sorted(layouts),
            "texts": done.total,
            **written_fields(done),
            "changed": _json(done.changed),
            "faults": _json(done.faults),
        },
        _text(collection, done, dry_run=dry_run),
    )
    return 1 if done.faults_total or done.changed_total else 0


def _layouts(place: Place, collection: str, chosen: Sequence[str]) -> dict[str, Layout]:
    """The layouts to read by: those that are given, else those of the collection's file, else all that are known.

    Raises:
        UsageError: one does not exist, or the file names none.
    """
    if chosen:
        known = all_layouts(place)
        for name in chosen:
            if name not in known:
                raise UsageError(f"no layout is called {name!r}", next_step=f"Known are {', '.join(sorted(known))}.")
        return {name: known[name] for name in chosen}
    if collection not in list_collections(place.config_dir):
        return all_layouts(place)
    layouts = chosen_layouts(place, load_collection(place.config_dir, collection))
    if not layouts:
        raise UsageError(
            f"the file of {collection} says that its pages are read by no layout",
            next_step="Take `layouts: []` out of it, or give --layout NAME.",
        )
    return layouts


def _json(found: Sequence[Told]) -> list[dict[str, str]]:
    return [{"where": where, "code": code, "detail": detail} for where, (code, detail) in found]


def _text(name: str, done: Reread, *, dry_run: bool) -> str:
    word = "would be stated" if dry_run else "stated"
    lines = [f"{name}: {counted(done.total, 'text')} {word}, on {counted(done.pages_stated, 'page')}"]
    lines += [f"  {layout:<24} {count:,}" for layout, count in sorted(done.stated.items())]
    lines.append(f"  read: {counted(done.pages, 'page')} in {counted(done.files, 'file')}, by {EXTRACTOR}")
    if done.files_read_before:
        lines.append(f"  read before by these layouts: {counted(done.files_read_before, 'file')}")
    if done.files_open:
        lines.append(f"  still being written: {counted(done.files_open, 'file')}")
    if done.held:
        lines.append(f"  stated already: {counted(done.held, 'text')}")
    if done.newer:
        lines.append(f"  read by a later version of the extractor, and left: {counted(done.newer, 'page')}")
    if done.changed_total:
        lines.append(f"pages whose layout reads another text under the same version: {done.changed_total:,}")
        lines += [
            f"  {terminal_line(where, 160)}: {terminal_line(detail)}"
            for where, (_code, detail) in done.changed[:_MOST_SHOWN]
        ]
        lines.append("  next: raise `version` in the file of the layout")
    if done.faults_total:
        lines.append(f"damage, passed over: {done.faults_total:,}")
        lines += [_fault(told) for told in done.faults[:_MOST_SHOWN]]
        lines.append(f"  next: run `preserve verify {name}`; see docs/repair.md")
    return "\n".join(lines) + "\n"


def _fault(told: Told) -> str:
    where, (code, detail) = told
    return f"  {code:<20} {terminal_line(where, 160)}" + (f": {terminal_line(detail)}" if detail else "")
