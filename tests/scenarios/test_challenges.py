"""A bot wall's challenge is kept and named, and never stands in for the page."""

from tests.shell import Shell
from tests.site import Site

WALL = b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script><a href='/from-the-wall'>x</a>"
GOOD = b"<p>the page</p><script src='/cdn-cgi/challenge-platform/x.js'></script><a href='/next'>next</a>"


def test_a_challenge_with_status_200_is_kept_named_and_never_takes_the_place_of_the_page(
    shell: Shell, site: Site
) -> None:
    site.page("/", GOOD)
    site.page("/next", b"<p>next</p>")
    site.page("/cdn-cgi/challenge-platform/x.js", b"", kind="text/javascript")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    assert shell.json("capture", "demo")["problems"] == []
    site.page("/", WALL)
    report = shell.json("capture", "demo", status=1)
    assert report["problems"] == [[site.url("/"), "done", "challenge"]]
    assert "/from-the-wall" not in site.asked
    assert shell("show", site.url("/"), "--as", "html").encode() == GOOD
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    shell("rebuild", "demo")
    assert shell("show", site.url("/"), "--as", "html").encode() == GOOD


def test_where_only_a_challenge_is_held_it_is_shown_as_one(shell: Shell, site: Site) -> None:
    site.page("/", WALL, status="503 Service Unavailable")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    assert shell.json("capture", "demo")["problems"] == [[site.url("/"), "done", "challenge"]]
    assert shell.json("show", site.url("/"), "--as", "json")["challenge"] == "cloudflare"
