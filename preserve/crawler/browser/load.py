"""What a browser's visit of a page brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from preserve.net.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Artefact:
    """Something that this program made of a page, and when: ``kind`` stands in its address (``urn:KIND:ADDRESS``)."""

    kind: str
    content_type: str
    data: bytes
    made: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLoad:
    """What a browser's visit brought beside the page's own exchange.

    ``state``: ``whole``; ``time`` (it was not loaded in time); ``nothing`` (it leads elsewhere, or is a download);
    ``failed``; ``lost`` (the browser ended).
    """

    page_id: str
    state: str
    exchanges: tuple[Exchange, ...]
    robots: tuple[Exchange, ...]
    """Replies for robots.txt of hosts that the page asked, and of an earlier one where they outlived it."""
    verdicts: Mapping[str, str]
    """What robots.txt said, by address."""
    artefacts: tuple[Artefact, ...]
    dom: bytes | None
    elsewhere: tuple[str, ...]
    """Where the page wanted to go."""
    why: str
    refused: Mapping[str, int]
    """Requests that were not made, by reason."""
    unsafe: str = ""
    """What the browser lacks of its safest way to run here; said of the first page only."""
