"""Commands load what they use: counted by the modules that are there when each has ended."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site

_CABLE = "08SAMPLETOWN12"
# What reads configuration, signatures, certificates, markup and other programs' files: none of it is needed for an
# archive whose log is known, and whose collection and layouts were checked before.
_HEAVY = frozenset(
    {
        "cryptography.x509",
        "pydantic",
        "requests",
        "rfc3161_client",
        "warcio",
        "yaml",
        "preserve.crawler.capture",
        "cronsim",
    }
)
_MOST = {"show": 340, "history": 340, "cite": 370, "status": 400, "verify": 415}
"""Modules, those of Python among them, of which the entry brings some 130."""
_SCRIPT = """
import json, os, sys
import preserve.cli.main
found = {}
for words in json.loads(sys.argv[1]):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        status = preserve.cli.main.main(words)
        with open(into, "w") as told:
            json.dump([status, sorted(sys.modules)], told)
        os._exit(0)
    os.close(into)
    with open(out) as told:
        found[words[0]] = json.load(told)
    os.waitpid(child, 0)
print(json.dumps(found))
"""


@pytest.fixture
def brought(shell: Shell, site: Site, tmp_path: Path) -> dict[str, set[str]]:
    """By command: the modules that are there at its end. Each ran once before, so that the cache is filled."""
    site.page("/cable", mrkva_page())
    shell.site_collection("demo", site, "/cable")
    shell("init", "demo")
    shell("capture", "demo")
    place = ["--archives", str(shell.archives), "--config", str(shell.config)]
    commands = [[name, *([_CABLE] if name in {"show", "history", "cite"} else []), *place] for name in _MOST]
    command = [sys.executable, "-c", _SCRIPT, json.dumps(commands)]
    subprocess.run(command, capture_output=True, check=True)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, tuple[int, list[str]]] = json.loads(done.stdout)
    assert {name: status for name, (status, _modules) in found.items()} == dict.fromkeys(_MOST, 0), done.stderr
    return {name: set(modules) for name, (_status, modules) in found.items()}


def test_commands_load_what_they_use(brought: dict[str, set[str]]) -> None:
    for name, modules in brought.items():
        allowed = {"cronsim"} if name == "status" else set()
        assert modules & _HEAVY <= allowed, name
        assert len(modules) <= _MOST[name], name
    # What takes a text out of a page: links and looks need none.
    assert "preserve.cables.extract" not in brought["status"]
    assert "cryptography" not in brought["show"] | brought["history"] | brought["cite"]
    assert "lxml" not in brought["show"] | brought["history"] | brought["status"] | brought["verify"]
