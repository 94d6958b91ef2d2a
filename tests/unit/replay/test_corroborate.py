"""Sources of a cable, and how they fall into groups by each of the three checksums."""

from collections.abc import Mapping

import pytest

from preserve.config.release import ReleaseConfig
from preserve.replay.corroborate import Corroboration, corroborate, host_of
from tests.observed import observed, text

RELEASES = {"one": ReleaseConfig(name="one", title="One", sources=("Guardian", "Le Monde"), known_from=("a test",))}


def levels(found: Corroboration) -> Mapping[str, list[tuple[tuple[int, ...], int, int]]]:
    return {
        level: [(one.witnesses, one.hosts, one.origins) for one in groups] for level, groups in found.levels.items()
    }


def test_captures_of_one_source_are_one_witness_and_the_newest_stands_for_it() -> None:
    first = observed(1, "http://www.a.example/1", text("x"))
    last = observed(2, "http://a.example:8080/2", text("y"))
    (witness,) = corroborate([first, last], {}).witnesses
    assert (witness.number, witness.host, witness.captures, witness.texts) == (1, "a.example", 2, 2)
    assert witness.newest is last


def test_what_a_page_names_as_its_source_is_another_witness_of_the_host() -> None:
    found = corroborate(
        [
            observed(1, "http://a.example/1", text("x", source="Le Monde", released="2011-01-02")),
            observed(2, "http://a.example/1", text("x", source="Guardian", released="2011-01-02")),
            observed(3, "http://a.example/1", text("x", source="Guardian", released="2011-01-03")),
        ],
        {},
    )
    assert [(one.number, one.claims) for one in found.witnesses] == [
        (1, "Guardian, released 2011-01-02"),
        (2, "Guardian, released 2011-01-03"),
        (3, "Le Monde, released 2011-01-02"),
    ]
    assert levels(found)["body"] == [((1, 2, 3), 1, 3)]


def test_each_checksum_has_groups_of_its_own_the_largest_first() -> None:
    found = corroborate(
        [
            observed(1, "http://a.example/", text("a  b", page="1")),
            observed(2, "http://b.example/", text("other", page="2")),
            observed(3, "http://c.example/", text("a  b", page="3")),
            observed(4, "http://d.example/", text("a b", page="4")),
        ],
        {},
    )
    assert levels(found) == {
        "raw": [((1,), 1, 1), ((2,), 1, 1), ((3,), 1, 1), ((4,), 1, 1)],
        "body": [((1, 3), 2, 1), ((2,), 1, 1), ((4,), 1, 1)],
        "comparison": [((1, 3, 4), 3, 1), ((2,), 1, 1)],
    }


def test_sources_that_name_one_release_are_one_origin() -> None:
    one, other = (
        text("x", source="Guardian", released="2011-01-02"),
        text("x", source="Le Monde", released="2011-01-02"),
    )
    seen = [observed(1, "http://a.example/", one), observed(2, "http://b.example/", other)]
    assert levels(corroborate(seen, {}))["body"] == [((1, 2), 2, 2)]
    found = corroborate(seen, RELEASES)
    assert levels(found)["body"] == [((1, 2), 2, 1)]
    assert {witness.release for witness in found.witnesses} == {"one"}


def test_a_capture_that_is_not_whole_is_no_witness_unless_there_is_no_other() -> None:
    cut = observed(1, "http://a.example/", text("x"), whole="cut")
    (witness,) = corroborate([cut], {}).witnesses
    assert witness.newest is cut
    whole = observed(2, "http://b.example/", text("x"))
    assert [one.host for one in corroborate([cut, whole], {}).witnesses] == ["b.example"]


def test_of_no_observation_there_is_no_witness() -> None:
    assert levels(corroborate([], {})) == {"raw": [], "body": [], "comparison": []}


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("http://www.A.example./x", "a.example"),
        ("https://user:password@b.example:8443/", "b.example"),
        ("http://[::1]/", "::1"),
        ("urn:dump:cables.csv#17", "urn:dump:cables.csv"),
        ("URN:dump:x", "URN:dump:x"),
        ("http://[half", "unknown"),
        ("no address", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_whose_copy_a_capture_is_of(uri: str | None, host: str) -> None:
    assert host_of(uri) == host
