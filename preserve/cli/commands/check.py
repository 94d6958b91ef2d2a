"""``preserve check``: a capsule, told by its content, claim by claim. It needs no archive."""

from pathlib import Path

import click

from preserve.citation.capsule.check import check as check_capsule
from preserve.citation.capsule.check_capsule import MANIFEST, MAX_FILE, Verdict, conclusion, is_good
from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.trusting import read_trust, trust_option
from preserve.errors import NotHeldError, UsageError
from preserve.provenance.knownlogs import KnownLogs
from preserve.regular import open_regular
from preserve.text import clean

_CAPSULE = MANIFEST.encode("ascii")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--collection", "-c", multiple=True, help="Of documents: look only in this collection. May be given again."
)
@click.option(
    "--live", is_flag=True, help="Of documents: look at the originals too. One failure is no death: look again."
)
@click.option(
    "--delay", "delay_s", type=click.FloatRange(0, 3600), default=2.0, show_default=True, help="Seconds between looks."
)
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the one document back with its copies named: HTML, Markdown, LaTeX or BibTeX.",
)
@trust_option
@command_options
def check(
    place: Place,
    files: tuple[Path, ...],
    collection: tuple[str, ...],
    *,
    live: bool,
    delay_s: float,
    write: Path | None,
    trust: tuple[Path, ...],
) -> int:
    """Check each of FILES: every claim that it makes, with a verdict. Status 1: one of them is FAIL, or a log's key is
    none that you trust.

    A capsule is checked without network and without any archive. A document (.bib .ris .json .rdf .tex .md .html .docx
    .odt .epub .pdf .txt) is held against the archives: is what it cites held, does what it quotes stand there, has the
    page changed since. Where you name keys of logs (--trust, CONFIG/trust/), only what is signed by one of them is
    believed; where you name none, the keys by which a log is known here count.
    """
    capsules = {path: data for path in files if _is_capsule(data := _read(path))}
    documents = [path for path in files if path not in capsules]
    said: list[dict[str, object]] = []
    lines: list[str] = []
    failed = False
    believed, logs = read_trust(place, trust), KnownLogs(place.keys)
    if documents:
        from preserve.cli.shared.document_checks import check_documents

        said, lines, good = check_documents(
            place, documents, collections=collection, live=live, delay_s=delay_s, write=write, trust=believed
        )
        failed = not good
    elif write is not None or live:
        raise UsageError("a capsule is checked as it is", next_step="--live and --write are for documents.")
    if capsules:
        layouts = all_layouts(place)
        for path, data in capsules.items():
            verdicts = check_capsule(data, believed, layouts, logs)
            failed = failed or not is_good(verdicts, key_given=bool(believed.keys))
            ended = conclusion(verdicts)
            claims = [each._asdict() for each in verdicts]
            said.append({"file": str(path), "kind": "capsule", "claims": claims, "conclusion": ended})
            lines += [str(path), *(_line(each) for each in verdicts), f"  {ended}"]
    place.emit({"good": not failed, "files": said}, clean("\n".join(lines) + "\n"))
    return 1 if failed else 0


def _line(verdict: Verdict) -> str:
    return f"  {verdict.verdict:<12}{verdict.claim}: {verdict.detail}"


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise NotHeldError(f"there is no file {path}") from error
    except OSError as error:
        raise file_fault(path, error, done="read") from error


def _is_capsule(data: bytes) -> bool:
    """A ZIP with a manifest in it: also one that was changed, or has something before it, which is then told."""
    return b"PK\x03\x04" in data[:4096] and _CAPSULE in data
