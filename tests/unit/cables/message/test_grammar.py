from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.message.grammar import Message, parse_message
from preserve.cables.message.preamble import Preamble
from preserve.cables.message.printed import PrintedValue
from preserve.cables.message.readingview import reading_view
from preserve.cables.message.tags import tag_spans
from preserve.text import single_spaced
from tests.growth import assert_linear

LINES = [
    "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123",
    "",
    "SIPDIS",
    "",
    "SENSITIVE SIPDIS",
    "",
    "DEPARTMENT FOR THE SENSITIVE DESK",
    "",
    "E.O. 12958: N/A",
    "TAGS: PREL, Fair Winds,",
    "ECON EFIN, OVIP (DOE, JANE A.), ZZ",
    "SUBJECT: A MADE-UP MATTER AND",
    "ITS ENDS",
    "",
    "REF: A. 06 SAMPLETOWN 99",
    "",
    "     \u00b6B. (OTHERTOWN 1), C) STATE 22 AND PREVIOUS",
    "",
    "1. (SBU) It rained.  End Summary.",
    "",
    "\u00b62.(U) It did not: 1.5 metres.",
    "SAMPLETOWN 00000123  002 OF 002",
    "",
    "2) Again.",
    "12. (XYZ) Not a mark.",
    "",
    "DOE",
    "",
    "",
    "NNNN",
]
WHOLE = "".join(f"{line} \n" for line in LINES).removesuffix("\n")


def texts(values: Iterable[PrintedValue]) -> list[str]:
    return [value.text for value in values]


def text(value: PrintedValue | None) -> str | None:
    return None if value is None else value.text


def body_values(message: Message) -> list[PrintedValue]:
    """Every value of a message that was read from its body."""
    line, by = message.classification_line, message.classified_by
    values = [
        message.preamble.time,
        *message.preamble.values.values(),
        line,
        line and line.classification,
        line and line.station,
        *message.captions,
        message.eo,
        message.declassify_on,
        *message.tags,
        message.subject,
        *message.refs,
        by,
        by and by.reason,
        *(value for p in message.paragraphs for value in (p.number, p.mark, p.caption)),
        *message.page_lines,
        message.signature,
        message.end_mark,
    ]
    return [value for value in values if value is not None]


def assert_spans(source: str, values: Iterable[PrintedValue]) -> None:
    """Every span covers its value from the first to the last character; what differs is more than one line long."""
    for value in values:
        assert 0 <= value.start < value.end <= len(source)
        piece = source[value.start : value.end]
        assert piece == piece.strip()
        assert value.text == single_spaced(value.text)
        assert value.text
        if "\n" not in piece:
            assert single_spaced(piece) == value.text
        assert piece.split()[0].startswith(value.text.split()[0][:1])


def test_a_whole_message() -> None:
    got = parse_message(WHOLE)
    assert text(got.classification_line) == "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123"
    assert texts(got.captions) == ["SIPDIS", "SENSITIVE", "SIPDIS"]
    assert text(got.eo) == "E.O. 12958: N/A"
    assert texts(got.tags) == ["PREL", "Fair Winds", "ECON", "EFIN", "OVIP (DOE, JANE A.)", "ZZ"]
    assert text(got.subject) == "A MADE-UP MATTER AND ITS ENDS"
    assert [(ref.enumerator, ref.text) for ref in got.refs] == [
        ("A", "06 SAMPLETOWN 99"),
        ("B", "(OTHERTOWN 1)"),
        ("C", "STATE 22 AND PREVIOUS"),
    ]
    assert [(p.number.text, text(p.mark)) for p in got.paragraphs] == [
        ("1", "SBU"),
        ("2", "U"),
        ("2", None),
        ("12", None),
    ]
    assert [(p.text, p.page, p.part, p.of) for p in got.page_lines] == [("SAMPLETOWN 00000123 002 OF 002", 2, None, 2)]
    assert (text(got.signature), text(got.end_mark)) == ("DOE", "NNNN")
    assert_spans(WHOLE, body_values(got))


def test_paragraphs_are_spans_of_the_text() -> None:
    pieces = [WHOLE[p.start : p.end] for p in parse_message(WHOLE).paragraphs]
    assert pieces[0] == "1. (SBU) It rained.  End Summary."
    assert pieces[1].startswith("\u00b62.(U) It did")
    assert pieces[1].endswith("002 OF 002")
    assert pieces[3] == "12. (XYZ) Not a mark."


def test_nothing_is_found_in_nothing() -> None:
    assert parse_message("") == Message(preamble=Preamble())
    assert parse_message(" \n\t\n", "") == Message(preamble=Preamble(message_start=4, message_end=4))


CLASSIFICATIONS = {
    "after a time line": ("Friday, 08 May 2009, 15:04\nUNCLAS SAMPLETOWN 000123", "UNCLAS SAMPLETOWN 000123"),
    "after a record": ("classification: SECRET\nheader:\nUNCLAS SAMPLETOWN 000123", "UNCLAS SAMPLETOWN 000123"),
    "in a row": (
        '1,1/6/2010 17:47,10X1,"Y",UNCLASSIFIED,10Z1,"VZ\nZZ","UNCLAS SAMPLETOWN 000123 ',
        "UNCLAS SAMPLETOWN 000123",
    ),
    "behind a tab": (
        "10X1\tUNCLASSIFIED\t\tVZ\\\n\tUNCLAS SAMPLETOWN 000123 \\",
        "UNCLAS SAMPLETOWN 000123",
    ),
    "inside a line": ('10X1,Y,Z,"UNCLAS SAMPLETOWN 000123', "UNCLAS SAMPLETOWN 000123"),
    "spaced": ("C O N F I D E N T I A L SAMPLETOWN 000123", "C O N F I D E N T I A L SAMPLETOWN 000123"),
    "a run-on": (
        "Cable dated:2009-11-23T14:44:00UNCLAS SAMPLETOWN 000123SIPDIS FOR EVERYBODY AND FOR EVERYTHING ELSE",
        "UNCLAS SAMPLETOWN 000123",
    ),
    "an address of that name": ("SECRET SERVICE FOR DOE\nUNCLAS SAMPLE 000123", "UNCLAS SAMPLE 000123"),
    "a word that only begins so": ("SECRETARY ARRIVES", None),
    "prose in small letters": ("Secret talks were held", None),
}


@pytest.mark.parametrize(("body", "line"), CLASSIFICATIONS.values(), ids=CLASSIFICATIONS)
def test_the_classification_line_is_searched_for(body: str, line: str | None) -> None:
    assert text(parse_message(body).classification_line) == line


PARTS = {
    "plain": ("UNCLAS SAMPLETOWN 000123", ("UNCLAS", "UNCLASSIFIED", None, None, "SAMPLETOWN", 123)),
    "in full, short serial": (
        "UNCLASSIFIED NEW SAMPLE 2481",
        ("UNCLASSIFIED", "UNCLASSIFIED", None, None, "NEW SAMPLE", 2481),
    ),
    "with a section": (
        "S E C R E T SECTION 02 OF 03 ST. SAMPLE 000123",
        ("S E C R E T", "SECRET", 2, 3, "ST. SAMPLE", 123),
    ),
    "section without a blank": (
        "UNCLAS SECTION01 OF 03 SAN SAMPLE 000525",
        ("UNCLAS", "UNCLASSIFIED", 1, 3, "SAN SAMPLE", 525),
    ),
    "garbled section": ("UNCLAS SECTION 01 GF 02 SAMPLE 000525", ("UNCLAS", "UNCLASSIFIED", 1, 2, "SAMPLE", 525)),
    "caption before the station": (
        "UNCLAS E F T O SAMPLETOWN 000016",
        ("UNCLAS", "UNCLASSIFIED", None, None, "SAMPLETOWN", 16),
    ),
    "handling with slashes": (
        "UNCLASSIFIED//FOR OFFICIAL USE ONLY SAMPLETOWN 000016",
        ("UNCLASSIFIED//FOR OFFICIAL USE ONLY", "UNCLASSIFIED", None, None, "SAMPLETOWN", 16),
    ),
    "limited official use": (
        "LIMITED OFFICIAL USE SAMPLETOWN 01234",
        ("LIMITED OFFICIAL USE", "LIMITED OFFICIAL USE", None, None, "SAMPLETOWN", 1234),
    ),
    "confidential with noforn": (
        "C O N F I D E N T I A L NOFORN SECTION 01 OF 02 SAMPLETOWN 000016",
        ("C O N F I D E N T I A L", "CONFIDENTIAL", 1, 2, "SAMPLETOWN", 16),
    ),
    "sentence case": (
        "Unclas section 01 of 02 sampletown 000016",
        ("Unclas", "UNCLASSIFIED", 1, 2, "sampletown", 16),
    ),
    "nothing but the word": ("UNCLAS", ("UNCLAS", "UNCLASSIFIED", None, None, None, None)),
}


@pytest.mark.parametrize(("body", "parts"), PARTS.values(), ids=PARTS)
def test_parts_of_the_classification_line(body: str, parts: tuple[object, ...]) -> None:
    line = parse_message(f"{body}\n\nSIPDIS\n").classification_line
    assert line is not None
    assert parts == (
        line.classification.text,
        line.level,
        line.section,
        line.sections,
        text(line.station),
        line.serial,
    )
    assert_spans(body, [line, line.classification] + ([line.station] if line.station else []))


CAPTIONS = {
    "doubled": ("UNCLAS X 000001\nSIPDIS\n\nSIPDIS\n", ["SIPDIS", "SIPDIS"]),
    "several on a line": ("UNCLAS X 000001\nNODIS / EXDIS, STADIS\n", ["NODIS", "EXDIS", "STADIS"]),
    "of two words": ("SECRET X 000001\nROGER CHANNEL\n", ["ROGER CHANNEL"]),
    "corrected copy": ("UNCLAS X 000001\nC O R R E C T E D  C O P Y\n", ["C O R R E C T E D C O P Y"]),
    "corrected copy with its reason": (
        "UNCLAS X 000001\nC O R R E C T E D COPY CAPTION\n",
        ["C O R R E C T E D COPY"],
    ),
    "on the classification line": ("SECRET NOFORN X 000001 SIPDIS\n", ["NOFORN", "SIPDIS"]),
    "run together": (
        "Cable dated:2009-11-23T14:44:00UNCLAS SECTION 01 OF 04 SAMPLETOWN 001557SENSITIVE SIPDISDOE FOR S2",
        ["SENSITIVE", "SIPDIS"],
    ),
    "in small letters": ("UNCLAS X 000001\nSipdis\nSensitive\n", ["Sipdis", "Sensitive"]),
    "behind the subject": ("UNCLAS X 000001\nSUBJECT: Y\n\nSENSITIVE\n", ["SENSITIVE"]),
    "a word in an address": ("UNCLAS X 000001\nFOR THE SENSITIVE DESK\n", []),
    "repeated in a second section": ("UNCLAS SAMPLE 000001\nSIPDIS\nText\nUNCLAS SAMPLE 000001\nSIPDIS\n", ["SIPDIS"]),
}


@pytest.mark.parametrize(("body", "captions"), CAPTIONS.values(), ids=CAPTIONS)
def test_captions(body: str, captions: list[str]) -> None:
    got = parse_message(body)
    assert texts(got.captions) == captions
    assert_spans(body, body_values(got))


@pytest.mark.parametrize(
    ("said", "tags"),
    [
        ("PREL, Human Rights, ZZ", ("PREL", "Human Rights", "ZZ")),
        ("PREL PGOV ZZ", ("PREL", "PGOV", "ZZ")),
        ("PREL,PGOV ZZ", ("PREL", "PGOV", "ZZ")),
        ("OVIP (DOE, JANE A.) PREL", ("OVIP (DOE, JANE A.)", "PREL")),
        ("OVIP(DOE, JANE A.), PREL", ("OVIP(DOE, JANE A.)", "PREL")),
        ("ECONEFIN", ("ECONEFIN",)),
        ("knnp, parm", ("knnp", "parm")),
        ("PREL, , PREL,", ("PREL", "PREL")),
        ("PREL (DOE", ("PREL (DOE",)),
        ("", ()),
        ("PREL; PGOV; ZZ", ("PREL", "PGOV", "ZZ")),
        ("PREL/PGOV/ZZ", ("PREL", "PGOV", "ZZ")),
        ("PREL / PGOV ZZ", ("PREL", "PGOV", "ZZ")),
        ("PREL; PGOV ECON, ZZ", ("PREL", "PGOV", "ECON", "ZZ")),
        ("Human Rights/PREL", ("Human Rights", "PREL")),
        ("OVIP (DOE, J./ROE, R.)/PREL", ("OVIP (DOE, J./ROE, R.)", "PREL")),
        ("N/A", ("N/A",)),
        ("PREL. PGOV. ZZ.", ("PREL", "PGOV", "ZZ")),
        ("PREL - PGOV - ZZ", ("PREL", "PGOV", "ZZ")),
        ("- PREL, ZZ", ("PREL", "ZZ")),
        ("PREL:PGOV", ("PREL", "PGOV")),
        ("OVIP [DOE, JANE], PREL", ("OVIP [DOE, JANE]", "PREL")),
        ("PREL PGOV\nECON, ZZ", ("PREL", "PGOV", "ECON", "ZZ")),
        ("PREL PGOV\nHuman Rights, ZZ", ("PREL", "PGOV", "Human Rights", "ZZ")),
        ("PREL, Human\nRights, ZZ", ("PREL", "Human Rights", "ZZ")),
    ],
)
def test_tags(said: str, tags: tuple[str, ...]) -> None:
    assert tuple(" ".join(said[start:end].split()) for start, end in tag_spans(said)) == tags


TAG_LINES = {
    "no colon": ("TAGS PREL ZZ", ["PREL", "ZZ"]),
    "sentence case": ("Tags: knnp", ["knnp"]),
    "behind the order": ("X FOR Y.O. 1: N/A TAGS: ZZ", ["ZZ"]),
    "line end lost before it": ("E.O. 12958: N/ATAGS: ZZ", ["ZZ"]),
    "line end lost behind it": ("TAGS: PREL ZZ SUBJECT: Y", ["PREL", "ZZ"]),
    "goes on after a comma": ("TAGS: PREL,\nZZ", ["PREL", "ZZ"]),
    "goes on without one": ("TAGS: PREL PGOV\n     ECON ZZ", ["PREL", "PGOV", "ECON", "ZZ"]),
    "backslashes": ("TAGS: PREL, \\\nZZ \\", ["PREL", "ZZ"]),
    "a caption below": ("TAGS: PREL ZZ\nSIPDIS", ["PREL", "ZZ"]),
    "another word": ("TAGSX ZZ", []),
    "goes on with other separators": ("TAGS: PREL, PGOV\nECON/ZZ", ["PREL", "PGOV", "ECON", "ZZ"]),
    "goes on after a semicolon": ("TAGS: PREL;\nHuman Rights", ["PREL", "Human Rights"]),
    "brackets over lines": ("TAGS: OVIP (DOE, JANE\nA.), PREL", ["OVIP (DOE, JANE A.)", "PREL"]),
    "square brackets over lines": ("TAGS: OVIP [DOE\nJANE A.], ZZ", ["OVIP [DOE JANE A.]", "ZZ"]),
    "brackets over three lines": ("TAGS: OVIP (DOE; \nROE \nA.) PREL ZZ", ["OVIP (DOE; ROE A.)", "PREL", "ZZ"]),
    "brackets that do not close": ("TAGS: PREL, OVIP (DOE\nIt rained.", ["PREL", "OVIP (DOE"]),
    "brackets that a heading ends": ("TAGS: PREL, OVIP (DOE, J\nREF: X 1", ["PREL", "OVIP (DOE, J"]),
    "Subj behind": ("TAGS: PREL, ZZ Subj: One", ["PREL", "ZZ"]),
    "subject in brackets behind": ("TAGS: PREL, ZZ SUBJECT(U): ONE", ["PREL", "ZZ"]),
    "subject without colon behind": ("TAGS: PREL, ZZ SUBJECT ONE", ["PREL", "ZZ"]),
    "subject behind on the second line": ("TAGS: PREL,\nZZ SUBJECT: ONE", ["PREL", "ZZ"]),
    "TAG": ("TAG PREL, ZZ", ["PREL", "ZZ"]),
    "TAG and blanks": ("TAG PREL ZZ", ["PREL", "ZZ"]),
    "TAG as a word": ("TAG SALE OF GULLS", []),
    "a letter lost": ("AGS: PREL, ZZ", ["PREL", "ZZ"]),
    "small, no colon": ("tags PREL, ZZ", ["PREL", "ZZ"]),
    "small, no colon, small codes": ("tags prel, zz", ["prel", "zz"]),
    "small, no colon, blanks": ("Tags PREL ZZ", ["PREL", "ZZ"]),
    "small, as a word": ("tags were read", []),
    "alone on its line": ("TAGS\nPREL, ZZ", ["PREL", "ZZ"]),
    "spaced": ("T A G S: PREL", ["PREL"]),
    "a point behind": ("TAGS. PREL, ZZ", ["PREL", "ZZ"]),
    "a dash behind": ("TAGS - PREL, ZZ", ["PREL", "ZZ"]),
}


@pytest.mark.parametrize(("line", "tags"), TAG_LINES.values(), ids=TAG_LINES)
def test_where_tags_stand(line: str, tags: list[str]) -> None:
    body = f"UNCLAS X 000001\n{line}\nSUBJECT: Y"
    got = parse_message(body)
    assert texts(got.tags) == tags
    assert_spans(body, body_values(got))


SUBJECTS = {
    "until a note": ("SUBJECT: ONE\nSensitive but unclassified.", "ONE"),
    "several lines": ("SUBJECT:  ONE  TWO \nTHREE \n\nFOUR", "ONE TWO THREE"),
    "until REF": ("SUBJ: ONE\nREF: X 1", "ONE"),
    "until a rule": ("Subject: One\n----\nTwo", "One"),
    "until who classified it": ("SUBJECT: ONE\nClassified By: X", "ONE"),
    "until a page line": ("SUBJECT: ONE \nSAMPLETOWN 00000123  002 OF 002\nTWO", "ONE"),
    "over a page line": ("Subject: One \nSAMPLETOWN 00000123  002 OF 002\ngoes on", "One goes on"),
    "over a page's footer": ("SUBJECT: ONE AND\nUNCLASSIFIED\nTWO", "ONE AND TWO"),
    "over a blank line": ("SUBJECT: ONE AND\n\nTWO\n\nTHREE", "ONE AND TWO"),
    "until a caption": ("SUBJECT: ONE\nSENSITIVE", "ONE"),
    "until a handling line": ("SUBJECT: ONE\nTHIS CABLE IS SENSITIVE.", "ONE"),
    "until a portion mark": ("SUBJECT: ONE\n(SBU) It rained.", "ONE"),
    "until a mark with a country": ("SUBJECT: ONE\n(C REL CAN) It rained.", "ONE"),
    "until a mark with two slashes": ("SUBJECT: ONE\n(S//NF) It rained.", "ONE"),
    "mark with a country on its line": ("SUBJECT: ONE 1. (C REL CAN) It rained.", "ONE"),
    "REF on its line": ("SUBJECT: ONE REF: X 1", "ONE"),
    "paragraph on its line, two blanks": ("SUBJECT: ONE  1.  (U) It rained.", "ONE"),
    "paragraph on its line": ("SUBJECT: ONE 1. (U) It rained.", "ONE"),
    "backslashes": ("SUBJECT: ONE \\\nTWO \\\n \\\nTHREE", "ONE TWO"),
    "portion mark before the colon": ("SUBJECT (SBU): ONE", "ONE"),
    "on the next line": ("SUBJECT:\nONE", "ONE"),
    "no colon": ("SUBJECT ONE AND ONE", "ONE AND ONE"),
    "line end lost before it": ("TAGS: ZZSUBJECT: ONE", "ONE"),
    "on the next line, behind a blank one": ("SUBJECT: \n \nONE TWO \nTHREE\n \nREF: X 1", "ONE TWO THREE"),
    "a sentence behind a blank line": ("SUBJECT:\n\nIT RAINED.", None),
    "nothing but REF": ("SUBJECT:\n\nREF: X 1", None),
    "Subj": ("Subj: One", "One"),
    "Subj with a point": ("SUBJ. ONE", "ONE"),
    "SUBJ without colon": ("SUBJ ONE TWO", "ONE TWO"),
    "subject to": ("SUBJ TO CHANGE", None),
    "over a page's foot and head": (
        "SUBJECT: ONE AND\nUNCLASSIFIED\n\nPAGE 02        SAMPLE  023763\n\nTWO\nREF: X 1",
        "ONE AND TWO",
    ),
    "over two feet": ("SUBJECT: ONE AND\nSECRET NODIS\nUNCLASSIFIED\nPAGE 02  SAMPLE  023763\nTWO", "ONE AND TWO"),
    "over a page line between blank ones": (
        "SUBJECT: ONE OF \n \nSAMPLETOWN 00000123  002 OF 002 \n \nTWO \n \nTHREE",
        "ONE OF TWO",
    ),
    "over a page line, in small letters": (
        "Subject: One \n \nSAMPLETOWN 00000123  002 OF 002 \n \ntwo \n \nThree",
        "One two",
    ),
    "until a foot and a head": ("SUBJECT: ONE\nUNCLASSIFIED\n\nPAGE 02        SAMPLE  023763\n\nTWO", "ONE"),
    "until an action request": ("SUBJECT: ONE\nThis is an action request. See below.", "ONE"),
    "until an action request in capitals": ("SUBJECT: ONE\nTHIS IS AN ACTION REQUEST. SEE BELOW.", "ONE"),
    "until an action request, small title": ("Subject: One\nThis is an action request.", "One"),
    "until a heading of action": ("SUBJECT: ONE\nAction request: see below.", "ONE"),
    "until a joint message": ("SUBJECT: ONE\nTHIS IS A JOINT EMBASSY MESSAGE.", "ONE"),
    "until a sentence": ("SUBJECT: ONE TWO\nThe gull came down.", "ONE TWO"),
    "a name in small letters": ("SUBJECT: VISIT OF\nMinister of Gulls", "VISIT OF Minister of Gulls"),
    "words like those of an action request": ("SUBJECT: ONE\nTHIS IS A TALE", "ONE THIS IS A TALE"),
    "on the line of TAGS": ("TAGS: PREL, ZZ SUBJECT: ONE\nTWO", "ONE TWO"),
    "on the line of TAGS, no colon": ("TAGS: PREL, ZZ SUBJECT ONE\nTWO", "ONE TWO"),
    "on the line of TAGS, Subj": ("TAGS: PREL, ZZ Subj: One", "One"),
    "empty": ("SUBJECT: \n\nText", None),
    "none": ("NO SUCH LINE", None),
}


@pytest.mark.parametrize(("lines", "subject"), SUBJECTS.values(), ids=SUBJECTS)
def test_subject(lines: str, subject: str | None) -> None:
    body = f"UNCLAS X 000001\n{lines}\n"
    got = parse_message(body)
    assert text(got.subject) == subject
    assert_spans(body, body_values(got))


REFERENCES = {
    "one": ("REF: Sampletown 152 \n \n1. Text", [(None, "Sampletown 152")]),
    "semicolons": ("REF: STATE 1 CIRCULAR; STATE CA-2", [(None, "STATE 1 CIRCULAR"), (None, "STATE CA-2")]),
    "brackets behind": (
        "REFS: A) X 1, B) X 2, \n  C) U.S. NOTE 3",
        [("A", "X 1"), ("B", "X 2"), ("C", "U.S. NOTE 3")],
    ),
    "brackets around": ("REF: (A) X 1 (B) X 2 (C) X 3", [("A", "X 1"), ("B", "X 2"), ("C", "X 3")]),
    "the label repeated": ("Ref A:  X 2373; Ref B:  X 2355", [("A", "X 2373"), ("B", "X 2355")]),
    "reftel": ("REFTEL: X 1", [(None, "X 1")]),
    "a shared station": ("REF: SAMPLETOWN 2799 AND 2764", [(None, "SAMPLETOWN 2799 AND 2764")]),
    "a paragraph behind": ("REF: X 1 (U) It rained for days.", [(None, "X 1")]),
    "a numbered one behind": ("REF: A. X 1  B. X 2  1. (SBU) It rained.", [("A", "X 1"), ("B", "X 2")]),
    "a portion mark at the end": ("REF: X 1 (SBU)\n" + "word " * 40, [(None, "X 1")]),
    "a long line below": ("REF: X 1\n" + "word " * 40, [(None, "X 1")]),
    "no blank behind the point": ("REF: A.05 X 1 B.05 X 2", [("A", "05 X 1"), ("B", "05 X 2")]),
    "an initial": ("REF: A. NOTE BY J. DOE B. X 2", [("A", "NOTE BY J. DOE"), ("B", "X 2")]),
    "a page line inside": (
        "REF: A. X 1\nSAMPLETOWN 00000123  002 OF 002\n  B. X 2",
        [("A", "X 1"), ("B", "X 2")],
    ),
    "joined by and": ("REF: A. X 1 AND B. X 2 and", [("A", "X 1"), ("B", "X 2")]),
    "a letter left out": ("REF: A. X 1 C. X 3", [("A", "X 1"), ("C", "X 3")]),
    "backslashes": ("REF: A. X 1 \\\n     B. X 2 \\\n \\\n", [("A", "X 1"), ("B", "X 2")]),
    "no colon": ("REF  A. X 1 B. X 2", [("A", "X 1"), ("B", "X 2")]),
    "a caption below": ("REF: X 1\nSIPDIS", [(None, "X 1")]),
    "below its label": ("REFS:\n\nA. X 1\nB. X 2\n\nC. X 3", [("A", "X 1"), ("B", "X 2"), ("C", "X 3")]),
    "nothing behind the label": ("REF:\n\nIt rained.", []),
    "a word of prose": ("REFERENCE IS MADE TO X 1", []),
    "square brackets": ("REF: [A] 06 SAMPLE 99\n[B] STATE 12", [("A", "06 SAMPLE 99"), ("B", "STATE 12")]),
    "square brackets, no colon": ("REF [A] SAMPLE 99", [("A", "SAMPLE 99")]),
    "dashes": ("REF: A - 06 SAMPLE 99\nB - STATE 12", [("A", "06 SAMPLE 99"), ("B", "STATE 12")]),
    "dashes, no colon": ("REFS A - SAMPLE 99\nB -- STATE 12", [("A", "SAMPLE 99"), ("B", "STATE 12")]),
    "dashes without blanks": ("REF: A-06 SAMPLE 99, B-STATE 12", [("A", "06 SAMPLE 99"), ("B", "STATE 12")]),
    "a dash in a name": ("REF: PORT-A-SAMPLE 12", [(None, "PORT-A-SAMPLE 12")]),
    "dashes over a page line": (
        "REF: A - SAMPLE 99\nSAMPLETOWN 00000123  002 OF 002\nB - STATE 12",
        [("A", "SAMPLE 99"), ("B", "STATE 12")],
    ),
    "Ref(s)": ("Ref(s): A. 06 SAMPLE 99", [("A", "06 SAMPLE 99")]),
    "REF(S)": ("REF(S): SAMPLE 99", [(None, "SAMPLE 99")]),
    "REFTEL (S)": ("REFTEL (S): SAMPLE 99", [(None, "SAMPLE 99")]),
    "a mark before the number": ("REF: KUWAIT (C) 02293", [(None, "KUWAIT (C) 02293")]),
    "a mark at the number": ("REF: A. KUWAIT (C)02293 B. STATE 1", [("A", "KUWAIT (C)02293"), ("B", "STATE 1")]),
    "a third entry in brackets": ("REF: (A) X 1 (C) 05 STATE 2", [("A", "X 1"), ("C", "05 STATE 2")]),
}


@pytest.mark.parametrize(("lines", "refs"), REFERENCES.values(), ids=REFERENCES)
def test_references(lines: str, refs: list[tuple[str | None, str]]) -> None:
    body = f"UNCLAS Y 000001\n{lines}\n"
    got = parse_message(body)
    assert [(ref.enumerator, ref.text) for ref in got.refs] == refs
    assert_spans(body, body_values(got))


CLASSIFIERS = {
    "reason on its line": (
        "Classified By: Ambassador Jane Doe. Reason: 1.4 (b) and (d).",
        ("Ambassador Jane Doe.", "1.4 (b) and (d)."),
    ),
    "reasons in the sentence": (
        "CLASSIFIED BY DCM JOHN DOE FOR REASONS 1.4 (B)\nAND (D)",
        ("DCM JOHN DOE", "1.4 (B) AND (D)"),
    ),
    "reason on the next line": ("Classified By: Jane Doe\n     Reason: 1.5 (d)", ("Jane Doe", "1.5 (d)")),
    "over two lines": ("Classified By: Jane Doe, \nAmbassador. Reason: 1.4 (b)", ("Jane Doe, Ambassador.", "1.4 (b)")),
    "a reason alone": ("Classified By: Reason: 1.4 (b)", None),
    "no reason": ("Classified by: Jane Doe", ("Jane Doe", None)),
    "none": ("NOT CLASSIFIED BY ANYBODY", None),
    "reason(s)": ("Classified By: Jane Doe. Reason(s): 1.4 (b)", ("Jane Doe.", "1.4 (b)")),
    "reason (s)": ("Classified By: Jane Doe, Reason (s) 1.4 (b)", ("Jane Doe,", "1.4 (b)")),
    "over a page line": (
        "Classified By: Jane Doe, Deputy \n \nSAMPLE 00000001  002 OF 003 \n \nChief of Mission. Reason: 1.4 (b)",
        ("Jane Doe, Deputy Chief of Mission.", "1.4 (b)"),
    ),
    "over a page's foot and head": (
        "Classified By: Jane Doe for reasons 1.4 (b)\nSECRET\n\nPAGE 02        SAMPLE 000001  071504Z\nand (d)",
        ("Jane Doe", "1.4 (b) and (d)"),
    ),
    "reason over a page line": (
        "Classified By: Jane Doe.\nSAMPLE 00000001  002 OF 003\nReason: 1.4 (b)",
        ("Jane Doe.", "1.4 (b)"),
    ),
    "until text behind a page line": (
        "Classified By: Jane Doe. Reason: 1.4 (b)\nSAMPLE 00000001  002 OF 003\nIt rained",
        ("Jane Doe.", "1.4 (b)"),
    ),
    "until text behind a blank line": ("Classified By: Jane Doe\n\nIt rained", ("Jane Doe", None)),
    "behind a portion mark": ("(U) Classified by Jane Doe, reasons 1.5 (b).", ("Jane Doe,", "1.5 (b).")),
    "in the first paragraph": (
        "1. (S) Classified By: Jane Doe, Ambassador. Reason: 1.4 (b)\n and (d). Summary. It rained.",
        ("Jane Doe, Ambassador.", "1.4 (b) and (d)"),
    ),
    "in the first paragraph, without colon": (
        "1. (U) Classified by Jane Doe for reasons 1.5\n(b) and (d).",
        ("Jane Doe", "1.5 (b) and (d)"),
    ),
    "at the end of the first paragraph": (
        "1. (S) It rained. (Classified by: Jane Doe, reason 1.4 (b).)",
        ("Jane Doe,", "1.4 (b)"),
    ),
    "in the first paragraph, over a page line": (
        "1. (S) CLASSIFIED BY JANE DOE, DEPUTY\nSAMPLE 00000001  002 OF 003\nCHIEF. REASON(S): 1.4 (B, D).",
        ("JANE DOE, DEPUTY CHIEF.", "1.4 (B, D)"),
    ),
    "in the first paragraph, without reason": ("1. (S) Classified By: Jane Doe. It rained.", None),
    "prose of the first paragraph": ("1. (S) Classified by colour, the gulls were counted.", None),
    "prose that tells reasons": ("1. (S) Classified by colour, for reasons of their own, gulls were counted.", None),
    "of the second paragraph": ("1. (S) It rained.\n2. (S) Classified By: Jane Doe. Reason: 1.4 (b)", None),
}


@pytest.mark.parametrize(("lines", "expected"), CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_who_classified_it(lines: str, expected: tuple[str, str | None] | None) -> None:
    body = f"SECRET X 000001\nSUBJECT: Y\n\n{lines}\n\n1. (S) It rained."
    got = parse_message(body)
    by = got.classified_by
    assert (None if by is None else (by.text, text(by.reason))) == expected
    assert_spans(body, body_values(got))


ENDS = {
    "own line": ("rained. \nDOE", "DOE", None),
    "behind the sentence": ("rained. DOE", "DOE", None),
    "with blank lines and a mark": ("rained. \n \nDOE \n \nNNNN", "DOE", "NNNN"),
    "three letters": ("rained. \nDOE\nNNN\n", "DOE", "NNN"),
    "mark on the same line": ("rained. DOE NNNN", "DOE", "NNNN"),
    "mark with what follows it": ("rained.\nDOE\n\nNNNNMAFVVZCZ", "DOE", "NNNNMAFVVZCZ"),
    "small letters": ("rained. \nDoe", "Doe", None),
    "a sentence's end": ("and then it \nrained", None, None),
    "before a page line": ("rained.\nMCDOE-SMITH\nSAMPLETOWN 00000123  002 OF 002", "MCDOE-SMITH", None),
    "behind a page line": ("rained.\nSAMPLETOWN 00000123  002 OF 002\n\nDOE", "DOE", None),
    "capitals in a sentence": ("it rained in the USA", None, None),
    "a caption": ("rained. \nSIPDIS", None, None),
    "an end of a part": ("rained. \nEND TEXT", None, None),
    "two names": ("rained. \nJANE DOE", "JANE DOE", None),
    "with a particle": ("rained. \nVAN DER DOE", "VAN DER DOE", None),
    "behind stars": ("rained ********* ********* DOE", "DOE", None),
    "behind what was cut out": ("rained: XXXXXXXXXXXX Doe", "Doe", None),
    "before a rule of a copyist": ("rained. \nDOE \n\n=======CABLE ENDS=======", "DOE", None),
    "before a print track": ("rained.\nDOE\n\nTrack impresi\u00f3n: x @ y\nID:\t187536", "DOE", None),
    "before a trailer": ("rained.\nDOE\nBT\n#0123\n\nNNNN", "DOE", "NNNN"),
    "before a page's foot": ("rained.\nDOE\n\nUNCLASSIFIED\n\n\nNNN", "DOE", "NNN"),
    "before the end of a document": ("rained.\nDOE\n\nNNNN\n\n<< END OF DOCUMENT >>", "DOE", "NNNN"),
    "backslashes": ("rained. \\\nDOE \\\n \\\n", "DOE", None),
    "before a foot with handling": ("rained.\nDOE\nSECRET//NOFORN\n", "DOE", None),
    "before a spaced foot": ("rained.\nDOE\nC O N F I D E N T I A L", "DOE", None),
    "before a long foot": ("rained.\nDOE\n\nUNCLASSIFIED//FOR OFFICIAL USE ONLY\n\nNNNN", "DOE", "NNNN"),
    "before a captioned foot": ("rained.\nDOE\nSECRET NOFORN\n", "DOE", None),
    "before a foot with captions below": ("rained.\nDOE\n\nSECRET NODIS\nSIPDIS", "DOE", None),
    "before a foot on its line": ("rained.\nDOE UNCLASSIFIED", "DOE", None),
    "a captioned foot alone": ("rained.\nSECRET NOFORN", None, None),
    "before a note": ("rained.\nDOE\n\nNOTE BY OC/T: NOT PASSED TO SAMPLETOWN.\nNNNN", "DOE", "NNNN"),
    "before a note of two lines": ("rained.\nDOE\n\nNOTE BY OC/T: NOT PASSED TO\nSAMPLETOWN.\n\nNNNN", "DOE", "NNNN"),
    "before a note in brackets": ("rained.\nDOE\n(NOTE BY OC/T: NOT PASSED TO ANYBODY.)", "DOE", None),
    "behind a note": ("rained.\nNOTE BY OC/T: NOT PASSED.\nDOE", "DOE", None),
    "behind a note and a line of blanks": ("rained. \nNOTE BY OC/T: NOT PASSED TO X \n \nDOE ", "DOE", None),
    "behind a note with blanks at its end": ("rained. \nNOTE BY OC/T: NOT PASSED. \nDOE ", "DOE", None),
    "the end of a note": ("rained.\nNOTE BY OC/T: NOT PASSED TO\nSAMPLETOWN.", None, None),
    "before minimize": ("rained.\nDOE\nMINIMIZE CONSIDERED", "DOE", None),
    "behind minimize": ("rained.\nMINIMIZE CONSIDERED.\n\nDOE", "DOE", None),
    "minimize alone": ("rained.\nMINIMIZE CONSIDERED", None, None),
    "before number signs": ("rained.\nDOE\n##", "DOE", None),
    "behind number signs": ("rained.\n##\nDOE", "DOE", None),
    "before number signs on its line": ("rained.\nDOE ##", "DOE", None),
    "between number signs": ("rained.\n##DOE##", "DOE", None),
    "behind number signs of the sentence": ("rained. ## DOE", "DOE", None),
}


@pytest.mark.parametrize(("tail", "signature", "mark"), ENDS.values(), ids=ENDS)
def test_the_end(tail: str, signature: str | None, mark: str | None) -> None:
    body = f"UNCLAS X 000001\n1. It {tail}"
    got = parse_message(body)
    assert (text(got.signature), text(got.end_mark)) == (signature, mark)
    assert_spans(body, body_values(got))
    if signature is not None:
        assert body[got.paragraphs[0].end - 7 : got.paragraphs[0].end].strip(". ") != ""
        assert got.signature is not None
        assert got.paragraphs[0].end <= got.signature.start


ORDERS = {
    "with a date": ("E.O. 12958: DECL: 01/01/2019 ", "E.O. 12958: DECL: 01/01/2019", "01/01/2019"),
    "date on the next line": ("E.O. 12958:\nDECL: 01/01/2019", "E.O. 12958:", "01/01/2019"),
    "no points": ("EO 12958 N/A", "EO 12958 N/A", None),
    "no blank": ("E.O.12958: N/A", "E.O.12958: N/A", None),
    "colon before": ("E.O.: 12958 N/A", "E.O.: 12958 N/A", None),
    "two blanks": ("E.O.  12958:  N/A", "E.O. 12958: N/A", None),
    "sentence case": ("E.o. 12958: n/a", "E.o. 12958: n/a", None),
    "of the seventies": ("E.O. 11652: GDS", "E.O. 11652: GDS", None),
    "TAGS behind": ("FOR X E.O. 12958: N/A TAGS: ZZ", "E.O. 12958: N/A", None),
    "line end lost before it": ("DEPT FOR NEA/XE.O. 12958: N/A", "E.O. 12958: N/A", None),
    "backslash": ("E.O. 12958: N/A \\\n", "E.O. 12958: N/A", None),
    "another word": ("GEO 12958", None, None),
    "DECLAS": ("E.O. 12958: DECLAS: 01/01/2019", "E.O. 12958: DECLAS: 01/01/2019", "01/01/2019"),
    "DECLAS without colon": ("E.O. 12958: DECLAS 01/01/2019", "E.O. 12958: DECLAS 01/01/2019", "01/01/2019"),
    "DECLASSIFY": ("E.O. 12958: DECLASSIFY: 01/01/2019", "E.O. 12958: DECLASSIFY: 01/01/2019", "01/01/2019"),
    "in brackets": ("E.O. 12958 (DECL: 01/01/2019) ", "E.O. 12958 (DECL: 01/01/2019)", "01/01/2019"),
    "in brackets on the next line": ("E.O. 12958:\n(DECL: 01/01/2019)", "E.O. 12958:", "01/01/2019"),
    "DECLAS on the next line": ("E.O. 12958:\n DECLAS: 01/01/2019", "E.O. 12958:", "01/01/2019"),
    "brackets of its own": (
        "E.O. 12958: DECL: CLOSURE (OF POST)",
        "E.O. 12958: DECL: CLOSURE (OF POST)",
        "CLOSURE (OF POST)",
    ),
    "declassified already": ("E.O. 12958: N/A DECLASSIFIED BY X", "E.O. 12958: N/A DECLASSIFIED BY X", None),
}


@pytest.mark.parametrize(("line", "eo", "declassify"), ORDERS.values(), ids=ORDERS)
def test_executive_order(line: str, eo: str | None, declassify: str | None) -> None:
    body = f"UNCLAS X 000001\n{line}\n"
    got = parse_message(body)
    assert (text(got.eo), text(got.declassify_on)) == (eo, declassify)
    assert_spans(body, body_values(got))


SEVENTIES = """\
UNCLASSIFIED

PAGE 01        SAMPLE  023763
INFO  OCT-01
---------------------     012345
R 071504Z FEB 75
FM AMEMBASSY SAMPLE
TO SECSTATE WASHDC

LIMITED OFFICIAL USE SAMPLE 023763

E.O. 11652: N/A

TAGS:   EFIN, XX

SUBJECT:  A MADE-UP
          MATTER

REF:   STATE 0123

1.  IT RAINED
UNCLASSIFIED

PAGE 02        SAMPLE  023763

AND RAINED.  DOE


UNCLASSIFIED



NNN
"""


def test_a_message_on_one_line() -> None:
    body = (
        "SECRET SAMPLETOWN 000123 NOFORN SIPDIS E.O. 12958: DECL: 01/01/2019 TAGS: PREL ZZ SUBJECT: IT RAINED "
        "REF: STATE 1 Classified By: Jane Doe. Reason: 1.4 (b) 1. (S) It rained. DOE"
    )
    got = parse_message(body)
    assert text(got.classification_line) == "SECRET SAMPLETOWN 000123"
    assert texts(got.captions) == ["NOFORN", "SIPDIS"]
    assert (text(got.eo), text(got.declassify_on)) == ("E.O. 12958: DECL: 01/01/2019", "01/01/2019")
    assert texts(got.tags) == ["PREL", "ZZ"]
    assert text(got.subject) == "IT RAINED"
    assert texts(got.refs) == ["STATE 1"]
    assert got.classified_by is not None
    assert (got.classified_by.text, text(got.classified_by.reason)) == ("Jane Doe.", "1.4 (b)")
    assert text(got.signature) == "DOE"
    assert_spans(body, body_values(got))


def test_a_message_of_the_seventies() -> None:
    got = parse_message(SEVENTIES)
    assert got.header is not None
    assert got.header.date_time == "1975-02-07T15:04"
    assert text(got.classification_line) == "LIMITED OFFICIAL USE SAMPLE 023763"
    assert text(got.eo) == "E.O. 11652: N/A"
    assert texts(got.tags) == ["EFIN", "XX"]
    assert text(got.subject) == "A MADE-UP MATTER"
    assert texts(got.refs) == ["STATE 0123"]
    assert [line.page for line in got.page_lines] == [2]
    assert (text(got.signature), text(got.end_mark)) == ("DOE", "NNN")
    assert_spans(SEVENTIES, body_values(got))


PIECES = [
    "UNCLAS ",
    "TAGS: ",
    "REF: ",
    "SUBJECT: ",
    "1. (U) ",
    "\n",
    " ",
    "A. ",
    "(",
    ")",
    ",",
    "X 000001",
    "SAMPLETOWN 00000525  001.2 OF 003\n",
    "E.O. 12958",
    "Classified By: ",
    "Reason: ",
    "SIPDIS",
    "NNNN",
    "DOE",
    "\\",
    "\\\n",
    "\t",
    "\x1c",
    "\u00a0",
    "\u00b6",
    "\ufffd",
    '","',
    "FM AMEMBASSY X\n",
    "TO RUEHC/X 1\n",
    "R 010203Z JAN 04\n",
    "BT\n",
    '1,1/6/2010 17:47,10X1,"Y",UNCLASSIFIED,10Z1,"',
    "2007-12-17 16:51:00\t07X1\tY\tZ\t\t",
    "refid: X\nheader:\n",
    "----- header ends -----\n",
    "Cable dated:2009-11-23T14:44:00",
    "Friday, 08 May 2009, 15:04\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join) | st.text(max_size=200))
def test_any_text_gives_a_message_whose_spans_lie_in_it(body: str) -> None:
    got = parse_message(body, body)
    assert parse_message(body, body) == got
    assert_spans(body, body_values(got))
    assert 0 <= got.preamble.message_start <= len(body)
    assert got.preamble.message_end <= len(body)
    last = 0
    for paragraph in got.paragraphs:
        assert last <= paragraph.start < paragraph.end <= len(body)
        last = paragraph.end
    last = 0
    for start, end in got.soft_breaks:
        assert last <= start < end <= len(body)
        last = end
    last = 0
    for piece in reading_view(body, got):
        assert last <= piece.start < piece.end <= len(body)
        last = piece.end
    if got.header is not None:
        header = got.header
        values = [header.message_id, header.routing, header.de, header.date_time_group, header.sent_from]
        assert_spans(body, [v for v in values if v] + [*header.marks, *header.to, *header.info])


LONG = [
    "A ",
    "(",
    "REF: A. ",
    "UNCLAS ",
    "SIPDIS ",
    "1. ",
    "\n \n",
    "S E C R E T ",
    "TAGS: a, ",
    "E.O. ",
    "\n1. (",
    "\\\n",
    " ",
    "NNNN\n",
    "DOE\n",
    "SAMPLETOWN 00000525  001.2 OF 003\n",
    "PAGE 02 SAMPLETOWN 023763 071504Z\n",
    "TO RUEHC/X 1\n",
    "1,1/6/2010 17:47,",
    "refid: X\n",
    "for ",
    "Classified By: for \n",
    '"',
    "a\n\nb",
    "FM X\nINFO X\n",
    "1. (C REL NF, ",
    "NOTE BY OC/T: X\n",
    "TAGS: PREL/",
    "SUBJECT: ONE OF\nSECRET\n",
    "SUBJECT\n\n",
    "TAGS: OVIP (A\n",
    "tags ab",
    "AGS: PREL\nPREL ",
    "Classified By: 1.4 (b) and reason ",
    "1. Classified by: reasons 1.4 (b), ",
    "Classified By: r  ",
    "Classified By: ;;;; ",
    "REF: A. LIMA ",
    "REF A LIMA 1 B LIMA 2 ",
    "LIMA 00000123 001 OF 002 ",
    "TAGS: ETRDEINV",
    "TAGS: OVIP (DOE) ",
    "SUBJECT: (U) ",
]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("piece", LONG)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    def read(size: int) -> None:
        text = piece * size
        reading_view(text, parse_message(text, text))

    assert_linear(read, 15_000)
