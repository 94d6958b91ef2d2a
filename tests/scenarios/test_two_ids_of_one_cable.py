"""Two records of one cable, published under two ids: linked, and never taken for one another."""

import pytest

from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site

PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
MALFORMED = PAGE.replace(b"06VELDORA42", b"06SECTION01OF02VELDORA42").replace(b"three weeks", b"four weeks")


@pytest.fixture
def held(site: Site, shell: Shell) -> None:
    site.page("/one", PAGE)
    site.page("/two", MALFORMED)
    shell.site_collection("demo", site, "/one", "/two")
    shell("init", "demo")
    shell("capture", "demo")


@pytest.mark.usefixtures("held")
def test_each_is_shown_under_its_own_id_and_names_the_other(shell: Shell) -> None:
    right, other = shell.json("show", "06VELDORA42"), shell.json("show", "06SECTION01OF02VELDORA42")
    assert right["cable"]["published_id"] == right["cable"]["canonical_id"] == "06VELDORA42"
    assert right["also_published_as"] == ["06SECTION01OF02VELDORA42"]
    assert other["cable"]["published_id"] == "06SECTION01OF02VELDORA42"
    assert other["cable"]["canonical_id"] == "06VELDORA42"
    assert other["also_published_as"] == ["06VELDORA42"]
    assert "also held as    06SECTION01OF02VELDORA42" in shell("show", "06VELDORA42")


@pytest.mark.one_in(2)
@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    "written", ["06veldora42", "06VELDORA000042", "2006VELDORA42", "06 VELDORA 42", "06VELDORA42_a"]
)
def test_an_id_is_found_however_it_is_written(shell: Shell, written: str) -> None:
    assert shell.json("show", written)["cable"]["canonical_id"] == "06VELDORA42"
    assert "06VELDORA42" in shell("cite", written)


@pytest.mark.usefixtures("held")
def test_the_history_lists_both_and_compares_each_with_its_own(shell: Shell, site: Site) -> None:
    site.page("/two", MALFORMED.replace(b"four weeks", b"five weeks"))
    shell("capture", "demo")
    for asked in ("06VELDORA42", "06SECTION01OF02VELDORA42", "06veldora42"):
        told = shell.json("history", asked)["observations"]
        assert [(one["published_id"], one["difference"]) for one in told if not one["revisit"]] == [
            ("06VELDORA42", None),
            ("06SECTION01OF02VELDORA42", None),
            ("06SECTION01OF02VELDORA42", "text changed"),
        ]
    assert "published as 06SECTION01OF02VELDORA42" in shell("history", "06VELDORA42")


def test_a_cable_that_is_held_under_no_id_is_not_found(shell: Shell, site: Site) -> None:
    site.page("/one", PAGE)
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    shell("show", "06VELDORA43", status=3)
    shell("history", "06VELDORA43", status=3)
    assert "06VELDORA43" in shell.errors
