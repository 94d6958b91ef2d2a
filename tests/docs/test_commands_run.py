"""Every command that a finding or a page tells the reader to run, run on a collection."""

import re
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.findings import CODES
from tests.shell import Shell
from tests.site import Site

_DOCS = Path(__file__).parents[2] / "docs"
_PAGES = ("invariants.md", "formats/archive.md", "repair.md", "what-catches-what.md", "threat-model.md")
_COMMAND = re.compile(r"`preserve ([a-z]+(?: [^`]+)?)`")


_ELSEWHERE = {"ledger stamp COLLECTION", "ledger accept COLLECTION --lost"}
"""One needs a time authority, the other a log that is lost: ``tests/scenarios`` has both."""


def _commands() -> list[str]:
    """What is told to be run on a COLLECTION, a FILE, a COPY or a REPLICA; a bare name of a command is only named."""
    texts = [code.next_step for code in CODES.values()]
    texts += [(_DOCS / page).read_text("utf-8") for page in _PAGES]
    found = {command for text in texts for command in _COMMAND.findall(text)}
    return sorted(command for command in found - _ELSEWHERE if re.search(r"[A-Z]{4}", command))


@pytest.mark.parametrize("command", _commands())
def test_a_command_that_is_told_to_be_run_runs(shell: Shell, site: Site, command: str) -> None:
    site.page("/", b"<p>one</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    copies = shell.archives.parent / "copies"
    shell("replicate", str(copies))
    (file,) = (shell.archives / "demo" / "archive").iterdir()
    places = {
        "COLLECTION": "demo",
        "COPY": str(copies),
        "REPLICA": str(copies),
        "FILE...": str(file),
        "FILE": str(file),
        "DEST": str(copies),
    }
    words = [places.get(word, word) for word in command.split()]
    if words[0] == "index":
        # It knows no collection.
        assert main(words) == 0
    else:
        shell(*words)


def test_there_are_such_commands() -> None:
    assert len(_commands()) > 6
