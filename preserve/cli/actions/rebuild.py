"""What ``preserve rebuild`` does: makes index and catalogue again from the evidence."""

from preserve.cli.shared.common import Place, counted, note, with_options_in
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.progress import ProgressLine
from preserve.model import check_collection_name
from preserve.provenance.derive import rebuild as make_again
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import NEWER
from preserve.readers.places import place_reader
from preserve.replay.link_states import keep_states
from preserve.store.archive import open_archive
from preserve.store.durable import Lock


def rebuild(place: Place, *, collection: str) -> int:
    """Make the index and the catalogue of COLLECTION again, from its WARC files and its ledger alone."""
    paths = open_archive(place.archives, check_collection_name(collection))
    had_search = paths.search.exists()
    with (
        place_reader(paths) as places_in,
        Lock(paths.lock, f"preserve rebuild {collection}"),
        ProgressLine("statements") as told,
    ):
        done = make_again(paths, Ledger.of_user(paths), progress=told, places_in=places_in)
        if done.is_signed:
            keep_states(paths, all_layouts(place), own_from=0)
    place.emit(
        {
            "collection": collection,
            "statements": done.statements,
            "records": done.records,
            "index_lines": done.index_lines,
            "newer_statements": done.newer,
        },
        f"{collection}: {counted(done.statements, 'statement')}, {counted(done.records, 'record')}, "
        f"{counted(done.index_lines, 'line')} in the index\n"
        + (f"{done.newer:,} of the statements, {NEWER}: nothing was made of them\n" if done.newer else ""),
        all_is_well=not done.newer,
    )
    if had_search:
        # To read every text again takes longer than all else.
        again = with_options_in(f"`preserve list -c {collection}`")
        note(f"the search index went with the catalogue; the next search makes it again, or now: {again}")
    return 0
