"""``preserve rot``: what became of the addresses that were captured, and what stable copy there is."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import click

from preserve.cli.common import Place, command_options, one_line
from preserve.cli.loading import reading
from preserve.errors import UsageError
from preserve.replay.recover import Archive
from preserve.replay.rot import LOST, State, Transition
from preserve.replay.rotlist import Rot, rot_of
from preserve.store.catalogue import SeenRow
from preserve.store.mementos import MementoRow

_ORDER = tuple(str(state) for state in State)
_Write = Callable[[str], object]


@click.command(short_help="Tell which captured pages are gone.")
@click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(_ORDER),
    help="List addresses of this state only. May be given again. [default: all but alive]",
)
@click.option("--all", "everything", is_flag=True, help="List addresses that are alive too.")
@click.option("--markdown", is_flag=True, help="Answer with a report in Markdown.")
@command_options
def rot(place: Place, collection: tuple[str, ...], states: tuple[str, ...], everything: bool, markdown: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Tell what became of every captured address: alive, moved, changed, soft-404, gone or unknown; with the evidence.

    It looks at what is held and connects to nothing: the states are as fresh as the last capture. An address is gone
    after 404, 410 or 451 on two different days, or after three days without an answer while other hosts answered.
    Status 1: something is gone or a soft 404.
    """
    if markdown and place.as_json:
        raise UsageError("--json and --markdown exclude each other", next_step="Give one of them.")
    chosen = frozenset(states) or frozenset(_ORDER if everything else _ORDER[1:])
    counts: Counter[str] = Counter()
    with reading(place, collection) as archives:
        listed = _listed(archives, chosen, counts)
        if place.as_json:
            _write_json(listed, counts)
        else:
            _write_people(listed, counts, sys.stdout.write, _markdown if markdown else _text)
    return 1 if any(counts[state] for state in LOST) else 0


def _listed(archives: Sequence[Archive], chosen: frozenset[str], counts: Counter[str]) -> Iterator[Rot]:
    """The addresses to list, one by one; ``counts`` counts all."""
    for archive in archives:
        for found in rot_of(archive):
            counts[found.state] += 1
            if found.state in chosen:
                yield found


def as_json(found: Rot) -> dict[str, object]:
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


def _good(good: SeenRow | None) -> dict[str, object] | None:
    if good is None:
        return None
    return {
        "record_id": good.row.record_id,
        "captured": good.row.date,
        "statement": good.row.statement_index,
        "payload_sha256": good.row.payload_sha256,
        "cable": good.cable,
    }


def _memento(row: MementoRow) -> dict[str, object]:
    return {
        "archive": row.archive,
        "served": row.served,
        "requested": row.requested,
        "record_id": row.record_id,
        "held": row.held,
    }


def _transition(change: Transition) -> dict[str, object]:
    look = change.look
    return {
        "date": look.date,
        "from": None if change.old is None else str(change.old),
        "to": str(change.new),
        "reason": look.reason,
        "status": look.status,
        "evidence": look.evidence,
    }


def _write_json(listed: Iterator[Rot], counts: Mapping[str, int]) -> None:
    """One JSON document, written as it goes: a collection may have millions of addresses."""
    sys.stdout.write('{\n  "addresses": [')
    for number, found in enumerate(listed):
        # With ASCII only, no control character of an address reaches a terminal.
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps(as_json(found))}")
    sys.stdout.write(f'\n  ],\n  "counts": {json.dumps({name: counts[name] for name in _ORDER})}\n}}\n')


def _write_people(
    listed: Iterator[Rot], counts: Mapping[str, int], write: _Write, entry: Callable[[Rot], list[str]]
) -> None:
    is_markdown = entry is _markdown
    if is_markdown:
        write("# Link rot\n\n")
    for found in listed:
        write("\n".join(entry(found)) + "\n")
    number = sum(counts.values())
    total = f"{number:,} address{'es' if number != 1 else ''}"
    told = ", ".join(f"{counts[name]:,} {name}" for name in _ORDER if counts[name])
    write(f"\n{total}: {told}.\n" if is_markdown else f"{total}{f': {told}' if told else ''}\n")


def _text(found: Rot) -> list[str]:
    lines = [f"{found.state:<9} {one_line(found.url, 200)}", f"  {'since':<10} {_since(found)}"]
    lines += [f"  {name:<10} {line}" for name, line in _copies(found)]
    return lines


def _since(found: Rot) -> str:
    machine = found.machine
    last = "" if machine.last is None or machine.last.date == machine.since else f"; last look {machine.last.date}"
    change = machine.transitions[-1] if machine.transitions else None
    evidence = "" if change is None else f", {change.look.evidence}"
    return f"{machine.since} ({one_line(machine.reason)}{evidence}){last}"


def _copies(found: Rot) -> list[tuple[str, str]]:
    """What stable copy there is, and the commands that show and cite it."""
    good = found.good
    if good is None and found.second_hand:
        row = found.second_hand[-1]
        told = f"as served by {row.archive_title}, memento of {row.served}  record {row.record_id}"
        return [
            ("copy", one_line(f"second hand, {told}", 400)),
            ("show", _command("show", found.url, found.collection)),
        ]
    if good is None:
        return [("copy", f"none is held; look in web archives: {_command('rescue', found.url, found.collection)}")]
    if found.state is State.CHANGED and found.first is not None:
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
    quoted = one_line(subject, 4_000).replace("'", "'\\''")
    return f"preserve {name} '{quoted}' {'--into' if name == 'rescue' else '-c'} {collection}"


def _markdown(found: Rot) -> list[str]:
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
    flat = one_line(text, 2_000)
    longest, run = 0, 0
    for char in flat:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    mark = "`" * (longest + 1)
    return f"{mark} {flat} {mark}" if longest else f"`{flat}`"
