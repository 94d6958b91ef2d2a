"""Nothing that a terminal acts upon comes out of a command; and a command that is to be run next is whole."""

import json
import re
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
EVIL = "\u009b31m\x1b[2J\u202e\u2066\x7f"
BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_extract_prints_escapes_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "saved.html"
    path.write_bytes(PAGE.replace(b"three weeks", EVIL.encode() + b"&#155;&#x202e;three weeks"))
    for words in (["extract"], ["extract", "--message"]):
        main([*words, str(path)])
        out = capsys.readouterr().out
        assert not BAD.search(out.replace("\n", ""))
        assert "\u202e" in json.dumps(json.loads(out.splitlines()[0]), ensure_ascii=False)


def test_tables_for_people_hold_no_controls(shell: Shell, site: Site) -> None:
    site.page("/one", PAGE.replace(b"three weeks", EVIL.encode() + b"three weeks"))
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    for form in ("csv", "jsonl"):
        out = shell.folder / f"out.{form}"
        shell("export", form, "--output", str(out))
        said = out.read_text("utf-8")
        assert "three weeks" in said
        assert not BAD.search(said.replace("\r\n", "\n").replace("\n", ""))


@pytest.mark.parametrize("words", [["verify"], ["show"], ["check"], ["import", "--into", "x"], ["history"], ["diff"]])
def test_names_and_arguments_are_printed_without_controls(shell: Shell, tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / f"a{EVIL.replace('/', '')}.warc.gz"
    path.write_bytes(b"rubbish")
    for name in (str(path), f"x{EVIL}", f"http://x/{EVIL}"):
        said = shell(*words, name, status=None) + shell.errors
        assert not BAD.search(said.replace("\n", "")), ascii(said)


@pytest.mark.damages
def test_the_command_to_run_next_has_the_options_in_use(site: Site, shell: Shell) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (path,) = (shell.archives / "demo" / "archive").glob("*.warc.gz")
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    told = shell("verify", "demo", status=1)
    assert f"preserve repair demo --from COPY --archives={shell.archives} --config={shell.config}" in told
    (shell.archives / "demo" / "preserve.json").unlink()
    shell("show", "x", status=None)
    assert f"--archives={shell.archives}" in shell.errors
