"""Observations of one cable as a history has them, without an archive."""

from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import compile_layouts
from preserve.config.folder import load_layouts
from preserve.config.place import bundled_config_dir
from preserve.model import RecordPlace
from preserve.replay.history import HistoryEntry
from preserve.replay.readings import ShownReading
from preserve.replay.recover import Capture
from preserve.replay.times import Dated
from preserve.store.catalogue import RecordRow

_LAYOUTS = [compile_layouts(load_layouts(bundled_config_dir()))["mrkva"]]


def text(
    body: str,
    *,
    cable: str = "07SAMPLETOWN1",
    source: str = "cablebrowser-2",
    released: str = "2011-10-04",
    page: str = "",
) -> Extraction:
    """A text, read from a page that names a source; pages of one text differ by ``page``."""
    labels = f"<!-- {page} -->Identifier: {cable}<br>Origin: O<br>"
    made = f"{labels}<pre>{body}</pre>Latest source of this page is {source}, released {released}"
    found = extract(made.encode(), None, _LAYOUTS)
    assert found is not None
    return found


def captured(number: int, uri: str = "http://x.org/", *, whole: str | None = "whole") -> Capture:
    """The capture of a whole page, or of one that is not, on the day of January that its number names."""
    row = RecordRow(
        record_id=f"urn:uuid:{number}",
        type="response",
        uri=uri,
        date=f"2026-01-{number:02}T00:00:00Z",
        status=200,
        mime="text/html",
        place=RecordPlace(file="a.warc.gz", ordinal=number, offset=0, length=1),
        record_sha256="0" * 64,
        payload_sha256="0" * 64,
        refers_to=None,
        challenge=None,
        whole=whole,
        statement_index=number,
        run="urn:uuid:1",
    )
    return Capture(collection="demo", row=row, source=row, dated=Dated(date=row.date, statement=number))


def observed(number: int, uri: str, text: Extraction, *, whole: str | None = "whole") -> HistoryEntry:
    """One observation of a history."""
    layout = f"{text.layout}/{text.layout_version}"
    return HistoryEntry(
        number=number,
        capture=captured(number, uri, whole=whole),
        extraction=text,
        reading=ShownReading(extractor=text.extractor, layout=layout, is_stated=True, others=()),
        difference=None,
        changes=(),
        release=None,
        conflicts=(),
    )
