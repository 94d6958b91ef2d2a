import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.headings import split_tags
from preserve.cables.message import Message, parse_message

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


def test_a_whole_message() -> None:
    got = parse_message(WHOLE)
    assert got.classification_line == "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123"
    assert got.captions == ("SIPDIS", "SENSITIVE", "SIPDIS")
    assert got.eo == "E.O. 12958: N/A"
    assert got.tags == ("PREL", "Fair Winds", "ECON", "EFIN", "OVIP (DOE, JANE A.)", "ZZ")
    assert got.subject == "A MADE-UP MATTER AND ITS ENDS"
    assert got.refs == ("06 SAMPLETOWN 99", "(OTHERTOWN 1)", "STATE 22 AND PREVIOUS")
    assert [(p.number, p.mark) for p in got.paragraphs] == [(1, "SBU"), (2, "U"), (2, None), (12, None)]
    assert (got.signature, got.end_mark) == ("DOE", "NNNN")


def test_paragraphs_are_spans_of_the_text() -> None:
    texts = [WHOLE[p.start : p.end] for p in parse_message(WHOLE).paragraphs]
    assert texts[0] == "1. (SBU) It rained.  End Summary."
    assert texts[1].startswith("\u00b62.(U) It did")
    assert texts[1].endswith("002 OF 002")
    assert texts[3] == "12. (XYZ) Not a mark."


def test_nothing_is_found_in_nothing() -> None:
    assert parse_message("") == Message(
        classification_line=None,
        captions=(),
        eo=None,
        tags=(),
        subject="",
        refs=(),
        paragraphs=(),
        signature=None,
        end_mark=None,
    )


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Friday, 08 May 2009, 15:04\nUNCLAS SAMPLETOWN 000123", "UNCLAS SAMPLETOWN 000123"),
        ("classification: SECRET\nheader:\nUNCLAS SAMPLETOWN 000123", "UNCLAS SAMPLETOWN 000123"),
        ('1,1/6/2010 17:47,10X1,"Y",UNCLASSIFIED,10Z1,"VZ\nZZ","UNCLAS SAMPLETOWN 000123 ', "UNCLAS SAMPLETOWN 000123"),
        ("10X1\tUNCLASSIFIED\t\tVZ\\\n\tUNCLAS SAMPLETOWN 000123 \\", "UNCLAS SAMPLETOWN 000123"),
        ("C O N F I D E N T I A L SAMPLETOWN 000123", "C O N F I D E N T I A L SAMPLETOWN 000123"),
        ("S E C R E T SECTION 01 OF 03 SAMPLETOWN 000123", "S E C R E T SECTION 01 OF 03 SAMPLETOWN 000123"),
        ("UNCLASSIFIED SAMPLETOWN 123", "UNCLASSIFIED SAMPLETOWN 123"),
        (
            "Cable dated:2009-11-23T14:44:00UNCLAS SAMPLETOWN 000123SIPDIS FOR EVERYBODY AND FOR EVERYTHING ELSE",
            "UNCLAS SAMPLETOWN 000123",
        ),
        ("SECRETARY ARRIVES", None),
    ],
)
def test_the_classification_line_is_searched_for(body: str, line: str | None) -> None:
    assert parse_message(body).classification_line == line


@pytest.mark.parametrize(
    ("said", "tags"),
    [
        ("PREL, Human Rights, ZZ", ("PREL", "Human Rights", "ZZ")),
        ("PREL PGOV ZZ", ("PREL", "PGOV", "ZZ")),
        ("PREL,PGOV ZZ", ("PREL", "PGOV", "ZZ")),
        ("OVIP (DOE, JANE A.) PREL", ("OVIP (DOE, JANE A.)", "PREL")),
        ("ECONEFIN", ("ECONEFIN",)),
        ("knnp, parm", ("knnp", "parm")),
        ("PREL, , PREL,", ("PREL", "PREL")),
        ("", ()),
    ],
)
def test_tags(said: str, tags: tuple[str, ...]) -> None:
    assert split_tags(said) == tags


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("TAGS PREL ZZ", ("PREL", "ZZ")),
        ("Tags: knnp", ("knnp",)),
        ("X FOR Y.O. 1: N/A TAGS: ZZ", ("ZZ",)),
        ("TAGSX ZZ", ()),
    ],
)
def test_where_tags_stand(line: str, tags: tuple[str, ...]) -> None:
    assert parse_message(f"UNCLAS X 000001\n{line}\nSUBJECT: Y").tags == tags


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        ("SUBJECT:  ONE  TWO \nTHREE \n\nFOUR", "ONE TWO THREE"),
        ("SUBJ: ONE\nREF: X 1", "ONE"),
        ("Subject: One\n----\nTwo", "One"),
        ("SUBJECT: ONE\nClassified By: X", "ONE"),
        ("SUBJECT: ONE \nSAMPLETOWN 00000123  002 OF 002\nTWO", "ONE"),
        ("SUBJECT: ONE REF: X 1", "ONE"),
        ("SUBJECT: ONE \\\nTWO \\\n \\\nTHREE", "ONE TWO"),
        ("SUBJECT (SBU): ONE", "ONE"),
        ("NO SUCH LINE", ""),
    ],
)
def test_subject(lines: str, subject: str) -> None:
    assert parse_message(f"UNCLAS X 000001\n{lines}\n").subject == subject


@pytest.mark.parametrize(
    ("lines", "refs"),
    [
        ("REF: Sampletown 152 \n \n1. Text", ("Sampletown 152",)),
        ("REF: STATE 1 CIRCULAR; STATE CA-2", ("STATE 1 CIRCULAR", "STATE CA-2")),
        ("REFS: A) X 1, B) X 2, \n  C) U.S. NOTE 3", ("X 1", "X 2", "U.S. NOTE 3")),
        ("Ref A:  X 2373; Ref B:  X 2355", ("X 2373", "X 2355")),
        ("REF: X 1 (U) It rained for days.", ("X 1",)),
        ("REF: A. X 1  B. X 2  1. (SBU) It rained.", ("X 1", "X 2")),
        ("REF: X 1\n" + "word " * 40, ("X 1",)),
        ("REFERENCE IS MADE TO X 1", ()),
    ],
)
def test_references(lines: str, refs: tuple[str, ...]) -> None:
    assert parse_message(f"UNCLAS Y 000001\n{lines}\n").refs == refs


@pytest.mark.parametrize(
    ("tail", "signature", "mark"),
    [
        ("rained. \nDOE", "DOE", None),
        ("rained. DOE", "DOE", None),
        ("rained. \n \nDOE \n \nNNNN", "DOE", "NNNN"),
        ("rained. \nDOE\nNNN\n", "DOE", "NNN"),
        ("rained. \nDoe", "Doe", None),
        ("and then it \nrained", None, None),
        ("rained.\nMCDOE-SMITH\nSAMPLETOWN 00000123  002 OF 002", "MCDOE-SMITH", None),
        ("it rained in the USA", None, None),
        ("rained. \nSIPDIS", None, None),
        ("rained. \nJANE DOE", "JANE DOE", None),
    ],
)
def test_the_end(tail: str, signature: str | None, mark: str | None) -> None:
    got = parse_message(f"UNCLAS X 000001\n1. It {tail}")
    assert (got.signature, got.end_mark) == (signature, mark)


@pytest.mark.parametrize(
    ("line", "eo"),
    [
        ("E.O. 12958: DECL: 01/01/2019 ", "E.O. 12958: DECL: 01/01/2019"),
        ("EO 12958 N/A", "EO 12958 N/A"),
        ("E.O.12958: N/A", "E.O.12958: N/A"),
        ("E.O.: 12958 N/A", "E.O.: 12958 N/A"),
        ("FOR X E.O. 12958: N/A TAGS: ZZ", "E.O. 12958: N/A"),
        ("GEO 12958", None),
    ],
)
def test_executive_order(line: str, eo: str | None) -> None:
    assert parse_message(f"UNCLAS X 000001\n{line}\n").eo == eo


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
    "E.O. 12958",
    "NNNN",
    "\\",
    "\u00b6",
    "\ufffd",
]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join) | st.text(max_size=200))
def test_any_text_gives_a_message_whose_spans_lie_in_it(body: str) -> None:
    last = 0
    for paragraph in parse_message(body).paragraphs:
        assert last <= paragraph.start < paragraph.end <= len(body)
        last = paragraph.start


@pytest.mark.parametrize(
    "piece", ["A ", "(", "REF: A. ", "UNCLAS ", "SIPDIS ", "1. ", "\n \n", "S E C R E T ", "TAGS: a, ", "E.O. "]
)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    parse_message(piece * 50_000)
