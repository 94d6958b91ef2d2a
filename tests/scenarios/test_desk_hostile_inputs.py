"""Thousands of generated titles, ids and queries, each made to leave its place in a page: none does."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.responses import path_of
from preserve.web.settings import DeskSettings
from tests.hostile_inputs import check_kept, hostile
from tests.layout_pages import wikileaks_page
from tests.shell import Shell
from tests.warcs import gz, record, reply

_HTML = "Content-Type: text/html; charset=utf-8"
_QUERIES: Sequence[Callable[[str], str]] = (
    lambda text: path_of("search", q=text),
    lambda text: path_of("search", q="harbour", tag=text, sort=text),
    lambda text: path_of("search", q="harbour", origin=text, collection=text),
    lambda text: path_of("search", **{"q": text, "-class": text, "size": "50"}),
    lambda text: path_of("search", q="harbour", after=text, **{"from": text}),
    lambda text: path_of("cable", text),
    lambda text: path_of("cable", text, "at", text),
    lambda text: path_of("cable", text, "history"),
    lambda text: path_of("cable", text, "cite", text),
    lambda text: path_of("graph", text),
    lambda text: path_of("page", url=text),
    lambda text: path_of("page", url=f"http://h.example/{text}", at=text),
    lambda text: path_of("replay", url=f"http://h.example/{text}"),
    lambda text: path_of("record", text),
    lambda text: path_of("statement", "old", text),
    lambda text: path_of("collection", text),
    lambda text: path_of("browse", text),
    lambda text: path_of("search.json", q=text),
    lambda text: path_of(text, text),
)
_OF_ROOM: Sequence[Callable[[str], str]] = (
    lambda text: f"/old/*/{quote(text)}",
    lambda text: f"/old/2011/http://h.example/{quote(text)}",
    lambda text: f"/old/20110101000000id_/{quote(text)}",
    lambda text: f"/old/timemap/json/{quote(text)}",
    lambda text: f"/old/cdx?url={quote(text)}&output=json&fl={quote(text)}",
    lambda text: f"/record/{quote(text)}",
    lambda text: f"/{quote(text)}/2011/http://h.example/",
)


@dataclass(frozen=True)
class _Served:
    desk: Any
    room: Any
    faults: list[str]


def _cable(number: int) -> bytes:
    """A page whose title, id, origin and text are hostile; every third shows no cable."""
    said = html.escape(hostile(number))
    if number % 3 == 0:
        return f"<html><title>{said}</title><body><p>{said} harbour".encode("utf-8", "replace")
    head = f"UNCLAS SAMPLETOWN 0000{number}\n\nTAGS: PREL, {said}\nSUBJECT: {said}\nREF: {said}\n\n"
    shown = f"{head}1. (U) {said} harbour.\n"
    page = wikileaks_page(boxes=("VZCZCX", shown), heading=f"08SAMPLETOWN{number}, {said}")
    name = f"08SAMPLETOWN{number}" if number % 3 == 1 else said
    text = page.decode().replace("08SAMPLETOWN12", name).replace("Embassy Sampletown", said)
    return text.encode("utf-8", "replace")


def _address(number: int) -> str:
    return f"http://h.example/{number}/{quote(hostile(number), safe='<>=()/:')}"


def _served(shell: Shell, numbers: range) -> _Served:
    records = []
    for place, number in enumerate(numbers):
        odd = "".join(sign for sign in hostile(number) if " " <= sign < "\x7f")
        fields = [_HTML, f"X-Odd: {odd}"]
        records.append(record(place, reply(_cable(number), *fields), uri=_address(number)))
    file = shell.folder / "old.warc.gz"
    file.write_bytes(gz(*records))
    (shell.config / "collections").mkdir(parents=True, exist_ok=True)
    shell("import", str(file), "--into", "old")
    shell("list", "-c", "old", status=None)
    faults: list[str] = []
    settings = DeskSettings(
        archives=shell.archives, config_dir=shell.config, keys=Path.home(), hosts=frozenset({"testserver"})
    )
    desk = Desk(settings, faults.append)
    desk.exhibit_url = "http://room.example"
    room = ExhibitRoom(settings, desk.library, faults.append)
    return _Served(TestClient(desk, follow_redirects=False), TestClient(room, follow_redirects=False), faults)


def _held(served: _Served, numbers: range) -> int:
    """Opens what is held of each number; gives how many cables were among it."""
    cables = 0
    for number in numbers:
        answer = served.desk.get(path_of("page.json", url=_address(number)))
        assert answer.status_code == 200, (number, answer.text)
        found = answer.json()
        paths = [path_of("page", url=_address(number)), path_of("record", found["record"])]
        for name in found["cables"][:1]:
            cables += 1
            views = (
                path_of("cable", name),
                path_of("cable", name, "cite", paragraph="1"),
                path_of("cable", name, "history"),
                path_of("graph", name),
                path_of("search", q=name),
            )
            paths += [path_of("cable", name), views[number % len(views)]]
        for path in paths:
            answer = served.desk.get(f"http://testserver{path}")
            assert answer.status_code != 500, (number, path, answer.text)
            check_kept(answer, number)
    return cables


def _asked(served: _Served, numbers: range) -> None:
    for number in numbers:
        text = hostile(number)
        forms = len(_QUERIES) + len(_OF_ROOM)
        kind = number % forms
        if kind < len(_QUERIES):
            answer = served.desk.get(f"http://testserver{_QUERIES[kind](text)}")
        else:
            answer = served.room.get(f"http://testserver{_OF_ROOM[kind - len(_QUERIES)](text)}")
        assert answer.status_code != 500, (number, text, answer.text)
        check_kept(answer, number)


def _lists(served: _Served, numbers: range) -> None:
    """Pages that show many at once."""
    paths = ["/", "/search", "/search?q=harbour&size=100", "/search.json?size=100", "/browse", "/operator", "/releases"]
    paths += ["/browse/tag", "/browse/origin", "/browse/source", "/collection/old", "/sitemap.xml"]
    for path in paths:
        answer = served.desk.get(path)
        # On a slow machine a question may take longer than a page has.
        assert answer.status_code in {200, 503}, path
        if not path.endswith(".xml"):
            for number in numbers[:2]:
                check_kept(answer, number)


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        (range(6), range(45, 70)),
        pytest.param(range(15), range(45, 110), marks=pytest.mark.slow),
        pytest.param(range(45), range(45, 300), marks=pytest.mark.slow),
        pytest.param(range(1_000, 3_000), range(3_000, 11_000), marks=pytest.mark.slow),
    ],
    ids=["thirty", "eighty", "three hundred", "ten thousand"],
)
def test_hostile_inputs_stay_text(shell: Shell, held: range, asked: range) -> None:
    served = _served(shell, held)
    assert _held(served, held) >= len(held) // 4
    _lists(served, held)
    _asked(served, asked)
    assert not served.faults
