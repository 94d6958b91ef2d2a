"""The text of a PDF and its links, with their places, by pypdf: it runs in a process of its own, which `pdftext` makes.

It reads the file from stdin and writes one JSON list to stdout: of each page its lines, from the top, and its links.
"""

import io
import json
import sys
from dataclasses import dataclass, field
from typing import Any, Final

_MOST_PAGES: Final = 5_000
_MOST_SIGNS: Final = 32_000_000
_MOST_LINKS: Final = 100_000


@dataclass(slots=True)
class _Lines:
    """The lines of a page in the making, as pypdf hands out its text: pieces with the matrices that place them."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def take(self, text: str, cm: Any, tm: Any, _font: Any, size: float) -> None:  # noqa: ANN401 - pypdf's own
        """A piece of text at its place, in points from the bottom of the page."""
        if not text.strip():
            return
        y = float(cm[1] * tm[4] + cm[3] * tm[5] + cm[5])
        height = abs(float(size or 1) * float(tm[3] or 1) * float(cm[3] or 1)) or 10.0
        last = self.lines[-1] if self.lines else None
        if last is not None and abs(last["y"] - y) < height / 2:
            last["text"] += text
        else:
            self.lines.append({"text": text, "y": y, "height": height})


def pages_of(data: bytes) -> list[dict[str, Any]]:
    """Of each page ``lines`` (``text``, ``y``, ``height``) and ``links`` (``url``, ``y``).

    Raises:
        Exception: whatever pypdf finds wrong with a file.
    """
    import pypdf  # noqa: PLC0415 - slow to load, and needed in the child only

    reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("it is encrypted")
    pages: list[dict[str, Any]] = []
    signs = links = 0
    for number, page in enumerate(reader.pages):
        if number >= _MOST_PAGES or signs > _MOST_SIGNS or links > _MOST_LINKS:
            raise ValueError("it has more pages, text or links than a document that is checked")
        read = _Lines()
        page.extract_text(visitor_text=read.take)
        found = list(_links(page))
        signs += sum(len(line["text"]) for line in read.lines)
        links += len(found)
        pages.append({"lines": read.lines, "links": found})
    return pages


def _links(page: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - pypdf's own
    found = []
    for each in page.get("/Annots") or ():
        note = each.get_object()
        action = note.get("/A")
        url = None if action is None else action.get_object().get("/URI")
        if url is not None and note.get("/Subtype") == "/Link":
            box = [float(side) for side in note.get("/Rect", (0, 0, 0, 0))]
            found.append({"url": str(url)[:4000], "y": (box[1] + box[3]) / 2})
    return found


def main() -> int:
    """Reads stdin, writes stdout. Status 1: it cannot be read; the reason is on stdout."""
    try:
        pages = pages_of(sys.stdin.buffer.read())
    except Exception as error:  # noqa: BLE001 - a hostile file gives any
        sys.stdout.write(json.dumps(f"{type(error).__name__}: {error}"[:300]))
        return 1
    sys.stdout.write(json.dumps(pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
