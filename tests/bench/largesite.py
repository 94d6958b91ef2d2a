"""An archive of very many invented cables: WARC files of pages, taken in by ``preserve import``."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from preserve.demo_site.cables import InventedCable
from preserve.demo_site.pages import _table_page
from preserve.formats.warc.record import compress_member
from tests.bench.turns import BIN, ROOT
from tests.warcs import record, reply, sha1

COLLECTION = "large"
RARE, COMMON, PHRASE = "quillfeather", "harbour", "twelfth lighthouse"
"""What is searched for: in one cable of 25,000, in nearly every one, in one of 200."""
_ORIGINS = [
    f"{kind} {first}{second}"
    for kind, firsts in (("Embassy", ("Port", "San", "New", "Bel")), ("Consulate", ("Vel", "Kar", "Mont", "Ost")))
    for first in firsts
    for second in ("solace", "dora", "mere", "haven", "ria")
]
_CLASSES = ("UNCLASSIFIED", "UNCLASSIFIED//FOR OFFICIAL USE ONLY", "CONFIDENTIAL", "CONFIDENTIAL//NOFORN", "SECRET")
_TAGS = ("PREL", "PGOV", "ECON", "ETRD", "SENV", "EWWT", "EAGR", "SCUL", "ELTN", "KPAO", "MARR", "PHUM", "EFIN", "CVIS")
_GLUE = (
    *("the", "of", "to", "and", "in", "a", "that", "is", "for", "on", "with", "as", "by", "at", "be", "said", "would"),
    *("not", "from", "has", "it", "his", "are", "was", "an", "but", "have", "this", "had", "which", "their", "its"),
    *("he", "they", "or", "were", "more", "been", "than", "will", "other", "also", "who", "about", "could", "after"),
    *("no", "two", "first", "when", "may", "only"),
)
_FIRST = (
    "bra",
    "cor",
    "del",
    "fen",
    "gul",
    "har",
    "lam",
    "mor",
    "nel",
    "oss",
    "pir",
    "qua",
    "ros",
    "sel",
    "tar",
    "vin",
)
_REST = ("ba", "den", "fer", "gon", "hil", "ker", "lin", "mon", "nor", "per", "rin", "sal", "tem", "ver", "wick", "zon")
_WORDS = [
    *_GLUE,
    COMMON,
    *(a + b + c + d for d in ("", "s", "ed", "ing", "er") for a in _FIRST for b in _REST for c in _REST),
]
_WEIGHTS = list(accumulate(1 / (rank + 2.7) for rank in range(len(_WORDS))))
_A_PIECE = 2_500


def identifier(number: int) -> str:
    """The id of the cable with this number: number, origin and year turn."""
    origin = _ORIGINS[number % len(_ORIGINS)].split()[1].upper()
    year = number // len(_ORIGINS) % 10
    return f"{year:02d}{origin}{number // (10 * len(_ORIGINS)) + 1}"


def invented(number: int) -> InventedCable:
    """One cable, always the same for its number; its message has some 4 to 6 KB."""
    chance = random.Random(number)
    name, origin = identifier(number), _ORIGINS[number % len(_ORIGINS)]
    sent = datetime(2000 + int(name[:2]), 1, 1, 8, 0) + timedelta(minutes=chance.randrange(520_000))  # noqa: DTZ001 - pages print no zone
    classification = chance.choices(_CLASSES, (45, 20, 25, 5, 5))[0]
    tags = chance.sample(_TAGS, 3)
    words = chance.choices(_WORDS, cum_weights=_WEIGHTS, k=chance.randrange(500, 800))
    if number % 25_000 == 17:
        words[100] = RARE
    if number % 200 == 3:
        words[300:302] = PHRASE.split()
    title = " ".join(words[:7]).upper()
    city = origin.split()[1].upper()
    level = classification.split("/", maxsplit=1)[0].replace("UNCLASSIFIED", "UNCLAS")
    lines = [
        f"{level} {city} {name[2 + len(city) :]:0>6}",
        "", "SIPDIS", "", "E.O. 12958: N/A", f"TAGS: {', '.join(tags)}", f"SUBJECT: {title}", "",
    ]  # fmt: skip
    if number >= 1_000:
        lines += [f"REF: {identifier(number - chance.randrange(1, 1_000))}", ""]
    for paragraph, start in enumerate(range(0, len(words), 90), 1):
        said = words[start : start + 90]
        first = f"{paragraph}. ({'C' if classification.startswith('C') else 'U'}) {said[0].capitalize()}"
        pieces = [first, *said[1:-1], f"{said[-1]}."]
        lines += [" ".join(pieces[n : n + 10]) + " " for n in range(0, len(pieces), 10)] + [""]
    lines += ["HOLLOWAY", "", "NNNN", ""]
    return InventedCable(
        identifier=name,
        origin=origin,
        created=f"{sent:%Y-%m-%d %H:%M:%S}",
        classification=classification,
        tags=" ".join(tags),
        title=title,
        message="\n".join(lines),
    )


def members(first: int, count: int) -> bytes:
    """The records of some cables, one gzip member each."""
    out = []
    for number in range(first, first + count):
        cable = invented(number)
        body = _table_page(cable, cable.message, "2011-10-04")
        uri = f"https://cables.example/cable.php?id={number}"
        block = reply(body, "Content-Type: text/html; charset=utf-8")
        out.append(compress_member(record(number, block, uri=uri, payload_digest=sha1(body))))
    return b"".join(out)


def _write(path: Path, first: int, count: int) -> None:
    part = path.with_suffix(".part")
    starts = range(first, first + count, _A_PIECE)
    with ProcessPoolExecutor() as pool, part.open("wb") as file:
        for piece in pool.map(members, starts, [min(_A_PIECE, first + count - start) for start in starts]):
            file.write(piece)
    part.rename(path)


def environment(folder: Path) -> dict[str, str]:
    """Of the processes: the key lies in the folder."""
    return {**os.environ, "XDG_CONFIG_HOME": str(folder / "home")}


def place(folder: Path, part: str) -> list[str]:
    """The options that say where an archive is. ``part``: quarter, half or all."""
    return ["--archives", str(folder / part), "--config", str(ROOT / "config")]


def build(folder: Path, cables: int, part: str = "all") -> Path:
    """Makes the archive, or what is missing of it. The files of a quarter each are shared by all parts."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"{part}.{cables}"
    if done.exists():
        return folder / part
    files = []
    for number in range({"quarter": 1, "half": 2, "all": 4}[part]):
        path = folder / f"invented-{cables}-{number}.warc.gz"
        files.append(path)
        if not path.exists():
            print(f"writing {path}", file=sys.stderr, flush=True)
            _write(path, number * (cables // 4), cables // 4)
    command: list[str | Path] = [BIN / "preserve", "import", *files, "--into", COLLECTION, *place(folder, part)]
    subprocess.run(command, check=True, env=environment(folder))
    done.touch()
    return folder / part


def numbers(cables: int, count: int) -> Iterator[int]:
    """Cables to ask for, spread over all."""
    return (cables // count * n + 7 for n in range(count))
