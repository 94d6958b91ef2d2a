"""The address that a citation gives for what is held is answered by the exhibit room, with the same payload."""

import hashlib

import pytest
from starlette.testclient import TestClient

from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.settings import DeskSettings
from tests.desk import DemoFolder, demo

__all__ = ["demo"]


def test_every_cited_address_gives_the_payload_that_is_cited(demo: DemoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
    settings = DeskSettings(
        archives=demo.folder / "archives",
        config_dir=demo.folder / "config",
        keys=demo.folder / "home" / "preserve" / "keys",
        hosts=frozenset({"testserver"}),
        replay_urls={"demo": "http://testserver/demo"},
    )
    application = Desk(settings)
    desk = TestClient(application, follow_redirects=False)
    room = TestClient(ExhibitRoom(settings, application.library, print), follow_redirects=False)
    ids = [hit["published_id"] for hit in desk.get("/search.json?q=the&size=100").json()["hits"]]
    assert len(ids) > 2
    for cable in ids:
        facts = desk.get(f"/cable/{cable}.json").json()
        cited = desk.get(f"/cable/{cable}/cite/csl-json").json()[0]["URL"]
        # The demo's captures may be of one second, and then the earlier has its record's address.
        assert cited.startswith(("http://testserver/demo/20", "http://testserver/demo/record/"))
        shown = room.get(cited)
        assert shown.status_code == 200
        payload = desk.get(f"/record/{facts['record']['id']}.json").json()["payload_sha256"]
        assert shown.headers["x-archive-payload-sha256"] == payload
        head, _, address = cited.removeprefix("http://testserver/demo/").partition("/")
        as_sent = f"record/{address}id_" if head == "record" else f"{head}id_/{address}"
        # A payload is what was sent, compressed where it was.
        with room.stream("GET", f"/demo/{as_sent}") as raw:
            sent = b"".join(raw.iter_raw())
        assert hashlib.sha256(sent).hexdigest() == payload
