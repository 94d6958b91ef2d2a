"""Commands load what they use: counted by the modules that are there when each has ended."""

import json
import subprocess
import sys
from typing import NamedTuple

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
_MOST = {"show": 340, "history": 340, "cite": 370, "status": 400, "verify": 416}
"""Modules, those of Python among them, of which the entry brings some 130."""
_MOST_DATACLASSES = 12
_MOST_EXPRESSIONS = 40
_SCRIPT = """
import json, os, re, sys
import preserve.cli.main
compiled = []
compile_it = re._compiler.compile
re._compiler.compile = lambda pattern, flags=0: compiled.append(pattern) or compile_it(pattern, flags)
found = {}
for words in json.loads(sys.argv[1]):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        sys.argv = ["preserve", *words]
        status = preserve.cli.main.main()
        own = [vars(module) for name, module in sys.modules.items() if name.startswith("preserve.")]
        named = [item for names in own for item in names.values()]
        made = {item for item in named if "__dataclass_fields__" in getattr(item, "__dict__", ())}
        with open(into, "w") as told:
            json.dump([status, sorted(sys.modules), len(made), len(compiled)], told)
        os._exit(0)
    os.close(into)
    with open(out) as told:
        found[words[0]] = json.load(told)
    os.waitpid(child, 0)
print(json.dumps(found))
"""


class Brought(NamedTuple):
    """What a command has brought at its end: modules, classes made by `dataclasses`, expressions that were compiled."""

    modules: set[str]
    dataclasses: int
    expressions: int


@pytest.fixture(scope="module")
def kept() -> list[dict[str, Brought]]:
    """What was found, once it was."""
    return []


@pytest.fixture
def brought(shell: Shell, site: Site, kept: list[dict[str, Brought]]) -> dict[str, Brought]:
    """By command. Each ran once before, so that the cache is filled."""
    if not kept:
        kept.append(_brought(shell, site))
    return kept[0]


def _brought(shell: Shell, site: Site) -> dict[str, Brought]:
    site.page("/cable", mrkva_page())
    shell.site_collection("demo", site, "/cable")
    shell("init", "demo")
    shell("capture", "demo")
    place = ["--archives", str(shell.archives), "--config", str(shell.config)]
    commands = [[name, *([_CABLE] if name in {"show", "history", "cite"} else []), *place] for name in _MOST]
    command = [sys.executable, "-c", _SCRIPT, json.dumps(commands)]
    subprocess.run(command, capture_output=True, check=True)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, tuple[int, list[str], int, int]] = json.loads(done.stdout)
    assert {name: status for name, (status, *_counts) in found.items()} == dict.fromkeys(_MOST, 0), done.stderr
    return {name: Brought(set(modules), made, compiled) for name, (_, modules, made, compiled) in found.items()}


def test_commands_load_what_they_use(brought: dict[str, Brought]) -> None:
    modules_of = {name: found.modules for name, found in brought.items()}
    for name, modules in modules_of.items():
        allowed = {"cronsim"} if name == "status" else set()
        assert modules & _HEAVY <= allowed, name
        assert len(modules) <= _MOST[name], name
    # What takes a text out of a page: links and looks need none.
    assert "preserve.cables.extract" not in modules_of["status"]
    assert "cryptography" not in modules_of["show"] | modules_of["history"] | modules_of["cite"]
    assert "lxml" not in modules_of["show"] | modules_of["history"] | modules_of["status"] | modules_of["verify"]


def test_little_is_compiled_at_a_start(brought: dict[str, Brought]) -> None:
    """A dataclass is made from source, with some six functions each; an expression is taken from the cache."""
    for name, found in brought.items():
        assert found.dataclasses <= _MOST_DATACLASSES, name
        assert found.expressions <= _MOST_EXPRESSIONS, name
