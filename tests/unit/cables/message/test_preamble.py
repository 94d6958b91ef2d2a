import pytest

from preserve.cables.message.preamble import read_preamble
from preserve.text import single_spaced

MESSAGE = "UNCLAS SAMPLETOWN 000123 \n\nSIPDIS \n\n1. It rained. \n\nDOE"
HEADER = "VZCZCXYZ0001\nDE RUEHXX #0123 0652106\nO 052106Z MAR 08\nFM AMEMBASSY SAMPLETOWN\nTO SECSTATE WASHDC 1"
RECORD = f"""\
id: 144459
date: 3/5/2008 21:06
refid: 08SAMPLETOWN123
origin: Embassy Sampletown
classification: UNCLASSIFIED//FOR OFFICIAL USE ONLY
destination: 08SAMPLETOWN122|08STATE9
08STATE10
header:
{HEADER}

----------------- header ends ----------------

"""
OTHER_RECORD = (
    "ID:\t1\nDate:\t2010-01-05 01:25:00\nOrigin:\t10X4\nSource:\tEmbassy X\nClassification:\tSECRET\nDunno:\t\n"
    f"Destination:\t{HEADER}\n\n"
)
DUMP = (
    '242660,1/6/2010 7:47,10SAMPLETOWN27,"Embassy Sampletown",UNCLASSIFIED//FOR\nOFFICIAL USE ONLY,'
    f'10STATE1|10STATE2,"{HEADER}","'
)
TAB = (
    "2007-12-17 16:51:00\t07SAMPLETOWN26\tUS Mission Sampletown\tUNCLASSIFIED\t\t"
    + HEADER.replace("\n", "\\\n")
    + "\\\n\t"
)

VARIANTS = {
    "standard": ("", "standard", None),
    "white space first": ("\n \n", "standard", None),
    "the partial sentence first": (
        "This record is a partial extract of the original cable. The full text of the original cable is not available.",
        "standard",
        None,
    ),
    "a header first": (f"{HEADER}\nBT\n", "standard", None),
    "newspaper": ("Friday, 08 May 2009, 15:04\n", "newspaper", "2009-05-08T15:04"),
    "newspaper with a short month": ("Thursday, 1 Jan. 2004, 9:04 \n\n", "newspaper", "2004-01-01T09:04"),
    "newspaper with a day that was not": ("Friday, 31 June 2009, 15:04\n", "newspaper", None),
    "labelled record": (RECORD, "labelled record", "2008-03-05T21:06"),
    "labelled record without a rule": (
        RECORD.replace("----------------- header ends ----------------", ""),
        "labelled record",
        "2008-03-05T21:06",
    ),
    "labelled record of another kind": (
        OTHER_RECORD,
        "labelled record",
        "2010-01-05T01:25",
    ),
    "labelled record without a header": ("refid: 08X1\norigin: Y\nheader:\n\n", "labelled record", None),
    "dump row": (DUMP, "dump row", "2010-01-06T07:47"),
    "dump row behind a teaser": (f"UNCLAS SAMPLETOWN 000123 \n\n1... \n\n{DUMP}", "dump row", "2010-01-06T07:47"),
    "tab row": (TAB, "tab row", "2007-12-17T16:51"),
    "tab row with its number": (f"26134\t{TAB}", "tab row", "2007-12-17T16:51"),
    "run-on": ("Cable dated:2009-11-23T14:44:00", "run-on", "2009-11-23T14:44"),
    "run-on with a blank": ("Cable dated: 2009-11-23T14:44:00 ", "run-on", "2009-11-23T14:44"),
}


@pytest.mark.parametrize(("before", "variant", "time"), VARIANTS.values(), ids=VARIANTS)
def test_what_stands_before_the_message(before: str, variant: str, time: str | None) -> None:
    body = before + MESSAGE
    got = read_preamble(body)
    assert (got.variant, got.time_value) == (variant, time)
    assert body[got.message_start : got.message_end] == MESSAGE
    for value in [*got.values.values(), *([got.time] if got.time else [])]:
        assert single_spaced(body[value.start : value.end]) == value.text
    if "VZCZC" in before:
        assert got.header_span is not None
        assert body[slice(*got.header_span)].strip('\n\\"').startswith("VZCZC")
    else:
        assert got.header_span is None


def test_sentence_case() -> None:
    body = "Sipdis\nSensitive\n\nE.o. 12958: n/a\nTags: knnp, parm\nSubject: It rained\n"
    assert read_preamble(body).variant == "sentence case"
    assert read_preamble(body).message_start == 0


RECORDS = {
    "labelled record": (
        RECORD,
        {
            "id": "144459",
            "date": "3/5/2008 21:06",
            "refid": "08SAMPLETOWN123",
            "origin": "Embassy Sampletown",
            "classification": "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
            "destination": "08SAMPLETOWN122|08STATE9 08STATE10",
        },
    ),
    "dump row": (
        DUMP,
        {
            "id": "242660",
            "date": "1/6/2010 7:47",
            "refid": "10SAMPLETOWN27",
            "origin": "Embassy Sampletown",
            "classification": "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
            "destination": "10STATE1|10STATE2",
        },
    ),
    "tab row": (
        TAB,
        {
            "date": "2007-12-17 16:51:00",
            "refid": "07SAMPLETOWN26",
            "origin": "US Mission Sampletown",
            "classification": "UNCLASSIFIED",
        },
    ),
}


@pytest.mark.parametrize(("before", "values"), RECORDS.values(), ids=RECORDS)
def test_the_values_of_records(before: str, values: dict[str, str]) -> None:
    got = read_preamble(before + MESSAGE)
    assert {name: value.text for name, value in got.values.items()} == values
    assert got.time == got.values["date"]


def test_the_quote_that_closes_a_row_is_no_part_of_the_message() -> None:
    body = f'{DUMP}{MESSAGE}"\n'
    got = read_preamble(body)
    assert body[got.message_start : got.message_end] == MESSAGE


@pytest.mark.parametrize(
    "body",
    [
        "",
        "1",
        "1,1/6/2010",
        "2007-12-17 16:51:00\tX",
        "Friday",
        "id: 1",
        "Cable dated:",
        "refid",
        "This record is a partial extract",
        "Ideas: many",
    ],
)
def test_beginnings_of_other_kinds_are_standard(body: str) -> None:
    assert read_preamble(body).variant == "standard"
    assert read_preamble(body).message_start == 0
