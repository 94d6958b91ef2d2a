"""Each command's answer in JSON, written by the command, against the schema of its own in docs/schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.cli.main import cli, main
from preserve.cli.shared.answers import ANSWERS, SILENT, STREAMS
from preserve.cli.shared.schemas import document_schema
from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site
from tests.unit.alarms.telling import START, Hook, found, hooked, rules

_SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
_CABLE, _PAGE = "06VELDORA42", "/cable/2006/03/06VELDORA42.html"
_ELSEWHERE = frozenset({
    "demo", "error", "export-prov", "export-ro-crate", "ledger-accept", "ledger-stamp", "progress", "release-import",
    "serve-run",
})  # fmt: skip
"""The demo, the desk and others take long or need others' servers; errors and progress have tests of their own."""


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        if command.invoke_without_command and path:
            yield path
        for name in command.commands:
            yield from _commands(command.commands[name], (*path, name))
    elif any("--json" in param.opts for param in command.params):
        yield path


def _validator(name: str) -> jsonschema.Draft202012Validator:
    """The published schema, with nothing allowed that it does not describe."""
    published = json.loads((_SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    strict = document_schema(f"preserve/{name}/1", ANSWERS[name], title="", strict=True)
    return jsonschema.Draft202012Validator(strict, format_checker=jsonschema.FormatChecker())


def test_every_command_has_a_schema_and_no_schema_is_of_no_command() -> None:
    names = {"-".join(path) for path in _commands(cli)} - STREAMS - SILENT
    assert names | {"error", "progress"} == ANSWERS.keys()
    assert {path.stem for path in _SCHEMAS.glob("*.json")} == ANSWERS.keys()


class Asker:
    """Runs commands, holds their answers against the schemas, and notes of which command it had one."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.had: set[str] = set()

    def __call__(self, *words: str, status: int | None = 0) -> Any:
        answer = json.loads(self.shell(*words, "--json", status=status))
        name = str(answer["schema"]).split("/")[1]
        _validator(name).validate(answer)
        self.had.add(name)
        return answer


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked(Hook()) as opened:
        yield opened


def _documents(folder: Path, url: str) -> Path:
    path = folder / "article.md"
    path.write_text(f"A page is there [{_CABLE}]({url}): \u201cthree weeks\u201d.\n", "utf-8")
    return path


def _cite(ask: Asker, folder: Path, url: str) -> None:
    capsule = folder / "passage.zip"
    ask("cite", _CABLE, "--format", "bibtex", "--paragraph", "2", "--capsule", str(capsule))
    ask("cite", "-c", "demo")
    ask("check", str(capsule), status=None)
    ask("check", str(_documents(folder, url)), status=None)


def _read(ask: Asker, url: str) -> None:
    ask("show", _CABLE)
    ask("show", url)
    ask("history", _CABLE)
    ask("diff", _CABLE)
    ask("list")
    ask("search", "harbour OR the", "--facets")
    ask("graph")
    ask("corroborate", _CABLE)
    ask("releases")
    ask("rot", "--all", "--never", status=None)
    ask("docs")
    ask("docs", "repair")


def _verify(ask: Asker, shell: Shell, folder: Path) -> None:
    paths = shell.archives / "demo"
    ask("verify", "demo")
    ask("verify", *map(str, (paths / "archive").glob("*.gz")))
    ask("repair", "demo")
    ask("recover", "demo")
    ask("rebuild", "demo")
    ask("reread", "demo", status=None)
    ask("upgrade")
    ask("upgrade", "demo", "--apply")
    ask("replicate", str(folder / "copies"))
    kept = folder / "checkpoint"
    kept.write_bytes((paths / "ledger" / "checkpoint").read_bytes())
    ask("ledger", "check", "demo", str(kept))
    ask("ledger", "prove", "demo", "1")
    ask("ledger", "witness", "demo", "--name", "witness.example/w")
    ask("key", "show", "demo")
    ask("key", "export", "demo")
    (file,) = sorted((paths / "archive").glob("*.gz"))[:1]
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    damaged = ask("verify", "demo", status=1)
    assert damaged["collections"][0]["findings"]
    ask("repair", "demo", "--from", str(folder / "copies"), "--apply")


def _keep(ask: Asker, shell: Shell, hook: Hook) -> None:
    (shell.config / "alarms.yaml").write_text(f"channels:\n  desk:\n    webhook: http://127.0.0.1:{hook.port}/\n")
    ask("schedule", "once", status=None)
    ask("schedule", "status", status=None)
    ask("schedule", "log", "demo")
    ask("schedule", "forget", "demo")
    ask("schedule", "install", "--systemd")
    ask("serve", "install", "--systemd")
    ask("status", status=None)
    ask("doctor", status=None)
    with AlarmDatabase.open(shell.archives) as book:
        book.observe((found(1), found(1, collection="waves")), rules("desk", "former"), START)
    ask("alarms", "list", status=1)
    ask("alarms", "test")
    ask("alarms", "send", status=None)
    ask("alarms", "drop")
    ask("alarms", "forget", "waves")
    ask("alarms", "list", status=None)


@pytest.mark.usefixtures("forked_program")
def test_answers_are_as_their_schemas_say(shell: Shell, site: Site, hook: Hook, tmp_path: Path) -> None:
    ask = Asker(shell)
    body = replies(1)[_PAGE].body
    site.page("/page", body)
    site.page("/gone", b"<p>a page</p>")
    shell.site_collection("demo", site, "/page", "/gone")
    file = shell.config / "collections" / "demo.yaml"
    file.write_text(file.read_text() + "schedule:\n  every: 1d\nverification:\n  every: 7d\n")
    ask("new", "gulls", site.url("/page"), "--contact", "reader@example.org")
    ask("init", "demo")
    ask("capture", "demo")
    site.page("/page", body.replace(b"three weeks", b"four weeks"))
    site.page("/gone", b"no", status="404 Not Found")
    ask("capture", "demo", status=1)
    _read(ask, site.url("/gone"))
    _cite(ask, tmp_path, site.url("/page"))
    for form in ("csv", "jsonl", "parquet"):
        ask("export", form, "-o", str(tmp_path / f"rows.{form}"))
    ask("export", "bag", "demo", "-o", str(tmp_path / "bag"))
    ask("export", "datacite", "demo", "-o", str(tmp_path / "datacite.json"))
    ask("key", "wacz", "demo")
    ask("export", "wacz", "demo", "-o", str(tmp_path / "demo.wacz"))
    ask("export", "premis", _CABLE, "-o", str(tmp_path / "premis.xml"))
    ask("rescue", "--gone", "--into", "demo")
    ask("rot", "mute", site.url("/gone"), "-c", "demo", "--reason", "known")
    ask("rot", "moved", site.url("/old/"), site.url("/new/"), "-c", "demo", "--reason", "known")
    ask("rot", "accept", site.url("/gone"), "-c", "demo", "--reason", "withdrawn", status=None)
    ask("release", "add", "tides-1", "--title", "Tides", "--known-from", "https://e.example/", "--into", "demo")
    ask("import", str(next((shell.archives / "demo" / "archive").glob("*.gz"))), "--into", "other")
    _verify(ask, shell, tmp_path)
    _keep(ask, shell, hook)
    ask("key", "rotate", "demo", "--reason", "a test")
    assert ANSWERS.keys() - ask.had == _ELSEWHERE


@pytest.mark.parametrize("words", [["show", "05NOWHERE1"], ["verify", "nothing"], ["show"], ["list", "--columns", "x"]])
def test_errors_are_as_their_schema_says(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) in {2, 3}
    _validator("error").validate(json.loads(capsys.readouterr().out))


def test_progress_is_as_its_schema_says(shell: Shell, site: Site) -> None:
    site.page("/page", b"<p>a page</p>")
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    shell("capture", "demo", "--progress", "json")
    assert json.loads(shell.errors.splitlines()[0])["done"] == 1
    shell("verify", "demo", "--progress", "json")
    lines = [json.loads(line) for line in shell.errors.splitlines()]
    assert lines
    for line in lines:
        _validator("progress").validate(line)
    shell("verify", "demo", "-q")
    shell("capture", "demo", "-q")
    assert shell.errors == ""


def test_streams_are_json_lines(shell: Shell, site: Site) -> None:
    site.page("/page", replies(1)[_PAGE].body)
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    shell("capture", "demo")
    assert all(isinstance(json.loads(line), dict) for line in shell("ledger", "log", "demo", "--json").splitlines())
