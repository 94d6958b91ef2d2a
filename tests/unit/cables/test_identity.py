import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.identity import IdentityHints, canonical_id, station_of

FACTS = IdentityHints(
    origin="Embassy Sample Town",
    created="2009-06-25T18",
    classification_line="UNCLAS SECTION01 OF 03 SAMPLE TOWN 000525",
    header="VZCZ\nDE RUEHXX #0525/01 1761847\nZNR",
)


@pytest.mark.parametrize(
    ("published", "canonical"),
    [
        ("05SAMPLETOWN342", "05SAMPLETOWN342"),
        ("05SAMPLETOWN000342", "05SAMPLETOWN342"),
        ("1975SAMPLE00292", "75SAMPLE292"),
        ("7575SAMPLETOWN1895", "75SAMPLETOWN1895"),
        ("09SECTION01OF03SAMPLETOWN525", "09SAMPLETOWN525"),
        ("08ECTION01OF02SAMPLETOWN492", "08SAMPLETOWN492"),
        ("0901OF02SAMPLETOWN288", "09SAMPLETOWN288"),
        ("09EFTOSAMPLETOWN2187", "09SAMPLETOWN2187"),
        ("09AMEMBASSYSAMPLETOWN7", "09SAMPLETOWN7"),
        ("90STATE255577TOSEC140323", "90STATE255577"),
        ("90SAMPLETOWN1SUSPECTEDDUPLICATE1392", "90SAMPLETOWN1392"),
        ("90SAMPLETOWN1SUSPECTEDDUPLICATE", "90SAMPLETOWN1"),
        ("09CORRECTEDCOPYSAMPLETOWN5", "09SAMPLETOWN5"),
        ("05EMBASSYSAMPLETOWN1", "05SAMPLETOWN1"),
        ("09EFTOSENSITIVESAMPLETOWN5", "09SAMPLETOWN5"),
        ("08SECTION01GF02SMPLETWN21", None),
        ("08SCTION02OF02SAMPLETOWN335", "08SAMPLETOWN335"),
        ("08SECTON01OF02SAMPLETOWN896", "08SAMPLETOWN896"),
        ("0909OF12SAMPLETOWN288", "09SAMPLETOWN288"),
        ("05PORT-AU-SAMPLE12", "05PORTAUSAMPLE12"),
        ("05SAMPLETOWN0", None),
        ("05\u0131\u017fLAMTOWN5", None),
        ("06SAMPLETOWN", None),
        ("092OF5", None),
        ("06SAMPLETOWN002583ZFR2585", "06SAMPLETOWN2583"),
        ("SAMPLETOWN5", None),
        ("05sampletown5", "05SAMPLETOWN5"),
        (" 2005 SAMPLE TOWN 00005 ", "05SAMPLETOWN5"),
        ("09SAMPLETOWN42_a", "09SAMPLETOWN42"),
        ("1975SAMPLE00292_b", "75SAMPLE292"),
        ("09SAMPLETOWN42_ab", None),
        ("", None),
        ("9" * 500, None),
    ],
)
def test_from_the_id_alone(published: str, canonical: str | None) -> None:
    assert canonical_id(published) == canonical


@pytest.mark.parametrize(
    ("published", "canonical"),
    [
        ("09OTHERTOWN1", "09OTHERTOWN1"),
        ("09SECTION01GF03SMPLETWN52", "09SAMPLETOWN525"),
        ("092OF5", "09SAMPLETOWN525"),
        ("09SAMPLETOWN", "09SAMPLETOWN525"),
        ("09SAMPLETOWN002583ZFR2585", "09SAMPLETOWN525"),
    ],
)
def test_facts_help_only_where_the_id_is_malformed(published: str, canonical: str) -> None:
    assert canonical_id(published, FACTS) == canonical


def test_the_header_helps_where_the_classification_line_is_lost() -> None:
    assert canonical_id("092OF5", IdentityHints(origin="Embassy Sampletown", header=FACTS.header)) == "09SAMPLETOWN525"
    line = "UNCLAS E F T O SAMPLE TOWN 000525"
    assert canonical_id("092OF5", IdentityHints(classification_line=line)) == "09SAMPLETOWN525"
    assert canonical_id("092OF5", IdentityHints(origin="Embassy Sampletown")) is None


def test_the_header_alone_does_not_tell_the_number_of_a_station_with_longer_ones() -> None:
    facts = IdentityHints(origin="Secretary of State", header="DE RUEHC #6780 1761847")
    assert canonical_id("092OF5", facts) is None
    line = "UNCLAS STATE 126780"
    assert (
        canonical_id("092OF5", IdentityHints(origin=facts.origin, header=facts.header, classification_line=line))
        == "09STATE126780"
    )


def test_the_origin_mends_a_station_with_the_ids_own_number() -> None:
    assert canonical_id("09SECTION02OF03QAMPLETOWN583", IdentityHints(origin="Embassy Sampletown")) == "09SAMPLETOWN583"


def test_facts_that_cannot_be_read_are_none() -> None:
    facts = IdentityHints(
        origin="Embassy Sampletown", created="not a date", classification_line="UNCLAS SAMPLETOWN 000005"
    )
    assert canonical_id("09EFTOLATERTOWN5", facts) == "09SAMPLETOWN5"
    assert canonical_id("x", facts) is None


@pytest.mark.parametrize(
    ("published", "canonical"),
    [
        ("09SECTION02F02BRUSSELS1639", "09BRUSSELS1639"),
        ("09SECTION0QF05HANOI297", "09HANOI297"),
        ("06SECTIKN01OF03MINSK1223", "06MINSK1223"),
        ("06SECTION01O02HONGKONG2311", "06HONGKONG2311"),
        ("0901OF02RPODUBAI288", "09RPODUBAI288"),
        ("09SECTION01OF03SANJOSE525", "09SANJOSE525"),
        ("09SECTION0QF05EFTOUSUNNEWYORK297", "09USUNNEWYORK297"),
        ("08ACCRA001382SUSPECTEDDUPLICATE1392", "08ACCRA1392"),
        ("07OSLO000160ZDK164", "07OSLO160"),
        ("08SECTION01GF02BISHIEK21", None),
    ],
)
def test_a_known_station_behind_a_garbled_section_label(published: str, canonical: str | None) -> None:
    assert canonical_id(published) == canonical


@pytest.mark.parametrize(
    ("published", "origin", "canonical"),
    [
        ("07SOIA828", "Embassy Sofia", "07SOFIA828"),
        ("08IHARTOUM1126", "Embassy Khartoum", "08KHARTOUM1126"),
        ("10AQNA272", "Embassy Astana", "10ASTANA272"),
        ("09BRUSELS1292", "USEU Brussels", "09USEUBRUSSELS1292"),
        ("08FSCCHARLESTON1712", "Charleston", "08CHARLESTON1712"),
        ("09SECTION02OF03QRIPOLI583", "Embassy Tripoli", "09TRIPOLI583"),
        ("05KIEV12", "Embassy Kyiv", "05KIEV12"),
        ("05SAMPLETOWN12", "Embassy Sofia", "05SAMPLETOWN12"),
        ("05SAMPLETON12", "Embassy Sampletown", "05SAMPLETON12"),
        ("1974MTLSA00012", "MONTREAL", "74MTLSA12"),
    ],
)
def test_a_garbled_station_is_that_of_the_origin_where_that_is_known(
    published: str, origin: str, canonical: str
) -> None:
    assert canonical_id(published, IdentityHints(origin=origin)) == canonical


@pytest.mark.parametrize(
    ("origin", "station"),
    [
        ("Embassy Sampletown", "SAMPLETOWN"),
        ("US Office Sampletown", "SAMPLETOWN"),
        ("Consulate S\u00e3o Sample", "SAOSAMPLE"),
        ("Secretary of State", "STATE"),
        ("Department of State", "STATE"),
        ("UNVIE", "UNVIEVIENNA"),
        ("REO Basrah", "BASRAH"),
        ("Mission USSAMPLE", "USSAMPLE"),
        ("Embassy X", None),
        ("", None),
    ],
)
def test_stations(origin: str, station: str | None) -> None:
    assert station_of(origin) == station


@given(
    st.text(alphabet="09ABFOSECTIN -#/", max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60)
)
def test_any_text_gives_a_canonical_id_of_its_form_or_none(published: str, origin: str, line: str, header: str) -> None:
    got = canonical_id(published, IdentityHints(origin=origin, classification_line=line, header=header))
    assert got is None or canonical_id(got) == got
