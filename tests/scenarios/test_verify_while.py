"""A check of a collection that a capture writes to at the same time."""

from pathlib import Path

import pytest

from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links


@pytest.mark.parametrize("moment", range(3))
def test_a_run_that_ends_while_it_is_read_is_no_damage(tmp_path: Path, moment: int) -> None:
    sim = Simulation(tmp_path)
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {"http://x.org/": links(*(f"/{n}" for n in range(60)))}
    sim.web.pages |= {f"http://x.org/{n}": links(f"/{n}/more") for n in range(60)}
    sim.run()
    told = [0]

    def meanwhile(*_told: object, **_more: object) -> None:
        told[0] += 1
        if told[0] == moment + 1:
            sim.web.pages |= {f"http://x.org/{n}": links(f"/{n}/other") for n in range(moment, 60)}
            sim.run()

    report = verify(CollectionPaths(sim.archives, "sim"), {}, VerifyOptions(processes=1, progress=meanwhile))
    assert (report.good, report.findings) == (True, ())
    assert told[0] > moment
