"""The small soaks; the large one is `make soak`."""

from pathlib import Path

import pytest

from tests.soak.soak import soak


@pytest.mark.parametrize("processes", [1, 2])
def test_a_small_soak_loses_nothing(tmp_path: Path, processes: int) -> None:
    told = soak(tmp_path, urls=1_000, hosts=10, processes=processes)
    assert told.amiss == []
    assert told.addresses > 1_000


@pytest.mark.slow
def test_a_soak_keeps_its_memory_flat(tmp_path: Path) -> None:
    told = soak(tmp_path, urls=10_000, hosts=50, processes=2)
    assert told.amiss == []
    assert told.late_mib < 1.5 * told.early_mib
