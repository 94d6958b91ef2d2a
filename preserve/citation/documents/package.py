"""Documents that are ZIP packages of XML (Word, OpenDocument, EPUB): their members, each within bounds.

A document is a hostile ZIP: only the members that are asked for are read, each within a bound of bytes, tags and
attributes, all of them together within another, and no entity of their XML is expanded.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lxml import etree

from preserve.errors import FormatError
from preserve.limits import MIB

_MOST_BYTES: Final = 64 * MIB
_MOST_TOGETHER: Final = 256 * MIB
_MOST_MARKS: Final = 4_000_000
"""Angle brackets and equals signs of one member: what its tree takes is bounded before it is made."""
_MOST_MEMBERS: Final = 100_000
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)


class DocumentPackage:
    """The members of a package, read one by one."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package
        self._room = _MOST_TOGETHER
        names = [info.filename for info in package.infolist()]
        if len(names) > _MOST_MEMBERS:
            raise FormatError(f"the document has more than {_MOST_MEMBERS:,} members")
        # A name that stands twice is none: readers differ in which one they take.
        self._names = {name for name in names if names.count(name) == 1} if len(set(names)) < len(names) else set(names)

    def data(self, name: str) -> bytes | None:
        """The bytes of a member; None where there is none, or two.

        Raises:
            FormatError: it holds more than its bounds.
        """
        if name not in self._names:
            return None
        with self._package.open(name) as member:
            data = member.read(min(_MOST_BYTES, self._room) + 1)
        if len(data) > _MOST_BYTES:
            raise FormatError(f"{name} in the document holds more than {_MOST_BYTES:,} bytes")
        if len(data) > self._room:
            raise FormatError(f"the document holds more than {_MOST_TOGETHER:,} bytes")
        self._room -= len(data)
        if data.count(b"<") + data.count(b"=") > _MOST_MARKS:
            raise FormatError(f"{name} in the document holds more than {_MOST_MARKS:,} tags and attributes")
        return data

    def xml(self, name: str, renamed: tuple[tuple[str, str], ...] = ()) -> etree._Element | None:
        """The root of a member; ``renamed``: namespaces, and what they are read as.

        Raises:
            FormatError: it holds more than its bounds, or is no XML.
        """
        data = self.data(name)
        if data is None:
            return None
        for written, meant in renamed:
            data = data.replace(written.encode(), meant.encode())
        try:
            return parsed_xml(data)
        except FormatError as error:
            raise FormatError(f"{name} in the document is no XML: {error}") from error


@contextmanager
def opened_package(data: bytes) -> Iterator[DocumentPackage]:
    """The package in a file.

    Raises:
        FormatError: it is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            yield DocumentPackage(package)
    except _DAMAGE as error:
        raise FormatError(f"the document is damaged: {str(error)[:200]}") from error


def parsed_xml(data: bytes) -> etree._Element:
    """The root of XML whose entities are not expanded.

    Raises:
        FormatError: it is none.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FormatError(str(error)[:200]) from error
