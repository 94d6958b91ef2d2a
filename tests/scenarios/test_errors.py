"""A user's mistakes: one clear line, the right exit status, no traceback."""

import json

import pytest

from tests.shell import Shell
from tests.site import Site


def _lines(shell: Shell) -> list[str]:
    return [line for line in shell.errors.splitlines() if line]


def test_a_collection_without_a_file_names_the_file_that_is_missing(shell: Shell) -> None:
    shell("capture", "nothing", status=2)
    assert "nothing.yaml: no such collection" in shell.errors
    assert len(_lines(shell)) == 2


def test_an_impossible_collection_name_is_a_mistake_of_usage(shell: Shell) -> None:
    shell("capture", "../etc", status=2)
    assert "cannot be a collection's name" in shell.errors


def test_an_unreadable_yaml_is_told_with_file_and_line(shell: Shell) -> None:
    shell.collection("broken", "title: [unclosed\n")
    shell("init", "broken", status=2)
    assert "broken.yaml:" in shell.errors


def test_all_mistakes_of_a_configuration_are_told_at_once(shell: Shell) -> None:
    shell.collection("wrong", "title: x\ncontact: nobody\nseeds: []\nscope:\n  include: []\ncolour: red\n")
    shell("init", "wrong", status=2)
    for word in ("contact", "seeds", "include", "colour"):
        assert word in shell.errors


def test_capture_before_init_says_what_to_run(shell: Shell, site: Site) -> None:
    shell.site_collection("early", site, "/")
    shell("capture", "early", status=3)
    assert "preserve init early" in shell.errors


def test_an_unknown_cable_or_address_is_not_held(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>hello</p>")
    shell.site_collection("small", site, "/")
    shell("init", "small")
    shell("capture", "small")
    for words in (("show", "05NOWHERE1"), ("history", "05NOWHERE1"), ("cite", "05NOWHERE1"), ("show", "http://x.org/")):
        shell(*words, status=3)
        assert len(_lines(shell)) == 2


def test_what_is_no_text_is_given_back_as_it_is_only(shell: Shell, site: Site) -> None:
    site.page("/", b"GIF89a", kind="image/gif")
    shell.site_collection("small", site, "/")
    shell("init", "small")
    shell("capture", "small")
    shell("show", site.url("/"), status=3)
    assert "--as html" in shell.errors
    assert shell.json("show", site.url("/"))["status"] == 200


def test_an_archive_of_a_newer_format_is_refused_by_every_command(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>hello</p>")
    shell.site_collection("future", site, "/")
    shell("init", "future")
    marker = shell.archives / "future" / "preserve.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 99}))
    for words in (("init", "future"), ("capture", "future"), ("verify", "future"), ("rebuild", "future")):
        shell(*words, status=7)
        assert "archive format 99" in shell.errors


def test_verify_without_any_archive_is_not_held(shell: Shell) -> None:
    shell("verify", status=3)


@pytest.mark.parametrize("text", ["yesterday", "2011-13", "2011-02-31", "9999"])
def test_a_time_that_is_none_is_a_mistake_of_usage(shell: Shell, site: Site, text: str) -> None:
    site.page("/", b"<p>hello</p>")
    shell.site_collection("small", site, "/")
    shell("init", "small")
    shell("show", site.url("/"), "--at", text, status=2)


def test_a_lost_signing_key_stops_the_capture_before_anything_is_fetched(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/", b"<p>hello</p>")
    shell.site_collection("keyless", site, "/")
    shell("init", "keyless")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(shell.folder / "elsewhere"))
    shell("capture", "keyless", status=7)
    assert "key" in shell.errors
    assert site.asked == []
    assert not (shell.folder / "elsewhere").exists()
