"""Link states by month, and the addresses that were lost last, out of the looks at each."""

from preserve.health.link_history import MOST_LOST, count_links
from preserve.replay.link_states import AddressState
from preserve.replay.link_status import LinkSignal, LinkState, Probe, run_through


def _link(url: str, *looks: tuple[str, LinkSignal]) -> AddressState:
    machine = run_through(Probe(date=date, sign=sign, reason="r", evidence="e") for date, sign in looks)
    return AddressState(
        url=url,
        state=machine.state or LinkState.UNKNOWN,
        since=machine.since,
        at_first=None,
        first=-1,
        missing_days=0,
        unreachable_days=0,
        missing_day="",
        unreachable_day="",
        not_before="",
        why=machine.reason,
        changes=[(one.new, one.look.date) for one in machine.transitions],
    )


_SAME, _OTHER, _ERROR = LinkSignal.SAME, LinkSignal.OTHER, LinkSignal.ERROR_PAGE


def test_a_month_has_the_states_at_its_end() -> None:
    found = count_links(
        [
            _link("a", ("2025-11-03T00:00:00Z", _SAME), ("2026-02-01T00:00:00Z", _ERROR)),
            _link("b", ("2025-11-30T00:00:00Z", _SAME), ("2025-11-30T10:00:00Z", _OTHER)),
            _link("c", ("2026-02-01T00:00:00Z", _SAME)),
        ],
        7,
    )
    shown = {month: {state: n for state, n in counts.items() if n} for month, counts in found.months.items()}
    assert shown == {
        "2025-11": {"alive": 1, "changed": 1},
        "2026-02": {"alive": 1, "changed": 1, "soft-404": 1},
    }
    assert found.months["2026-02"] == found.counts
    assert found.statements == 7
    assert found.lost_since == "2026-02-01T00:00:00Z"


def test_an_address_with_very_many_changes_is_counted_once() -> None:
    days = [f"20{year:02d}-{month:02d}-05T00:00:00Z" for year in range(10, 30) for month in range(1, 13)]
    looks = [(day, _OTHER if number % 2 else _SAME) for number, day in enumerate(days)]
    found = count_links([_link("a", *looks)], 1)
    assert {sum(counts.values()) for counts in found.months.values()} == {1}


def test_what_was_lost_last_is_kept_by_name_and_no_more() -> None:
    links = [_link(f"u{n}", (f"2026-01-{1 + n // 24:02d}T{n % 24:02d}:00:00Z", _ERROR)) for n in range(3 * MOST_LOST)]
    found = count_links(links, 1)
    assert [one.url for one in found.lost] == [f"u{3 * MOST_LOST - 1 - n}" for n in range(MOST_LOST)]
    assert found.counts["soft-404"] == 3 * MOST_LOST


def test_a_date_that_is_none_makes_no_month() -> None:
    assert count_links([_link("a", ("someday", _SAME))], 1).months == {}
