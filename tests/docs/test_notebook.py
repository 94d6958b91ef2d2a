"""The example notebook, cell by cell, on the archive that it names."""

import json
from pathlib import Path
from typing import Any

import pytest

import preserve
from preserve import errors
from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

_NOTEBOOK = Path(__file__).parents[2] / "docs" / "examples" / "archive.ipynb"


@pytest.fixture
def folder(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what `preserve demo` leaves: two captures, a change between."""
    paths = [path for path in replies(1) if "cable" in path]
    shell.site_collection("demo", site, *paths)
    shell("init", "demo")
    for phase in (1, 2):
        for path in paths:
            reply = replies(phase).get(path)
            site.page(
                path, b"no" if reply is None else reply.body, status="404 Not Found" if reply is None else "200 OK"
            )
        shell("capture", "demo", status=None)
    (shell.folder / ".demo").mkdir()
    shell.archives.rename(shell.folder / ".demo" / "archives")
    monkeypatch.chdir(shell.folder)
    return shell.folder


def _cells() -> list[str]:
    cells = json.loads(_NOTEBOOK.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for cell in _cells():
        exec(compile(cell, "cell", "exec"), names)
    shown = capsys.readouterr().out
    assert "05PORTSOLACE117" in shown
    assert "@techreport{05PORTSOLACE117," in shown
    assert "PASS every record is the one in the ledger" in shown
    assert (folder / "cables.csv").read_text("utf-8").startswith("collection,published_id")


def test_what_cannot_be_cited_is_told(folder: Path) -> None:
    with preserve.open_archive(folder / ".demo" / "archives") as archive:
        with pytest.raises(errors.UsageError, match="no form is called 'bibtx'") as told:
            archive.cite("05PORTSOLACE117", "bibtx")
        assert "did you mean 'bibtex'?" in told.value.next_step.lower()
        with pytest.raises(errors.NotHeldError):
            archive.cite("05NOWHERE1")
        with pytest.raises(errors.NotHeldError, match="the quote is not in the text"):
            archive.cite("05PORTSOLACE117", quote="these words are nowhere")


def test_outputs_are_not_kept() -> None:
    cells = json.loads(_NOTEBOOK.read_text("utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
