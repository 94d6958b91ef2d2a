"""What ``preserve demo`` does: the whole path once, on a mirror of its own, offline.

Tested by ``tests/unit/cli/test_demo.py``.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from preserve.cli.commands.capture import capture
from preserve.cli.commands.cite import cite
from preserve.cli.commands.history import history
from preserve.cli.commands.init import init
from preserve.cli.commands.show import show
from preserve.cli.commands.verify import verify
from preserve.cli.shared.common import answer_text, say
from preserve.config.place import bundled_config_dir
from preserve.demo_site.cables import LIGHTHOUSE
from preserve.demo_site.process import PORT, DemoMirror
from preserve.errors import EnvironmentFaultError, UsageError

_MARKER = ".preserve-demo"


_COMMANDS = {"init": init, "capture": capture, "show": show, "history": history, "verify": verify, "cite": cite}


@dataclass(slots=True)
class _Stage:
    """Where the demo plays, and what has come out so far."""

    folder: Path
    as_json: bool
    outputs: list[dict[str, object]] = field(default_factory=list)
    good: bool = True

    def title(self, text: str) -> None:
        if not self.as_json:
            sys.stdout.write(f"\n== {text}\n")
            sys.stdout.flush()

    def run(self, *arguments: str, archives: str = "archives", expected: int = 0) -> None:
        """Runs a command as a user would type it, and shows what was typed."""
        words = [*arguments, "--archives", str(self.folder / archives)]
        if arguments[0] in {"init", "capture"}:
            words += ["--config", str(self.folder / "config")]
        shown = " ".join(["preserve", *words])
        if self.as_json:
            words.append("--json")
            caught = io.StringIO()
            with redirect_stdout(caught):
                status = _call(words)
            self.outputs.append({"command": shown, "status": status, "output": json.loads(caught.getvalue())})
        else:
            sys.stdout.write(f"$ {shown}\n")
            sys.stdout.flush()
            status = _call(words)
            sys.stdout.flush()
        if status != expected:
            self.good = False
            say(f"preserve: expected exit status {expected}, got {status}: {shown}")


def _call(words: Sequence[str]) -> int:
    result = _COMMANDS[words[0]].main(args=list(words[1:]), prog_name=f"preserve {words[0]}", standalone_mode=False)
    return result if isinstance(result, int) else 0


def demo(*, folder: Path, as_json: bool) -> int:
    """Capture a mirror of invented cables twice, with a change between, and show what can be done with the result."""
    _prepare(folder)
    stage = _Stage(folder=folder, as_json=as_json)
    with DemoMirror(PORT) as mirror, _own_home(folder):
        _configure(folder, mirror)
        _play(stage, mirror)
    if as_json:
        sys.stdout.write(answer_text({"good": stage.good, "steps": stage.outputs}))
    else:
        sys.stdout.write(_where(folder))
    return 0 if stage.good else EnvironmentFaultError.exit_status


def _play(stage: _Stage, mirror: DemoMirror) -> None:
    cable = LIGHTHOUSE.identifier
    stage.title("Make the archive and its signing key")
    stage.run("init", "demo")
    stage.title("First capture of the mirror")
    stage.run("capture", "demo")
    mirror.enter_phase(2)
    stage.title("The mirror changes: one page edited, one withdrawn, one moved. Second capture")
    # The page that was withdrawn is held, and was not to be had.
    stage.run("capture", "demo", expected=1)
    stage.title("The text of a cable as it was first captured, from the stored bytes")
    stage.run("show", cable, "--at", _first_capture(stage))
    stage.title("Its history, with the difference")
    stage.run("history", cable)
    stage.title("Everything held against the ledger")
    stage.run("verify", "demo")
    stage.title("A citation")
    stage.run("cite", cable, "--format", "bibtex")
    damaged = _damaged_copy(stage.folder)
    stage.title(f"One byte changed in a copy of the archive ({damaged})")
    stage.run("verify", "demo", archives="damaged", expected=1)


def _first_capture(stage: _Stage) -> str:
    """The moment of the first capture of the edited page."""
    caught = io.StringIO()
    with redirect_stdout(caught):
        _call(["history", LIGHTHOUSE.identifier, "--archives", str(stage.folder / "archives"), "--json"])
    return str(json.loads(caught.getvalue())["observations"][0]["captured"])


def _prepare(folder: Path) -> None:
    """An empty folder with our mark in it; one that holds anything else is left alone."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / _MARKER).is_file():
            raise UsageError(
                f"{folder} holds something that no demo made", next_step="Choose another folder with --folder."
            )
        # The mark stays to the last: emptied in part, the folder is still known as ours.
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _MARKER:
                path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).write_text("Made by `preserve demo`; it may be deleted.\n", encoding="utf-8")


def _configure(folder: Path, mirror: DemoMirror) -> None:
    """The collection's configuration as it is shipped, with the port that the mirror really has."""
    text = (bundled_config_dir() / "collections" / "demo.yaml").read_text("utf-8")
    target = folder / "config" / "collections"
    target.mkdir(parents=True)
    (target / "demo.yaml").write_text(text.replace(f"127.0.0.1:{PORT}/", f"127.0.0.1:{mirror.port}/"), "utf-8")


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Keeps the key of the demo, and what it caches, out of the user's own folders."""
    own = {"XDG_CONFIG_HOME": folder / "home", "XDG_CACHE_HOME": folder / "home" / "cache"}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update({name: str(path.absolute()) for name, path in own.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _damaged_copy(folder: Path) -> str:
    """Copies the archive and turns one bit in the middle of its first WARC file; says where."""
    shutil.copytree(folder / "archives", folder / "damaged")
    path = min((folder / "damaged" / "demo" / "archive").glob("*.warc.gz"))
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle] ^= 1
    path.write_bytes(data)
    return f"byte {middle} of {path.name}"


def _where(folder: Path) -> str:
    base = folder / "archives" / "demo"
    rows = [
        ("WARC files", base / "archive"),
        ("ledger", base / "ledger"),
        ("index", base / "indexes" / "index.cdx"),
        ("catalogue", base / "state" / "catalogue.sqlite"),
        ("signing key", folder / "home" / "preserve" / "keys" / "demo.key"),
    ]
    lines = "".join(f"{name:<12} {path}\n" for name, path in rows)
    look = f"preserve serve --archives {folder / 'archives'} --config {folder / 'config'}"
    own = f"XDG_CONFIG_HOME={folder / 'home'}"
    return f"\n== Where everything lies\n{lines}\nTo look at it with a browser: {own} {look}\n"
