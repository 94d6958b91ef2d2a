"""Drawings as numbers: bars stand on the base, are as high as their value, and are told in a sentence."""

import pytest

from preserve.web.plots import MOST_NODES, Bar, EgoNode, Share, bars, ego, panels


def _node(number: int) -> EgoNode:
    return EgoNode(id=f"09TESTPOST{number}", href=f"cable/{number}", is_held=True, subject="")


def test_a_bar_is_as_high_as_its_value_and_stands_on_the_base() -> None:
    plot = bars([Bar(label="2005", value=10), Bar(label="2006", value=40)], name="y", title="Cables", unit="cables")
    low, high = plot.drawn
    assert high.height == pytest.approx(4 * low.height)
    assert {one.y + one.height for one in plot.drawn} == {plot.base}
    assert low.x + low.width < high.x < plot.width
    assert [(tick.value, tick.y) for tick in plot.ticks] == [
        (20, pytest.approx((high.y + plot.base) / 2)),
        (40, high.y),
    ]
    assert plot.summary == "Cables: 2 bars from 2005 to 2006; the highest is 2006 with 40 cables."


@pytest.mark.parametrize(("most", "top"), [(1, 1), (2, 2), (3, 4), (7, 8), (9, 10), (11, 20), (99, 100), (101, 200)])
def test_the_scale_ends_at_a_number_that_is_easy_to_read(most: int, top: int) -> None:
    assert bars([Bar(label="a", value=most)], name="y", title="", unit="").ticks[-1].value == top


def test_half_of_an_odd_number_is_no_line() -> None:
    assert [tick.value for tick in bars([Bar(label="a", value=1)], name="y", title="", unit="").ticks] == [1]


def test_nothing_and_zero_are_drawn_without_a_line() -> None:
    nothing = bars([], name="y", title="Cables", unit="cables")
    zero = bars([Bar(label="a", value=0)], name="y", title="Cables", unit="cables")
    assert (nothing.drawn, nothing.ticks, nothing.summary) == ([], [], "Cables: nothing to show.")
    assert ([one.height for one in zero.drawn], zero.ticks) == ([0], [])


def test_few_of_many_bars_have_a_label_and_what_is_apart_always_has_one() -> None:
    values = [Bar(label=str(number), value=1) for number in range(99)] + [Bar(label="no date", value=9, is_apart=True)]
    plot = bars(values, name="y", title="Cables", unit="cables")
    assert 10 <= sum(one.has_label for one in plot.drawn) <= 13
    assert plot.drawn[-1].has_label
    assert "99 bars from 0 to 98; the highest is 0 with 1" in plot.summary


def test_each_row_of_panels_has_a_scale_of_its_own_and_empty_rows_are_left_out() -> None:
    drawn = panels(["May", "June"], {"alive": [500, 1000], "gone": [0, 2], "moved": [0, 0]}, name="l", title="Links")
    many, few = drawn.rows
    assert (many.label, many.most, few.label, few.most) == ("alive", 1000, "gone", 2)
    assert many.bars[1][3] == few.bars[0][3] == 2 * many.bars[0][3]
    assert len(few.bars) == 1
    assert drawn.table == [("May", [500, 0]), ("June", [1000, 2])]
    assert drawn.summary == "Links, from May to June; at the end: 1,000 alive, 2 gone."
    assert panels([], {}, name="l", title="Links").summary == "Links: nothing to show."


@pytest.mark.parametrize(("part", "whole", "percent"), [(1, 4, 25), (9, 4, 100), (1, 0, 0), (0, 4, 0)])
def test_a_share_is_never_more_than_the_whole(part: int, whole: int, percent: float) -> None:
    assert Share(label="", part=part, whole=whole, part_words="", whole_words="").percent == percent


def test_what_cites_a_cable_is_on_its_left_and_what_is_too_much_is_counted() -> None:
    plot = ego(_node(0), [_node(n) for n in range(1, 30)], [_node(50)])
    assert (len(plot.citing), len(plot.cited), plot.left_out) == (MOST_NODES, 1, 29 - MOST_NODES)
    assert max(node.x for node in plot.citing) < plot.centre.x < plot.cited[0].x
    heights = [node.y for node in plot.citing]
    assert heights == sorted(set(heights))
    assert 0 < heights[0] < heights[-1] < plot.height


@pytest.mark.parametrize(
    ("citing", "cited", "left", "right", "columns"),
    [(1, 1, 0, 720, 3), (0, 1, 265, 720, 2), (1, 0, 0, 455, 2), (0, 0, 265, 455, 1)],
)
def test_a_side_without_cables_takes_no_room(citing: int, cited: int, left: int, right: int, columns: int) -> None:
    node = EgoNode(id="a", href="/", is_held=True, subject="")
    plot = ego(node, [node] * citing, [node] * cited)
    assert (plot.left, plot.left + plot.width, plot.columns) == (left, right, columns)
    for one in (plot.centre, *plot.citing, *plot.cited):
        assert left < one.x - 88 < one.x + 88 < right
