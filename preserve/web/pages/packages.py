"""A collection as a package for browsers, given out in ranges: nothing is written, and what is made is bounded.

It is laid out once for each state of the collection and kept: later ranges are read from the files. The desk signs
nothing: it has no key.

Tested by ``tests/scenarios/test_desk_packages.py``.
"""

from contextlib import suppress

from preserve.errors import NotHeldError, PreserveError
from preserve.export.wacz import PackageOrder, ShownText, plan_package
from preserve.export.zipstream import LaidOut
from preserve.web.library import Shelf
from preserve.web.pages.home import title_of
from preserve.web.responses import Ranged
from preserve.web.routing import DeskRequest
from preserve.web.settings import MAX_PACKAGE_BYTES, MAX_PACKAGE_HELD_BYTES

_SUFFIX = ".wacz"


def package(shelf: Shelf, asked: DeskRequest) -> Ranged:
    """All of a collection that is shown and signed."""
    name = asked.rest[0].removesuffix(_SUFFIX)
    if not asked.rest[0].endswith(_SUFFIX) or name not in shelf.names:
        raise NotHeldError(f"no collection is called {name} here")
    archive = shelf.archive(name)
    index = None
    with suppress(PreserveError):
        index = next((one.index for one in shelf.indexes if one.name == name), None)
    state = (
        archive.log.signed,
        -1 if index is None else index.ledger_size,
        hash(shelf.blocked.config.model_dump_json()),
    )

    def texts_of(record_id: str) -> list[ShownText]:
        return [] if index is None else index.shown_texts(record_id)

    def laid_out() -> LaidOut:
        order = PackageOrder(title=title_of(shelf, name), blocked=shelf.blocked, texts_of=texts_of)
        plan = plan_package(archive, order)
        return LaidOut(plan.parts, plan.listing, most_held_bytes=MAX_PACKAGE_HELD_BYTES, most_bytes=MAX_PACKAGE_BYTES)

    made = shelf.package(name, state, laid_out)
    return Ranged(size=made.size, read=made.read, tag=made.tag[:32], media_type="application/wacz", name=asked.rest[0])
