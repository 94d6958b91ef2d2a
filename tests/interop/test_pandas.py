"""pandas on every table that is exported: the rows are those of `preserve.open_archive`, in each form."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import preserve
from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.interop

_PYTHON = Path(__file__).parents[2] / ".oracles" / "bin" / "python"
_FORMS: tuple[Any, ...] = ("csv", "jsonl", "parquet")
_READ = """
import sys, pandas
form, path = sys.argv[1:]
read = {"csv": lambda: pandas.read_csv(path, dtype=str, keep_default_na=False),
        "jsonl": lambda: pandas.read_json(path, lines=True, dtype=False, convert_dates=False),
        "parquet": lambda: pandas.read_parquet(path)}
table = read[form]()
print(table[["published_id", "statement"]].astype(str).to_json(orient="records"))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        subprocess.run([_PYTHON, "-c", "import pandas, pyarrow"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("pandas is not here: run `make oracles`")
    return _PYTHON


@pytest.mark.slow
@pytest.mark.parametrize("table", ["texts", "references"])
def test_pandas_reads_every_table_in_every_form(
    table: Any, python: Path, shell: Shell, site: Site, tmp_path: Path
) -> None:
    paths = [path for path in replies(1) if "cable" in path]
    for path in paths:
        site.page(path, replies(1)[path].body)
    shell.site_collection("demo", site, *paths)
    shell("init", "demo")
    shell("capture", "demo", status=None)
    with preserve.open_archive(shell.archives) as archive:
        wanted = [
            {"published_id": row["published_id"], "statement": str(row["statement"])} for row in archive.rows(table)
        ]
        assert wanted
        for form in _FORMS:
            file = tmp_path / f"{table}.{form}"
            assert archive.export(file, form, table=table) == len(wanted)
            read = subprocess.run([python, "-c", _READ, form, file], check=True, capture_output=True, text=True)
            assert json.loads(read.stdout) == wanted, form
