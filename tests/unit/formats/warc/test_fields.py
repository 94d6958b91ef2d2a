"""The table of named fields: each row is broken in turn, and is told of by its clause."""

import pytest

from preserve.formats.warc.fields import ALWAYS, FIELDS, FieldRule, is_written_right, missing, misuses
from preserve.formats.warc.record import RecordHeader

TYPES = ["warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"]


def _header(kind: str, *more: str, without: str = "") -> RecordHeader:
    """A header of this type with all that it must have, and these fields."""
    must = [rule.name for rule in FIELDS if (rule.always or kind in rule.must) and rule.name != without]
    fields = [(name, kind if name == "WARC-Type" else "x:y") for name in (*must, *more)]
    return RecordHeader(version="WARC/1.1", fields=tuple(fields), raw=b"")


def _told(header: RecordHeader) -> list[str]:
    return [misuse.detail for misuse in misuses(header)]


@pytest.mark.parametrize("kind", TYPES)
def test_a_header_with_what_its_type_must_have_keeps_every_rule(kind: str) -> None:
    assert (missing(_header(kind)), _told(_header(kind))) == ([], [])


@pytest.mark.parametrize("rule", FIELDS, ids=lambda rule: rule.clause)
def test_each_rule_is_held_on_each_type(rule: FieldRule) -> None:
    for kind in TYPES:
        there = rule.always or kind in rule.must
        once = _header(kind) if there else _header(kind, rule.name)
        twice = _header(kind, rule.name) if there else _header(kind, rule.name, rule.name)
        wrong_place = [f"{kind} with {rule.name}"] if kind in rule.must_not else []
        assert _told(once) == wrong_place
        doubled = [] if rule.repeatable else [f"{rule.key} stands 2 times"]
        assert _told(twice) == doubled + wrong_place
        if kind in rule.must:
            assert _told(_header(kind, without=rule.name)) == [f"{kind} without {rule.name}"]


@pytest.mark.parametrize("name", ALWAYS)
def test_what_makes_a_record_is_missing_where_it_is_empty_too(name: str) -> None:
    whole = _header("response")
    fields = tuple((key, "" if key.lower() == name else value) for key, value in whole.fields)
    assert missing(RecordHeader(version="WARC/1.1", fields=fields, raw=b"")) == [name]


def test_a_type_or_a_field_that_is_not_known_has_no_rules() -> None:
    assert _told(_header("future", "WARC-Filename", "X-Own", "X-Own")) == []


def test_a_clause_and_a_name_occur_once_and_in_order() -> None:
    assert [rule.clause for rule in FIELDS] == [f"5.{number}" for number in range(2, 23)]
    assert len({rule.key for rule in FIELDS}) == len(FIELDS)


def test_values_are_held_against_their_patterns() -> None:
    assert is_written_right("warc-date", "2026-01-02T03:04:05.123Z")
    assert not is_written_right("warc-date", "20260102030405")
    assert not is_written_right("warc-record-id", "no uri")
    assert is_written_right("warc-filename", "anything")
