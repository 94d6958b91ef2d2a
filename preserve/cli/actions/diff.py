"""What ``preserve diff`` does: how two captures of a cable differ, by lines, words and redaction marks.

Tested by ``tests/scenarios/test_history_of_releases.py``.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from preserve.cables.comparison import comparison_text
from preserve.cables.difference import Difference, classify, redaction_marks
from preserve.cables.passages import DifferenceLine, Passages, RedactionMark, passages
from preserve.cli.actions.history import claim_words
from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import reading
from preserve.cli.shared.output import opened_output
from preserve.config.configcache import cached_releases
from preserve.errors import NotHeldError
from preserve.replay.differencepage import difference_page
from preserve.replay.history import History, HistoryEntry
from preserve.replay.history import history as observations
from preserve.replay.selection import choose, last_different
from preserve.replay.times import newest
from preserve.text import clean, terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import DiffAnswer, MarkAnswer, SideAnswer

_MOST_MARKS = 10


_SIGN = {"same": " ", "removed": "-", "added": "+"}


_STYLE = {"removed": "red", "added": "green"}


def diff(
    place: Place,
    *,
    cable: str,
    a: str | None,
    b: str | None,
    html: Path | None,
    context: int,
    collection: tuple[str, ...],
) -> int:
    """Compare captures A and B of CABLE: lines, words in them, and redaction marks that came or went."""
    releases = cached_releases(place.config_dir)
    with reading(place, collection) as archives:
        held = observations(archives, cable, releases)
    before, after = _chosen(held, cable, a, b)
    for unread in held.unread:
        row = unread.capture.row
        say(f"not read: {row.record_id} of {row.date}: {terminal_line(unread.reason, 200)}")
    found = passages(before.extraction.body, after.extraction.body)
    kind = classify(before.extraction, after.extraction)
    if html is not None:
        page = difference_page(f"{cable}: {kind}", _facts(before, after), _words(kind, before, after, found), found)
        with opened_output(html) as file:
            file.write(page.encode("utf-8"))
        say(f"written to {html}")
    if place.as_json:
        place.emit(_json(cable, kind, before, after, found), "")
    else:
        _print(cable, _words(kind, before, after, found), (before, after), found, context)
    return 0


def _last(held: History) -> HistoryEntry:
    return newest(held.observations) or held.observations[-1]


def _chosen(held: History, cable: str, a: str | None, b: str | None) -> tuple[HistoryEntry, HistoryEntry]:
    if not held.observations:
        raise NotHeldError(
            f"no capture of {cable} can be read", next_step="Run `preserve verify` to see what is damaged."
        )
    if a is None:
        return last_different(held.observations)
    return choose(held.observations, a), _last(held) if b is None else choose(held.observations, b)


def _side(observation: HistoryEntry) -> "SideAnswer":
    extraction = observation.extraction
    return {
        "number": observation.number,
        "collection": observation.capture.collection,
        "captured": observation.capture.row.date,
        "url": observation.capture.row.uri,
        "record_id": observation.capture.row.record_id,
        "published_id": extraction.published_id,
        "raw_sha256": extraction.raw_sha256,
        "body_sha256": extraction.body_sha256,
        "comparison_sha256": extraction.comparison_sha256,
        "comparison_rules": extraction.comparison_rules,
        "rules_fired": list(extraction.rules_fired),
        "redaction_marks": redaction_marks(comparison_text(extraction.body).text),
    }


def _json(cable: str, kind: Difference, before: HistoryEntry, after: HistoryEntry, found: Passages) -> "DiffAnswer":
    return {
        "cable": cable,
        "difference": str(kind),
        "before": _side(before),
        "after": _side(after),
        "marks_added": [_mark(mark) for mark in found.marks_added],
        "marks_removed": [_mark(mark) for mark in found.marks_removed],
        "lines": [
            {
                "kind": line.kind,
                "before": line.before,
                "after": line.after,
                "pieces": [{"kind": piece.kind, "text": piece.text} for piece in line.pieces],
            }
            for line in found.lines
            if line.kind != "same"
        ],
    }


def _mark(mark: RedactionMark) -> "MarkAnswer":
    return {"text": mark.text, "line": mark.line}


def _facts(before: HistoryEntry, after: HistoryEntry) -> list[tuple[str, str, str]]:
    rows = [
        ("observation", *(str(one.number) for one in (before, after))),
        ("captured", *(one.capture.row.date for one in (before, after))),
        ("address", *(terminal_line(one.capture.row.uri or "", 300) for one in (before, after))),
        ("published id", *(one.extraction.published_id for one in (before, after))),
        ("page claims", *(claim_words(one) for one in (before, after))),
        ("rules fired", *(_rules(one) for one in (before, after))),
        ("SHA-256 of the page", *(one.extraction.raw_sha256 for one in (before, after))),
        ("of the text", *(one.extraction.body_sha256 for one in (before, after))),
        ("of the text for comparison", *(one.extraction.comparison_sha256 for one in (before, after))),
    ]
    return [(label, one, other) for label, one, other in rows]


def _rules(one: HistoryEntry) -> str:
    fired = ", ".join(str(number) for number in one.extraction.rules_fired) or "none"
    return f"{fired} (version {one.extraction.comparison_rules})"


def _words(kind: Difference, before: HistoryEntry, after: HistoryEntry, found: Passages) -> list[str]:
    words = [f"{kind}: observation {after.number} against {before.number}"]
    for marks, what in ((found.marks_added, "added"), (found.marks_removed, "removed")):
        if marks:
            at = ", ".join(str(mark.line) for mark in marks[:_MOST_MARKS])
            more = " …" if len(marks) > _MOST_MARKS else ""
            words.append(f"{counted(len(marks), 'redaction mark')} {what}, in line {at}{more}")
    if all(line.kind == "same" for line in found.lines):
        words.append("the texts are the same to the character")
    return words


def _print(
    title: str, words: list[str], sides: tuple[HistoryEntry, HistoryEntry], found: Passages, context: int
) -> None:
    """For people: colour where stdout is a terminal, plain elsewhere."""
    out = Console(file=sys.stdout, highlight=False, soft_wrap=True, markup=False, emoji=False)
    for number, said in enumerate(words):
        out.print(Text(f"  {said}" if number else f"{title}: {said}", style="bold" if not number else ""))
    for sign, one in zip("-+", sides, strict=True):
        where = terminal_line(one.capture.row.uri or "", 200)
        out.print(Text(f"{sign}{sign}{sign} {one.number}. {one.capture.row.date}  {where}", style="bold"))
    for hunk in found.hunks(context):
        starts = (
            next((getattr(line, side) for line in hunk if getattr(line, side)), 0) for side in ("before", "after")
        )
        out.print(Text("@@ line {} / {} @@".format(*starts), style="cyan"))
        for line in hunk:
            out.print(_coloured(line))


def _coloured(line: DifferenceLine) -> Text:
    style = _STYLE.get(line.kind, "")
    text = Text(_SIGN[line.kind], style=style)
    for piece in line.pieces:
        is_word = piece.kind != "same" and len(line.pieces) > 1
        text.append(clean(piece.text), style=f"{style} bold reverse" if is_word else style)
    return text
