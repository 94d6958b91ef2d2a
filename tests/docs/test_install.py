"""What comes with the program: pages, manual pages, completion, and a wheel that works by itself."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import BashComplete

from preserve.cli.actions.completion import VARIABLE
from preserve.cli.main import cli, main
from tests.shell import Shell
from tests.site import Site
from tools.generate_man import pages_of

TOP = Path(__file__).parents[2]


def test_pages_are_listed_with_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list((TOP / "docs").rglob("*.md")))
    assert any(re.fullmatch(r"install +Installing", line) for line in lines)


@pytest.mark.parametrize("topic", ["repair", "docs/repair.md", "reference/commands", "commands"])
def test_a_page_is_shown_by_every_name_of_it(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", topic]) == 0
    assert capsys.readouterr().out.startswith("# ")


@pytest.mark.parametrize("topic", ["repare", "../README", "/etc/passwd", "docs/../../x", ""])
def test_what_is_no_page_is_said_and_no_other_file_is_read(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", topic]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no page is called" in err
    if topic == "repare":
        assert "did you mean 'repair'?" in err
    assert len(err) < 1_000


def test_a_folder_of_pages_is_answered_with_what_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "tutorials"]) == 3
    assert "that folder holds tutorials/paper-to-citation, tutorials/" in capsys.readouterr().err


def test_every_page_that_a_message_names_comes_along() -> None:
    for path in (TOP / "preserve").rglob("*.py"):
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8")):
            assert (TOP / name).is_file(), (path, name)


def test_the_names_of_collections_and_cables_are_completed(shell: Shell, site: Site, monkeypatch: Any) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("harbour", site, "/")
    shell("init", "harbour")
    monkeypatch.setenv("PRESERVE_ARCHIVES", str(shell.archives))
    monkeypatch.setenv("PRESERVE_CONFIG", str(shell.config))

    def completed(*words: str) -> list[str]:
        *before, last = words
        return [item.value for item in BashComplete(cli, {}, "preserve", VARIABLE).get_completions(before, last)]

    assert completed("verify", "h") == ["harbour"]
    assert completed("capture", "") == ["harbour"]
    assert completed("show", "--collection", "har") == ["harbour"]
    assert completed("show", "05") == []
    assert completed("ver") == ["verify"]
    assert "--archives" in completed("verify", "--a")


def test_a_catalogue_that_is_none_completes_nothing(shell: Shell, site: Site, monkeypatch: Any) -> None:
    shell.site_collection("harbour", site, "/")
    shell("init", "harbour")
    (shell.archives / "harbour" / "catalogue.db").write_bytes(b"no database")
    monkeypatch.setenv("PRESERVE_ARCHIVES", str(shell.archives))
    assert BashComplete(cli, {}, "preserve", VARIABLE).get_completions(["show"], "0") == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_program(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", name]) == 0
    assert f"{VARIABLE}={name}_complete" in capsys.readouterr().out


def test_every_command_has_a_manual_page_and_no_text_is_a_request() -> None:
    pages = pages_of("preserve", cli)
    assert {"preserve.1", "preserve-capture.1", "preserve-ledger-prove.1"} <= pages.keys()
    assert {f"preserve-{name}.1" for name in cli.commands} <= pages.keys()
    known = {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".br"}
    for text in pages.values():
        assert {line.split(" ")[0] for line in text.splitlines() if line[:1] in {".", "'"}} <= known


def test_the_lines_of_completion_work_in_an_empty_home(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "install.md").read_text("utf-8").partition("## Completion")[2]
    lines = page.split("```")[1].partition("\n")[2]
    script = 'preserve() { echo "for $2"; }\n' + lines
    subprocess.run(["/bin/sh", "-e", "-c", script], check=True, env={**os.environ, "HOME": str(tmp_path)})
    assert {path.read_text() for path in tmp_path.rglob("*preserve*") if path.is_file()} == {
        "for bash\n",
        "for zsh\n",
        "for fish\n",
    }


def test_the_manual_page_tells_of_completion() -> None:
    assert "preserve completion SHELL" in pages_of("preserve", cli)["preserve.1"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=TOP, check=True)
    (made,) = folder.glob("*.whl")
    return made


def _lend_libraries(env: Path) -> None:
    """The libraries are those of this environment: nothing is fetched for a test."""
    (site,) = (env / "lib").glob("python*/site-packages")
    # Behind what is installed; a path alone, so that no checkout is found by it.
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment into which only the wheel was put."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
    bin_dir = folder / "env" / "bin"
    pip = [str(bin_dir / "python"), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True)
    _lend_libraries(folder / "env")
    return bin_dir


def _shows_its_version(program: Path, home: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
    for words, begin in ((["--version"], "preserve"), (["docs", "repair"], "# "), (["status"], "alarms:")):
        done = subprocess.run(
            [str(program), *words], capture_output=True, text=True, env=environment, cwd=home, check=True, timeout=120
        )
        assert done.stdout.startswith(begin), done.stdout


@pytest.mark.slow
@pytest.mark.online
def test_pipx_installs_the_wheel_with_its_libraries(wheel: Path, tmp_path: Path) -> None:
    pipx = shutil.which("pipx")
    if pipx is None:
        pytest.skip("pipx is not here")
    places = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    environment = {**os.environ, **places}
    subprocess.run([pipx, "install", str(wheel)], env=environment, check=True, capture_output=True, timeout=600)
    _shows_its_version(tmp_path / "bin" / "preserve", tmp_path)


@pytest.mark.slow
def test_uv_installs_the_wheel(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not here")
    environment = {**os.environ, "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache")}
    for words in (
        ["venv", "--python", sys.executable, str(tmp_path / "env")],
        ["pip", "install", "--offline", "--no-deps", "--python", str(tmp_path / "env" / "bin" / "python"), str(wheel)],
    ):
        subprocess.run([uv, *words], env=environment, check=True, capture_output=True, timeout=300)
    _lend_libraries(tmp_path / "env")
    _shows_its_version(tmp_path / "env" / "bin" / "preserve", tmp_path)


@pytest.mark.slow
def test_the_wheel_alone_does_what_the_guide_says(installed: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def run(*words: str, status: int = 0) -> str:
        done = subprocess.run(
            [str(installed / "preserve"), *words],
            capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == status, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout

    shown = subprocess.run(
        [str(installed / "python"), "-c", "import preserve; print(preserve.__file__)"],
        capture_output=True, text=True, check=True, env=environment, cwd=tmp_path,
    ).stdout  # fmt: skip
    assert shown.startswith(str(installed.parent))
    run("status")
    run("demo")
    assert run("docs", "docs/repair.md").startswith("# ")
    place = ["--archives", ".demo/archives", "--config", ".demo/config"]
    assert "VELDORA" in run("cite", "06VELDORA42", "--format", "chicago-notes", *place)
    assert "06VELDORA42" in run("list", *place)
