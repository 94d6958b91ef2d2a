"""A captured page as it was, in a frame beside what can be read of it, with its captures in a bar outside of it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from preserve.errors import NotHeldError, UsageError
from preserve.replay.recover import Capture
from preserve.web.library import Shelf
from preserve.web.pages.cable import by_address
from preserve.web.responses import DeskPage, path_of
from preserve.web.routing import DeskRequest

_MOST_CAPTURES: Final = 1_000
_RECORD: Final = "urn:uuid:"


def replay(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """A page by its address: the newest capture, that of a time, or that of a record.

    Raises:
        NotHeldError: it is not held, or there is no exhibit room beside this desk.
    """
    url, at = asked.first("url").strip(), asked.first("at")
    if "://" not in url:
        raise UsageError("no address is given", next_step="Write /replay?url=https://..., as it was captured.")
    if not asked.exhibit:
        raise NotHeldError("Captured pages are not shown as they were here.")
    shelf.blocked.check(url=url)
    archive, capture = by_address(shelf.archives, url, at)
    shelf.blocked.check_capture(capture)
    page = archive.page(capture)
    cables = archive.read(page).cables
    shelf.blocked.check_cables(cables)
    text = archive.plain(page)
    captures = [one for one in archive.captures_of(url) if not shelf.blocked.reason(record=one.row.record_id)]
    captures = captures[-_MOST_CAPTURES:]
    place = next((n for n, one in enumerate(captures) if one.row.record_id == capture.row.record_id), None)
    near = (None, None) if place is None else (_at(captures, place - 1), _at(captures, place + 1))
    shown = f"{asked.exhibit}/record/{capture.row.record_id.removeprefix(_RECORD)}"
    return DeskPage(
        template="replay.html",
        title=f"As it was: {capture.url}",
        data={
            "url": capture.url,
            "collection": capture.collection,
            "captured": capture.moment,
            "record": capture.row.record_id,
            "second_hand": capture.second_hand,
            "replay": shown,
            "captures": [{"captured": one.moment, "record": one.row.record_id} for one in captures],
        },
        context={
            "capture": capture,
            "captures": captures,
            "months": [(month, list(those)) for month, those in groupby(captures, lambda one: one.moment[:7])],
            "previous": near[0],
            "next": near[1],
            "number": None if place is None else place + 1,
            "shown": shown,
            "cables": cables,
            "text": cables[0].body if cables else None if text is None else text.text,
        },
        is_indexed=False,
        twin=path_of("replay.json", url=url, **({"at": at} if at else {})),
        frames=asked.exhibit,
    )


def _at(captures: Sequence[Capture], place: int) -> Capture | None:
    return captures[place] if 0 <= place < len(captures) else None
