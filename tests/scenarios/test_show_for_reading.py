"""A cable shown for reading: its lines joined, its page lines left out, and said to be that."""

from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site


def test_lines_are_joined_for_reading_and_stay_as_they_are_in_the_text(shell: Shell, site: Site) -> None:
    site.page("/cable", mrkva_page().replace(b"report. ", b"report. \x1b[31m \n \nSAMPLETOWN 00000525  002 OF 003 \n "))
    shell.site_collection("demo", site, "/cable")
    shell("init", "demo")
    shell("capture", "demo")
    read = shell("show", "08SAMPLETOWN12", "--as", "reading")
    assert "1. (U) The gulls of Sampletown were counted. There are 412 of them.\n" in read
    assert "002 OF 003" not in read
    assert "\x1b" not in read
    assert "for reading" in read.splitlines()[0]
    text = shell("show", "08SAMPLETOWN12")
    assert "counted.  There are \n412 of them." in text
    assert "002 OF 003" in text


def test_a_page_that_is_no_cable_is_shown_as_it_is(shell: Shell, site: Site) -> None:
    site.page("/page", b"<title>A page</title><p>Nothing but words</p>")
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    assert "Nothing but words" in shell("show", site.url("/page"), "--as", "reading")
