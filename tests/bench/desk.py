"""What the desk costs: ``python -m tests.bench.desk --cables 251287 --folder DIR``.

An archive of some invented cables is made in DIR, or the one found there is used. To its search index as many are
written as are asked for: what is found has that size, and the cables that are opened are evidence. Then pages are asked
for in this process, and their processor time is told; the clock's is told beside it, for a machine that does nothing
else.
"""

import argparse
import os
import random
import resource
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from starlette.testclient import TestClient

from preserve.cables.identity import cable_key
from preserve.model import sha256_hex
from preserve.provenance.installation import Installation
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import Citation, IndexedText, SearchIndex
from preserve.web.application import Desk
from preserve.web.settings import DeskSettings
from tests.bench.largesite import _CLASSES, _ORIGINS, _TAGS, _WEIGHTS, _WORDS, COLLECTION, build, identifier, numbers
from tests.bench.turns import ROOT

_HELD = 1_000
"""Cables of the archive that are evidence; the others stand in the index alone."""
_BEHIND = 1_000_000
"""Statements from here on are none of the ledger."""
_A_PART = 5_000
_A_TEXT = 220
"""Words of a text that stands in the index alone."""


def text_of(number: int, statement: int) -> IndexedText:
    """One text of the index, always the same for its number."""
    chance = random.Random(number)
    name = identifier(number)
    words = chance.choices(_WORDS, cum_weights=_WEIGHTS, k=_A_TEXT)
    cited = identifier(number - chance.randrange(1, 1_000)) if number >= _HELD else ""
    origin = _ORIGINS[number % len(_ORIGINS)]
    tags = tuple(chance.sample(_TAGS, 3))
    sent = f"{2000 + int(name[:2])}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}T08:00:00Z"
    body = " ".join(words)
    return IndexedText(
        statement=statement,
        place=-1,
        record_id=f"urn:uuid:{sha256_hex(name.encode())[:32]}",
        uri=f"https://cables.example/cable.php?id={number}",
        captured="2011-10-04T00:00:00Z",
        published_id=name,
        canonical_id=None,
        subject=" ".join(words[:7]).upper(),
        origin=origin,
        classification=chance.choices(_CLASSES, (45, 20, 25, 5, 5))[0],
        tags=tags,
        sent=None if number % 211 == 0 else sent,
        source="",
        body_sha256=sha256_hex(body.encode()),
        redactions=int(number % 9 == 0),
        head=f"{origin} {' '.join(tags)}",
        body=body,
        key=cable_key(name),
        reading="bench",
        citations=(Citation(1, None, cited, cited, cable_key(cited), certain=True, year_is_assumed=False, rules=""),)
        if cited
        else (),
    )


def fill(paths: CollectionPaths, cables: int) -> None:
    """Writes texts into the index until it has so many."""
    secret = Installation.of_user(paths.name).readers_secret()
    with SearchIndex.open(paths, secret) as index:
        size = index.ledger_size
        for start in range(_HELD, cables, _A_PART):
            texts = (text_of(number, _BEHIND + number) for number in range(start, min(start + _A_PART, cables)))
            index.add(texts, unread=0, size=size)
            print(f"{start:,}", file=sys.stderr, flush=True)
        index.optimise()


def words_by_frequency(paths: CollectionPaths, count: int) -> list[tuple[str, int]]:
    """Words drawn by how many texts have them: rare, of the middle and common ones in turn, with the number."""
    with sqlite3.connect(paths.search) as database:
        database.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        terms = [(str(term), int(docs)) for term, docs in database.execute("SELECT term, doc FROM terms ORDER BY doc")]
    database.close()
    chance = random.Random(7)
    parts = [terms[: len(terms) // 3], terms[len(terms) // 3 : -60], terms[-60:]]
    return [chance.choice(parts[number % len(parts)]) for number in range(count)]


class _Times:
    def __init__(self) -> None:
        self.clock: list[float] = []
        self.processor: list[float] = []

    def take(self, ask: Callable[[], object]) -> None:
        begun, used = time.perf_counter(), time.process_time()
        ask()
        self.clock.append(time.perf_counter() - begun)
        self.processor.append(time.process_time() - used)

    def row(self, name: str) -> str:
        def ms(values: Sequence[float], share: float) -> str:
            return f"{1_000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]:.0f}"

        shown = [ms(self.processor, 0.5), ms(self.processor, 0.95), ms(self.clock, 0.5), ms(self.clock, 0.95)]
        return f"| {name} | {' | '.join(shown)} | {1_000 * statistics.mean(self.processor):.0f} |"


def _asked(client: TestClient, path: str) -> Callable[[], object]:
    def ask() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code} {answer.text[-600:]}")

    return ask


def _kinds(words: Sequence[tuple[str, int]]) -> Iterator[tuple[str, list[str]]]:
    yield "search", [f"/search?q={word}" for word, _count in words]
    names = ("a rare word", "a word of the middle", "a common word")
    for number, name in enumerate(names):
        yield f"search: {name}", [f"/search?q={word}" for word, _count in words[number::3]]
    yield (
        "search: two words, a filter",
        [f"/search?q={a}+{b}&tag=PREL" for (a, _), (b, _) in pairwise(words[:31])],
    )
    yield "search without words", ["/search", "/search?class=SECRET", "/search?tag=PREL&-origin=Embassy+Portdora"] * 5


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cables", type=int, default=251_287)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=200)
    given = parser.parse_args()
    folder = given.folder.absolute()
    os.environ["XDG_CONFIG_HOME"] = str(folder / "home")
    archives = build(folder, _HELD)
    paths = CollectionPaths(archives, COLLECTION)
    if not (folder / f"filled.{given.cables}").exists():
        fill(paths, given.cables)
        (folder / f"filled.{given.cables}").touch()
    words = words_by_frequency(paths, given.queries)
    begun = time.perf_counter()
    desk = Desk(
        DeskSettings(
            archives=archives,
            config_dir=ROOT / "config",
            keys=folder / "home" / "preserve" / "keys",
            hosts=frozenset({"testserver"}),
        ),
        print,
    )
    client = TestClient(desk)
    _asked(client, "/healthz")()
    print(f"the first answer after {time.perf_counter() - begun:.2f} s", flush=True)
    used = time.process_time()
    while desk.library.columns(COLLECTION) is None:
        desk.library.overview(COLLECTION)
    print(f"counted out: {time.process_time() - used:.1f} s of processor time", flush=True)
    print(
        "| page | processor ms, median | 95 of 100 | clock ms, median | 95 of 100 | processor, mean |\n"
        "| --- | --- | --- | --- | --- | --- |",
        flush=True,
    )
    opened = [identifier(number) for number in numbers(_HELD, 40)]
    kinds = [("first page", ["/"] * 20), ("a cable", [f"/cable/{name}" for name in opened])]
    kinds += [
        ("history", [f"/cable/{name}/history" for name in opened]),
        ("graph", [f"/graph/{name}" for name in opened]),
    ]
    for name, paths_asked in [*kinds, *_kinds(words)]:
        times = _Times()
        _asked(client, paths_asked[0])()
        for path in paths_asked:
            times.take(_asked(client, path))
        print(times.row(name), flush=True)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
