"""``preserve history``: every capture of a cable, and how its text changed."""

import click

from preserve.cli.common import Place, clean, command_options, one_line
from preserve.cli.loading import reading
from preserve.cli.secondhand import second_hand
from preserve.replay.history import Observation
from preserve.replay.history import history as observations


@click.command(short_help="List the captures of a cable.")
@click.argument("cable")
@click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
@command_options
def history(place: Place, cable: str, collection: tuple[str, ...]) -> int:
    """List every capture of CABLE, oldest first: what its page claimed, how its text differs from the one before.

    A cable that is published under several ids is listed under all of them; each is compared with its own.
    """
    with reading(place, collection) as archives:
        found = observations(archives, cable)
    place.emit({"cable": cable, "observations": [as_json(o) for o in found]}, as_text(cable, found))
    return 0


def as_json(observation: Observation) -> dict[str, object]:
    """One observation, ready for JSON."""
    capture, extraction = observation.capture, observation.extraction
    return {
        "collection": capture.collection,
        "captured": capture.row.date,
        "url": capture.url,
        "second_hand": second_hand(capture),
        "record_id": capture.row.record_id,
        "revisit": capture.is_revisit,
        "layout": extraction.layout,
        "published_id": extraction.published_id,
        "source": _printed(observation, "source"),
        "source_released": _printed(observation, "source_released"),
        "released": _printed(observation, "released"),
        "raw_sha256": extraction.raw_sha256,
        "body_sha256": extraction.body_sha256,
        "comparison_sha256": extraction.comparison_sha256,
        "difference": None if observation.difference is None else str(observation.difference),
        "changes": list(observation.changes),
    }


def as_text(cable: str, found: list[Observation]) -> str:
    """The history for people."""
    lines = [f"{cable}: {len(found)} capture{'s' if len(found) != 1 else ''}"]
    for number, observation in enumerate(found, 1):
        capture, extraction = observation.capture, observation.extraction
        claim = _printed(observation, "source")
        released = _printed(observation, "source_released") or _printed(observation, "released")
        lines.append("")
        lines.append(f"{number}. {capture.moment}  {one_line(capture.url, 200)}")
        if capture.second_hand:
            lines.append(f"   second hand  {one_line(capture.second_hand, 200)}; got {capture.row.date}")
        if extraction.published_id != cable:
            lines.append(f"   published as {extraction.published_id}")
        lines.append(f"   difference   {observation.difference or 'first capture'}")
        if claim or released:
            said = ", ".join(part for part in (claim, f"released {released}" if released else "") if part)
            lines.append(f"   page claims  {one_line(said)}")
        lines.append(f"   text sha256  {extraction.body_sha256}")
        if capture.is_revisit:
            lines.append(f"   revisit of   {capture.source.record_id}, captured {capture.source.date}")
        lines += [f"   {clean(line)}" for line in observation.changes]
    return "\n".join(lines) + "\n"


def _printed(observation: Observation, name: str) -> str:
    field = observation.extraction.fields.get(name)
    return "" if field is None else field.printed
