from pathlib import Path

import pytest

from preserve.cables.difference import Difference, classify, redaction_marks
from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts

LAYOUT: Layout = compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))["mrkva"]


def read(text: str, before: str = "") -> Extraction:
    last = "Latest source of this page is x, released 2011-10-04"
    page = f"{before}<br>Identifier: 07SAMPLETOWN1<br><pre>{text}</pre>{last}"
    extraction = extract(page.encode(), None, [LAYOUT])
    assert extraction is not None
    return extraction


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a\nb", "a \n \nb", Difference.SAME_AFTER_RULES),
        ("Mr Doe said", "Mr XXXXXXXXXXXX said", Difference.REDACTION_ADDED),
        ("Mr xxxx said", "Mr Doe said", Difference.REDACTION_REMOVED),
        ("Mr XXXX said", "Mr XXXXXXXX said", Difference.TEXT_CHANGED),
        ("Mr Doe said", "Ms Doe said", Difference.TEXT_CHANGED),
        ("one\n\ntwo", "one", Difference.TEXT_CHANGED),
        ("Mr XxXx", "Mr Doe", Difference.TEXT_CHANGED),
    ],
)
def test_classes_of_texts(one: str, other: str, expected: Difference) -> None:
    assert classify(read(one), read(other)) is expected


def test_classes_of_pages() -> None:
    assert classify(read("a"), read("a")) is Difference.SAME_BYTES
    assert classify(read("a"), read("a", before="a warning")) is Difference.SAME_BODY


def test_marks_are_runs_of_four_or_more() -> None:
    assert redaction_marks("XXX XXXX xxxxx XXXX\nXXXXXXXXXXXXX") == 4


def test_the_words_are_stable() -> None:
    assert [str(member) for member in Difference] == [
        "same bytes",
        "same body",
        "same after rules",
        "redaction added",
        "redaction removed",
        "text changed",
    ]
