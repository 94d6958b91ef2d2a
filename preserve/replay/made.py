"""What a browser made of a page when it was captured, found beside its capture: pictures, and who made them.

They are records of their own (`preserve.crawler.records.artefact_record`), and never the page. The records of one visit
follow one another in the log, behind the page's own.

Tested by ``tests/scenarios/test_browser_made.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from preserve.errors import NotHeldError
from preserve.formats.warc.record import bare_uri
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.catalogue import RecordRow
from preserve.store.warcfile import read_stated

PICTURES: Final[Mapping[str, tuple[str, bytes]]] = {
    "view": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "thumbnail": ("image/jpeg", b"\xff\xd8\xff"),
    "fullPageFinal": ("image/png", b"\x89PNG\r\n\x1a\n"),
}
"""Kinds of pictures: what each is given out as, and how its bytes begin."""
_INFO: Final = "pageinfo"
_DOCUMENT: Final = "dom"
_MOST_INFO_BYTES: Final = 4 << 20
_WORD_CHARS: Final = 100
_CONDITIONS: Final[Mapping[str, str]] = {
    "browser": "browser", "viewport": "window", "language": "language", "zone": "time zone",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Records of what a browser made of one capture, by kind; ``browser``: which one, in the words of the program."""

    records: Mapping[str, RecordRow]
    browser: str
    told: str
    """How the page was shown: window, language, time zone, sandbox."""
    conditions: Mapping[str, str]
    """What a picture depends on beside the page, by name; empty where it is not said."""
    texts: tuple[RecordRow, ...]
    """Documents that the page's scripts made: their texts are in the pictures."""


def made_of(archive: CollectionReader, capture: Capture, captures: Sequence[Capture]) -> Made | None:
    """What was made of a capture; None where no browser loaded it. ``captures``: those of its address, all of them."""
    row = capture.row
    if not row.uri or capture.is_built:
        return None
    later = (one.row.statement_index for one in captures if one.collection == capture.collection)
    end = min((index for index in later if index > row.statement_index), default=None)
    uris = [f"urn:{kind}:{row.uri}" for kind in (*PICTURES, _INFO, _DOCUMENT)]
    found: dict[str, RecordRow] = {}
    for one in archive.catalogue.resources_behind(row.statement_index, end, row.run, uris):
        found.setdefault((one.uri or "").split(":", 2)[1], one)
    if not found:
        return None
    said = _said(archive, found.pop(_INFO, None))
    document = found.pop(_DOCUMENT, None)
    words = [_word(said, name) for name in ("viewport", "language", "zone")]
    words.append("" if said.get("sandbox") is not False else "without the browser's sandbox")
    return Made(
        records=found,
        browser=_word(said, "browser"),
        told=", ".join(word for word in words if word),
        conditions={told: _word(said, name) for name, told in _CONDITIONS.items()},
        texts=() if document is None else (document,),
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's media type and bytes, and the records that show the page's text, which decide whether it is shown."""

    media_type: str
    data: bytes
    texts: tuple[RecordRow, ...]


def picture_of(archive: CollectionReader, row: RecordRow) -> Picture:
    """The picture of a page that a record is.

    Raises:
        NotHeldError: it is none.
        ArchiveError: its bytes are not those that the ledger names.
    """
    kind = (row.uri or "").split(":", 2)[1] if (row.uri or "").startswith("urn:") else ""
    if row.type != "resource" or kind not in PICTURES:
        raise NotHeldError(f"record {row.record_id} is no picture of a page")
    media_type, begin = PICTURES[kind]
    held = read_stated(archive.paths, row.place, row).record
    if not held.block.startswith(begin):
        raise NotHeldError(f"record {row.record_id} holds no picture of that kind")
    page = archive.catalogue.record(bare_uri(held.header.get("WARC-Concurrent-To") or ""))
    if page is None:
        return Picture(media_type, held.block, ())
    document = f"urn:{_DOCUMENT}:{page.uri}"
    built = archive.catalogue.resources_behind(page.statement_index, None, page.run, [document])
    return Picture(media_type, held.block, (page, *built))


def _said(archive: CollectionReader, row: RecordRow | None) -> Mapping[str, Any]:
    """What the program said of the visit; nothing where that cannot be read."""
    if row is None:
        return {}
    block = read_stated(archive.paths, row.place, row).record.block
    try:
        said = json.loads(block) if len(block) <= _MOST_INFO_BYTES else {}
    except (ValueError, RecursionError):
        return {}
    own = said.get("preserve") if isinstance(said, dict) else None
    return own if isinstance(own, dict) else {}


def _word(said: Mapping[str, Any], name: str) -> str:
    word = said.get(name)
    return word[:_WORD_CHARS] if isinstance(word, str) else ""
