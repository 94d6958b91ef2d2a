"""A look held against what was held: every case of the rule, as vectors."""

import pytest

from preserve.replay.comparing import Led, Look, Page, Seen, compare, gist, is_crowd

A = Page(payload_sha256="a", text="a")
SAME_TEXT = Page(payload_sha256="a2", text="a")
B = Page(payload_sha256="b", text="b")
EMPTY = Page(payload_sha256="e", text="", is_empty=True)
ERROR = Page(payload_sha256="x", text="x", is_error=True)


def _page(page: Page, *, in_crowd: bool = False) -> Look:
    return Look(reason="http-200", status=200, page=page, in_crowd=in_crowd)


def _led(
    status: int | None, *, home: bool = False, in_crowd: bool = False, page: Page | None = None, lost: bool = False
) -> Look:
    led = Led(home=home, status=status, page=page)
    return Look(reason="http-301", status=301, led=led, in_crowd=in_crowd, lost_cable=lost)


VECTORS: list[tuple[Page | None, Look, Seen | None]] = [
    (None, _page(A), Seen.NEW),
    (None, Look(reason="http-404", status=404), None),
    (None, Look(reason="dns"), None),
    (A, Look(reason="http-304", status=200, repeats=True), Seen.UNCHANGED),
    (A, _page(A), Seen.UNCHANGED),
    (A, _page(SAME_TEXT), Seen.UNCHANGED),
    (A, _page(SAME_TEXT, in_crowd=True), Seen.UNCHANGED),
    (A, _page(B), Seen.CHANGED),
    (A, _page(B, in_crowd=True), Seen.SOFT_GONE),
    (A, _page(EMPTY), Seen.SOFT_GONE),
    (EMPTY, _page(Page(payload_sha256="e2", text="", is_empty=True)), Seen.UNCHANGED),
    (A, _page(ERROR), Seen.SOFT_GONE),
    (ERROR, _page(Page(payload_sha256="y", text="y", is_error=True)), Seen.CHANGED),
    (A, Look(reason="http-404", status=404), Seen.GONE),
    (A, Look(reason="http-410", status=410), Seen.GONE),
    (A, Look(reason="http-451", status=451), Seen.GONE),
    (A, Look(reason="http-403", status=403), Seen.ERROR),
    (A, Look(reason="http-503", status=503), Seen.ERROR),
    (A, Look(reason="challenge", status=0), Seen.ERROR),
    (A, Look(reason="http-300", status=300), Seen.ERROR),
    (A, _led(200), Seen.MOVED),
    (A, _led(None), Seen.AWAY),
    (A, _led(404), Seen.GONE),
    (A, _led(500), Seen.ERROR),
    (A, _led(200, home=True), Seen.SOFT_GONE),
    (A, _led(200, in_crowd=True), Seen.SOFT_GONE),
    (A, _led(200, page=B), Seen.MOVED),
    (A, _led(200, page=ERROR), Seen.SOFT_GONE),
    (ERROR, _led(200, page=ERROR), Seen.MOVED),
    (A, _led(200, page=EMPTY), Seen.SOFT_GONE),
    (A, _led(200, page=B, lost=True), Seen.SOFT_GONE),
    (A, Look(reason="http-200", status=200, page=B, lost_cable=True), Seen.SOFT_GONE),
    (A, Look(reason="http-200", status=200, page=SAME_TEXT, lost_cable=True), Seen.UNCHANGED),
    (A, Look(reason="robots"), Seen.NOT_REACHED),
    (A, Look(reason="host-paused"), Seen.NOT_REACHED),
    (A, Look(reason="not-due", not_tried=True), None),
]


@pytest.mark.parametrize(("before", "look", "seen"), VECTORS)
def test_every_look_has_one_meaning(before: Page | None, look: Look, seen: Seen | None) -> None:
    assert compare(before, look) is seen


@pytest.mark.parametrize(
    ("now_one", "before_others", "of_all", "crowd"),
    [
        (3, 3, 100, True),
        (4, 3, 4, True),
        (2, 2, 2, True),
        (2, 2, 3, False),
        (1, 1, 1, False),
        (100, 2, 100, False),
        (50, 25, 50, False),
        (50, 26, 60, True),
    ],
)
def test_a_crowd_shows_one_text_where_most_were_pages_of_their_own(
    now_one: int, before_others: int, of_all: int, *, crowd: bool
) -> None:
    assert is_crowd(now_one, before_others, of_all) is crowd


def test_a_gist_leaves_out_what_a_closing_page_says_of_the_address_and_the_day() -> None:
    first = gist("The page /cables/report-1 is closed since 3.12.2026. Thank you.", "http://x.org/cables/report-1")
    other = gist("The page /notes/letter is closed since 4.12.2026. Thank you.", "http://x.org/notes/letter")
    assert first == other
    assert first != gist("The page is open. Thank you.", "http://x.org/a")


@pytest.mark.parametrize(
    ("now", "words", "lost"),
    [
        (frozenset(), "Sign in to go on", True),
        (frozenset(), "The cable 07WREN12 by another layout", False),
        (frozenset({"07wren13"}), "another cable, REF: 07WREN12", True),
        (frozenset({"07wren12", "07wren13"}), "both", False),
    ],
)
def test_a_cable_is_lost_where_another_is_shown_or_none_is_named(
    now: frozenset[str], words: str, *, lost: bool
) -> None:
    was = Page(payload_sha256="a", text="a", cables=frozenset({"07wren12"}))
    assert was.has_lost(Page(payload_sha256="b", text="b", cables=now), words) is lost
    assert not B.has_lost(A, words)
