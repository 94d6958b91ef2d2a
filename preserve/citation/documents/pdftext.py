"""A PDF as it is read for its citations: in a process of its own, within bounds of time, memory and output.

Paragraphs are told by the gaps between lines, links by the places of their boxes.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
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
        links = sorted(page["links"], key=lambda link: -link["y"])
        blocks += [_block(f"page {number}", paragraph, links) for paragraph in _paragraphs(page["lines"])]
        if links:
            # Links over pictures, and over text that is none.
            blocks.append(_block(f"page {number}", [], links))
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


def _paragraphs(lines: list[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Runs of lines without a gap. A line further up begins another column."""
    run: list[Mapping[str, Any]] = []
    for line in lines:
        if run and not 0 < run[-1]["y"] - line["y"] <= _GAP * line["height"]:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _block(place: str, lines: list[Mapping[str, Any]], links: list[Mapping[str, Any]]) -> Block | None:
    """A paragraph, and behind each line the links whose boxes lie over it; those are taken from ``links``."""
    made = BlockText()
    for line in lines:
        made.add(str(line["text"]).rstrip("\n"))
        over = [link for link in links if abs(link["y"] - line["y"]) <= line["height"]]
        for link in over:
            links.remove(link)
            # An address that is printed is a link already.
            if str(link["url"]) not in line["text"]:
                made.link_from(made.length, str(link["url"]))
        made.add("\n")
    if not lines:
        for link in links:
            made.link_from(0, str(link["url"]))
    return made.block(place)
