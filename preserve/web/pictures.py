"""Two pictures of a page compared place by place: which pixels differ, and in which areas.

Pictures are hostile: what their heads say of their size is judged before anything is unpacked, and of a file that
cannot be read no more is said than that.

Tested by ``tests/unit/web/test_pictures.py``.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from preserve.errors import FormatError, LockedError

MAX_BYTES: Final = 32 << 20
"""Of one picture, as it is stored."""
MAX_PIXELS: Final = 1_280 * 20_000
"""Of one picture: the window's width by the height at which the picture of a whole page is cut."""
MAX_AREAS: Final = 50
"""Areas that are told one by one."""
_CELL: Final = 8
"""Side in pixels of the squares that areas are made of."""
_NEAR: Final = 5
"""Side in squares of what belongs together: letters of a word, lines of a paragraph."""
_KEPT: Final = 8
_KEPT_BYTES: Final = 16 << 20
_WAIT_S: Final = 10.0
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PALE, _GREYS, _CHANGED, _ABSENT = 110, 200, 254, 255


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels, from the upper left corner of the picture, and how many pixels in it differ."""

    left: int
    top: int
    width: int
    height: int
    pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureDifference:
    """How two pictures differ. Sizes are (width, height) in pixels; ``pixels``: those of the larger of each side.

    ``changed``: pixels that differ in any channel, with those that only one of the two has. ``areas``: from the top
    down; ``left_out``: how many more there are. ``marked``: a PNG, the second picture pale, what differs in red.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    pixels: int
    changed: int
    areas: tuple[Area, ...]
    left_out: int
    marked: bytes

    @property
    def share(self) -> str:
        """The changed pixels in percent; never 0 where there are some, never 100 where some are the same."""
        if self.changed in {0, self.pixels}:
            return "0%" if not self.changed else "100%"
        percent = min(max(100 * self.changed / self.pixels, 0.01), 99.99)
        return f"{percent:.2f}%" if percent < 1 or percent > 99 else f"{percent:.1f}%"  # noqa: PLR2004 - per cent


def compared(before: bytes, after: bytes) -> PictureDifference:
    """How two PNG files differ.

    Raises:
        FormatError: one is no PNG that can be read, or is larger than what is compared.
    """
    first, last = _read(before, "first"), _read(after, "second")
    size = (max(first.width, last.width), max(first.height, last.height))
    differs = _differs(first, last, size)
    areas, left_out = _areas(differs)
    marked = _marked(last, differs)
    return PictureDifference(
        before=first.size,
        after=last.size,
        pixels=size[0] * size[1],
        changed=differs.histogram()[255],
        areas=areas,
        left_out=left_out,
        marked=marked,
    )


def _read(data: bytes, which: str) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise FormatError(f"the {which} picture has {len(data):,} bytes, and {MAX_BYTES:,} at most are compared")
    if not data.startswith(_PNG) or len(data) < len(_PNG) + 8:
        raise FormatError(f"the {which} picture is no PNG")
    width, height = struct.unpack(">II", data[16:24])
    if not 0 < width * height <= MAX_PIXELS:
        raise FormatError(f"the {which} picture has {width:,} by {height:,} pixels: too many to be compared")
    try:
        with Image.open(BytesIO(data), formats=["PNG"]) as image:
            if image.size != (width, height):
                raise FormatError(f"the {which} picture says two sizes")
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error) as error:
        raise FormatError(f"the {which} picture cannot be read") from error


def _differs(first: Image.Image, last: Image.Image, size: tuple[int, int]) -> Image.Image:
    """White (255) where the two differ, or only one of them is; else black."""
    common = (0, 0, min(first.width, last.width), min(first.height, last.height))
    red, green, blue = ImageChops.difference(first.crop(common), last.crop(common)).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    differs = Image.new("L", size, 255)
    differs.paste(most.point([0] + [255] * 255), (0, 0))
    return differs


def _areas(differs: Image.Image) -> tuple[tuple[Area, ...], int]:
    """The largest of the areas, from the top down, and how many more there are."""
    # The mean of a square: one white pixel of 64 gives 4.
    squares = differs.reduce(_CELL).point([0] + [255] * 255)
    wide, high = squares.size
    near = squares.filter(ImageFilter.MaxFilter(_NEAR)).tobytes()
    found = []
    for box in _joined(near, wide, high):
        left, top, right, bottom = (side * _CELL for side in box)
        part = differs.crop((left, top, min(right, differs.width), min(bottom, differs.height)))
        inside = part.getbbox()
        if inside is not None:
            pixels = part.histogram()[255]
            found.append(Area(left + inside[0], top + inside[1], inside[2] - inside[0], inside[3] - inside[1], pixels))
    largest = sorted(found, key=lambda area: -area.pixels)[:MAX_AREAS]
    return tuple(sorted(largest, key=lambda area: (area.top, area.left))), len(found) - len(largest)


def _joined(cells: bytes, wide: int, high: int) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) around the cells that hang together; boxes that overlap are one."""
    parents: list[int] = []
    boxes: list[list[int]] = []

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    above: list[tuple[int, int, int]] = []
    for row in range(high):
        runs = []
        for start, end in _runs(cells[row * wide : (row + 1) * wide]):
            own = len(parents)
            parents.append(own)
            boxes.append([start, row, end, row + 1])
            for left, right, number in above:
                if left < end and start < right:
                    _take_in(boxes, parents, root(number), root(own))
            runs.append((start, end, own))
        above = runs
    return _apart([boxes[number] for number in range(len(parents)) if parents[number] == number])


def _runs(row: bytes) -> list[tuple[int, int]]:
    found, at = [], row.find(b"\xff")
    while at >= 0:
        end = row.find(b"\0", at)
        end = len(row) if end < 0 else end
        found.append((at, end))
        at = row.find(b"\xff", end)
    return found


def _take_in(boxes: list[list[int]], parents: list[int], one: int, other: int) -> None:
    if one != other:
        parents[other] = one
        boxes[one] = _around(boxes[one], boxes[other])


def _around(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])]


_MOST_BOXES: Final = 400


def _apart(boxes: list[list[int]]) -> list[tuple[int, int, int, int]]:
    """The boxes, those that overlap as one. Of very many the largest are looked at, and the rest left as it is."""
    boxes = sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))
    rest, boxes = boxes[_MOST_BOXES:], boxes[:_MOST_BOXES]
    kept: list[list[int]] = []
    while boxes:
        box = boxes.pop()
        meets = next((one for one in kept if _overlap(one, box)), None)
        if meets is None:
            kept.append(box)
        else:
            kept.remove(meets)
            boxes.append(_around(meets, box))
    return [(box[0], box[1], box[2], box[3]) for box in (*kept, *rest)]


def _overlap(one: Sequence[int], other: Sequence[int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _marked(last: Image.Image, differs: Image.Image) -> bytes:
    """The second picture in pale grey, what differs in red, and where it has nothing in sand."""
    pale = [_PALE + value * (_GREYS - _PALE) // 255 for value in range(256)]
    image = Image.new("P", differs.size, _ABSENT)
    image.paste(last.convert("L").point(pale), (0, 0))
    inside = differs.crop((0, 0, last.width, last.height))
    image.paste(_CHANGED, (0, 0), inside)
    # Greys from _PALE to _GREYS stand for light ones: what differs must be seen first.
    greys = [min(255, 255 - (_GREYS - index)) for index in range(256)]
    palette = [channel for grey in greys for channel in (max(0, grey),) * 3]
    palette[3 * _CHANGED : 3 * _CHANGED + 6] = [0xC8, 0x10, 0x2E, 0xEA, 0xDD, 0xC4]
    image.putpalette(palette)
    out = BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


class Comparing:
    """Comparisons, one at a time, the last few kept. Any number of threads may ask."""

    def __init__(
        self, compare: Callable[[bytes, bytes], PictureDifference] = compared, *, wait_s: float = _WAIT_S
    ) -> None:
        self._compare = compare
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], PictureDifference] = {}

    def of(self, names: tuple[str, str], before: bytes, after: bytes) -> PictureDifference:
        """How two pictures differ. ``names``: what stands for their bytes: hashes.

        Raises:
            FormatError: they cannot be compared.
            LockedError: another two are being compared, and that takes long.
        """
        if not self._lock.acquire(timeout=self._wait_s):
            raise LockedError("other pictures are being compared", next_step="Ask again in a minute.")
        try:
            made = self._kept.get(names)
            if made is None:
                made = self._compare(before, after)
                self._keep(names, made)
            return made
        finally:
            self._lock.release()

    def _keep(self, names: tuple[str, str], made: PictureDifference) -> None:
        self._kept[names] = made
        while len(self._kept) > _KEPT or sum(len(one.marked) for one in self._kept.values()) > _KEPT_BYTES:
            del self._kept[next(iter(self._kept))]
