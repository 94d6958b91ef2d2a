"""The page of a capsule in Chromium: opened from the folder that the ZIP was unpacked to, it shows the passage."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from preserve.demo_site.pages import replies
from tests.shell import Shell
from tests.site import Site
from tests.tools import chromium

pytestmark = [pytest.mark.interop, pytest.mark.slow]
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


def test_a_browser_shows_the_passage_and_the_chain_of_proof(shell: Shell, site: Site, tmp_path: Path) -> None:
    site.page("/one", replies(1)["/cable/2006/03/06VELDORA42.html"].body)
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    quote = "Growers have asked for the fair to be moved"
    shell("cite", "06VELDORA42", "--quote", quote, "--capsule", str(tmp_path / "one.capsule"))
    with zipfile.ZipFile(tmp_path / "one.capsule") as packed:
        packed.extractall(tmp_path / "capsule")
    address = (tmp_path / "capsule" / "index.html").as_uri()
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    page: Any = html.fromstring(chromium(*_FLAGS, profile, "--dump-dom", address).decode())
    assert " ".join(page.xpath("//pre/mark")[0].text_content().split()) == quote
    assert page.xpath("//*[local-name()='svg']//*[local-name()='rect']")
    picture = tmp_path / "page.png"
    chromium(*_FLAGS, profile, "--window-size=1000,1600", f"--screenshot={picture}", address)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
