"""The history of one cable: every capture of it, what its page claimed then, how its text differs from the last."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from preserve.cables.difference import Difference, classify
from preserve.cables.extract import Extraction
from preserve.errors import NotHeldError
from preserve.replay.recover import Archive, Capture, published_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One capture that shows the cable. ``difference`` is against the observation before it that was published under
    the same id; None for the first.
    """

    capture: Capture
    extraction: Extraction
    difference: Difference | None
    changes: tuple[str, ...]
    """Lines of a unified difference of the two texts (no file headers); empty where the bodies are equal."""


def history(archives: Sequence[Archive], cable_id: str) -> list[Observation]:
    """Every observation of a cable over the collections, oldest first, under whatever ids it is published.

    Two records of one cable are linked, not merged: each is compared with what was published under its own id.

    Raises:
        NotHeldError: no capture shows it.
    """
    wanted = {
        (archive.paths.name, name): archive
        for archive in archives
        for name in (*published_as(archives, cable_id), cable_id)
    }
    pairs = [(archive, capture, name) for (_, name), archive in wanted.items() for capture in archive.captures_as(name)]
    pairs.sort(key=lambda pair: (pair[1].moment, pair[0].paths.name, pair[2]))
    found: list[Observation] = []
    last: dict[str, Extraction] = {}
    for archive, capture, name in pairs:
        extraction = archive.cable(archive.page(capture), name)
        if extraction is None or extraction.published_id != name:
            continue
        before = last.get(name)
        last[name] = extraction
        found.append(
            Observation(
                capture=capture,
                extraction=extraction,
                difference=None if before is None else classify(before, extraction),
                changes=() if before is None else _changes(before.body, extraction.body),
            )
        )
    if not found:
        raise NotHeldError(
            f"no capture shows the cable {cable_id}",
            next_step="Give the id as the page prints it, for example 05ALMATY342.",
        )
    return found


def _changes(old: str, new: str) -> tuple[str, ...]:
    if old == new:
        return ()
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
    return tuple(line for line in lines if not line.startswith(("---", "+++")))
