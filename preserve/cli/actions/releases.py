"""What ``preserve releases`` does: the releases that are declared, and those that pages claim.

Tested by ``tests/scenarios/test_history_of_releases.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import TYPE_CHECKING

import msgspec

from preserve.cli.actions.history import conflict_json
from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.loading import reading
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.config.folder import load_releases
from preserve.config.release import ReleaseConfig
from preserve.errors import NotHeldError
from preserve.provenance.releases import ReleaseClaim, ReleaseReport, ReleaseUse, report
from preserve.provenance.statements import ReleaseStatement, decode
from preserve.store.archive import list_collections
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import ClaimedByAnswer, ReleasesAnswer

_TOLD = 20


_SHOWN_BUILDS = 12


def releases(place: Place, *, name: str | None, collection: tuple[str, ...], shape: TableShape) -> int:
    """List the releases that are declared, how many captures and cables claim each, and where claims conflict."""
    declared = load_releases(place.config_dir)
    stated: list[tuple[str, ReleaseStatement]] = []
    if collection or list_collections(place.archives):
        with reading(place, collection) as archives:
            claims = merge(*(archive.claims() for archive in archives), key=_order)
            found = report(claims, declared, only=name or "")
            for archive in archives:
                said = (decode(body.encode()) for body in archive.catalogue.releases())
                stated += ((archive.paths.name, one) for one in said if isinstance(one, ReleaseStatement))
    else:
        found = report([], declared)
    if name is not None:
        if (
            name not in declared
            and name not in found.undeclared
            and all(one.release != name for _collection, one in stated)
        ):
            raise NotHeldError(
                f"no release is called {name}, and no page names it",
                next_step="Run `preserve releases` for their names; `preserve release add` declares one.",
            )
        stated = [one for one in stated if one[1].release == name]
    if shape.is_table and not place.as_json:
        write_rows(shape, _rows(name, declared, found))
    else:
        place.emit(_json(name, declared, found, stated), _text(name, declared, found, stated))
    return 0


def _rows(name: str | None, declared: Mapping[str, ReleaseConfig], found: ReleaseReport) -> Iterator[dict[str, object]]:
    """Releases for a table, by the columns of `preserve.cli.commands.releases.COLUMNS`."""
    known = [(key, found.declared[key], config) for key, config in declared.items()]
    claimed = [(source, use, None) for source, use in found.undeclared.items()]
    for called, use, config in (*known, *claimed):
        if name in {None, called}:
            yield {
                "name": called,
                "declared": config is not None,
                "released": "" if config is None else config.released,
                "captures": use.captures,
                "cables": use.cables,
                "first_captured": use.first,
                "last_captured": use.last,
                "title": "" if config is None else config.title,
                "counter": None if config is None else config.counter,
                "publisher": "" if config is None else config.publisher,
            }


def _order(claim: ReleaseClaim) -> tuple[str, str]:
    return claim.published_id, claim.date


def _json(
    name: str | None,
    declared: Mapping[str, ReleaseConfig],
    found: ReleaseReport,
    stated: Sequence[tuple[str, ReleaseStatement]],
) -> "ReleasesAnswer":
    return {
        "declared": [
            {
                **one.model_dump(mode="json"),
                "precision": one.precision,
                "builds": [build.model_dump(mode="json") for build in one.builds],
                "claimed": _use(found.declared[one.name]),
            }
            for one in declared.values()
            if name in {None, one.name}
        ],
        "undeclared": [
            {"source": source, "claimed": _use(use)}
            for source, use in found.undeclared.items()
            if name in {None, source}
        ],
        "stated": [{"collection": held_in, **msgspec.to_builtins(one)} for held_in, one in stated],
        "silent_captures": found.silent,
        "conflicts": [conflict_json(one) for one in found.conflicts],
        "conflict_counts": {str(kind): count for kind, count in sorted(found.conflict_counts.items())},
    }


def _use(use: ReleaseUse) -> "ClaimedByAnswer":
    return {
        "captures": use.captures,
        "cables": use.cables,
        "printed": dict(use.printed.most_common()),
        "collections": sorted(use.collections),
        "first_captured": use.first or None,
        "last_captured": use.last or None,
    }


def _text(
    name: str | None,
    declared: Mapping[str, ReleaseConfig],
    found: ReleaseReport,
    stated: Sequence[tuple[str, ReleaseStatement]],
) -> str:
    lines: list[str] = []
    for one in declared.values():
        if name in {None, one.name}:
            lines += _declared(one, found.declared[one.name], full=name is not None)
    for source, use in found.undeclared.items():
        if name in {None, source}:
            lines += [f"{terminal_line(source)}  (claimed, not declared)", f"  {_counts(use)}"]
    if name is None and found.silent:
        lines.append(f"{counted(found.silent, 'capture')} of cables whose pages name no source")
    for held_in, said in stated:
        what = "" if said.dump is None else f": {said.dump.rows:,} rows of {terminal_line(said.dump.name)}"
        lines.append(f"{said.release}  stated in {held_in}{what}")
    for kind, count in sorted(found.conflict_counts.items()):
        lines.append(f"conflict  {kind}: {counted(count, 'time')}")
    for conflict in found.conflicts[: _TOLD if name is None else None]:
        lines.append(
            f"  {terminal_line(conflict.published_id)}  {conflict.kind}: {terminal_line(conflict.detail, 200)}"
        )
    left = sum(found.conflict_counts.values()) - min(
        len(found.conflicts), _TOLD if name is None else len(found.conflicts)
    )
    if left:
        lines.append(f"  and {left:,} more; --json lists up to 1,000, `preserve history ID` those of one cable")
    return "\n".join(lines) + "\n"


def _declared(one: ReleaseConfig, use: ReleaseUse, *, full: bool) -> list[str]:
    when = f"{one.released} (known to the {one.precision})" if one.released else "date not known"
    count = f", {one.counter:,} cables" if one.counter else ""
    lines = [f"{one.name}  {terminal_line(one.title)}", f"  released {when}{count}", f"  {_counts(use)}"]
    if full:
        lines += [f"  publisher  {terminal_line(one.publisher) or 'not known'}"]
        lines += [f"  known from {terminal_line(text, 300)}" for text in one.known_from]
        lines += [f"  note       {terminal_line(one.note, 500)}"] if one.note else []
        lines += [
            f"  printed    {terminal_line(words)}: {counted(n, 'capture')}"
            for words, n in use.printed.most_common(_TOLD)
        ]
        lines += [
            f"  build      {build.built or 'date not known'}  {build.file or ''}"
            + (f"  counter {build.counter:,}" if build.counter is not None else "")
            + f"  ({build.known})"
            for build in one.builds[:_SHOWN_BUILDS]
        ]
        if len(one.builds) > _SHOWN_BUILDS:
            lines.append(f"  and {len(one.builds) - _SHOWN_BUILDS} more builds; --json lists them with their hashes")
    return lines


def _counts(use: ReleaseUse) -> str:
    if not use.captures:
        return "claimed by no capture"
    span = f"captured {use.first[:10]}" + (f" to {use.last[:10]}" if use.last[:10] != use.first[:10] else "")
    return f"claimed by {counted(use.captures, 'capture')} of {counted(use.cables, 'cable')}, {span}"
