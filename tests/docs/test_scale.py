"""The page about many terabytes: every figure in it follows from what was measured and what was assumed."""

from pathlib import Path

import pytest

from tools import scale_model as model

_PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")


@pytest.mark.parametrize("table", model.TABLES)
def test_the_tables_are_those_of_the_model(table: object) -> None:
    assert callable(table)
    assert f"\n{table()}\n" in _PAGE


def test_what_the_text_says_follows_from_the_model() -> None:
    terabyte, mean = model.TERABYTE, model.MIXTURE
    small = model.ARCHIVES[0][1]
    million = model.replies(terabyte, mean) / 1e6
    month_h = 24 * 30
    all_of_it = model.DEEP.core_hours(1000 * terabyte, mean) / month_h
    a_tenth = round(model.monthly(1000 * terabyte, mean) / month_h)
    says = [
        (
            f"has {model.STATEMENTS_A_REPLY} statements. It takes {model.LEDGER_BYTES:,} bytes of ledger, "
            f"{model.CATALOGUE_BYTES:,} of catalogue, {model.INDEX_BYTES} of index, {model.TABLE_BYTES} in the table"
        ),
        (
            f"each file of {model.FILE_BYTES // 2**20:,} MiB, and {model.OBJECTS_A_BUNDLE} for "
            f"{model.STATEMENTS_AN_OBJECT} statements"
        ),
        f"100 GB of the mixture take {model.figure(model.DEEP.core_hours(terabyte / 10, mean))} core-hours",
        (
            f"{model.figure(million)} million replies: {model.figure(million * model.CATALOGUE_BYTES / 1e3)} GB, "
            f"{model.figure(model.REBUILD.core_hours(terabyte, mean))} hours"
        ),
        f"Plan {model.figure(all_of_it)} cores for a complete reading each month, or {a_tenth} for one of a tenth",
        f"a look takes {model.LOOK_MS} ms each",
    ]
    text = " ".join(_PAGE.split())
    assert [one for one in says if one not in text] == []
    share = model.LEDGER_BYTES / (small + model.LEDGER_BYTES)
    assert share == pytest.approx(1 / 3, abs=0.02)
    assert "it is a third of all bytes" in text
    assert pytest.approx(1 / 2, abs=0.05) == model.LEDGER_BYTES / small
    assert "their ledger is half as large as their files" in text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0.0123, "0.012"), (0.98, "0.98"), (3.14, "3.1"), (31.4, "31"), (144.9, "140"), (4_529_000, "4,500,000")],
)
def test_a_figure_has_two_digits(value: float, wanted: str) -> None:
    assert model.figure(value) == wanted


def test_twice_as_much_takes_twice_as_much() -> None:
    for work in model.WORKS:
        assert work.core_hours(2e12, 5e4) == pytest.approx(2 * work.core_hours(1e12, 5e4))
        assert work.core_hours(1e12, 5e4) > work.core_hours(1e12, 9e5)
    assert model.Work("x", 1e6, 0).core_hours(3600, 1) == pytest.approx(1)
    assert model.Work("x", 0, 1).core_hours(3600e9, 1e9) == pytest.approx(1)
