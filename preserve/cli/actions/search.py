"""What ``preserve search`` does: words in the texts and fields of the cables held.

Tested by ``tests/scenarios/test_search.py``.
"""

import sys
from collections.abc import Sequence

from preserve.cli.shared.common import Place, note
from preserve.cli.shared.manner import is_coloured
from preserve.cli.shared.search_indexes import asking, cable_facts, cable_row
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.replay.searching import Question, SearchHits, ask
from preserve.store.searchindex import MARKS, RANKED, Filters
from preserve.text import terminal_line

_FACETS = ("tag", "origin", "class", "year", "source", "redacted")


def search(
    place: Place,
    *,
    words: tuple[str, ...],
    filters: Filters,
    collection: tuple[str, ...],
    limit: int,
    with_facets: bool,
    shape: TableShape,
) -> int:
    """Find cables that have WORDS in their text, subject or fields, the best first, each with the passage."""
    with asking(place, collection) as opened:
        asked = Question(words=" ".join(words), filters=filters, limit=limit, with_facets=with_facets)
        answer = ask(opened, asked)
    found, total, is_more = answer.hits, answer.count, answer.is_more
    parts = {kind: said for kind, said in answer.facets.items() if kind in _FACETS}
    data: dict[str, object] = {
        "query": " ".join(words),
        "count": total,
        "is_more": is_more,
        "hits": [_json(item) for item in found],
    }
    if with_facets:
        data["facets"] = {
            kind: [{"value": value, "count": count} for value, count in said] for kind, said in parts.items()
        }
    if shape.is_table and not place.as_json:
        write_rows(shape, map(_row, found))
    else:
        shown = "".join(_text(item, colour=is_coloured(sys.stdout)) for item in found)
        place.emit(data, shown + "".join(_facet(kind, said) for kind, said in parts.items() if said))
    if not place.as_json:
        note(_summary(len(found), total, is_more=is_more))
    return 0 if found else 3


def _summary(shown: int, total: int, *, is_more: bool) -> str:
    if not total:
        return "preserve: nothing found\n  next: try fewer words, or the beginning of one: harb*"
    if is_more:
        return f"{shown:,} of more than {RANKED:,} shown: the best of the first {RANKED:,}. Narrow it with a filter."
    more = "" if shown == total else "; --limit shows more"
    return f"{shown:,} of {total:,} shown{more}"


def _facet(kind: str, said: Sequence[tuple[str, int]]) -> str:
    return f"{kind:<7} {', '.join(f'{terminal_line(value, 60)} {count:,}' for value, count in said)}\n"


def _json(item: SearchHits) -> dict[str, object]:
    passage, marks = _marked(item.hit.passage)
    facts = cable_facts(item.collection, item.hit.cable)
    return {**facts, "rank": round(item.hit.rank, 4), "passage": passage, "marks": marks}


def _row(item: SearchHits) -> dict[str, object]:
    return {**cable_row(item.collection, item.hit.cable), "passage": _marked(item.hit.passage)[0]}


def _marked(passage: str) -> tuple[str, list[list[int]]]:
    """The passage on one line without its marks, and the spans of characters that they were around."""
    flat = " ".join(passage.split())
    parts: list[str] = []
    spans: list[list[int]] = []
    length = 0
    for number, piece in enumerate(flat.replace(MARKS[1], MARKS[0]).split(MARKS[0])):
        if number % 2:
            spans.append([length, length + len(piece)])
        parts.append(piece)
        length += len(piece)
    return "".join(parts), spans


def _text(item: SearchHits, *, colour: bool) -> str:
    cable = item.hit.cable
    head = f"{terminal_line(cable.published_id)}  {terminal_line(cable.subject, 200)}"
    facts = (cable.sent or "no date", cable.classification, cable.origin, item.collection)
    return (
        f"{head}\n  {'  '.join(terminal_line(fact, 80) for fact in facts if fact)}\n  {_passage(item, colour=colour)}\n"
    )


def _passage(item: SearchHits, *, colour: bool) -> str:
    """On one line, safe for a terminal; what was found stands out there, and between stars elsewhere."""
    before, behind = ("\x1b[1;33m", "\x1b[0m") if colour else ("**", "**")
    pieces = item.hit.passage.replace(MARKS[1], MARKS[0]).split(MARKS[0])
    shown = [f"{before}{_safe(piece)}{behind}" if number % 2 else _safe(piece) for number, piece in enumerate(pieces)]
    return "".join(shown).strip()


def _safe(piece: str) -> str:
    flat = terminal_line(piece, 2_000)
    return f"{' ' if piece[:1].isspace() else ''}{flat}{' ' if flat and piece[-1:].isspace() else ''}"
