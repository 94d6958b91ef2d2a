"""The small soaks; the large one is `make soak`."""

from pathlib import Path

import pytest

from tests.soak.soak import soak


@pytest.mark.parametrize(
    ("processes", "urls"),
    [(2, 200), pytest.param(1, 1_000, marks=pytest.mark.slow), pytest.param(2, 1_000, marks=pytest.mark.slow)],
)
def test_a_small_soak_loses_nothing(tmp_path: Path, processes: int, urls: int) -> None:
    told = soak(tmp_path, urls=urls, hosts=10, processes=processes)
    assert told.amiss == []
    assert told.addresses > urls


@pytest.mark.slow
def test_a_soak_keeps_its_memory_flat(tmp_path: Path) -> None:
    told = soak(tmp_path, urls=10_000, hosts=50, processes=2)
    assert told.amiss == []
    assert told.late_mib < 1.5 * told.early_mib
