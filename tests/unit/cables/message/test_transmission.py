import pytest

from preserve.cables.message.grammar import parse_message
from preserve.cables.message.printed import PrintedValue
from preserve.cables.message.transmission import TransmissionHeader, read_header
from preserve.text import single_spaced

FULL = """\
VZCZCXRO5422
PP RUEHAG RUEHROV
RUEHLN RUEHSR
DE RUEHXX #0355/01 1611342
ZNR UUUUU ZZH
P 101342Z JUN 09 ZDK
FM AMEMBASSY SAMPLETOWN
TO RUEHC/SECSTATE WASHDC PRIORITY 4411
RUEHYY / AMEMBASSY OTHERTOWN NIACT IMMEDIATE
INFO RUEHZL/EUROPEAN POLITICAL COLLECTIVE
RHMFIUU/DEPT OF SAMPLES WASHINGTON
DC IMMEDIATE 0012
PAGE 02 SAMPLETOWN 023763 071504Z
AMEMBASSY THIRDTOWN
BT
UNCLAS SAMPLETOWN 000355
"""


def read(text: str) -> TransmissionHeader:
    header = parse_message("", text).header
    assert header is not None
    return header


def text(value: PrintedValue | None) -> str | None:
    return None if value is None else value.text


def test_a_whole_header() -> None:
    got = read(FULL)
    assert got.part == "header"
    assert text(got.message_id) == "VZCZCXRO5422"
    assert got.routing is not None
    assert got.routing.precedence == "PP"
    assert got.routing.routes == ("RUEHAG", "RUEHROV", "RUEHLN", "RUEHSR")
    assert got.de is not None
    assert (got.de.text, got.de.route, got.de.number, got.de.section, got.de.filed) == (
        "DE RUEHXX #0355/01 1611342",
        "RUEHXX",
        355,
        1,
        "1611342",
    )
    assert [mark.text for mark in got.marks] == ["ZNR UUUUU ZZH"]
    assert (text(got.precedence), text(got.date_time_group)) == ("P", "101342Z JUN 09")
    assert got.date_time == "2009-06-10T13:42"
    assert text(got.sent_from) == "AMEMBASSY SAMPLETOWN"
    assert [(a.route, a.name, a.precedence, a.number) for a in got.to] == [
        ("RUEHC", "SECSTATE WASHDC", "PRIORITY", "4411"),
        ("RUEHYY", "AMEMBASSY OTHERTOWN", "NIACT IMMEDIATE", None),
    ]
    assert [(a.route, a.name, a.precedence, a.number) for a in got.info] == [
        ("RUEHZL", "EUROPEAN POLITICAL COLLECTIVE", None, None),
        ("RHMFIUU", "DEPT OF SAMPLES WASHINGTON DC", "IMMEDIATE", "0012"),
        (None, "AMEMBASSY THIRDTOWN", None, None),
    ]


def test_values_are_spans_of_the_text_they_were_read_from() -> None:
    got = read(FULL)
    values = [got.message_id, got.routing, got.de, *got.marks, got.precedence, got.date_time_group, got.sent_from]
    values += [*got.to, *got.info]
    for value in values:
        assert value is not None
        assert single_spaced(FULL[value.start : value.end]) == value.text
    assert FULL[got.to[0].start : got.to[0].end] == "RUEHC/SECSTATE WASHDC PRIORITY 4411"


PARTIAL = (
    "This record is a partial extract of the original cable. The full text of the original cable is not available."
)


@pytest.mark.parametrize("said", ["", "\n \n", PARTIAL, "BT\n", "TO BE OR NOT", "\x00\ufffd", "\x1c"])
def test_what_is_no_header(said: str) -> None:
    assert parse_message("", said).header is None


GROUPS = {
    "one letter": ("R 192118Z JAN 06", "R", "192118Z JAN 06", "2006-01-19T21:18"),
    "two precedences": ("P R 281848Z DEC 66", "P R", "281848Z DEC 66", "1966-12-28T18:48"),
    "the last year of this century": ("O 010203Z FEB 65", "O", "010203Z FEB 65", "2065-02-01T02:03"),
    "the first of the last": ("O 010203Z FEB 99", "O", "010203Z FEB 99", "1999-02-01T02:03"),
    "no precedence": ("010203Z FEB 04", None, "010203Z FEB 04", "2004-02-01T02:03"),
    "signals behind": ("R 251847Z JUN 09 ZDK ZUI RUEHBS #6624", "R", "251847Z JUN 09", "2009-06-25T18:47"),
    "no such day": ("R 310203Z FEB 04", "R", "310203Z FEB 04", None),
    "no such month": ("R 010203Z XYZ 04", "R", "010203Z XYZ 04", None),
    "a blank lost": ("R 010203ZFEB 04", "R", "010203ZFEB 04", "2004-02-01T02:03"),
}


@pytest.mark.parametrize(("line", "precedence", "group", "value"), GROUPS.values(), ids=GROUPS)
def test_date_time_groups(line: str, precedence: str | None, group: str, value: str | None) -> None:
    got = read(f"{line}\nFM AMEMBASSY SAMPLETOWN\n")
    assert (text(got.precedence), text(got.date_time_group), got.date_time) == (precedence, group, value)


@pytest.mark.parametrize(
    ("line", "station"),
    [
        ("DE RUEHXX #0355/01 1611342", ("RUEHXX", 355, 1, "1611342")),
        ("DE RUEHXX #2041 2562119", ("RUEHXX", 2041, None, "2562119")),
        ("DE RUEHXX", ("RUEHXX", None, None, None)),
    ],
)
def test_sending_stations(line: str, station: tuple[str, int | None, int | None, str | None]) -> None:
    de = read(line).de
    assert de is not None
    assert (de.route, de.number, de.section, de.filed) == station


@pytest.mark.parametrize("line", ["ZNR UUUUU ZZH", "ZNY EEEEE ZZH", "ZNY CCCCC ZZH (CCY X1-2)", "ZOC STATE ZZH"])
def test_marks(line: str) -> None:
    assert [mark.text for mark in read(f"DE RUEHXX #0355 1611342\n{line}\n").marks] == [line]


ADDRESSEES = {
    "bare": ("SECSTATE WASHDC", (None, "SECSTATE WASHDC", None, None)),
    "number": ("SECSTATE WASHDC 4554", (None, "SECSTATE WASHDC", None, "4554")),
    "number without a blank": ("RUEHC/SECSTATE WASHDC4554", ("RUEHC", "SECSTATE WASHDC", None, "4554")),
    "routine": ("RUEHC/SECSTATE WASHDC ROUTINE", ("RUEHC", "SECSTATE WASHDC", "ROUTINE", None)),
    "flash": ("RUEHC/SECSTATE WASHDC FLASH 0001", ("RUEHC", "SECSTATE WASHDC", "FLASH", "0001")),
    "NIACT alone": ("RUEHC/SECSTATE WASHDC NIACT 0001", ("RUEHC", "SECSTATE WASHDC", "NIACT IMMEDIATE", "0001")),
    "a slash that is no route": ("DEPT FOR EUR/X", (None, "DEPT FOR EUR/X", None, None)),
    "office symbols": ("RUEKJCS/SECDEF WASHDC//X/Y//", ("RUEKJCS", "SECDEF WASHDC//X/Y//", None, None)),
    "by no wire": ("ZEN/AMEMBASSY SAMPLETOWN", ("ZEN", "AMEMBASSY SAMPLETOWN", None, None)),
    "a group count": ("STATE GRNC", (None, "STATE", None, None)),
    "only a number": ("0012", (None, "0012", None, None)),
    "only a precedence": ("PRIORITY", (None, "PRIORITY", None, None)),
}


@pytest.mark.parametrize(("line", "expected"), ADDRESSEES.values(), ids=ADDRESSEES)
@pytest.mark.parametrize("label", ["TO", "INFO"])
def test_addressees(label: str, line: str, expected: tuple[str | None, ...]) -> None:
    got = read(f"FM AMEMBASSY SAMPLETOWN\n{label} {line}\n")
    found = got.to if label == "TO" else got.info
    assert [(a.route, a.name, a.precedence, a.number) for a in found] == [expected]
    assert found[0].text == line


CONTINUED = {
    "a number": ("RUEHC/SECSTATE WASHDC PRIORITY\n4411", ["RUEHC/SECSTATE WASHDC PRIORITY 4411"]),
    "a precedence": ("RUEHC/SECSTATE WASHDC\nPRIORITY 4411", ["RUEHC/SECSTATE WASHDC PRIORITY 4411"]),
    "an open end": ("RUEHXX/DEPT OF\nSAMPLES 12", ["RUEHXX/DEPT OF SAMPLES 12"]),
    "indented": ("RUEHXX/COLLECTIVE OF\n   ALL SAMPLES", ["RUEHXX/COLLECTIVE OF ALL SAMPLES"]),
    "indented addressees": (
        "RUEHXX/X COLLECTIVE\n   AMEMBASSY Y\n   RUEHZZ/Z",
        ["RUEHXX/X COLLECTIVE", "AMEMBASSY Y", "RUEHZZ/Z"],
    ),
    "no continuation": ("SECSTATE WASHDC\nCINCSAMPLE", ["SECSTATE WASHDC", "CINCSAMPLE"]),
}


@pytest.mark.parametrize(("lines", "expected"), CONTINUED.values(), ids=CONTINUED)
def test_lines_that_go_on(lines: str, expected: list[str]) -> None:
    assert [a.text for a in read(f"FM AMEMBASSY SAMPLETOWN\nTO {lines}\nBT\nX\n").to] == expected


def test_a_header_whose_line_ends_are_lost() -> None:
    said = " ".join(FULL.replace("PAGE 02 SAMPLETOWN 023763 071504Z\n", "").splitlines()[:-2])
    got, full = read(said), read(FULL)
    assert (text(got.message_id), text(got.routing), got.date_time) == (
        text(full.message_id),
        text(full.routing),
        full.date_time,
    )
    assert text(got.sent_from) == "AMEMBASSY SAMPLETOWN"
    assert [a.route for a in got.to] == ["RUEHC"]
    assert said[got.to[0].start : got.to[0].end] == got.to[0].text


SENDERS = {
    "no other line": ("FM SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "no routing line": ("P 101342Z JUN 09\nFM SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "a routing line": ("PP RUEHAG\nFM SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "one word": ("FM SECSTATE\nTO AMEMBASSY SAMPLETOWN\n", "SECSTATE"),
    "colons": ("FM: SECSTATE WASHDC\nTO: AMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "several blanks": ("FM   SECSTATE WASHDC\nTO   AMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "a tab": ("FM\tSECSTATE WASHDC\nTO\tAMEMBASSY SAMPLETOWN\n", "SECSTATE WASHDC"),
    "behind a distribution": (
        "INFO OCT-01 ARA-10\n--------------- 012345\nR 071504Z FEB 75\nFM SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\n",
        "SECSTATE WASHDC",
    ),
    "a page's head before it": (
        "PAGE 01 STATE 023763\nFM SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\n",
        "SECSTATE WASHDC",
    ),
}


@pytest.mark.parametrize(("header", "sender"), SENDERS.values(), ids=SENDERS)
def test_senders(header: str, sender: str) -> None:
    got = read(header)
    assert text(got.sent_from) == sender
    assert [a.text for a in got.to] == ["AMEMBASSY SAMPLETOWN"]
    assert got.info == ()
    assert got.routing is None or got.routing.text == "PP RUEHAG"


@pytest.mark.parametrize("label", ["FM ", "FM: ", "FM  "])
@pytest.mark.parametrize("before", ["", "UNCLASSIFIED\n"])
def test_a_sender_before_the_classification_line(label: str, before: str) -> None:
    body = f"{before}{label}SECSTATE WASHDC\nTO AMEMBASSY SAMPLETOWN\nUNCLAS STATE 000001\n1. X"
    message = parse_message(body)
    got = message.header
    assert got is not None
    assert (got.part, text(got.sent_from)) == ("body", "SECSTATE WASHDC")
    assert got.sent_from is not None
    assert body[got.sent_from.start : got.sent_from.end] == "SECSTATE WASHDC"
    assert body[message.preamble.message_start :].startswith("UNCLAS STATE")


def test_addressees_before_the_sender_are_kept() -> None:
    got = read("TO AMEMBASSY SAMPLETOWN\nFM SECSTATE WASHDC\nINFO AMEMBASSY OTHERTOWN\n")
    assert text(got.sent_from) == "SECSTATE WASHDC"
    assert [a.text for a in got.to] == ["AMEMBASSY SAMPLETOWN"]
    assert [a.text for a in got.info] == ["AMEMBASSY OTHERTOWN"]


def test_an_address_is_no_classification() -> None:
    got = read("FM AMEMBASSY SAMPLETOWN\nTO SECSTATE WASHDC\nSECRET SERVICE WASHINGTON DC\n")
    assert [a.name for a in got.to] == ["SECSTATE WASHDC", "SECRET SERVICE WASHINGTON DC"]


def test_a_label_on_a_line_of_its_own() -> None:
    got = read("FM AMEMBASSY SAMPLETOWN\nTO\nSECSTATE WASHDC\nINFO\nAMEMBASSY OTHERTOWN\n")
    assert [a.text for a in got.to] == ["SECSTATE WASHDC"]
    assert [a.text for a in got.info] == ["AMEMBASSY OTHERTOWN"]


BEFORE_BT = FULL.split("BT", maxsplit=1)[0]
BODIES = {
    "before the classification": FULL,
    "behind BT": FULL.replace("UNCLAS SAMPLETOWN 000355\n", "\nIt rained.\n"),
    "in a record": f"id: 1\nrefid: 09X1\nheader:\n{BEFORE_BT}\n---- header ends ----\nUNCLAS X 000001\n",
    "in a row": f'1,6/10/2009 13:42,09X1,"Y",UNCLASSIFIED,,"{BEFORE_BT}","UNCLAS X 000001\n"',
    "in a record of another kind": f"ID:\t1\nDate:\t2010-01-05 01:25:00\nOrigin:\t09X1\nSource:\tEmbassy X\nDunno:\t\n"
    f"Destination:\t{BEFORE_BT}\nUNCLAS X 000001\n",
    "below a page's head": f"UNCLASSIFIED\n\nPAGE 01  SAMPLE  023763\nINFO OCT-01\n{FULL}",
    "in a row with tabs": "2009-06-10 13:42:00\t09X1\tY\tZ\t\t"
    + BEFORE_BT.replace("\n", "\\\n")
    + "\tUNCLAS X 000001 \\\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_headers_inside_the_body(body: str) -> None:
    message = parse_message(body, PARTIAL)
    got = message.header
    assert got is not None
    assert got.part == "body"
    assert text(got.message_id) == "VZCZCXRO5422"
    assert got.date_time == "2009-06-10T13:42"
    assert len(got.to) == 2
    assert len(got.info) == 3
    for addressee in got.to:
        assert body[addressee.start : addressee.end] == addressee.text
    assert message.preamble.message_start > got.info[-1].end


def test_the_box_comes_before_the_body() -> None:
    got = parse_message(FULL, "R 010203Z FEB 04\n").header
    assert got is not None
    assert (got.part, got.date_time) == ("header", "2004-02-01T02:03")


def test_a_piece_of_a_text_can_be_read() -> None:
    assert read_header("FM X\nFM Y", 5, 9, "body") == read_header("     FM Y", 5, 9, "body")
