"""What the desk tells programs, by the rules of those who wrote them: Signposting and OpenAPI."""

from collections.abc import Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from tests.desk import CABLE, demo, desk
from tests.signposting import Get, faults, typed_links

__all__ = ["demo", "desk"]

_HERE = "http://testserver"


def _get(desk: TestClient) -> Get:
    def get(address: str) -> tuple[int, Mapping[str, str], bytes]:
        answer = desk.get(address)
        return answer.status_code, answer.headers, answer.content

    return get


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", [CABLE, "06VELDORA42"])
def test_typed_links_follow_the_rules(desk: TestClient, name: str) -> None:
    assert faults(_get(desk), f"{_HERE}/cable/{name}") == []


def test_the_page_of_one_capture_has_links_of_its_own(desk: TestClient) -> None:
    fixed = next(
        link.href for link in typed_links(desk.get(f"/cable/{CABLE}").headers["link"]) if link.rel == "cite-as"
    )
    links = typed_links(desk.get(fixed).headers["link"])
    assert [link.href for link in links if link.rel == "cite-as"] == [fixed]
    (said,) = [link.href for link in links if link.rel == "linkset"]
    assert fixed in [one["anchor"] for one in desk.get(said).json()["linkset"]]


def test_rules_find_what_is_wrong(desk: TestClient) -> None:
    def without(rel: str) -> Get:
        def get(address: str) -> tuple[int, Mapping[str, str], bytes]:
            status, fields, body = _get(desk)(address)
            kept = [link for link in typed_links(fields.get("link", "")) if link.rel != rel]
            said = ", ".join(f'<{one.href}>; rel="{one.rel}"; type="{one.type}"' for one in kept)
            return status, {**fields, "link": said}, body

        return get

    page = f"{_HERE}/cable/{CABLE}"
    for rel in ("cite-as", "type", "item", "describedby", "linkset", "collection", "describes"):
        assert faults(without(rel), page) != [], rel
    assert faults(_get(desk), f"{_HERE}/cable/99NOWHERE1") == [f"{_HERE}/cable/99NOWHERE1: status 404"]


def test_a_twin_leads_back_to_its_page(desk: TestClient) -> None:
    links = typed_links(desk.get("/search.json?q=harbour&tag=PREL").headers["link"])
    assert [(link.rel, link.href) for link in links] == [("describes", f"{_HERE}/search?q=harbour&tag=PREL")]
    assert desk.get(links[0].href).status_code == 200


def test_the_description_is_openapi_and_every_path_of_it_answers(desk: TestClient) -> None:
    document: Any = desk.get("/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    facts = desk.get(f"/cable/{CABLE}.json").json()
    record = facts["record"]["id"]
    given = {"/cable/{id}/capsule.zip": {"paragraph": "2"}}
    given |= {
        path: {"url": facts["url"]} for path in ("/replay.json", "/page.json", "/page/pictures.json", "/page/changed")
    }
    named = {"id": CABLE, "capture": record, "captures": "1..2", "form": "ris", "uuid": record, "collection": "demo"}
    named |= {"number": "5"}
    for path, said in document["paths"].items():
        answer = desk.get(path.format(**named), params=given.get(path, {}))
        # This desk has no exhibit room, and no browser made pictures of its pages.
        absent = {"/replay.json", "/page/pictures.json", "/page/changed"}
        assert answer.status_code == (404 if path in absent else 200), (path, answer.text)
        known = {one["name"] for one in said["get"]["parameters"] if one["in"] == "path"}
        assert all(f"{{{name}}}" in path for name in known)
