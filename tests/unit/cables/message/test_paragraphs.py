import pytest

from preserve.cables.message.grammar import parse_message
from preserve.cables.message.pagelines import is_break_line
from tests.growth import assert_linear

HEAD = "UNCLAS SAMPLETOWN 000123\nSUBJECT: X\n\n"

NUMBERS = {
    "in order": ("1. A\n\n2. B\n\n3. C", ["1", "2", "3"]),
    "repeated": ("1. A\n\n2. B\n\n2. C", ["1", "2", "2"]),
    "a gap": ("1. A\n\n4. B", ["1", "4"]),
    "a restart": ("1. A\n\n2. B\n\n1. C", ["1", "2", "1"]),
    "brackets": ("1) A\n\n2) B", ["1", "2"]),
    "the site's mark": ("\u00b61. A\n\n\u00b6 2. B", ["1", "2"]),
    "leading zeros": ("01. A\n\n02. B", ["01", "02"]),
    "a table": ("1. A\n\n12. 34 56\n13. 35 57", ["1", "12", "13"]),
    "decimals": ("1. A\n1.5 metres\n2.. C", ["1"]),
    "a year": ("1. A\n2004. B", ["1"]),
    "inside a line": ("1. A 2. B", ["1"]),
    "nothing behind": ("1.", ["1"]),
    "none": ("A", []),
}


@pytest.mark.parametrize(("body", "numbers"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_as_printed(body: str, numbers: list[str]) -> None:
    got = parse_message(HEAD + body)
    assert [p.number.text for p in got.paragraphs] == numbers
    assert all((HEAD + body)[p.number.start : p.number.end] == p.number.text for p in got.paragraphs)


@pytest.mark.parametrize(
    "mark",
    [
        "U", "SBU", "C", "S", "TS", "LOU", "FOUO", "SBU/NF", "C/NF", "S/NF", "U/FOUO", "C//NF", "S//NF", "SBU//NF",
        "S/NF/OC", "S//REL TO USA, AUS", "C REL", "S-NF", "u", "Sbu",
        "C REL CAN", "C/REL CAN", "C-REL CAN", "C REL TO CAN", "S REL CAN, AUS", "C REL CAN AUS GBR", "C, REL CAN",
        "S - NF",
        "SBU/NOFORN", "SBU//NOFORN", "SBU NOFORN", "C/ORCON, NOFORN", "S//ORCON/NF", "C REL MCFI", "C/REL CAN AUS, GBR",
        "C//REL TO USA, CAN, GBR/NF",
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", [" ", "", "  "])
def test_portion_marks(mark: str, between: str) -> None:
    body = f"{HEAD}1.{between}({mark}) It rained."
    paragraph = parse_message(body).paragraphs[0]
    assert paragraph.mark is not None
    assert paragraph.mark.text == mark
    assert body[paragraph.mark.start : paragraph.mark.end] == mark


@pytest.mark.parametrize(
    "said",
    [
        "(XYZ) Text", "(a) Text", "(see 2) Text", "Text (SBU)", "(U S citizens) Text", "()",
        "(C AND D) Text", "(S OR NOT) Text", "(SBU INFORMATION) Text", "(C REL 12) Text", "(U, the gull) Text",
    ],
)  # fmt: skip
def test_what_is_no_portion_mark(said: str) -> None:
    assert parse_message(f"{HEAD}1. {said}").paragraphs[0].mark is None


CAPTIONS = {
    "summary": ("1. (SBU) Summary: It rained.", "Summary"),
    "with a point": ("1. Summary. It rained.", "Summary"),
    "in capitals": ("1.(U) COMMENT: It rained.", "COMMENT"),
    "begin": ("1. (U) BEGIN SUMMARY It rained.", "BEGIN SUMMARY"),
    "two words": ("1. (U) Summary and Comment: It rained.", "Summary and Comment"),
    "action request": ("1. (U) Action Request: see below.", "Action Request"),
    "dashes": ("1. (U) Introduction -- It rained.", "Introduction"),
    "alone on its line": ("1. (U) SUMMARY\nIt rained.", "SUMMARY"),
    "a sentence": ("1. (U) Summary records were lost.", None),
    "another word": ("1. (U) Rain: it fell.", None),
}


@pytest.mark.parametrize(("said", "caption"), CAPTIONS.values(), ids=CAPTIONS)
def test_captions_of_paragraphs(said: str, caption: str | None) -> None:
    body = HEAD + said
    found = parse_message(body).paragraphs[0].caption
    assert (None if found is None else found.text) == caption
    assert found is None or body[found.start : found.end] == caption


def test_paragraphs_reach_to_the_next_and_to_the_signature() -> None:
    body = f"{HEAD}\u00b61. A \nB \n \n2. C \nD \n\nSAMPLETOWN 00000123  002 OF 002 \n\nDOE\n\nNNNN\n"
    assert [body[p.start : p.end] for p in parse_message(body).paragraphs] == ["\u00b61. A \nB", "2. C \nD"]


PAGE_LINES = {
    "two blanks": ("SAN SAMPLE 00000525  002 OF 003", (2, None, 3)),
    "one blank": ("SAN SAMPLE 00000525 002 OF 003", (2, None, 3)),
    "with a part": ("SAMPLETOWN 00000869  001.2 OF 004", (1, 2, 4)),
    "with two digits": ("SAMPLETOWN 00000869  001.11 OF 004", (1, 11, 4)),
    "of the seventies": ("PAGE 02        SAMPLE  023763  071504Z", (2, None, None)),
    "of the seventies, with sections": ("PAGE 03 SAMPLE 023763 01 OF 02 071504Z", (3, None, None)),
}


@pytest.mark.parametrize(("line", "parts"), PAGE_LINES.values(), ids=PAGE_LINES)
@pytest.mark.parametrize("end", [" \n", "\n", " \\\n"])
def test_page_lines(line: str, parts: tuple[int, int | None, int | None], end: str) -> None:
    body = f"{HEAD}1. It \n \n{line}{end} \nrained.\n\n2. No.\n{line}"
    got = parse_message(body).page_lines
    assert [(p.page, p.part, p.of) for p in got] == [parts, parts]
    assert [body[p.start : p.end] for p in got] == [line, line]
    assert is_break_line(line)


@pytest.mark.parametrize("line", ["SAMPLETOWN 525 002 OF 003", "PAGE 2 OF THE PAPER", "SAMPLETOWN 00000525"])
def test_what_is_no_page_line(line: str) -> None:
    assert parse_message(f"{HEAD}1. It \n{line}\nrained.").page_lines == ()
    assert not is_break_line(line)


BREAKS = {
    "a blank line": ("in the \n \nheat of it", True),
    "a page line": ("in the \nSAMPLETOWN 00000525  002 OF 003 \nheat", True),
    "a page line between blank ones": ("in the \n \n \nSAMPLETOWN 00000525  002 OF 003 \n \nheat", True),
    "backslashes": ("in the \\\n \\\nheat", True),
    "a comma before": ("in it,\n\nheat", True),
    "a line end": ("in the \nheat", False),
    "a capital behind": ("in the \n\nHeat", False),
    "a sentence before": ("in it. \n\nheat", False),
    "a colon before": ("in it:\n\nheat", False),
    "a question before": ("in it?\n\nheat", False),
    "a quotation before": ('in "it"\n\nheat', False),
    "a number behind": ("in it\n\n2. heat", False),
    "nothing behind": ("in it\n\n", False),
}


@pytest.mark.parametrize(("said", "soft"), BREAKS.values(), ids=BREAKS)
def test_soft_breaks(said: str, soft: bool) -> None:
    body = f"{HEAD}1. It rained {said}"
    got = parse_message(body).soft_breaks
    assert len(got) == int(soft)
    for start, end in got:
        assert body[start - 1] not in " \n\\"
        assert body[end:] == "heat" or body[end:] == "heat of it"


def test_long_lists_in_marks_are_read_in_linear_time() -> None:
    def read(size: int) -> None:
        body = HEAD + ("1. (C REL " + "NF NF " * 20 + "x) It rained.\n") * size
        assert len(parse_message(body).paragraphs) == size

    assert_linear(read, 5_000)


HEADINGS = {
    "a rule below": "The Next Season\n---------------",
    "signs of equality": "The next season\n===",
    "rules around": "---------------\nThe Next Season\n---------------",
    "capitals": "THE NEXT SEASON",
    "capitals of words": "What the Harbour's Boats Are For",
    "in the middle": "          The Next Season\n          ---------------",
}


@pytest.mark.parametrize("heading", HEADINGS.values(), ids=HEADINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_paragraph_ends_before_the_heading_of_the_next_section(heading: str, line_end: str) -> None:
    body = f"{HEAD}1. A boat.\n\n2. All say that it\nhas gone.\n\n{heading}\n\n3. C".replace("\n", line_end)
    got = parse_message(body).paragraphs
    said = [body[one.start : one.end].replace(line_end, " ") for one in got]
    assert said == ["1. A boat.", "2. All say that it has gone.", "3. C"]


@pytest.mark.parametrize(
    "between",
    [
        "--------------",
        "***",
        "=====\n\nThe Next Season\n\n-----",
        "BUDGET OF THE HARBOUR\nAND OF ITS BOATS\n----------------",
        "COMMENT",
        "-----\nThe Boats\n-----",
        "-- The boats that nobody saw, but not those of the town --",
    ],
)
def test_rules_headings_and_captions_between_paragraphs_belong_to_neither(between: str) -> None:
    first, second = parse_message(body := f"{HEAD}1. It was seen.\n\n{between}\n\n2. B. C").paragraphs
    assert body[first.start : first.end] == "1. It was seen."
    assert body[second.start : second.end] == "2. B. C"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_an_underlined_heading_needs_no_blank_line(line_end: str) -> None:
    body = f"{HEAD}1. It was seen.\nVictory of the boats\n-------------------- \n2. B".replace("\n", line_end)
    assert [body[one.start : one.end] for one in parse_message(body).paragraphs] == ["1. It was seen.", "2. B"]


@pytest.mark.parametrize(
    "end",
    [
        "JOHN HOLLOWAY\n\nJANE MARLOWE",
        "It was seen.\n\nHe went on. And so on",
        "It was seen.\n\nboats and nets",
        "It was seen.\nThe Next Season",
        "It was seen by\nThe Boats\n---------",
        "It was seen.\nThe Boats\n-----------------------------",
        "It was seen -- by all --\n-- and more",
        "Name     Boats\n--------------\nHolloway    12",
        "It was seen.\n\n- The Boats",
    ],
)
def test_what_is_no_heading_stays_in_its_paragraph(end: str) -> None:
    body = f"{HEAD}1. These:\n\n{end}\n\n2. B"
    first = parse_message(body).paragraphs[0]
    assert body[first.start : first.end] == f"1. These:\n\n{end}"
