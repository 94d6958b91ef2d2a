"""What web archives were asked, over jobs; and rows in order without holding them."""

from pathlib import Path

from preserve.store.external_sort import ExternalSort
from preserve.store.quota import Quotas, QuotaUsage


def test_a_budget_lasts_a_day_over_all_jobs(tmp_path: Path) -> None:
    for _job in range(2):
        with Quotas.open(tmp_path) as budgets:
            assert budgets.take("one", day="2026-01-01", now="a", most=2)
    with Quotas.open(tmp_path) as budgets:
        assert not budgets.take("one", day="2026-01-01", now="b", most=2)
        assert budgets.standing("one") == QuotaUsage("one", day="2026-01-01", asked=2, last_asked="a")
        assert budgets.take("other", day="2026-01-01", now="b", most=1)
        assert budgets.take("one", day="2026-01-02", now="c", most=2)
        assert budgets.standing("one").asked == 1


def test_two_jobs_at_once_share_one_budget(tmp_path: Path) -> None:
    with Quotas.open(tmp_path) as one, Quotas.open(tmp_path) as other:
        taken = [job.take("x", day="2026-01-01", now="a", most=5) for _round in range(4) for job in (one, other)]
    assert taken.count(True) == 5


def test_troubles_are_kept(tmp_path: Path) -> None:
    with Quotas.open(tmp_path) as budgets:
        assert budgets.standing("one") == QuotaUsage("one")
        budgets.take("one", day="2026-01-01", now="a", most=2)
        budgets.trouble("one", 3, "b", "c")
    with Quotas.open(tmp_path) as budgets:
        assert budgets.standing("one")[4:] == (3, "b", "c")


def test_spilled_rows_come_in_the_order_of_bytes() -> None:
    rows = [
        ("é", "1", "a"),
        ("z", "2", "b"),
        ("z", "1", "c"),
        ("Z", "9", "d"),
        ("z", "1", "e"),
        ("\U0001f600", "0", "f"),
    ]
    with ExternalSort() as spill:
        spill.add(rows)
        assert [value for _key, _later, value in spill.in_order()] == ["d", "c", "e", "b", "a", "f"]
