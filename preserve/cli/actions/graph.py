"""What ``preserve graph`` does: who cites whom.

Tested by ``tests/scenarios/test_graph.py``.
"""

import csv
import io
import json
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from preserve.cables.identity import cable_key, canonical_id
from preserve.cli.shared.common import Place, counted, say, schema_name
from preserve.cli.shared.output import opened_output
from preserve.cli.shared.search_indexes import asking
from preserve.replay.graph import Edge, Graph, Node, read_graph
from preserve.text import csv_cell, terminal_line

_COLUMNS: Final = (
    "citing",
    "cited",
    "held",
    "certain",
    "year_is_assumed",
    "rules",
    "enumerator",
    "printed",
    "collection",
    "statement",
)


_SHOWN: Final = 20
"""Missing cables that are shown of a whole collection."""


def graph(place: Place, *, cable: str | None, form: str, output: Path | None, collection: tuple[str, ...]) -> int:
    """What CABLE cites and who cites it, or all that the cables held cite; and which of these are missing."""
    key = None if cable is None else cable_key(canonical_id(cable) or cable.strip().upper())
    with asking(place, collection) as opened:
        found = read_graph(opened, key)
    if key is not None and not found.nodes:
        said = terminal_line(cable or "", 60)
        say(f"preserve: {said} is neither held nor cited\n  next: `preserve list` shows what is held.")
        return 3
    form = "json" if place.as_json else form
    text = {"text": _text, "graphml": _graphml, "csv": _csv, "json": _json}[form](found, key)
    with opened_output(output) as out:
        out.write(text.encode("utf-8", "replace"))
    if output is not None:
        say(f"{output}: {counted(len(found.nodes), 'cable')}, {counted(len(found.edges), 'citation')}")
    return 0


def _text(found: Graph, key: str | None) -> str:
    nodes = {node.id: node for node in found.nodes}
    if key is None:
        return _overview(found, nodes)
    of_key = next((node for node in found.nodes if cable_key(node.id) == key), None)
    name = key if of_key is None else of_key.id
    cites = [edge for edge in found.edges if edge.citing == name]
    cited_by = [edge for edge in found.edges if edge.cited == name]
    lines = [_named(nodes[name])]
    for title, edges in (("cites", cites), ("cited by", cited_by)):
        lines.append(f"{title}: {len(edges)}")
        for edge in edges:
            other = nodes[edge.cited if title == "cites" else edge.citing]
            lines.append(f"  {_named(other)}{_doubt(edge)}")
    return "\n".join(lines) + "\n"


def _overview(found: Graph, nodes: dict[str, Node]) -> str:
    times: dict[str, int] = {}
    for edge in found.edges:
        times[edge.cited] = times.get(edge.cited, 0) + 1
    missing = sorted((node.id for node in found.missing), key=lambda name: (-times[name], name))
    doubts = sum(not edge.citation.certain for edge in found.edges)
    lines = [
        f"held     {counted(len(nodes) - len(missing), 'cable')}",
        f"cited    {counted(len(times), 'cable')} in {counted(len(found.edges), 'citation')}, {doubts:,} in doubt",
        f"missing  {counted(len(missing), 'cable')}",
        *(f"  {terminal_line(name)}  cited {counted(times[name], 'time')}" for name in missing[:_SHOWN]),
    ]
    if len(missing) > _SHOWN:
        lines.append(f"  and {len(missing) - _SHOWN:,} more: --format csv has all")
    return "\n".join(lines) + "\n"


def _named(node: Node) -> str:
    return f"{terminal_line(node.id)}  {terminal_line(node.subject, 120) if node.held_as else 'not held'}"


def _doubt(edge: Edge) -> str:
    said = []
    if not edge.citation.certain:
        said.append(f"in doubt: {edge.citation.rules}")
    elif edge.citation.year_is_assumed:
        said.append("year assumed")
    return "".join(
        f"  ({terminal_line(one, 120)}; printed {terminal_line(edge.citation.printed, 80)!r})" for one in said
    )


def _row(edge: Edge, held: set[str]) -> dict[str, object]:
    citation = edge.citation
    return {
        "citing": edge.citing,
        "cited": edge.cited,
        "held": edge.cited in held,
        "certain": citation.certain,
        "year_is_assumed": citation.year_is_assumed,
        "rules": citation.rules,
        "enumerator": citation.enumerator,
        "printed": citation.printed,
        "collection": edge.collection,
        "statement": edge.statement,
    }


def _held(found: Graph) -> set[str]:
    return {node.id for node in found.nodes if node.held_as}


def _csv(found: Graph, _key: str | None) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    held = _held(found)
    for edge in found.edges:
        row = _row(edge, held)
        writer.writerow([_cell(row[name]) for name in _COLUMNS])
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return csv_cell("" if value is None else str(value))


def _json(found: Graph, _key: str | None) -> str:
    held = _held(found)
    nodes = [
        {"id": node.id, "held": bool(node.held_as), "held_as": list(node.held_as), "subject": node.subject,
         "sent": node.sent, "origin": node.origin}
        for node in found.nodes
    ]  # fmt: skip
    edges = [_row(edge, held) for edge in found.edges]
    return json.dumps({"schema": schema_name(), "nodes": nodes, "edges": edges}, indent=1) + "\n"


_GRAPHML: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
 <key id="held" for="node" attr.name="held" attr.type="boolean"/>
 <key id="subject" for="node" attr.name="subject" attr.type="string"/>
 <key id="sent" for="node" attr.name="sent" attr.type="string"/>
 <key id="origin" for="node" attr.name="origin" attr.type="string"/>
 <key id="certain" for="edge" attr.name="certain" attr.type="boolean"/>
 <key id="year_is_assumed" for="edge" attr.name="year_is_assumed" attr.type="boolean"/>
 <key id="rules" for="edge" attr.name="rules" attr.type="string"/>
 <key id="printed" for="edge" attr.name="printed" attr.type="string"/>
 <graph id="references" edgedefault="directed">
"""


def _graphml(found: Graph, _key: str | None) -> str:
    parts = [_GRAPHML]
    for node in found.nodes:
        facts = {"held": bool(node.held_as), "subject": node.subject, "sent": node.sent or "", "origin": node.origin}
        parts.append(f"  <node id={quoteattr(_clean(node.id))}>{_data(facts)}</node>\n")
    for edge in found.edges:
        said = edge.citation
        facts = {"certain": said.certain, "year_is_assumed": said.year_is_assumed, "rules": said.rules,
                 "printed": said.printed}  # fmt: skip
        ends = f"source={quoteattr(_clean(edge.citing))} target={quoteattr(_clean(edge.cited))}"
        parts.append(f"  <edge {ends}>{_data(facts)}</edge>\n")
    return "".join([*parts, " </graph>\n</graphml>\n"])


def _data(facts: dict[str, object]) -> str:
    said = {
        name: str(value).lower() if isinstance(value, bool) else _clean(str(value)) for name, value in facts.items()
    }
    return "".join(f'<data key="{name}">{escape(value)}</data>' for name, value in said.items() if value)


def _clean(text: str) -> str:
    """A text without the characters that XML 1.0 cannot have."""
    return "".join(letter if letter >= " " and letter not in "\ufffe\uffff" else " " for letter in text)
