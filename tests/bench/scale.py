"""What an archive takes a page and a byte, for `tools/scale_model.py`: ``python -m tests.bench.scale``.

Two sites, each captured in two sizes: pages of a layout (12 KB), and files of 900 kB that do not compress. The
difference of two sizes is free of start-up; both sites together tell what a page costs and what a byte costs. Seconds
are those of the processor, of whole processes and all that they began. Requests are counted by a small S3 server here.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench import capture as sites
from tests.bench.site import HALVES, page_path
from tests.objectserver import BUCKET, ObjectServer, serving_objects

_FILE_BYTES = 900_000
_STORE = f"s3://{BUCKET}/copies"


def _write_files(folder: Path, count: int) -> list[str]:
    """A page for each host that leads to files of its half."""
    chance = random.Random(20_261_130)
    paths = []
    for half in range(HALVES):
        first = page_path(half)
        names = [f"/h{half}/n{number}.bin" for number in range(half, count, HALVES)]
        target = folder / first.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f'<a href="{name}">a file</a>\n' for name in names), "utf-8")
        for name in names:
            (folder / name.lstrip("/")).write_bytes(chance.randbytes(_FILE_BYTES))
        paths += [first, *names]
    return paths


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _steps(work: Path) -> Iterator[tuple[str, list[str]]]:
    """What is measured after the capture, in order."""
    base = [sys.executable, "-m", "preserve"]
    place = ["--archives", str(work / "archives"), "--config", str(work / "config")]
    files = [str(path) for path in sorted((work / "archives" / "bench" / "archive").glob("*.warc.gz"))]
    one = ["--processes", "1"]
    yield "verify --deep", [*base, "verify", "bench", "--deep", *one, *place]
    yield "verify --state", [*base, "verify", "bench", "--state", *one, *place]
    yield "verify", [*base, "verify", "bench", *one, *place]
    yield "rebuild", [*base, "rebuild", "bench", *place]
    yield "replicate", [*base, "replicate", _STORE, *place]
    yield "replicate again", [*base, "replicate", _STORE, *place]
    yield "verify of the copy", [*base, "verify", f"{_STORE}/bench", "--structure", *one, *place]
    yield "index", [*base, "index", *files, *one, "-o", str(work / "index.cdxj")]
    out = str(work / "extract.jsonl")
    yield "extract", [*base, "extract", *files, *one, "-o", out, "--config", str(work / "config")]
    yield "export texts", [*base, "export", "parquet", "-o", str(work / "texts.parquet"), *place]
    yield "export index", [*base, "export", "parquet", "--table", "index", "-o", str(work / "index.parquet"), *place]


def _figures(site: sites.Site, work: Path, server: ObjectServer) -> dict[str, float]:
    """Seconds of each step, bytes of each part, and requests of each kind."""
    runs = sites.Runs()
    sites._preserve(site, sites.Contender("scale", 1, "layouts: [mrkva]\n"), work, runs)
    found = {"s capture": runs.processors[0]}
    environment = server.environment()
    os.environ.update(environment)
    for name, command in _steps(work):
        server.asked.clear()
        found[f"s {name}"] = sites._timed(command, work, None, (0, 1))[1]
        for method in {asked for asked, _key in server.asked}:
            found[f"{method} {name}"] = sum(asked == method for asked, _key in server.asked)
    for name in environment:
        del os.environ[name]
    held = work / "archives" / "bench"
    for part in ("archive", "ledger", "state", "indexes"):
        found[f"bytes {part}"] = _bytes_below(held / part)
    for name in ("index.parquet", "texts.parquet"):
        found[f"bytes {name}"] = (work / name).stat().st_size
    found["replies"] = len(site.paths)
    return found


def _slopes(few: Mapping[str, float], many: Mapping[str, float]) -> dict[str, float]:
    """What one more reply takes, and what a run takes beside."""
    more = many["replies"] - few["replies"]
    names = sorted(few.keys() | many.keys())
    return {name: (many.get(name, 0) - few.get(name, 0)) / more for name in names if name != "replies"}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1_500, help="pages of the larger site; the smaller has a fifth")
    parser.add_argument("--files", type=int, default=50, help="files of the larger site; the smaller has a fifth")
    parser.add_argument("--port", type=int, default=18_352, help="the first of four")
    given = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="preserve-scale-"))
    top.chmod(0o755)
    try:
        made = []
        wanted = [
            ("pages", given.pages // 5),
            ("pages", given.pages),
            ("files", given.files // 5),
            ("files", given.files),
        ]
        for number, (kind, count) in enumerate(wanted):
            folder = top / f"site-{number}"
            paths = sites._write_cables(folder, count) if kind == "pages" else _write_files(folder, count)
            made.append(sites.Site(f"{kind} {count}", folder, given.port + number, paths, found=False))
        figures = []
        with sites._nginx(top, made):
            for site in made:
                work = top / "work"
                work.mkdir()
                with serving_objects() as server:
                    figures.append(_figures(site, work, server))
                shutil.rmtree(work)
        pages, files = _slopes(*figures[:2]), _slopes(*figures[2:])
        print(json.dumps({"a page": pages, "a file": files, "runs": figures}, indent=1))
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
