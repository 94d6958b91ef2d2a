"""Every kind of page of the desk before the Nu Html Checker (validator.github.io), which knows the rules of HTML."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.desk import CABLE, demo, desk

__all__ = ["demo", "desk"]

_CHECKER = Path(__file__).parents[2] / ".oracles" / "vnu" / "package" / "build" / "dist" / "vnu.jar"
_PAGES = [
    "/",
    "/search",
    "/search?q=harbour",
    "/search?q=%22nothing+%3Cat%3E+all",
    f"/search?q={CABLE}&-class=SECRET",
    f"/cable/{CABLE}",
    f"/cable/{CABLE}?view=text",
    f"/cable/{CABLE}/cite?paragraph=2",
    f"/cable/{CABLE}/history",
    f"/cable/{CABLE}/diff",
    f"/graph/{CABLE}",
    "/browse",
    "/browse/tag",
    "/browse/month",
    "/browse/origin",
    "/statement/demo/5",
    "/collection/demo",
    "/operator",
    "/releases",
    "/about",
    "/accessibility",
    "/nowhere",
]


@pytest.mark.slow
@pytest.mark.interop
def test_pages_are_html_by_its_rules(desk: Any, tmp_path: Path) -> None:
    if not _CHECKER.is_file() or shutil.which("java") is None:
        pytest.skip("no checker of HTML is here: run `make oracles`")
    record = desk.get(f"/cable/{CABLE}.json").json()
    name = record["record"]["id"]
    pages = [*_PAGES, f"/record/{name}", f"/cable/{CABLE}/at/{name}", f"/page?url={record['url']}"]
    for number, path in enumerate(pages):
        (tmp_path / f"{number:02d}.html").write_bytes(desk.get(path).content)
    done = subprocess.run(
        ["java", "-jar", str(_CHECKER), "--stdout", "--format", "json", "--exit-zero-always", str(tmp_path)],
        capture_output=True,
        check=True,
        timeout=300,
    )
    said = json.loads(done.stdout)["messages"]
    assert [(pages[int(Path(one["url"]).stem)], one["message"], one.get("extract")) for one in said] == []
