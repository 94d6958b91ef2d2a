"""What ``preserve history`` does: every capture of a cable, and how its text changed.

Tested by ``tests/scenarios/test_history_of_releases.py``.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.loading import reading
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.secondhand import second_hand
from preserve.config.configcache import cached_releases
from preserve.provenance.releases import Conflict
from preserve.replay.history import History, HistoryEntry, Unread
from preserve.replay.history import history as observations
from preserve.replay.recover import NOT_SIGNED, CollectionReader
from preserve.replay.since import looks_since, other_addresses
from preserve.text import clean, terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import ConflictAnswer, ObservationAnswer, UnreadAnswer

_T = TypeVar("_T")


def history(place: Place, *, cable: str, collection: tuple[str, ...], verbose: bool) -> int:
    """List every capture of CABLE, oldest first: what its page claimed, how its text differs from the one before."""
    releases = cached_releases(place.config_dir)
    with reading(place, collection) as archives:
        held = observations(archives, cable, releases)
        later = _of_each(archives, held, lambda archive, url: looks_since(archive.catalogue, url))
        moved = _of_each(archives, held, lambda archive, url: other_addresses(archive, url) or None)
    place.emit(
        {
            "cable": cable,
            "observations": [as_json(one) for one in held.observations],
            "unread": [_unread(one) for one in held.unread],
            "later": [{"collection": name, **written_fields(one)} for name, _url, one in later],
            "moved": [
                {"collection": name, "url": url, **written_fields(one)} for name, url, found in moved for one in found
            ],
        },
        as_text(cable, held, verbose=verbose)
        + "".join(_behind(url, f"later looks  {one.words}") for _name, url, one in later)
        + "".join(_behind(url, *(one.words for one in found)) for _name, url, found in moved),
    )
    return 1 if held.unread else 0


def _of_each(
    archives: Sequence[CollectionReader], held: History, ask: Callable[[CollectionReader, str], _T | None]
) -> list[tuple[str, str, _T]]:
    """Of each address in each collection what ``ask`` says of it, if it says anything."""
    found = []
    for archive in archives:
        captures = (one.capture for one in held.observations)
        for url in dict.fromkeys(one.url for one in captures if one.collection == archive.paths.name):
            said = ask(archive, url)
            if said is not None:
                found.append((archive.paths.name, url, said))
    return found


def _behind(url: str, *lines: str) -> str:
    told = "".join(f"   {terminal_line(line, 400)}\n" for line in lines)
    return f"\n-  {terminal_line(url, 200)}\n{told}"


def as_json(observation: HistoryEntry) -> "ObservationAnswer":
    """One observation, ready for JSON."""
    capture, extraction = observation.capture, observation.extraction
    return {
        "number": observation.number,
        "collection": capture.collection,
        "captured": capture.row.date,
        "date_doubt": capture.dated.doubt or None,
        "url": capture.url,
        "second_hand": second_hand(capture),
        "record_id": capture.row.record_id,
        "revisit": capture.is_revisit,
        "layout": extraction.layout,
        "reading": observation.reading,
        "published_id": extraction.published_id,
        "canonical_id": extraction.canonical_id,
        "source": _printed(observation, "source"),
        "source_released": _printed(observation, "source_released"),
        "released": _printed(observation, "released"),
        "counter": _printed(observation, "counter"),
        "release": observation.release,
        "raw_sha256": extraction.raw_sha256,
        "body_sha256": extraction.body_sha256,
        "comparison_sha256": extraction.comparison_sha256,
        "comparison_rules": extraction.comparison_rules,
        "rules_fired": list(extraction.rules_fired),
        "whole": capture.source.whole,
        "difference": None if observation.difference is None else str(observation.difference),
        "changes": list(observation.changes),
        "conflicts": [conflict_json(conflict) for conflict in observation.conflicts],
    }


def conflict_json(conflict: Conflict) -> "ConflictAnswer":
    """One contradiction, ready for JSON."""
    return {
        "kind": str(conflict.kind),
        "published_id": conflict.published_id,
        "detail": conflict.detail,
        "record_ids": list(conflict.record_ids),
    }


def as_text(cable: str, held: History, *, verbose: bool = False) -> str:
    """The history for people. ``verbose``: with the rules of comparison that changed something in a text."""
    lines = [f"{cable}: {counted(len(held.observations), 'capture')}"]
    for observation in held.observations:
        capture, extraction = observation.capture, observation.extraction
        lines.append("")
        lines.append(f"{observation.number}. {capture.moment}  {terminal_line(capture.url, 200)}")
        if capture.dated.doubt:
            lines.append(f"   in doubt     {capture.dated.doubt}")
        if not capture.is_signed:
            lines.append(f"   not signed   {NOT_SIGNED}")
        if capture.second_hand:
            got = f"; got {capture.row.date}" if capture.memento is not None else ""
            lines.append(f"   second hand  {terminal_line(capture.second_hand, 200)}{got}")
        if extraction.published_id != cable:
            lines.append(f"   published as {extraction.published_id}")
        lines.append(f"   difference   {capture.lack or observation.difference or 'first capture'}")
        said = claim_words(observation)
        if said:
            lines.append(f"   page claims  {said}")
        if observation.release is not None:
            lines.append(f"   release      {observation.release}")
        if not observation.reading.is_plain:
            lines.append(f"   read by      {terminal_line(observation.reading.words, 200)}")
        lines.append(f"   text sha256  {extraction.body_sha256}")
        if verbose and extraction.rules_fired:
            fired = ", ".join(str(number) for number in extraction.rules_fired)
            lines.append(f"   rules        {fired}  (version {extraction.comparison_rules})")
        if capture.is_revisit:
            lines.append(f"   revisit of   {capture.source.record_id}, captured {capture.source.date}")
        lines += [f"   conflict     {one.kind}: {terminal_line(one.detail, 200)}" for one in observation.conflicts]
        lines += [f"   {clean(line)}" for line in observation.changes]
    for unread in held.unread:
        lines += ["", f"-  {unread.capture.row.date}  {terminal_line(unread.capture.row.uri or '', 200)}"]
        lines += [
            f"   not read     {terminal_line(unread.reason, 300)}",
            f"   record       {unread.capture.row.record_id}",
        ]
    return "\n".join(lines) + "\n"


def claim_words(observation: HistoryEntry) -> str:
    """What a page claims of its source, in one line: as printed, made safe for a terminal."""
    released = _printed(observation, "source_released") or _printed(observation, "released")
    counter = _printed(observation, "counter")
    parts = (
        _printed(observation, "source"),
        f"released {released}" if released else "",
        f"counter {counter}" if counter else "",
    )
    return terminal_line(", ".join(part for part in parts if part))


def _unread(unread: Unread) -> "UnreadAnswer":
    return {
        "collection": unread.capture.collection,
        "captured": unread.capture.row.date,
        "url": unread.capture.row.uri,
        "record_id": unread.capture.row.record_id,
        "reason": unread.reason,
    }


def _printed(observation: HistoryEntry, name: str) -> str:
    field = observation.extraction.fields.get(name)
    return "" if field is None else field.printed
