"""``preserve check``: a capsule, told by its content, claim by claim. It needs no archive."""

from pathlib import Path

import click

from preserve.citation.check_capsule import FAIL, MANIFEST, MAX_FILE, Verdict
from preserve.citation.checking import check as check_capsule
from preserve.cli.common import Place, clean, command_options
from preserve.cli.loading import all_layouts, read_trust, trust_option
from preserve.errors import UsageError

_CAPSULE = MANIFEST.encode("ascii")


@click.command(short_help="Check a citation capsule.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_option
@command_options
def check(place: Place, files: tuple[Path, ...], trust: tuple[Path, ...]) -> int:
    """Check each of FILES, without network and without any archive: every claim of it, with a verdict.

    Status 1: one of them is FAIL.
    """
    believed, layouts = read_trust(place, trust), all_layouts(place)
    said: list[dict[str, object]] = []
    lines: list[str] = []
    failed = False
    for path in files:
        data = _read(path)
        if not _is_capsule(data):
            raise UsageError(f"{path} is no capsule", next_step="Give a file that `preserve cite --capsule` wrote.")
        verdicts = check_capsule(data, believed, layouts)
        failed = failed or any(each.verdict == FAIL for each in verdicts)
        said.append({"file": str(path), "kind": "capsule", "claims": [each._asdict() for each in verdicts]})
        lines += [str(path), *(_line(each) for each in verdicts)]
    place.emit({"good": not failed, "files": said}, clean("\n".join(lines) + "\n"))
    return 1 if failed else 0


def _line(verdict: Verdict) -> str:
    return f"  {verdict.verdict:<12}{verdict.claim}: {verdict.detail}"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _is_capsule(data: bytes) -> bool:
    """A ZIP with a manifest in it: also one that was changed, or has something before it, which is then told."""
    return b"PK\x03\x04" in data[:4096] and _CAPSULE in data
