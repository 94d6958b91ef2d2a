"""Sites for a benchmark, the same each time, in two halves for two hosts: pages of text with a dozen links, or with as
many as the mirrors of 2010 have on every page."""

import random
from pathlib import Path

HALVES = 2
_LINKS = 12
_WORDS = 1_500
_A_FOLDER = 200


def page_path(number: int) -> str:
    """The path of a page; halves lie under folders of their own."""
    return f"/h{number % HALVES}/f{number // _A_FOLDER}/p{number}.html"


def nav_path(half: int, number: int) -> str:
    """The path of a page that the navigation of a half leads to."""
    return f"/h{half}/nav/n{number}.html"


def write_site(folder: Path, pages: int, nav: int = 0) -> list[str]:
    """Writes the pages; returns their paths. Every page can be reached from the first page of its half.

    With ``nav``, every page has a navigation of so many relative links: four in five are the same on all pages of the
    half, the others lead to any of its pages.
    """
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
        shared, own = nav * 4 // 5, nav - nav * 4 // 5
        menu = "".join(f'<li><a href="../nav/n{n}.html">part {n}</a></li>\n' for n in range(shared))
        any_of = (HALVES * chance.randrange(max(1, pages // HALVES)) + half for _link in range(own))
        menu += "".join(f'<li><a href="../..{page_path(n)}">page {n}</a></li>\n' for n in any_of if n < pages)
        links = menu + "".join(f'<li><a href="{page_path(n)}">page {n}</a></li>\n' for n in (*near, *far) if n < pages)
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
    for half in range(HALVES):
        for number in range(nav * 4 // 5):
            path = nav_path(half, number)
            (folder / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            text = f"<!DOCTYPE html><html><head><title>Part {number}</title></head><body>Part {number}</body></html>\n"
            (folder / path.lstrip("/")).write_text(text, "utf-8")
            paths.append(path)
    return paths
