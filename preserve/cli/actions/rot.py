"""What ``preserve rot`` does: what became of the addresses that were captured, and what stable copy there is.

Tested by ``tests/scenarios/test_link_rot.py``.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from preserve.cli.commands.rot import STATES
from preserve.cli.shared.common import Place, counted, say, schema_name
from preserve.cli.shared.configured import muted_patterns
from preserve.cli.shared.loading import reading
from preserve.cli.shared.manner import is_coloured
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.cli.shared.tones import rendered, toned
from preserve.errors import UsageError
from preserve.integrity.losses import accept_losses, state_moved, state_muted
from preserve.model import check_collection_name, format_utc
from preserve.provenance.founding import load_writer
from preserve.provenance.judgements import Judgements
from preserve.provenance.keys import passphrase
from preserve.provenance.session import Writer
from preserve.replay.link_status import LOST, LinkState, LinkTransition
from preserve.replay.link_status_list import UNREADABLE, LinkStatus, rot_of
from preserve.replay.muting import Muting
from preserve.replay.recover import CollectionReader, parse_moment
from preserve.store.archive import open_archive
from preserve.store.catalogue import SeenRow
from preserve.store.layout import CollectionPaths
from preserve.store.mementos import MementoRow
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import AddressFacts, GoodCapture, MementoAnswer, TransitionAnswer

_Write = Callable[[str], object]


def rot(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    collection: tuple[str, ...],
    states: tuple[str, ...],
    everything: bool,
    held: bool,
    never: bool,
    since: str | None,
    markdown: bool,
    shape: TableShape,
) -> int:
    """Tell what became of every captured address, with the evidence."""
    if click.get_current_context().invoked_subcommand is not None:
        return 0
    if markdown and (place.as_json or shape.is_table):
        raise UsageError("--json, --format and --markdown exclude each other", next_step="Give one of them.")
    chosen = frozenset(states) or frozenset(STATES if everything else STATES[1:])
    counts: Counter[str] = Counter()
    wanted = _Wanted(
        states=chosen,
        held=held,
        # A program reads all of them, and knows them apart by `first_good`.
        never=never or place.as_json,
        since="" if since is None else format_utc(parse_moment(since)),
    )
    with reading(place, collection) as archives:
        listed = _listed(place, archives, wanted, counts)
        if place.as_json:
            _write_json(listed, counts)
        elif shape.is_table:
            write_rows(shape, map(_row, listed))
        else:
            _write_people(listed, counts, _say, _markdown if markdown else _text)
    if counts[UNREADABLE]:
        say(f"preserve: records of {counted(counts[UNREADABLE], 'page')} could not be read")
        say("  next: run `preserve rebuild COLLECTION`, then `preserve verify COLLECTION` to see what is damaged")
    return 1 if counts[UNREADABLE] or counts[_LOUD] else 0


def accept(place: Place, *, urls: tuple[str, ...], everything: bool, collection: str, reason: str) -> int:
    """State that the loss of pages is known: no run is bad for them until they come whole again."""
    if bool(urls) == everything:
        raise UsageError("name the pages, or give --all", next_step="Give either.")
    paths, writer = _to_write(place, collection)
    known = accept_losses(paths, writer, urls, reason=reason, now=datetime.now(UTC))
    place.emit(
        {"collection": collection, "accepted": known}, "".join(f"accepted  {terminal_line(url)}\n" for url in known)
    )
    return 0


def moved(place: Place, *, old: str, new: str, collection: str, reason: str) -> int:
    """State that the pages whose addresses begin with OLD begin with NEW now: a site's new home."""
    paths, writer = _to_write(place, collection)
    state_moved(paths, writer, old, new, reason=reason, now=datetime.now(UTC))
    place.emit(
        {"collection": collection, "old": old, "new": new}, f"moved     {terminal_line(old)} to {terminal_line(new)}\n"
    )
    return 0


def mute(place: Place, *, urls: tuple[str, ...], collection: str, reason: str, end: bool) -> int:
    """State that the pages at URLS raise no alarm from then on: they are looked at and recorded as before."""
    paths, writer = _to_write(place, collection)
    told = state_muted(paths, writer, urls, muted=not end, reason=reason, now=datetime.now(UTC))
    word = "not muted" if end else "muted"
    place.emit(
        {"collection": collection, "muted": not end, "urls": told},
        "".join(f"{word:<9} {terminal_line(url)}\n" for url in told),
    )
    return 0


def _to_write(place: Place, collection: str) -> tuple[CollectionPaths, Writer]:
    paths = open_archive(place.archives, check_collection_name(collection))
    return paths, load_writer(paths, place.keys, secret=passphrase(os.environ))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which addresses are listed. ``held``: only those that were a page once are looked at; ``never``: the others too.

    ``since``: a moment as text, or empty.
    """

    states: frozenset[str]
    held: bool
    never: bool
    since: str

    def lists(self, found: LinkStatus) -> bool:
        """Whether this one is listed."""
        is_held = found.first is not None
        return found.state in self.states and (is_held or self.never) and found.machine.since >= self.since


_NEVER = "never a page"
_MUTED, _LOUD = "muted", "lost and not muted"


def _listed(
    place: Place, archives: Sequence[CollectionReader], wanted: _Wanted, counts: Counter[str]
) -> Iterator["_Listed"]:
    """The addresses to list, one by one; ``counts`` counts all, those that never were a page, and those muted."""
    for archive in archives:
        judgements = Judgements.read(archive.catalogue, archive.log.entry)
        muting = Muting(muted_patterns(place, archive.paths.name), judgements)
        for found in rot_of(archive):
            if wanted.held and found.first is None:
                continue
            is_muted = muting.holds(found.url)
            counts[_MUTED] += is_muted
            counts[_LOUD] += found.state in LOST and not is_muted
            counts[found.state] += 1
            counts[_NEVER] += found.first is None
            counts[UNREADABLE] += _is_unreadable(found)
            if wanted.lists(found):
                yield _Listed(found, is_muted)


class _Listed(NamedTuple):
    found: LinkStatus
    is_muted: bool


def _is_unreadable(found: LinkStatus) -> bool:
    looks = [change.look for change in found.machine.transitions]
    return any(look is not None and look.reason == UNREADABLE for look in (*looks, found.machine.last))


def as_json(found: LinkStatus) -> "AddressFacts":
    """One address, ready for JSON."""
    machine = found.machine
    return {
        "collection": found.collection,
        "url": found.url,
        "state": str(found.state),
        "reason": machine.reason,
        "since": machine.since,
        "looks": machine.looks,
        "last_look": None if machine.last is None else machine.last.date,
        "days_missing": machine.missing_days,
        "days_unreachable": machine.unreachable_days,
        "first_good": _good(found.first),
        "last_good": _good(found.good),
        "second_hand": [_memento(row) for row in found.second_hand],
        "transitions": [_transition(t) for t in machine.transitions],
        "transitions_left_out": machine.left_out,
    }


def _row(listed: "_Listed") -> dict[str, object]:
    """One address for a table, by the columns of `preserve.cli.commands.rot.COLUMNS`."""
    found, machine, good = listed.found, listed.found.machine, listed.found.good
    return {
        "state": str(found.state),
        "since": machine.since,
        "reason": machine.reason,
        "last_look": None if machine.last is None else machine.last.date,
        "looks": machine.looks,
        "captured": None if good is None else good.row.date,
        "cable": None if good is None else good.cable,
        "url": found.url,
        "muted": listed.is_muted,
        "collection": found.collection,
        "record_id": None if good is None else good.row.record_id,
    }


def _good(good: SeenRow | None) -> "GoodCapture | None":
    if good is None:
        return None
    return {
        "record_id": good.row.record_id,
        "captured": good.row.date,
        "statement": good.row.statement_index,
        "payload_sha256": good.row.payload_sha256,
        "cable": good.cable,
    }


def _memento(row: MementoRow) -> "MementoAnswer":
    return {
        "archive": row.archive,
        "served": row.served,
        "requested": row.requested,
        "record_id": row.record_id,
        "held": row.held,
    }


def _transition(change: LinkTransition) -> "TransitionAnswer":
    look = change.look
    return {
        "date": look.date,
        "from": None if change.old is None else str(change.old),
        "to": str(change.new),
        "reason": look.reason,
        "status": look.status,
        "evidence": look.evidence,
    }


def _write_json(listed: Iterator[_Listed], counts: Mapping[str, int]) -> None:
    """One JSON document, written as it goes: a collection may have millions of addresses."""
    sys.stdout.write(f'{{\n  "schema": "{schema_name()}",\n  "addresses": [')
    for number, (found, is_muted) in enumerate(listed):
        # With ASCII only, no control character of an address reaches a terminal.
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps({**as_json(found), 'muted': is_muted})}")
    sys.stdout.write(f'\n  ],\n  "counts": {json.dumps({name: counts[name] for name in (*STATES, _MUTED)})}\n}}\n')


def _say(text: str) -> None:
    sys.stdout.write(rendered(text, colour=is_coloured(sys.stdout)))


def _write_people(
    listed: Iterator[_Listed], counts: Mapping[str, int], write: _Write, entry: Callable[[LinkStatus], list[str]]
) -> None:
    is_markdown = entry is _markdown
    if is_markdown:
        write("# Link rot\n\n")
    for found, is_muted in listed:
        lines = entry(found)
        # Behind the heading and its blank line, or the line of the state.
        at = 2 if is_markdown else 1
        lines[at:at] = ["- muted" if is_markdown else "  muted"] if is_muted else []
        write("\n".join(lines) + "\n")
    number = sum(counts[name] for name in STATES)
    total = f"{number:,} address{'es' if number != 1 else ''}"
    told = ", ".join(f"{counts[name]:,} {name}" for name in STATES if counts[name])
    never = f"; {counts[_NEVER]:,} never were a page" if counts[_NEVER] else ""
    never += f"; {counts[_MUTED]:,} muted" if counts[_MUTED] else ""
    write(f"\n{total}: {told}{never}.\n" if is_markdown else f"{total}{f': {told}' if told else ''}{never}\n")


def _text(found: LinkStatus) -> list[str]:
    lines = [f"{toned(f'{found.state:<9}')} {terminal_line(found.url, 200)}", f"  {'since':<10} {_since(found)}"]
    lines += [f"  {name:<10} {line}" for name, line in _copies(found)]
    return lines


def _since(found: LinkStatus) -> str:
    machine = found.machine
    last = "" if machine.last is None or machine.last.date == machine.since else f"; last look {machine.last.date}"
    change = machine.transitions[-1] if machine.transitions else None
    evidence = "" if change is None else f", {change.look.evidence}"
    return f"{machine.since} ({terminal_line(machine.reason)}{evidence}){last}"


def _copies(found: LinkStatus) -> list[tuple[str, str]]:
    """What stable copy there is, and the commands that show and cite it."""
    good = found.good
    if good is None and found.second_hand:
        row = found.second_hand[-1]
        told = f"as served by {row.archive_title}, memento of {row.served}  record {row.record_id}"
        return [
            ("copy", terminal_line(f"second hand, {told}", 400)),
            ("show", _command("show", found.url, found.collection)),
        ]
    if good is None:
        return [("copy", f"none is held; look in web archives: {_command('rescue', found.url, found.collection)}")]
    if found.state is LinkState.CHANGED and found.first is not None:
        # What was cited is what the page was at first, and no longer is.
        good = found.first
    at = f" --at {good.row.date}"
    lines = [
        ("copy", f"{good.row.date}  record {good.row.record_id}"),
        ("show", _command("show", found.url, found.collection) + at),
    ]
    if good.cable is not None:
        lines.append(("cite", _command("cite", good.cable, found.collection) + at))
    return lines


def _command(name: str, subject: str, collection: str) -> str:
    """A command to type; what came from a page stands in quotes that no shell looks into."""
    quoted = terminal_line(subject, 4_000).replace("'", "'\\''")
    return f"preserve {name} '{quoted}' {'--into' if name == 'rescue' else '-c'} {collection}"


def _markdown(found: LinkStatus) -> list[str]:
    lines = [f"## {found.state}: {_code(found.url)}", "", f"- since {_code(_since(found))}"]
    lines += [f"- {name}: {_code(line)}" for name, line in _copies(found)]
    lines += [
        f"- {_code(change.look.date)} {change.old or 'new'} → {change.new}: {_code(change.look.reason)}, "
        f"{_code(change.look.evidence)}"
        for change in found.machine.transitions
    ]
    return [*lines, ""]


def _code(text: str) -> str:
    """Text of others as a code span of Markdown: longer runs of back-ticks around than in it (CommonMark 6.1)."""
    flat = terminal_line(text, 2_000)
    longest, run = 0, 0
    for char in flat:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    mark = "`" * (longest + 1)
    return f"{mark} {flat} {mark}" if longest else f"`{flat}`"
