"""What ``preserve check`` does: a capsule, told by its content, claim by claim. It needs no archive."""

from pathlib import Path

from preserve.citation.capsule.check import check as check_capsule
from preserve.citation.capsule.check_capsule import MANIFEST, MAX_FILE, Verdict, conclusion, is_good
from preserve.cli.shared.common import Place, no_file
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.tones import toned
from preserve.cli.shared.trusting import read_trust
from preserve.errors import UsageError
from preserve.provenance.knownlogs import KnownLogs
from preserve.regular import open_regular

_CAPSULE = MANIFEST.encode("ascii")


def check(
    place: Place,
    *,
    files: tuple[Path, ...],
    collection: tuple[str, ...],
    live: bool,
    delay_s: float,
    write: Path | None,
    trust: tuple[Path, ...],
) -> int:
    """Check each of FILES: every claim that it makes, with a verdict."""
    capsules = {path: data for path in files if _is_capsule(data := _read(path))}
    documents = [path for path in files if path not in capsules]
    said: list[dict[str, object]] = []
    lines: list[str] = []
    failed = False
    believed, logs = read_trust(place, trust), KnownLogs(place.keys)
    if documents:
        from preserve.cli.shared.document_checks import check_documents  # noqa: PLC0415 - only documents need it

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
    place.emit({"good": not failed, "files": said}, "\n".join(lines) + "\n")
    return 1 if failed else 0


def _line(verdict: Verdict) -> str:
    return f"  {toned(f'{verdict.verdict:<12}')}{verdict.claim}: {verdict.detail}"


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise no_file(path) from error
    except OSError as error:
        raise file_fault(path, error, done="read") from error


def _is_capsule(data: bytes) -> bool:
    """A ZIP with a manifest in it: also one that was changed, or has something before it, which is then told."""
    return b"PK\x03\x04" in data[:4096] and _CAPSULE in data
