"""The bounds between which an address waits for its next capture."""

import pytest

from preserve.config.folder import parse_collection
from preserve.errors import ConfigError

GOOD = """\
title: T
contact: a@b.example
seeds: [http://e.example/]
scope: {include: [http://e.example/]}
"""


def _bounds(text: str) -> tuple[int, int] | None:
    config = parse_collection(f"{GOOD}schedule:\n  every: 1d\n{text}".encode(), name="t", source="t.yaml", layouts=None)
    assert config.schedule is not None
    adaptive = config.schedule.adaptive
    return None if adaptive is None else (adaptive.minimum_s, adaptive.maximum_s)


def test_bounds_are_seconds() -> None:
    assert _bounds("  adaptive: {min: 12h, max: 2w}\n") == (43_200, 1_209_600)
    assert _bounds("  adaptive: {min: 3d, max: 3d}\n") == (259_200, 259_200)
    assert _bounds("  adaptive: {}\n") == (86_400, 180 * 86_400)


def test_a_schedule_need_not_have_them() -> None:
    assert _bounds("") is None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "{min: 2w, max: 13d}",
            "t.yaml:7: schedule.adaptive: `min` is longer than `max`; write the shorter span as `min`",
        ),
        ("{min: 1 day}", "t.yaml:7: schedule.adaptive.min: '1 day' is no span; write"),
        ("{max: 0d}", "t.yaml:7: schedule.adaptive.max: '0d' is no span; write"),
        ("{max: 10000d}", "t.yaml:7: schedule.adaptive.max: '10000d' is no span; write"),
        ("{minimum: 1d}", "t.yaml:7: unknown key 'schedule.adaptive.minimum'; did you mean 'min'?"),
        ("daily", "t.yaml:7: schedule.adaptive: not a group of keys; write a group of `min` and `max`"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_right(written: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _bounds(f"  adaptive: {written}\n")
    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].startswith(told)
