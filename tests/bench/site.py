"""A site for a benchmark: pages of text with a dozen links, the same each time, in two halves for two hosts."""

import random
from pathlib import Path

HALVES = 2
_LINKS = 12
_WORDS = 1_500
_A_FOLDER = 200


def page_path(number: int) -> str:
    """The path of a page; halves lie under folders of their own."""
    return f"/h{number % HALVES}/f{number // _A_FOLDER}/p{number}.html"


def write_site(folder: Path, pages: int) -> list[str]:
    """Writes the pages; returns their paths. Every page can be reached from the first page of its half."""
    chance = random.Random(20_261_123)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvwxyz", k=chance.randint(2, 11))) for _word in range(4_000)]
    # Some words are common, most are rare: so text compresses as text does.
    weights = [1 / (rank + 1) for rank in range(len(words))]
    paths = [page_path(number) for number in range(pages)]
    for number, path in enumerate(paths):
        half = number % HALVES
        place = number // HALVES
        near = [HALVES * (place * _LINKS + branch + 1) + half for branch in range(_LINKS)]
        far = [HALVES * chance.randrange(max(1, pages // HALVES)) + half for _link in range(2)]
        links = "".join(f'<li><a href="{page_path(n)}">page {n}</a></li>\n' for n in (*near, *far) if n < pages)
        text = " ".join(chance.choices(words, weights, k=_WORDS))
        lines = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            f"<!DOCTYPE html><html><head><title>Page {number}</title>"
            f'<link rel="canonical" href="{path}"></head><body><h1>Page {number}</h1>\n<ul>\n{links}</ul>\n'
            f"<pre>\n{lines}\n</pre></body></html>\n",
            "utf-8",
        )
    return paths
