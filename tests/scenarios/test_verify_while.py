"""A check of a collection that a capture writes to at the same time."""

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from preserve.findings import Verdict
from preserve.integrity.verify import collection
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.report import Report
from preserve.store.layout import OPEN_SUFFIX, CollectionPaths
from tests.shell import Shell
from tests.simulated import Simulation, links
from tests.site import Site

_LIMIT_S = 100


@pytest.mark.one_in(3)
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


@pytest.mark.parametrize("is_second", [False, True], ids=["alone", "second reader"])
def test_a_file_that_is_sealed_after_it_was_listed_is_read(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, is_second: bool
) -> None:
    site.page("/", b"<p>first</p>")
    site.page("/second", b"<p>second</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    site.page("/", b"<p>first, changed</p><a href='/second'>second</a>")
    paths = CollectionPaths(shell.archives, "demo")
    listed, captured = threading.Event(), threading.Event()
    seen: list[Path] = []
    reports: list[Report] = []
    of: Any = vars(collection)["_Held"].of

    def listing(paths: CollectionPaths) -> object:
        held = of(paths)
        seen.extend(held.files)
        listed.set()
        assert captured.wait(_LIMIT_S)
        return held

    monkeypatch.setattr(collection._Held, "of", listing)
    options = VerifyOptions(processes=1, second_reader=is_second)
    checking = threading.Thread(target=lambda: reports.append(verify(paths, {}, options)))

    def before(path: str) -> None:
        if path == "/second" and not checking.ident:
            checking.start()
            assert listed.wait(_LIMIT_S)

    site.before = before
    shell("capture", "demo")
    captured.set()
    checking.join(_LIMIT_S)
    assert any(path.name.endswith(OPEN_SUFFIX) for path in seen)
    assert not any(path.name.endswith(OPEN_SUFFIX) for path in paths.archive.iterdir())
    (report,) = reports
    assert report.good
    assert report.findings == ()


def test_what_a_run_writes_at_the_moment_is_no_finding(shell: Shell, site: Site, tmp_path: Path) -> None:
    site.page("/", b"<a href='/second'>second</a>")
    site.page("/second", b"<p>second</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    paths, left = CollectionPaths(shell.archives, "demo"), CollectionPaths(tmp_path / "left", "demo")
    options = VerifyOptions(processes=1)
    reports: list[Report] = []

    def before(path: str) -> None:
        if path == "/second":
            reports.append(verify(paths, {}, options))
            shutil.copytree(paths.archive.parent, left.archive.parent)

    site.before = before
    shell("capture", "demo")
    (report,) = reports
    assert report.spotless
    assert {"I-WARC-WRITING", "I-LEDGER-WRITING"} >= {code for code, _count in report.notes if "WRITING" in code}
    assert "I-WARC-WRITING" in dict(report.notes)
    told = {claim.name: claim.detail for claim in report.claims if claim.verdict is Verdict.NOT_CHECKED}
    assert "somebody writes" in told["index agrees with the evidence"]
    # The same, where nobody holds the lock.
    codes = {finding.code for finding in verify(left, {}, options).findings}
    assert codes & {"W-WARC-OPEN", "E-WARC-UNKNOWN"}
    assert verify(paths, {}, options).spotless
