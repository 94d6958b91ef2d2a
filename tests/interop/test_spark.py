"""``spark-submit`` has the files read by its own workers: what is written is what one process writes."""

import json
from pathlib import Path

import pytest

from preserve.cli.main import main
from tests import countedreads
from tests.interop.conftest import COPY
from tests.scenarios.test_history_of_releases import page, warc
from tests.shell import Shell
from tests.sparksubmit import TRIES, spark_submit

pytestmark = [pytest.mark.slow, pytest.mark.damages, pytest.mark.timeout(1_200)]

ENTRY = Path(__file__).parents[2] / "preserve" / "spark.py"


def _place(copied: Shell) -> list[str]:
    return ["--archives", str(copied.archives), "--config", str(copied.config), "--json"]


def test_spark_says_what_one_process_says(copied: Shell, tmp_path: Path) -> None:
    path = sorted((copied.archives / "demo" / "archive").iterdir())[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    here = copied("verify", "demo", COPY, "--deep", "--json", status=1)
    assert "E-WARC-HASH" in here
    there = spark_submit(ENTRY, ["verify", "demo", COPY, *_place(copied)], tmp_path / "spark", {}, status=1)
    assert there == here


def test_spark_extracts_what_one_process_extracts(tmp_path: Path) -> None:
    files = [tmp_path / f"{letter}.warc.gz" for letter in "abc"]
    for number, path in enumerate(files):
        warc(path, [(f"http://a.example/{number}", "2010-12-01T00:00:00Z", page(f"08SAMPLE{number}"))])
    words = ["extract", *map(str, files), "-o"]
    assert main([*words, str(tmp_path / "here")]) == 0
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    spark_submit(ENTRY, [*words, str(tmp_path / "there")], tmp_path / "spark", state, status=0)
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes() != b""


def test_what_kills_its_worker_costs_itself_only(copied: Shell, tmp_path: Path) -> None:
    first, *others = (path.name for path in sorted((copied.archives / "demo" / "archive").iterdir()))
    log = tmp_path / "reads"
    environment = {countedreads.LOG: str(log), countedreads.GATES: str(tmp_path), countedreads.DEADLY: first}
    words = ["verify", "demo", "--on", "spark", *_place(copied)]
    text = spark_submit(Path(countedreads.__file__), words, tmp_path / "spark", environment, status=1)
    (report,) = json.loads(text)["collections"]
    assert [(finding["code"], finding["where"]) for finding in report["findings"]] == [("W-REPLICA-UNREAD", first)]
    verdicts = {claim["claim"]: claim["verdict"] for claim in report["claims"]}
    assert verdicts["every record is the one in the ledger"] == "NOT CHECKED"
    assert "FAIL" not in verdicts.values()
    assert "killed" in json.dumps(report)
    read = [line.split()[0] for line in log.read_text("utf-8").splitlines()]
    assert sorted(read) == sorted([first] * TRIES + others)
    # Run again, by whomever, it is the only one that is read.
    (kept,) = (tmp_path / "state" / "preserve" / "cluster").glob("*/")
    assert len([path for path in kept.iterdir() if not path.name.startswith(".")]) == len(others)
    assert copied("verify", "demo", "--on", "processes:1", "--json") == copied("verify", "demo", "--deep", "--json")
