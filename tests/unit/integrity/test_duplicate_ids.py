"""Ids that stand twice and references that lead nowhere are found, however much of it is held in memory."""

from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

import pytest

from preserve.integrity.duplicate_ids import RecordIds, References
from preserve.integrity.facts import RecordFacts

_NAME, _ACROSS = "WARC-Concurrent-To", "WARC-Warcinfo-ID"
# File, id, type, what it refers to.
RECORDS: list[tuple[int, str, str, tuple[tuple[str, str], ...]]] = [
    (0, "info", "warcinfo", ()),
    (0, "a", "response", ((_NAME, "b"), (_ACROSS, "info"))),
    (0, "b", "request", ((_NAME, "a"),)),
    (0, "c", "request", ((_NAME, "nowhere"),)),
    (1, "info", "warcinfo", ()),
    (1, "a", "response", ((_ACROSS, "elsewhere"),)),
    (1, "d", "response", ((_NAME, "b"),)),
    (1, "e", "metadata", ((_NAME, "late"),)),
    (2, "a", "metadata", ()),
    (2, "late", "response", ()),
]


@pytest.mark.parametrize("together", [1, 2, 3, 10])
@pytest.mark.parametrize("most_held", [1, 3, 7, 1000])
def test_faults_are_the_same_whatever_is_held_and_however_many_come_together(
    most_held: int, together: int, tmp_path: Path
) -> None:
    with closing(References(tmp_path / "scratch.sqlite", most_held=most_held)) as references:
        for file, records in groupby(RECORDS, key=itemgetter(0)):
            waiting = iter(records)
            while some := list(islice(waiting, together)):
                ids = RecordIds.none()
                for _file, record_id, kind, targets in some:
                    ids.add(RecordFacts(record_id, kind, None, "2026", references=targets))
                references.take(file, ids.settled())
        found = list(references.faults())
    assert found == [
        (2, "E-WARC-DUPLICATE", "a", "it stands 3 times"),
        (1, "I-WARC-SAME-ID", "info", "it stands 2 times"),
        (0, "W-WARC-REFERENCE", "c", "WARC-Concurrent-To names nowhere"),
        (1, "I-WARC-REFERENCE", "a", "WARC-Warcinfo-ID names elsewhere"),
    ]
    assert (tmp_path / "scratch.sqlite").exists() == (most_held < len(RECORDS))


def test_an_id_that_stands_twice_among_those_that_come_together_is_found(tmp_path: Path) -> None:
    ids = RecordIds.none()
    for record_id, kind in (("a", "response"), ("a", "response"), ("info", "warcinfo"), ("info", "warcinfo")):
        ids.add(RecordFacts(record_id, kind, None, "2026"))
    with closing(References(tmp_path / "scratch.sqlite")) as references:
        references.take(0, ids.settled())
        assert list(references.faults()) == [
            (0, "E-WARC-DUPLICATE", "a", "it stands 2 times"),
            (0, "I-WARC-SAME-ID", "info", "it stands 2 times"),
        ]
