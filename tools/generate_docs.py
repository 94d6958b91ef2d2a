"""Writes the pages that follow from the code: findings, commands, configuration. ``--check`` only compares."""

import ast
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from preserve import api
from preserve.cli.main import cli
from preserve.cli.shared.answers import ANSWERS, STREAMS
from preserve.cli.shared.schemas import document_schema
from preserve.config.adaptive import AdaptiveConfig
from preserve.config.alarms import AlarmRuleConfig, AlarmsConfig, CommandChannel, MailChannel, WebhookChannel
from preserve.config.archives import ArchiveConfig
from preserve.config.blocked import BlockedEntry
from preserve.config.checked import Strict
from preserve.config.collection import BrowserSiteConfig, CollectionConfig, PolitenessConfig, ScopeConfig
from preserve.config.layout import FIELD_KEYS, LayoutConfig
from preserve.config.release import BuildConfig, ReleaseConfig
from preserve.config.schedule import ScheduleConfig, StepConfig, VerificationConfig
from preserve.crawler.outcomes import REASONS
from preserve.findings import CODES

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
_HELP_WIDTH = 100


_EXAMPLES = tomllib.loads((TOP / "tools" / "finding_examples.toml").read_text("utf-8"))
_AREAS = {
    "WARC": "Files and records",
    "LEDGER": "The ledger",
    "RECEIPT": "Receipts",
    "CLOCK": "Clocks and dates",
    "DATE": "Clocks and dates",
    "CABLE": "Cables and pages",
    "PAGE": "Cables and pages",
    "HTTP": "Replies",
    "LINKS": "Links",
    "SECOND": "The second reader",
    "IMPORT": "Files of others",
    "INDEX": "What is derived",
    "CATALOGUE": "What is derived",
    "FORMAT": "The folder",
    "REPLICA": "Copies",
    "RESCUE": "Web archives",
    "WACZ": "Packages",
}
"""Where a finding stands on its page, by the second part of its code."""


def findings() -> str:
    """Every finding by what it is about: what it means, a line as it is printed, and what to do next."""
    head = (
        "# Findings\n\nWhat `preserve verify`, `replicate` and `rescue` report, each with a line as it is printed. "
        "`E-` breaks a rule of the archive, `W-` asks for\nattention, `I-` informs and is only counted. Codes are "
        "stable: scripts may rely on them.\n"
    )
    parts = [head]
    for area in dict.fromkeys(_AREAS.values()):
        parts.append(f"\n## {area}\n")
        parts += [_finding(name) for name in sorted(CODES, key=_rank) if _AREAS[name.split("-")[1]] == area]
    return "".join(parts)


def _rank(name: str) -> tuple[int, str]:
    return "EWI".index(name[0]), name


def _finding(name: str) -> str:
    code = CODES[name]
    example = f"1 time: {code.meaning}" if name.startswith("I-") else _EXAMPLES[name]
    return f"\n### {name}\n\n{code.meaning}\n\n```text\n{name}  {example}\n```\n\nNext: {code.next_step}\n"


def outcomes() -> str:
    """The table of states and reason codes."""
    rows = "".join(
        f"| `{name}` | {reason.state} | {'passing' if reason.passing else 'permanent'} | {reason.meaning} |\n"
        for name, reason in REASONS.items()
    )
    return (
        "# How an address can end\n\nThe outcomes in a run's report and in its statement. A reply has the reason "
        "`http-STATUS`, its state is `done`;\n408, 425, 429 and 5xx are passing, all others permanent. An address with "
        "a passing reason is asked again, up to\n`retries` times in a run. Links that were found but not taken are "
        "counted under the reasons of `skipped`.\nThe codes are stable: scripts may rely on them.\n\n"
        f"| reason | state | kind | what it means |\n| --- | --- | --- | --- |\n{rows}"
    )


def commands() -> str:
    """The help of every command."""
    parts = ["# Commands\n\nThe same text as `preserve COMMAND --help`.\n"]
    context = click.Context(cli, info_name="preserve", max_content_width=_HELP_WIDTH, terminal_width=_HELP_WIDTH)
    parts.append(f"\n## preserve\n\n```text\n{cli.get_help(context)}\n```\n")
    for name in sorted(cli.commands):
        parts += _helps(cli.commands[name], name, context)
    return "".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """The help of a command, and of those under it."""
    own = click.Context(
        command, info_name=name, parent=parent, max_content_width=_HELP_WIDTH, terminal_width=_HELP_WIDTH
    )
    parts = [f"\n## {own.command_path}\n\n```text\n{command.get_help(own)}\n```\n"]
    if isinstance(command, click.Group):
        for under in sorted(command.commands):
            parts += _helps(command.commands[under], under, own)
    return parts


def configuration() -> str:
    """Every key of the configuration files."""
    fields = ", ".join(f"`{key}`" for key in sorted(FIELD_KEYS))
    return f"""# Configuration

One collection a file: `config/collections/NAME.yaml`. One page layout a file: `config/layouts/NAME.yaml`.
One release of a source a file: `config/releases/NAME.yaml`.
One web archive that lost pages are asked of a file: `config/archives/NAME.yaml`.
Whom to tell what is wrong: `alarms.yaml`, beside these folders.
Unknown keys, keys that stand twice and values of the wrong kind are mistakes; all are told at once, with their lines.
Anchors, aliases and tags of YAML are refused.

## A collection

{_keys(CollectionConfig)}
The keys of `scope`:

{_keys(ScopeConfig)}
The keys of `politeness`:

{_keys(PolitenessConfig)}
The keys of each of `browser_sites` (docs/browser.md):

{_keys(BrowserSiteConfig)}
The keys of `schedule` (docs/schedule.md):

{_keys(ScheduleConfig)}
The keys of `adaptive` in it:

{_keys(AdaptiveConfig)}
The keys of each of its `steps`, one in a step:

{_keys(StepConfig)}
The keys of `verification` (docs/schedule.md):

{_keys(VerificationConfig)}
## A layout

{_keys(LayoutConfig)}
The fields that a label or a sentence can name: {fields}.

## A release

{_keys(ReleaseConfig)}
The keys of each of `builds`:

{_keys(BuildConfig)}
## A web archive

{_keys(ArchiveConfig)}
## What the desk does not show

`blocked.yaml` (docs/desk.md) has one key, `blocked`: a list of entries. Each names one thing.

{_keys(BlockedEntry)}
## Alarms

{_keys(AlarmsConfig)}
The keys of a channel for mail (docs/alarms.md):

{_keys(MailChannel)}
The keys of a channel for a webhook:

{_keys(WebhookChannel)}
The keys of a channel for a command:

{_keys(CommandChannel)}
The keys of each of `rules`, by kind of alarm, and of `default`. What is left out is that of `default`; without it: all
channels, `1`, `1d` and `true`.

{_keys(AlarmRuleConfig)}"""


def _keys(model: type[Strict]) -> str:
    rows = "".join(
        f"| `{field.alias or name}` | {field.description} | {_default(field)} |\n"
        for name, field in model.model_fields.items()
        if name != "name"
    )
    return f"| key | write | if left out |\n| --- | --- | --- |\n{rows}"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "a mistake"
    if isinstance(field.default, Strict):
        return "the defaults below"
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["if left out"])
    return f"`{field.default}`" if field.default not in ((), {}) else "none"


def architecture() -> str:
    """The packages, top to bottom, out of the import contract and their own first lines."""
    tools = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]
    (contract,) = (c for c in tools["importlinter"]["contracts"] if c["type"] == "layers")
    layers = [[name.strip("() ") for name in layer.split("|")] for layer in contract["layers"]]
    layers = [[name for name in layer if _module(name) is not None] for layer in layers]
    picture = "\n   │\n".join(f"   {'   '.join(layer)}" for layer in layers)
    rows = "".join(f"| `{name}` | {_first_line(name)} |\n{_rooms(name)}" for layer in layers for name in layer)
    return (
        "# Architecture\n\nImports point down only; packages of one line never import one another. The contract stands "
        "in `pyproject.toml`, and `make lint`\nholds the code to it. This page is made from it. "
        "[The path of a page](path-of-a-page.md) follows one address through all of it;\n"
        "[ADR 9](adr/0009-rooms.md) says why the packages are cut so.\n\n"
        f"```text\n{picture}\n```\n\n| package or module | what it is |\n| --- | --- |\n{rows}"
    )


def _module(name: str) -> Path | None:
    paths = (TOP / "preserve" / name / "__init__.py", TOP / "preserve" / f"{name}.py")
    return next((path for path in paths if path.is_file()), None)


def _first_line(name: str) -> str:
    path = _module(name)
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) if path is not None else None
    return (text or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")


def _rooms(name: str) -> str:
    folders = sorted(path.parent for path in (TOP / "preserve" / name).glob("*/__init__.py"))
    names = [f"{name}/{folder.name}" for folder in folders]
    return "".join(f"| `{room}` | {_first_line(room)} |\n" for room in names)


def decisions() -> str:
    """The list of decisions, by number, with their titles."""
    rows = []
    for path in sorted((DOCS / "adr").glob("[0-9]*.md")):
        title = path.read_text("utf-8").split("\n", 1)[0]
        match = re.fullmatch(r"# ADR (\d+): (.+)", title)
        if match is None or int(match.group(1)) != int(path.name[:4]):
            raise SystemExit(f"{path}: its title must read '# ADR {int(path.name[:4])}: …'")
        rows.append(f"- ADR {match.group(1)}: [{match.group(2)}]({path.name})\n")
    return (
        "# Decisions\n\nWhat was decided, why, and what follows. A decision that no longer holds is changed here and "
        f"in the code at once. Numbers 10 and 30 are not used.\n\n{''.join(rows)}"
    )


def python_interface() -> str:
    """The public names of `preserve.api`, with their signatures and docstrings."""
    made = "Made from the docstrings of `preserve.api`. [From Python](../python.md) shows how it is used."
    parts = [f"# The Python interface, name by name\n\n{made}\n"]
    for name, item in vars(api).items():
        if name.startswith("_") or getattr(item, "__module__", "") != api.__name__:
            continue
        if inspect.isclass(item):
            parts.append(f"\n## {name}\n\n{_doc(item)}\n")
            for own, member in vars(item).items():
                function = member.fget if isinstance(member, property) else member
                if not own.startswith("_") and inspect.isfunction(function):
                    said = own if isinstance(member, property) else f"{own}{_signature(function)}"
                    parts.append(f"\n### {name}.{own}\n\n```python\n{said}\n```\n\n{_doc(function)}\n")
        elif inspect.isfunction(item):
            parts.append(f"\n## {name}\n\n```python\n{name}{_signature(item)}\n```\n\n{_doc(item)}\n")
    return "".join(parts)


def _doc(item: object) -> str:
    text = (inspect.getdoc(item) or "").replace("``", "`")
    return re.sub(r"^Raises:\n((?:    .*\n?)+)", lambda found: _raises(found[1]), text, flags=re.MULTILINE)


def _raises(lines: str) -> str:
    return "Raises:\n\n" + "".join(f"- {line.strip()}\n" for line in lines.splitlines())


def _signature(function: Callable[..., object]) -> str:
    return re.sub(r"preserve(?:\.\w+)+\.(\w+)", r"\1", str(inspect.signature(function)).replace("'", ""))


def schema(name: str) -> str:
    """The JSON Schema of one answer."""
    made = document_schema(f"preserve/{name}/1", ANSWERS[name], title=_called(name))
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def answers() -> str:
    """The page that lists the schemas."""
    rows = "".join(f"| `{_called(name)}` | [{name}/1](../schemas/{name}.json) |\n" for name in ANSWERS)
    streams = ", ".join(f"`preserve {name.replace('-', ' ')}`" for name in sorted(STREAMS))
    return (
        "# Answers in JSON\n\nWith `--json` a command writes one document to stdout, whose first key is `schema`: "
        "the word preserve, a slash, and what stands below. "
        "The schemas are JSON Schema, draft 2020-12, made\nfrom the types that the answers are written from. A later "
        "version may add fields, so allow those that you do not know; see\n[what later versions "
        "promise](../compatibility.md).\n\nTimes are RFC 3339, in UTC. `record_id` is a WARC record, `captured` its "
        "WARC-Date, `statement` a number in the ledger.\nEvery error is a document too, `error/1`, with the "
        "exit status and what to do next.\n\n"
        f"Two commands write JSON Lines, a document a line, and no one document: {streams} (with `--json`).\n"
        "The first writes a text a line ([texts](../export.md)), the second the statements as they are in the "
        "[ledger](../formats/ledger.md).\n"
        "`--progress json` writes JSON Lines to stderr.\n\n"
        f"| command | schema |\n| --- | --- |\n{rows}"
    )


def _called(name: str) -> str:
    return name if name in {"error", "progress"} else f"preserve {_path_of(name)}"


def _path_of(name: str) -> str:
    """The words of a command, of its schema's name: a name of one word may have a hyphen itself (`ro-crate`)."""
    command: click.Command = cli
    words: list[str] = []
    rest = name
    while rest and isinstance(command, click.Group):
        word = max((one for one in command.commands if rest == one or rest.startswith(f"{one}-")), key=len)
        words.append(word)
        command, rest = command.commands[word], rest[len(word) + 1 :]
    return " ".join(words)


PAGES: dict[str, Callable[[], str]] = {
    "architecture.md": architecture,
    "adr/README.md": decisions,
    "findings.md": findings,
    "reference/outcomes.md": outcomes,
    "reference/commands.md": commands,
    "reference/python.md": python_interface,
    "reference/configuration.md": configuration,
    "reference/json.md": answers,
    **{f"schemas/{name}.json": partial(schema, name) for name in ANSWERS},
}


def main() -> int:
    """Writes or checks; returns the exit status."""
    stale = []
    for name, make in PAGES.items():
        path = DOCS / name
        text = "\n".join(line.rstrip() for line in make().split("\n"))
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"docs/ is behind the code: {', '.join(stale)}; run: make format", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
