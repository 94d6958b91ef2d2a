"""A citation leads to the very capture that it cites, whatever else was captured of the address in that second."""

from types import SimpleNamespace
from typing import Any

from preserve.citation.public_copies import public_copy

_BASE = "https://archive.example.org/demo/"


def _capture(uuid: str, moment: str, url: str = "http://a.example/x?y=1") -> Any:
    return SimpleNamespace(url=url, moment=moment, row=SimpleNamespace(record_id=f"urn:uuid:{uuid}"))


def _archive(*captures: Any) -> Any:
    return SimpleNamespace(captures_of=lambda url: [one for one in captures if one.url == url])


def test_a_second_names_the_last_of_its_captures() -> None:
    first = _capture("aa", "2026-11-23T07:58:09.100000Z")
    second = _capture("bb", "2026-11-23T07:58:09.900000Z")
    later = _capture("cc", "2026-11-23T07:58:10.000000Z")
    archive = _archive(first, second, later)
    assert public_copy(archive, first, _BASE) == "https://archive.example.org/demo/record/aa"
    assert (
        public_copy(archive, second, _BASE) == "https://archive.example.org/demo/20261123075809/http://a.example/x?y=1"
    )
    assert (
        public_copy(archive, later, _BASE) == "https://archive.example.org/demo/20261123075810/http://a.example/x?y=1"
    )


def test_what_is_not_among_the_captures_of_its_address_has_its_record() -> None:
    assert public_copy(_archive(), _capture("aa", "2026-11-23T07:58:09Z"), _BASE).endswith("/demo/record/aa")


def test_a_password_is_not_passed_on() -> None:
    held = _capture("aa", "2026-11-23T07:58:09Z", "http://me:secret@a.example/")
    assert public_copy(_archive(held), held, _BASE) == "https://archive.example.org/demo/record/aa"


def test_without_a_public_replay_there_is_no_address() -> None:
    assert public_copy(_archive(), _capture("aa", "2026-11-23T07:58:09Z"), "") == ""
