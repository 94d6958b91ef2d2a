"""Which reading of a page is shown: by what extractor and layout, and whether the ledger states it."""

from msgspec import Struct

from preserve.cables.extract import Extraction
from preserve.replay.recover import Capture, CollectionReader


class ShownReading(Struct, frozen=True, kw_only=True):
    """What read a text. ``others`` are the extractors and layouts of other readings that are stated of the page."""

    extractor: str
    layout: str
    is_stated: bool
    others: tuple[str, ...]

    @property
    def words(self) -> str:
        """In a line, for people."""
        said = f"{self.extractor}, layout {self.layout}"
        if not self.is_stated:
            said += "; not stated: `preserve reread` does that"
        if self.others:
            said += f"; also stated as read by {'; '.join(self.others)}"
        return said

    @property
    def is_plain(self) -> bool:
        """Whether it is stated, and no other is."""
        return self.is_stated and not self.others


def shown_reading(archive: CollectionReader, capture: Capture, text: Extraction) -> ShownReading:
    """What read a text that is shown of a capture."""
    layout = f"{text.layout}/{text.layout_version}"
    stated = archive.catalogue.readings_of(capture.source.record_id)
    said = (text.extractor, layout, text.published_id, text.body_sha256)
    others = dict.fromkeys(
        f"{one.extractor}, layout {one.layout}"
        for one in stated
        if (one.extractor, one.layout) != (text.extractor, layout)
    )
    return ShownReading(
        extractor=text.extractor,
        layout=layout,
        is_stated=any((one.extractor, one.layout, one.published_id, one.body_sha256) == said for one in stated),
        others=tuple(others),
    )
