"""WACZ packages: the ZIP, what its ``datapackage.json`` lists, and what is wrong with it. A package is hostile input.

A package is believed in nothing. Member names cannot point out of it, no two members share a name or bytes, and only
the methods *stored* and *deflated* are read. `package_defects` holds every member against the list, the list against
``datapackage-digest.json``, and a signature against the hash that it signs. The signature says nothing about the time
between capture and packaging; what it says of who signed is `preserve.formats.waczsignature`'s to judge.
Bytes before the members and behind the end are refused: other readers of ZIP files would find other members there.
Not looked at: bytes between members, times, comments and attributes in the ZIP, and the content of pages and indexes.
Sources: WACZ 1.1.1; WACZ Signing and Verification 0.1.0; PKWARE APPNOTE 6.3.10.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, BinaryIO

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.findings import Verdict
from preserve.formats.waczsignature import Authorities, PackageSignature, read_signature, unsigned
from preserve.limits import MIB

DATAPACKAGE = "datapackage.json"
DIGEST = "datapackage-digest.json"
_PAGES = "pages/pages.jsonl"
_WARCS = (".warc", ".warc.gz", ".arc", ".arc.gz")
_PROFILES = ("data-package", "wacz")  # 1.1.1, and the draft of 1.2.0
_LOCAL_HEADER_BYTES = 30
_LONG_END_BYTES, _LOCATOR_BYTES, _END_BYTES = 56, 20, 22
_MANY, _FULL = 0xFFFF, 0xFFFFFFFF
_MOST_END_BYTES = _LONG_END_BYTES + _LOCATOR_BYTES + _END_BYTES + _MANY
_ENCRYPTED_OR_PATCHED = 0x01 | 0x20 | 0x40
_NO_NAME = lazy_re(r"[\x00-\x1f\x7f\\\ud800-\udfff]|\A[A-Za-z]:|(?:\A|/)\.{0,2}/|(?:\A|/)\.{1,2}\Z|\A\Z")
"""Control characters, backslashes, drive letters, absolute paths, and the segments "", "." and ".."."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, OverflowError, RuntimeError, ValueError)

Defect = tuple[str, str, str]
"""Code, where (a member's name), and what is wrong, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One entry of the list: ``path`` of the member, ``size`` in bytes, ``hash`` as declared (``sha256:<hex>``).

    ``is_older``: it has the form that packages had before WACZ 1.1.1, with ``stats`` and ``hashing``.
    """

    name: str
    path: str
    size: int
    hash: str
    is_older: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A JSON member: its bytes, the object in them, and why there is none."""

    raw: bytes = b""
    value: Mapping[str, object] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Package:
    """An open package. It reads from the stream that it was opened on, which stays the caller's to close.

    ``names``: every member, directories too, in the order of the ZIP's directory. ``datapackage`` is empty and
    ``resources`` lacks what could not be read; `package_defects`, which the fields behind them are for, says so.
    """

    names: tuple[str, ...]
    datapackage: Mapping[str, object]
    resources: tuple[Resource, ...]
    archive: zipfile.ZipFile = field(repr=False)
    members: Mapping[str, zipfile.ZipInfo] = field(repr=False)
    listing: _Document = field(repr=False)
    digest: _Document | None = field(repr=False)

    @property
    def warc_names(self) -> tuple[str, ...]:
        """Members under ``archive/`` that hold WARC or ARC records, by their names."""
        return tuple(name for name in self.names if name.startswith("archive/") and name.endswith(_WARCS))

    def open(self, name: str) -> BinaryIO:
        """The content of a member, as a stream that reads forward only; how much of it to read is the caller's to say.

        Reading raises FormatError for damage; the checksum of the ZIP is verified at the end of the member.

        Raises:
            FormatError: no such member, or its header is damaged.
        """
        info = self.members.get(name)
        if info is None:
            raise FormatError(f"no member {name!r:.200} in the package")
        return _open_member(self.archive, info)

    def has_more_in_header(self, name: str) -> bool:
        """Whether the header before a member has extra fields."""
        if self.archive.fp is None:
            return False
        self.archive.fp.seek(self.members[name].header_offset)
        return self.archive.fp.read(_LOCAL_HEADER_BYTES)[-2:] not in {b"", b"\0\0"}


class _Window(io.RawIOBase):
    """A stream within its own ends: the ZIP library seeks where a hostile directory points."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        self.most = 16 * MIB  # of a directory, which the library holds in memory

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = (0, self._stream.tell(), self.size)[whence]
        if not 0 <= start + offset <= self.size:
            raise io.UnsupportedOperation(f"offset {start + offset} is outside of the file")
        return self._stream.seek(start + offset)

    def read(self, size: int = -1, /) -> bytes:
        left = self.size - self._stream.tell()
        wanted = left if size < 0 else min(size, left)
        if wanted > self.most:
            raise zipfile.BadZipFile(f"a directory of {wanted} bytes")
        return self._stream.read(wanted)


class _MemberStream(io.RawIOBase):
    """A member's content; whatever the library makes of damage is a FormatError."""

    def __init__(self, member: IO[bytes]) -> None:
        super().__init__()
        self._member = member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._member.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(error) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._member.close()
        super().close()


def open_package(stream: BinaryIO, *, max_members: int = 100_000, max_json_bytes: int = 64 * MIB) -> Package:
    """The package in a stream that can be searched; only its directory and its two JSON members are read.

    Raises:
        FormatError: no ZIP or a damaged one; more than ``max_members``; a member that is encrypted, compressed with
            another method, shares its name or bytes with another, or has a name that is no relative path; a directory
            that is not where its end says, or something behind that end.
    """
    window = _Window(stream)
    try:
        archive = zipfile.ZipFile(window)
    except _DAMAGE as error:
        raise _damaged(error) from error
    window.most = window.size
    infos = archive.infolist()
    if len(infos) > max_members:
        raise FormatError(f"a package of {len(infos)} members, more than {max_members}")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_member(info)
        if info.filename in members:
            raise FormatError(f"two members with the name {info.filename!r:.200}")
        members[info.filename] = info
    _check_places(infos, archive.start_dir)
    _check_end(infos, archive.start_dir, window)
    listed = _document(archive, members.get(DATAPACKAGE), max_json_bytes)
    return Package(
        names=tuple(members),
        datapackage=listed.value,
        resources=_resources(listed)[0],
        archive=archive,
        members=members,
        listing=listed,
        digest=_document(archive, members[DIGEST], max_json_bytes) if DIGEST in members else None,
    )


def _check_member(info: zipfile.ZipInfo) -> None:
    # The library cuts a name at a NUL.
    name = info.orig_filename
    if info.filename != name or _NO_NAME.search(name) is not None:
        raise FormatError(f"a member with the name {name!r:.200}")
    if info.flag_bits & _ENCRYPTED_OR_PATCHED or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise FormatError(f"the member {name!r:.200} is encrypted, or compressed with method {info.compress_type}")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise FormatError(f"the member {name!r:.200} has two sizes")


def _check_places(infos: list[zipfile.ZipInfo], end: int) -> None:
    """No two members share bytes, and none reaches past ``end``: else one deflated bomb counts many times."""
    reached = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < reached:
            raise FormatError(f"the member {info.filename!r:.200} lies in another one")
        reached = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size
    if reached > end:
        raise FormatError("a member that reaches past the end of the members")


def _check_end(infos: list[zipfile.ZipInfo], start: int, window: _Window) -> None:
    """The directory is where its end says, with as many entries as that says, and nothing is behind the end.

    Else an entry may hide in the extra field of another, or readers that look for directory and end in other ways find
    other members than these (APPNOTE, sections 4.3.14 to 4.3.16).
    """
    names = sum(len(info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")) for info in infos)
    at = start + names + sum(46 + len(info.extra) + len(info.comment) for info in infos)
    window.seek(at)
    end = window.read(_MOST_END_BYTES + 1)
    said, longer = (len(infos), start), 0
    if end.startswith(b"PK\6\6") and len(end) >= _LONG_END_BYTES:
        count, _size, place = struct.unpack_from("<QQQ", end, 32)
        longer = _LONG_END_BYTES
        if end[longer : longer + 4] != b"PK\6\7" or struct.unpack_from("<Q", end.ljust(80), longer + 8) != (at,):
            raise FormatError("a directory with an end in the long form that nothing leads to")
        if (count, place) != said:
            raise FormatError(f"a directory of {said[0]} members at {start} that says {count} at {place}")
        longer += _LOCATOR_BYTES
    end = end[longer:]
    if not end.startswith(b"PK\5\6") or len(end) < _END_BYTES:
        raise FormatError("a directory without its end behind it")
    count, _size, place, comment_bytes = struct.unpack_from("<HIIH", end, 10)
    # In the long form a number may stand as the largest one there is.
    if (count, place) != said and not (longer and count in {said[0], _MANY} and place in {start, _FULL}):
        raise FormatError(f"a directory of {said[0]} members at {start} that says {count} at {place}")
    if len(end) != _END_BYTES + comment_bytes or b"PK\5\6" in end[_END_BYTES:]:
        raise FormatError("bytes behind the end of the ZIP, or a second end in its comment")


def _open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    try:
        member = archive.open(info)
    except _DAMAGE as error:
        raise _damaged(error) from error
    return io.BufferedReader(_MemberStream(member), 1 << 16)


def _damaged(error: Exception) -> FormatError:
    return FormatError(f"no ZIP, or a damaged one: {str(error) or type(error).__name__!a:.200}")


def _document(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, most: int) -> _Document:
    if info is None:
        return _Document(fault="it is missing")
    try:
        with _open_member(archive, info) as stream:
            raw = stream.read(most + 1)
    except FormatError as error:
        return _Document(fault=str(error))
    if len(raw) > most:
        return _Document(fault=f"it is larger than {most} bytes")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return _Document(raw=raw, fault=f"it is no JSON: {str(error)!a:.200}")
    if not isinstance(value, dict):
        return _Document(raw=raw, fault="it is no JSON object")
    return _Document(raw=raw, value=value)


def _no_constant(name: str) -> object:
    # RFC 8259, section 6: other readers find no JSON there.
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Readers differ in which of them they take.
        raise ValueError("a key stands twice in an object")
    return found


def _resources(listed: _Document) -> tuple[tuple[Resource, ...], tuple[str, ...]]:
    """The entries that can be read, and what is wrong with the list."""
    if listed.fault:
        return (), (listed.fault,)
    faults: list[str] = []
    if listed.value.get("profile") not in _PROFILES:
        faults.append(f"its profile is {listed.value.get('profile')!a:.60}, not 'data-package'")
    entries = listed.value.get("resources")
    if not isinstance(entries, list):
        return (), (*faults, "it has no list of resources")
    found: dict[str, Resource] = {}
    for place, entry in enumerate(entries):
        match entry:
            case {"path": str(path), "bytes": int(size), "hash": str(digest)} | {
                "path": str(path),
                "stats": {"bytes": int(size), "hash": str(digest)},
            } if not isinstance(size, bool):
                if size < 0 or _NO_NAME.search(path) is not None:
                    faults.append(f"its resource {place} has the path {path!a:.200} and {size} bytes")
                elif path in found:
                    faults.append(f"it lists {path!a:.200} twice")
                else:
                    # Early packages name the algorithm beside the hash, not before it.
                    label = "" if ":" in digest else f"{entry.get('hashing', 'sha256')}:"
                    name = str(entry.get("name", ""))
                    is_older = "stats" in entry
                    found[path] = Resource(name=name, path=path, size=size, hash=f"{label}{digest}", is_older=is_older)
            case _:
                faults.append(f"its resource {place} lacks a path, a size in bytes or a hash")
    return tuple(found.values()), tuple(faults)


def package_signature(package: Package, authorities: Authorities) -> PackageSignature | None:
    """What the signature of a package's list is worth to a reader; None where there is none to be read."""
    if package.digest is None:
        return unsigned("the package has no digest, and so no signature")
    signed = package.digest.value.get("signedData")
    if package.digest.fault or not isinstance(signed, dict | None):
        return None
    if signed is None:
        return unsigned("it has no signature")
    found = read_signature(signed, authorities)
    if signed.get("hash") == _sha256(package.listing.raw):
        return found
    return replace(found, verdict=Verdict.FAIL, detail=f"it is of another list than this package's: {found.detail}")


def package_defects(package: Package, signature: PackageSignature | None) -> Iterator[Defect]:
    """Everything that is wrong with a package, or worth knowing: code, where, detail. Every listed member is read.

    ``signature`` is what `package_signature` gave.

    Codes: E-WACZ-PACKAGE, E-WACZ-MISSING, E-WACZ-HASH, E-WACZ-UNLISTED, E-WACZ-DIGEST, E-WACZ-SIGNATURE, W-WACZ-INDEX,
    W-WACZ-RANGES,
    W-WACZ-SIGNATURE (it was not checked), I-WACZ-SIGNED (it holds, and what of it is not checked), I-WACZ-UNSIGNED,
    I-WACZ-OLD-LIST.
    """
    for fault in _resources(package.listing)[1]:
        yield "E-WACZ-PACKAGE", DATAPACKAGE, fault
    for resource in package.resources:
        yield from _resource_defects(package, resource)
    if any(resource.is_older for resource in package.resources):
        yield "I-WACZ-OLD-LIST", DATAPACKAGE, "with stats and hashing, as before WACZ 1.1.1"
    listed = {DATAPACKAGE, DIGEST, *(resource.path for resource in package.resources)}
    for name, info in package.members.items():
        empty_folder = info.is_dir() and info.file_size == 0 and info.compress_size == 0
        if name not in listed and not empty_folder:
            yield "E-WACZ-UNLISTED", name, "the package holds it and does not list it"
    yield from _range_defects(package)
    if not any(name.startswith("indexes/") and not name.endswith("/") for name in package.names):
        yield "W-WACZ-INDEX", "indexes/", "the package has no index"
    if _PAGES not in package.names:
        yield "W-WACZ-INDEX", _PAGES, "the package has no list of pages"
    yield from _digest_defects(package.listing.raw, package.digest)
    if signature is not None:
        yield signature.code, DIGEST, signature.detail


def _range_defects(package: Package) -> Iterator[Defect]:
    """Members that readers take pieces of, by offsets that they count themselves."""
    for name, info in package.members.items():
        if not name.endswith((*_WARCS, ".cdx", ".cdxj", ".cdx.gz", ".idx")):
            continue
        if info.compress_type != zipfile.ZIP_STORED:
            yield "W-WACZ-RANGES", name, "it is compressed by the ZIP"
        elif not info.extra and package.has_more_in_header(name):
            yield "W-WACZ-RANGES", name, "its header has fields that the directory of the ZIP lacks"


def _resource_defects(package: Package, resource: Resource) -> Iterator[Defect]:
    info = package.members.get(resource.path)
    if info is None:
        yield "E-WACZ-MISSING", resource.path, "it is listed and not in the package"
        return
    digest = hashlib.sha256()
    size = 0
    try:
        with package.open(resource.path) as stream:
            # One byte more than declared is enough to know; the checksum is verified at the member's end.
            while chunk := stream.read(min(MIB, resource.size + 1 - size)):
                digest.update(chunk)
                size += len(chunk)
    except FormatError as error:
        yield "E-WACZ-HASH", resource.path, str(error)
        return
    if size != resource.size or size != info.file_size:
        sizes = f"{resource.size} are listed and {info.file_size} stand in the ZIP's directory"
        yield "E-WACZ-HASH", resource.path, f"{size} bytes were read where {sizes}"
    elif resource.hash != f"sha256:{digest.hexdigest()}":
        yield "E-WACZ-HASH", resource.path, f"its hash is sha256:{digest.hexdigest()}, not {resource.hash!a:.100}"


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest_defects(listed: bytes, document: _Document | None) -> Iterator[Defect]:
    if document is None:
        return
    if document.fault:
        yield "E-WACZ-DIGEST", DIGEST, document.fault
        return
    true = _sha256(listed)
    if document.value.get("path", DATAPACKAGE) != DATAPACKAGE:
        yield "E-WACZ-DIGEST", DIGEST, f"it is of {document.value['path']!a:.100}, not of {DATAPACKAGE}"
    if document.value.get("hash") != true:
        yield "E-WACZ-DIGEST", DIGEST, f"its hash is {document.value.get('hash')!a:.100}; {DATAPACKAGE} has {true}"
    signed = document.value.get("signedData")
    if signed is not None and not isinstance(signed, dict):
        yield "E-WACZ-DIGEST", DIGEST, "its signedData is no object"
    elif signed is not None and signed.get("hash") != true:
        yield "E-WACZ-DIGEST", DIGEST, f"{signed.get('hash')!a:.100} is signed; {DATAPACKAGE} has {true}"
