"""Every capture of a cable, and two of them compared word by word.

Tested by ``tests/scenarios/test_desk.py``.
"""

from collections.abc import Sequence

import msgspec

from preserve.cables.difference import classify
from preserve.cables.passages import passages
from preserve.errors import NotHeldError, UsageError
from preserve.replay.history import History, HistoryEntry
from preserve.replay.history import history as observations
from preserve.replay.selection import choose, last_different
from preserve.replay.times import newest
from preserve.web.library import Shelf
from preserve.web.pages.pictures import pictures_of_two
from preserve.web.responses import DeskPage, path_of
from preserve.web.routing import DeskRequest

_AROUND = 3
_MOST_LINES = 5_000


def _held(shelf: Shelf, name: str) -> History:
    """What is held of a cable, without what is not shown here."""
    if "://" in name:
        raise NotHeldError("A cable is named by its id.")
    shelf.blocked.check(cable=name)
    found = observations(shelf.archives, name, shelf.releases)
    shelf.blocked.check_cables(one.extraction for one in found.observations)
    kept = tuple(
        one
        for one in found.observations
        if not shelf.blocked.reason(url=one.capture.url, record=one.capture.row.record_id)
    )
    return History(observations=kept, unread=found.unread)


def _printed(one: HistoryEntry, name: str) -> str:
    field = one.extraction.fields.get(name)
    return "" if field is None else field.printed


def _data(one: HistoryEntry) -> dict[str, object]:
    extraction, capture = one.extraction, one.capture
    return {
        "number": one.number,
        "collection": capture.collection,
        "captured": capture.moment,
        "date_doubt": capture.dated.doubt or None,
        "url": capture.url,
        "second_hand": capture.second_hand or None,
        "record": capture.row.record_id,
        "is_revisit": capture.is_revisit,
        "is_signed": capture.is_signed,
        "published_id": extraction.published_id,
        "source": _printed(one, "source"),
        "source_released": _printed(one, "source_released"),
        "release": one.release,
        "body_sha256": extraction.body_sha256,
        "difference": None if one.difference is None else str(one.difference),
        "lack": capture.lack,
        "reading": msgspec.to_builtins(one.reading),
        "conflicts": [f"{conflict.kind}: {conflict.detail}" for conflict in one.conflicts],
    }


def history_page(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """The captures, oldest first, each with how its text differs from the one before."""
    name = asked.rest[0]
    held = _held(shelf, name)
    rows = [_data(one) for one in held.observations]
    unread = [
        {"captured": one.capture.row.date, "record": one.capture.row.record_id, "reason": one.reason}
        for one in held.unread
    ]
    return DeskPage(
        template="history.html",
        title=f"{name}: history",
        data={"cable": name, "observations": rows, "unread": unread},
        context={"name": name, "rows": rows, "unread": unread},
        twin=path_of("cable", name, "history.json"),
    )


def _sides(held: Sequence[HistoryEntry], asked: DeskRequest) -> tuple[HistoryEntry, HistoryEntry]:
    """The two that are meant: ``A..B`` in the path, ``a`` and ``b`` of a form, else the newest two that differ."""
    said = asked.rest[1] if len(asked.rest) > 1 else ""
    first, _, last = said.partition("..")
    first, last = first or asked.first("a"), last or asked.first("b")
    if not first and not last:
        return last_different(held)
    if not first:
        raise UsageError("the first of the two is not named", next_step="Write A..B, numbers of the history.")
    return choose(held, first), choose(held, last) if last else (newest(held) or held[-1])


def difference(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """Two captures side by side in one column: lines, words in them, and redaction marks that came or went."""
    name = asked.rest[0]
    held = _held(shelf, name)
    if not held.observations:
        raise NotHeldError(f"no capture of {name} can be read")
    before, after = _sides(held.observations, asked)
    found = passages(before.extraction.body, after.extraction.body)
    kind = classify(before.extraction, after.extraction)
    hunks = list(found.hunks(_AROUND))
    shown, lines = [], 0
    for hunk in hunks:
        lines += len(hunk)
        if lines > _MOST_LINES:
            break
        shown.append(hunk)
    added = [(mark.line, mark.text) for mark in found.marks_added]
    removed = [(mark.line, mark.text) for mark in found.marks_removed]
    pair = f"{before.capture.row.record_id}..{after.capture.row.record_id}"
    return DeskPage(
        template="diff.html",
        title=f"{name}: {kind}",
        data={
            "cable": name,
            "class": str(kind),
            "before": _data(before),
            "after": _data(after),
            "marks_added": [{"line": line, "text": text} for line, text in added],
            "marks_removed": [{"line": line, "text": text} for line, text in removed],
            "lines": [
                {
                    "kind": line.kind,
                    "before": line.before,
                    "after": line.after,
                    "pieces": [[piece.kind, piece.text] for piece in line.pieces],
                }
                for hunk in shown
                for line in hunk
            ],
        },
        context={
            "name": name,
            "kind": str(kind),
            "before": _data(before),
            "after": _data(after),
            "hunks": shown,
            "left_out": len(hunks) - len(shown),
            "added": added,
            "removed": removed,
            "pictures": pictures_of_two(shelf, before.capture, after.capture),
            "numbers": [(one.number, one.capture.moment) for one in held.observations],
        },
        is_indexed=False,
        twin=path_of("cable", name, "diff", f"{pair}.json"),
    )
