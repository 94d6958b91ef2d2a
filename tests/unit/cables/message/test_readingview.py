import pytest

from preserve.cables.message.grammar import parse_message
from preserve.cables.message.readingview import ViewPiece, reading_view
from preserve.text import single_spaced

BODY = """\
UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123\x20
\x20
SIPDIS\x20
\x20
SUBJECT: A MADE-UP MATTER AND\x20
ITS ENDS\x20
\x20
Summary\x20
-------\x20
\x20
1. (U) The Deputy Prime Minister- President met the Under-\x20
Secretary in the\x20
\x20
SAMPLETOWN 00000123  002 OF 002\x20
\x20
heat of the day.\x20
\x20
They left.\x20
2. (U) Two points: \x20
-- one point that is\x20
long;\x20
-- another.\x20
\x20
Place      Rain\x20
Sampletown    2\x20
\x20
DOE\x20
NNNN\x20
"""


def view(body: str) -> tuple[ViewPiece, ...]:
    return reading_view(body, parse_message(body))


def test_a_whole_message() -> None:
    assert [(piece.kind, piece.text) for piece in view(BODY)] == [
        ("heading", "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123"),
        ("heading", "SIPDIS"),
        ("heading", "SUBJECT: A MADE-UP MATTER AND"),
        ("heading", "ITS ENDS"),
        ("lines", "Summary\n-------"),
        (
            "paragraph",
            "1. (U) The Deputy Prime Minister- President met the Under-Secretary in the heat of the day.",
        ),
        ("paragraph", "They left."),
        ("paragraph", "2. (U) Two points:"),
        ("paragraph", "-- one point that is long;"),
        ("paragraph", "-- another."),
        ("lines", "Place      Rain\nSampletown    2"),
        ("signature", "DOE"),
        ("end mark", "NNNN"),
    ]


def test_every_piece_says_where_it_comes_from() -> None:
    for piece in view(BODY):
        said = BODY[piece.start : piece.end]
        assert said == said.strip()
        assert said.split()[0] == piece.text.split()[0]
        assert said.split()[-1].endswith(piece.text.split()[-1][-3:])


def test_every_word_is_shown_but_page_lines() -> None:
    shown = " ".join(single_spaced(piece.text) for piece in view(BODY)).replace("Under-", "Under- ")
    assert shown == single_spaced(BODY).replace("SAMPLETOWN 00000123 002 OF 002 ", "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        ("Only words \nand more.", [("paragraph", "Only words and more.")]),
        ("A \\\nB \\\n \\\nC", [("paragraph", "A B"), ("paragraph", "C")]),
        ("Costs 5-\n6 crowns", [("paragraph", "Costs 5- 6 crowns")]),
        ("a\tb\nc\td", [("lines", "a\tb\nc\td")]),
        ("SAMPLETOWN 00000123  002 OF 002", []),
    ],
)
def test_texts_without_a_head(body: str, expected: list[tuple[str, str]]) -> None:
    assert [(piece.kind, piece.text) for piece in view(body)] == expected
