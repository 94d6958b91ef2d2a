"""What ``preserve docs`` does: pages of the documentation, as they came with the program."""

import sys
from pathlib import Path

import click

from preserve.cli.shared.common import Place
from preserve.config.place import bundled_docs_dir
from preserve.errors import NotHeldError
from preserve.regular import read_regular
from preserve.text import nearest


def docs(place: Place, *, topic: str | None) -> int:
    """Show a page, or list the pages."""
    pages = _pages(bundled_docs_dir())
    if topic is None:
        width = max(map(len, pages))
        titles = {name: _title(path) for name, path in pages.items()}
        listed = "".join(f"{name.ljust(width)}  {title}\n" for name, title in titles.items())
        place.emit({"pages": [{"topic": name, "title": title} for name, title in titles.items()]}, listed)
        return 0
    name = topic.removeprefix("docs/").removesuffix(".md").strip("/")
    path = pages.get(name) or next((each for page, each in pages.items() if page.endswith(f"/{name}")), None)
    if path is None:
        below = [page for page in pages if page.startswith(f"{name}/")]
        told = f"that folder holds {', '.join(below)}" if below else nearest(name, pages)
        raise NotHeldError(
            f"no page is called {topic!r}; {told}",
            next_step="Run `preserve docs` to list the pages.",
        )
    text = read_regular(path).decode("utf-8")
    if not place.as_json and sys.stdout.isatty():
        click.echo_via_pager(text)
    else:
        place.emit({"topic": name, "title": _title(path), "text": text}, text)
    return 0


def _pages(folder: Path) -> dict[str, Path]:
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if not found:
        raise NotHeldError(f"no pages came with the program: {folder} has none", next_step="Install it again.")
    return found


def _title(path: Path) -> str:
    return read_regular(path).decode("utf-8").partition("\n")[0].lstrip("# ").strip()
