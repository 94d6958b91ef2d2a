"""A PDF as it is read for its citations: in a process of its own, within bounds of time, memory and output.

Paragraphs are told by the gaps between lines, links by the places of their boxes.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import json
import resource
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import preserve
from preserve.citation.documents.document import Block, BlockText, CitingDocument
from preserve.errors import FormatError
from preserve.limits import MIB

_TIMEOUT_S: Final = 120
_CPU_S: Final = 100
_MEMORY_BYTES: Final = 2048 * MIB
_MOST_BYTES: Final = 256 * MIB
_GAP: Final = 1.7
"""Heights of a line from one line to the next, above which a paragraph ends."""


def read_pdf(data: bytes) -> CitingDocument:
    """The blocks of a PDF, each with the number of its page.

    Raises:
        FormatError: it cannot be read, takes too long or too much memory, or gives too much.
    """
    blocks: list[Block | None] = []
    for number, page in enumerate(_pages(data), 1):
        over, elsewhere = _links_over(page["lines"], page["links"])
        blocks += [
            _block(f"page {number}", page["lines"], range(first, end), over)
            for first, end in _paragraphs(page["lines"])
        ]
        if elsewhere:
            # Links over pictures, and over text that is none.
            made = BlockText()
            for url in elsewhere:
                made.link_from(0, url)
            blocks.append(made.block(f"page {number}"))
    return CitingDocument(kind="pdf", blocks=tuple(block for block in blocks if block is not None))


def _pages(data: bytes) -> list[Any]:
    command = [sys.executable, "-m", "preserve.citation.documents.pdfpages"]
    home = str(Path(preserve.__file__).parents[1])
    environment = {"PYTHONPATH": home, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(  # noqa: S603 - this program's own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        preexec_fn=_bounded,  # noqa: PLW1509 - it calls nothing that takes a lock
    ) as process:
        try:
            said, _errors = process.communicate(data, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise FormatError(f"reading it takes more than {_TIMEOUT_S} seconds") from error
    if len(said) > _MOST_BYTES:
        raise FormatError(f"its text has more than {_MOST_BYTES:,} bytes")
    try:
        read = json.loads(said)
    except ValueError as error:
        raise FormatError("reading it takes more time or memory than a document needs") from error
    if process.returncode != 0 or not isinstance(read, list):
        raise FormatError(f"it is no PDF that can be read: {read}")
    return read


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))


def _links_over(
    lines: Sequence[Mapping[str, Any]], links: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, list[str]], list[str]]:
    """By the numbers of lines the addresses of links whose boxes lie over them, and those that lie over none."""
    by_height = sorted((float(line["y"]), number) for number, line in enumerate(lines))
    over: dict[int, list[str]] = {}
    elsewhere = []
    for link in links:
        y, url = float(link["y"]), str(link["url"])
        place = bisect_left(by_height, (y, 0))
        near = by_height[max(0, place - 1) : place + 1]
        distance, number = min(((abs(at - y), number) for at, number in near), default=(0.0, -1))
        if number >= 0 and distance <= lines[number]["height"]:
            over.setdefault(number, []).append(url)
        else:
            elsewhere.append(url)
    return over, elsewhere


def _paragraphs(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Runs of lines without a gap: the first, and the one behind the last. A line further up begins another column."""
    first = 0
    for number in range(1, len(lines) + 1):
        if (
            number == len(lines)
            or not 0 < lines[number - 1]["y"] - lines[number]["y"] <= _GAP * lines[number]["height"]
        ):
            yield first, number
            first = number


def _block(
    place: str, lines: Sequence[Mapping[str, Any]], numbers: range, over: Mapping[int, list[str]]
) -> Block | None:
    """A paragraph, and behind each line the links that lie over it."""
    made = BlockText()
    for number in numbers:
        text = str(lines[number]["text"]).rstrip("\n")
        made.add(text)
        for url in over.get(number, ()):
            # An address that is printed is a link already.
            if url not in text:
                made.link_from(made.length, url)
        made.add("\n")
    return made.block(place)
