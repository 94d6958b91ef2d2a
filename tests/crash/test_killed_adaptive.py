"""A capture that passes over what is not due and dies at any of its writes: the next one finds what was behind."""

import pytest

from tests.crash.dying import die
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.crash

_SCHEDULE = "schedule:\n  every: 1d\n  adaptive: {min: 1d, max: 180d}\n"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_capture_that_dies_loses_no_link_of_a_page_that_is_not_due(shell: Shell, site: Site) -> None:
    site.page("/", b"<a href='/hub'>x</a>")
    site.page("/hub", b"<a href='/late'>x</a>")
    site.page("/late", b"late")
    original = shell.folder
    for count in range(1, 200):
        shell.folder = original / str(count)
        (shell.config / "layouts").mkdir(parents=True)
        shell.site_collection("demo", site, "/")
        path = shell.config / "collections" / "demo.yaml"
        text = path.read_text("utf-8") + _SCHEDULE
        path.write_text(text.replace("max_depth: 2", "max_depth: 1"), "utf-8")
        shell.begin_anew("demo")
        shell("capture", "demo")
        path.write_text(text, "utf-8")
        status = die(shell, count, "capture", "demo", "--adaptive")
        shell("capture", "demo", "--adaptive")
        assert shell.json("show", site.url("/late"))["status"] == 200
        assert len([row for row in _captures(shell) if row.endswith("/hub")]) == 1
        assert shell.json("verify", "demo")["collections"][0]["good"] is True
        if status == 0:
            assert count > 10
            return
    pytest.fail("the capture never came to its end")


def _captures(shell: Shell) -> list[str]:
    """The addresses of all captures, from the index."""
    lines = (shell.archives / "demo" / "indexes" / "index.cdx").read_text("utf-8").splitlines()
    return [line.split('"url": "')[1].split('"')[0] for line in lines if '"url": "' in line]
