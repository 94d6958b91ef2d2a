import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.identity import canonical_id
from preserve.cables.message.cited import Cited, cited_cables

CITING = "06SAMPLETOWN700"


def cited_ids(entry: str, citing_id: str | None) -> tuple[Cited, ...]:
    """What the only entry of a list cites."""
    return cited_cables((entry,), citing_id)[0]


@pytest.mark.parametrize(
    ("entry", "ids"),
    [
        ("SAMPLETOWN 688", ["06SAMPLETOWN688"]),
        ("Sampletown 152", ["06SAMPLETOWN152"]),
        ("05 PORT SOLACE 5459", ["05PORTSOLACE5459"]),
        ("2004 VELDORA 2135", ["04VELDORA2135"]),
        ("VELDORA 07718 99", ["99VELDORA7718"]),
        ("VELDORA 7718 (99)", ["99VELDORA7718"]),
        ("VELDORA 7718, 2003", ["03VELDORA7718"]),
        ("PORT SOLACE 2799 AND 2764", ["06PORTSOLACE2799", "06PORTSOLACE2764"]),
        ("VELDORA 123, 456 AND 789", ["06VELDORA123", "06VELDORA456", "06VELDORA789"]),
        ("05 VELDORA 123, 456", ["05VELDORA123", "05VELDORA456"]),
        ("VELDORA 123 AND PREVIOUS", ["06VELDORA123"]),
        ("04 PORT SOLACE 1204 (NOTAL)", ["04PORTSOLACE1204"]),
        ("SECSTATE 130750", ["06STATE130750"]),
        ("STATE 023763", ["06STATE23763"]),
        ("PORT-AU-SAMPLE 12", ["06PORTAUSAMPLE12"]),
        ("N'SAMPLE 00012", ["06NSAMPLE12"]),
        ("THE SAMPLE 5; 05 VELDORA 7", ["06THESAMPLE5", "05VELDORA7"]),
        ("A. VELDORA 12", ["06VELDORA12"]),
        ("USUN 2336", ["06USUNNEWYORK2336"]),
        ("HAGUE 44", ["06THEHAGUE44"]),
        ("VELDORA 1905-03", ["03VELDORA1905"]),
        ("VELDORA 00789/08", ["08VELDORA789"]),
        ("VELDORA 936/935", ["06VELDORA936", "06VELDORA935"]),
        ("VELDORA #3565", ["06VELDORA3565"]),
        ("TITLE 22 CFR", []),
        ("GENEVA CONVENTION 1949", []),
        ("POLOFF-SMITH 5", []),
        ("JONES/SMITH EMAIL OF 03/04/05", []),
        ("JONES-SMITH E-MAIL 12", []),
        ("OSC EUP20080123", []),
        ("FBIS 12345", []),
        ("IIR 6 812 0043 06", []),
        ("TD-314/12345-06", []),
        ("SEPTEL", []),
        ("REFTEL 5", []),
        ("MARCH 12", []),
        ("12 MARCH 2006", []),
        ("UNSCR 1701", []),
        ("HTTP://SAMPLE.EXAMPLE/PAGE 12", []),
        ("", []),
        ("KUWAIT (C) 02293", ["06KUWAIT2293"]),
        ("KUWAIT (C)02293", ["06KUWAIT2293"]),
        ("KUWAIT(C)02293", ["06KUWAIT2293"]),
        ("05 PORT SOLACE (S/NF) 2293 AND 2294", ["05PORTSOLACE2293", "05PORTSOLACE2294"]),
        ("VELDORA CONFIDENTIAL 2293", ["06VELDORA2293"]),
        ("VELDORA 2293 (C)", ["06VELDORA2293"]),
        ("VELDORA (2005) 2293", ["05VELDORA2293"]),
        ("377 KATHMANDU", ["06KATHMANDU377"]),
        ("05 377 KATHMANDU", ["05KATHMANDU377"]),
        ("377 KATHMANDU 05", ["05KATHMANDU377"]),
        ("377 KATHMANDU, 378 STATE", ["06KATHMANDU377", "06STATE378"]),
        ("12 MONROVIA", []),
        ("2005 MONROVIA", []),
        ("377 GULLS", []),
        ("000 KATHMANDU", []),
        ("KATHMANDU 377", ["06KATHMANDU377"]),
        ("HK05511", ["06HONGKONG5511"]),
        ("05 STATE05511", ["05STATE5511"]),
        ("05STATE5511", ["05STATE5511"]),
        ("05STATE 5511", ["05STATE5511"]),
        ("GULL05511", []),
        ("EO12958", []),
        ("VELDORA O1512", ["06VELDORA1512"]),
        ("VELDORA 15O2 AND 15O3", ["06VELDORA1502", "06VELDORA1503"]),
        ("O5 VELDORA 1512", ["05VELDORA1512"]),
        ("VELDORA O", []),
        ("OSLO 1512", ["06OSLO1512"]),
    ],
)
def test_entries(entry: str, ids: list[str]) -> None:
    assert [cited.id for cited in cited_ids(entry, CITING)] == ids


def test_a_year_that_stands_nowhere_is_assumed_and_said_to_be() -> None:
    (assumed,) = cited_ids("VELDORA 12", CITING)
    (said,) = cited_ids("06 VELDORA 12", CITING)
    assert (assumed.id, assumed.year_is_assumed) == ("06VELDORA12", True)
    assert (said.id, said.year_is_assumed) == ("06VELDORA12", False)
    assert cited_ids("VELDORA 12", None) == ()
    assert [cited.id for cited in cited_ids("05 VELDORA 12", None)] == ["05VELDORA12"]


def test_places() -> None:
    entry = "see 05 PORT SOLACE 12 AND 13"
    first, second = cited_ids(entry, CITING)
    assert entry[first.start : first.end].endswith("05 PORT SOLACE 12")
    assert entry[second.start : second.end] == "13"


@given(st.text(alphabet="ABCDEFGHKOST019 ,;()&/.'-\u00e9", max_size=200), st.sampled_from([None, CITING, "", "x"]))
def test_any_entry_gives_canonical_ids_in_order(entry: str, citing: str | None) -> None:
    found = cited_ids(entry, citing)
    assert found == cited_ids(entry, citing)
    last = 0
    for cited in found:
        assert canonical_id(cited.id) == cited.id
        assert last <= cited.start < cited.end <= len(entry)
        last = cited.end


@pytest.mark.parametrize(
    "piece", ["A", "A ", "1", "SAMPLE 1", "SAMPLE 1, ", "'", "A'", "and 1 ", "377 STATE", "HK05511 ", "O1", "A (C) "]
)
def test_hostile_entries_are_read_as_far_as_is_sensible(piece: str) -> None:
    assert len(cited_ids(piece * 50_000, CITING)) <= 60


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ("see KUWAIT (C)02293, 02294", ["KUWAIT (C)02293", "02294"]),
        ("A 377 KATHMANDU", ["377 KATHMANDU"]),
        ("05 HK05511", ["05 HK05511"]),
        ("VELDORA O1512", ["VELDORA O1512"]),
    ],
)
def test_places_are_those_of_the_entry_as_it_is_printed(entry: str, places: list[str]) -> None:
    assert [entry[cited.start : cited.end] for cited in cited_ids(entry, CITING)] == places
