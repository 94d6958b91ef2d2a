"""How commands speak: quiet, verbose, with progress, in colour or plain; and the tables that they write."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest

from preserve.cli.main import cli, main
from preserve.cli.shared import manner as manner_module
from preserve.cli.shared.manner import LONG_COMMANDS, Manner, is_coloured
from preserve.cli.shared.progress import ProgressLine, ProgressStep
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.cli.shared.tones import rendered, toned


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from _leaves(command.commands[name], (*path, name))
    else:
        yield path, command


def test_every_command_can_be_quiet_and_verbose_and_every_long_one_tells_how_far_it_is() -> None:
    for path, command in _leaves(cli):
        flags = {flag for param in command.params for flag in param.opts}
        assert {"--quiet", "--verbose", "-q", "-v"} <= flags, path
        assert ("--progress" in flags) == (path[0] in LONG_COMMANDS), path


def test_colour_is_for_terminals_that_want_it() -> None:
    assert is_coloured(Terminal(), {})
    assert not is_coloured(Terminal(), {"NO_COLOR": "1"})
    assert not is_coloured(Terminal(), {"TERM": "dumb"})
    assert is_coloured(Terminal(), {"NO_COLOR": ""})
    assert not is_coloured(io.StringIO(), {})


def test_a_verdict_has_its_word_in_colour_and_without() -> None:
    text = f"{toned('PASS       ')} it holds\n{toned('FAIL')} {toned('neither')}\n"
    assert rendered(text, colour=False) == "PASS        it holds\nFAIL neither\n"
    assert rendered(text, colour=True) == "\x1b[32mPASS       \x1b[0m it holds\n\x1b[1;31mFAIL\x1b[0m neither\n"


def test_text_of_others_brings_no_colour_of_its_own() -> None:
    hostile = "\x1b[2J\x0eb\x1b[5m"
    assert "\x1b" not in rendered(hostile, colour=False)
    assert "\x1b" not in rendered(hostile, colour=True)


@pytest.mark.parametrize(
    ("step", "elapsed", "words"),
    [
        (ProgressStep(subject="x", unit="records", done=1200), 0.5, "1,200 records"),
        (
            ProgressStep(subject="x", unit="records", done=1200, total=2400),
            10.0,
            "1,200 of 2,400 records, 120/s, 0:10 left",
        ),
        (
            ProgressStep(subject="x", unit="records", done=10, done_bytes=1 << 20, total_bytes=4 << 20),
            10.0,
            "10 records, 1/s, 1.0 MiB of 4.0 MiB, 102.4 KiB/s, 0:30 left",
        ),
        (ProgressStep(subject="x", unit="files", done=1, total=3700), 1.0 * 60, "1 of 3,700 files, 0/s, 61:39:00 left"),
        (ProgressStep(subject="x", unit="files", done=5, total=5), 9.0, "5 of 5 files, 1/s"),
    ],
)
def test_progress_in_words(step: ProgressStep, elapsed: float, words: str) -> None:
    assert step.words(elapsed) == words


def _progress(monkeypatch: pytest.MonkeyPatch, manner: Manner, stream: io.StringIO) -> tuple[ProgressLine, list[float]]:
    monkeypatch.setattr(manner_module, "_manner", _Fixed(manner))
    monkeypatch.setattr(sys, "stderr", stream)
    now = [0.0]
    return ProgressLine("records", total=100, clock=lambda: now[0]), now


class _Fixed:
    def __init__(self, manner: Manner) -> None:
        self._manner = manner

    def get(self) -> Manner:
        return self._manner


def test_json_lines_at_most_one_a_second_and_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    line, now = _progress(monkeypatch, Manner(progress="json"), stream)
    with line:
        for number in range(1, 101):
            now[0] += 0.03
            line("demo", number, done_bytes=number * 10)
    told = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert [one["done"] for one in told] == [1, 35, 69, 100]
    assert told[-1] == {
        "schema": "preserve/progress/1",
        "subject": "demo",
        "unit": "records",
        "done": 100,
        "total": 100,
        "bytes": 1000,
        "total_bytes": None,
    }


@pytest.mark.parametrize(
    ("manner", "stream"),
    [
        (Manner(), io.StringIO()),
        (Manner(quiet=True), Terminal()),
        (Manner(progress="none"), Terminal()),
    ],
)
def test_no_progress_where_nobody_wants_it(
    monkeypatch: pytest.MonkeyPatch, manner: Manner, stream: io.StringIO
) -> None:
    line, _now = _progress(monkeypatch, manner, stream)
    with line:
        line("demo", 1)
    assert stream.getvalue() == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    line, now = _progress(monkeypatch, Manner(), stream)
    with line:
        line("demo \x1b[2J", 1)
        now[0] += 10
        line("demo", 50)
    shown = stream.getvalue()
    assert "50 of 100 records, 5/s, 0:10 left" in shown
    assert "[2J" not in shown.replace("\x1b[2K", "").replace("demo [2J", "")


ROWS: list[dict[str, Any]] = [
    {
        "id": "05PORTSOLACE117",
        "captures": 1200,
        "subject": "A ferry\tfor\nall",
        "tags": ["PGOV", "ECON"],
        "muted": False,
    },
    {"id": "06VELDORA42", "captures": 3, "subject": None, "tags": [], "muted": True},
]
NAMES = ("id", "captures", "tags", "muted", "subject")


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_rows(TableShape("table", NAMES), ROWS) == 2
    assert capsys.readouterr().out.splitlines() == [
        "id               captures  tags       muted  subject",
        "05PORTSOLACE117     1,200  PGOV ECON  no     A ferry for all",
        "06VELDORA42             3             yes",
    ]


def test_a_table_of_nothing_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_rows(TableShape("table", NAMES), []) == 0
    assert capsys.readouterr().out == ""


def test_values_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_rows(TableShape("tsv", NAMES), ROWS) == 2
    assert capsys.readouterr().out.splitlines()[:2] == [
        "id\tcaptures\ttags\tmuted\tsubject",
        "05PORTSOLACE117\t1200\tPGOV ECON\tno\tA ferry for all",
    ]
    write_rows(TableShape("csv", ("subject", "tags")), [{"subject": 'say "x", y', "tags": ("a", "b")}])
    assert capsys.readouterr().out == 'subject,tags\n"say ""x"", y",a b\n'


@pytest.mark.parametrize("subject", ["=1+1", "+1", "-1", "@SUM(A1)", "'quoted"])
def test_no_cell_of_csv_is_a_formula(subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(TableShape("csv", ("subject",)), [{"subject": subject}])
    (_heads, (cell,)) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert cell == f"'{subject}"


def test_a_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", stream)
    write_rows(TableShape("table", ("id", "subject")), [{"id": "05PORTSOLACE117", "subject": "word " * 30}])
    assert all(len(line) <= 40 for line in stream.getvalue().splitlines())
    assert stream.getvalue().splitlines()[1].endswith("…")


def test_an_unknown_column_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--columns", "id,subjct"]) == 2
    assert "did you mean 'subject'?" in capsys.readouterr().err
    assert main(["list", "--columns", "id", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"
