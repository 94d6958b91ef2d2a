"""The mirror's pages: what changes between the phases, how each reply travels, and that each cable is read."""

import gzip

import pytest

from preserve.cables.difference import Difference, classify
from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_collection, load_layouts
from preserve.config.place import bundled_config_dir
from preserve.demo_site.cables import ALMONDS, BRIDGE, CLOCK, LIGHTHOUSE, REDACTED_NAME, InventedCable
from preserve.demo_site.pages import NOT_FOUND, PARTIAL, DemoReply, replies
from preserve.formats.http1.message import split_head
from preserve.formats.http1.stream import payload_of

LIGHTHOUSE_PATH, ALMONDS_PATH, BRIDGE_PATH, CLOCK_PATH = (f"/cable.php?id={number}" for number in (101, 102, 103, 104))
VIEWER_PATH = "/cable/2006/03/06VELDORA42.html"
CABLES = {
    LIGHTHOUSE_PATH: LIGHTHOUSE,
    ALMONDS_PATH: ALMONDS,
    BRIDGE_PATH: BRIDGE,
    CLOCK_PATH: CLOCK,
    VIEWER_PATH: ALMONDS,
}


@pytest.fixture(scope="module")
def layouts() -> list[Layout]:
    folder = bundled_config_dir()
    known = compile_layouts(load_layouts(folder))
    return [known[name] for name in load_collection(folder, "demo").layouts or ()]


def _read(reply: DemoReply, layouts: list[Layout]) -> Extraction:
    found = extract(reply.body, "text/html; charset=utf-8", layouts)
    assert found is not None
    return found


@pytest.mark.parametrize("phase", [1, 2])
def test_replies_are_the_same_at_every_call(phase: int) -> None:
    assert {p: r.wire() for p, r in replies(phase).items()} == {p: r.wire() for p, r in replies(phase).items()}


def test_between_the_phases_one_page_is_edited_one_withdrawn_one_moved_and_the_rest_stays() -> None:
    first, second = replies(1), replies(2)
    changed = {path for path in first if first[path].wire() != second[path].wire()}
    assert changed == {LIGHTHOUSE_PATH, BRIDGE_PATH, CLOCK_PATH}
    assert set(second) - set(first) == {"/kept/cable.php?id=104"}
    assert set(first) <= set(second)


def test_the_edit_covers_a_name_and_states_a_newer_source() -> None:
    before, after = (replies(phase)[LIGHTHOUSE_PATH].body.decode() for phase in (1, 2))
    name, covered = REDACTED_NAME
    assert "XXXXXXXXXXXX" in covered
    assert before.count(name) == 1
    assert name not in after
    assert before.replace(name, covered).replace("released 2011-10-04", "released 2012-06-30") == after


def test_the_withdrawn_page_answers_410_and_the_moved_one_301_with_its_new_address() -> None:
    second = replies(2)
    gone, moved = payload_of(second[BRIDGE_PATH].wire()), payload_of(second[CLOCK_PATH].wire())
    assert gone.head.status == 410
    assert moved.head.status == 301
    assert moved.head.get(b"location") == b"/kept/cable.php?id=104"
    assert second["/kept/cable.php?id=104"].wire() == replies(1)[CLOCK_PATH].wire()


def test_what_robots_txt_forbids_and_what_fails_is_linked_from_the_front_page() -> None:
    pages = replies(1)
    front = pages["/"].body.decode()
    assert b"Disallow: /private/" in pages["/robots.txt"].body
    for path in set(pages) - {"/", "/robots.txt"}:
        assert f'href="{path}"' in front
    assert payload_of(pages["/statistics"].wire()).head.status == 500


def test_one_page_travels_gzip_coded() -> None:
    reply = replies(1)[ALMONDS_PATH]
    payload = payload_of(reply.wire())
    assert payload.head.get(b"content-encoding") == b"gzip"
    assert gzip.decompress(payload.payload) == reply.body
    assert reply.body not in reply.wire()


def test_one_page_travels_chunked_under_fields_of_unusual_case_and_number() -> None:
    reply = replies(1)[CLOCK_PATH]
    head, rest = split_head(reply.wire())
    assert payload_of(reply.wire()).payload == reply.body
    assert rest.count(b"\r\n") > 4
    assert b"Content-Length" not in head
    lines = head.split(b"\r\n")
    assert lines[2:5] == [
        b"x-served-by: two  blanks",
        b"content-TYPE:   text/html;charset=utf-8",
        b"X-Served-By: second watch",
    ]


def test_an_unknown_address_answers_404() -> None:
    assert payload_of(NOT_FOUND.wire()).head.status == 404


@pytest.mark.parametrize(("path", "cable"), CABLES.items())
def test_every_cable_is_read_from_its_page(path: str, cable: InventedCable, layouts: list[Layout]) -> None:
    found = _read(replies(1)[path], layouts)
    assert found.published_id == cable.identifier
    assert found.fields["origin"].printed == cable.origin
    assert found.fields["classification"].printed == cable.classification
    assert found.message.subject is not None
    assert found.message.subject.text == cable.title
    assert found.layout.split("/")[0] == ("wikileaks-cable" if path == VIEWER_PATH else "mrkva")


@pytest.mark.parametrize("path", [LIGHTHOUSE_PATH, ALMONDS_PATH, BRIDGE_PATH, CLOCK_PATH])
def test_the_text_is_read_whole_and_the_source_beside_it(path: str, layouts: list[Layout]) -> None:
    found = _read(replies(1)[path], layouts)
    assert [line.strip() for line in found.body.strip().splitlines()] == [
        line.strip() for line in CABLES[path].message.strip().splitlines()
    ]
    assert found.fields["source"].printed == "cablebrowser-2"
    assert found.fields["source_released"].printed == "2011-10-04"


def test_a_page_that_says_it_is_an_extract_keeps_that_sentence_out_of_the_text(layouts: list[Layout]) -> None:
    found = _read(replies(1)[LIGHTHOUSE_PATH], layouts)
    assert found.fields["partial_note"].printed == PARTIAL
    assert PARTIAL not in found.body


def test_one_cable_in_both_layouts_is_the_same_after_the_rules(layouts: list[Layout]) -> None:
    pages = replies(1)
    mirror, viewer = _read(pages[ALMONDS_PATH], layouts), _read(pages[VIEWER_PATH], layouts)
    assert classify(mirror, viewer) is Difference.SAME_AFTER_RULES
    assert mirror.comparison_sha256 == viewer.comparison_sha256


def test_the_edit_is_told_as_a_redaction_and_the_move_as_no_change(layouts: list[Layout]) -> None:
    first, second = replies(1), replies(2)
    edited = classify(_read(first[LIGHTHOUSE_PATH], layouts), _read(second[LIGHTHOUSE_PATH], layouts))
    moved = classify(_read(first[CLOCK_PATH], layouts), _read(second["/kept/cable.php?id=104"], layouts))
    assert (edited, moved) == (Difference.REDACTION_ADDED, Difference.SAME_BYTES)


def test_every_invented_line_is_as_the_dump_writes_it() -> None:
    for cable in (LIGHTHOUSE, ALMONDS, BRIDGE, CLOCK):
        lines = cable.message.split("\n")
        assert lines.pop() == ""
        assert all(line.endswith(" ") and len(line) <= 66 for line in lines)
        assert lines[-1] == "NNNN "
        assert 2003 <= int(cable.created[:4]) <= 2009
