"""What the PREMIS 3.0 schema's complex types allow: the children of each element, in order, with their numbers."""

from typing import Final

from lxml import etree

NS: Final = "{http://www.loc.gov/premis/v3}"
_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MANY: Final = 1_000_000_000


def _identifier(name: str, more: str = "") -> tuple[tuple[str, int, int], ...]:
    role = ((more, 0, _MANY),) if more else ()
    return ((f"{name}Type", 1, 1), (f"{name}Value", 1, 1), *role)


_OBJECT_END: Final = (
    ("relationship", 0, _MANY),
    ("linkingEventIdentifier", 0, _MANY),
    ("linkingRightsStatementIdentifier", 0, _MANY),
)
RULES: Final[dict[str, tuple[tuple[str, int, int], ...]]] = {
    "premis": (("object", 1, _MANY), ("event", 0, _MANY), ("agent", 0, _MANY), ("rights", 0, _MANY)),
    "object intellectualEntity": (
        ("objectIdentifier", 1, _MANY),
        ("preservationLevel", 0, _MANY),
        ("significantProperties", 0, _MANY),
        ("originalName", 0, 1),
        *_OBJECT_END,
    ),
    "object file": (
        ("objectIdentifier", 1, _MANY),
        ("preservationLevel", 0, _MANY),
        ("significantProperties", 0, _MANY),
        ("objectCharacteristics", 1, _MANY),
        ("originalName", 0, 1),
        ("storage", 0, _MANY),
        ("signatureInformation", 0, _MANY),
        *_OBJECT_END,
    ),
    "object bitstream": (
        ("objectIdentifier", 1, _MANY),
        ("significantProperties", 0, _MANY),
        ("objectCharacteristics", 1, _MANY),
        ("storage", 0, _MANY),
        ("signatureInformation", 0, _MANY),
        *_OBJECT_END,
    ),
    "event": (
        ("eventIdentifier", 1, 1),
        ("eventType", 1, 1),
        ("eventDateTime", 1, 1),
        ("eventDetailInformation", 0, _MANY),
        ("eventOutcomeInformation", 0, _MANY),
        ("linkingAgentIdentifier", 0, _MANY),
        ("linkingObjectIdentifier", 0, _MANY),
    ),
    "agent": (
        ("agentIdentifier", 1, _MANY),
        ("agentName", 0, _MANY),
        ("agentType", 0, 1),
        ("agentVersion", 0, 1),
        ("agentNote", 0, _MANY),
        ("linkingEventIdentifier", 0, _MANY),
    ),
    "objectCharacteristics": (
        ("compositionLevel", 0, 1),
        ("fixity", 0, _MANY),
        ("size", 0, 1),
        ("format", 1, _MANY),
        ("creatingApplication", 0, _MANY),
        ("inhibitors", 0, _MANY),
    ),
    "fixity": (("messageDigestAlgorithm", 1, 1), ("messageDigest", 1, 1), ("messageDigestOriginator", 0, 1)),
    "format": (("formatDesignation", 1, 1), ("formatRegistry", 0, 1), ("formatNote", 0, _MANY)),
    "formatDesignation": (("formatName", 1, 1), ("formatVersion", 0, 1)),
    "significantProperties": (("significantPropertiesType", 0, 1), ("significantPropertiesValue", 0, 1)),
    "relationship": (
        ("relationshipType", 1, 1),
        ("relationshipSubType", 1, 1),
        ("relatedObjectIdentifier", 1, _MANY),
        ("relatedEventIdentifier", 0, _MANY),
    ),
    "eventDetailInformation": (("eventDetail", 0, 1), ("eventDetailExtension", 0, _MANY)),
    "eventOutcomeInformation": (("eventOutcome", 0, 1), ("eventOutcomeDetail", 0, _MANY)),
    "objectIdentifier": _identifier("objectIdentifier"),
    "eventIdentifier": _identifier("eventIdentifier"),
    "agentIdentifier": _identifier("agentIdentifier"),
    "linkingEventIdentifier": _identifier("linkingEventIdentifier"),
    "linkingAgentIdentifier": _identifier("linkingAgentIdentifier", "linkingAgentRole"),
    "linkingObjectIdentifier": _identifier("linkingObjectIdentifier", "linkingObjectRole"),
    "relatedObjectIdentifier": _identifier("relatedObjectIdentifier"),
    "relatedEventIdentifier": _identifier("relatedEventIdentifier"),
}


def check_premis(data: bytes) -> etree._Element:
    """Holds every element against its rule, and every link against what it links to; gives the root."""
    root = etree.fromstring(data)
    assert root.tag == f"{NS}premis"
    assert root.get("version") == "3.0"
    for element in root.iter(f"{NS}*"):
        _check(element)
    made = [_values(root, f"{kind}Identifier", kind) for kind in ("object", "event", "agent")]
    assert all(len(set(values)) == len(values) for values in made)
    objects, events, agents = (set(values) for values in made)
    assert set(_values(root, "linkingObjectIdentifier")) <= objects
    assert set(_values(root, "relatedObjectIdentifier")) <= objects
    assert set(_values(root, "linkingEventIdentifier")) | set(_values(root, "relatedEventIdentifier")) <= events
    assert set(_values(root, "linkingAgentIdentifier")) <= agents
    return root


def _values(root: etree._Element, name: str, parent: str | None = None) -> list[str]:
    found = root.iter(f"{NS}{name}")
    return [one[1].text or "" for one in found if parent is None or one.getparent().tag == f"{NS}{parent}"]  # type: ignore[union-attr]


def _check(element: etree._Element) -> None:
    name = str(element.tag).removeprefix(NS)
    name = f"{name} {element.get(_XSI_TYPE)}" if name == "object" else name
    rule = RULES.get(name)
    children = [str(child.tag).removeprefix(NS) for child in element]
    if rule is None:
        assert not children, f"{name} has children that no rule is known for"
        assert element.text, f"{name} is empty"
        return
    at = 0
    for child, least, most in rule:
        count = 0
        while at < len(children) and children[at] == child:
            at, count = at + 1, count + 1
        assert least <= count <= most, f"{name}: {count} times {child}"
    assert at == len(children), f"{name}: {children[at]} has no place there"
