"""Reading cables beside taking the text of pages: ``python -m tests.bench.extract``.

Two files are made: pages of 12 KB as a small mirror serves them, read by their labels, and pages of 70 KB of which
most is navigation, read by selectors. ``preserve extract`` gives fields, header, text and three checksums of each as a
JSON line; beside it programs that only take a page's text with lxml, written to nowhere. Whole processes are timed,
start-up with them; the files are in the page cache.
"""

import argparse
import gzip
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.turns import BIN, ORACLES, ROOT, Contender, run
from tests.warcs import record, reply, sha1

_FASTWARC = """
import sys
from fastwarc.warc import ArchiveIterator, WarcRecordType
from lxml.html import document_fromstring
for record in ArchiveIterator(open(sys.argv[1], "rb"), record_types=WarcRecordType.response):
    document_fromstring(record.reader.read()).text_content()
"""
_WARCIO = """
import sys
from warcio.archiveiterator import ArchiveIterator
from lxml.html import document_fromstring
for record in ArchiveIterator(open(sys.argv[1], "rb")):
    if record.rec_type == "response":
        document_fromstring(record.content_stream().read()).text_content()
"""
_LINE_CHARS = 64
_MIB = 1 << 20


class Words:
    """Text that reads as text does to a compressor: some words are common, most are rare."""

    def __init__(self) -> None:
        self._chance = random.Random(20_261_123)
        self._words = [
            "".join(self._chance.choices("abcdefghijklmnoprstuvwxyz", k=self._chance.randint(2, 11)))
            for _word in range(4_000)
        ]
        self._weights = [1 / (rank + 1) for rank in range(len(self._words))]

    def message(self, number: int, size: int) -> str:
        """An invented message of about so many characters, with a head and numbered paragraphs."""
        text = " ".join(self._chance.choices(self._words, self._weights, k=size // 6))
        lines = [text[start : start + _LINE_CHARS] for start in range(0, len(text), _LINE_CHARS)]
        body = "".join(f"{n // 9 + 1}. (U) {line} \n" if n % 9 == 0 else f"{line} \n" for n, line in enumerate(lines))
        return (
            f"UNCLAS SAMPLETOWN {number:06} \n \nSIPDIS \n \nE.O. 12958: N/A \nTAGS: PREL, ECON, ZZ \n"
            f"SUBJECT: {' '.join(self._chance.choices(self._words, k=7)).upper()} \n \n{body} \nHOLLOWAY \n"
        )


def small_page(number: int, message: str) -> bytes:
    fields = {
        "Identifier": f"08SAMPLETOWN{number}",
        "Wikileaks": f"<a href='x'>View 08SAMPLETOWN{number} at Wikileaks.org</a>",
        "Origin": "Embassy Sampletown",
        "Created": f"2008-03-{number // 1440 % 28 + 1:02} {number // 60 % 24:02}:{number % 60:02}:00",
        "Classification": "UNCLASSIFIED",
        "Tags": "PREL ECON ZZ",
    }
    rows = "".join(f"<tr><td>{name}:</td><td>{value}</td></tr>\n" for name, value in fields.items())
    return (
        f"<html><head><title>Cable {number}</title></head><body><h1>A TITLE</h1>\n<table>{rows}</table>\n<pre>{message}"
        "</pre>\n<p>Latest source of this page is sample, released 2011-10-04</p></body></html>"
    ).encode()


def _large(number: int, message: str) -> bytes:
    links = "".join(
        f"<div class='sort' id='d{n}'>\n<a class='sort fix' href='/date/{n}_0.html' onclick=\"return swap('{n}');\">"
        f"2008/{n}</a>\n</div>\n"
        for n in range(540)
    )
    text = message.replace("\n", "&#x000A;")
    return (
        "<?xml version='1.0' encoding='utf-8' ?>\n<html><head><title>Cable Viewer</title></head><body>\n"
        "<div class='main'><div class='pane small'>\n"
        f"<p>Currently released so far... {number} / 251,287</p>{links}</div>\n"
        f"<div class='pane big'><h3>Viewing cable 08SAMPLETOWN{number}, A TITLE</h3>\n<table class='cable'>\n<tr>"
        "<th>Reference ID</th><th>Created</th><th>Released</th><th>Classification</th><th>Origin</th></tr>\n"
        f"<tr><td><a href='x'>08SAMPLETOWN{number}</a></td><td>2008-03-05 12:12</td><td>2011-01-02 21:09</td>"
        "<td><a title='y'>UNCLASSIFIED</a></td><td><a>Embassy Sampletown</a></td></tr></table>\n<code><pre>VZCZCXYZ0000"
        f"&#x000A;R 051210Z MAR 08&#x000A;FM AMEMBASSY SAMPLETOWN</pre></code>\n<code><pre>{text}</pre></code>\n</div>"
        "</div></body></html>"
    ).encode()


def _pages(make: Callable[[int, str], bytes], count: int, size: int) -> Iterator[bytes]:
    words = Words()
    for number in range(count):
        page = make(number + 1, words.message(number + 1, size))
        answer = reply(page, "Content-Type: text/html; charset=utf-8")
        uri = f"http://cables.example/{number}"
        yield gzip.compress(record(number, answer, uri=uri, payload_digest=sha1(page)), 6, mtime=0)


def _bench(title: str, file: Path, count: int, rounds: int) -> None:
    extract = [str(BIN / "preserve"), "extract", str(file), "--config", str(ROOT / "config"), "-o", "/dev/null"]
    told = {
        "fastwarc + lxml, text only": Contender([BIN / "python", "-c", _FASTWARC, file], "text"),
        "warcio + lxml, text only": Contender([BIN / "python", "-c", _WARCIO, file], "text"),
        "preserve extract": Contender(extract, "cables"),
        "preserve extract, 1 process": Contender([*extract, "--processes", "1"], "cables"),
    }
    for _number in range(rounds):
        for contender in told.values():
            run(contender, os.environ)
    reference = told["warcio + lxml, text only"].walls
    print(f"\n{title}: {count:,} pages, {file.stat().st_size / 1e6:.1f} MB; median of {rounds} rounds in turns\n")
    print("| | s (least-most) | processor s | pages/s | times warcio + lxml | peak MiB of all processes |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, contender in told.items():
        wall = statistics.median(contender.walls)
        ratio = statistics.median(b / w for b, w in zip(reference, contender.walls, strict=True))
        print(
            f"| {name} | {wall:.2f} ({min(contender.walls):.2f}-{max(contender.walls):.2f}) "
            f"| {statistics.median(contender.processors):.2f} | {count / wall:,.0f} | {ratio:.2f} "
            f"| {contender.peak / _MIB:.0f} |"
        )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20_000, help="how many small pages; of large ones a quarter")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if not ORACLES.is_dir():
        sys.exit("the other tools are not here: run `make oracles`")
    with tempfile.TemporaryDirectory(prefix="preserve-bench-") as folder:
        for title, make, count, size in (
            ("pages of 12 KB, labels", small_page, given.pages, 8_300),
            ("pages of 70 KB, selectors", _large, given.pages // 4, 4_000),
        ):
            file = Path(folder) / "pages.warc.gz"
            with file.open("wb") as out:
                out.writelines(_pages(make, count, size))
            _bench(title, file, count, given.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
