"""Pages that a layout knows and that show no whole cable, and pages that no layout knows: told, and never a cable."""

import pytest

from preserve.demo_site.pages import replies
from preserve.model import sha256_hex
from tests.shell import Shell
from tests.site import Site

PAGES = replies(1)
WHOLE = PAGES["/cable.php?id=103"].body
VIEWER = PAGES["/cable/2006/03/06VELDORA42.html"].body
EMPTY = VIEWER[: VIEWER.rindex(b"<pre>") + 5] + b"</pre></code></div></body></html>"
NAMELESS = WHOLE.replace(b"03PORTSOLACE881", b"?")
UNKNOWN = b"<html><title>About</title><p>This page is <b>about</b> the mirror.</p></html>"


@pytest.fixture
def captured(site: Site, shell: Shell) -> str:
    for path, body in {"/whole": WHOLE, "/empty": EMPTY, "/nameless": NAMELESS, "/unknown": UNKNOWN}.items():
        site.page(path, body)
    shell.site_collection("demo", site, "/whole", "/empty", "/nameless", "/unknown")
    shell("init", "demo")
    said: str = shell("capture", "demo", status=1)
    return said


def test_a_capture_tells_them(captured: str, site: Site) -> None:
    assert "cables     2 held; 2 new texts" in captured
    assert "pages that were not read whole: 2" in captured
    assert f"W-CABLE-EMPTY        {site.url('/empty')}" in captured
    assert f"W-CABLE-UNREADABLE   {site.url('/nameless')}" in captured
    assert site.url("/unknown") not in captured


def test_they_are_no_damage_to_the_archive(captured: str, shell: Shell) -> None:
    assert captured
    shell("verify", "demo")


def test_an_import_tells_them_and_takes_them_in(captured: str, shell: Shell) -> None:
    assert captured
    (file,) = (shell.archives / "demo" / "archive").iterdir()
    shell.collection("other", (shell.config / "collections" / "demo.yaml").read_text("utf-8"))
    shell("init", "other")
    said = shell("import", str(file), "--into", "other", status=None)
    assert "2 cables" in said
    assert "W-CABLE-EMPTY  1 time" in said
    assert "W-CABLE-UNREADABLE  1 time" in said


@pytest.mark.parametrize("path", ["/unknown", "/nameless"])
def test_such_a_page_is_shown_as_plain_text(captured: str, shell: Shell, site: Site, path: str) -> None:
    assert captured
    said = shell("show", site.url(path))
    assert said.startswith("not recognised as a cable")
    told = shell.json("show", site.url("/unknown"))
    assert "cable" not in told
    assert told["text"] == "This page is about the mirror."
    assert told["sha256"]["body"] == sha256_hex(b"This page is about the mirror.")


def test_a_picture_is_not_shown_as_text(site: Site, shell: Shell) -> None:
    site.page("/picture", b"GIF89a", kind="image/gif")
    shell.site_collection("demo", site, "/picture")
    shell("init", "demo")
    shell("capture", "demo")
    shell("show", site.url("/picture"), status=3)
    assert "is no text" in shell.errors
