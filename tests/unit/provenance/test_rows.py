"""What the catalogue keeps of each kind of statement."""

import json
from pathlib import Path
from typing import get_args

import pytest

from preserve.formats.tlog.statements import encode as canonical
from preserve.model import RecordPlace
from preserve.provenance.rows import row_of
from preserve.provenance.statements import (
    CableStatement,
    Known,
    MementoStatement,
    RecordStatement,
    ReleaseStatement,
    Statement,
    UnknownStatement,
    decode,
    encode,
    kind_of,
)
from preserve.store.catalogue import NOTHING_KEPT, TABLES, Catalogue
from preserve.store.mementos import COLUMNS
from tests.unit.provenance.test_statements import ARCHIVE, CABLE, MEMENTO, ONE_OF_EACH, RECORD, RELEASE

PLACE = RecordPlace(file=RECORD.file, ordinal=3, offset=40, length=50, inner=0)
NEWER = UnknownStatement("remark", 7, canonical({"kind": "remark", "v": 7}))


@pytest.mark.parametrize("statement", ONE_OF_EACH, ids=kind_of)
def test_a_row_fits_its_table(statement: Known) -> None:
    row = row_of(statement, PLACE)
    if row.table is None:
        assert row == NOTHING_KEPT
        assert not isinstance(statement, RecordStatement | CableStatement | ReleaseStatement | MementoStatement)
    elif row.table == "mementos":
        assert len(row.values) == len(COLUMNS) + 1
    else:
        assert len(row.values) == TABLES[row.table] - 1


def test_of_a_record_without_a_place_nothing_is_kept() -> None:
    assert row_of(RECORD) == NOTHING_KEPT


def test_the_rows_are_found_again(tmp_path: Path) -> None:
    with Catalogue.create(tmp_path / "catalogue.sqlite") as catalogue:
        statements: list[Statement] = [ARCHIVE, RECORD, CABLE, RELEASE, MEMENTO, NEWER]
        rows = [row_of(statement, PLACE) for statement in statements]
        for _again in range(2):
            catalogue.apply(0, rows)
        held = catalogue.record(RECORD.record_id)
        assert held is not None
        assert (held.place, held.record_sha256, held.statement_index) == (PLACE, RECORD.record_sha256, 1)
        (claim,) = catalogue.claims()
        assert (claim.published_id, claim.source) == (CABLE.published_id, "gulls")
        assert [decode(body.encode()) for body in catalogue.releases()] == [RELEASE]
        assert catalogue.releases() == [encode(RELEASE).decode()]
        assert catalogue.mementos_of("http://x.org/other") == []
        assert catalogue.newer_statements == 1
        assert list(catalogue.rows("newer")) == [(5, "remark", 7)]
        assert catalogue.ledger_size == len(statements)


def test_every_kind_has_an_example_here() -> None:
    assert {type(statement) for statement in ONE_OF_EACH} == set(get_args(Known))
    assert json.loads(encode(NEWER)) == {"kind": "remark", "v": 7}
