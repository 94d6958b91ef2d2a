"""Object lock on the files of a copy is looked at, and its end is told before it comes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from preserve.objects.s3 import ServerPatience
from tests.kept import Beginning, beginning, served, site
from tests.objectserver import BUCKET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

WHERE = f"s3://{BUCKET}/copies"
LATE = "2999-01-01T00:00:00Z"


@pytest.fixture
def demo(shell: Shell, site: Site, server: ObjectServer, beginning: Beginning, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A collection of two files, with its copy."""
    monkeypatch.setattr("preserve.objects.s3._PATIENCE", ServerPatience(tries=1, pause_s=0.001))

    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        for _time in range(2):
            shell("capture", "demo")
        shell("replicate", WHERE, "demo")

    beginning(shell, make, site, server)
    return shell


def _lock(server: ObjectServer, *untils: str | None, **fields: str) -> list[str]:
    """Has the files of the archive locked until these moments; returns their names."""
    keys = sorted(key for key in server.objects if "/archive/" in key)
    assert len(keys) == len(untils)
    for key, until in zip(keys, untils, strict=True):
        if until is not None:
            server.locks[key] = {"mode": "COMPLIANCE", "retain-until-date": until, **fields}
    return [key.rpartition("/")[2] for key in keys]


def _replicated(demo: Any, status: int = 0) -> Mapping[str, Any]:
    (item,) = demo.json("replicate", WHERE, "demo", status=status)["collections"]
    assert item["complete"]
    found: Mapping[str, Any] = item
    return found


def _verified(demo: Any, status: int = 0) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    (item,) = demo.json("verify", f"{WHERE}/demo", status=status)["collections"]
    (claim,) = (each for each in item["claims"] if "object lock" in each["claim"])
    assert item["good"]
    return claim, item["findings"]


def test_without_a_lock_one_line_says_so(demo: Any, server: ObjectServer) -> None:
    server.asked.clear()
    item = _replicated(demo)
    assert (item["locks"], item["findings"]) == ({"files": 2, "locked": 0, "until": None, "trouble": ""}, [])
    # The first and the last of the files.
    assert len([key for method, key in server.asked if method == "HEAD" and "/archive/" in key]) == 2
    assert "object lock: none was seen" in demo("replicate", WHERE, "demo")
    claim, findings = _verified(demo)
    assert (claim["verdict"], findings) == ("NOT CHECKED", [])


def test_a_lock_that_lasts_is_told_with_its_end(demo: Any, server: ObjectServer) -> None:
    _lock(server, "2999-06-01T00:00:00.000Z", LATE)
    item = _replicated(demo)
    assert (item["locks"], item["findings"]) == ({"files": 2, "locked": 2, "until": LATE, "trouble": ""}, [])
    claim, findings = _verified(demo)
    assert (claim["verdict"], claim["detail"], findings) == ("PASS", f"2 of 2 files, the first until {LATE}", [])


def test_a_lock_that_ends_soon_is_a_finding(demo: Any, server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"
    names = _lock(server, LATE, soon)
    told = {"code": "W-REPLICA-LOCK", "where": names[1], "detail": f"its retention ends on {soon}"}
    assert _replicated(demo, status=1)["findings"] == [told]
    claim, findings = _verified(demo, status=1)
    assert (claim["verdict"], findings) == ("NOT PROVEN", [told])
    monkeypatch.setenv("PRESERVE_LOCK_DAYS", "10")
    assert _replicated(demo)["findings"] == []
    monkeypatch.setenv("PRESERVE_LOCK_DAYS", "soon")
    assert "PRESERVE_LOCK_DAYS" in demo.json("replicate", WHERE, "demo", status=2)["error"]["message"]


def test_a_lock_that_has_ended_or_is_missing_is_a_finding(demo: Any, server: ObjectServer) -> None:
    names = _lock(server, "2001-01-01T00:00:00Z", None)
    details = {finding["where"]: finding["detail"] for finding in _replicated(demo, status=1)["findings"]}
    assert details == {
        names[0]: "its retention has ended on 2001-01-01T00:00:00Z",
        names[1]: "it is not locked, others are",
    }


def test_a_legal_hold_has_no_end(demo: Any, server: ObjectServer) -> None:
    _lock(server, "2001-01-01T00:00:00Z", LATE, **{"legal-hold": "ON"})
    item = _replicated(demo)
    assert (item["locks"]["locked"], item["locks"]["until"], item["findings"]) == (2, None, [])


@pytest.mark.parametrize("until", ["soon", "2027-01-01", "99999999999999999999"])
def test_an_end_that_cannot_be_read_is_told_as_trouble(demo: Any, server: ObjectServer, until: str) -> None:
    _lock(server, until, LATE)
    item = _replicated(demo)
    assert ("cannot be read" in item["locks"]["trouble"], item["findings"]) == (True, [])
    claim, _findings = _verified(demo)
    assert claim["verdict"] == "NOT CHECKED"


@pytest.mark.parametrize("fault", ["403", "503", "lost"])
def test_what_cannot_be_looked_at_is_no_finding_and_no_signature_is_told(
    demo: Any, server: ObjectServer, fault: str
) -> None:
    _lock(server, LATE, LATE)
    server.queries.clear()
    assert _replicated(demo)["findings"] == []
    signatures = [query.rpartition("=")[2] for query in server.queries if "Signature=" in query]
    server.faults = [("HEAD", "/archive/", fault)] * 20
    item = _replicated(demo)
    assert (bool(item["locks"]["trouble"]), item["findings"], len(signatures) > 1) == (True, [], True)
    shown = json.dumps(item) + demo("replicate", WHERE, "demo") + demo.errors
    assert not [each for each in (*signatures, "X-Amz-Signature", "X-Amz-Credential") if each in shown]


def test_a_connection_that_ends_after_each_answer_is_made_again(demo: Any, server: ObjectServer) -> None:
    _lock(server, LATE, LATE, **{"legal-hold": "OFF"})
    server.bad.add("closes")
    assert _replicated(demo)["locks"]["locked"] == 2
