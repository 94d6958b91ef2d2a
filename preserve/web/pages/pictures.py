"""The pictures of two captures of a page, compared.

Tested by ``tests/scenarios/test_browser_made.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from preserve.errors import FormatError, NotHeldError, PreserveError, UsageError
from preserve.replay.made import Made, made_of
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.catalogue import RecordRow
from preserve.web.library import Shelf
from preserve.web.pages.records import shown_picture, shown_pictures
from preserve.web.pictures import PictureDifference
from preserve.web.responses import DeskPage, File, path_of
from preserve.web.routing import DeskRequest

KINDS: Final[Mapping[str, str]] = {"view": "the window", "fullPageFinal": "the whole page"}
_MOST_CAPTURES: Final = 100


@dataclass(frozen=True, slots=True)
class _Side:
    """A capture with its pictures, those that are shown."""

    archive: CollectionReader
    capture: Capture
    made: Made
    pictures: Mapping[str, RecordRow]

    @property
    def record(self) -> str:
        return self.capture.row.record_id


def _side(shelf: Shelf, archive: CollectionReader, capture: Capture) -> _Side | None:
    """A capture with its pictures; None where it has none, or none is shown."""
    if not shelf.blocked.is_shown(archive, capture):
        return None
    made = made_of(archive, capture, archive.captures_of(capture.url))
    pictures = shown_pictures(shelf, archive, made)
    return None if made is None or not pictures else _Side(archive, capture, made, pictures)


def _of_record(shelf: Shelf, record_id: str) -> _Side:
    """The capture that a record is, with its pictures."""
    for archive in shelf.archives:
        capture = archive.capture_of_record(record_id)
        if capture is not None:
            shelf.blocked.check_shown(archive, capture)
            side = _side(shelf, archive, capture)
            if side is not None:
                return side
    raise NotHeldError(f"no capture of a page with pictures has the record {record_id[:80]} here")


def _all_of(shelf: Shelf, url: str) -> list[_Side]:
    """The captures of an address that have pictures, oldest first; of very many the newest."""
    captures = [(archive, one) for archive in shelf.archives for one in archive.captures_of(url)]
    captures.sort(key=lambda pair: pair[1].moment)
    found = [_side(shelf, archive, one) for archive, one in captures[-_MOST_CAPTURES:]]
    return [side for side in found if side is not None]


def _two(shelf: Shelf, asked: DeskRequest) -> tuple[_Side, _Side, list[_Side]]:
    """The two that are meant, and all that there are of the address."""
    url, first, last = asked.first("url").strip(), asked.first("a"), asked.first("b")
    after = _of_record(shelf, last) if last else None
    before = _of_record(shelf, first) if first else None
    if not url and after is None:
        raise UsageError("no page is named", next_step="Write /page/pictures?url=https://...")
    address = url or (after.capture.url if after is not None else "")
    shelf.blocked.check(url=address)
    sides = _all_of(shelf, address)
    after = after or (sides[-1] if sides else None)
    if before is None and after is not None:
        earlier = [one for one in sides if one.capture.moment < after.capture.moment]
        before = earlier[-1] if earlier else None
    if before is None or after is None:
        raise NotHeldError("There are no two captures of this page with pictures to compare.")
    return before, after, sides


def _kind(asked: DeskRequest, before: _Side, after: _Side) -> str:
    kind = asked.first("kind")
    if kind and kind not in KINDS:
        raise UsageError(f"kind is none of {', '.join(KINDS)}")
    both = [one for one in KINDS if one in before.pictures and one in after.pictures]
    if not both or (kind and kind not in both):
        raise NotHeldError("The two captures have no such picture both.")
    return kind or both[0]


def _compared(shelf: Shelf, before: _Side, after: _Side, kind: str) -> PictureDifference:
    rows = (before.pictures[kind], after.pictures[kind])
    first = shown_picture(shelf, before.archive, rows[0])
    last = shown_picture(shelf, after.archive, rows[1])
    return shelf.comparing.of((rows[0].record_sha256, rows[1].record_sha256), first.data, last.data)


def _conditions(before: Made, after: Made) -> list[tuple[str, str, str]]:
    """What the pictures were made under, where it is not the same: name, before, after."""
    both = ((name, said, after.conditions.get(name, "")) for name, said in before.conditions.items())
    return [(name, one or "not known", other or "not known") for name, one, other in both if one != other]


def _place(one: tuple[int, int, int, int], size: tuple[int, int]) -> str:
    """Where on a picture a rectangle (left, top, width, height) lies, in words."""
    across = ("on the left", "in the middle", "on the right")[min(2, 3 * (2 * one[0] + one[2]) // (2 * size[0]))]
    percent = 100 * one[1] // size[1]
    return f"{across}, {percent}% of the way down" if percent else f"{across}, at the top"


def _facts(side: _Side, kind: str) -> dict[str, object]:
    return {
        "record": side.record,
        "url": side.capture.url,
        "collection": side.capture.collection,
        "captured": side.capture.moment,
        "picture": side.pictures[kind].record_id,
        "browser": side.made.browser,
        "told": side.made.told,
    }


def compare(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """Two pictures beside one another, with the areas that differ marked and listed."""
    before, after, sides = _two(shelf, asked)
    kind = _kind(asked, before, after)
    found, lack = None, ""
    try:
        found = _compared(shelf, before, after, kind)
    except FormatError as error:
        lack = str(error)
    size = (1, 1) if found is None else (max(found.before[0], found.after[0]), max(found.before[1], found.after[1]))
    areas = [] if found is None else [
        {**asdict(one), "place": _place((one.left, one.top, one.width, one.height), size)} for one in found.areas
    ]  # fmt: skip
    changes = _conditions(before.made, after.made)
    named = {"url": after.capture.url, "a": before.record, "b": after.record, "kind": kind}
    facts = {"before": _facts(before, kind), "after": _facts(after, kind)}
    return DeskPage(
        template="pictures.html",
        title=f"Pictures compared: {after.capture.url}",
        data={
            "url": after.capture.url,
            "kind": kind,
            **facts,
            "not_compared": lack or None,
            "sizes": None if found is None else {"before": found.before, "after": found.after},
            "pixels": None if found is None else found.pixels,
            "changed_pixels": None if found is None else found.changed,
            "areas": areas,
            "areas_left_out": 0 if found is None else found.left_out,
            "made_differently": [{"what": name, "before": one, "after": other} for name, one, other in changes],
        },
        context={
            **facts,
            "url": after.capture.url,
            "kind": kind,
            "kinds": [(one, told) for one, told in KINDS.items() if one in before.pictures and one in after.pictures],
            "found": found,
            "lack": lack,
            "size": size,
            "areas": areas,
            "changes": changes,
            "sides": _choices(sides, before, after),
            "marked_path": path_of("page", "changed", **named),
            "named": named,
        },
        is_indexed=False,
        twin=path_of("page", "pictures.json", **named),
    )


def _choices(sides: Sequence[_Side], *chosen: _Side) -> list[tuple[str, str]]:
    """Captures to choose from (record, moment), oldest first, with those that are chosen."""
    moments = {side.record: side.capture.moment for side in (*sides, *chosen)}
    return sorted(moments.items(), key=lambda pair: pair[1])


def marked(shelf: Shelf, asked: DeskRequest) -> File:
    """The second picture pale, and what differs in red: made by this desk, at this moment."""
    before, after, _sides = _two(shelf, asked)
    try:
        found = _compared(shelf, before, after, _kind(asked, before, after))
    except FormatError as error:
        raise NotHeldError(f"The two cannot be compared: {error}.") from error
    return File(body=found.marked, media_type="image/png", is_data=False)


def _page_of(archive: CollectionReader, capture: Capture) -> Capture | None:
    """The capture of the page whose scripts made a document; any other is its own."""
    if not capture.is_built:
        return capture
    row = capture.row
    own = [
        one
        for one in archive.captures_of(capture.url)
        if one.row.run == row.run and one.row.statement_index < row.statement_index
    ]
    return max(own, key=lambda one: one.row.statement_index, default=None)


def pictures_of_two(shelf: Shelf, before: Capture, after: Capture) -> str:
    """The path at which the pictures of two captures are compared; empty where one has none."""
    records = []
    for capture in (before, after):
        try:
            archive = shelf.archive(capture.collection)
            page = _page_of(archive, capture)
            side = None if page is None else _side(shelf, archive, page)
        except PreserveError:
            return ""
        if side is None:
            return ""
        records.append(side.record)
    return path_of("page", "pictures", url=after.url, a=records[0], b=records[1])
