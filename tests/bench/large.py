"""What a large archive costs: ``python -m tests.bench.large --cables 250000 --folder DIR``.

An archive of invented cables is made in DIR, or the one found there is used. Then whole processes are timed, start-up
with them. ``--rebuild`` also rebuilds archives of a quarter and of half as many, and that of all; each needs an import
the first time, and the search index is made again after it.
"""

import argparse
import statistics
import sys
from pathlib import Path

from tests.bench.largesite import COLLECTION, COMMON, PHRASE, RARE, build, environment, identifier, numbers, place
from tests.bench.turns import BIN, Contender, run


def _preserve(folder: Path, part: str, *words: str) -> Contender:
    return Contender([BIN / "preserve", *words, *place(folder, part)], " ".join(words))


def _tell(name: str, one: Contender, note: str = "") -> None:
    wall = statistics.median(one.walls)
    print(
        f"| {name} | {wall:.3f} ({min(one.walls):.3f}-{max(one.walls):.3f}) "
        f"| {statistics.median(one.processors):.3f} | {one.peak / (1 << 20):.0f} | {note} |",
        flush=True,
    )


def _once(folder: Path, cables: int, name: str, one: Contender) -> None:
    run(one, environment(folder))
    _tell(name, one, f"{cables / one.walls[0]:,.0f} cables/s")


def _questions(folder: Path, cables: int, rounds: int) -> None:
    asked = [
        (f"show {identifier(number)}", _preserve(folder, "all", "show", identifier(number)))
        for number in numbers(cables, 3)
    ]
    asked += [
        (f"{words[0]}: {what}", _preserve(folder, "all", *words))
        for what, words in (
            ("a rare word", ("search", RARE)),
            ("a common word", ("search", COMMON)),
            ("a phrase", ("search", f'"{PHRASE}"')),
            ("a beginning", ("search", f"{COMMON[:4]}*")),
            ("with filters", ("search", COMMON, "--class", "secret", "--tag", "PREL", "--from", "2005")),
            ("with filters", ("list", "--class", "secret", "--tag", "PREL", "--from", "2005")),
            ("everything", ("list",)),
        )
    ]
    for _number in range(rounds):
        for _name, one in asked:
            run(one, environment(folder))
    for name, one in asked:
        _tell(name, one)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cables", type=int, default=250_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--export", action="store_true")
    given = parser.parse_args()
    folder = given.folder.absolute()
    build(folder, given.cables)
    print("| | s (least-most) | processor s | peak MiB | |\n| --- | --- | --- | --- | --- |")
    if given.rebuild:
        for part, share in (("quarter", 4), ("half", 2), ("all", 1)):
            build(folder, given.cables, part)
            count = given.cables // share
            _once(folder, count, f"rebuild {count:,}", _preserve(folder, part, "rebuild", COLLECTION))
    index = folder / "all" / COLLECTION / "state" / "search.sqlite"
    if not index.exists():
        _once(folder, given.cables, "search index made", _preserve(folder, "all", "search", RARE))
    print(f"| search index | | | | {index.stat().st_size / given.cables:,.0f} bytes a cable |")
    _questions(folder, given.cables, given.rounds)
    if given.export:
        for form in ("csv", "jsonl", "parquet"):
            target = folder / f"exported.{form}"
            one = _preserve(folder, "all", "export", form, "-o", str(target))
            _once(folder, given.cables, f"export {form}", one)
            target.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
