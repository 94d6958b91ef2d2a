"""Runs checkers on the vectors with the kinds of damage, and writes ``docs/what-catches-what.md``.

Run it as ``python -m tools.compare_checkers``; with ``--check``, it only compares. warcio and fastwarc are those of the
environment that runs it. A fault is caught where the exit status is not 0.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from preserve.provenance.derive import rebuild
from preserve.provenance.ledger import Ledger
from preserve.store.layout import CollectionPaths
from tools.corpus.collection import NAME, ROOT, VECTORS
from tools.corpus.kinds import KINDS
from tools.corpus.warcs import Form

PAGE = ROOT / "docs" / "what-catches-what.md"
_BIN = Path(sys.executable).parent
_CHECKERS = ("ledger", "file", "warcio", "fastwarc")
_SOUND = "0"

_TEXT = """# What catches what

Kinds of damage to a WARC file, and which checker reports them. Each was done to one file of a sound collection, once
to a plain file and once to one that is compressed record by record; the files lie in
[tests/vectors](../tests/vectors/README.md). Made by `python -m tools.compare_checkers`, which runs the checkers.
Caught means: the exit status is not 0.

`preserve verify COLLECTION` reads the records of files that were not read before, or that changed. Of the others it
takes the SHA-256, where the ledger states that they were read ([ADR 25](adr/0025-fixity-statements.md)). It finds what
is in the table all the same: tests do all damages of the corpus to a collection whose files were read. What it leaves
to `--deep` is no damage to bytes: a record that an older version of the program read, and this one could not.

| column | command |
| --- | --- |
| collection | `preserve verify COLLECTION`: the file in its place, with the ledger |
| file | `preserve verify FILE`: the file alone |
| warcio | `warcio check FILE`, warcio {warcio} |
| fastwarc | `fastwarc check -p FILE`, FastWARC {fastwarc} |

| # | damage | collection | file | warcio | fastwarc |
| --- | --- | --- | --- | --- | --- |
{rows}
*both*: in the plain and in the compressed file. A form that is not named is one in which it goes unnoticed; 22 to 25
have only a compressed form.

- Digests in a record do not cover the record's own header (its date, its address), and need not be there; a file does
  not say how many records it had. So no check of a file alone can find 2, 3, 4, 6, 8, 11, 11b, 12 and 21.
- 16 and 17 were done to a file with a revisit. A checker that refuses the sound one too says nothing of it.
  FastWARC holds the block of a revisit against the digest of the payload that it refers to.
- 18: the digest is of an algorithm that nobody has, so it can be neither right nor wrong. `preserve verify FILE`
  reports it as information. The ledger knows that the record had another header.
- `preserve verify --second-reader FILE` has warcio read the file as well, and compares what both read, block by block.
  It finds no other damage than the columns above; it shows that what is kept can be read without this program.
- What a page quotes is no record: [nasty inputs](nasty-inputs.md#files-of-others) lists the forms, each with a vector.
- 24 loses nothing. `preserve verify FILE` reports it as something to know (`W-WARC-MEMBERS`).
- The ledger finds what was changed after it was written. What the holder of its key states anew is for receipts and
  replicas to find ([threat model](threat-model.md)).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One damaged file: the overlay it is in (None: the sound base), and its path in the collection."""

    number: str
    form: Form
    path: str
    overlay: Path | None


def _cases() -> Iterator[_Case]:
    for stem in ("first", "later"):
        for form in Form:
            yield _Case(number=f"{_SOUND} {stem}", form=form, path=f"archive/{stem}{form.suffix}", overlay=None)
    for about in sorted((VECTORS / "bad").glob("*/overlay.json")):
        read = json.loads(about.read_text("utf-8"))
        if read.get("kind"):
            form = Form.GZIP if read["damaged"].endswith(".gz") else Form.PLAIN
            yield _Case(number=read["kind"], form=form, path=read["damaged"], overlay=about.parent)


def caught() -> dict[tuple[str, Form, str], bool]:
    """By number, form and checker: whether the exit status is other than 0."""
    with TemporaryDirectory(prefix="preserve-compare-") as scratch:
        base = Path(scratch) / "base" / NAME
        shutil.copytree(VECTORS / "base" / NAME, base)
        paths = CollectionPaths(base.parent, NAME)
        rebuild(paths, Ledger(paths))
        cases = list(_cases())
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            found = pool.map(lambda item: _one(item[1], base, Path(scratch) / str(item[0])), enumerate(cases))
            return {
                (case.number, case.form, name): status != 0
                for case, statuses in zip(cases, found, strict=True)
                for name, status in statuses.items()
            }


def _one(case: _Case, base: Path, root: Path) -> dict[str, int]:
    shutil.copytree(base, root / NAME)
    if case.overlay is not None:
        shutil.copy(case.overlay / case.path, root / NAME / case.path)
    file = str(root / NAME / case.path)
    verify = [sys.executable, "-m", "preserve", "verify", "--config", str(ROOT / "config")]
    commands = {
        "ledger": [*verify, "--archives", str(root), NAME],
        "file": [*verify, file],
        "warcio": [str(_BIN / "warcio"), "check", file],
        "fastwarc": [str(_BIN / "fastwarc"), "check", "-p", file],
    }
    environment = {**os.environ, "XDG_STATE_HOME": str(root / "home"), "HOME": str(root / "home")}
    return {name: _status(commands[name], environment) for name in _CHECKERS}


def _status(command: Sequence[str], environment: Mapping[str, str]) -> int:
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - our own
    return done.returncode


def page() -> str:
    """The page, with what the checkers say now."""
    found = caught()
    words = {f"{_SOUND} first": "nothing: the sound file", f"{_SOUND} later": "nothing: the sound file with a revisit"}
    words |= {kind.number: kind.words for kind in KINDS}
    on_revisit = {kind.number for kind in KINDS if kind.stem == "later"}
    rows = ""
    for number, text in words.items():
        rows += f"| {number} | {text} | {_cells(found, number, on_revisit=number in on_revisit)} |\n"
    rows = rows.replace(f"| {_SOUND} first |", "| |").replace(f"| {_SOUND} later |", "| |")
    return _TEXT.format(warcio=version("warcio"), fastwarc=version("fastwarc"), rows=rows)


def _cells(found: Mapping[tuple[str, Form, str], bool], number: str, *, on_revisit: bool) -> str:
    cells = []
    for name in _CHECKERS:
        cell = _cell({form: found.get((number, form, name)) for form in Form})
        is_alarm = on_revisit and any(found[f"{_SOUND} later", form, name] for form in Form)
        cells.append(f"{cell}, the sound one too" if is_alarm else cell)
    return " | ".join(cells)


def _cell(by_form: Mapping[Form, bool | None]) -> str:
    held = [form for form, is_caught in by_form.items() if is_caught is not None]
    noticed = [form for form in held if by_form[form]]
    if len(noticed) == len(Form):
        return "both"
    return ", ".join(noticed) or "-"


def main() -> int:
    """Writes or checks; returns the exit status."""
    text = page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE} is not what the checkers say; run: python -m tools.compare_checkers", file=sys.stderr)
        return 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
