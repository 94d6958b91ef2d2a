"""A rescue that dies at any of its writes: nothing that was stated is lost, and the next rescue goes on."""

import pytest

from tests.crash.dying import die
from tests.scenarios.test_rescue import LOST, NEW, OLD, WebArchive
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_rescue_that_dies_at_any_write_loses_nothing_and_goes_on(shell: Shell, site: Site) -> None:
    original = shell.folder
    for count in range(1, 200):
        shell.folder = original / str(count)
        shell.config.mkdir(parents=True)
        of = WebArchive(shell, site)
        of.rows(OLD, NEW)
        of.memento(NEW)
        of.memento(OLD)
        site.asked.clear()
        status = die(shell, count, "rescue", LOST, "--into", "demo", "--copies", "2")
        if status in {0, 1}:
            assert count > 10
            return
        assert status == 137
        errors = shell.json("verify", "demo", status=None)["collections"][0]["findings"]
        assert [f for f in errors if f["code"].startswith("E-")] == []
        # A memento that was stated is not asked for again, one that was not is.
        stated = shell.json("rescue", LOST, "--into", "demo", "--dry-run", "--copies", "2", status=None)
        before = stated["saved"][0]["held_before"]
        report = shell.json("rescue", LOST, "--into", "demo", "--copies", "2", status=None)["saved"][0]
        assert report["outcome"] == "rescued"
        assert len(report["mementos"]) + before == 2
        assert shell.json("verify", "demo")["collections"][0]["good"] is True
        assert shell.json("show", LOST)["second_hand"]["served"].startswith("2012")
        assert shell.json("show", LOST, "--at", "2012")["second_hand"] is not None
        index = (shell.archives / "demo" / "indexes" / "index.cdx").read_bytes()
        shell("rebuild", "demo")
        assert (shell.archives / "demo" / "indexes" / "index.cdx").read_bytes() == index
        assert shell.json("show", LOST)["second_hand"]["served"].startswith("2012")
    pytest.fail("the rescue never came to its end")
