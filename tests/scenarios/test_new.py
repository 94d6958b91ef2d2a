"""A first capture from an address alone: `preserve new`, and `preserve capture URL`."""

import os
from pathlib import Path

import pytest
import yaml

from preserve.cli.main import main
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site

_CONTACT = ("--contact", "reader@example.org")


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that are written here let two seconds pass between two requests."""
    monkeypatch.setattr("preserve.crawler.pace.HostPace.delay_s", 0.0)


def _own_file(name: str) -> Path:
    return Path(os.environ["HOME"]) / ".config" / "preserve" / "collections" / f"{name}.yaml"


def test_a_new_collection_names_the_layout_that_reads_its_page_and_is_captured(shell: Shell, site: Site) -> None:
    (shell.config / "collections").mkdir(parents=True)
    site.page("/cables/one.html", mrkva_page() + b"<a href='/cables/two.html'>2</a> <a href='/other.html'>3</a>")
    site.page("/cables/two.html", mrkva_page())
    told = shell("new", "gulls", site.url("/cables/one.html"), *_CONTACT)
    path = shell.config / "collections" / "gulls.yaml"
    assert str(path) in told
    assert "Layouts that read this page: mrkva" in told
    assert site.asked == ["/cables/one.html"]
    text = path.read_text("utf-8")
    assert text.count("#") >= 6
    assert yaml.safe_load(text)["layouts"] == ["mrkva"]
    shell("init", "gulls")
    report = shell.json("capture", "gulls")
    assert report["cables"] == 2
    assert "/other.html" not in site.asked


def test_a_page_that_no_layout_reads_gives_a_collection_as_well(shell: Shell, site: Site) -> None:
    (shell.config / "collections").mkdir(parents=True)
    site.page("/", b'<title>Harbour: "news" # 1</title><p>The harbour is closed.</p>')
    answer = shell.json("new", "harbour", site.url("/"), *_CONTACT)
    assert answer["layouts"] == []
    assert yaml.safe_load(Path(str(answer["file"])).read_text("utf-8"))["title"] == 'Harbour: "news" # 1'
    before = Path(str(answer["file"])).read_bytes()
    shell("new", "harbour", site.url("/"), *_CONTACT, status=2)
    assert "is there already" in shell.errors
    assert Path(str(answer["file"])).read_bytes() == before
    # Whom site owners reach is known from now on.
    shell("new", "second", site.url("/"))
    assert "reader@example.org" in (shell.config / "collections" / "second.yaml").read_text("utf-8")


def test_without_a_folder_of_configuration_the_file_goes_to_the_users_own(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site.page("/", b"<p>hello</p>")
    assert main(["new", "gulls", site.url("/")]) == 2
    assert "--contact" in capsys.readouterr().err
    assert main(["new", "gulls", site.url("/"), *_CONTACT]) == 0
    assert _own_file("gulls").is_file()
    assert main(["init", "gulls"]) == 0
    assert main(["capture", "gulls"]) == 0
    assert main(["init", "nothing"]) == 2
    assert str(_own_file("nothing")) in capsys.readouterr().err


def test_an_address_that_gives_no_reply_writes_nothing(shell: Shell, dead_port: int) -> None:
    (shell.config / "collections").mkdir(parents=True)
    shell("new", "gulls", f"http://127.0.0.1:{dead_port}/", *_CONTACT, status=5)
    shell("new", "gulls", "no address", *_CONTACT, status=2)
    shell("new", "../gulls", "http://x.example/", *_CONTACT, status=2)
    assert list((shell.config / "collections").iterdir()) == []


def test_a_page_is_captured_by_its_address_alone(shell: Shell, site: Site) -> None:
    (shell.config / "collections").mkdir(parents=True)
    site.page("/one", mrkva_page() + b"<img src='/gull.png'><a href='/two'>two</a>")
    site.page("/gull.png", b"GIF89a", kind="image/png")
    shell("capture", site.url("/one"), status=2)
    assert "--contact" in shell.errors
    report = shell.json("capture", site.url("/one"), *_CONTACT)
    assert report["collection"] == "single"
    assert report["cables"] == 1
    assert sorted(set(site.asked)) == ["/gull.png", "/one", "/robots.txt"]
    site.page("/two", b"<p>two</p>")
    site.asked.clear()
    shell("capture", site.url("/two"), *_CONTACT)
    assert sorted(site.asked) == ["/robots.txt", "/two"]
    assert shell.json("show", site.url("/two"))["collection"] == "single"
    shell("verify", "single")


@pytest.mark.parametrize("words", [("capture",), ("new", "tides")])
def test_what_is_typed_wrong_names_no_file(shell: Shell, words: tuple[str, ...]) -> None:
    shell(*words, "http://127.0.0.1:9/", "--contact", "me", status=2)
    first, step = shell.errors.splitlines()
    assert first == (
        "preserve: contact: 'me' is neither an e-mail address nor a URL; write one where site owners reach you"
    )
    assert step == "  next: Give the address of a page, and --contact."
