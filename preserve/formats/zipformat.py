"""The bytes around the members of a ZIP file that is written in order, and has nothing in it but its members.

Checksum and sizes of a member are known before its header: there are no data descriptors, and a reader finds a member
by its header as by the directory. ZIP64 fields stand only where a number needs them, in header and directory alike. No
times, comments or attributes: the same members give the same bytes. Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STORED: Final = 0
DEFLATED: Final = 8
_FULL: Final = 0xFFFFFFFF
_MANY: Final = 0xFFFF
_ZIP64: Final = 45
_PLAIN: Final = 20
_FIRST_DAY: Final = 1 << 5 | 1  # 1980-01-01, the first that there is


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipMember:
    """A member as its header has it: ``packed`` and ``size`` in bytes, ``crc`` over the content; names in ASCII."""

    name: str
    method: int
    crc: int
    packed: int
    size: int

    @property
    def is_large(self) -> bool:
        """Whether its sizes need ZIP64 fields."""
        return max(self.packed, self.size) >= _FULL


def local_header(member: ZipMember) -> bytes:
    """What stands before a member's bytes."""
    name = member.name.encode("ascii")
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.packed) if member.is_large else b""
    return struct.pack("<I", 0x04034B50) + _common(member, len(name), len(extra), _version(member)) + name + extra


def directory(members: Sequence[tuple[int, ZipMember]], start: int) -> bytes:
    """The directory and its end; each member with the offset of its header. ``start``: the directory's own offset."""
    body = b"".join(_entry(offset, member) for offset, member in members)
    count, end = len(members), b""
    if count >= _MANY or max(len(body), start) >= _FULL:
        end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, _ZIP64, _ZIP64, 0, 0, count, count, len(body), start)
        end += struct.pack("<IIQI", 0x07064B50, 0, start + len(body), 1)
    few = min(count, _MANY)
    end += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, few, few, min(len(body), _FULL), min(start, _FULL), 0)
    return body + end


def _entry(offset: int, member: ZipMember) -> bytes:
    name = member.name.encode("ascii")
    numbers = [member.size, member.packed] if member.is_large else []
    if offset >= _FULL:
        numbers.append(offset)
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _ZIP64 if numbers else _PLAIN
    head = struct.pack("<IH", 0x02014B50, version) + _common(member, len(name), len(extra), version)
    return head + struct.pack("<HHHII", 0, 0, 0, 0, min(offset, _FULL)) + name + extra


def _common(member: ZipMember, name_bytes: int, extra_bytes: int, version: int) -> bytes:
    sizes = (_FULL, _FULL) if member.is_large else (member.packed, member.size)
    return struct.pack(
        "<HHHHHIIIHH", version, 0, member.method, 0, _FIRST_DAY, member.crc, *sizes, name_bytes, extra_bytes
    )


def _version(member: ZipMember) -> int:
    return _ZIP64 if member.is_large else _PLAIN
