"""What commands answer with ``--json``: one document that names its schema, or one that says what is wrong."""

import json
from typing import Any

import pytest

from preserve import errors
from preserve.cli.main import main
from tests.shell import Shell
from tests.site import Site


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["status"], "preserve/status/1"),
        (["doctor"], "preserve/doctor/1"),
        (["docs"], "preserve/docs/1"),
        (["releases"], "preserve/releases/1"),
        (["list"], "preserve/list/1"),
        (["rot"], "preserve/rot/1"),
        (["alarms", "list"], "preserve/alarms-list/1"),
    ],
)
def test_an_answer_names_its_schema_first(words: list[str], schema: str, shell: Shell, site: Site) -> None:
    site.page("/", b"<p>a page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    answer = json.loads(shell(*words, "--json", status=None))
    assert next(iter(answer.items())) == ("schema", schema)


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["show", "05NOWHERE1"], "not-held", 3),
        (["verify", "nothing"], "not-held", 3),
        (["capture", "nothing"], "configuration", 2),
        (["show"], "usage", 2),
        (["show", "--no-such-option"], "usage", 2),
        (["no-such-command"], "usage", 2),
        (["search", "x", "--from", "2005-99"], "usage", 2),
    ],
)
def test_an_error_is_one_document_too(
    words: list[str], code: str, status: int, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config" / "collections").mkdir(parents=True)
    place = ["--archives", str(tmp_path / "none"), "--config", str(tmp_path / "config")] if len(words) > 1 else []
    assert main([*words, *place, "--json"]) == status
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["schema"] == "preserve/error/1"
    assert answer["error"]["code"] == code
    assert answer["error"]["exit_status"] == status
    assert answer["error"]["message"].splitlines()[0] in err
    assert set(answer["error"]) == {"code", "message", "next", "exit_status"}


def test_without_json_nothing_is_written_for_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 2
    assert capsys.readouterr().out == ""


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PreserveError)
    ]
    codes = [vars(kind)["code"] for kind in kinds]
    assert len(set(codes)) == len(codes)


def test_a_name_that_is_not_held_brings_the_nearest_that_is(shell: Shell, site: Site) -> None:
    shell.site_collection("harbour", site, "/")
    shell("verify", "harbor", status=3)
    assert "no archive 'harbor' under" in shell.errors
    assert "none is held there" in shell.errors
    shell("init", "harbour")
    shell("verify", "harbor", status=3)
    assert "did you mean 'harbour'?" in shell.errors
