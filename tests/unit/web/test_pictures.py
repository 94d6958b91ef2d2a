"""Two pictures compared: what differs, where, and what becomes of files that are no pictures."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from preserve.errors import FormatError, LockedError
from preserve.web.pictures import MAX_AREAS, Area, Comparing, PictureDifference, compared


def png(size: tuple[int, int] = (160, 100), *boxes: tuple[int, int, int, int], mode: str = "RGB") -> bytes:
    """A white picture with black rectangles (left, top, right, bottom)."""
    image = Image.new("RGB", size, "white")
    for box in boxes:
        image.paste((0, 0, 0), box)
    out = BytesIO()
    image.convert(mode).save(out, "PNG")
    return out.getvalue()


def test_the_same_picture_has_no_area() -> None:
    found = compared(png(), png(mode="P"))
    assert (found.changed, found.areas, found.share) == (0, (), "0%")


def test_areas_are_exact_boxes_from_the_top_down() -> None:
    found = compared(png(), png((160, 100), (100, 70, 131, 78), (3, 5, 20, 9)))
    assert found.areas == (Area(3, 5, 17, 4, 68), Area(100, 70, 31, 8, 248))
    assert (found.changed, found.pixels, found.share) == (316, 16_000, "2.0%")


def test_a_single_pixel_in_one_colour_is_found() -> None:
    image = Image.new("RGB", (1280, 800), "white")
    image.putpixel((1279, 799), (255, 255, 254))
    out = BytesIO()
    image.save(out, "PNG")
    found = compared(png((1280, 800)), out.getvalue())
    assert (found.areas, found.share) == ((Area(1279, 799, 1, 1, 1),), "0.01%")


def test_what_lies_near_one_another_is_one_area() -> None:
    found = compared(png(), png((160, 100), (8, 8, 16, 16), (24, 8, 32, 16)))
    assert found.areas == (Area(8, 8, 24, 8, 128),)


def test_what_only_one_of_them_has_differs() -> None:
    found = compared(png((160, 100)), png((160, 140)))
    assert (found.before, found.after) == ((160, 100), (160, 140))
    assert (found.areas, found.changed) == ((Area(0, 100, 160, 40, 6_400),), 6_400)
    assert compared(png((160, 140)), png((160, 100))).areas == found.areas
    assert compared(png(), png((160, 100), (0, 0, 160, 100))).share == "100%"


def test_the_largest_of_many_areas_are_told() -> None:
    spots = [(x, y, x + 1, y + 1) for x in range(0, 960, 64) for y in range(0, 960, 64)]
    found = compared(png((960, 960)), png((960, 960), *spots, (800, 800, 840, 840)))
    assert len(found.areas) == MAX_AREAS
    assert max(area.pixels for area in found.areas) >= 1_600
    assert found.left_out > 100


def test_the_marked_picture_shows_what_differs() -> None:
    with Image.open(BytesIO(compared(png(), png((160, 90), (3, 5, 20, 9))).marked)) as image:
        shown = image.convert("RGB")
    assert (shown.size, shown.getpixel((4, 6))) == ((160, 100), (0xC8, 0x10, 0x2E))
    assert shown.getpixel((80, 50)) == (255, 255, 255)
    assert shown.getpixel((80, 95)) == (0xEA, 0xDD, 0xC4)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def head(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def bomb() -> bytes:
    """The beginning of what gives 100 MiB."""
    packer = zlib.compressobj(wbits=-15)
    mebibyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\x9c" + mebibyte * 100


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no PNG"),
        (b"GIF89a" + bytes(100), "no PNG"),
        (png()[:200], "cannot be read"),
        (png().replace(b"IDAT", b"IDAX"), "cannot be read"),
        (head(60_000, 60_000) + chunk(b"IDAT", b""), "too many"),
        (head(0, 10), "too many"),
        (head(1 << 31, 1 << 31), "too many"),
        (head(10, 10) + chunk(b"IDAT", zlib.compress(bytes(3))) + chunk(b"IEND", b""), "cannot be read"),
        (head(10, 10) + chunk(b"zTXt", b"a\0\0" + bomb()) + chunk(b"IEND", b""), "cannot be"),
        (png() + bytes(33 << 20), "at most"),
    ],
    ids=["empty", "gif", "cut", "renamed", "large", "nothing", "huge", "short", "bomb", "long"],
)  # fmt: skip
def test_what_cannot_be_compared_is_a_message(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        compared(png(), data)
    with pytest.raises(FormatError, match=told):
        compared(data, png())


def test_a_comparison_is_kept_and_one_is_made_at_a_time() -> None:
    made = []
    found = compared(png(), png())

    def compare(one: bytes, other: bytes) -> PictureDifference:
        made.append((one, other))
        return found

    comparing = Comparing(compare, wait_s=0.0)
    for _again in range(2):
        assert comparing.of(("a", "b"), b"", b"") is found
    assert len(made) == 1
    for number in range(20):
        comparing.of((str(number), ""), b"", b"")
    assert len(comparing._kept) == 8
    comparing._lock.acquire()
    with pytest.raises(LockedError):
        comparing.of(("a", "b"), b"", b"")
